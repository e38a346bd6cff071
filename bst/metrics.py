"""Metrics of ratings, ranks and lists. Plain NumPy, each with its formula."""

from collections.abc import Sequence
from typing import Any

import numpy as np

# stars from which on a movie counts as liked
LIKED = 4.0


def probability_liked(distribution: np.ndarray, levels: Sequence[float] | np.ndarray) -> np.ndarray:
    """Return the probability of ``LIKED`` stars or more: ``distribution`` (…, levels) → (…) float64.

    >>> float(probability_liked(np.array([0.1, 0.2, 0.2, 0.25, 0.25]), (1, 2, 3, 4, 5)))
    0.5
    """
    return np.asarray(distribution)[..., np.asarray(levels) >= LIKED].sum(axis=-1, dtype=np.float64)


def mae(predicted: np.ndarray, actual: np.ndarray) -> float:
    """Mean absolute error in stars: mean |p − a| over (labels,) arrays."""
    return float(np.mean(np.abs(np.asarray(predicted, np.float64) - actual)))


def rmse(predicted: np.ndarray, actual: np.ndarray) -> float:
    """Root mean squared error in stars: √mean (p − a)² over (labels,) arrays."""
    return float(np.sqrt(np.mean((np.asarray(predicted, np.float64) - actual) ** 2)))


def rating_errors(predicted: np.ndarray, actual: np.ndarray) -> dict[str, float]:
    """Return ``mae`` and ``rmse`` by name."""
    return {"mae": mae(predicted, actual), "rmse": rmse(predicted, actual)}


