"""Protocol ``list``: the lists of a bundle and of simple recommenders, against all that held-out users like later.

The held-out users are the test users of protocol ``visitor``. The first n = 1, 5, 10, 20, 50 of their events are known,
without times, as in the app; all later events are labels, and known movies are not candidates. ``measure`` makes and
measures the lists, ``keep`` writes the result, ``read`` opens it again without TensorFlow.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

import numpy as np

from bst.bundles import sidecars
from bst.bundles.bundle import Bundle
from bst.errors import BundleError, ConfigError
from bst.evaluation.later_likes import LENGTHS, LONG, Catalogue, LaterLikes, MeasuredLists
from bst.evaluation.like_calibration import LikeChances
from bst.evaluation.list_record import PROTOCOL, VERSION, ByLength, CurvePoint, ListRecord
from bst.evaluation.rivals import rival_lists, users_of
from bst.inference.ranking import RankOptions
from bst.inference.recommender import Recommender
from bst.metrics import LIKED, Bootstrap
from bst.models.registry import family_of
from bst.timelines.splits import TEST, EvaluationSplit

NAME = "lists"
# the protocol whose held-out users are asked
HELD_OUT = "visitor"
# the order that has a curve, and the settings of ``RankOptions.popularity_weight`` on it
CURVE_ORDER: Literal["like"] = "like"
POPULARITY_WEIGHTS = (0.0, 0.25, 0.5, 0.75, 1.0)
OnProgress = Callable[[float, str], None]
# lists of rows of the catalogue by number of known events: (users, ``LONG``), −1 where a list is shorter
Lists = dict[int, np.ndarray]


def check_unseen(bundle: Bundle) -> None:
    """Raise ``ConfigError`` for a bundle that was trained on the users whose lists would be measured."""
    if bundle.protocol == HELD_OUT:
        return
    raise ConfigError(
        f"protocol {PROTOCOL} asks for lists for users whom a model has never seen; bundle {bundle.name} was trained "
        f"on all users, under protocol {bundle.protocol}. Train with: python -m bst train --dataset {bundle.dataset}"
        f" --preset {bundle.config.preset} --protocol {HELD_OUT}"
    )


def measure(
    bundle: Bundle,
    split: EvaluationSplit,
    on_progress: OnProgress = lambda share, text: None,
    users: int | None = None,
) -> ListRecord:
    """Measure the lists of a bundle for the test users of its own split (``measure.own_split``).

    ``users``: only this many, the first in the order of ``default_rng(seed).permutation``; all if None, but at most the
    family's ``evaluation_users``. ``on_progress`` gets the share that is done and what comes next, in words; to stop,
    it may raise an error of its own.

    Raises ``ConfigError`` for a bundle that was not trained under ``visitor`` or if no user has a label,
    ``BundleError`` for one that recommends nothing.
    """
    check_unseen(bundle)
    began = time.monotonic()
    on_progress(0.01, "loading the model")
    recommender = Recommender.load(bundle, split.dataset)
    asked = test_users(split)[: users or family_of(bundle.config).evaluation_users]
    labels = {events: LaterLikes.of(split, asked, events) for events in LENGTHS}
    labels = {events: later for events, later in labels.items() if len(later)}
    if not labels:
        raise ConfigError(f"none of {len(asked)} test users likes a movie after the first: there is nothing to measure")
    made = rival_lists(split, labels, lambda share, text: on_progress(0.05 + 0.55 * share, text))
    ours = _own_lists(recommender, labels, lambda share, text: on_progress(0.6 + 0.37 * share, text))
    on_progress(0.97, "computing intervals")
    measured = _Measured.of(labels, ours.orders[recommender.orders[0]])
    record = ListRecord(
        seed=bundle.seed,
        users=len(asked),
        default=recommender.orders[0],
        orders={order: measured.qualities(lists) for order, lists in ours.orders.items()},
        rivals={name: measured.qualities(lists) for name, lists in made.lists.items()},
        settings=made.settings,
        left_out=made.left_out,
        curve=measured.curve(ours.by_weight),
        chances={events: chances.bins() for events, chances in ours.chances.items()},
        made=datetime.now(UTC).strftime("%Y-%m-%d"),
        seconds=round(time.monotonic() - began, 1),
    )
    on_progress(1.0, "done")
    return record


def test_users(split: EvaluationSplit) -> np.ndarray:
    """Return the test users in the order in which they were drawn: rows of the dataset, int64."""
    order = np.random.default_rng(split.seed).permutation(len(split.dataset.users))
    return order[np.isin(order, users_of(split, TEST))]


@dataclass
class _OwnLists:
    """Lists by order, and of ``CURVE_ORDER`` by popularity weight; predicted chances by number of known events."""

    orders: dict[str, Lists] = field(default_factory=dict)
    by_weight: dict[float, Lists] = field(default_factory=dict)
    chances: dict[int, LikeChances] = field(default_factory=dict)


def _own_lists(recommender: Recommender, labels: Mapping[int, LaterLikes], on_progress: OnProgress) -> _OwnLists:
    """Return the first ``LONG`` of each of the model's lists for the users of ``labels``."""
    made = _OwnLists()
    wanted = [(made.orders.setdefault(order, {}), RankOptions(order=order)) for order in recommender.orders]
    wanted += [
        (made.by_weight.setdefault(weight, {}), options) for weight, options in _weight_options(recommender).items()
    ]
    ids = recommender.catalogue.movies["movie_id"].to_numpy()
    total, done = sum(map(len, labels.values())), 0
    for events, later in labels.items():
        for lists, _ in wanted:
            lists[events] = np.full((len(later), LONG), -1)
        for row, visitor in enumerate(later.visitors(ids)):
            on_progress(done / total, f"making lists for {total:,} histories")
            for lists, options in wanted:  # of predictions that are made once
                rows = recommender.ranked_rows(visitor, options, LONG)
                lists[events][row, : len(rows)] = rows
            predictions = recommender.predict(visitor)
            if predictions.like_logit is not None and (will_like := predictions.will_like) is not None:
                unseen = np.isfinite(predictions.like_logit)
                liked = later.stars[[row]].toarray()[0] >= LIKED
                made.chances.setdefault(events, LikeChances()).add(will_like[unseen], liked[unseen])
            done += 1
    return made


