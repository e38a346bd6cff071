"""What must be known of all interactions before they can be divided: users, rating levels, counts, range of times."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from bst.datasets.tie_order import MIN_TIES, SORTED_SHARE
from bst.errors import DatasetError
from bst.preparation.parts import Part
from bst.preparation.reading import BATCH_ROWS, IdTypes, place, read_part
from bst.schema import HALF_STARS, WHOLE_STARS
from bst.text import quoted

# a model has an output for each level: more are no scale, but measurements
MOST_LEVELS = 100
# what the levels are where there are no ratings: one, which every event has
UNRATED = (1.0,)


@dataclass(frozen=True)
class Survey:
    """What one part has, or several: ``rows``, one number for each part; all different ``users`` and ``ratings``;
    the range of the times; and, of neighbouring rows of one user (``neighbours``, and ``ties`` if the time is the same
    too), how many ascend by item.
    """

    rows: tuple[int, ...]
    users: pa.Array
    ratings: pa.Array
    first: int
    last: int
    neighbours: tuple[int, int] = (0, 0)
    ties: tuple[int, int] = (0, 0)

    @property
    def events(self) -> int:
        """How many interactions there are."""
        return sum(self.rows)

    @property
    def is_numbered(self) -> bool:
        """Whether the order of the rows of one user is that of the item ids, which says nothing of what came first."""
        return any(
            pairs >= least and max(ascending, pairs - ascending) >= SORTED_SHARE * pairs
            for (pairs, ascending), least in ((self.neighbours, MIN_TIES), (self.ties, MIN_TIES))
        )

    def levels(self) -> tuple[float, ...]:
        """Return the rating levels: MovieLens' stars where all ratings are among them, else the different ratings.

        Raises ``DatasetError`` for too many.
        """
        if not len(self.ratings):
            return UNRATED
        found = sorted(self.ratings.to_pylist())
        if len(found) > MOST_LEVELS:
            raise DatasetError(
                f"the ratings have more than {MOST_LEVELS} different values, {found[1]:g} and {found[2]:g} say: "
                "round them to a scale, or leave the column out"
            )
        for scale in (WHOLE_STARS, HALF_STARS):
            if set(found) <= set(scale):
                return scale
        return tuple(found)


def survey_part(part: Part, types: IdTypes, items: pa.Array) -> Survey:
    """Return the survey of one part.

    Raises ``DatasetError`` for a value that cannot be, or an item that is not in ``items``.
    """
    total = merge((_survey(batch, part, items, row) for row, batch in _with_rows(part, types)), types)
    return replace(total, rows=(total.events,))


def merge(surveys: Iterable[Survey], types: IdTypes) -> Survey:
    """Return the survey of all, in their order."""
    total = Survey(
        (),
        pa.array([], types.arrow("user_id")),
        pa.array([], pa.float64()),
        np.iinfo(np.int64).max,
        np.iinfo(np.int64).min,
    )
    waiting: list[pa.Array] = []
    for each in surveys:
        waiting.append(each.users)
        total = Survey(
            total.rows + each.rows,
            total.users,
            _few(pc.unique(pa.concat_arrays([total.ratings, each.ratings]))),
            min(total.first, each.first),
            max(total.last, each.last),
            (total.neighbours[0] + each.neighbours[0], total.neighbours[1] + each.neighbours[1]),
            (total.ties[0] + each.ties[0], total.ties[1] + each.ties[1]),
        )
        # not each time, which would take the square of the users
        if sum(map(len, waiting)) > len(total.users) + BATCH_ROWS:
            total, waiting = replace(total, users=_union(total.users, waiting)), []
    return replace(total, users=_union(total.users, waiting))


def _union(users: pa.Array, others: list[pa.Array]) -> pa.Array:
    return pc.unique(pa.concat_arrays([users, *others]))


def _with_rows(part: Part, types: IdTypes) -> Iterator[tuple[int, pa.RecordBatch]]:
    row = part.first_row
    for batch in read_part(part, types):
        if len(batch):
            yield row, batch
        row += len(batch)


def _survey(batch: pa.RecordBatch, part: Part, items: pa.Array, first_row: int) -> Survey:
    user, item, time = (batch.column(name) for name in ("user_id", "item_id", "timestamp"))
    unique = pc.unique(item)
    known = pc.is_in(unique, items)
    if not pc.all(known).as_py():
        unknown = unique.filter(pc.invert(known))
        at = int(np.argmax(pc.is_in(item, unknown).to_numpy(zero_copy_only=False)))
        raise DatasetError(
            f"{place(part.path, first_row + at)}: item {quoted(item[at].as_py())} is not in items. "
            "Add it to items or drop the row."
        )
    ratings = _few(pc.unique(batch.column("rating"))) if "rating" in batch.schema.names else pa.array([], pa.float64())
    same = pc.equal(user[1:], user[:-1]).to_numpy(zero_copy_only=False)
    tied = same & pc.equal(time[1:], time[:-1]).to_numpy(zero_copy_only=False)
    ascends = pc.greater(item[1:], item[:-1]).to_numpy(zero_copy_only=False)
    return Survey(
        (len(batch),),
        pc.unique(user),
        ratings,
        pc.min(time).as_py(),
        pc.max(time).as_py(),
        (int(same.sum()), int((same & ascends).sum())),
        (int(tied.sum()), int((tied & ascends).sum())),
    )


def _few(ratings: pa.Array) -> pa.Array:
    """Keep a few more ratings than there may be: enough to see that there are too many."""
    return ratings[: MOST_LEVELS + 1]
