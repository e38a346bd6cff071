"""The simulated library of examples/books: what is planted in it is there, and it holds no other names."""

import csv
import re

import pandas as pd
import pytest

from bst.datasets import own
from tests import books


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    return books.simulate(tmp_path_factory.mktemp("library"), 60)


def test_the_same_seed_gives_the_same_files(library, tmp_path):
    again = books.simulate(tmp_path, 60)
    for path in sorted(library.iterdir()):
        assert path.read_bytes() == (again / path.name).read_bytes(), path.name


def test_it_is_read_as_a_simulated_dataset_of_books(library):
    dataset = own.read_own(library, "library", own.read_names(library))
    assert dataset.simulated
    assert (dataset.domain.item, dataset.domain.consumed, dataset.domain.tag) == ("book", "borrowed", "subject")
    assert list(dataset.domain.demographics) == ["membership", "branch", "age_group"]
    assert dataset.domain.demographics["age_group"].label == "age group"
    assert dataset.domain.demographics["age_group"].values[0] == "under 12"
    assert len(dataset.users) == 60


def test_nobody_begins_a_series_in_the_middle(library):
    with books.SCRIPT.with_name("catalogue.csv").open(encoding="utf-8", newline="") as file:
        catalogue = list(csv.DictReader(file))
    events = pd.read_csv(library / "interactions.csv").sort_values(["user_id", "timestamp", "row"])
    parts = {place: (row["series"], int(row["part"])) for place, row in enumerate(catalogue, 1) if row["series"]}
    for _, items in events.groupby("user_id")["item_id"]:
        read: dict[str, int] = {}
        for item in items:
            if item in parts:
                series, part = parts[item]
                assert part == read.get(series, 0) + 1, (series, part)
                read[series] = part


def test_children_borrow_other_books_than_old_people(library):
    events = pd.read_csv(library / "interactions.csv").merge(pd.read_csv(library / "users.csv"), on="user_id")
    items = pd.read_csv(library / "items.csv").set_index("item_id")["tags"].str.contains("Children")
    share = items.loc[events["item_id"]].groupby(events["age_group"].to_numpy()).mean()
    assert share["under 12"] > 2 * share["65 and over"]


def test_without_ratings_the_same_loans(library, tmp_path):
    clicks = books.simulate(tmp_path, 60, ratings=False)
    rated, unrated = (pd.read_csv(folder / "interactions.csv") for folder in (library, clicks))
    assert "rating" not in unrated
    assert rated.drop(columns="rating").equals(unrated)


def test_the_catalogue_is_clean():
    with books.SCRIPT.with_name("catalogue.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len({row["title"] for row in rows}) == len(rows) > 350
    assert not [row for row in rows if re.search(r"\b(movie|film|genre|watch)", " ".join(row.values()), re.I)]
    series: dict[str, list[int]] = {}
    for row in rows:
        assert row["title"], row
        assert row["author"], row
        assert row["subjects"], row
        if row["series"]:
            series.setdefault(row["series"], []).append(int(row["part"]))
    assert all(sorted(parts) == list(range(1, len(parts) + 1)) for parts in series.values())
