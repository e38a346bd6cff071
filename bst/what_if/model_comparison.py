"""Two models side by side for one visitor: which movies both list, and about which they disagree most."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from bst.domain import MOVIES, Domain
from bst.errors import BundleError
from bst.explanation.leave_one_out import event_effects
from bst.inference.ranking import Order, RankOptions, ranks_of
from bst.inference.recommender import Recommendation, Recommender
from bst.schema import Event, Visitor
from bst.wording import reword

# a smaller effect of an event, in stars, is no reason
LEAST_EFFECT = 0.05


@dataclass(frozen=True)
class ModelComparison:
    """The first ``k`` movies of two models' lists for one visitor, and what both expect of the whole catalogue.

    ``first`` and ``second``: the lists, ``first_order`` and ``second_order`` what they are ordered by. ``catalogue``:
    one row for each movie that either would list, were the lists of any length: ``movie_id``, ``title``; ``rank_a`` and
    ``rank_b`` (Int64); ``expected_a`` and ``expected_b`` stars. "a" is the first model.
    """

    k: int
    first_order: Order
    second_order: Order
    first: list[Recommendation]
    second: list[Recommendation]
    catalogue: pd.DataFrame = field(repr=False)

    @property
    def same_order(self) -> bool:
        """Whether both lists are ordered by the same."""
        return self.first_order == self.second_order

    @property
    def shared(self) -> list[int]:
        """The ids of the movies that both list, in the order of the first list."""
        there = {row.movie_id for row in self.second}
        return [row.movie_id for row in self.first if row.movie_id in there]

    @property
    def listed(self) -> pd.DataFrame:
        """The rows of ``catalogue`` that are among the first ``k`` of either list, in the order of the second."""
        among = (self.catalogue[["rank_a", "rank_b"]] <= self.k).any(axis=1)
        return self.catalogue[among].sort_values(["rank_b", "rank_a"], ignore_index=True)

    @property
    def mean_distance(self) -> float:
        """By how many stars the two are apart, on average over the catalogue; 0 if it is empty."""
        apart = (self.catalogue["expected_a"] - self.catalogue["expected_b"]).abs()
        return float(apart.mean()) if len(apart) else 0.0

    def disagreements(self, k: int = 10) -> pd.DataFrame:
        """Return the ``k`` movies of whose rating the models expect the most different, the largest difference first.

        Columns ``movie_id``, ``title``, ``a``, ``b`` (stars) and ``difference``, b − a.
        """
        rows = self.catalogue[["movie_id", "title"]].assign(
            a=self.catalogue["expected_a"], b=self.catalogue["expected_b"]
        )
        rows["difference"] = rows["b"] - rows["a"]
        order = np.argsort(-rows["difference"].abs().to_numpy(), kind="stable")
        return rows.iloc[order[:k]].reset_index(drop=True)

    def describe(self, domain: Domain = MOVIES) -> str:
        """Return the result in one sentence or two, without a full stop at the end, in the words of ``domain``."""
        if not (self.first and self.second):
            return reword("There is no movie left to recommend", domain)
        number, shared = len(self.first), len(self.shared)
        on_both = {0: "none is", 1: "1 is", number: "all are"}.get(shared, f"{shared} are")
        sentence = f"Of the {number} movies that each model lists, {on_both} on both lists"
        if number == 1:
            sentence = "Both list the same movie" if shared else "Each lists another movie"
        row = self.disagreements(1).iloc[0]
        apart = f"{row['a']:.1f} ★ against {row['b']:.1f} ★"
        return f"{reword(sentence, domain)}. They differ most about {row['title']}: {apart}"


@dataclass(frozen=True)
class Reason:
    """The event without which a model's expected rating of a movie would change most; ``effect``: what it adds, in
    stars, below 0 if it lowers the rating.
    """

    event: Event
    effect: float


def compare_models(
    first: Recommender, second: Recommender, visitor: Visitor, k: int = 10, options: RankOptions | None = None
) -> ModelComparison:
    """Compare what two models of the same dataset recommend to a visitor.

    ``options``: how both lists are ranked; the first model's default if None. A model that does not support its order
    ranks by its own default instead. Errors as in ``Recommender.rank``, and ``BundleError`` for models of other movies.
    """
    if first.bundle.movies_fingerprint != second.bundle.movies_fingerprint:
        raise BundleError(
            f"{first.bundle.name} and {second.bundle.name} were trained on different movies, so their lists cannot be "
            "compared; choose two models of the same dataset"
        )
    options = options or first.default_options
    by_model = [options if options.order in model.orders else _own_order(model, options) for model in (first, second)]
    frame = first.catalogue.movies[["movie_id", "title"]].copy()
    lists: list[list[Recommendation]] = []
    for side, model, own in zip("ab", (first, second), by_model, strict=True):
        lists.append(model.rank(visitor, k, own))
        ranks = ranks_of(model.ranked_rows(visitor, own), len(frame))
        frame[f"rank_{side}"] = pd.array(ranks, "Int64")
        frame[f"expected_{side}"] = model.predict(visitor).expected.astype(np.float64)
    # the filters are the same for both, so that a movie is in both lists or in none
    catalogue = frame[frame["rank_a"] > 0].reset_index(drop=True)
    return ModelComparison(k, by_model[0].order, by_model[1].order, lists[0], lists[1], catalogue)


def _own_order(model: Recommender, options: RankOptions) -> RankOptions:
    return replace(options, order=model.orders[0])


def strongest_reason(recommender: Recommender, visitor: Visitor, movie_id: int) -> Reason | None:
    """Return the event that moves a model's expected rating of a movie most, up or down.

    None without a history, or where no event moves it by ``LEAST_EFFECT`` stars.
    """
    events: Sequence[Event] = recommender.read_events(visitor)
    if not events:
        return None
    effects = event_effects(recommender, visitor, [movie_id])[0]
    strongest = int(np.abs(effects).argmax())
    effect = float(effects[strongest])
    return Reason(events[strongest], effect) if abs(effect) >= LEAST_EFFECT else None
