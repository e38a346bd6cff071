"""A part of a store as a dataset in memory: whole users, so that their timelines are complete."""

import numpy as np
import pandas as pd
import pyarrow as pa

from bst.errors import ConfigError
from bst.schema import Dataset
from bst.store.reading import Store
from bst.store.tables import movie_frame


def sample(store: Store, events: int, seed: int = 0) -> Dataset:
    """Return users drawn at random with all of their events, ``events`` of them at most, as a dataset.

    Its users are renumbered and keep their ``user_id``; users and ratings are in the order of the store's user rows and
    of each timeline. Its movies are **all** items of the store, in their order: factors that are fitted on it are rows
    of the whole catalogue. Reads as many shards as it needs, in random order; memory follows ``events`` and the largest
    shard. Of a store with fewer events it returns all.

    Raises ``ConfigError`` where not even one user fits.
    """
    rng = np.random.default_rng([seed, 7])
    taken: list[pa.Table] = []
    left = events
    for index in rng.permutation(len(store)):
        shard = store.shard(int(index))
        kept = shard if len(shard) <= left else _some_users(shard, left, rng)
        taken.append(kept)
        left -= len(kept)
        if len(kept) < len(shard):
            break
    if not sum(map(len, taken)):
        raise ConfigError(f"no user has so few events that {events:,} hold one: take a larger sample")
    return as_dataset(store, pa.concat_tables(taken))


def as_dataset(store: Store, events: pa.Table) -> Dataset:
    """Return events of a store, whole users, as a dataset whose users are these alone, in the order of their rows.

    The ratings' order is that of user, time and row: ``build_timelines`` finds each timeline as the store has it.
    """
    manifest = store.manifest
    columns = {name: events.column(name).to_numpy() for name in ("user", "item", "level", "timestamp")}
    # each shard is sorted, and a user is in one shard
    order = np.argsort(columns["user"], kind="stable")
    rows, user = np.unique(columns["user"][order], return_inverse=True)
    ratings = pd.DataFrame(
        {
            "user": user.astype(np.int32),
            "movie": columns["item"][order],
            "rating": np.asarray(manifest.levels, np.float32)[columns["level"][order]],
            "timestamp": columns["timestamp"][order],
        }
    )
    return Dataset(
        name=manifest.name,
        title=manifest.title,
        users=store.users.iloc[rows].reset_index(drop=True),
        movies=movie_frame(store.items),
        ratings=ratings,
        levels=manifest.levels,
        simulated=manifest.simulated,
        # where ties were drawn once, their rows are that order
        tie_order="drawn" if manifest.tie_order == "drawn" else "file",
        has_times=manifest.has_times,
        notes=manifest.notes,
        domain=store.domain,
    )


def _some_users(shard: pa.Table, events: int, rng: np.random.Generator) -> pa.Table:
    """Return random users of a shard with ``events`` events at most, in the shard's order."""
    user = shard.column("user").to_numpy()
    first = np.flatnonzero(np.r_[True, user[1:] != user[:-1]])
    lengths = np.diff(np.append(first, len(user)))
    drawn = rng.permutation(len(lengths))
    kept = drawn[np.cumsum(lengths[drawn]) <= events]
    mask = np.zeros(len(lengths), bool)
    mask[kept] = True
    return shard.filter(pa.array(np.repeat(mask, lengths)))