def median(distribution: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """Median of each predicted distribution, the one number that minimises the expected absolute error: (n,) stars.

    The smallest level whose cumulative probability reaches 1/2: min {l_k : p_1 + … + p_k ≥ 1/2}. ``distribution``
    (n, levels) with rows that sum to 1, ``levels`` (levels,) stars, ascending. Source: the definition of a quantile.
    """
    # slightly below 1/2, so that 0.3 + 0.2 counts as a half in any precision, and no row ends below it by rounding
    reached = np.cumsum(np.asarray(distribution, np.float64), axis=1) >= 0.5 - 1e-7
    reached[:, -1] = True
    return np.asarray(levels)[reached.argmax(axis=1)]


def nll(distribution: np.ndarray, level_index: np.ndarray) -> float:
    """Negative log-likelihood in nats: mean −ln p of the level that was given.

    ``distribution`` (n, levels), ``level_index`` int (n,): 0 for the lowest level. A probability counts as 1e-12 at
    least. It is smallest for the true distribution (the logarithmic score; Good, J. R. Stat. Soc. B 14(1), 1952).
    """
    given = np.take_along_axis(np.asarray(distribution, np.float64), np.asarray(level_index)[:, None], axis=1)
    return float(-np.mean(np.log(np.maximum(given, 1e-12))))


def ece(probability: np.ndarray, outcome: np.ndarray, bins: int = 10) -> float:
    """Expected calibration error: Σ_b n_b/n · |share of outcomes in b − mean probability in b|, from 0 to 1.

    ``probability`` (n,) falls into ``bins`` bins of equal width, [0, 1/bins) … [1 − 1/bins, 1]; ``outcome`` bool (n,)
    says whether the event happened. Source: Naeini, Cooper & Hauskrecht, AAAI 2015; Guo et al., ICML 2017, eq. 3.
    """
    probability = np.asarray(probability, np.float64)
    index = np.clip((probability * bins).astype(np.int64), 0, bins - 1)
    # n_b/n · |mean − mean| is |sum − sum| / n
    return float(np.abs(np.bincount(index, np.asarray(outcome, np.float64) - probability)).sum() / len(probability))


def rating_figures(
    distribution: np.ndarray, levels: np.ndarray, actual: np.ndarray, history: np.ndarray
) -> dict[str, Any]:
    """Return every figure of predicted distributions (labels, levels) over the ``levels`` (levels,) in stars.

    ``mae`` and ``rmse`` of their means, ``median_mae``, ``nll``, ``ece`` of the probability of ``LIKED`` stars or more,
    ``mae_by_history``. ``actual`` (labels,) stars; ``history`` int (labels,), the number of earlier events.
    """
    expected = distribution @ levels
    return rating_errors(expected, actual) | {
        "median_mae": float(np.abs(median(distribution, levels) - actual).mean()),
        "nll": nll(distribution, np.searchsorted(levels, actual)),
        "ece": ece(probability_liked(distribution, levels), actual >= LIKED),
        "mae_by_history": by_history(np.abs(expected - actual), history),
    }


def rank(scores: np.ndarray, item: int, candidates: np.ndarray) -> int:
    """Return the rank of ``item`` among ``candidates`` (items,) bool, itself one of them, by ``scores`` (items,).

    1 is the top. Of those that score the same as the item, half are taken to stand ahead of it.

    >>> rank(np.array([0.5, 0.9, 0.1, 0.7]), 3, np.array([True, True, True, True]))
    2
    """
    rest = scores[candidates]
    return int(1 + (rest > scores[item]).sum() + ((rest == scores[item]).sum() - 1) // 2)


def rank_figures(ranks: np.ndarray, k: int = 10) -> dict[str, float]:
    """Return ``ndcg@k`` and ``hr@k`` of ranks (labels,), 1 for the top."""
    return {f"ndcg@{k}": ndcg(ranks, k), f"hr@{k}": hit_rate(ranks, k)}


def hit_rate(ranks: np.ndarray, k: int) -> float:
    """HR@k: the share of labels whose one relevant item is among the first k. ``ranks`` (n,), 1 for the top.

    Source: Deshpande & Karypis, ACM TOIS 22(1), 2004; with one relevant item it is also recall@k.
    """
    return float(np.mean(np.asarray(ranks) <= k))


def ndcg(ranks: np.ndarray, k: int) -> float:
    """NDCG@k with one relevant item: mean of 1 / log₂(rank + 1) where rank ≤ k, else 0. ``ranks`` (n,), 1 for the top.

    The ideal list has the item on top, with a gain of 1, so there is nothing to divide by. Source: Järvelin &
    Kekäläinen, ACM TOIS 20(4), 2002, with the logarithmic discount of SASRec and HSTU.
    """
    ranks = np.asarray(ranks, np.float64)
    return float(np.mean(np.where(ranks <= k, 1 / np.log2(ranks + 1), 0.0)))


def by_history(
    error_abs: np.ndarray, history: np.ndarray, lengths: Sequence[int] = (0, 1, 3, 5, 10, 20, 50)
) -> dict[str, float]:
    """MAE by the exact number of earlier events: ``{"0": …, "1": …}``, without lengths that no label has.

    ``error_abs`` |p − a| in stars and ``history`` int, the number of earlier events: each (n,).
    """
    error_abs, history = np.asarray(error_abs, np.float64), np.asarray(history)
    by_length = {length: error_abs[history == length] for length in lengths}
    return {str(length): float(errors.mean()) for length, errors in by_length.items() if len(errors)}


class Bootstrap:
    """Draws of users with replacement, and the sums and means over their labels in each draw.

    ``user`` int (labels,): the user of each label. A draw that takes user u w_u times gives Σ w_u Σ x / Σ w_u n_u.
    Users, not labels, are drawn, as the labels of one user depend on each other. The same seed gives the same draws.
    Source: Efron & Tibshirani, An Introduction to the Bootstrap, 1993, chapters 8 and 13.
    """

    def __init__(self, user: np.ndarray, draws: int = 1000, seed: int = 0):
        _, self.user = np.unique(user, return_inverse=True)
        self.users = int(self.user.max(initial=-1)) + 1
        rng = np.random.default_rng(seed)
        # floats, for fast matrix products
        self.weight = rng.multinomial(self.users, np.full(self.users, 1 / self.users), size=draws).astype(np.float64)

    def sums(self, values: np.ndarray, where: np.ndarray | None = None) -> np.ndarray:
        """Return the sum of ``values`` (labels,) in each draw, over the labels of the mask ``where``: (draws,)."""
        user, values = (self.user, values) if where is None else (self.user[where], np.asarray(values)[where])
        return self.weight @ np.bincount(user, np.asarray(values, np.float64), self.users)

    def means(self, values: np.ndarray, where: np.ndarray | None = None) -> np.ndarray:
        """Return the mean of ``values`` in each draw, NaN where a draw has none of the labels: (draws,)."""
        count = self.sums(np.ones(len(self.user)), where)
        with np.errstate(invalid="ignore", divide="ignore"):
            return self.sums(values, where) / count


def interval(draws: np.ndarray) -> tuple[float, float]:
    """95% percentile interval of the draws of a bootstrap; draws that are NaN do not count."""
    low, high = np.nanpercentile(draws, [2.5, 97.5])
    return float(low), float(high)


def paired_bootstrap(
    a: np.ndarray, b: np.ndarray, user: np.ndarray, draws: int = 1000, seed: int = 0
) -> tuple[float, float]:
    """95% percentile interval of mean(a) − mean(b) when whole users are drawn with replacement: see ``Bootstrap``.

    ``a`` and ``b`` are two models' errors on the same labels, ``user`` int the user of each label: (n,) each.
    """
    return interval(Bootstrap(user, draws, seed).means(np.asarray(a, np.float64) - b))


# ---- lists


def mrr(ranks: np.ndarray) -> float:
    """Mean reciprocal rank: mean of 1 / rank. ``ranks`` (n,), 1 for the top. Source: Voorhees, TREC-8, 1999."""
    return float(np.mean(1 / np.asarray(ranks, np.float64)))


def coverage(lists: np.ndarray, movies: int) -> float:
    """Share of a catalogue of ``movies`` that is in at least one list. ``lists`` int (users, k), rows of it.

    Source: Ge, Delgado-Battenfeld & Jannach, RecSys 2010 ("catalogue coverage").
    """
    return len(np.unique(lists)) / movies


def self_information(watched: np.ndarray, users: int) -> np.ndarray:
    """Return −log₂ of the share of users who watched each movie, in bits: (movies,). 0 if all users have.

    ``watched`` (movies,): by how many of ``users``; 0 counts as 1.
    """
    return -np.log2(np.clip(watched, 1, users) / users)


def novelty(lists: np.ndarray, information: np.ndarray) -> float:
    """Mean self-information of the movies in lists, in bits: higher for less popular ones. ``lists`` int (users, k).

    Source: Zhou et al., PNAS 107(10), 2010; Castells, Hurley & Vargas, Recommender Systems Handbook, 2022.
    """
    return float(information[lists].mean())


def intra_list_diversity(lists: np.ndarray, vectors: np.ndarray) -> float:
    """Mean of ``list_diversity`` over lists."""
    return float(list_diversity(lists, vectors).mean())


def list_diversity(lists: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """Mean of 1 − cos over all pairs of each list: (users,), 0 for lists of equal vectors.

    ``lists`` int (users, k), k ≥ 2; ``vectors`` (movies, D), a vector of zeros has a cosine of 0 with every other.
    Source: Ziegler et al., WWW 2005, as a mean over pairs.
    """
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit = (vectors / np.where(length > 0, length, 1)).astype(np.float64)[lists]
    k = lists.shape[1]
    # all k² cosines without those of a movie with itself
    similarity = (unit.sum(axis=1) ** 2).sum(axis=1) - (unit**2).sum(axis=(1, 2))
    return 1 - similarity / (k * (k - 1))


def popularity_share(lists: np.ndarray, popular: np.ndarray) -> float:
    """Share of the entries of lists, int (users, k), that are ``popular`` movies, bool (movies,)."""
    return float(popular[lists].mean())


def list_precision(hits: np.ndarray, k: int) -> np.ndarray:
    """Precision@k of each list: hits among the first k, over k. ``hits`` bool (users, k or more) → (users,).

    A list of fewer than k entries has no hits in the rest. Source: Herlocker et al., ACM TOIS 22(1), 2004.

    >>> list_precision(np.array([[True, False, True, True]]), 2).tolist()
    [0.5]
    """
    return hits[:, :k].sum(axis=1) / k


def list_recall(hits: np.ndarray, relevant: np.ndarray, k: int) -> np.ndarray:
    """Recall@k of each list: hits among the first k, over min(k, relevant), so that 1 can be reached.

    ``hits`` bool (users, k or more); ``relevant`` int (users,): how many relevant movies each user has, 1 or more.
    Source: Liang et al., WWW 2018, equation 6.

    >>> list_recall(np.array([[True, False], [True, True]]), np.array([1, 5]), 2).tolist()
    [1.0, 1.0]
    """
    return hits[:, :k].sum(axis=1) / np.minimum(relevant, k)


def list_ndcg(hits: np.ndarray, relevant: np.ndarray, k: int) -> np.ndarray:
    """NDCG@k of each list with a gain of 1 per hit: Σ hit_r / log₂(r + 1), over the same of an ideal list.

    The ideal list has its min(k, relevant) hits on top. ``hits`` bool (users, k or more); ``relevant`` int (users,), 1
    or more. Source: Järvelin & Kekäläinen, ACM TOIS 20(4), 2002.

    >>> list_ndcg(np.array([[False, True, True], [False, True, False]]), np.array([2, 1]), 3).round(3).tolist()
    [0.693, 0.631]
    """
    discount = 1 / np.log2(np.arange(2, k + 2))
    ideal = np.cumsum(discount)[np.minimum(relevant, k) - 1]
    found = hits[:, :k]
    return found @ discount[: found.shape[1]] / ideal


def top_title(lists: np.ndarray) -> tuple[int, np.ndarray]:
    """Return the movie that most lists have, the first of several, and which lists have it: bool (users,).

    ``lists`` int (users, k), each movie once in a list; −1 where a list is shorter.

    >>> top_title(np.array([[3, 1], [1, 2], [2, 0]]))
    (1, array([ True,  True, False]))
    """
    movie = int(np.bincount(lists[lists >= 0]).argmax())
    return movie, (lists == movie).any(axis=1)


def genre_distribution(genres: np.ndarray, movies: np.ndarray) -> np.ndarray:
    """Return the genres of sets of movies as distributions: Σ p(g|i) over the set, scaled to sum to 1.

    p(g|i) is 1 / (genres of i) for each of its genres. ``genres`` (movies, G) of 0 and 1; ``movies`` (users, movies),
    how often each movie is in each set, which may be sparse. Returns (users, G) float64, zeros for a set without
    genres. Source: Steck, RecSys 2018, equations 2 and 3, with equal weights.

    >>> genre_distribution(np.array([[1, 0], [1, 1]]), np.array([[1, 1], [0, 0]])).tolist()
    [[0.75, 0.25], [0.0, 0.0]]
    """
    of_movie = genres / np.maximum(genres.sum(axis=1, keepdims=True), 1)
    total = np.asarray(movies @ of_movie, np.float64)
    return total / np.where(total.sum(axis=1, keepdims=True) > 0, total.sum(axis=1, keepdims=True), 1)


def miscalibration(history: np.ndarray, listed: np.ndarray, alpha: float = 0.01) -> np.ndarray:
    """Kullback–Leibler divergence of each list's genres from those of the history, in nats: (users,), 0 is calibrated.

    Σ_g p ln(p / q̃) with q̃ = (1 − α) q + α p, so that a genre that the list lacks gives a finite value. ``history`` p
    and ``listed`` q: (users, G), distributions. Source: Steck, RecSys 2018, equation 6.

    >>> miscalibration(np.array([[0.5, 0.5], [0.5, 0.5]]), np.array([[0.5, 0.5], [1.0, 0.0]])).round(3).tolist()
    [0.0, 1.959]
    """
    smoothed = (1 - alpha) * listed + alpha * history
    ratio = np.divide(history, smoothed, out=np.ones_like(smoothed), where=history > 0)
    return (history * np.log(ratio)).sum(axis=1)
