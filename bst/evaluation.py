"""Honest figures: a model's error on labels that it was never trained on, beside its peers on the same labels."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from bst.baselines import PEERS, Known, bias_fold_in, global_mean, item_mean
from bst.errors import ConfigError
from bst.factorisation import STRONGEST, Factorisation
from bst.metrics import by_history, ece, hit_rate, median, ndcg, nll, paired_bootstrap, rating_errors
from bst.models.config import Config, TimelineConfig
from bst.schema import Dataset
from bst.timelines import Split, Timelines, Windows, build_timelines, build_windows, split_seed_protocol

PROTOCOLS: dict[str, str] = {
    "seed": "15 % of windows drawn at random are test; their targets are never training labels",
    "visitor": "10 % of users, drawn at random, are test: each of their ratings is predicted from the earlier ones",
    "last": "each user's last movie is test, the one before it validation",
}
TRAIN, VALIDATION, TEST = 0, 1, 2
# the windows whose targets are the labels of ``seed``, for a model that has none of its own: those of preset ``seed``
SEED_WINDOW, SEED_STEP = 4, 2
LIKED = 4.0  # stars from which on a movie counts as liked
K = 10


@dataclass(frozen=True)
class Task:
    """A dataset cut up under a protocol: what to train on, what to look at while training, what to be judged on.

    ``role`` int8 (ratings,), in timeline order: ``TRAIN``, ``VALIDATION`` or ``TEST``, what each rating is as a label.
    ``split`` has the windows of a model that reads windows, None for one that reads timelines.
    """

    dataset: Dataset
    timelines: Timelines
    protocol: str
    seed: int
    role: np.ndarray
    split: Split | None = None

    @cached_property
    def user(self) -> np.ndarray:
        """Whose each rating is, in timeline order: (ratings,) int64."""
        return np.repeat(np.arange(len(self.timelines.lengths)), self.timelines.lengths)

    @cached_property
    def history(self) -> np.ndarray:
        """How many events its user had before each rating: (ratings,) int64."""
        return np.arange(len(self.role)) - self.timelines.offsets[self.user]

    @cached_property
    def test(self) -> np.ndarray:
        """Places of the test labels in the timelines: (labels,) int64, ascending."""
        return np.flatnonzero(self.role == TEST)

    @property
    def known(self) -> Known:
        """All ratings but the test labels: what a peer may learn from.

        A test label may still stand in the history of another label: a rating that was given is known afterwards.
        """
        return self.ratings(self.role != TEST)

    def ratings(self, which: np.ndarray) -> Known:
        """Return the ratings that a boolean mask (ratings,) selects."""
        events = self.timelines
        sizes = len(self.dataset.users), len(self.dataset.movies)
        return Known(self.user[which], events.movie[which], events.rating[which], *sizes)

    def last_labels(self, role: int) -> np.ndarray:
        """Return the place of each user's last label of a role, of those who have one: (users,) int64."""
        at = np.flatnonzero(self.role == role)
        return at[np.append(self.user[at][1:] != self.user[at][:-1], True)[: len(at)]]


