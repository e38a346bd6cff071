"""Edits as instructions: as buttons and answers phrase them, such as "rate Alien (1979) 2 instead of 5"."""

from collections.abc import Sequence

from bst.domain import MOVIES, Domain
from bst.schema import Visitor
from bst.what_if.edits import Add, Drop, Edit, Forget, Rate, SetDemographic, Swap, Title, join


def instruction(edit: Edit, before: Visitor, title: Title, domain: Domain = MOVIES) -> str:
    """Return an edit as plain text in the imperative; ``before``: the visitor before the edit.

    Raises ``TypeError`` for an edit that no button makes: a movie moved, a new order, other times.
    """
    match edit:
        case Rate(movie_id, rating):
            return f"rate {title(movie_id)} {rating:g} instead of {before.ratings[movie_id]:g}"
        case Add(movie_id, rating):
            return f"add {title(movie_id)}" + (f" with {rating:g} ★" if domain.rated else "")
        case Drop(movie_id):
            return f"remove {title(movie_id)}"
        case Swap(first, second):
            return f"swap {title(first)} and {title(second)}"
        case Forget(count):
            return f"forget all but the newest {max(0, len(before.history) - count)}"
        case SetDemographic(name, None):
            return f"hide their {domain.describe(name).label}"
        case SetDemographic(name, value):
            return f"set their {domain.describe(name).label} to {domain.describe(name).value_text(value)}"
    raise TypeError(f"no instruction for {edit!r}")


def instructions(edits: Sequence[Edit], before: Visitor, title: Title, domain: Domain = MOVIES) -> str:
    """Return edits that are applied one after another to ``before``: "remove M (1931) and add Alien (1979) …"."""
    texts = []
    for edit in edits:
        texts.append(instruction(edit, before, title, domain))
        before = edit.apply(before)
    return join(texts)
