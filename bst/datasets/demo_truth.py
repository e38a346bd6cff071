"""The demo world's planted effects: what an explanation of a model trained on it ought to find.

Everything here follows from the catalogue and the constants below, so ``planted()`` needs no simulation. Names in lower
case are fields of ``Effects``; lag 1 is the latest event.

Expected rating of user u for film i after events e (before rounding and before clipping to 1…5)::

    expected = centre + strictness_u + spread_u · own_ui + Σ_e effect(e, i)
    own      = quality_stars · (quality_i − 3.5) · interest_ui + taste_stars · affinity_ui + offset_i
    interest = 2 / (1 + exp(−interest_slope · affinity_ui))
    affinity = Σ_g taste_ug · [film i has genre g] / √(genres of film i) + era_u · clip((year_i − 1990) / 30, −1, 1)
    effect   = (rating_e − 3) / 2 · (franchise_stars · franchise_decay^(lag−1)  if same franchise, lag ≤ 20
                                     + mood_stars · mood_decay^(lag−1) · match  if lag ≤ 3)
    match    = 1 for the same mood, −1 for the opposite one (``OPPOSITES``), 0 otherwise

Effects add up event by event, so they decompose exactly: an event of three stars has none, and changing its rating to
three removes its effect alone. Removing an event does that too, but also reduces the lag of all older events by one.
``taste_ug`` is the sum of the genre's mean (``GENRE_TASTES``), the ``SHIFTS`` that apply to u, a personal part and a
drift; ``era_u``, a taste for new films or, below 0, for old ones, is personal and drifts too. ``offset_i`` is a small
fixed number by which films of equal quality differ.

Quality counts for those who care: twice for somebody devoted to films of this kind, not at all for somebody who avoids
them. ``benchmarks/world_statistics.py`` compares popularity, quality and taste with those of MovieLens 1M.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property, lru_cache

import numpy as np
import pandas as pd

from bst.datasets.demo_catalogue import MOODS, read_catalogue
from bst.domain import DemographicName
from bst.schema import genre_matrix

MIDDLE_POPULARITY, MIDDLE_QUALITY, MIDDLE_STARS = 3.0, 3.5, 3.0
MAX_STARS = 5.0
MIDDLE_YEAR, ERA_YEARS = 1990, 30  # films this far from the middle year, or farther, are fully new or old
# multiples of the golden ratio, modulo 1, spread evenly over 0…1 without chance
GOLDEN_RATIO = 0.6180339887498949

OPPOSITES: tuple[tuple[str, str], ...] = (
    ("feel-good", "dark"),
    ("tense", "romantic"),
    ("thoughtful", "thrilling"),
)

# How the demographics of a user shift their taste: (column of users, value, genre, shift).
SHIFTS: tuple[tuple[DemographicName, str | int, str, float], ...] = (
    ("sex", "F", "Romance", 0.35),
    ("sex", "F", "Musical", 0.25),
    ("sex", "F", "Drama", 0.15),
    ("sex", "F", "War", -0.30),
    ("sex", "M", "Action", 0.25),
    ("sex", "M", "Sci-Fi", 0.20),
    ("sex", "M", "Romance", -0.20),
    ("age", 1, "Animation", 0.50),
    ("age", 1, "Children's", 0.50),
    ("age", 1, "Film-Noir", -0.40),
    ("age", 18, "Horror", 0.40),
    ("age", 18, "Comedy", 0.20),
    ("age", 25, "Sci-Fi", 0.20),
    ("age", 35, "Children's", 0.25),
    ("age", 45, "Drama", 0.20),
    ("age", 50, "War", 0.30),
    ("age", 50, "Horror", -0.30),
    ("age", 56, "Western", 0.50),
    ("age", 56, "Film-Noir", 0.45),
    ("age", 56, "Horror", -0.50),
    ("occupation", "academic/educator", "Documentary", 0.40),
    ("occupation", "artist", "Fantasy", 0.30),
    ("occupation", "artist", "Animation", 0.25),
    ("occupation", "college/grad student", "Comedy", 0.20),
    ("occupation", "doctor/health care", "Drama", 0.25),
    ("occupation", "homemaker", "Children's", 0.30),
    ("occupation", "lawyer", "Crime", 0.40),
    ("occupation", "programmer", "Sci-Fi", 0.40),
    ("occupation", "retired", "Musical", 0.35),
    ("occupation", "scientist", "Documentary", 0.35),
    ("occupation", "technician/engineer", "Adventure", 0.25),
    ("occupation", "writer", "Mystery", 0.35),
)


# Everybody's mean taste for the genres that most people pass by; 0 for all others.
GENRE_TASTES: dict[str, float] = {
    "Documentary": -0.8,
    "Film-Noir": -0.4,
    "Western": -0.4,
    "Horror": -0.3,
    "Musical": -0.3,
    "War": -0.3,
}


@dataclass(frozen=True)
class Effects:
    """How strong each planted effect is. The defaults are the demo world; in stars unless stated otherwise."""

    centre: float = 2.65
    quality_stars: float = 0.85  # per point of the catalogue's quality, at an affinity of 0
    interest_slope: float = 2.0  # how steeply the weight of quality rises with affinity
    offset_sd: float = 0.15
    strictness_sd: float = 0.30
    spread_sd: float = 0.10  # of log(spread)
    taste_stars: float = 0.6  # per unit of affinity
    taste_sd: float = 0.5  # of the personal part, per genre, in taste
    era_sd: float = 0.6  # of the taste for new films
    drift_sd: float = 0.10  # of each step of the random walk, per taste
    drift_every: int = 25  # events between two steps of the walk
    franchise_stars: float = 0.8
    franchise_decay: float = 0.9
    franchise_window: int = 20  # events
    mood_stars: float = 0.35
    mood_decay: float = 0.8
    mood_window: int = 3  # events
    noise_sd: float = 0.7
    choice_continue: float = 0.25  # chance
    choice_fame: float = 0.85  # log-odds, per point of popularity
    choice_stars: float = 1.25  # log-odds, per star of what a user makes of a film
    choice_mood: float = 0.6  # log-odds

    def as_dict(self) -> dict[str, float]:
        """Return name → value, for ``world.json``."""
        return {f.name: getattr(self, f.name) for f in fields(self)}

    def liking(self, quality: np.ndarray | float, affinity: np.ndarray | float) -> np.ndarray:
        """Return the stars that quality and affinity add to a rating, arrays of shapes that fit each other."""
        interest = 2 / (1 + np.exp(-self.interest_slope * np.asarray(affinity)))
        return self.quality_stars * (quality - MIDDLE_QUALITY) * interest + self.taste_stars * np.asarray(affinity)


@dataclass(frozen=True, eq=False)
class Truth:
    """The planted effects of a world; the last two fields only where one was simulated.

    ``movies``: the catalogue, one row a film. ``strictness``: (users,) stars that a user adds to every rating, negative
    for a strict one. ``expected_ratings``: (ratings,) float32, the expected rating of each simulated rating in stars,
    without noise, before rounding and clipping, so it can lie outside 1…5.
    """

    movies: pd.DataFrame
    effects: Effects = field(default_factory=Effects)
    strictness: np.ndarray | None = None
    expected_ratings: np.ndarray | None = None

    @cached_property
    def _franchises(self) -> tuple[np.ndarray, tuple[str, ...]]:
        codes, names = pd.factorize(self.movies["franchise"].replace("", None))
        return codes, tuple(names)

    @property
    def franchise_codes(self) -> np.ndarray:
        """The franchise of each film: (movies,) positions in ``franchise_names``, −1 for none."""
        return self._franchises[0]

    @property
    def franchise_names(self) -> tuple[str, ...]:
        """The franchises in order of their first film."""
        return self._franchises[1]

    @cached_property
    def mood_codes(self) -> np.ndarray:
        """The mood of each film: (movies,) positions in ``MOODS``."""
        return pd.Index(MOODS).get_indexer(self.movies["mood"])

    @cached_property
    def mood_match(self) -> np.ndarray:
        """How two moods match: (6, 6), 1 for the same, −1 for opposite ones, 0 otherwise."""
        match = np.eye(len(MOODS))
        for pair in OPPOSITES:
            a, b = (MOODS.index(mood) for mood in pair)
            match[a, b] = match[b, a] = -1.0
        return match

    @cached_property
    def taste_weights(self) -> np.ndarray:
        """What each taste adds to the affinity for a film: (movies, 19), the 18 genres and the era."""
        genres = genre_matrix(self.movies).astype(np.float64)
        era = np.clip((self.movies["year"].to_numpy() - MIDDLE_YEAR) / ERA_YEARS, -1.0, 1.0)
        return np.column_stack([genres / np.sqrt(genres.sum(axis=1, keepdims=True)), era])

    @cached_property
    def offsets(self) -> np.ndarray:
        """By how much films of equal quality differ: (movies,) stars."""
        # √12 gives the even spread over −½…½ a standard deviation of 1
        return self.effects.offset_sd * np.sqrt(12) * ((self.movies["movie_id"].to_numpy() * GOLDEN_RATIO) % 1 - 0.5)

    def own_stars(self, tastes: np.ndarray) -> np.ndarray:
        """Return what users make of all films: (users, movies) stars, 0 for a middling film that leaves one cold.

        ``tastes`` (users, 19): one row a user, columns as in ``taste_weights``.
        """
        return self.effects.liking(self.movies["quality"].to_numpy(), tastes @ self.taste_weights.T) + self.offsets

    def event_effects(self, movies: np.ndarray, ratings: np.ndarray, candidates: np.ndarray) -> np.ndarray:
        """Return what each event adds to the candidate's expected rating, for many users at once.

        ``movies`` (rows) and ``ratings`` are (users, events), oldest first; ``candidates`` (rows) is (users,). Returns
        (users, events) float64 in stars; the formula is in the module's docstring.
        """
        e = self.effects
        lag = np.arange(movies.shape[1], 0, -1)
        weight = (np.asarray(ratings, dtype=np.float64) - MIDDLE_STARS) / (MAX_STARS - MIDDLE_STARS)
        franchise = self.franchise_codes[movies]
        candidate = self.franchise_codes[candidates][:, None]
        fades = np.where(lag <= e.franchise_window, e.franchise_stars * e.franchise_decay ** (lag - 1.0), 0.0)
        effect = fades * ((franchise == candidate) & (candidate >= 0))
        recent = slice(max(0, movies.shape[1] - e.mood_window), None)
        match = self.mood_match[self.mood_codes[movies[:, recent]], self.mood_codes[candidates][:, None]]
        effect[:, recent] += e.mood_stars * e.mood_decay ** (lag[recent] - 1.0) * match
        return effect * weight

    def contributions(
        self, history_rows: Sequence[int] | np.ndarray, history_ratings: Sequence[float] | np.ndarray, candidate: int
    ) -> np.ndarray:
        """Return (events,) stars that each event of one history, oldest first, adds to a candidate's rating."""
        movies = np.asarray(history_rows, dtype=np.int64).reshape(1, -1)
        ratings = np.asarray(history_ratings, dtype=np.float64).reshape(1, -1)
        return self.event_effects(movies, ratings, np.array([candidate]))[0]


@lru_cache(maxsize=1)
def planted() -> Truth:
    """Return the planted effects of the demo world without simulating anyone."""
    return Truth(read_catalogue())
