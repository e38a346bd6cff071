"""What a story is. Movies are named by their titles, so that a story can be told on any dataset that has them.

Nothing invalid exists: each class checks its values, and raises ``StoryError`` naming the field and the fix. Texts
lose line breaks, control characters and repeated spaces.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

from bst.datasets.catalogue import normalise
from bst.datasets.titles import printable
from bst.domain import MOVIES, DemographicName, DemographicValue, KnownDemographics
from bst.errors import StoryError, VisitorError
from bst.schema import HALF_STARS
from bst.text import quoted

# the person and their history; their list; what is changed; the list after it; what one prediction comes from; where
# the model looked meanwhile; how good the model is on people it has never seen; nothing but the step's own texts
Kind = Literal["person", "list", "change", "moves", "why", "attention", "evidence", "text"]
KINDS: tuple[Kind, ...] = get_args(Kind)
# steps that show nothing without a change
NEED_CHANGE: tuple[Kind, ...] = ("change", "moves")
# characters
MOST_TITLE, MOST_NAME, MOST_HEADLINE, MOST_CAPTION, MOST_MOVIE = 80, 40, 160, 300, 200
MOST_STEPS, MOST_WATCHED = 20, 100
# captions that stand for none
NO_CAPTION = ("–", "-")


def checked_text(value: str, name: str, most: int, least: int = 0) -> str:
    """Return a text as one line. Raises ``StoryError`` naming the field ``name`` if it is too short or too long."""
    text = " ".join(printable(value).split())
    try:
        text.encode()
    except UnicodeEncodeError:  # half a surrogate pair, which JSON can spell
        raise StoryError(f"{name}: it has characters that are not text; write it anew") from None
    if len(text) < least:
        raise StoryError(f"{name}: it is empty; write something")
    if len(text) > most:
        raise StoryError(f"{name}: {len(text):,} characters are too many; use at most {most}")
    return text


def _set(instance: object, **values: object) -> None:
    for name, value in values.items():
        object.__setattr__(instance, name, value)


def _check_rating(rating: float, name: str) -> float:
    if rating not in HALF_STARS:
        raise StoryError(f"{name}: {rating:g} is not a rating; use 0.5 to 5 in half stars")
    return float(rating)


def _check_demographic(name: DemographicName, value: DemographicValue | None, field_name: str) -> None:
    try:
        MOVIES.demographic(name).check(value)
    except VisitorError as error:
        raise StoryError(f"{field_name}: {error}") from error


@dataclass(frozen=True)
class Person:
    """Whom the story is about. ``watched``: titles with their ratings, oldest first."""

    name: str
    demographics: Mapping[DemographicName, DemographicValue] = field(default_factory=KnownDemographics)
    watched: tuple[tuple[str, float], ...] = ()

    def __post_init__(self) -> None:
        """Raise ``StoryError`` for a value that is not allowed, and for a movie that was watched twice."""
        for name, value in self.demographics.items():
            _check_demographic(name, value, f"person.{name}")
        if len(self.watched) > MOST_WATCHED:
            raise StoryError(f"person.watched: {len(self.watched):,} movies are too many; use at most {MOST_WATCHED}")
        watched, seen = [], set()
        for index, (movie, rating) in enumerate(self.watched):
            field_name = f"person.watched[{index}]"
            title = checked_text(movie, f"{field_name}.movie", MOST_MOVIE, 1)
            if normalise(title) in seen:
                raise StoryError(f"{field_name}.movie: “{title}” is there twice; keep one of them")
            seen.add(normalise(title))
            watched.append((title, _check_rating(rating, f"{field_name}.rating")))
        name = checked_text(self.name, "person.name", MOST_NAME, 1)
        _set(self, name=name, demographics=KnownDemographics(self.demographics), watched=tuple(watched))


@dataclass(frozen=True)
class RatingChange:
    """A movie gets another rating or, if the person has not watched it, it is added with this rating as the newest."""

    movie: str
    rating: float

    def __post_init__(self) -> None:
        """Raise ``StoryError`` for an empty title or a rating that does not exist."""
        movie = checked_text(self.movie, "change.movie", MOST_MOVIE, 1)
        _set(self, movie=movie, rating=_check_rating(self.rating, "change.rating"))


@dataclass(frozen=True)
class DemographicChange:
    """Sex, age group or occupation becomes another one; ``value`` None: unknown."""

    name: DemographicName
    value: DemographicValue | None

    def __post_init__(self) -> None:
        """Raise ``StoryError`` for a value that does not exist."""
        _check_demographic(self.name, self.value, f"change.{self.name}")


Change = RatingChange | DemographicChange


@dataclass(frozen=True)
class Step:
    """One screen: what it shows; ``headline`` and ``caption`` replace the computed ones unless they are empty.

    A caption of ``NO_CAPTION`` stands for none.
    """

    kind: Kind
    headline: str = ""
    caption: str = ""

    def __post_init__(self) -> None:
        """Raise ``StoryError`` for an unknown kind or a text that is too long."""
        if self.kind not in KINDS:
            raise StoryError(f"steps.show: {quoted(self.kind)} is unknown; choose one of: {', '.join(KINDS)}")
        _set(
            self,
            headline=checked_text(self.headline, "steps.headline", MOST_HEADLINE),
            caption=checked_text(self.caption, "steps.caption", MOST_CAPTION),
        )


def all_steps() -> tuple[Step, ...]:
    """Return a step of each kind that is computed, in the order in which a story is best told."""
    return tuple(Step(kind) for kind in KINDS if kind != "text")


@dataclass(frozen=True)
class Story:
    """A person, a change and the steps that show what it does. ``explained``: the movie that the later steps explain.

    Without one, or where a dataset lacks it, the movie that moves most is explained.
    """

    title: str
    person: Person
    change: Change | None = None
    explained: str = ""
    steps: tuple[Step, ...] = field(default_factory=all_steps)

    def __post_init__(self) -> None:
        """Raise ``StoryError`` for texts that are too long, and for steps that the story cannot show."""
        _set(
            self,
            title=checked_text(self.title, "title", MOST_TITLE, 1),
            explained=checked_text(self.explained, "explained", MOST_MOVIE),
        )
        if not 1 <= len(self.steps) <= MOST_STEPS:
            raise StoryError(f"steps: a story has 1 to {MOST_STEPS} steps, not {len(self.steps)}")
        for step in self.steps:
            if self.change is None and step.kind in NEED_CHANGE:
                raise StoryError(f"change: step “{step.kind}” shows a change, and there is none; add one")
