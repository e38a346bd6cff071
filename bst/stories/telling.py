"""What the steps of a story say, in plain text: a headline with computed numbers, and a caption: what to notice.

Here are those of the person and the list; ``reasons`` and ``evidence`` have the others.
"""

from dataclasses import dataclass

from bst.domain import DEMOGRAPHICS, MOVIES
from bst.explanation.sentences import Title
from bst.inference.ranking import Order
from bst.inference.recommender import Recommendation
from bst.metrics import LIKED
from bst.schema import Visitor
from bst.stories.cast import Cast
from bst.stories.story import NO_CAPTION, DemographicChange, RatingChange, Step
from bst.text import count, listed, ordinal, percent
from bst.what_if.comparison import Comparison

NO_DEMOGRAPHICS = "no sex, age or occupation known"


@dataclass(frozen=True)
class Telling:
    """What a step says."""

    headline: str
    caption: str

    def overridden(self, step: Step) -> "Telling":
        """Return the same with the texts that the story has of its own; ``NO_CAPTION`` leaves the caption empty."""
        caption = "" if step.caption in NO_CAPTION else step.caption or self.caption
        return Telling(step.headline or self.headline, caption)


@dataclass(frozen=True)
class Bar:
    """A bar of a picture: its ``value`` also as ``text``. ``movie_id``: of the movie that it stands for, if any.

    ``old_value`` and ``old_text``: the same before the change, None and empty where there was none. ``marked``: it is
    what was changed or, where models are compared, this model's.
    """

    label: str
    value: float
    text: str
    movie_id: int | None = None
    old_value: float | None = None
    old_text: str = ""
    marked: bool = False


def describe(visitor: Visitor) -> str:
    """Return a person's demographics: "male, 25–34, programmer"."""
    values = (DEMOGRAPHICS[name].value_text(value) for name, value in MOVIES.known(visitor.demographics).items())
    return ", ".join(values) or NO_DEMOGRAPHICS


def tell_person(cast: Cast, title: Title) -> Telling:
    """Say who the story is about, and what the model knows of them."""
    visitor, name = cast.before, cast.story.person.name
    missing = f" Not in this dataset and left out: {listed(cast.missing)}." if cast.missing else ""
    if not visitor.history:
        headline = f"{name}: {describe(visitor)}, and not one movie rated"
        return Telling(headline, f"That is all the model has to go by, and it must make a list all the same.{missing}")
    best = max(visitor.history, key=lambda event: event.rating)
    headline = (
        f"{name}: {describe(visitor)}, {count(len(visitor.history), 'movie')} rated, "
        f"{title(best.movie_id)} highest with {best.rating:g} ★"
    )
    return Telling(headline, f"The model knows nothing else of {name}. The oldest movie comes first.{missing}")


def tell_list(cast: Cast, rows: list[Recommendation], movies: int, order: Order) -> Telling:
    """Say what heads the list. ``movies``: how many the catalogue has."""
    name = cast.story.person.name
    if not rows:
        return Telling(f"{name} has seen every movie there is", "Choose a shorter history to see a list.")
    best, start = rows[0], f"At the top of {name}’s list: {rows[0].title}"
    unseen = movies - len(cast.before.history)
    chosen = f"The best {len(rows)} of {count(unseen, 'movie')} that {name} has not seen, as the model ranks them."
    if order == "like" and best.will_like is not None:
        return Telling(
            f"{start}, {percent(best.will_like)} likely to be watched and liked",
            f"{chosen} Liked means {LIKED:g} ★ or more.",
        )
    if order == "next" and best.watch_next is not None:
        return Telling(f"{start}, {percent(best.watch_next)} likely to be watched next", chosen)
    return Telling(f"{start}, {best.expected_rating:.1f} ★ expected", chosen)


def tell_change(cast: Cast, title: Title) -> Telling:
    """Say what is changed."""
    change, name, before, after = cast.story.change, cast.story.person.name, cast.before, cast.after
    if isinstance(change, RatingChange) and cast.changed is not None:
        movie, new = title(cast.changed), after.ratings[cast.changed]
        if cast.changed not in before.ratings:
            which = "one more movie" if before.history else "a first movie"
            return Telling(
                f"Now {name} rates {which}: {movie}, {new:g} ★",
                "Nothing else changes, and so far not the list: watch it in the next step.",
            )
        old = before.ratings[cast.changed]
        headline = f"Now one rating changes: {movie}, from {old:g} ★ to {new:g} ★"
        if old == new:
            headline = f"{movie} keeps its {new:g} ★: nothing changes"
    elif isinstance(change, DemographicChange):
        demographic = DEMOGRAPHICS[change.name]
        was, now = (demographic.value_text(visitor.demographic(change.name)) for visitor in (before, after))
        headline = f"Now one thing changes: {name}’s {demographic.label}, from {was} to {now}"
    else:
        headline = "Nothing changes"
    return Telling(
        headline, "Everything else stays as it is. The list is still the old one: watch it in the next step."
    )


def tell_moves(comparison: Comparison, title: Title) -> Telling:
    """Say how the list moves. ``title``: from a movie's id to its title."""
    k, moves = len(comparison.second), comparison.moves
    ranks = moves[["rank_a", "rank_b"]].fillna(0)
    changed = int((ranks["rank_a"] != ranks["rank_b"]).where(ranks["rank_b"].between(1, k), False).sum())
    new = int((~ranks["rank_a"].between(1, k) & ranks["rank_b"].between(1, k)).sum())
    if comparison.most_moved is None:
        return Telling(
            f"The first {k} stay where they are", "For this person the change says nothing new. That is an answer, too."
        )
    row = moves.set_index("movie_id").loc[comparison.most_moved]
    verb = "rises" if row["rank_b"] < row["rank_a"] else "falls"
    headline = (
        f"{changed} of {k} places change: {title(comparison.most_moved)} {verb} "
        f"from {ordinal(int(row['rank_a']))} to {ordinal(int(row['rank_b']))}"
    )
    fresh = f" {count(new, 'movie')} {'is' if new == 1 else 'are'} new on the list." if new else ""
    return Telling(headline, f"▲ up, ▼ down since the change.{fresh} It is the same model: it was not trained again.")
