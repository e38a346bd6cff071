"""What moved one prediction most, in one plain sentence: by leaving things out, not by attention."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from bst.explanation.attention import Attention, attention
from bst.explanation.leave_one_out import LeaveOneOut, Scores, demographics_unknown, leave_one_out, predicted
from bst.inference.recommender import Recommender
from bst.metrics import LIKED
from bst.models.config import Task
from bst.schema import DEMOGRAPHICS, DemographicName, DemographicValue, Event, Visitor
from bst.scoring.results import CandidateAttention, expit
from bst.text import decimals, percent

Title = Callable[[int], str]

# what can be explained of a prediction: stars, the log-odds of being watched and liked some time, the probability of 4
# stars or more, the logit of being watched next; in the order in which they are offered
Measure = Literal["expected", "like_logit", "liked", "next_logit"]
MEASURES: tuple[Measure, ...] = ("expected", "like_logit", "liked", "next_logit")
# predicted by towers of their own, which read the history once for all movies; effects on them are factors of the odds
LOGITS: dict[Measure, Task] = {"like_logit": "like", "next_logit": "next"}
# smaller effects are negligible: stars, a percentage point, odds 5% higher or lower
LEAST: dict[Measure, float] = {"expected": 0.03, "like_logit": 0.05, "liked": 0.01, "next_logit": 0.05}
# the whole history is said to have an effect from so many times the least effect of one event on
LEAST_TOGETHER = 3
# from these sizes on an effect is shown with one digit less: of a probability, of a logit, of a factor of the odds
TEN_POINTS, LARGE_LOGIT, FACTOR_LIMITS = 0.095, 0.1, (9.5, 1.15)

NOTHING = "nothing about this visitor makes much of a difference"


@dataclass(frozen=True)
class Explanation:
    """All that one prediction depends on.

    ``attention``: of the movie, where its rating is predicted; ``tower_attention``: of the towers that predict the
    measures in ``LOGITS``. ``demographic_scores``: what each known demographic adds to it. ``without_history`` and
    ``unknown_visitor``: what is predicted for the same visitor without a history, and for one about whom nothing is
    known. ``watch_next`` and ``will_like``: the probabilities of being watched next, and of being watched and liked
    some time; 0 for a seen movie, None for a model without that tower.
    """

    visitor: Visitor
    movie_id: int
    leave_one_out: LeaveOneOut
    attention: Attention
    demographic_scores: Mapping[DemographicName, Scores]
    without_history: Scores
    unknown_visitor: Scores
    watch_next: float | None
    will_like: float | None
    tower_attention: Mapping[Measure, CandidateAttention] = field(default_factory=dict)

    @property
    def events(self) -> tuple[Event, ...]:
        """The events that the model reads, oldest first."""
        return self.leave_one_out.events

    @property
    def measures(self) -> tuple[Measure, ...]:
        """Which of ``MEASURES`` the model predicts."""
        return tuple(name for name in MEASURES if getattr(self.leave_one_out.scores, name) is not None)

    def value(self, measure: Measure) -> float:
        """What the model predicts."""
        return float(getattr(self.leave_one_out.scores, measure))

    def attention_weights(self, measure: Measure) -> CandidateAttention:
        """Where the part of the model looked that predicts it."""
        return self.tower_attention.get(measure, self.attention.weights)

    def event_effects(self, measure: Measure) -> np.ndarray:
        """What each event adds to the prediction: (events,)."""
        return getattr(self.leave_one_out.event_effects, measure)

    def demographic_effects(self, measure: Measure) -> dict[DemographicName, float]:
        """What each known demographic adds to the prediction."""
        return {name: float(getattr(scores, measure)) for name, scores in self.demographic_scores.items()}


def explain(recommender: Recommender, visitor: Visitor, movie_id: int) -> Explanation:
    """Return what the prediction of a movie depends on. Raises ``VisitorError`` as ``Recommender.predict`` does."""
    scores = leave_one_out(recommender, visitor, movie_id)
    without_history, unknown = predicted(recommender, [replace(visitor, history=()), Visitor()], movie_id)
    recommendation = recommender.recommendation(visitor, movie_id)
    return Explanation(
        visitor,
        movie_id,
        scores,
        attention(recommender, visitor, movie_id),
        demographics_unknown(recommender, visitor, movie_id),
        without_history,
        unknown,
        recommendation.watch_next,
        recommendation.will_like,
        {
            measure: recommender.tower_attention(visitor, task)
            for measure, task in LOGITS.items()
            if getattr(scores.scores, measure) is not None
        },
    )


@dataclass(frozen=True)
class Contribution:
    """What moves a prediction, an ``event`` or a ``demographic``, and how much it adds: its ``effect``."""

    effect: float
    event: Event | None = None
    demographic: DemographicName | None = None


def top_contributions(explanation: Explanation, measure: Measure) -> list[Contribution]:
    """Return all contributions that are worth mentioning, the strongest first."""
    effects = explanation.event_effects(measure).tolist()
    contributions = [Contribution(effect, event) for event, effect in zip(explanation.events, effects, strict=True)]
    contributions += [
        Contribution(effect, demographic=name) for name, effect in explanation.demographic_effects(measure).items()
    ]
    noticeable = (contribution for contribution in contributions if abs(contribution.effect) >= LEAST[measure])
    return sorted(noticeable, key=lambda contribution: -abs(contribution.effect))


# ---- sentences


def sentence(explanation: Explanation, measure: Measure, title: Title) -> str:
    """Return one sentence, in plain text: what moves a prediction most, or else what it is based on."""
    movie, contributions = title(explanation.movie_id), top_contributions(explanation, measure)
    if measure == "next_logit":
        if not explanation.watch_next:
            return f"{movie} is in the history already, so no list names it as the next"
        start = _start(measure, value_text(measure, explanation.watch_next), movie)
        if not contributions:
            return f"{start}: {NOTHING}"
        strongest = contributions[0]
        return f"{start}, {_because(explanation, strongest, title)}: {odds_text(strongest.effect)}"
    if measure == "like_logit" and not explanation.will_like:
        return f"{movie} is in the history already, so no list names it as one that they would come to like"
    if not contributions:
        return _without_contributions(explanation, measure, movie)
    strongest, value = contributions[0], explanation.value(measure)
    shown, without = value_texts(measure, value, value - strongest.effect)
    condition = "without it" if strongest.event else "were that unknown"
    return f"{_start(measure, shown, movie)}, {_because(explanation, strongest, title)}: {condition}, {without}"


def _start(measure: Measure, value: str, movie: str) -> str:
    if measure == "expected":
        return f"Expecting {value} for {movie}"
    if measure == "liked":
        return f"A chance of {value} that they give {movie} {LIKED:g} ★ or more"
    if measure == "like_logit":
        return f"{value} likely to watch {movie} some time and like it"
    return f"A chance of {value} that {movie} is next"


def _because(explanation: Explanation, contribution: Contribution, title: Title) -> str:
    raises = contribution.effect > 0
    if contribution.event:
        cause = f"{title(contribution.event.movie_id)}, rated {contribution.event.rating:g} ★"
        return f"mostly because of {cause}" if raises else f"held down most by {cause}"
    assert contribution.demographic is not None  # a contribution without an event
    cause = demographic_clause(contribution.demographic, getattr(explanation.visitor, contribution.demographic))
    return f"mostly because {cause}" if raises else f"held down most because {cause}"


def _without_contributions(explanation: Explanation, measure: Measure, movie: str) -> str:
    """Return what a prediction is based on if no event and no demographic has a noticeable effect."""
    value = explanation.value(measure)
    basis = f"from what everybody {'watches and likes' if measure == 'like_logit' else 'thinks of it'}"
    if not explanation.events:
        start = _start(measure, value_text(measure, value), movie)
        return f"{start}, {basis}: nothing that this visitor watched is known"
    least = f"moves it by {change_text(measure, LEAST[measure])}"
    if measure == "like_logit":
        least = f"changes its odds by {np.expm1(LEAST[measure]):.0%}"
    without_history = float(getattr(explanation.without_history, measure))
    if abs(value - without_history) >= LEAST_TOGETHER * LEAST[measure]:
        shown, without = value_texts(measure, value, without_history)
        start = _start(measure, shown, movie)
        return f"{start}: no single movie {least}, but all together they do; without any, {without}"
    shown, unknown = value_texts(measure, value, float(getattr(explanation.unknown_visitor, measure)))
    start = _start(measure, shown, movie)
    return f"{start}, {basis} ({unknown}): nothing here {least}"


def demographic_clause(name: DemographicName, value: DemographicValue) -> str:
    """Return a known demographic as a clause: "they are female", "their age group is 25–34"."""
    demographic = DEMOGRAPHICS[name]
    text = demographic.value_text(value)
    return f"they are {text}" if name == "sex" else f"their {demographic.label} is {text}"


# ---- numbers


def value_text(measure: Measure, value: float, extra_digits: int = 0) -> str:
    """Return a predicted value as text: "4.6 ★" or "61%".

    ``value``: stars, a probability, or of ``like_logit`` the log-odds.

    >>> value_text("expected", 4.634), value_text("liked", 0.613), value_text("liked", 0.0613, 1)
    ('4.6 ★', '61%', '6.13%')
    >>> value_text("like_logit", 0.0)
    '50%'
    """
    if measure == "expected":
        return f"{value:.{1 + extra_digits}f} ★"
    if measure == "like_logit":
        value = float(expit(np.array(value)))
    text = percent(value)
    if not extra_digits or text.startswith("under"):
        return text
    return f"{value:.{decimals(value) + extra_digits}%}"


def value_texts(measure: Measure, first: float, second: float) -> tuple[str, str]:
    """Return two predicted values as texts, with an extra digit if they would look the same."""
    extra_digits = int(value_text(measure, first) == value_text(measure, second))
    return value_text(measure, first, extra_digits), value_text(measure, second, extra_digits)


def change_text(measure: Measure, effect: float) -> str:
    """Return the size of an effect, without its sign: "0.51 ★", "12 points", "×1.4"."""
    size = abs(effect)
    if measure == "expected":
        return f"{size:.2f} ★"
    if measure == "liked":
        return f"{100 * size:.{1 - (size >= TEN_POINTS)}f} points"
    return f"×{np.exp(size):.{2 - (size >= LARGE_LOGIT)}f}"


def odds_text(effect: float) -> str:
    """Return how a change of a logit changes the odds: "it makes that 3.2 times as likely"."""
    factor = np.exp(abs(effect))
    digits = sum(factor < limit for limit in FACTOR_LIMITS)
    return f"it makes that {factor:,.{digits}f} times {'as likely' if effect > 0 else 'less likely'}"


def signed(measure: Measure, effect: float) -> str:
    """Return an effect with its direction: "▲ 0.51 ★", "▼ 12 points"; one that lowers the odds divides: "▼ ÷1.4"."""
    size = change_text(measure, effect)
    if size == change_text(measure, 0.0):  # rounded to none
        return f"± {size}"
    if effect < 0 and measure in LOGITS:
        size = size.replace("×", "÷")
    return f"{'▼' if effect < 0 else '▲'} {size}"
