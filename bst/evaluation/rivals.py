"""Simple recommenders that make lists for the same users: fitted on training users, tuned on validation users."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from bst.baselines.als import ImplicitAls
from bst.baselines.item_lists import Ease, ItemNeighbours, MostLiked
from bst.baselines.list_baseline import LikeHistories, ListBaseline
from bst.baselines.prefix_ridge import PrefixRidge
from bst.evaluation.later_likes import LONG, TOP, LaterLikes, like_histories
from bst.metrics import LIKED, list_precision
from bst.timelines.splits import TRAIN, VALIDATION, EvaluationSplit

RIVALS: dict[str, type[ListBaseline]] = {
    "most_liked": MostLiked,
    "item_knn": ItemNeighbours,
    "ease": Ease,
    "als": ImplicitAls,
    "ridge": PrefixRidge,
}
OnProgress = Callable[[float, str], None]


@dataclass
class RivalLists:
    """Lists by rival and number of known events, ``settings`` that were chosen, and why others were ``left_out``."""

    lists: dict[str, dict[int, np.ndarray]] = field(default_factory=dict)
    settings: dict[str, str] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)


def rival_lists(split: EvaluationSplit, labels: Mapping[int, LaterLikes], on_progress: OnProgress) -> RivalLists:
    """Return the lists of all rivals for the users of ``labels``, by number of known events.

    What a rival leaves equal is ordered by how many users liked it, so that no list falls back on the order of the
    catalogue.
    """
    training = like_histories(split, users_of(split, TRAIN))
    validation = {events: LaterLikes.of(split, users_of(split, VALIDATION), events) for events in labels}
    validation = {events: later for events, later in validation.items() if len(later)}
    popular = np.argsort(-MostLiked.fit(training).count, kind="stable")
    made = RivalLists()
    for index, (name, rival) in enumerate(RIVALS.items()):
        if obstacle := rival.obstacle(training):
            made.left_out[name] = obstacle
            continue
        groups = [[events] for events in labels] if rival.by_length else [list(labels)]
        settings: dict[str, list[str]] = {}
        lists = made.lists[name] = {}
        for number, group in enumerate(groups):
            # a fitted model may take hundreds of megabytes, so each one makes its lists before the next is fitted
            report = _part_of(on_progress, index + number / len(groups), 1 / len(groups))
            report(0.0)
            tuned_on = [validation[events] for events in group if events in validation]
            model = _tuned(rival.fit(training, group[0]), tuned_on, popular, report)
            lists |= {events: top_rows(model, labels[events].known, popular) for events in group}
            settings.setdefault(model.setting, []).extend(map(str, group))
        if any(settings):
            several = len(settings) > 1
            made.settings[name] = "; ".join(
                setting + (f" at {', '.join(events)}" if several else "") for setting, events in settings.items()
            )
    return made


def _part_of(on_progress: OnProgress, done: float, width: float) -> Callable[[float], None]:
    """Return a callback for the share of one part, ``width`` rivals wide, when ``done`` rivals are done."""
    return lambda share: on_progress((done + width * share) / len(RIVALS), "fitting simple recommenders")


def users_of(split: EvaluationSplit, role: int) -> np.ndarray:
    """Return the users all of whose events have a role, as under protocol ``visitor``: rows of the dataset."""
    return np.unique(split.user[split.role == role])


def _tuned(
    fitted: ListBaseline, validation: list[LaterLikes], popular: np.ndarray, report: Callable[[float], None]
) -> ListBaseline:
    """Return the variant with the highest precision@10 on validation users, averaged over the numbers of events."""
    variants = list(fitted.variants())
    best, highest = variants[0], -1.0
    if not validation or len(variants) == 1:
        return best
    count = len(variants)
    while variants:
        variant = variants.pop(0)  # what it computes is freed with it, unless it is the best
        if (precision := _precision(variant, validation, popular)) > highest:
            best, highest = variant, precision
        report(1 - len(variants) / count)
    return best


def _precision(model: ListBaseline, validation: list[LaterLikes], popular: np.ndarray) -> float:
    """Return the mean over the numbers of known events of the mean precision@10."""
    means = []
    for later in validation:
        lists = top_rows(model, later.known, popular, TOP)
        means.append(list_precision(later.stars_of(lists) >= LIKED, TOP).mean())
    return float(np.mean(means))


def top_rows(model: ListBaseline, known: LikeHistories, popular: np.ndarray, k: int = LONG) -> np.ndarray:
    """Return the best ``k`` movies that are not known for each user: (users, k) int64, −1 where there are fewer.

    ``popular`` (movies,): all movies, the most popular first, which is how equal scores are ordered.
    """
    scores = model.scores(known)[:, popular]
    seen = known.matrix(np.ones(len(known.movie), bool)).toarray()[:, popular] > 0
    scores = np.where(seen, -np.inf, scores)
    best = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    lists = np.full((len(scores), k), -1)
    lists[:, : best.shape[1]] = np.where(np.take_along_axis(seen, best, axis=1), -1, popular[best])
    return lists
