"""Ranked lists over the whole catalogue: the rank of the next movie, and what the lists contain."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from bst.evaluation.records import Interval, LabelMovies, ListMetrics, RankingEvaluation
from bst.inference.ranking import (
    POPULARITY_BANDS,
    RankOptions,
    argsort_candidates,
    in_range,
    popularity_percentile,
)
from bst.inference.recommender import Recommender
from bst.metrics import (
    Bootstrap,
    coverage,
    hit_rate,
    interval,
    intra_list_diversity,
    mrr,
    ndcg,
    novelty,
    popularity_share,
    self_information,
)
from bst.schema import Event, Visitor, demographics_of, genre_matrix
from bst.timelines.splits import TEST, EvaluationSplit

KS = (1, 5, 10, 20, 50, 100)
POPULAR = "Blockbusters"
# visitors who are predicted between two reports of progress
BLOCK = 32


@dataclass(frozen=True)
class RankedLists:
    """Ranked lists of one order. ``ranks`` int (users,): the rank of each user's label among all movies that they had
    not seen, 1 for the top. ``lists`` int (users, 100): movie rows of the first hundred, −1 where a user has fewer
    unseen movies; None where only the ranks are known.
    """

    ranks: np.ndarray
    lists: np.ndarray | None = None


def rank_catalogue(
    recommender: Recommender,
    split: EvaluationSplit,
    labels: np.ndarray,
    on_progress: Callable[[float], None] = lambda share: None,
) -> dict[str, RankedLists]:
    """Rank the catalogue for the user of each label (index in the timelines) as they were just before that label.

    Returns each order that the model supports, as the app lists it: without movies seen before, other than the label.
    """
    ids = recommender.catalogue.movies["movie_id"].to_numpy()
    rows: dict[str, list[tuple[int, np.ndarray]]] = {order: [] for order in recommender.orders}
    for first in range(0, len(labels), BLOCK):
        block = labels[first : first + BLOCK]
        visitors = [visitor_before(split, label, ids, recommender.max_history) for label in block]
        predictions = recommender.predict_many(visitors, ids, recommender.bundle.config.tasks)
        for order in recommender.orders:
            by = recommender.sort_keys(predictions, RankOptions(order=order))
            rows[order] += [_rank(split, label, [key[i] for key in by]) for i, label in enumerate(block)]
        on_progress(min(1.0, (first + BLOCK) / len(labels)))
    return {order: _ranked_lists(found) for order, found in rows.items()}


def rank_by_popularity(split: EvaluationSplit, labels: np.ndarray) -> RankedLists:
    """Rank by how many known ratings a movie has: the same for every user, but without the movies they have seen."""
    count = np.bincount(split.known.movie, minlength=len(split.dataset.movies))
    return _ranked_lists([_rank(split, label, [count]) for label in labels])


def visitor_before(split: EvaluationSplit, label: int, ids: np.ndarray, most: int) -> Visitor:
    """Return a label's user as they were just before it: the newest ``most`` events are the history, others are seen.

    ``ids``: of all movies.
    """
    events, user = split.timelines, split.user[label]
    before = slice(events.offsets[user], label)
    demographics = demographics_of(split.dataset, user)
    columns = (ids[events.movie[before]], events.rating[before], events.timestamp[before])
    # a history has each movie once, so of two ratings of the same movie the newest counts
    newest = {row[0]: Event(*row) for row in zip(*(column.tolist() for column in columns), strict=True)}
    return Visitor(demographics, history=tuple(newest.values())).limited(most)


def _rank(split: EvaluationSplit, label: int, by: list[np.ndarray]) -> tuple[int, np.ndarray]:
    events, user = split.timelines, split.user[label]
    allowed = np.ones(len(by[0]), bool)
    allowed[events.movie[events.offsets[user] : label]] = False
    allowed[events.movie[label]] = True
    rows = argsort_candidates(by, allowed)
    return int((rows == events.movie[label]).argmax()) + 1, rows[: max(KS)]


def _ranked_lists(rows: list[tuple[int, np.ndarray]]) -> RankedLists:
    lists = np.full((len(rows), max(KS)), -1)
    for row, (_, movies) in zip(lists, rows, strict=True):
        row[: len(movies)] = movies
    return RankedLists(np.array([rank for rank, _ in rows]), lists)


def sample(split: EvaluationSplit, most: int, seed: int = 0) -> np.ndarray:
    """Return each test user's last label, or a random sample of ``most``: indices in the timelines, ascending."""
    labels = split.last_labels(TEST)
    if len(labels) <= most:
        return labels
    return np.sort(np.random.default_rng(seed).choice(labels, most, replace=False))


@dataclass(frozen=True)
class _Catalogue:
    """What the contents of lists are measured by: ``information`` (movies,) bits, ``genres`` (movies, 18) and bool
    ``popular`` (movies,).
    """

    information: np.ndarray
    genres: np.ndarray
    popular: np.ndarray


def ranking(split: EvaluationSplit, labels: np.ndarray, ranked: dict[str, RankedLists]) -> RankingEvaluation:
    """Return the metrics of ranked lists, by order. ``labels``: those of their users, as ``sample`` returns them."""
    known = split.known
    count = np.bincount(known.movie, minlength=known.movies)
    catalogue = _Catalogue(
        information=self_information(count, len(np.unique(known.user))),
        genres=genre_matrix(split.dataset.movies, split.dataset.domain.tag_values),
        popular=in_range(popularity_percentile(count), POPULARITY_BANDS[POPULAR]),
    )
    movies = split.timelines.movie[labels][:, None]
    return RankingEvaluation(
        users=len(labels),
        total_users=len(split.last_labels(TEST)),
        orders={order: _list_metrics(lists, catalogue) for order, lists in ranked.items()},
        label_movies=LabelMovies(novelty(movies, catalogue.information), popularity_share(movies, catalogue.popular)),
    )


def _list_metrics(ranked: RankedLists, catalogue: _Catalogue) -> ListMetrics:
    ranks, bootstrap = ranked.ranks, Bootstrap(np.arange(len(ranked.ranks)))

    def mean(value: float, per_user: np.ndarray) -> Interval:
        return Interval(value, *interval(bootstrap.means(per_user)))

    content: dict[str, dict[int, float]] = {"coverage": {}, "novelty": {}, "popular": {}, "diversity": {}}
    whole = np.empty((0, max(KS)), np.int64) if ranked.lists is None else ranked.lists
    for k in KS:
        lists = whole[whole[:, k - 1] >= 0, :k]  # of the users who have that many unseen movies
        if not len(lists):
            break
        content["coverage"][k] = coverage(lists, len(catalogue.popular))
        content["novelty"][k] = novelty(lists, catalogue.information)
        content["popular"][k] = popularity_share(lists, catalogue.popular)
        if k > 1:
            content["diversity"][k] = intra_list_diversity(lists, catalogue.genres)
    return ListMetrics(
        hr={k: mean(hit_rate(ranks, k), ranks <= k) for k in KS},
        ndcg={k: mean(ndcg(ranks, k), np.where(ranks <= k, 1 / np.log2(ranks + 1), 0)) for k in KS},
        mrr=mean(mrr(ranks), 1 / ranks),
        **content,
    )
