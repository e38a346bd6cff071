"""Small MovieLens folders in each format, with made-up titles, whose right reading is known by hand."""

import zipfile
from pathlib import Path

ONE_M = {
    "users.dat": ["7::F::1::10::00001", "3::M::56::16::00002", "9::M::25::0::00003-4444"],
    "movies.dat": [
        "10::Lantern, The (1999)::Action|Sci-Fi",
        "40::Béchamel: A Story (1984) (2000)::Children's|Comedy",
        "20::Sea (Mer, La) (2001)::Drama",
        "30::Nobody Rated Me (1950)::Film-Noir",
    ],
    "ratings.dat": [
        "7::10::5::978300760",
        "7::40::3::978302109",
        "3::20::1::978301968",
        "9::10::4::978300760",
        "3::40::2::978300275",
    ],
}

ONE_HUNDRED_K = {
    "u.data": [
        "5\t2\t4\t881250949",
        "1\t1\t3\t891717742",
        "4\t2\t5\t878887116",
        "2\t3\t1\t880606923",
        "3\t1\t2\t886397596",
        "6\t1\t2\t886397597",
    ],
    "u.item": [
        "1|Lantern, The (1995)|01-Jan-1995||http://example.org/|0|1|0|0|0|0|0|0|0|0|0|0|0|0|0|1|0|0|0",
        "2|unknown||||1|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0",
        "3|Crème (1996)|01-Jan-1996||http://example.org/|0|0|0|0|1|1|0|0|0|0|0|0|0|0|0|0|0|0|1",
    ],
    "u.user": [
        "1|17|M|student|00001",
        "2|18|F|student|00002",
        "3|49|F|librarian|00003",
        "4|50|M|none|00004",
        "5|55|M|healthcare|00005",
        "6|56|F|marketing|T8H1N",
    ],
}

CSV = {
    "movies.csv": [
        "movieId,title,genres",
        "1,Lantern (1995),Adventure|Children|IMAX",
        '7,"Owl, The (Hibou, Le) (1996)",(no genres listed)',
        '2,"Say ""Now"" (1997)",Comedy',
        "5,夜 (2003–2004),Sci-Fi",
    ],
    "ratings.csv": [
        "userId,movieId,rating,timestamp",
        "2,7,4.5,964982703",
        "2,1,0.5,964981247",
        "1,2,3.0,964982224",
        "2,2,5.0,964983815",
    ],
}

FORMATS = {"1m": ONE_M, "100k": ONE_HUNDRED_K, "csv": CSV}


def changed(files: dict[str, list[str]], file: str, line: int, text: str | None) -> dict[str, list[str]]:
    """Return the files with one line (from 1) replaced, or dropped where ``text`` is None."""
    lines = list(files[file])
    lines[line - 1 : line] = [] if text is None else [text]
    return {**files, file: lines}


def write(
    folder: Path, files: dict[str, list[str]], *, encoding: str | None = None, newline: str = "\n", bom: bytes = b""
) -> Path:
    """Write files into a new folder: CSV in UTF-8, everything else in latin-1 unless told otherwise."""
    folder.mkdir(parents=True, exist_ok=True)
    for file, lines in files.items():
        text = "".join(line + newline for line in lines)
        code = encoding or ("utf-8" if file.endswith(".csv") else "latin-1")
        (folder / file).write_bytes(bom + text.encode(code))
    return folder


def zip_of(path: Path, top: str, files: dict[str, list[str]]) -> Path:
    """Write the files as they stand in a release: one zip with one folder at the top."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as zipped:
        zipped.writestr(f"{top}/", "")
        for file, lines in files.items():
            zipped.writestr(f"{top}/{file}", "".join(line + "\n" for line in lines).encode("latin-1"))
    return path
