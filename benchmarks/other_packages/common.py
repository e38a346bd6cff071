"""What the scripts share: labels and figures. NumPy only, as the packages need an environment of their own."""

import argparse
import json
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

TRAIN, VALIDATION, TEST = 0, 1, 2


@dataclass(frozen=True)
class Labels:
    """A file of ``labels.py``: all events by user and time.

    Each (events,): ``user`` and ``movie`` int, ``rating`` in stars, ``timestamp`` in seconds, ``part``: training,
    validation or test. ``demographics`` int (users, 3): sex, age group and occupation; ``item_features`` (movies, 28):
    genres, then decades.
    """

    user: np.ndarray
    movie: np.ndarray
    rating: np.ndarray
    timestamp: np.ndarray
    part: np.ndarray
    users: int
    movies: int
    demographics: np.ndarray
    item_features: np.ndarray
    protocol: str
    seed: int

    @classmethod
    def read(cls, path: Path, protocol: str) -> "Labels":
        """Read a file; stops with a word where it is of another protocol."""
        with np.load(path) as file:
            labels = cls(**{name: file[name] if file[name].ndim else file[name].item() for name in file.files})
        if labels.protocol != protocol:
            raise SystemExit(f"{path} holds labels of protocol {labels.protocol}; this script needs {protocol}")
        return labels

    def of(self, *parts: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """User, movie and rating of the events in these parts: (events,) each."""
        chosen = np.isin(self.part, parts)
        return self.user[chosen], self.movie[chosen], self.rating[chosen]

    @property
    def offsets(self) -> np.ndarray:
        """User ``u`` owns the events ``offsets[u]:offsets[u + 1]``: (users + 1,)."""
        return np.append(0, np.cumsum(np.bincount(self.user, minlength=self.users)))

    @property
    def history(self) -> np.ndarray:
        """How many events each event's user has before it: (events,)."""
        return np.arange(len(self.user)) - self.offsets[self.user]

    def residuals(self, damping: float = 10.0) -> tuple[np.ndarray, np.ndarray]:
        """Return each rating less its movie's damped mean in training (events,), and these means (movies,)."""
        _, movie, rating = self.of(TRAIN)
        mu, count = rating.mean(dtype=np.float64), np.bincount(movie, minlength=self.movies)
        mean = mu + np.bincount(movie, rating - mu, self.movies) / (count + damping)
        return self.rating - mean[self.movie], mean


def parser(description: str, *, keeps: bool = False) -> argparse.ArgumentParser:
    """Return a parser that already asks for the labels, and for a file for the predictions if it ``keeps`` them."""
    command = argparse.ArgumentParser(description=description.splitlines()[0])
    command.add_argument("labels", type=Path, help="a file written by labels.py")
    if keeps:
        command.add_argument("--out", type=Path, required=True, help="where predictions are kept for compare.py")
    return command


class Stopwatch:
    """Seconds since construction."""

    def __init__(self):
        self.start = time.perf_counter()

    def seconds(self) -> float:
        """Return them, to a tenth."""
        return round(time.perf_counter() - self.start, 1)


def rating_figures(predicted: np.ndarray, actual: np.ndarray) -> dict[str, float]:
    """MAE and RMSE of stars clipped to 1…5, and the MAE of those rounded to whole stars."""
    predicted = np.clip(predicted, 1, 5).astype(np.float64)
    error = np.abs(predicted - actual)
    return {
        "mae": float(error.mean()),
        "rmse": float(np.sqrt((error**2).mean())),
        "rounded_mae": float(np.abs(np.rint(predicted) - actual).mean()),
    }


def keep_predictions(path: Path, labels: Labels, stars: np.ndarray) -> dict[str, float]:
    """Write the predictions of the validation and test users' events for ``compare.py``; return both parts' figures.

    ``stars`` (events,), of which only theirs count.
    """
    figures = {}
    for name, part in (("validation", VALIDATION), ("test", TEST)):
        chosen = labels.part == part
        errors = rating_figures(stars[chosen], labels.rating[chosen])
        figures |= {f"{name}_{metric}": value for metric, value in errors.items()}
    held_out = np.flatnonzero(labels.part != TRAIN)
    np.savez(path, event=held_out, stars=np.clip(stars[held_out], 1, 5), seed=labels.seed)
    return figures


def ranking_figures(place: np.ndarray, k: int = 10) -> dict[str, float]:
    """NDCG@k and HR@k from the rank, counted from 1, of each user's one relevant movie."""
    hit = place <= k
    return {f"ndcg@{k}": float(np.where(hit, 1 / np.log2(place + 1.0), 0).mean()), f"hr@{k}": float(hit.mean())}


def report(
    package: str, labels: Labels, count: int, seconds: dict[str, float], figures: dict[str, float], **result
) -> None:
    """Print one JSON object."""
    known = {"package": package, "protocol": labels.protocol, "seed": labels.seed, "labels": count}
    print(json.dumps(known | result | seconds | {name: round(value, 4) for name, value in figures.items()}))
