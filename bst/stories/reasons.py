"""The reasons in a story: what moves one prediction, and what the model attended to."""

import numpy as np

from bst.domain import MOVIES, DemographicName
from bst.explanation import list_measure
from bst.explanation.measures import NOTICEABLE
from bst.explanation.sentences import (
    Contribution,
    Explanation,
    Measure,
    Title,
    sentence,
    signed,
    top_contributions,
    value_texts,
)
from bst.inference.ranking import Order
from bst.schema import Visitor
from bst.stories.cast import Cast
from bst.stories.story import DemographicChange
from bst.stories.telling import Bar, Telling
from bst.text import percent

# bars of a picture that is read from the back of a room
MOST_CAUSES = 5
# what moves a prediction: a movie, by its id, or a demographic
Cause = int | DemographicName
# by measure: what is raised and lowered, and what the bars give of it
RAISED: dict[Measure, str] = {
    "like_logit": "the chance (× and ÷: its odds)",
    "expected": "the expected rating, in stars",
    "liked": "the chance",
    "next_logit": "the chance (× and ÷: its odds)",
}


def measure_of(explanation: Explanation, order: Order) -> Measure:
    """Return what is explained of a movie in a list of this order."""
    measure: Measure = list_measure(order)
    return measure if measure in explanation.measures else "expected"


# ---- what moves it


def tell_why(cast: Cast, was: Explanation, now: Explanation, measure: Measure, title: Title) -> Telling:
    """Say how a prediction changed and what the change has to do with it or, without a change, what moves it most.

    ``was``, ``now``: the same movie explained for the visitor before and after the change. ``title``: of movies, short.
    """
    caption = f"How much each thing raises ▲ or lowers ▼ {RAISED[measure]}, compared with the same person without it."
    changed = _changed(cast)
    if changed is None or measure == "next_logit":
        return Telling(sentence(now, measure, title), caption)
    movie = title(now.movie_id)
    before, after = value_texts(measure, was.value(measure), now.value(measure))
    names = [_name(changed, visitor, title) for visitor in (cast.before, cast.after)]
    old, new = _effects(was, measure).get(changed), _effects(now, measure).get(changed, 0.0)
    clause, direction = voice(names[0], names[1], old, new, NOTICEABLE[measure])
    if before == after:
        return Telling(f"{movie} stays at {after}: {clause}", caption)
    rises = now.value(measure) > was.value(measure)
    # the change may move the prediction through what it makes of the other movies
    joint = ":" if direction in (0, 1 if rises else -1) else ", although"
    return Telling(f"Why {movie} {'rises' if rises else 'drops'} from {before} to {after}{joint} {clause}", caption)


def _changed(cast: Cast) -> Cause | None:
    change = cast.story.change
    return change.name if isinstance(change, DemographicChange) else cast.changed


def _name(cause: Cause, visitor: Visitor, title: Title) -> str:
    """Return what has an effect, as the subject of a sentence: "Alien", "being female", "the age group 25–34"."""
    if isinstance(cause, int):
        return title(cause)
    demographic, value = MOVIES.describe(cause), visitor.demographic(cause)
    if value is None:
        return f"an unknown {demographic.label}"
    return (
        f"being {demographic.value_text(value)}"
        if cause == "sex"
        else (f"the {demographic.label} {demographic.value_text(value)}")
    )


def voice(was: str, now: str, old: float | None, new: float, least: float) -> tuple[str, int]:
    """Return how what was changed speaks for or against a movie, and which way that is: 1 more for it, −1 less, 0.

    ``was``, ``now``: what it is called before and after. ``old``, ``new``: its effects, None: there was none; those
    below ``least`` are none.
    """
    before, after = (0 if abs(effect) < least else 1 if effect > 0 else -1 for effect in (old or 0.0, new))
    side = {1: "for it", -1: "against it"}
    if not before and not after:
        return f"{now} by itself hardly matters", 0
    if not after:
        return f"{was} no longer speaks {side[before]}", -before
    if before != after:
        return f"{now} {'speaks' if old is None else 'now speaks'} {side[after]}", after
    grew = abs(new) - abs(old or 0.0)
    if abs(grew) < least:
        return f"{now} still speaks {side[after]}", 0
    than = "before" if was == now else f"{was} did"
    return f"{now} speaks {'more' if grew > 0 else 'less'} {side[after]} than {than}", after if grew > 0 else -after