def _weight_options(recommender: Recommender) -> dict[float, RankOptions]:
    """Return the options of each point of the curve; none for a model without that order."""
    if CURVE_ORDER not in recommender.orders:
        return {}
    return {weight: RankOptions(order=CURVE_ORDER, popularity_weight=weight) for weight in POPULARITY_WEIGHTS}


@dataclass(frozen=True)
class _Measured:
    """The labels with what everything is compared with: ``lists`` of the default order, by number of known events."""

    labels: Mapping[int, LaterLikes]
    lists: Lists
    catalogue: Catalogue
    bootstraps: Mapping[int, Bootstrap]
    default: Mapping[int, MeasuredLists]

    @classmethod
    def of(cls, labels: Mapping[int, LaterLikes], default: Lists) -> "_Measured":
        catalogue = Catalogue.of(next(iter(labels.values())).split)
        return cls(
            labels,
            default,
            catalogue,
            {events: Bootstrap(np.arange(len(later))) for events, later in labels.items()},
            {events: MeasuredLists.of(default[events], later, catalogue) for events, later in labels.items()},
        )

    def qualities(self, lists: Lists) -> ByLength:
        """Return the metrics of lists, and the differences of the default order, unless it is this one."""
        found = {}
        for events, later in self.labels.items():
            ours = None if lists is self.lists else self.default[events]
            measured = MeasuredLists.of(lists[events], later, self.catalogue)
            found[events] = measured.quality(self.bootstraps[events], ours)
        return found

    def curve(self, by_weight: Mapping[float, Lists]) -> dict[int, tuple[CurvePoint, ...]]:
        """Return the points of the curve by number of known events."""
        qualities = {weight: self.qualities(lists) for weight, lists in by_weight.items()}
        return {
            events: tuple(
                CurvePoint(weight, quality[events].precision, quality[events].distinct)
                for weight, quality in qualities.items()
            )
            for events in (self.labels if by_weight else ())
        }


def keep(bundle: Bundle, record: ListRecord) -> str | None:
    """Keep the record with the bundle. Returns a message if it could not be written, None if it was."""
    try:
        sidecars.save(bundle, NAME, record.to_dict())
    except BundleError as error:
        return f"not kept: {error}"
    return None


def read(bundle: Bundle) -> ListRecord | None:
    """Return the record that was kept with a bundle, None if there is none of this version. Quick."""
    return sidecars.read_record(bundle, NAME, VERSION, ListRecord.from_dict)
