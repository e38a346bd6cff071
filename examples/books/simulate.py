"""Simulate the loans of a public library: a dataset of one's own, to try how BST Studio reads one.

The books are real and well known; no person borrowed any of them. What is planted: people go on with a series in its
order, borrow in spells of one subject, and like different subjects at different ages and branches. So the lists of a
model that was trained on this can be judged by anybody who knows the books.

    python examples/books/simulate.py FOLDER            # interactions with ratings, items, users, domain.json
    python examples/books/simulate.py FOLDER --clicks   # the same without ratings
"""

import argparse
import csv
import json
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

CATALOGUE = Path(__file__).with_name("catalogue.csv")
SEED, USERS = 5, 1200
BRANCHES = ("Central", "Harbour", "Hillside", "University")
AGE_GROUPS = ("under 12", "12 to 17", "18 to 29", "30 to 44", "45 to 64", "65 and over")
AGE_SHARES = (0.13, 0.12, 0.19, 0.22, 0.21, 0.13)
BRANCH_SHARES = (0.4, 0.2, 0.25, 0.15)
# the share of students among people of 18 to 29, and of those among them who go to the University branch
STUDENTS, STUDENTS_AT_UNIVERSITY = 0.6, 0.7
# the taste of an age group, and of a branch, for a subject, in the unit of ``TASTE_SD``; 0 where it is not named
AGE_TASTES: dict[str, dict[str, float]] = {
    "under 12": {
        "Children": 3.0,
        "Humour": 0.8,
        "Fantasy": 0.8,
        "Young adult": -0.8,
        "Literary": -2.5,
        "Thriller": -2.5,
    },
    "12 to 17": {"Young adult": 2.4, "Fantasy": 1.4, "Science fiction": 0.6, "Children": 0.3, "Literary": -1.4},
    "18 to 29": {"Science fiction": 0.8, "Romance": 0.7, "Literary": 0.6, "Horror": 0.6, "Children": -1.6},
    "30 to 44": {"Thriller": 0.7, "Science": 0.6, "Literary": 0.4, "Biography": 0.5, "Children": 0.2},
    "45 to 64": {"Mystery": 0.9, "Historical": 0.8, "History": 0.7, "Travel": 0.6, "Young adult": -1.2},
    "65 and over": {"Mystery": 1.2, "Classics": 1.0, "Biography": 1.0, "History": 0.8, "Science fiction": -1.0},
}
BRANCH_TASTES: dict[str, dict[str, float]] = {
    "Central": {},
    "Harbour": {"Travel": 0.8, "Thriller": 0.5, "Mystery": 0.4},
    "Hillside": {"Children": 0.6, "Romance": 0.5, "Humour": 0.4},
    "University": {"Science": 1.2, "Philosophy": 1.2, "Literary": 0.6, "Poetry": 0.6, "Romance": -0.5},
}
# how much people of the same groups differ, how much a taste counts in a choice, and in stars
TASTE_SD, CHOICE_WEIGHT, STARS_WEIGHT = 0.8, 0.9, 0.42
# after a part of a series that was liked, how likely the next part is the next book
CONTINUE = 0.6
# how much more likely books of the subjects of the latest two are
SPELL = (1.0, 0.5)
MEAN_STARS, QUALITY_STARS, NOISE_STARS = 3.5, 0.45, 0.55
LIKED = 4
FIRST_DAY, DAYS, DAY = 1_546_300_800, 5 * 365, 86_400  # 1 January 2019
OPENS, HOURS_OPEN = 9, 10
LEAST_LOANS, MEDIAN_LOANS, MOST_LOANS = 8, 34, 150
DOMAIN = {
    "title": "Riverside Library (simulated)",
    "item": "book",
    "items": "books",
    "consume": "borrow",
    "consumed": "borrowed",
    "tag": "subject",
    "tags": "subjects",
    "simulated": True,
    "columns": {"age_group": {"label": "age group", "values": {age: age for age in AGE_GROUPS}}},
}


@dataclass(frozen=True)
class Books:
    """The catalogue: ``subjects`` (books, subjects) bool, ``popularity`` and ``quality`` (books,); ``next_part`` and
    ``previous_part`` (books,): the row of the book that comes next in a series, or before, −1 for none.
    """

    rows: list[dict[str, str]]
    names: tuple[str, ...]
    subjects: np.ndarray
    popularity: np.ndarray
    quality: np.ndarray
    next_part: np.ndarray
    previous_part: np.ndarray


def read_books() -> Books:
    """Read the catalogue; popularity and quality of a book are drawn by its title, and shared by its series."""
    with CATALOGUE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    names = tuple(sorted({name for row in rows for name in row["subjects"].split("|")}))
    subjects = np.array([[name in row["subjects"].split("|") for name in names] for row in rows])
    by_part = {(row["series"], int(row["part"])): place for place, row in enumerate(rows) if row["series"]}
    places = [(row["series"], int(row["part"] or 0)) for row in rows]
    popularity, quality = (
        np.array([0.7 * _drawn(row["series"] or row["title"], salt) + 0.5 * _drawn(row["title"], salt) for row in rows])
        for salt in ("fame", "quality")
    )
    return Books(
        rows,
        names,
        subjects,
        popularity,
        quality,
        np.array([by_part.get((series, part + 1), -1) for series, part in places]),
        np.array([by_part.get((series, part - 1), -1) for series, part in places]),
    )


def _drawn(text: str, salt: str) -> float:
    """Return a number of a standard normal distribution that is always the same for a text."""
    return float(np.random.default_rng(zlib.crc32(f"{salt} {text}".encode())).standard_normal())


