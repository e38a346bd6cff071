"""Small sources for ``prepare``, written by hand, and what they must become."""

from pathlib import Path

INTERACTIONS = """user_id,item_id,rating,timestamp
9,b,4,1000000100
3,a,5,1000000050
9,a,1,1000000100
9,c,3.5,1000000000
3,c,2,1000000050
40,b,5,1000000300
"""
ITEMS = "item_id,title,tags,year\nb,Second,x|y,1990\na,First,x,\nc,Third,,2001\n"
USERS = "user_id,country,age\n40,NO,30\n3,DE,20\n9,,20\n"


def write_source(folder: Path, **tables: str) -> Path:
    """Write a folder of CSV files: those above, unless another text is given; an empty one is left out."""
    folder.mkdir()
    for name, text in ({"interactions": INTERACTIONS, "items": ITEMS, "users": USERS} | tables).items():
        if text:
            (folder / f"{name}.csv").write_text(text, "utf-8")
    return folder


def files_of(store: Path) -> dict[str, bytes]:
    """Return the bytes of all files of a store by their paths, with nothing left out."""
    return {str(path.relative_to(store)): path.read_bytes() for path in sorted(store.rglob("*")) if path.is_file()}
