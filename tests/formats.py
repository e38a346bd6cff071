"""Small made-up datasets as each release of MovieLens would write them, with the oddities that the real ones have.

All of them tell of the same 24 people and 20 films. Films without a year or genres, with commas, quotes and accents in
their titles, one that nobody rated, one that all others' genres lack; somebody with a single rating; ties in time.
"""

import csv
import io
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from bst.domain import AGES, GENRES

USERS = 24
EVENTS = 12
# id, title as it is filed, genres in the words of the CSV releases
FILMS = (
    (1, "Lantern Street (1995)", "Adventure|Children"),
    (2, "Harbour Lights, The (1996)", "Drama"),
    (5, "Sjunde Sundet (Sista sundet, Det) (1957)", "Drama|War"),
    (7, 'Say "Now", Please (1997)', "Comedy"),
    (11, "Caf\u00e9 Noir (1999)", "Crime|Film-Noir"),
    (12, "Unnamed", "(no genres listed)"),
    (17, "Owl, The (Hibou, Le) (1986)", "Animation|Children"),
    (19, "Long Winter (2003\u20132004)", "Documentary"),
    (23, "Bye Bye, Rain (1995)", "Romance"),
    (29, "Big Screen (2001)", "IMAX"),
    (31, "Nobody Came (1950)", "Western"),
    (37, "Red Kite (1984) (2000)", "Action|Sci-Fi"),
    (41, "Green Kite (2002)", "Action|Sci-Fi"),
    (43, "Blue Kite (2004)", "Action|Sci-Fi"),
    (47, "A Song for June (1961)", "Musical"),
    (53, "Night Ferry (1973)", "Thriller|Mystery"),
    (59, "Night Train (1974)", "Thriller|Mystery"),
    (61, "Old Mill (1933)", "Horror"),
    (67, "Under the Pier (1988)", "Fantasy"),
    (20_000, "Far Number (2010)", "Comedy|Drama"),
)
UNRATED = 31
RATED = tuple(film for film, _, _ in FILMS if film != UNRATED)


def ratings() -> list[tuple[int, int, float, int]]:
    """Return (user, movie, stars in halves, seconds), user by user, in the order in which they were given.

    Three at a time have the same second. User 24 rated once.
    """
    rng = np.random.default_rng(5)
    rows = []
    for user in range(1, USERS + 1):
        films = rng.permutation(RATED)[: 1 if user == USERS else EVENTS]
        for at, film in enumerate(films.tolist()):
            stars = float(np.clip(np.round(2 * rng.normal(3.5, 1.0)) / 2, 0.5, 5.0))
            rows.append((user, film, stars, 1_000_000_000 + 86_400 * user + 60 * (at // 3)))
    return rows


def by_number() -> list[tuple[int, int, float, int]]:
    """Return the ratings as the releases in CSV and 10M have them: sorted by user and movie."""
    return sorted(ratings())


def _write(folder: Path, files: dict[str, str], encoding: str = "utf-8") -> Path:
    folder.mkdir(parents=True)
    for name, text in files.items():
        (folder / name).write_bytes(text.encode(encoding))
    return folder


def _lines(separator: str, rows) -> str:
    return "".join(separator.join(map(str, row)) + "\n" for row in rows)


def _csv(header: tuple[str, ...], rows, newline: str = "\n", quoting: int = csv.QUOTE_MINIMAL) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator=newline, quoting=quoting)
    writer.writerows([header, *rows])
    return text.getvalue()


def _whole(stars: float) -> int:
    return max(1, int(stars))


def write_1m(folder: Path) -> Path:
    """``::``, whole stars, Latin-1, demographics."""
    films = [(i, t.replace("\u2013", "-"), g.replace("Children", "Children's")) for i, t, g in FILMS]
    files = {
        "users.dat": _lines("::", ((u, "FM"[u % 2], AGES[u % 7], u % 21, "00000") for u in range(1, USERS + 1))),
        "movies.dat": _lines("::", films),
        "ratings.dat": _lines("::", ((u, m, _whole(s), t) for u, m, s, t in ratings())),
        "README": "made up\n",
    }
    return _write(folder, files, "latin-1")


def write_100k(folder: Path) -> Path:
    """Tabs and bars, ages in years, 19 flags, rows in no order, a film called unknown without year and genre."""
    names = ("unknown", *GENRES)
    films = []
    for number, title, genres in FILMS:
        title = "unknown" if title == "Unnamed" else title.replace("\u2013", "-")
        own = ["unknown"] if title == "unknown" else genres.replace("Children", "Children's").split("|")
        films.append((number, title, "", "", "", *(int(name in own) for name in names)))
    jobs = ("student", "none", "librarian", "writer", "other")
    users = ((u, 10 + 2 * u, "FM"[u % 2], jobs[u % 5], "T8H1N") for u in range(1, USERS + 1))
    rows = [ratings()[i] for i in np.random.default_rng(2).permutation(len(ratings()))]
    files = {
        "u.data": _lines("\t", ((u, m, _whole(s), t) for u, m, s, t in rows)),
        "u.item": _lines("|", films),
        "u.user": _lines("|", users),
        "u.genre": "unknown|0\n",
    }
    return _write(folder, files, "latin-1")


def write_10m(folder: Path) -> Path:
    """``::`` with half stars, UTF-8, no users, sorted by user and movie; the zip's own folder within the named one."""
    files = {
        "movies.dat": _lines("::", FILMS),
        "ratings.dat": _lines("::", ((u, m, f"{s:g}", t) for u, m, s, t in by_number())),
        "tags.dat": "1::1::made up::1000000000\n",
    }
    _write(folder / "ml-10M100K", files)
    return folder


def write_latest_small(folder: Path) -> Path:
    """CSV with links and tags, half stars, sorted by user and movie."""
    files = {
        "movies.csv": _csv(("movieId", "title", "genres"), FILMS, "\r\n"),
        "ratings.csv": _csv(("userId", "movieId", "rating", "timestamp"), by_number()),
        "links.csv": _csv(("movieId", "imdbId", "tmdbId"), ((i, f"{i:07}", i) for i, _, _ in FILMS)),
        "tags.csv": _csv(("userId", "movieId", "tag", "timestamp"), [(1, 1, "made up", 1_000_000_000)]),
    }
    return _write(folder, files)


def write_kaggle_20m(folder: Path) -> Path:
    """Kaggle's copy of 20M: other file names, everything in quotes, times as text."""
    rows = ((u, m, s, datetime.fromtimestamp(t, UTC).strftime("%Y-%m-%d %H:%M:%S")) for u, m, s, t in by_number())
    files = {
        "movie.csv": _csv(("movieId", "title", "genres"), FILMS, quoting=csv.QUOTE_ALL),
        "rating.csv": _csv(("userId", "movieId", "rating", "timestamp"), rows, quoting=csv.QUOTE_ALL),
        "link.csv": _csv(("movieId", "imdbId", "tmdbId"), [(1, 1, 1)]),
    }
    return _write(folder, files)


WRITERS: dict[str, Callable[[Path], Path]] = {
    "like-1m": write_1m,
    "like-100k": write_100k,
    "like-10m": write_10m,
    "like-latest-small": write_latest_small,
    "like-kaggle-20m": write_kaggle_20m,
}
