"""Files with one's own ratings: each service's export, zips, JSON, any encoding; whole, damaged, and hostile."""

import csv
import io
import zipfile
from dataclasses import dataclass
from datetime import date
from typing import Any

import pandas as pd
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from bst.datasets.catalogue import Catalogue
from bst.schema import HALF_STARS, MAX_HISTORY, WHOLE_STARS, Visitor
from bst.text import UNPRINTABLE
from bst.visitors.imports import Entry, Export, ImportProblem, Matcher, import_history, read_export
from tests.fuzz.door import Door
from tests.fuzz.mutations import ODD_TEXT, damaged, damaged_json, json_text, json_values
from tests.fuzz.outcome import require, require_clear, require_equal

FILMS = (
    ("Alien", 1979),
    ("Amélie", 2001),
    ("The Matrix", 1999),
    ("Jaws", 1975),
    ("Say Now, Léon", 1994),
    ("8½", 1963),
    ("Psycho", 1960),
    ("Psycho", 1998),
    ("Dracula", 1992),
    ("M", 1931),
    ("1984", 1984),
    ("=SUM(A1) now", 2020),
)
CATALOGUE = Catalogue(
    pd.DataFrame(
        {
            "movie_id": range(11, 11 + len(FILMS)),
            "title": [f"{title} ({year})" for title, year in FILMS],
            "year": pd.array([year for _, year in FILMS], "Int16"),
            "genres": [""] * len(FILMS),
        }
    )
)
# stars as the formats have them, each with its columns: title, year, rating, date
TABLES = {
    "Letterboxd": ("Name", "Year", "Rating", "Date", "Letterboxd URI"),
    "IMDb": ("Title", "Year", "Your Rating", "Date Rated", "Const"),
    "Trakt": ("title", "year", "rating", "rated_at", "type"),
    "A table": ("Film", "Year", "Rating", "Date"),
}
NAMES_IN_ZIP = (
    *(
        "ratings.csv",
        "watched.csv",
        "letterboxd/ratings.csv",
        "deleted/ratings.csv",
        "../../ratings.csv",
        "/etc/passwd",
    ),
    *(
        "ratings-movies.json",
        "history-1.json",
        "xl/workbook.xml",
        "a.csv",
        "b.json",
        "__MACOSX/ratings.csv",
        "C:\\r.csv",
    ),
)


@dataclass(frozen=True)
class File:
    """The bytes of a file, and what has to be read from it: (title, year, stars), or None if that is not known."""

    content: bytes
    right: tuple[tuple[str, int, float], ...] | None = None


@st.composite
def whole_files(draw: DrawFn) -> File:
    """Draw an export that is as its service writes it, or as a spreadsheet saves that."""
    kind = draw(st.sampled_from(sorted(TABLES)))
    films = draw(st.lists(st.sampled_from(FILMS), min_size=1, max_size=6, unique=True))
    scale = 5 if kind in ("Letterboxd", "A table") else 10
    # a table's scale is told by its ratings
    stars = [draw(st.sampled_from(HALF_STARS)) for _ in films]
    days = sorted(
        draw(
            st.lists(
                st.dates(date(2001, 1, 1), date(2030, 1, 1)), min_size=len(films), max_size=len(films), unique=True
            )
        )
    )
    rows = [
        {
            "title": title,
            "year": year,
            "rating": f"{given:g}" if scale == 5 else f"{given * 2:g}",
            "date": day.isoformat(),
            "more": "movie" if kind == "Trakt" else "",
        }
        for (title, year), given, day in zip(films, stars, days, strict=True)
    ]
    right = tuple((title, year, given) for (title, year), given in zip(films, stars, strict=True))
    if draw(st.booleans()):
        rows.reverse()
    if kind == "Trakt" and draw(st.booleans()):
        return File(json_text([_trakt(row) for row in rows]), right)
    return File(draw(_packed(draw(_written(kind, rows)))), right)


def _trakt(row: dict[str, Any]) -> dict[str, Any]:
    movie = {"title": row["title"], "year": row["year"], "ids": {"trakt": 1}}
    return {"rated_at": row["date"] + "T20:00:00.000Z", "rating": int(row["rating"]), "type": "movie", "movie": movie}


@st.composite
def _written(draw: DrawFn, kind: str, rows: list[dict[str, Any]]) -> bytes:
    names = TABLES[kind]
    order = list(draw(st.permutations(range(len(names)))))
    text = io.StringIO()
    writer = csv.writer(
        text,
        delimiter=draw(st.sampled_from(",;\t")),
        lineterminator=draw(st.sampled_from(("\n", "\r\n"))),
        quoting=draw(st.sampled_from((csv.QUOTE_MINIMAL, csv.QUOTE_ALL))),
    )
    writer.writerow([names[i] for i in order])
    for row in rows:
        cells = (row["title"], row["year"], row["rating"], row["date"], row["more"])
        writer.writerow([cells[i] for i in order])
    return text.getvalue().encode(
        draw(st.sampled_from(("utf-8", "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252")))
    )


@st.composite
def _packed(draw: DrawFn, content: bytes) -> bytes:
    return draw(st.sampled_from((content, content, content, _zip({"export/ratings.csv": content}))))


