"""What moved one prediction most, in one plain sentence: from what it depends on, not from where the model looked."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from bst.explanation.attention import Attention, attention
from bst.explanation.leave_one_out import Change, LeaveOneOut, demographics_unknown, leave_one_out
from bst.inference.ranking import LIKED
from bst.inference.recommender import Recommender
from bst.schema import Event, Visitor
from bst.what_if.edits import PARTS, value_words

Title = Callable[[int], str]

# what a prediction can be asked about: stars, the probability of 4 stars or more, the logit of being watched next
MEASURES = ("expected", "liked", "next_logit")
# less than this nobody would notice: stars, a percentage point, a twentieth more or less likely
LEAST = {"expected": 0.03, "liked": 0.01, "next_logit": 0.05}

NOTHING = "nothing about this visitor makes much of a difference"


@dataclass(frozen=True)
class Explanation:
    """All that one prediction depends on, found together.

    ``parts``: what is lost if sex, age or occupation were unknown, for those that are known. ``bare`` and ``unknown``:
    what is predicted for the same visitor without a history, and for one of whom nothing is known. ``chance``: of
    being watched next, 0 for a seen movie; None without that tower.
    """

    visitor: Visitor
    movie_id: int
    influence: LeaveOneOut
    attention: Attention
    parts: Mapping[str, Change]
    bare: Change
    unknown: Change
    chance: float | None

    @property
    def events(self) -> tuple[Event, ...]:
        """The events that the model reads, oldest first."""
        return self.influence.events

    @property
    def measures(self) -> tuple[str, ...]:
        """Which of ``MEASURES`` the model has."""
        return tuple(name for name in MEASURES if getattr(self.influence, name) is not None)

    def value(self, measure: str) -> float:
        """What the model predicts."""
        return float(getattr(self.influence, measure))

    def event_effects(self, measure: str) -> np.ndarray:
        """What each event adds to it: (events,)."""
        return getattr(self.influence.event_effects, measure)

    def by_part(self, measure: str) -> dict[str, float]:
        """What each known part of who the visitor is adds to it."""
        return {part: float(getattr(change, measure)) for part, change in self.parts.items()}


def explain(recommender: Recommender, visitor: Visitor, movie_id: int) -> Explanation:
    """Return what the prediction of a movie depends on. Raises ``VisitorError`` as ``Recommender.predict`` does."""
    bare, unknown = predicted(recommender, [replace(visitor, history=()), Visitor()], movie_id)
    return Explanation(
        visitor,
        movie_id,
        leave_one_out(recommender, visitor, movie_id),
        attention(recommender, visitor, movie_id),
        demographics_unknown(recommender, visitor, movie_id),
        bare,
        unknown,
        recommender.recommendation(visitor, movie_id).watch_next,
    )


def predicted(recommender: Recommender, visitors: Sequence[Visitor], movie_id: int) -> list[Change]:
    """Return what is predicted of a movie for each of several visitors, in ``MEASURES``. Errors as in ``explain``."""
    made = recommender.score_movie(visitors, movie_id)
    levels = np.array(recommender.bundle.levels) >= LIKED
    liked = None if made.distribution is None else made.distribution[:, levels].sum(axis=1)
    parts = (made.expected, liked, made.next_logit)
    return [Change(*(None if part is None else float(part[i]) for part in parts)) for i in range(len(visitors))]


@dataclass(frozen=True)
class Contribution:
    """What moves a prediction: an event or, where that is None, a part of who the visitor is; and by how much."""

    by: float
    event: Event | None = None
    part: str | None = None


def top_contributions(told: Explanation, measure: str) -> list[Contribution]:
    """Return all that moves a prediction enough to speak of, the strongest first."""
    found = [Contribution(float(by), event) for event, by in zip(told.events, told.event_effects(measure), strict=True)]
    found += [Contribution(by, part=part) for part, by in told.by_part(measure).items()]
    return sorted((one for one in found if abs(one.by) >= LEAST[measure]), key=lambda one: -abs(one.by))


def sentence(told: Explanation, measure: str, title: Title) -> str:
    """Return one sentence, in plain text, that says what moves a prediction most, or what it rests on."""
    name, found = title(told.movie_id), top_contributions(told, measure)
    if measure == "next_logit":
        if not told.chance:
            return f"{name} is in the history already, so no list names it as the next"
        start = _start(measure, value_text(measure, told.chance), name)
        return f"{start}, {_because(told, found[0], title)}: {times(found[0].by)}" if found else f"{start}: {NOTHING}"
    if not found:
        return _resting(told, measure, name)
    value, without = value_texts(measure, told.value(measure), told.value(measure) - found[0].by)
    missing = "without it" if found[0].event else "were that unknown"
    return f"{_start(measure, value, name)}, {_because(told, found[0], title)}: {missing}, {without}"


def _start(measure: str, value: str, title: str) -> str:
    if measure == "expected":
        return f"Expecting {value} for {title}"
    if measure == "liked":
        return f"A chance of {value} that they give {title} {LIKED:g} ★ or more"
    return f"A chance of {value} that {title} is next"


def _because(told: Explanation, mover: Contribution, title: Title) -> str:
    if mover.event:
        what = f"{title(mover.event.movie_id)}, rated {mover.event.rating:g} ★"
        return f"mostly because of {what}" if mover.by > 0 else f"held down most by {what}"
    what = part_words(mover.part, getattr(told.visitor, mover.part))
    return f"mostly because {what}" if mover.by > 0 else f"held down most because {what}"


def _resting(told: Explanation, measure: str, title: str) -> str:
    """Return what a prediction rests on that nothing moves by itself."""
    value, bare, unknown = told.value(measure), getattr(told.bare, measure), getattr(told.unknown, measure)
    if not told.events:
        start = _start(measure, value_text(measure, value), title)
        return f"{start}, from what everybody thinks of it: of this visitor no movie is known"
    least = value_change(measure, LEAST[measure])
    if abs(value - bare) >= 3 * LEAST[measure]:
        shown, without = value_texts(measure, value, bare)
        start = _start(measure, shown, title)
        return f"{start}: no single movie moves it by {least}, but all together they do; without any, {without}"
    shown, anybody = value_texts(measure, value, unknown)
    start = _start(measure, shown, title)
    return f"{start}, from what everybody thinks of it ({anybody}): nothing here moves it by {least}"


def part_words(part: str, value: str | int) -> str:
    """Return a known part of who the visitor is as a clause: "they are female", "their age group is 25–34"."""
    words = value_words(part, value)
    return f"they are {words}" if part == "sex" else f"their {PARTS[part]} is {words}"


def value_text(measure: str, value: float, more: int = 0) -> str:
    """Return a prediction in words: "4.6 ★" or "61%"; with ``more`` digits than it usually has."""
    if measure == "expected":
        return f"{value:.{1 + more}f} ★"
    digits = 0 if value >= 0.095 else 1 if value >= 0.0095 else 2
    return "under 0.01%" if 0 < value < 5e-5 else f"{value:.{digits + more}%}"


def value_texts(measure: str, one: float, other: float) -> tuple[str, str]:
    """Return two predictions in words, with as many digits as tell them apart."""
    more = int(value_text(measure, one) == value_text(measure, other))
    return value_text(measure, one, more), value_text(measure, other, more)


def value_change(measure: str, by: float) -> str:
    """Return how large a change is, without its sign: "0.51 ★", "12 points", "×1.4"."""
    by = abs(by)
    if measure == "expected":
        return f"{by:.2f} ★"
    if measure == "liked":
        return f"{100 * by:.0f} points" if by >= 0.095 else f"{100 * by:.1f} points"
    return f"×{np.exp(by):.1f}" if by >= 0.1 else f"×{np.exp(by):.2f}"


def times(by: float) -> str:
    """Return what a change of a logit makes of a chance: "it makes that 3.2 times as likely"."""
    factor = np.exp(abs(by))
    digits = 0 if factor >= 9.5 else 1 if factor >= 1.15 else 2
    return f"it makes that {factor:,.{digits}f} times {'as likely' if by > 0 else 'less likely'}"


def signed(measure: str, by: float) -> str:
    """Return a change with its way: "▲ 0.51 ★", "▼ 12 points"; a chance that falls is divided: "▼ ÷1.4"."""
    size = value_change(measure, by)
    if size == value_change(measure, 0.0):  # too little to have a way
        return f"± {size}"
    if by < 0 and measure == "next_logit":
        size = size.replace("×", "÷")
    return f"{'▼' if by < 0 else '▲'} {size}"
