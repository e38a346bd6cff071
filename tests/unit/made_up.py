"""A recommender of ten movies whose expected ratings are a simple function of the visitor, to be worked out by hand."""

from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd

from bst.datasets.catalogue import Catalogue
from bst.domain import MOVIES
from bst.inference.recommender import Recommender
from bst.schema import WHOLE_STARS, Event, Visitor
from bst.scoring.local_scorer import LocalScorer
from bst.scoring.results import CandidateAttention, Predictions

NAMES = ("Ash", "Bay", "Cove", "Dune", "Elm", "Fern", "Gate", "Hill", "Iris", "Jade")
IDS = tuple(range(1, 11))
ASH, BAY, COVE, DUNE, ELM, FERN, GATE, HILL, IRIS, JADE = IDS
TITLES = {movie_id: f"{name} (2000)" for movie_id, name in zip(IDS, NAMES, strict=True)}

Stars = Callable[[Visitor], dict[int, float]]


def rated(visitor: Visitor, movie_id: int) -> float:
    """How far above 3 stars a movie was rated, 0 if it was not."""
    return visitor.ratings.get(movie_id, 3.0) - 3


def visitor(*events: tuple[int, float], **who) -> Visitor:
    return Visitor(who, history=tuple(Event(*event) for event in events))


class Scorer(LocalScorer):
    """``stars`` gives the expected ratings of the movies it names; all others get ``otherwise``.

    Each movie's probability of being next is proportional to 10 to the power of ``chances``, or else of its stars.
    """

    def __init__(self, stars: Stars, otherwise: dict[int, float], max_history: int, chances: Stars | None):
        self.stars, self.otherwise, self.max_history, self.chances = stars, otherwise, max_history, chances
        self.tasks = ("rating", "next") if chances else ("rating",)
        self.asked, self.levels = 0, WHOLE_STARS

    def predict(self, visitor: Visitor, rows: np.ndarray) -> Predictions:
        self.asked += 1
        said = self.otherwise | self.stars(visitor)
        expected = np.clip([said[movie_id] for movie_id in IDS], 1, 5).astype(np.float32)
        if not self.chances:
            return Predictions(expected)
        levels = np.eye(5, dtype=np.float32)[np.round(expected).astype(int) - 1]
        chance = 10.0 ** np.array([self.chances(visitor).get(movie_id, 0.0) for movie_id in IDS])
        chance[rows] = 0
        return Predictions(expected, levels, (chance / chance.sum()).astype(np.float32))

    def _predict_pass(self, visitors: Sequence[Visitor], rows, movies: np.ndarray, tasks) -> Predictions:
        made = [self.predict(*pair) for pair in zip(visitors, rows, strict=True)]
        both = self.chances and visitors
        return Predictions(
            np.array([one.expected[movies] for one in made]).reshape(len(visitors), len(movies)),
            np.array([one.distribution[movies] for one in made]) if both else None,
            np.array([one.watch_next[movies] for one in made]) if both and "next" in tasks else None,
        )

    def attention_weights(self, visitor: Visitor, rows: np.ndarray, movie: int) -> CandidateAttention:
        """Every event is looked at as much as the movie itself."""
        read = min(len(rows), self.max_history)
        return CandidateAttention(
            ("Head 1",), np.full((1, read), 1 / (read + 1)), np.full(1, 1 / (read + 1)), "the movie itself"
        )

    def _gradients(self, visitor: Visitor, rows, movie: int, places: np.ndarray):
        """A straight way: each event adds what leaving it out takes away, the rest what these do not add up to."""
        told = self.score_movie_without_each(visitor, rows, movie).expected.astype(float)
        nobody = float(self.predict(Visitor(), rows[:0]).expected[movie])
        event_effects = told[0] - told[1:]
        rest = told[0] - nobody - event_effects.sum()
        return (
            nobody + places * (told[0] - nobody),
            np.tile(event_effects, (len(places), 1)),
            np.full(len(places), rest),
        )

    def movie_vectors(self) -> np.ndarray:
        """Neighbours in the catalogue are alike."""
        angle = np.arange(len(IDS)) / len(IDS) * np.pi
        return np.stack([np.cos(angle), np.sin(angle)], axis=1)


def recommender(
    stars: Stars,
    otherwise: dict[int, float] | None = None,
    max_history: int = 50,
    levels: tuple[float, ...] = WHOLE_STARS,
    chances: Stars | None = None,
) -> Recommender:
    """Return a recommender; what nothing is said of is expected at 2 stars and a little, the first movie the most."""
    defaults = {movie_id: 2.1 - 0.01 * movie_id for movie_id in IDS}
    scorer = Scorer(stars, defaults | (otherwise or {}), max_history, chances)
    movies = pd.DataFrame(
        {
            "movie_id": IDS,
            "title": TITLES.values(),
            "year": pd.array([2000] * len(IDS), "Int16"),
            "genres": ["Drama", "Comedy"] * 5,
        }
    )
    bundle = SimpleNamespace(
        name="made-up",
        levels=levels,
        dataset="made-up",
        dataset_title="Made up",
        folder=Path("made-up"),
        movies_fingerprint="made-up",
        domain=MOVIES,
    )
    return Recommender(bundle, Catalogue(movies), scorer)
