"""Insights as a typed record: what a model's explanations are worth over many visitors, and its JSON.

Lists of visitors never appear in it: movies stand in it by id, everything else is an aggregate over the sample.
"""

from dataclasses import dataclass, field
from typing import Any, Literal

from bst.evaluation.codec import from_json, named, to_json
from bst.explanation.embedding_map import EmbeddingMap
from bst.explanation.fidelity_record import CounterfactualQuality, Fidelity, PlantedPrecision

FORMAT = 2
# had no fidelity and no counterfactuals, and planted causes of another kind, which are not read any more
WITHOUT_FIDELITY = 1
By = Literal["attention", "influence"]


@dataclass(frozen=True)
class Spread:
    """How a rank correlation is spread over visitors.

    ``visitors`` for whom it is defined, ``mean``, ``quantiles`` (11, from 0% to 100%), ``histogram`` (20 counts in bins
    of 0.1 from −1 to 1).
    """

    visitors: int
    mean: float
    quantiles: tuple[float, ...]
    histogram: tuple[int, ...]


@dataclass(frozen=True)
class EventCounts:
    """How many events the model read of the sampled visitors."""

    low: float
    median: float
    high: float


@dataclass(frozen=True)
class Sample:
    """The visitors that were measured. ``held_out``: whether the training never saw them."""

    visitors: int
    seed: int
    held_out: bool
    protocol: str
    events: EventCounts
    description: str = field(metadata=named("words"))


@dataclass(frozen=True)
class AgreementSpreads:
    """Rank correlations with the size of leave-one-out effects, None where they are defined for no visitor.

    Of attention: each head, each layer, and the mean of all heads. ``gradients``: of |integrated gradients|, over fewer
    visitors.
    """

    heads: tuple[Spread | None, ...]
    layers: tuple[Spread | None, ...]
    mean: Spread | None
    gradients: Spread | None


@dataclass(frozen=True)
class ControlSpreads:
    """What rank correlations would be without any agreement.

    ``uniform``: all events get equal attention, ties broken at random. ``permuted``: attention to the same events in
    shuffled order, matched event by event, and leave-one-out effects in the true order.
    """

    uniform: Spread | None
    permuted: Spread | None


@dataclass(frozen=True)
class UniformMae:
    """Mean absolute errors against what the visitors really rated, with the model's own and with uniform attention."""

    as_is: float
    uniform: float


@dataclass(frozen=True)
class UniformChange:
    """How many stars an expected rating moves when attention is made uniform: ``mean`` and ``quantiles`` (11).

    For comparison: ``one_event``, the mean of the largest |leave-one-out effect|, and ``history``, the mean move when
    the whole history is left out.
    """

    mean: float
    quantiles: tuple[float, ...]
    one_event: float
    history: float
    mae: UniformMae


@dataclass(frozen=True)
class GenreInsight:
    """Attention to events of a genre and their ``influence``, over a number of visitors and events.

    Both are ratios to the average event of the same history. ``stars``: the mean |leave-one-out effect|.
    """

    genre: str
    visitors: int
    events: int
    attention: float
    influence: float
    stars: float


@dataclass(frozen=True)
class MovieInsight:
    """The ratio of a movie to the average event of the same history: ``value``, shrunk to 1 for few visitors."""

    movie_id: int
    visitors: int
    value: float


@dataclass(frozen=True)
class MovieInsights:
    """Up to 20 movies that get the most attention, and up to 20 that have the most influence, highest first."""

    attention: tuple[MovieInsight, ...]
    influence: tuple[MovieInsight, ...]


@dataclass(frozen=True, kw_only=True)
class Insights:
    """What a model's explanations are worth over a sample of visitors.

    ``heads`` and ``layers``: the names of the model's attention heads and layers, as in ``Agreement``. ``genres``: of
    enough visitors, most attended first. ``fidelity``, ``planted`` (for the demo world alone) and ``counterfactuals``
    take longer, so that they are measured only on request.
    """

    sample: Sample
    heads: tuple[str, ...]
    layers: tuple[str, ...]
    agreement: AgreementSpreads
    controls: ControlSpreads
    uniform_change: UniformChange | None
    genres: tuple[GenreInsight, ...]
    movies: MovieInsights
    map: EmbeddingMap
    fidelity: Fidelity | None = None
    counterfactuals: tuple[CounterfactualQuality, ...] = ()
    planted: PlantedPrecision | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, ready for JSON."""
        return {"format": FORMAT, **to_json(self)}

    @classmethod
    def from_dict(cls, plain: dict[str, Any]) -> "Insights":
        """Return the record that ``to_dict`` made, now or in an older format. Raises ``ValueError`` for anything else.

        What an older format lacks is None.
        """
        try:
            if plain["format"] == WITHOUT_FIDELITY:
                plain = {name: part for name, part in plain.items() if name != "planted"}
            elif plain["format"] != FORMAT:
                raise ValueError(f"insights of format {plain['format']}, not {FORMAT}")
            return from_json(cls, plain)
        except (AttributeError, LookupError, TypeError) as error:
            raise ValueError(f"not a record of insights: {error!r}") from error