def _zip(files: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return packed.getvalue()


@st.composite
def damaged_files(draw: DrawFn) -> File:
    """Draw an export that is damaged: within a zip, around it, or both."""
    content = draw(damaged(draw(whole_files()).content))
    kind = draw(st.integers(0, 5))
    if kind == 0:
        content = draw(damaged(_zip({draw(st.sampled_from(NAMES_IN_ZIP)): content})))
    elif kind == 1:
        content = _zip(dict.fromkeys(draw(st.lists(st.sampled_from(NAMES_IN_ZIP), max_size=6, unique=True)), content))
    return File(content)


@st.composite
def odd_tables(draw: DrawFn) -> File:
    """Draw a table with columns that are known, and whatever in its cells."""
    kinds = [list(names) for names in TABLES.values()]
    kinds += [["movie_id", "rating", "timestamp", "title", "seen"], ["userId", "movieId", "rating", "timestamp"]]
    kinds += [
        ["movie_id", "imdb_id", "tmdb_id", "rating", "title"],
        ["Title", "Year", "Rating10", "WatchedDate", "imdbID"],
    ]
    names = draw(st.sampled_from(kinds))
    cell = st.text(max_size=10) | st.sampled_from(
        (
            "7",
            "3.5",
            "2024-01-02",
            "4/3/2026",
            "13.2.2020",
            "1999",
            "978300001",
            '"',
            "Jaws (1975)",
            "tt0073195",
            "7/10",
            "70%",
        )
    )
    rows = draw(st.lists(st.lists(cell | st.sampled_from(ODD_TEXT[:60]), max_size=len(names) + 1), max_size=6))
    text = draw(st.sampled_from(("", "", "sep=,\n", "sep=;\r\n", "\n\n"))) + "\n".join(
        [",".join(names), *map(",".join, rows)]
    )
    return File(text.encode(draw(st.sampled_from(("utf-8", "utf-16", "utf-16-le"))), "replace"))


def _bombs() -> list[bytes]:
    """Return small files that would take much memory, or many steps, if they were believed."""
    header = b"Date,Name,Year,Letterboxd URI,Rating\n"
    deep = b'[{"movie":' * 20_000
    nested = _zip({"ratings.csv": _zip({"ratings.csv": header})})
    return [
        _zip({"ratings.csv": header + bytes(300 * 2**20)}),
        _zip({"ratings.csv": header + b"2020-01-01,x,2000,u,5\n" * 400_000}),
        _zip({f"{i}/ratings.csv": header for i in range(3000)}),
        nested,
        deep,
        b"[" * 100_000,
        b'[{"rating": ' + b"9" * 10_000 + b', "title": "x"}]',
        header + b'"' + b"x" * 4_000_000,
        header + b"," * 4_000_000,
        b"a," * 2_000_000,
        b"sep=x\n" * 100_000,
        header + b'2020-01-01,"' + b'""' * 1_000_000 + b'",2000,u,5\n',
    ]


exports_as_json = st.lists(
    st.fixed_dictionaries({"movie": json_values, "rating": json_values, "rated_at": json_values, "type": json_values}),
    max_size=3,
) | damaged_json([_trakt({"title": "Alien", "year": 1979, "date": "2020-01-02", "rating": "8"})] * 2)


class Imports(Door):
    """Every entry that is read is in the file; every file without one is refused in a line."""

    name = "imports"

    def open(self) -> None:
        """Make the matcher, and the bombs, which take a while."""
        self.matcher = Matcher(CATALOGUE)
        bombs = _bombs()
        self.inputs = st.one_of(
            whole_files(),
            damaged_files(),
            damaged_files(),
            odd_tables(),
            exports_as_json.map(json_text).map(File),
            st.binary(max_size=300).map(File),
            # rarely, as each takes a second
            st.sampled_from([File(bomb) for bomb in bombs] + [File(b"PK\x03\x04" + bytes(i)) for i in range(400)]),
        )

    def check(self, given: File) -> bool:
        """Read a file, match its entries and make a visitor of them."""
        try:
            export = read_export(given.content, "mine.csv")
        except ImportProblem as problem:
            require_clear(problem)
            require(given.right is None, f"a whole export was refused: {problem}")
            return False
        _check_entries(export)
        if given.right is not None:
            read = tuple((e.title, e.year, e.stars) for e in export.entries)
            require_equal(read, given.right, export.source)
        self._check_history(export)
        return True

    def _check_history(self, export: Export) -> None:
        matches = self.matcher.match(export.entries)
        require_equal([match.entry for match in matches], list(export.entries), "matches")
        visitor = import_history(Visitor(), matches, WHOLE_STARS)
        require(visitor.all_seen <= CATALOGUE.titles.keys(), "a movie that is not in the catalogue")
        require(len(visitor.history) <= MAX_HISTORY, "a history that is too long")
        require(all(event.rating in WHOLE_STARS for event in visitor.history), "a rating that is none")


def _check_entries(export: Export) -> None:
    require(bool(export.entries), "read, but no entries")
    for entry in export.entries:
        require(entry.stars is None or (not entry.refused and 0.5 <= entry.stars <= 5), f"stars: {entry}")
        require(entry.year is None or 1800 <= entry.year <= 9999, f"year: {entry}")
        _check_shown(entry)
    dates = [entry.date for entry in export.entries if entry.date]
    if export.dated and export.source != "BST Studio":
        require_equal(dates, sorted(dates), "dates")
    for remark in export.remarks:
        require_clear(remark)


def _check_shown(entry: Entry) -> None:
    """What a page shows of an entry can be encoded and is short where it is said in words."""
    for text in (entry.title, entry.original_title):
        text.encode()
        require(not UNPRINTABLE.search(text), f"control characters: {text!r}")
    require(len(entry.refused or "") <= 100 and len(entry.rating) <= 60, f"long words: {entry}")