def prepare(dataset: Dataset, config: Config, protocol: str, seed: int) -> Task:
    """Split a dataset under a protocol, for a model of this configuration.

    ``visitor``: of ``default_rng(seed).permutation(users)`` the first tenth is test, the next twentieth validation.
    ``last``: users with fewer than three events have neither. ``seed``: see ``timelines.split_seed_protocol``.

    Raises ``ConfigError`` for an unknown protocol, too little data, or a model that cannot be judged under it.
    """
    if protocol not in PROTOCOLS:
        raise ConfigError(f"there is no protocol {protocol!r}; choose one of: {', '.join(PROTOCOLS)}")
    if not 0 <= seed < 2**32:
        raise ConfigError(f"a seed is a whole number from 0 to {2**32 - 1}, not {seed}")
    timelines = build_timelines(dataset)
    if protocol == "seed":
        return _prepare_seed(dataset, timelines, config, seed)
    if not isinstance(config, TimelineConfig):
        raise ConfigError(
            f"preset {config.preset} reads windows of {config.window} events and is judged on windows alone; "
            "give --protocol seed, or --preset timeline"
        )
    users = len(timelines.lengths)
    role = np.full(len(timelines.movie), TRAIN, np.int8)
    if protocol == "visitor":
        order = np.random.default_rng(seed).permutation(users)
        of_user = np.full(users, TRAIN, np.int8)
        of_user[order[: users // 10]] = TEST
        of_user[order[users // 10 : users // 10 + users // 20]] = VALIDATION
        role = np.repeat(of_user, timelines.lengths)
    else:
        end = timelines.offsets[1:][timelines.lengths >= 3]
        role[end - 1], role[end - 2] = TEST, VALIDATION
    task = Task(dataset, timelines, protocol, seed, role)
    for part, which in (("training", TRAIN), ("validation", VALIDATION), ("test", TEST)):
        if not (role == which).any():
            raise ConfigError(
                f"{dataset.title} is too small for protocol {protocol}: its {users} users leave none for {part}; "
                "choose a larger dataset"
            )
    return task


def _prepare_seed(dataset: Dataset, timelines: Timelines, config: Config, seed: int) -> Task:
    reads_windows = not isinstance(config, TimelineConfig)
    length, step = (config.window, config.step) if reads_windows else (SEED_WINDOW, SEED_STEP)
    split = split_seed_protocol(build_windows(timelines, length, step), seed)
    role = np.full(len(timelines.movie), TRAIN, np.int8)
    for part, windows, which in (
        ("training", split.train, TRAIN),
        ("validation", split.validation, VALIDATION),
        ("test", split.test, TEST),
    ):
        if not len(windows):
            raise ConfigError(
                f"{dataset.title} is too small for windows of {length} events: none is left for {part}; "
                "choose a shorter window or a larger dataset"
            )
        role[windows.target] = which
    return Task(dataset, timelines, "seed", seed, role, split if reads_windows else None)


Predict = Callable[[Windows], np.ndarray]


def evaluate(task: Task, predict: Predict, levels: tuple[float, ...], as_visitor: Predict | None = None) -> dict:
    """Measure a model that reads windows on a task's test labels.

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


@dataclass(frozen=True)
class Predicted:
    """What a timeline model says of a task's test labels, in timeline order.

    ``distribution`` (labels, levels), and ``without_gaps`` the same with all time gaps unknown; None without a rating
    tower. ``places`` int (users,): where the movie of each user's last test label stands among all movies that the
    user had not seen, 1 for the most likely; None without a next tower.
    """

    distribution: np.ndarray | None = None
    without_gaps: np.ndarray | None = None
    places: np.ndarray | None = None


def evaluate_predicted(task: Task, predicted: Predicted) -> dict:
    """Measure a timeline model on a task's test labels.

    Returns ``labels``; ``metrics``: ``mae``, ``rmse`` (of the mean), ``median_mae``, ``nll``, ``ece`` (of the
    probability of 4 stars or more), ``mae_by_history``, ``ndcg@10`` and ``hr@10`` (each user's last test label, whole
    catalogue, seen movies excluded); ``gaps_unknown``: the rating figures with all time gaps unknown, as in the app;
    ``peers``: ``mae``, ``rmse``, ``mae_by_history`` of each; ``popularity``: the rank figures of naming what most
    watched; ``ahead_of_svd``: by history length, and for all, the difference of MAE to SVD (negative: the model is
    better) as ``[difference, low, high]`` with a 95 % interval (``metrics.paired_bootstrap``). What does not apply is
    left out.
    """
    result: dict = {"labels": len(task.test), "metrics": {}}
    if predicted.distribution is not None:
        result["metrics"] |= rating_figures(task, predicted.distribution)
    if predicted.places is not None:
        result["metrics"] |= _rank_figures(predicted.places)
        result["popularity"] = _rank_figures(_popularity_places(task))
    if predicted.distribution is None:
        return result
    if predicted.without_gaps is not None:
        result["gaps_unknown"] = rating_figures(task, predicted.without_gaps)
    actual, history = task.timelines.rating[task.test], task.history[task.test]
    peers = _peers(task)
    result["peers"] = {
        name: rating_errors(stars, actual) | {"mae_by_history": by_history(np.abs(stars - actual), history)}
        for name, stars in peers.items()
    }
    ours = np.abs(predicted.distribution @ np.array(task.dataset.levels) - actual)
    theirs = np.abs(next(stars for name, stars in peers.items() if name.startswith("svd")) - actual)
    lengths = {"all": np.ones(len(history), bool)}
    lengths |= {length: history == int(length) for length in result["metrics"]["mae_by_history"]}
    result["ahead_of_svd"] = {
        length: [
            float((ours - theirs)[which].mean()),
            *paired_bootstrap(ours[which], theirs[which], task.user[task.test][which]),
        ]
        for length, which in lengths.items()
    }
    return result


def rating_figures(task: Task, distribution: np.ndarray, role: int = TEST) -> dict:
    """Return the rating figures of predicted distributions (labels, levels) on the labels of a role."""
    at = np.flatnonzero(task.role == role)
    levels = np.array(task.dataset.levels)
    actual = task.timelines.rating[at]
    expected = distribution @ levels
    return rating_errors(expected, actual) | {
        "median_mae": float(np.abs(median(distribution, levels) - actual).mean()),
        "nll": nll(distribution, np.searchsorted(levels, actual)),
        "ece": ece(distribution[:, levels >= LIKED].sum(axis=1), actual >= LIKED),
        "mae_by_history": by_history(np.abs(expected - actual), task.history[at]),
    }


def _rank_figures(places: np.ndarray) -> dict[str, float]:
    return {f"ndcg@{K}": ndcg(places, K), f"hr@{K}": hit_rate(places, K)}


def _popularity_places(task: Task) -> np.ndarray:
    count = np.bincount(task.known.movie, minlength=len(task.dataset.movies))
    labels = task.last_labels(TEST)
    return places(task, labels, np.broadcast_to(count, (len(labels), len(count))))


def places(task: Task, labels: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Return where labelled movies stand among all movies that their user had not seen before: (labels,) int64.

    ``labels``: places in the timelines; ``scores`` (labels, movies), higher is more likely. 1 for the top; whatever
    scores the same as the labelled movie stands behind it by half.
    """
    events, place = task.timelines, np.empty(len(labels), np.int64)
    for i, at in enumerate(labels):
        unseen = np.ones(scores.shape[1], bool)
        unseen[events.movie[events.offsets[task.user[at]] : at]] = False
        unseen[events.movie[at]] = True
        mine, rest = scores[i, events.movie[at]], scores[i, unseen]
        place[i] = 1 + (rest > mine).sum() + ((rest == mine).sum() - 1) // 2
    return place


def _peers(task: Task) -> dict[str, np.ndarray]:
    """Predict the test labels by each peer: (labels,) stars. Where users are held out, peers fold them in."""
    known, events, at = task.known, task.timelines, task.test
    user, movie = task.user[at], events.movie[at]
    if task.protocol != "visitor":
        found = {name: peer(known, user, movie) for name, peer in PEERS.items()}
        return found | {"svd": Factorisation.fit(known).predict(user, movie)}
    # test users are whole timelines, so their places are whole stretches
    lengths = events.lengths[np.unique(user)]
    ratings = movie, events.rating[at], np.append(0, np.cumsum(lengths))
    found = {"global_mean": global_mean(known, user, movie), "item_mean": item_mean(known, user, movie)}
    found["bias"] = bias_fold_in(known, *ratings)
    found["svd_fold_in"] = Factorisation.fit(known).fold_in(*ratings)
    found["svd_em_fold_in"] = Factorisation.fit(known, **STRONGEST).fold_in(*ratings)
    return found
