"""The models of a server, and what requests mean to them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from bst import datasets
from bst.bundles.bundle import Bundle, open_bundle
from bst.domain import KnownDemographics
from bst.errors import BundleError, VisitorError
from bst.explanation.answer import explanation_as_json
from bst.explanation.sentences import explain
from bst.inference import engines
from bst.inference.ranking import Filters, RankOptions
from bst.inference.recommender import Recommender
from bst.schema import Event, Visitor
from bst.serving.limits import Limits
from bst.serving.refusals import NOT_FOUND, UNPROCESSABLE, Refusal
from bst.serving.schemas import EventBody, ExplainBody, ItemReference, PredictBody, RecommendBody, VisitorBody
from bst.text import quoted, shorten
from bst.visitors.export import as_json, predictions_as_json

Json = dict[str, Any]


def check(names: Sequence[str]) -> list[Bundle]:
    """Return the bundles of these names or folders, having looked whether they can be served.

    Raises ``BundleError`` for one that is missing or damaged, whose dataset does not fit, or that predicts no ratings,
    and for two of one name; ``DatasetError`` where the movies of a dataset are not here: a bundle holds no titles.
    """
    bundles = [open_bundle(name) for name in names]
    for bundle in bundles:
        engines.check_ratings(bundle)
        bundle.check_movies(datasets.load_movies(bundle.dataset))
        if sum(other.name == bundle.name for other in bundles) > 1:
            raise BundleError(f"two bundles are called {bundle.name}; give each once, or rename a folder")
    return bundles


class ServedModel:
    """One model of a server. Methods raise ``VisitorError`` for a visitor or an item that the dataset does not have."""

    def __init__(self, recommender: Recommender, limits: Limits):
        self.recommender, self.limits = recommender, limits

    @classmethod
    def load(cls, bundle: str | Path | Bundle, limits: Limits) -> "ServedModel":
        """Load a model, and let it answer once. Errors as ``Recommender.load``.

        With this process's engine, as a server must not ask a server.
        """
        recommender = Recommender.load(bundle, engine=engines.local())
        for order in recommender.orders:
            recommender.rank(Visitor(), 1, RankOptions(order=order))
        # what lists share, once for all of them
        _ = recommender.embeddings, recommender.known_rating_counts
        return cls(recommender, limits)

    @cached_property
    def predicts_distribution(self) -> bool:
        """Whether it predicts the probability of each rating."""
        return self.recommender.rank(Visitor(), 1)[0].distribution is not None

    @property
    def name(self) -> str:
        """The name by which requests choose it."""
        return self.recommender.bundle.name

    @property
    def version(self) -> str:
        """The fingerprint of its weights."""
        return self.recommender.bundle.weights_sha256

    # ---- what requests mean

    def visitor(self, body: VisitorBody) -> Visitor:
        """Return the visitor of a request."""
        _at_most("the history", len(body.history), self.limits.history)
        _at_most("seen", len(body.seen), self.limits.seen)
        history = tuple(self._event(event, number) for number, event in enumerate(body.history, start=1))
        known = KnownDemographics(body.demographics)
        self.recommender.domain.check(known)
        return Visitor(known, history, frozenset(self.item(item) for item in body.seen))

    def item(self, reference: ItemReference) -> int:
        """Return the id of an item that is named by id or title."""
        catalogue = self.recommender.catalogue
        if isinstance(reference, str):
            return catalogue.find(reference)
        catalogue.row(reference)
        return reference

    def _event(self, event: EventBody, number: int) -> Event:
        if (event.item_id is None) == (event.title is None):
            raise VisitorError(f"event {number} of the history needs an item_id or a title, one of them")
        reference = event.title if event.item_id is None else event.item_id
        assert reference is not None
        item_id = self.item(reference)
        levels, rating = self.recommender.bundle.levels, event.rating
        if rating is None:
            if len(levels) > 1:
                title = self.recommender.catalogue.title(item_id)
                raise VisitorError(
                    f"event {number} of the history, {title}, has no rating; give one, or list it under seen"
                )
            rating = levels[0]
        return Event(item_id, rating, event.timestamp)

    def _candidates(self, references: Sequence[ItemReference]) -> tuple[int, ...]:
        _at_most("candidates", len(references), self.limits.candidates)
        return tuple(self.item(item) for item in references)

    def rank_options(self, body: RecommendBody) -> RankOptions:
        """Return how the list of a request is ranked."""
        _at_most("k", body.k, self.limits.k)
        if body.years and body.years[0] > body.years[1]:
            raise VisitorError(f"years {body.years[0]}-{body.years[1]}: the first year is after the last")
        candidates = None if body.candidates is None else self._candidates(body.candidates)
        filters = Filters(tuple(body.genres), body.years, body.include_seen, body.popularity, candidates)
        order = body.order or self.recommender.orders[0]
        return RankOptions(filters, order, body.weight, body.diversity, body.popularity_weight)

    # ---- answers: what the command line prints

    def recommend(self, questions: Sequence["ListQuestion"]) -> list[Json]:
        """Return the lists of several questions with the same options and length."""
        first = questions[0]
        visitors = [question.visitor for question in questions]
        lists = self.recommender.rank_together(visitors, first.k, first.options)
        return [
            as_json(self.name, self.recommender.catalogue, visitor, rows, first.options)
            for visitor, rows in zip(visitors, lists, strict=True)
        ]

    def predict(self, body: PredictBody) -> Json:
        """Return what is predicted of some items."""
        visitor, candidates = self.visitor(body.visitor), self._candidates(body.candidates)
        rows = [self.recommender.recommendation(visitor, item_id) for item_id in candidates]
        return predictions_as_json(self.name, self.recommender.catalogue, visitor, rows)

    def explain(self, body: ExplainBody) -> Json:
        """Return why a rating is expected of an item."""
        visitor, item_id = self.visitor(body.visitor), self.item(body.candidate)
        return explanation_as_json(self.recommender, explain(self.recommender, visitor, item_id))


@dataclass(frozen=True)
class ListQuestion:
    """A list that is asked for. Those with equal ``options`` and ``k`` can be answered together."""

    model: ServedModel
    visitor: Visitor
    k: int
    options: RankOptions

    @property
    def kind(self) -> tuple[str, int, RankOptions]:
        """What those have in common that can be answered together."""
        return self.model.name, self.k, self.options


class ServedModels:
    """All models of a server."""

    def __init__(self, models: Sequence[ServedModel]):
        self._by_name = {model.name: model for model in models}

    @property
    def names(self) -> list[str]:
        """The names of all models."""
        return list(self._by_name)

    def get(self, name: str | None) -> ServedModel:
        """Return a model by name; without one, the only one. Raises ``Refusal``."""
        if name is None:
            if len(self._by_name) == 1:
                return next(iter(self._by_name.values()))
            raise Refusal(UNPROCESSABLE, f"bundle is missing; choose one of: {', '.join(self.names)}")
        if name not in self._by_name:
            served = shorten(", ".join(self.names))
            raise Refusal(NOT_FOUND, f"this server has no bundle {quoted(name)}; it has: {served}")
        return self._by_name[name]


def _at_most(what: str, number: int, most: int) -> None:
    if number > most:
        raise Refusal(UNPROCESSABLE, f"{what} may be at most {most:,} here, not {number:,}")
