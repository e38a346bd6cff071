"""What the demo world's users watch next: the drawing of films, many users at a time."""

import numpy as np

from bst.datasets.demo_catalogue import MOODS
from bst.datasets.demo_truth import Truth


class Choice:
    """Which film each user of a block watches next; the chances are in ``bst.datasets.simulation``.

    Drawing 300,000 times from a thousand weights is what simulating costs, so weights are added up
    only when tastes move. In between, a draw may hit a film seen since and is then made again,
    which leaves the chances of the unseen ones as they should be.
    """

    def __init__(self, truth: Truth, users: int):
        """Begin with (users,) people who have seen nothing."""
        self.truth = truth
        self.fame = np.exp(truth.effects.choice_fame * (truth.movies["fame"].to_numpy() - 3.0))
        self.by_mood = np.argsort(truth.mood_codes, kind="stable")
        self.mood_ends = np.cumsum(np.bincount(truth.mood_codes, minlength=len(MOODS)))
        parts = [np.flatnonzero(truth.franchise_codes == code) for code in range(len(truth.franchise_names))]
        self.parts = np.full((len(parts), max(map(len, parts))), -1)  # films of each franchise, then −1
        for code, films in enumerate(parts):
            self.parts[code, : len(films)] = films
        self.seen = np.zeros((users, len(truth.movies)), bool)
        self.series = np.full(users, -1)  # the franchise seen last
        self.series_step = np.zeros(users, np.int64)
        self.moods = np.full((users, truth.effects.mood_window), -1)  # of the last events, latest first

    def taste_is(self, affinity: np.ndarray) -> None:
        """Take over the (users, movies) affinity that holds from now on."""
        self.appeal = self.fame * np.exp(self.truth.effects.choice_taste * affinity)
        self._add_up()

    def _add_up(self) -> None:
        """Lay each user's unseen films on the stretch user…user + 1 of one line, mood after mood."""
        n = len(self.appeal)
        weights = np.where(self.seen[:n], 0.0, self.appeal)[:, self.by_mood]
        upto = np.cumsum(weights, axis=1)
        upto /= upto[:, -1:]
        self.mood_edges = np.column_stack([np.zeros(n), upto[:, self.mood_ends - 1]])  # (n, 7)
        self.line = (upto + np.arange(n)[:, None]).ravel()

    def draw(self, rng: np.random.Generator, users: int, step: int) -> np.ndarray:
        """Return (users,) films, one for each of the leading users, none of them seen before."""
        movie = self._continue_series(rng, users, step)
        pull = self._mood_pull(users)
        waiting = np.flatnonzero(movie < 0)
        tries = 0
        while len(waiting):
            mood = _pick(rng, pull[waiting] * np.diff(self.mood_edges[waiting], axis=1))
            low, high = self.mood_edges[waiting, mood], self.mood_edges[waiting, mood + 1]
            spot = waiting + low + rng.random(len(waiting)) * (high - low)
            column = np.searchsorted(self.line, spot, side="right") - waiting * len(self.by_mood)
            film = self.by_mood[np.minimum(column, len(self.by_mood) - 1)]
            fresh = ~self.seen[waiting, film]
            movie[waiting[fresh]] = film[fresh]
            waiting = waiting[~fresh]
            tries += 1
            if tries % 20 == 0:  # someone has hardly any film left: stop offering the seen ones
                self._add_up()
        self._remember(movie, step)
        return movie

    def _continue_series(self, rng: np.random.Generator, users: int, step: int) -> np.ndarray:
        """Return (users,) films for those who go on with the series they are in, −1 for the others."""
        e = self.truth.effects
        movie = np.full(users, -1)
        active = (self.series[:users] >= 0) & (step - self.series_step[:users] <= e.franchise_window)
        who = np.flatnonzero(active & (rng.random(users) < e.choice_continue))
        films = self.parts[self.series[who]]
        weights = self.appeal[who[:, None], films] * ((films >= 0) & ~self.seen[who[:, None], films])
        left = weights.sum(axis=1) > 0
        movie[who[left]] = films[left, _pick(rng, weights[left])]
        return movie

    def _mood_pull(self, users: int) -> np.ndarray:
        """Return (users, 6): how much the recent events' moods multiply the chance of each mood."""
        e = self.truth.effects
        recent = np.zeros((users, len(MOODS)))
        for lag in range(e.mood_window):
            recent += e.mood_decay**lag * (self.moods[:users, lag, None] == np.arange(len(MOODS)))
        return np.exp(e.choice_mood * recent)

    def _remember(self, movie: np.ndarray, step: int) -> None:
        user = np.arange(len(movie))
        self.seen[user, movie] = True
        series = self.truth.franchise_codes[movie]
        part = np.flatnonzero(series >= 0)
        self.series[part], self.series_step[part] = series[part], step
        self.moods[user, 1:] = self.moods[user, :-1]
        self.moods[user, 0] = self.truth.mood_codes[movie]


def _pick(rng: np.random.Generator, weights: np.ndarray) -> np.ndarray:
    """Draw one column in each row of (rows, columns) weights, in proportion to them."""
    upto = np.cumsum(weights, axis=1)
    return np.argmax(upto > rng.random((len(weights), 1)) * upto[:, -1:], axis=1)
