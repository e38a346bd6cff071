"""What moved one prediction most, in one plain sentence: by leaving things out, not by attention."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from bst.domain import MOVIES, DemographicName, DemographicValue, Domain
from bst.explanation.attention import Attention, attention
from bst.explanation.leave_one_out import LeaveOneOut, Scores, demographics_unknown, leave_one_out, predicted
from bst.explanation.measures import CAUSE, LOGITS, MEASURES, NOTICEABLE, Measure
from bst.inference.recommender import Recommender
from bst.metrics import LIKED
from bst.schema import Event, Visitor
from bst.scoring.results import CandidateAttention, expit
from bst.text import decimals, percent

Title = Callable[[int], str]

# from this size on the effect on a probability is shown without a decimal
TEN_POINTS = 0.095
# factors of the odds are shown with two decimals below this, and with one in a sentence
LARGE_FACTOR = 9.95
# what rounds to less is no chance worth explaining: it is shown as "under 0.01%"
LEAST_CHANCE = 5e-5
CHANGED_ODDS = f"{np.expm1(CAUSE['next_logit']):.0%}"


@dataclass(frozen=True)
class Explanation:
    """All that one prediction depends on.

    ``attention``: of the movie, where its rating is predicted; ``tower_attention``: of the towers that predict the
    measures in ``LOGITS``. ``demographic_scores``: what each known demographic adds to it. ``without_history`` and
    ``unknown_visitor``: what is predicted for the same visitor without a history, and for one about whom nothing is
    known. ``watch_next`` and ``will_like``: the probabilities of being watched next, and of being watched and liked
    some time; 0 for a seen movie, None for a model without that tower. ``domain``: of the dataset.
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
    domain: Domain = MOVIES

    @property
    def events(self) -> tuple[Event, ...]:
        """The events that the model reads, oldest first."""
        return self.leave_one_out.events

    @property
    def measures(self) -> tuple[Measure, ...]:
        """Which of ``MEASURES`` the model predicts; those of ratings only where there are ratings."""
        measures = MEASURES if self.domain.rated else tuple(LOGITS)
        return tuple(name for name in measures if getattr(self.leave_one_out.scores, name) is not None)

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
        recommender.domain,
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
    noticeable = (contribution for contribution in contributions if abs(contribution.effect) >= NOTICEABLE[measure])
    return sorted(noticeable, key=lambda contribution: -abs(contribution.effect))


def cause(explanation: Explanation, measure: Measure) -> Contribution | None:
    """Return the strongest contribution if it is large enough to be named as a reason, else None."""
    if measure == "next_logit" and (explanation.watch_next or 0) < LEAST_CHANCE:
        return None  # why one movie in ten thousand is no likelier is no question
    strongest = next(iter(top_contributions(explanation, measure)), None)
    return strongest if strongest and abs(strongest.effect) >= CAUSE[measure] else None


# ---- sentences


def sentence(explanation: Explanation, measure: Measure, title: Title) -> str:
    """Return one sentence, in plain text: what moves a prediction most, or else what it is based on."""
    movie, strongest = title(explanation.movie_id), cause(explanation, measure)
    if measure == "next_logit":
        return _next_sentence(explanation, strongest, title)
    if measure == "like_logit" and not explanation.will_like:
        return f"{movie} is in the history already, so no list names it as one that they would come to like"
    if strongest is None:
        return _without_cause(explanation, measure, movie)
    value = explanation.value(measure)
    shown, without = value_texts(measure, value, value - strongest.effect)
    condition = "without it" if strongest.event else "if that were unknown"
    return f"{_start(measure, shown, movie)}, {_because(explanation, strongest, title)}: {condition}, {without}"


def _next_sentence(explanation: Explanation, strongest: Contribution | None, title: Title) -> str:
    movie = title(explanation.movie_id)
    if not explanation.watch_next:
        return f"{movie} is in the history already, so no list names it as the next"
    start = _start("next_logit", value_text("next_logit", explanation.watch_next), movie)
    if explanation.watch_next < LEAST_CHANCE:
        return f"{start}: nothing about this visitor makes that likely"
    if strongest is None:
        return f"{start}: nothing about this visitor makes that {CHANGED_ODDS} more or less likely"
    return f"{start}, {_because(explanation, strongest, title)}: it makes that {odds_text(strongest.effect)}"


