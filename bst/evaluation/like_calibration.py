"""Calibration of the like tower: are its probabilities that a user will watch and like a movie some time right?"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from bst.evaluation.records import CalibrationBin, Interval
from bst.metrics import Bootstrap, interval

BINS = 10
# chances below this are those of movies that hardly get on a list; nearly all movies have one of them
LEAST_CHANCE = 0.1


@dataclass
class LikeChances:
    """Sums over the unseen movies of each user, by tenth of the predicted chance: what ``bins`` is made of."""

    counts: list[np.ndarray] = field(default_factory=list)
    predicted: list[np.ndarray] = field(default_factory=list)
    liked: list[np.ndarray] = field(default_factory=list)

    def add(self, chance: np.ndarray, liked: np.ndarray) -> None:
        """Add a user: the predicted ``chance`` of each unseen movie and whether it was ``liked`` later, (movies,)."""
        tenth = np.minimum((chance * BINS).astype(np.int64), BINS - 1)
        self.counts.append(np.bincount(tenth, minlength=BINS))
        self.predicted.append(np.bincount(tenth, chance, BINS))
        self.liked.append(np.bincount(tenth, liked, BINS))

    def bins(self) -> tuple[CalibrationBin, ...]:
        """Return the tenths that are not empty. Intervals: users resampled."""
        count, predicted, liked = (np.array(part, np.float64) for part in (self.counts, self.predicted, self.liked))
        bootstrap, found = Bootstrap(np.arange(len(count))), []
        for tenth in np.flatnonzero(count.sum(axis=0)):
            labels = count[:, tenth].sum()
            with np.errstate(invalid="ignore", divide="ignore"):  # draws of users without any such movie
                draws = bootstrap.sums(liked[:, tenth]) / bootstrap.sums(count[:, tenth])
            actual = Interval(float(liked[:, tenth].sum() / labels), *interval(draws))
            low, high = tenth / BINS, (tenth + 1) / BINS
            found.append(CalibrationBin(low, high, int(labels), float(predicted[:, tenth].sum() / labels), actual))
        return tuple(found)


def calibration_error(bins: Sequence[CalibrationBin], least: float = LEAST_CHANCE) -> float | None:
    """Return by how much chances of ``least`` or more are off on average: Σ n_b |actual − predicted| / Σ n_b.

    None if no movie has such a chance. Source: as ``metrics.ece``.
    """
    high = [b for b in bins if b.low >= least]
    labels = sum(b.labels for b in high)
    return sum(b.labels * abs(b.actual.value - b.predicted) for b in high) / labels if labels else None
