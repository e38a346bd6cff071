"""How faithful ways to explain are, as a typed record: see ``fidelity`` and ``planted`` for what is measured."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bst.evaluation.codec import named
from bst.evaluation.records import Interval
from bst.models.config import Task


@dataclass(frozen=True)
class MethodFidelity:
    """One way to explain: a value for each number of events that it names (``TaskFidelity.sizes``).

    ``method``: a key of ``vocabulary.EXPLAINERS``, or the name of a layer ("Layer 1"). ``deletion``, ``insertion``,
    ``cdcg``, and ``pos`` by Kr (5, 10, 20), as in ``fidelity``; ``level_deletion`` and ``level_insertion``: the same
    for the probability of the rating level that is most likely with the whole history. ``difference``: the last of
    ``deletion`` less that of leaving one out, for the same visitors. ``milliseconds``: the median processor time of an
    explanation, None for a layer.
    """

    method: str
    deletion: tuple[Interval, ...]
    insertion: tuple[Interval, ...]
    cdcg: tuple[Interval, ...]
    pos: Mapping[int, tuple[Interval, ...]]
    difference: Interval
    milliseconds: float | None = None
    level_deletion: tuple[Interval, ...] = ()
    level_insertion: tuple[Interval, ...] = ()


@dataclass(frozen=True)
class TaskFidelity:
    """All ways to explain the movie that a tower recommends first.

    ``sizes``: how many events are named, 1 … 5, but fewer than the model reads, as there is no choice of all of them.
    ``whole`` and ``none``: its mean score with the whole history and with none, in stars or as a probability.
    ``level`` and ``level_none``: the same of the most likely rating level.
    """

    task: Task
    visitors: int
    sizes: tuple[int, ...]
    whole: float
    none: float
    methods: tuple[MethodFidelity, ...]
    level: float | None = None
    level_none: float | None = None

    def of(self, method: str) -> MethodFidelity | None:
        """Return one way to explain, if it was measured."""
        return next((one for one in self.methods if one.method == method), None)

    @property
    def best(self) -> MethodFidelity:
        """The most faithful way: the one that leaves the lowest score without the most events that it names."""
        return min(self.methods, key=lambda one: one.deletion[-1].value)


@dataclass(frozen=True)
class Fidelity:
    """How faithful ways to explain are, by tower."""

    tasks: tuple[TaskFidelity, ...]

    def of(self, task: Task) -> TaskFidelity | None:
        """Return what was measured of one tower."""
        return next((one for one in self.tasks if one.task == task), None)


@dataclass(frozen=True)
class CounterfactualQuality:
    """What searches for the smallest change of a history find, for one goal, over a number of visitors.

    ``found``: the share of searches that find a change; of the smallest that each finds, ``edits`` and ``size`` are
    means (see ``Counterfactual``), and ``valid`` is the share for which the list, ranked anew, has the movie where it
    should be; None where none is found.
    """

    goal: str
    visitors: int
    found: Interval
    edits: float | None
    size: float | None
    valid: float | None


@dataclass(frozen=True)
class PlantedBand:
    """Precision at k of cases whose third strongest cause has at least ``low`` stars, and less than ``high``.

    ``precision``: by way to explain, and for "random" what is expected of guessing. Users are resampled.
    """

    low: float
    high: float | None
    cases: int
    users: int
    precision: Mapping[str, Interval]


@dataclass(frozen=True)
class PlantedPrecision:
    """Precision at ``k``, 0 … 1, of ways to find planted causes, by how strong these are.

    In a second audience of the demo world, of that many ``users``, drawn with ``seed``: no model was trained on it.
    """

    k: int
    seed: int
    users: int
    bands: tuple[PlantedBand, ...]
    description: str = field(metadata=named("words"))