def why_bars(cast: Cast, was: Explanation, now: Explanation, measure: Measure, title: Title) -> list[Bar]:
    """Return what moves a prediction: first what was changed, then the strongest."""
    old, new = _effects(was, measure), _effects(now, measure)
    marked = _changed(cast)
    keys = [_cause(contribution) for contribution in top_contributions(now, measure)]
    first = [marked] if marked is not None and (marked in new or marked in old) else []
    bars = []
    for key in [*first, *(key for key in keys if key != marked)][:MOST_CAUSES]:
        effect, before = new.get(key, 0.0), old.get(key)
        bars.append(
            Bar(
                _cause_label(key, cast, title),
                effect,
                signed(measure, effect),
                key if isinstance(key, int) else None,
                before,
                "" if before is None else signed(measure, before),
                key == marked,
            )
        )
    return bars


def _cause(contribution: Contribution) -> Cause:
    if contribution.event:
        return contribution.event.movie_id
    assert contribution.demographic is not None  # a contribution without an event
    return contribution.demographic


def _effects(explanation: Explanation, measure: Measure) -> dict[Cause, float]:
    """Return the effect of each event, by movie id, and of each known demographic, by name."""
    of_events = explanation.event_effects(measure).tolist()
    effects: dict[Cause, float] = {
        event.movie_id: effect for event, effect in zip(explanation.events, of_events, strict=True)
    }
    return effects | dict(explanation.demographic_effects(measure).items())


def _cause_label(key: Cause, cast: Cast, title: Title) -> str:
    """Return what moves a prediction, with its change: "The Matrix (1999), 5 → 1 ★", "Sex: female → male"."""
    if isinstance(key, int):
        values = [visitor.ratings[key] for visitor in (cast.before, cast.after) if key in visitor.ratings]
        texts = [f"{value:g}" for value in dict.fromkeys(values)]
        return f"{title(key)}, {' → '.join(texts)} ★"
    demographic = MOVIES.describe(key)
    known = dict.fromkeys(demographic.value_text(visitor.demographic(key)) for visitor in (cast.before, cast.after))
    return f"{demographic.label.capitalize()}: {' → '.join(known)}"


# ---- where it looked


def tell_attention(cast: Cast, explanation: Explanation, measure: Measure, title: Title) -> Telling:
    """Say where the part of the model looked most that predicts ``measure``, and whether that is what counts.

    ``title``: of movies, short.
    """
    movie, name = title(explanation.movie_id), cast.story.person.name
    looks = explanation.attention_weights(measure)
    if not explanation.events:
        return Telling(
            f"For {movie} there was no history to look at",
            f"All attention goes to {looks.rest}: the list is what the model says of anybody like this.",
        )
    weights, effects = looks.to_events.mean(axis=0), np.abs(explanation.event_effects(measure))
    seen, counted = int(np.argmax(weights)), int(np.argmax(effects))
    looked_at = title(explanation.events[seen].movie_id)
    share = percent(float(weights[seen]))
    if len(explanation.events) == 1:
        return Telling(
            f"{looked_at} is all there was to look at: it got {share} of the attention",
            f"The rest went to {looks.rest}. The wider an arc, the more the model looked there.",
        )
    start = f"Of {name}’s movies it looked most at {looked_at} ({share})"
    if effects[counted] < NOTICEABLE[measure]:
        return Telling(start, f"No single movie moves what it says of {movie} by much: looking is not counting.")
    if seen == counted:
        return Telling(
            f"{start}, and that moves {movie} most",
            "Here the two agree. They need not: the arcs show where the model looked, not what it made of it.",
        )
    return Telling(
        f"{start}; what moves {movie} most is {title(explanation.events[counted].movie_id)}",
        "Looking is not the same as counting: arcs show where the model looked, ▲ and ▼ what a movie does to the "
        "prediction.",
    )
