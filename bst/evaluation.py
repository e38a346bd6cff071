"""Honest figures: a model's error on labels that it was never trained on, beside its peers on the same labels."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from bst.baselines import PEERS, Known
from bst.errors import ConfigError
from bst.metrics import rating_errors
from bst.models.config import ClassicConfig
from bst.schema import Dataset
from bst.timelines import Split, Timelines, Windows, build_timelines, build_windows, split_seed_protocol

PROTOCOLS: dict[str, str] = {
    "seed": "15 % of windows drawn at random are test; their targets are never training labels",
}


@dataclass(frozen=True)
class Task:
    """A dataset cut up under a protocol: what to train on, what to look at while training, what to be judged on."""

    dataset: Dataset
    timelines: Timelines
    split: Split

    @property
    def known(self) -> Known:
        """All ratings but the test labels: what a peer may learn from.

        A test label may still stand in the history of another window: a rating that was given is known afterwards.
        """
        label = np.zeros(len(self.timelines.movie), bool)
        label[self.split.test.target] = True
        user = np.repeat(np.arange(len(self.timelines.lengths)), self.timelines.lengths)
        return Known(
            user[~label],
            self.timelines.movie[~label],
            self.timelines.rating[~label],
            len(self.dataset.users),
            len(self.dataset.movies),
        )


def prepare(dataset: Dataset, config: ClassicConfig, protocol: str, seed: int) -> Task:
    """Cut a dataset into windows and split them. Raises ``ConfigError`` for an unknown protocol or too little data."""
    if protocol not in PROTOCOLS:
        raise ConfigError(f"there is no protocol {protocol!r}; choose one of: {', '.join(PROTOCOLS)}")
    if not 0 <= seed < 2**32:
        raise ConfigError(f"a seed is a whole number from 0 to {2**32 - 1}, not {seed}")
    timelines = build_timelines(dataset)
    split = split_seed_protocol(build_windows(timelines, config.window, config.step), seed)
    for part, windows in (("training", split.train), ("validation", split.validation), ("test", split.test)):
        if not len(windows):
            raise ConfigError(
                f"{dataset.title} is too small for windows of {config.window} events: none is left for {part}; "
                "choose a shorter window or a larger dataset"
            )
    return Task(dataset, timelines, split)


Predict = Callable[[Windows], np.ndarray]


def evaluate(task: Task, predict: Predict, levels: tuple[float, ...], as_visitor: Predict | None = None) -> dict:
    """Measure a model on a task's test labels.

    ``predict`` maps windows to (windows,) stars; what lies outside the rating levels is clipped, as the app does.
    ``as_visitor`` does the same with the user ids hidden, for a model that reads them.

    Returns ``labels`` (how many), ``metrics`` (``mae``, ``rmse`` of the model), ``as_visitor`` (the same without user
    ids, if asked for) and ``peers`` (the same of each peer, all of which know the user).
    """
    test = task.split.test
    actual = task.timelines.rating[test.target]
    known, movie = task.known, task.timelines.movie[test.target]

    def errors(of: Predict) -> dict[str, float]:
        return rating_errors(np.clip(of(test), levels[0], levels[-1]), actual)

    result = {"labels": len(test), "metrics": errors(predict)}
    if as_visitor:
        result["as_visitor"] = errors(as_visitor)
    result["peers"] = {name: rating_errors(peer(known, test.user, movie), actual) for name, peer in PEERS.items()}
    return result
