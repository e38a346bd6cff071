"""What an evaluation found, and the JSON it is kept as.

``EvaluationRecord`` is written by training (``metrics.json``, the summary alone) and by ``measure``
(``evaluation.json``, everything), and is what the app, the report, the model card and the command line show. The JSON
has older names, such as "peers" and "lean", which bundles that were passed on rely on; they stand in this module alone
(``named``).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from bst.evaluation.codec import from_json, named, to_json

Json = dict[str, Any]
ErrorMetric = Literal["mae", "rmse"]
ListMetric = Literal["hr", "ndcg"]
Attribute = str  # a demographic attribute of the domain, "genre", "decade" or "fame"
GroupValue = str | int | None

VERSION = 1
# metrics of the next item's rank; all others are of ratings
RANK_METRICS = ("ndcg@10", "hr@10")
# metrics of which more is better; of all others less is better
HIGHER_IS_BETTER = frozenset({*RANK_METRICS})


@dataclass(frozen=True)
class Interval:
    """A value with its 95% interval. In JSON: ``[value, low, high]``."""

    value: float
    low: float
    high: float

    @property
    def sign(self) -> int:
        """1 if the whole interval is above 0, −1 if it is below 0, 0 if it includes 0."""
        return 1 if self.low > 0 else -1 if self.high < 0 else 0

    def to_json(self) -> list[float]:
        """Return ``[value, low, high]``."""
        return [self.value, self.low, self.high]

    @classmethod
    def from_json(cls, values: list[float]) -> "Interval":
        """Return what ``to_json`` gave."""
        value, low, high = (float(part) for part in values)
        return cls(value, low, high)


@dataclass(frozen=True)
class Metrics:
    """Metrics of one predictor on the test labels.

    ``values``: by key, as in ``presentation.vocabulary.METRICS``. ``by_history``: MAE after exactly that many earlier
    ratings, see ``metrics.by_history``. ``bounds``: the 95% interval of some of ``values``, as (low, high).
    """

    values: Mapping[str, float]
    by_history: Mapping[str, float] = field(default_factory=dict)
    bounds: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    def __contains__(self, key: str) -> bool:
        """Whether a metric was measured."""
        return key in self.values

    def __getitem__(self, key: str) -> float:
        """Return a metric. Raises ``KeyError`` for one that was not measured."""
        return self.values[key]

    @property
    def mae(self) -> float:
        """Mean absolute error in stars."""
        return self.values["mae"]

    def interval(self, key: str) -> Interval:
        """Return a metric with its interval. Raises ``KeyError`` for one without."""
        return Interval(self.values[key], *self.bounds[key])

    def to_json(self) -> Json:
        """Return plain values; the bounds stand elsewhere, see ``EvaluationRecord.to_dict``."""
        of_ranks = {key: value for key, value in self.values.items() if key in RANK_METRICS}
        plain: Json = {key: value for key, value in self.values.items() if key not in of_ranks}
        return plain | ({"mae_by_history": dict(self.by_history)} if self.by_history else {}) | of_ranks

    @classmethod
    def from_json(cls, values: Json, bounds: Mapping[str, list[float]] | None = None) -> "Metrics":
        """Return what ``to_json`` gave."""
        numbers = {key: float(value) for key, value in values.items() if key != "mae_by_history"}
        spans = {key: (low, high) for key, (low, high) in (bounds or {}).items() if key in numbers}
        return cls(numbers, dict(values.get("mae_by_history", {})), spans)


@dataclass(frozen=True)
class BaselineComparison:
    """A model against one baseline: its error less the baseline's, in stars (negative: the model is better).

    ``improvement``: the share by which the model's MAE is lower.
    """

    mae_difference: Interval = field(metadata=named("mae"))
    rmse_difference: Interval = field(metadata=named("rmse"))
    improvement: Interval = field(metadata=named("better"))

    def difference(self, metric: ErrorMetric) -> Interval:
        """Return the difference in one of the two errors."""
        return self.mae_difference if metric == "mae" else self.rmse_difference


@dataclass(frozen=True)
class HistoryBin:
    """The error on labels with ``first`` … ``last`` earlier ratings (None: no upper end); ``length`` names the bin.

    ``baselines``: MAE by baseline. ``gain``: the share by which the MAE is below that of item means on the same labels,
    None where those were not measured. Unlike the MAE, it hardly depends on which movies and users a bin has.
    """

    length: int
    first: int = field(metadata=named("from"))
    last: int | None = field(metadata=named("to"))
    labels: int
    users: int
    mae: Interval
    baselines: Mapping[str, Interval] = field(metadata=named("peers"))
    gain: Interval | None = None


@dataclass(frozen=True)
class CalibrationBin:
    """Labels whose prediction lies in [``low``, ``high``): the mean ``predicted`` and the mean ``actual``."""

    low: float = field(metadata=named("from"))
    high: float = field(metadata=named("to"))
    labels: int
    predicted: float
    actual: Interval


@dataclass(frozen=True)
class Calibration:
    """Bins of expected ratings, in stars, and of P(liked), which is empty for a model without probabilities."""

    expected: tuple[CalibrationBin, ...]
    liked: tuple[CalibrationBin, ...] = ()


@dataclass(frozen=True)
class RatingShares:
    """Shares of each rating level, which sum to 1.

    ``actual``: the ratings that were given; ``expected``: expected ratings, rounded to the nearest level;
    ``predicted``: the mean predicted distribution, None for a model without probabilities.
    """

    levels: tuple[float, ...]
    actual: tuple[float, ...]
    expected: tuple[float, ...]
    predicted: tuple[float, ...] | None = None


@dataclass(frozen=True)
class Slice:
    """The error on one group of users or movies, in stars.

    ``mae_difference``: MAE less that of all labels. ``signed_error``: mean of expected − actual; above 0 the model
    expects too much. ``baseline_difference``: ``mae_difference`` of the best baseline, which shows whether a group is
    harder to predict for any model. ``value`` is None for users whose attribute is unknown.
    """

    attribute: Attribute = field(metadata=named("part"))
    value: GroupValue
    labels: int
    users: int
    mae: Interval
    mae_difference: Interval = field(metadata=named("gap"))
    signed_error: Interval = field(metadata=named("lean"))
    baseline_difference: float | None = field(default=None, metadata=named("peer_gap"))


@dataclass(frozen=True)
class Fairness:
    """The largest difference of MAE between two groups of users, of the ``groups`` that one attribute has.

    ``mae_difference``: ``worst`` less ``best``. ``chance``: how often a random assignment of the same users to groups
    of the same sizes has a largest difference of at least that size. ``baseline_difference``: the difference of
    ``best_baseline`` between the same two groups.
    """

    attribute: Attribute = field(metadata=named("part"))
    worst: GroupValue
    best: GroupValue
    groups: int
    mae_difference: Interval = field(metadata=named("gap"))
    chance: float
    best_baseline: str | None = field(default=None, metadata=named("rival"))
    baseline_difference: float | None = field(default=None, metadata=named("peer_gap"))


@dataclass(frozen=True)
class RatingEvaluation:
    """How good predicted ratings are: what only a full evaluation measures.

    ``comparisons``: by baseline. ``known_after``: see ``history_length.known_after``. ``slices``: the largest
    difference first.
    """

    comparisons: Mapping[str, BaselineComparison] = field(metadata=named("versus"))
    by_history: tuple[HistoryBin, ...]
    known_after: int | None
    calibration: Calibration
    shares: RatingShares = field(metadata=named("stars"))
    slices: tuple[Slice, ...]
    fairness: tuple[Fairness, ...]


@dataclass(frozen=True)
class ListMetrics:
    """Metrics of the ranked lists of one order, by K; empty for what lists contain, where only ranks are known.

    ``popular``: the share of list entries that the most rated twentieth of the catalogue takes.
    """

    hr: Mapping[int, Interval]
    ndcg: Mapping[int, Interval]
    mrr: Interval
    coverage: Mapping[int, float] = field(default_factory=dict)
    novelty: Mapping[int, float] = field(default_factory=dict)
    popular: Mapping[int, float] = field(default_factory=dict)
    diversity: Mapping[int, float] = field(default_factory=dict)

    def accuracy(self, metric: ListMetric) -> Mapping[int, Interval]:
        """Return HR or NDCG by K."""
        return self.hr if metric == "hr" else self.ndcg

    def content(self, k: int) -> dict[str, float]:
        """Return what was measured of the contents of the first ``k`` entries, by the name of the metric."""
        found = ((name, getattr(self, name)) for name in ("coverage", "novelty", "diversity", "popular"))
        return {name: values[k] for name, values in found if k in values}


@dataclass(frozen=True)
class LabelMovies:
    """Novelty (bits) and the share of popular movies among those that were in fact rated next."""

    novelty: float
    popular: float


@dataclass(frozen=True)
class RankingEvaluation:
    """Ranked lists, by order, of ``users`` out of ``total_users`` test users."""

    users: int
    total_users: int = field(metadata=named("of"))
    orders: Mapping[str, ListMetrics]
    label_movies: LabelMovies = field(metadata=named("given"))


@dataclass(frozen=True)
class EvaluationRecord:
    """What was measured of a model on the test labels of its protocol.

    ``labels`` … ``tie_order`` are the summary that training ends with. ``gaps_unknown``: metrics with all time gaps
    unknown; ``as_visitor``: without the user ids; ``request_known``: of next-movie predictions that know when the movie
    was rated (protocol ``last-timed``); ``popularity``: of ranking by popularity. ``improvement_over_svd``:
    by exact history length, and for "all", MAE less that of SVD (negative: the model is better). ``rating`` and
    ``ranking`` are what a full evaluation adds, with the number of ``users``, the date it was ``made`` and how many
    ``seconds`` it took. What does not apply is None or empty.
    """

    labels: int
    metrics: Metrics
    baselines: Mapping[str, Metrics] = field(default_factory=dict)
    popularity: Metrics | None = None
    request_known: Metrics | None = None
    gaps_unknown: Metrics | None = None
    as_visitor: Metrics | None = None
    improvement_over_svd: Mapping[str, Interval] = field(default_factory=dict)
    protocol: str | None = None
    seed: int | None = None
    tie_order: str | None = None
    users: int | None = None
    rating: RatingEvaluation | None = None
    ranking: RankingEvaluation | None = None
    made: str | None = None
    seconds: float | None = None

    @property
    def best_baseline(self) -> str | None:
        """The baseline with the lowest MAE."""
        return min(self.baselines, key=lambda name: self.baselines[name].mae, default=None)

    @property
    def predictors(self) -> Iterator[Metrics]:
        """All that was measured on these labels: the model, the same under other conditions, baselines, popularity."""
        yield self.metrics
        yield from (part for part in (self.as_visitor, self.gaps_unknown, self.request_known, self.popularity) if part)
        yield from self.baselines.values()

    def to_dict(self) -> Json:
        """Return plain values, ready for JSON."""
        plain: Json = {
            "protocol": self.protocol,
            "seed": self.seed,
            "tie_order": self.tie_order,
            "labels": self.labels,
            "metrics": to_json(self.metrics),
            "as_visitor": to_json(self.as_visitor),
            "popularity": to_json(self.popularity),
            "request_known": to_json(self.request_known),
            "gaps_unknown": to_json(self.gaps_unknown),
            "peers": to_json(self.baselines) or None,
            "ahead_of_svd": to_json(self.improvement_over_svd) or None,
            "users": self.users,
        }
        plain = {name: value for name, value in plain.items() if value is not None}
        if self.rating:
            theirs = {name: to_json(metrics.bounds) for name, metrics in self.baselines.items()}
            plain |= {"intervals": {"ours": to_json(self.metrics.bounds), "peers": theirs}, **to_json(self.rating)}
        if self.ranking:
            plain["ranking"] = to_json(self.ranking)
        if self.made:
            plain |= {"version": VERSION, "made": self.made, "seconds": self.seconds}
        return plain

    @classmethod
    def from_dict(cls, values: Json) -> "EvaluationRecord":
        """Return what ``to_dict`` gave. Raises ``ValueError`` for anything that is incomplete or malformed."""
        try:
            return cls._from_dict(values)
        except (LookupError, TypeError, AttributeError, ValueError) as error:
            raise ValueError(f"incomplete or malformed record of an evaluation: {error!r}") from error

    @classmethod
    def _from_dict(cls, values: Json) -> "EvaluationRecord":
        bounds = values.get("intervals", {"ours": {}, "peers": {}})
        conditions: Json = {
            name: Metrics.from_json(values[name])
            for name in ("popularity", "request_known", "gaps_unknown", "as_visitor")
            if name in values
        }
        return cls(
            labels=from_json(int, values["labels"]),
            metrics=Metrics.from_json(values["metrics"], bounds["ours"]),
            baselines={
                name: Metrics.from_json(metrics, bounds["peers"].get(name))
                for name, metrics in values.get("peers", {}).items()
            },
            improvement_over_svd={
                length: Interval.from_json(part) for length, part in values.get("ahead_of_svd", {}).items()
            },
            rating=from_json(RatingEvaluation, values) if "intervals" in values else None,
            ranking=from_json(RankingEvaluation, values["ranking"]) if values.get("ranking") else None,
            **conditions,
            protocol=from_json(str | None, values.get("protocol")),
            seed=from_json(int | None, values.get("seed")),
            tie_order=from_json(str | None, values.get("tie_order")),
            users=from_json(int | None, values.get("users")),
            made=from_json(str | None, values.get("made")),
            seconds=from_json(float | None, values.get("seconds")),
        )
