"""Attention as a film strip: what they watched, frame by frame, and where the candidate looked, head by head.

A custom component: its arcs move from head to head and from step to step without the server. All texts are made here;
``film_strip.js`` inserts them, titles as plain text.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from bst.explanation.measures import NOTICEABLE, Measure
from bst.explanation.sentences import Explanation, odds_text, signed, value_text, value_texts
from bst.inference.recommender import Recommender
from bst.schema import Event
from bst.scoring.results import CandidateAttention
from bst.text import count, listed, percent
from pages.shared.format import capitalised, stars
from pages.shared.widgets import posters
from pages.shared.wording import say

_HERE = Path(__file__)
_COMPONENT = st.components.v2.component(
    "film_strip",
    html='<div class="box"><div class="strip"></div></div>\n',
    css=posters.CSS + _HERE.with_suffix(".css").read_text("utf-8"),
    js=posters.JS + _HERE.with_suffix(".js").read_text("utf-8"),
)
# of a long history this many movies have a frame each, the newest among them; the others share one
MOST_FRAMES, NEWEST = 12, 5
# of the older ones, this many have a frame because they move the prediction; the others, because they were looked at
MOVING = 4
NO_BREAK = "\N{NO-BREAK SPACE}"
MEAN = "Mean of all heads"
# the frame that movies of a long history share
OTHERS = "others"
# how many of the strongest a sentence names
NAMED = 2
VALUES: dict[Measure, str] = {
    "expected": "Expected rating",
    "like_logit": "Would come to like it",
    "liked": "Chance of 4–5 ★",
    "next_logit": "Watched next",
}
NOTE = "The wider an arc, the more the model looked there (attention)."
# the parts of the model that compare one reading of the history with every movie
TOWERS: dict[Measure, str] = {
    "like_logit": "The like tower reads the history once, so this is the same for every movie.",
    "next_logit": "The next tower reads the history once, so this is the same for every movie.",
}


@dataclass(frozen=True)
class Strip:
    """What is drawn: where a candidate looked, and what the events that have a frame do to its prediction.

    ``events``: those that the model reads, oldest first. ``effects``: of the events that have a frame each, by index,
    what they add to the prediction ``value``, in the unit of ``measure``; the other events share a frame. ``lead`` and
    ``outcome``: what stands above and below the candidate's title instead of the prediction.
    """

    movie_id: int
    events: tuple[Event, ...]
    weights: CandidateAttention
    measure: Measure
    value: float
    effects: dict[int, float]
    lead: str = ""
    outcome: str = ""


@dataclass(frozen=True)
class Playing:
    """A strip that goes on by itself: ``on_shown`` is called ``milliseconds`` after it was drawn, with ``step``."""

    step: int
    milliseconds: int
    on_shown: Callable[[int], None]


def kept_events(weights: CandidateAttention, effects: np.ndarray | None = None) -> list[int]:
    """Return the indices of the events that have a frame each: all, or the newest and the strongest of the others.

    Those are strongest that the model looked at most and, where ``effects`` (events,) are known, the few that move the
    prediction most.
    """
    looks = weights.to_events.mean(axis=0)
    if len(looks) <= MOST_FRAMES + 1:  # a shared frame of one movie would hide it and save nothing
        return list(range(len(looks)))
    older = len(looks) - NEWEST
    strongest = np.argsort(-looks[:older], kind="stable").tolist()
    if effects is not None:
        strongest = [*np.argsort(-np.abs(effects[:older]), kind="stable")[:MOVING].tolist(), *strongest]
    return [*sorted([*dict.fromkeys(strongest)][: MOST_FRAMES - NEWEST]), *range(older, len(looks))]


def of_explanation(explanation: Explanation, measure: Measure) -> Strip:
    """Return the strip of a prediction that was explained."""
    weights, effects = explanation.attention_weights(measure), explanation.event_effects(measure)
    value = explanation.watch_next if measure == "next_logit" else explanation.value(measure)
    return Strip(
        explanation.movie_id,
        explanation.events,
        weights,
        measure,
        float(value or 0),
        {index: float(effects[index]) for index in kept_events(weights, effects)},
    )


def render(
    recommender: Recommender, explanation: Explanation, measure: Measure, *, key: str, large: bool = False
) -> None:
    """Draw where the movie of an explanation looked; ``large``: to be read on a projector, without single heads."""
    draw(recommender, of_explanation(explanation, measure), key=key, large=large, head_by_head=not large)


def draw(
    recommender: Recommender,
    strip: Strip,
    *,
    key: str,
    large: bool = False,
    head_by_head: bool = True,
    playing: Playing | None = None,
) -> None:
    """Draw a strip. ``large``: with the mean of all heads only; ``head_by_head``: whether a button plays the heads."""
    drawn = data(recommender, strip)
    if large:
        drawn |= {"looks": [drawn["looks"][0] | {"sentence": _mostly(0, drawn["frames"])}], "note": NOTE}
    _COMPONENT(
        key=key,
        data=drawn
        | {
            "large": large,
            "play_heads": head_by_head and len(strip.weights.heads) > 1,
            "playing": None if playing is None else {"step": playing.step, "milliseconds": playing.milliseconds},
        },
        on_shown_change=lambda: playing.on_shown(st.session_state[key].shown) if playing else None,
    )


def data(recommender: Recommender, strip: Strip) -> dict[str, Any]:
    """Return what ``film_strip.js`` draws. The weights of all frames, of each head and of their mean, sum to 1."""
    title = recommender.catalogue.title(strip.movie_id)
    frames = _frames(recommender, strip)
    names = [MEAN, *strip.weights.heads]
    about = {"label": title, "lead": strip.lead, "value": strip.outcome or _value(strip)}
    return {
        "label": f"Where {title} looked",
        "candidate": posters.data(recommender.catalogue, strip.movie_id) | about | {"id": f"movie {strip.movie_id}"},
        "frames": frames,
        "looks": [_look(name) | {"sentence": _sentence(name, i, frames)} for i, name in enumerate(names)],
        "history": say("What they watched, oldest first"),
        "note": say(f"{NOTE} {TOWERS.get(strip.measure, '')}".strip()),
        "legend": [
            ["up", f"▲ {'makes it likelier' if strip.measure != 'expected' else 'raises it'}"],
            ["down", f"▼ {'makes it less likely' if strip.measure != 'expected' else 'lowers it'}"],
            ["none", "hardly matters"],
        ],
    }


def _frames(recommender: Recommender, strip: Strip) -> list[dict[str, Any]]:
    """Return the frames from left to right: what is no movie, the movies that share one, then one for each movie."""
    looks, kept = strip.weights, sorted(strip.effects)
    others = np.setdiff1d(np.arange(len(strip.events)), kept)
    frames = [_frame("rest", capitalised(looks.rest), looks.to_rest) | {"in_a_sentence": looks.rest}]
    if len(others):
        name = say(count(len(others), "other movie"))
        frames.append(_frame(OTHERS, name, looks.to_events[:, others].sum(axis=1)))
        frames[-1] |= {"number": f"+{len(others)}", "word": say("other movies")}
    for previous, index in zip([None, *kept], kept, strict=False):
        event = strip.events[index]
        name = recommender.catalogue.title(event.movie_id)
        if recommender.domain.rated:
            name = _unbroken(f"{name}, rated {stars(event.rating)}")
        frame = _frame(f"movie {event.movie_id}", name, looks.to_events[:, index])
        frame |= posters.data(recommender.catalogue, event.movie_id) | _effect(strip, strip.effects[index])
        if recommender.domain.rated:
            frame["stars"] = "★" * int(event.rating) + "½" * (event.rating % 1 > 0)
        frame["gap"] = previous is not None and index > previous + 1
        frames.append(frame)
    return frames


def _frame(name: str, label: str, weights: np.ndarray) -> dict[str, Any]:
    by_look = [float(weights.mean()), *weights.astype(float).tolist()]
    return {"id": name, "label": label, "weights": by_look, "shares": [percent(weight) for weight in by_look]}


def _effect(strip: Strip, effect: float) -> dict[str, str]:
    """Return which way a movie moves the prediction, by how much, and what would be predicted without it."""
    measure = strip.measure
    if abs(effect) < NOTICEABLE[measure]:
        return {"direction": "none", "effect": "", "sentence": "Without it, hardly anything would change."}
    direction = "up" if effect > 0 else "down"
    if measure == "next_logit":
        sentence = f"With it, {odds_text(effect).removeprefix('it makes that ')}."
    else:
        shown, without = value_texts(measure, strip.value, strip.value - effect)
        sentence = _unbroken(f"Without it, {without} instead of {shown}.")
    return {"direction": direction, "effect": signed(measure, effect).removesuffix(" ★"), "sentence": sentence}


def _value(strip: Strip) -> str:
    shown = percent(strip.value) if strip.measure == "next_logit" else value_text(strip.measure, strip.value)
    return _unbroken(f"{say(VALUES[strip.measure])}: {shown}")


def _unbroken(text: str) -> str:
    """Keep numbers of stars in one line."""
    return text.replace(" ★", f"{NO_BREAK}★")


def _look(name: str) -> dict[str, str]:
    """Return a head's name in parts: "Layer 1, head 2" is "2" in the group "Layer 1"."""
    group, _, head = name.partition(", head ")
    if head:
        return {"name": name, "group": group, "short": head}
    return {"name": name, "group": "", "short": "All heads" if name == MEAN else name}


def _sentence(name: str, look: int, frames: list[dict[str, Any]]) -> str:
    """Return where a head looked most."""
    mostly = _mostly(look, frames)
    return f"{name}: {mostly[0].lower()}{mostly[1:]}"


def _mostly(look: int, frames: list[dict[str, Any]]) -> str:
    """Name single frames first, and then those that share one if they have more together."""
    single = sorted((f for f in frames if f["id"] != OTHERS), key=lambda frame: -frame["weights"][look])[:NAMED]
    named = listed(f"{frame.get('in_a_sentence', frame['label'])} ({frame['shares'][look]})" for frame in single)
    others = next((frame for frame in frames if frame["id"] == OTHERS), None)
    if others is None or others["weights"][look] < single[-1]["weights"][look]:
        return f"Mostly {named}."
    return f"Mostly {named}; {others['label']} together {others['shares'][look]}."
