"""Files as programs save them: encodings, separators, spreadsheets, zips."""

import io
import json
import zipfile

import pytest

from bst.visitors.imports import ImportProblem, read_export
from bst.visitors.imports.entries import MAX_FILE_BYTES
from tests.unit.export_samples import LETTERBOXD, rated, read, titles

ROWS = [("Alien", 1979, 5), ("Lock, Stock and Two Smoking Barrels", 1998, 3.5), ("Amélie", 2001, 0.5)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_encodings_and_line_ends(encoding, ends):
    assert rated(read_export(LETTERBOXD.replace("\n", ends).encode(encoding))) == ROWS


def test_a_byte_that_windows_1252_lacks():
    text = LETTERBOXD.replace("Amélie", "Am\x81lie")
    assert titles(read(text, "latin-1"))[-1] == "Am lie", "read, and without what cannot be shown"


def semicolons(text: str) -> str:
    """What a spreadsheet saves where the comma is for decimals."""
    rows = [line.split(",") for line in text.replace('"Lock, Stock', '"Lock§ Stock').splitlines()]
    return "\r\n".join(";".join(cell.replace("§", ",").replace("3.5", "3,5") for cell in row) for row in rows)


@pytest.mark.parametrize("first", ["", "sep=;\r\n", '"sep=;"\r\n', "SEP=;\n"])
@pytest.mark.parametrize("encoding", ["utf-8-sig", "cp1252", "utf-16"])
def test_a_file_that_a_spreadsheet_saved(first, encoding):
    text = first + semicolons(LETTERBOXD).replace("0.5", "0,5")
    assert rated(read(text, encoding)) == ROWS
    assert rated(read(text.replace("sep=;", "sep=\t").replace("SEP=;", "sep=\t").replace(";", "\t"), encoding)) == ROWS


def test_line_numbers_include_the_separator_line():
    export = read("sep=,\n" + LETTERBOXD)
    assert rated(export) == ROWS
    assert [entry.line for entry in export.entries] == [3, 4, 5]


def test_a_spreadsheet_with_each_line_in_one_cell():
    lines = ['"' + line.replace('"', '""') + '"' for line in LETTERBOXD.splitlines()]
    export = read(";;\n".join(lines) + ";;\n")
    assert rated(export) == ROWS
    assert [entry.line for entry in export.entries] == [2, 3, 4]


def zipped(files: dict[str, str | bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return packed.getvalue()


WATCHED = "Date,Name,Year,Letterboxd URI\n2020-01-01,Jaws,1975,u\n2024-01-02,Alien,1979,u\n"


def test_a_zip_from_letterboxd_has_rated_and_watched_movies():
    data = zipped(
        {
            "deleted/ratings.csv": LETTERBOXD.replace("Alien", "Aliens"),
            "orphaned/watched.csv": WATCHED.replace("Jaws", "Gilda"),
            "watched.csv": WATCHED,
            "watchlist.csv": WATCHED.replace("Jaws", "Fargo"),
            "ratings.csv": LETTERBOXD,
        }
    )
    export = read_export(data, "letterboxd.zip")
    assert (export.source, rated(export)) == ("Letterboxd", [("Jaws", 1975, None), *ROWS])
    only = read_export(zipped({"watched.csv": WATCHED}), "letterboxd.zip")
    assert rated(only) == [("Jaws", 1975, None), ("Alien", 1979, None)]


def test_a_zip_from_trakt():
    def movie(title, year, **facts):
        return {"type": "movie", "movie": {"title": title, "year": year, "ids": {}}} | facts

    ratings = [movie("Alien", 1979, rated_at="2020-01-02T00:00:00Z", rating=8)]
    watched = [movie("Alien", 1979, watched_at="2020-01-02T00:00:00Z"), movie("Jaws", 1975, watched_at="2019-01-01")]
    watched.append({"type": "episode", "watched_at": "2019-01-01", "show": {"title": "Lost", "year": 2004}})
    data = zipped(
        {
            "me/ratings/ratings-movies.json": json.dumps(ratings),
            "me/watched/watched-history-1.json": json.dumps(watched + watched),
            "me/watched/watched-movies.json": "[]",
            "me/lists/lists-watchlist.json": json.dumps([movie("Fargo", 1996, listed_at="2019-01-01")]),
        }
    )
    export = read_export(data, "trakt.zip")
    assert (export.source, rated(export)) == ("Trakt", [("Jaws", 1975, None), ("Alien", 1979, 4)])


def test_a_zip_with_one_table_under_any_name():
    assert rated(read_export(zipped({"folder/mine.csv": LETTERBOXD, "readme.txt": "x"}), "x.zip")) == ROWS


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "mine.csv is empty"),
        (b" \n\n", "mine.csv is empty"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "is not a text file, but something binary"),
        (b"\0" * 5000, "is not a text file, but something binary"),
        (b'Date,Name,Year,Letterboxd URI,Rating\n"' + b"x" * 200_000, "line 2: this is not a table"),
        (b"x" * (MAX_FILE_BYTES + 1), "has more than 5 MB"),
        (b"Name,Year,Letterboxd URI,Rating\n" + b"A,1,u,3\n" * 50_001, "more than 50,000 rows"),
        (b"[" + b'{"a":1},' * 50_001 + b"{}]", "more than 50,000 entries"),
        (b"PK\x03\x04 and so on", "is a damaged zip"),
        (zipped({"xl/workbook.xml": b"<x/>"}), "is an Excel workbook; save it as CSV"),
        (zipped({"readme.txt": b"x"}), "is a zip without a ratings.csv"),
        (zipped({"ratings.csv": b"0" * (MAX_FILE_BYTES + 10)}), "more than 5 MB"),
        (zipped({"ratings.csv": b""}), "has no ratings in it"),
    ],
)
def test_files_without_a_table_are_refused(data, message):
    with pytest.raises(ImportProblem, match=message) as refused:
        read_export(data, "mine.csv")
    assert "ratings" in str(refused.value)
    assert "\n" not in str(refused.value)
