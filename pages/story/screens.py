"""The picture of each step, and what the step says.

The stage has two places, always in the same order: the person on the left, and on the right the list, bars or the film
strip. So what one step shows stays in place in the next, and the audience sees the list move.
"""

from streamlit.delta_generator import DeltaGenerator

from bst.inference.recommender import Recommender
from bst.stories import Cast, Kind, evidence, reasons
from bst.stories.telling import Telling
from pages.shared.widgets import film_strip, ranked_list
from pages.story import answers, bars, shelf
from pages.story.state import Shown

# steps beside whose list the person stands
WITH_PERSON: tuple[Kind, ...] = ("person", "list", "change", "moves")


def draw(recommender: Recommender, shown: Shown, stage: DeltaGenerator) -> Telling:
    """Draw a step; return what it says. Raises ``StoryError`` for a story that this dataset cannot tell."""
    cast, step = answers.cast(recommender, shown.story), shown.story.steps[shown.index]
    left, right = stage.container(key="story_left"), stage.container(key="story_right")
    if step.kind in WITH_PERSON:
        with left:
            shelf.render(recommender.catalogue, recommender.bundle.levels, cast, step.kind)
    with right:
        _draw_right(recommender, cast, step.kind)
    return answers.tell(recommender, cast, step.kind).overridden(step)


def _draw_right(recommender: Recommender, cast: Cast, kind: Kind) -> None:
    match kind:
        case "list" | "change":
            _draw_list(recommender, cast, moved=False)
        case "moves":
            _draw_list(recommender, cast, moved=True)
        case "why":
            was, now = answers.explanations(recommender, cast)
            measure = answers.measure_explained(recommender, cast)
            rows = reasons.why_bars(cast, was, now, measure, recommender.catalogue.title)
            bars.render(recommender.catalogue, rows, signed=True, label="What moves the prediction")
        case "attention":
            _, now = answers.explanations(recommender, cast)
            # of what step "why" explains, so that both show the same effects
            measure = answers.measure_explained(recommender, cast)
            film_strip.render(recommender, now, measure, key="story_strip", large=True)
        case "evidence":
            lists = answers.lists_measured(recommender)
            rows = evidence.evidence_bars(answers.ratings_measured(recommender), lists)
            label = "Movies liked later, of ten listed" if lists else "Mean absolute error in stars"
            bars.render(recommender.catalogue, rows, signed=False, label=label)


def _draw_list(recommender: Recommender, cast: Cast, moved: bool) -> None:
    """Draw the list before the change or, if it has ``moved``, after it, by a component that glides in between."""
    lists = answers.comparison(recommender, cast)
    visitor, rows = (cast.after, lists.second) if moved else (cast.before, lists.first)
    if rows:
        ranked_list.render(
            recommender,
            visitor,
            rows,
            recommender.default_options,
            cast.before if moved else None,
            key="story_list",
            view="tiles",
            notes={},  # reasons would be too small to read; a step of their own has them
        )
