"""Insights as a typed record: what a model's explanations are worth over many visitors, and its JSON.

Lists of visitors never appear in it: movies stand in it by id, everything else is an aggregate over the sample.
"""

from dataclasses import dataclass, field, fields, is_dataclass
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from bst.explanation.embedding_map import EmbeddingMap

FORMAT = 1
By = Literal["attention", "influence"]


def _key(name: str) -> Any:
    """Return a field that has another name in JSON."""
    return field(metadata={"key": name})


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
    description: str = _key("words")


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
    """How much attention events of a genre get and how much ``influence`` they have, over so many visitors and events.

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


@dataclass(frozen=True)
class ClarityBand:
    """Precision at k of cases whose third strongest cause has at least ``stars``, up to those of the next band."""

    stars: float
    cases: int
    influence: float | None
    attention: float | None
    chance: float | None


@dataclass(frozen=True)
class PlantedPrecision:
    """Precision at ``k``, 0 … 1, of each way to find planted causes; None where no case was drawn.

    Of the ``cases`` whose third strongest cause has ``clear`` stars or more; ``by_clarity``: of weaker ones too.
    """

    k: int
    clear: float
    cases: int
    influence: float | None
    attention: float | None
    chance: float | None
    gradients: float | None
    by_clarity: tuple[ClarityBand, ...]
    description: str = _key("words")


@dataclass(frozen=True, kw_only=True)
class Insights:
    """What a model's explanations are worth over a sample of visitors.

    ``heads`` and ``layers``: the names of the model's attention heads and layers, as in ``Agreement``. ``genres``: of
    enough visitors, most attended first. ``planted``: None but for the demo world.
    """

    format: int = FORMAT
    sample: Sample
    heads: tuple[str, ...]
    layers: tuple[str, ...]
    agreement: AgreementSpreads
    controls: ControlSpreads
    uniform_change: UniformChange | None
    genres: tuple[GenreInsight, ...]
    movies: MovieInsights
    map: EmbeddingMap
    planted: PlantedPrecision | None

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, ready for JSON."""
        return _to_plain(self)

    @classmethod
    def from_dict(cls, plain: dict[str, Any]) -> "Insights":
        """Return the record that ``to_dict`` made. Raises ``ValueError`` for anything else."""
        try:
            insights = _from_plain(cls, plain)
        except (AttributeError, KeyError, TypeError) as error:
            raise ValueError(f"not a record of insights: {error!r}") from error
        if insights.format != FORMAT:
            raise ValueError(f"insights of format {insights.format}, not {FORMAT}")
        return insights


def _to_plain(value: Any) -> Any:
    if is_dataclass(value):
        return {part.metadata.get("key", part.name): _to_plain(getattr(value, part.name)) for part in fields(value)}
    return [_to_plain(item) for item in value] if isinstance(value, tuple) else value


def _from_plain(kind: Any, plain: Any) -> Any:
    """Return a plain value as a dataclass, tuple, optional or simple type."""
    if get_origin(kind) in (Union, UnionType):
        (kind,) = (option for option in get_args(kind) if option is not type(None))
        return None if plain is None else _from_plain(kind, plain)
    if get_origin(kind) is tuple:
        return tuple(_from_plain(get_args(kind)[0], item) for item in plain)
    if is_dataclass(kind):
        hints = get_type_hints(kind)
        values = {part.name: plain[part.metadata.get("key", part.name)] for part in fields(kind)}
        return kind(**{name: _from_plain(hints[name], value) for name, value in values.items()})  # type: ignore[operator]
    return plain
