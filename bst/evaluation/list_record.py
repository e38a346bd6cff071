"""What protocol ``list`` found, and the JSON it is kept as (``lists.json`` in a bundle's folder)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bst.evaluation.codec import from_json, to_json
from bst.evaluation.records import CalibrationBin, Interval, Json

PROTOCOL = "list"
PROTOCOL_MEANING = (
    "of each test user of “visitor” the first 1, 5, 10, 20 or 50 ratings are known, without times; whole lists are "
    "measured against all movies that the user likes later"
)
VERSION = 1
# the metric that lists are compared by
MAIN = "precision@10"
# metrics that are means over lists, or ratios of two sums over them; ``distinct`` is a count and has no interval
VALUE_KEYS = (
    MAIN,
    "ndcg@10",
    "recall@50",
    "stars",
    "top_share",
    "novelty",
    "diversity",
    "calibration",
)


@dataclass(frozen=True)
class ListQuality:
    """Metrics of the lists of one order or rival for ``users`` users, each of whom gets one list.

    ``values``: by the names of ``VALUE_KEYS``, without those that are not defined for any user. ``distinct``: how many
    titles the first ten of all lists have together. ``differences``: what our default order has less what these lists
    have, on the same users; empty for that order itself.
    """

    users: int
    distinct: int
    values: Mapping[str, Interval]
    differences: Mapping[str, Interval] = field(default_factory=dict)

    @property
    def precision(self) -> Interval:
        """Precision@10: the share of the first ten movies that were liked later."""
        return self.values[MAIN]

    @property
    def difference(self) -> Interval | None:
        """By how much precision@10 of our default order is higher; None for that order itself."""
        return self.differences.get(MAIN)

    def to_json(self) -> Json:
        """Return plain values: metrics first, each with its interval; ``difference`` is that of precision@10."""
        plain: Json = {**to_json(self.values), "distinct": self.distinct, "users": self.users}
        if self.difference:
            plain |= {"difference": to_json(self.difference), "differences": to_json(self.differences)}
        return plain

    @classmethod
    def from_json(cls, values: Json) -> "ListQuality":
        """Return what ``to_json`` gave."""
        return cls(
            users=from_json(int, values["users"]),
            distinct=from_json(int, values["distinct"]),
            values={name: Interval.from_json(values[name]) for name in VALUE_KEYS if name in values},
            differences=from_json(Mapping[str, Interval], values.get("differences", {})),
        )


# by how many events are known
ByLength = Mapping[int, ListQuality]


@dataclass(frozen=True)
class CurvePoint:
    """Lists of order "like" at one ``RankOptions.popularity_weight``, stored as ``fame``: 1 as predicted, 0 without."""

    fame: float
    precision: Interval
    distinct: int


@dataclass(frozen=True)
class ListRecord:
    """Lists for users whom the model has never seen, of whom the first n events are known: labels are all later likes.

    ``users``: how many test users were looked at; those with fewer than ten ratings after n are left out there.
    ``default``: our order that the rivals are compared with. ``settings``: what was chosen for each rival on validation
    users, in words. ``left_out``: why a rival was not measured. ``curve`` and ``chances``, bins of the predicted chance
    that an unseen movie will be liked: by n, empty for a model without order "like".
    """

    seed: int
    users: int
    default: str
    orders: Mapping[str, ByLength]
    rivals: Mapping[str, ByLength]
    settings: Mapping[str, str] = field(default_factory=dict)
    left_out: Mapping[str, str] = field(default_factory=dict)
    curve: Mapping[int, tuple[CurvePoint, ...]] = field(default_factory=dict)
    chances: Mapping[int, tuple[CalibrationBin, ...]] = field(default_factory=dict)
    made: str = ""
    seconds: float = 0.0

    @property
    def ours(self) -> ByLength:
        """The lists of the default order."""
        return self.orders[self.default]

    def best_rival(self, events: int) -> str | None:
        """Return the rival with the highest precision@10 when that many events are known."""
        measured = {name: quality[events] for name, quality in self.rivals.items() if events in quality}
        return max(measured, key=lambda name: measured[name].precision.value, default=None)

    def to_dict(self) -> Json:
        """Return plain values, ready for JSON. ``metrics`` are those of the default order."""
        plain: dict[str, Any] = to_json(self)
        return {
            "protocol": PROTOCOL,
            "version": VERSION,
            "users": self.users,
            "seed": self.seed,
            "default": self.default,
            "metrics": plain["orders"][self.default],
            **plain,
        }

    @classmethod
    def from_dict(cls, values: Json) -> "ListRecord":
        """Return what ``to_dict`` gave. Raises ``ValueError`` for anything that is incomplete or malformed."""
        try:
            record = from_json(cls, values)
            _ = record.ours
        except (LookupError, TypeError, AttributeError, ValueError) as error:
            raise ValueError(f"incomplete or malformed record of lists: {error!r}") from error
        return record
