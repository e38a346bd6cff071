"""The people and movies of a story as a dataset has them: the person as a visitor, before and after the change."""

from collections.abc import Sequence
from dataclasses import dataclass

from bst.datasets.catalogue import Catalogue
from bst.errors import StoryError, VisitorError
from bst.schema import Event, Visitor, to_scale
from bst.stories.story import DemographicChange, RatingChange, Story

MOST_SUGGESTED = 3


@dataclass(frozen=True)
class Cast:
    """A story in a dataset: the visitor ``before`` and ``after`` the change, the same if there is none.

    ``changed``: the id of the movie whose rating changes, None if something else does. ``explained``: the id of the
    movie that the story names, None if it names none. ``missing``: titles that the catalogue lacks, apart from the
    changed movie's.
    """

    story: Story
    before: Visitor
    after: Visitor
    changed: int | None = None
    explained: int | None = None
    missing: tuple[str, ...] = ()


def make_cast(story: Story, catalogue: Catalogue, levels: Sequence[float]) -> Cast:
    """Return a story in a dataset; movies that the catalogue lacks are left out of the history, and named.

    Ratings are rounded to the nearest of ``levels``. Raises ``StoryError`` if the movie that is changed is missing, as
    there is nothing to tell without it.
    """
    person, events, missing = story.person, {}, []
    for title, rating in person.watched:
        movie_id = find(title, catalogue)
        if movie_id is None:
            missing.append(title)
        elif movie_id not in events:
            events[movie_id] = Event(movie_id, to_scale(rating, levels))
    before = Visitor(catalogue.domain.known(person.demographics), tuple(events.values()))
    after, changed = before, None
    if isinstance(story.change, DemographicChange):
        try:
            catalogue.domain.demographic(story.change.name).check(story.change.value)
        except VisitorError as error:
            raise StoryError(f"change.{story.change.name}: {error}; or choose another model") from error
        after = before.with_demographic(story.change.name, story.change.value)
    elif isinstance(story.change, RatingChange):
        changed, rating = _changed(story.change, catalogue), to_scale(story.change.rating, levels)
        after = before.rated(changed, rating) if changed in before.ratings else before.watched(changed, rating)
    explained = find(story.explained, catalogue) if story.explained else None
    if story.explained and explained is None:
        missing.append(story.explained)
    return Cast(story, before, after, changed, explained, tuple(missing))


def _changed(change: RatingChange, catalogue: Catalogue) -> int:
    movie_id = find(change.movie, catalogue)
    if movie_id is None:
        rows = catalogue.search(change.movie, MOST_SUGGESTED)
        nearest = " | ".join(catalogue.movies["title"].iloc[rows].tolist())
        hint = f" (the nearest are: {nearest})" if nearest else ""
        raise StoryError(
            f"change.movie: “{change.movie}” is not in this dataset{hint}; choose another movie, or another model"
        )
    return movie_id


def find(title: str, catalogue: Catalogue) -> int | None:
    """Return the id of the movie with a title, also where a dataset adds a subtitle or an original title to it."""
    movie_id = catalogue.named(title)
    if movie_id is not None:
        return movie_id
    from bst.visitors.imports import Confidence, Entry, matcher_of  # most titles are found without
    from bst.visitors.imports.names import split_year

    match = matcher_of(catalogue).match_one(Entry(0, *split_year(title)))
    return match.movie_id if match.confidence >= Confidence.LIKELY else None
