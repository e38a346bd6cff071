"""Texts of the pages in the words of the chosen model's dataset."""

from collections.abc import Callable
from typing import Any

from bst.domain import MOVIES
from bst.wording import Title, reword, reword_around
from pages.shared.state import chosen_model


def say(text: str) -> str:
    """Return one of our texts about movies, as it reads for the chosen model's dataset.

    No title may be in it: see ``reword``.
    """
    return reword(text, chosen_model.domain())


def say_labels(label: Callable[[Any], str]) -> Callable[[Any], str]:
    """Return labels of a widget's options as ``say`` gives them; they may be needed outside of a run of the page."""
    domain = chosen_model.domain()
    return lambda option: reword(label(option), domain)


def say_around(build: Callable[[Title], str], title: Title) -> str:
    """Return one of our sentences that holds titles, as ``say`` does: see ``reword_around``."""
    return reword_around(build, title, chosen_model.domain())


def is_about_movies() -> bool:
    """Tell whether the chosen model's dataset is about movies: what knows movies by name is of use there only."""
    return chosen_model.domain().item == MOVIES.item
