"""What the steps of a story ask the model, each computed once in a session, and what they say."""

from bst.evaluation import measure, measure_lists
from bst.evaluation.list_record import ListRecord
from bst.evaluation.records import EvaluationRecord
from bst.explanation.sentences import Explanation, Measure, explain
from bst.inference.recommender import Recommender
from bst.stories import Cast, Kind, Story, evidence, make_cast, reasons, telling
from bst.stories.telling import Telling
from bst.what_if import Comparison, compare
from pages.shared.state.session_cache import cached, model_key

# movies of the list: two rows of posters, as many as a projector shows at once
LIST_LENGTH = 10
# an audience may ask for another story and come back
MAX_KEPT = 4


def cast(recommender: Recommender, story: Story) -> Cast:
    """Return the story in the model's dataset. Raises ``StoryError`` as ``make_cast`` does."""
    return cached(
        "story_cast",
        model_key(recommender, story),
        lambda: make_cast(story, recommender.catalogue, recommender.bundle.levels),
        MAX_KEPT,
    )


def comparison(recommender: Recommender, cast: Cast) -> Comparison:
    """Return the lists before and after the change."""
    return cached(
        "story_comparison",
        model_key(recommender, cast.before, cast.after),
        lambda: compare(recommender, cast.before, cast.after, LIST_LENGTH),
        MAX_KEPT,
    )


def explained(recommender: Recommender, cast: Cast) -> int:
    """Return the movie that the later steps explain: the story's own, or what moves most, or what heads the list."""
    if cast.explained is not None and cast.explained not in cast.after:
        return cast.explained
    lists = comparison(recommender, cast)
    if lists.most_moved is not None:
        return lists.most_moved
    if lists.second:
        return lists.second[0].movie_id
    return int(recommender.catalogue.movies["movie_id"].iloc[0])  # they have seen everything


def explanations(recommender: Recommender, cast: Cast) -> tuple[Explanation, Explanation]:
    """Return the explanation of the ``explained`` movie before the change and after it."""
    movie_id = explained(recommender, cast)

    def both() -> tuple[Explanation, Explanation]:
        after = explain(recommender, cast.after, movie_id)
        return (after if cast.before == cast.after else explain(recommender, cast.before, movie_id)), after

    return cached("story_explanations", model_key(recommender, cast.before, cast.after, movie_id), both, MAX_KEPT)


def measure_explained(recommender: Recommender, cast: Cast) -> Measure:
    """Return what of the ``explained`` movie is explained: what the list is ranked by."""
    return reasons.measure_of(explanations(recommender, cast)[1], recommender.orders[0])


def ratings_measured(recommender: Recommender) -> EvaluationRecord:
    """Return what was measured of the model: in full if that was done, else what training ended with."""
    bundle = recommender.bundle
    return cached("story_evidence", model_key(recommender), lambda: measure.read(bundle) or measure.summary(bundle))


def lists_measured(recommender: Recommender) -> ListRecord | None:
    """Return what was measured of the model’s lists, if that was done."""
    return cached("story_lists", model_key(recommender), lambda: measure_lists.read(recommender.bundle))


def tell(recommender: Recommender, cast: Cast, kind: Kind) -> Telling:
    """Return what a step says, computed from the model."""
    catalogue, order = recommender.catalogue, recommender.orders[0]
    title = catalogue.title
    match kind:
        case "person":
            return telling.tell_person(cast, title)
        case "list":
            rows = comparison(recommender, cast).first
            return telling.tell_list(cast, rows, len(catalogue), order)
        case "change":
            return telling.tell_change(cast, title)
        case "moves":
            return telling.tell_moves(comparison(recommender, cast), title)
        case "why":
            was, now = explanations(recommender, cast)
            return reasons.tell_why(cast, was, now, measure_explained(recommender, cast), catalogue.short_title)
        case "attention":
            _, now = explanations(recommender, cast)
            return reasons.tell_attention(cast, now, measure_explained(recommender, cast), catalogue.short_title)
        case "evidence":
            return evidence.tell_evidence(
                recommender.bundle, ratings_measured(recommender), lists_measured(recommender)
            )
        case "text":
            return Telling(cast.story.title, "")
