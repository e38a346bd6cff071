"""A made-up log of the size of MovieLens 20M, for what reads large data: by default 20 million events of 138,493 users.

    python benchmarks/make_events.py /tmp/events            # Parquet, 16 files in time order, about 215 MB
    python benchmarks/make_events.py /tmp/events --csv      # one CSV file

Popularity of items and activity of users follow power laws; no user has an item twice. Each user has a taste, and each
item a quality, so that ratings can be learned. The same seed gives the same events.
"""

import argparse
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import csv, parquet

FIRST, LAST = 1_000_000_000, 1_700_000_000
LEAST_OF_A_USER, ITEM_POWER, USER_POWER = 20, 0.9, 0.75
TASTES, GENRES = 8, ("Action", "Comedy", "Crime", "Drama", "Fantasy", "Horror", "Romance", "Thriller")


def draw_events(events: int, users: int, items: int, seed: int) -> pa.Table:
    """Return events in time order: ``user_id``, ``item_id`` int32, ``rating`` float32 stars, ``timestamp`` int64."""
    rng = np.random.default_rng(seed)
    lengths = _user_lengths(events, users, items, rng)
    user = np.repeat(np.arange(users, dtype=np.int32), lengths)
    item = _distinct_items(user, users, items, rng)
    taste, kind = rng.integers(0, TASTES, users), np.arange(items) % TASTES
    quality, generosity = rng.normal(3.5, 0.45, items), rng.normal(0, 0.4, users)
    stars = quality[item] + generosity[user] + 0.5 * (taste[user] == kind[item]) + rng.normal(0, 0.8, events)
    # a user is active for some weeks somewhere in the whole span
    begin, weeks = rng.integers(FIRST, LAST - 10**7, users), rng.integers(86_400, 10**7, users)
    time = begin[user] + (weeks[user] * rng.random(events)).astype(np.int64)
    order = np.argsort(time, kind="stable")
    return pa.table(
        {
            "user_id": user[order] + np.int32(1),
            "item_id": item[order] + np.int32(1),
            "rating": np.clip(np.rint(stars[order] * 2) / 2, 0.5, 5).astype(np.float32),
            "timestamp": time[order],
        }
    )


def _user_lengths(events: int, users: int, items: int, rng: np.random.Generator) -> np.ndarray:
    """Return how many events each user has, ``events`` in all: at least 20, few very many."""
    weight = (1 + np.arange(users)) ** -USER_POWER
    lengths = LEAST_OF_A_USER + (rng.permutation(weight) / weight.sum() * (events - LEAST_OF_A_USER * users)).astype(
        int
    )
    lengths = np.minimum(lengths, items // 4)
    while short := events - int(lengths.sum()):
        more = rng.choice(users, min(short, users), replace=False)
        lengths[more[lengths[more] < items // 4]] += 1
    return lengths


def _distinct_items(user: np.ndarray, users: int, items: int, rng: np.random.Generator) -> np.ndarray:
    """Return an item for each event: by popularity, and none twice for a user."""
    popularity = np.cumsum((10 + np.arange(items)) ** -ITEM_POWER)
    shuffled = rng.permutation(items).astype(np.int32)  # a popular item has any number

    def drawn(size: int) -> np.ndarray:
        return shuffled[np.searchsorted(popularity, rng.random(size) * popularity[-1])]

    item = drawn(len(user))
    base = user.astype(np.int64) * items
    again = np.arange(len(user))
    for _ in range(30):
        order = np.argsort(base + item, kind="stable")
        pair = (base + item)[order]
        again = order[1:][pair[1:] == pair[:-1]]
        if not len(again):
            return item
        item[again] = drawn(len(again))
    # who has most of the popular ones takes any
    for _ in range(1000):
        pair = base + item
        order = np.argsort(pair, kind="stable")
        again = order[1:][pair[order][1:] == pair[order][:-1]]
        if not len(again):
            return item
        item[again] = rng.integers(0, items, len(again), np.int32)
    raise ValueError("too many events for so few items")


def write_events(folder: Path, events: pa.Table, items: int, files: int, *, as_csv: bool) -> None:
    """Write interactions and items into a new folder, in the format that ``python -m bst prepare`` reads."""
    folder.mkdir(parents=True)
    table = pa.table(
        {
            "item_id": np.arange(1, items + 1),
            "title": [f"Title {number}" for number in range(1, items + 1)],
            "tags": [GENRES[number % TASTES] for number in range(items)],
        }
    )
    if as_csv:
        csv.write_csv(events, folder / "interactions.csv")
        csv.write_csv(table, folder / "items.csv")
        return
    (folder / "interactions").mkdir()
    parquet.write_table(table, folder / "items.parquet")
    ends = np.linspace(0, len(events), files + 1).astype(int)
    for number, (begin, end) in enumerate(zip(ends[:-1], ends[1:], strict=True)):
        parquet.write_table(events.slice(begin, end - begin), folder / "interactions" / f"{number:03d}.parquet")


def main() -> None:
    """Write the events."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="a new folder")
    parser.add_argument("--events", type=int, default=20_000_263)
    parser.add_argument("--users", type=int, default=138_493)
    parser.add_argument("--items", type=int, default=26_744)
    parser.add_argument("--files", type=int, default=16, help="how many Parquet files (16)")
    parser.add_argument("--csv", action="store_true", help="one CSV file instead of Parquet")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    events = draw_events(options.events, options.users, options.items, options.seed)
    write_events(options.folder, events, options.items, options.files, as_csv=options.csv)
    print(f"{len(events):,} events are in {options.folder}")


if __name__ == "__main__":
    main()