@dataclass(frozen=True)
class Borrower:
    """A made-up person: demographics, and ``tastes`` (subjects,)."""

    membership: str
    branch: str
    age_group: str
    tastes: np.ndarray


def make_borrower(random: np.random.Generator, books: Books) -> Borrower:
    """Draw a person."""
    age = str(random.choice(AGE_GROUPS, p=AGE_SHARES))
    student = age == "18 to 29" and random.random() < STUDENTS
    membership = {"under 12": "junior", "12 to 17": "junior", "65 and over": "senior"}.get(age, "standard")
    branch = (
        "University"
        if student and random.random() < STUDENTS_AT_UNIVERSITY
        else str(random.choice(BRANCHES, p=BRANCH_SHARES))
    )
    tastes = np.array([AGE_TASTES[age].get(name, 0) + BRANCH_TASTES[branch].get(name, 0) for name in books.names])
    own = TASTE_SD * random.standard_normal(len(books.names))
    return Borrower("student" if student else membership, branch, age, tastes + own)


def borrow(random: np.random.Generator, books: Books, borrower: Borrower) -> list[tuple[int, int]]:
    """Return what somebody borrowed: rows of books, oldest first, with the stars that they gave."""
    loans = int(np.clip(MEDIAN_LOANS * np.exp(0.6 * random.standard_normal()), LEAST_LOANS, MOST_LOANS))
    # the mean of the subjects of a book, so that one with many is not liked more
    taste = books.subjects @ borrower.tastes / np.sqrt(books.subjects.sum(axis=1))
    unread = np.ones(len(books.rows), bool)
    history: list[tuple[int, int]] = []
    for _ in range(min(loans, len(books.rows) - 1)):
        book = _choose(random, books, taste, unread, history)
        unread[book] = False
        exact = MEAN_STARS + STARS_WEIGHT * taste[book] + QUALITY_STARS * books.quality[book]
        stars = int(np.clip(round(exact + NOISE_STARS * random.standard_normal()), 1, 5))
        history.append((book, stars))
    return history


def _choose(
    random: np.random.Generator, books: Books, taste: np.ndarray, unread: np.ndarray, history: list[tuple[int, int]]
) -> int:
    if history:
        book, stars = history[-1]
        following = int(books.next_part[book])
        if following >= 0 and unread[following] and stars >= LIKED and random.random() < CONTINUE:
            return following
    score = books.popularity + CHOICE_WEIGHT * taste
    for weight, (book, _) in zip(SPELL, reversed(history), strict=False):
        score = score + weight * (books.subjects & books.subjects[book]).any(axis=1)
    # no one begins a series in the middle
    begun = (books.previous_part < 0) | ~unread[books.previous_part]
    weights = np.where(unread & begun, np.exp(score - score.max()), 0)
    return int(random.choice(len(weights), p=weights / weights.sum()))


def visit_times(random: np.random.Generator, loans: int) -> list[int]:
    """Return the seconds since 1970 at which somebody borrowed books: one to four at each visit, ascending."""
    times: list[int] = []
    first, days = int(random.integers(0, DAYS // 2)), max(30, int(random.integers(120, DAYS // 2)))
    visits = sorted(random.integers(0, days, loans).tolist())
    while len(times) < loans:
        day = first + visits[len(times)]
        second = FIRST_DAY + day * DAY + int(random.integers(OPENS * 3600, (OPENS + HOURS_OPEN) * 3600))
        times += [max(second, times[-1] + 1 if times else 0)] * min(int(random.integers(1, 5)), loans - len(times))
    return times


def write(folder: Path, users: int = USERS, seed: int = SEED, ratings: bool = True) -> None:
    """Write ``interactions.csv``, ``items.csv``, ``users.csv`` and ``domain.json`` into a folder."""
    random, books = np.random.default_rng(seed), read_books()
    folder.mkdir(parents=True, exist_ok=True)
    people, events = [], []
    for number in range(1, users + 1):
        borrower = make_borrower(random, books)
        people.append((number, borrower.membership, borrower.branch, borrower.age_group))
        loans = borrow(random, books, borrower)
        times = visit_times(random, len(loans))
        # books of one visit have one time: the row says in which order they were taken
        for (book, stars), time in zip(loans, times, strict=True):
            events.append((number, book + 1, time, len(events), *((stars,) if ratings else ())))
    columns = ("user_id", "item_id", "timestamp", "row", *(("rating",) if ratings else ()))
    _write(folder / "interactions.csv", columns, events)
    items = [
        (place, f"{row['title']} by {row['author']}", row["subjects"], row["year"])
        for place, row in enumerate(books.rows, start=1)
    ]
    _write(folder / "items.csv", ("item_id", "title", "tags", "year"), items)
    _write(folder / "users.csv", ("user_id", "membership", "branch", "age_group"), people)
    (folder / "domain.json").write_text(f"{json.dumps(DOMAIN, indent=2)}\n", encoding="utf-8")


def _write(path: Path, columns: tuple[str, ...], rows: list[tuple]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)


def main() -> None:
    """Read the command line and write the folder."""
    parser = argparse.ArgumentParser(description="Simulate the loans of a public library.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--users", type=int, default=USERS)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--clicks", action="store_true", help="write no ratings")
    options = parser.parse_args()
    write(options.folder, options.users, options.seed, not options.clicks)
    print(f"{options.folder}: {options.users:,} simulated people; next: python -m bst import {options.folder}")


if __name__ == "__main__":
    main()
