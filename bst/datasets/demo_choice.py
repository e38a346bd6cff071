"""What the demo world's users watch next: movies are drawn for many users at a time."""

import numpy as np

from bst.datasets.demo_catalogue import MOODS
from bst.datasets.demo_truth import MIDDLE_POPULARITY, Truth

# draws of a movie that was seen already, after which the weights of all users are computed afresh
DRAWS_BEFORE_RENEWAL = 20


class MovieChoice:
    """Which movie each user of a block watches next; the probabilities are in ``bst.datasets.simulation``.

    Drawing 300,000 times from a thousand weights dominates the cost of simulating, so weights are added up only when
    tastes move. In between, a draw may hit a movie that was seen since and is then repeated, which leaves the
    probabilities of the unseen movies as they should be.
    """

    def __init__(self, truth: Truth, users: int) -> None:
        """Start with ``users`` users who have seen nothing."""
        self.truth = truth
        self.popularity = np.exp(truth.effects.choice_fame * (truth.movies["fame"].to_numpy() - MIDDLE_POPULARITY))
        self.by_mood = np.argsort(truth.mood_codes, kind="stable")
        self.mood_ends = np.cumsum(np.bincount(truth.mood_codes, minlength=len(MOODS)))
        franchises = [np.flatnonzero(truth.franchise_codes == code) for code in range(len(truth.franchise_names))]
        self.franchise_movies = np.full((len(franchises), max(map(len, franchises))), -1)  # padded with −1
        for code, movies in enumerate(franchises):
            self.franchise_movies[code, : len(movies)] = movies
        self.seen = np.zeros((users, len(truth.movies)), bool)
        self.franchise = np.full(users, -1)  # the franchise seen last
        self.franchise_step = np.zeros(users, np.int64)  # and when
        self.moods = np.full((users, truth.effects.mood_window), -1)  # of the last events, latest first

    def set_own_stars(self, own_stars: np.ndarray) -> None:
        """Take what users make of all movies from now on: (users, movies) stars, as of ``Truth.own_stars``."""
        self.appeal = self.popularity * np.exp(self.truth.effects.choice_stars * own_stars)
        self._accumulate()

    def _accumulate(self) -> None:
        """Accumulate the weights of each user's unseen movies, mood by mood, scaled to user … user + 1."""
        users = len(self.appeal)
        weights = np.where(self.seen[:users], 0.0, self.appeal)[:, self.by_mood]
        cumulative = np.cumsum(weights, axis=1)
        cumulative /= cumulative[:, -1:]
        self.mood_edges = np.column_stack([np.zeros(users), cumulative[:, self.mood_ends - 1]])  # (users, 7)
        self.cumulative = (cumulative + np.arange(users)[:, None]).ravel()

    def draw(self, rng: np.random.Generator, users: int, step: int) -> np.ndarray:
        """Return (users,) movies, one for each of the leading users, none of them seen before."""
        movie = self._continue_franchise(rng, users, step)
        mood_weights = self._mood_weights(users)
        waiting = np.flatnonzero(movie < 0)
        draws = 0
        while len(waiting):
            mood = _draw_columns(rng, mood_weights[waiting] * np.diff(self.mood_edges[waiting], axis=1))
            low, high = self.mood_edges[waiting, mood], self.mood_edges[waiting, mood + 1]
            point = waiting + low + rng.random(len(waiting)) * (high - low)
            column = np.searchsorted(self.cumulative, point, side="right") - waiting * len(self.by_mood)
            candidate = self.by_mood[np.minimum(column, len(self.by_mood) - 1)]
            unseen = ~self.seen[waiting, candidate]
            movie[waiting[unseen]] = candidate[unseen]
            waiting = waiting[~unseen]
            draws += 1
            if draws % DRAWS_BEFORE_RENEWAL == 0:  # hardly any movie is left for this user: stop drawing the seen ones
                self._accumulate()
        self._record(movie, step)
        return movie

    def _continue_franchise(self, rng: np.random.Generator, users: int, step: int) -> np.ndarray:
        """Return (users,) movies for users who continue the franchise they are in, −1 for the others."""
        e = self.truth.effects
        movie = np.full(users, -1)
        active = (self.franchise[:users] >= 0) & (step - self.franchise_step[:users] <= e.franchise_window)
        continuing = np.flatnonzero(active & (rng.random(users) < e.choice_continue))
        movies = self.franchise_movies[self.franchise[continuing]]
        available = (movies >= 0) & ~self.seen[continuing[:, None], movies]
        weights = self.appeal[continuing[:, None], movies] * available
        possible = weights.sum(axis=1) > 0
        movie[continuing[possible]] = movies[possible, _draw_columns(rng, weights[possible])]
        return movie

    def _mood_weights(self, users: int) -> np.ndarray:
        """Return (users, 6): the factor by which the moods of recent events change the odds of each mood."""
        e = self.truth.effects
        recent = np.zeros((users, len(MOODS)))
        for lag in range(e.mood_window):
            recent += e.mood_decay**lag * (self.moods[:users, lag, None] == np.arange(len(MOODS)))
        return np.exp(e.choice_mood * recent)

    def _record(self, movie: np.ndarray, step: int) -> None:
        user = np.arange(len(movie))
        self.seen[user, movie] = True
        franchise = self.truth.franchise_codes[movie]
        in_franchise = np.flatnonzero(franchise >= 0)
        self.franchise[in_franchise], self.franchise_step[in_franchise] = franchise[in_franchise], step
        self.moods[user, 1:] = self.moods[user, :-1]
        self.moods[user, 0] = self.truth.mood_codes[movie]


def _draw_columns(rng: np.random.Generator, weights: np.ndarray) -> np.ndarray:
    """Draw one column in each row of (rows, columns) weights, in proportion to them."""
    cumulative = np.cumsum(weights, axis=1)
    return np.argmax(cumulative > rng.random((len(weights), 1)) * cumulative[:, -1:], axis=1)