def _start(measure: Measure, value: str, movie: str) -> str:
    if measure == "expected":
        return f"Expecting {value} for {movie}"
    if measure == "liked":
        return f"A chance of {value} that they give {movie} {LIKED:g} ★ or more"
    if measure == "like_logit":
        return f"{value} likely to watch {movie} some time and like it"
    return f"A chance of {value} that {movie} is next"


def _because(explanation: Explanation, contribution: Contribution, title: Title) -> str:
    verb = "raised" if contribution.effect > 0 else "held down"
    if contribution.event:
        rated = f", rated {contribution.event.rating:g} ★" if explanation.domain.rated else ""
        return f"{verb} most by {title(contribution.event.movie_id)}{rated}"
    assert contribution.demographic is not None  # a contribution without an event
    return f"{verb} most by {demographic_text(explanation.visitor, contribution.demographic, explanation.domain)}"


def _without_cause(explanation: Explanation, measure: Measure, movie: str) -> str:
    """Return what a prediction is based on if no event and no demographic is a cause of it."""
    value = explanation.value(measure)
    basis = "from what everybody watches and likes" if measure == "like_logit" else "from what everybody thinks of it"
    if not explanation.events:
        start = _start(measure, value_text(measure, value), movie)
        return f"{start}, {basis}: nothing that this visitor watched is known"
    without_history = float(getattr(explanation.without_history, measure))
    without_one = value - explanation.event_effects(measure)
    any_one = value_span(measure, float(without_one.min()), float(without_one.max()))
    if abs(value - without_history) >= CAUSE[measure]:
        shown, without = value_texts(measure, value, without_history)
        start = _start(measure, shown, movie)
        return f"{start}; no single movie moves it much: {any_one} without one of them, {without} without all"
    unknown = value_text(measure, float(getattr(explanation.unknown_visitor, measure)))
    start = f"{_start(measure, value_text(measure, value), movie)}, {basis} ({unknown})"
    return f"{start}; no single movie moves it much: {any_one} without one of them"


def demographic_text(visitor: Visitor, name: DemographicName, domain: Domain = MOVIES) -> str:
    """Return what is known of a visitor as a noun: "their age group, 25–34"."""
    demographic = domain.describe(name)
    return f"their {demographic.label}, {demographic.value_text(visitor.demographic(name))}"


def demographic_clause(name: DemographicName, value: DemographicValue, domain: Domain = MOVIES) -> str:
    """Return a known demographic as a clause: "they are female", "their age group is 25–34"."""
    demographic = domain.describe(name)
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


def value_span(measure: Measure, low: float, high: float) -> str:
    """Return the values between two, with one digit more than ``value_text``: "4.88–4.91 ★".

    >>> value_span("expected", 4.881, 4.909), value_span("liked", 0.61, 0.6104), value_span("liked", 0.61, 0.634)
    ('4.88–4.91 ★', '61.0%', '61.0–63.4%')
    """
    first, last = (value_text(measure, value, 1) for value in (low, high))
    if first == last:
        return first
    unit = " ★" if measure == "expected" else "%"
    return f"{first.removesuffix(unit)}–{last}"


def change_text(measure: Measure, effect: float) -> str:
    """Return the size of an effect, without its sign: "0.51 ★", "12 points", "×1.42"."""
    size = abs(effect)
    if measure == "expected":
        return f"{size:.2f} ★"
    if measure == "liked":
        return f"{100 * size:.{1 - (size >= TEN_POINTS)}f} points"
    factor = float(np.exp(size))
    return f"×{factor:,.{2 * (factor < LARGE_FACTOR)}f}"


def odds_text(effect: float) -> str:
    """Return how a change of a logit changes the odds: "3.2 times as likely", "1.5 times less likely"."""
    factor = float(np.exp(abs(effect)))
    return f"{factor:,.{int(factor < LARGE_FACTOR)}f} times {'as likely' if effect > 0 else 'less likely'}"


def signed(measure: Measure, effect: float) -> str:
    """Return an effect with its direction: "▲ 0.51 ★", "▼ 12 points"; one that lowers the odds divides: "▼ ÷1.4"."""
    size = change_text(measure, effect)
    if size == change_text(measure, 0.0):  # rounded to none
        return f"± {size}"
    if effect < 0 and measure in LOGITS:
        size = size.replace("×", "÷")
    return f"{'▼' if effect < 0 else '▲'} {size}"
