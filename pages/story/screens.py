"""The picture of each step, and what the step says.

The stage has two places, always in the same order: the person on the left, and on the right the list, bars or the film
strip. So what one step shows stays in place in the next, and the audience sees the list move.
"""

from dataclasses import dataclass

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from bst.inference.recommender import Recommender
from bst.stories import Cast, Kind, Step, telling
from bst.stories.telling import Telling
from pages.shared.widgets import film_strip, ranked_list
from pages.story import answers, bars, shelf
from pages.story.state import Shown

# steps beside whose list the person stands
WITH_PERSON: tuple[Kind, ...] = ("person", "list", "change", "moves")


@dataclass(frozen=True)
class Scene:
    """What a step is drawn from, and the places for it."""

    recommender: Recommender
    cast: Cast
    step: Step
    left: DeltaGenerator
    right: DeltaGenerator

    def title(self, movie_id: int) -> str:
        """Return a movie's title."""
        return self.recommender.catalogue.title(movie_id)


def draw(recommender: Recommender, shown: Shown, stage: DeltaGenerator) -> Telling:
    """Draw a step; return what it says. Raises ``StoryError`` for a story that this dataset cannot tell."""
    cast, step = answers.cast(recommender, shown.story), shown.story.steps[shown.index]
    left, right = stage.container(key="story_left"), stage.container(key="story_right")
    scene = Scene(recommender, cast, step, left, right)
    if step.kind in WITH_PERSON:
        with left:
            shelf.render(recommender.catalogue, recommender.bundle.levels, cast, step.kind)
    return _STEPS[step.kind](scene).overridden(step)


def _person(scene: Scene) -> Telling:
    return telling.tell_person(scene.cast, scene.title)


def _list(scene: Scene) -> Telling:
    recommender = scene.recommender
    rows = _draw_list(scene, moved=False)
    return telling.tell_list(scene.cast, rows, len(recommender.catalogue), recommender.orders[0])


def _change(scene: Scene) -> Telling:
    _draw_list(scene, moved=False)
    return telling.tell_change(scene.cast, scene.title)


def _moves(scene: Scene) -> Telling:
    _draw_list(scene, moved=True)
    return telling.tell_moves(scene.cast, answers.comparison(scene.recommender, scene.cast), scene.title)


def _draw_list(scene: Scene, moved: bool) -> list:
    """Draw the list before the change or, if it has ``moved``, after it, by a component that glides in between."""
    recommender, cast = scene.recommender, scene.cast
    lists = answers.comparison(recommender, cast)
    visitor, rows = (cast.after, lists.second) if moved else (cast.before, lists.first)
    if rows:
        with scene.right:
            ranked_list.render(
                recommender,
                visitor,
                rows,
                recommender.default_options,
                cast.before if moved else None,
                key="story_list",
                view="tiles",
            )
    return rows


def _why(scene: Scene) -> Telling:
    recommender, cast = scene.recommender, scene.cast
    was, now = answers.explanations(recommender, cast, answers.explained(recommender, cast))
    measure = telling.measure_of(now, recommender.orders[0])
    rows = telling.why_bars(cast, was, now, measure, scene.title)
    with scene.right:
        bars.render(recommender.catalogue, rows, signed=True, label="What moves the prediction")
    return telling.tell_why(cast, was, now, measure, scene.title)


def _attention(scene: Scene) -> Telling:
    recommender, cast = scene.recommender, scene.cast
    _, now = answers.explanations(recommender, cast, answers.explained(recommender, cast))
    with scene.right:
        # of the rating, as the towers of the other predictions look the same way for every movie
        film_strip.render(recommender, now, "expected", key="story_strip", large=True)
    return telling.tell_attention(now, answers.insights(recommender), scene.title)


def _evidence(scene: Scene) -> Telling:
    recommender = scene.recommender
    record = answers.evidence(recommender)
    if "mae" not in record.metrics:
        with scene.right:
            st.info("This model has not been measured on held-out ratings.", icon=":material/info:")
        return Telling("Does it hold? Nobody has measured it yet", "Measure it on the Evaluation page.")
    with scene.right:
        rows = telling.evidence_bars(record)
        bars.render(recommender.catalogue, rows, signed=False, label="Mean absolute error in stars")
    return telling.tell_evidence(recommender.bundle, record, answers.insights(recommender))


_STEPS = {
    "person": _person,
    "list": _list,
    "change": _change,
    "moves": _moves,
    "why": _why,
    "attention": _attention,
    "evidence": _evidence,
}
