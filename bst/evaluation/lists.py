"""Ranked lists over the whole catalogue: is the next movie on them, and what else is."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from bst.inference.ranking import (
    POPULARITY_BANDS,
    RankOptions,
    argsort_candidates,
    in_range,
    popularity_percentile,
    sort_keys,
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
from bst.schema import AGES, OCCUPATIONS, SEXES, Event, Visitor, genre_matrix
from bst.timelines.splits import TEST, EvaluationSplit

KS = (1, 5, 10, 20, 50, 100)
POPULAR = "Blockbusters"
# visitors that are asked about between two words on progress
BLOCK = 32


@dataclass(frozen=True)
class Ranked:
    """Lists of one order. ``place`` int (users,): where each user's label stands among all movies that they had not
    seen, 1 for the top. ``lists`` int (users, 100): rows of the first hundred, −1 where there are no more movies that
    a user had not seen; None where they are not known.
    """

    place: np.ndarray
    lists: np.ndarray | None = None


def ask(
    recommender: Recommender,
    split: EvaluationSplit,
    labels: np.ndarray,
    on_progress: Callable[[float], None] = lambda share: None,
) -> dict[str, Ranked]:
    """Rank the catalogue for the user of each label (places in the timelines) as it was just before that label.

    Returns each order that the model can give, as the app lists it: movies seen before are left out, whatever the
    label.
    """
    ids, found = recommender.catalogue.movies["movie_id"].to_numpy(), {}
    for first in range(0, len(labels), BLOCK):
        at = labels[first : first + BLOCK]
        visitors = [visitor_before(split, place, ids, recommender.max_history) for place in at]
        made = recommender.predict_many(visitors, ids, "next" in recommender.orders)
        for order in recommender.orders:
            by = sort_keys(made, RankOptions(order=order), recommender.bundle.levels)
            for i, label in enumerate(at):
                found.setdefault(order, []).append(_best(split, label, [key[i] for key in by]))
        on_progress(min(1.0, (first + BLOCK) / len(labels)))
    return {order: _together(rows) for order, rows in found.items()}


def by_popularity(split: EvaluationSplit, labels: np.ndarray) -> Ranked:
    """Rank by how many known ratings a movie has: the same for everyone, but for what they have seen."""
    count = np.bincount(split.known.movie, minlength=len(split.dataset.movies))
    return _together([_best(split, label, [count]) for label in labels])


def visitor_before(split: EvaluationSplit, label: int, ids: np.ndarray, most: int) -> Visitor:
    """Return a label's user as they were just before it: a history of the newest ``most`` events, all others seen.

    ``ids``: of all movies.
    """
    events, user = split.timelines, split.user[label]
    at = slice(events.offsets[user], label)
    who = {}
    for part, values in (("sex", SEXES), ("age", AGES), ("occupation", OCCUPATIONS)):
        code = int(split.dataset.users[part].cat.codes.iloc[user])
        who[part] = values[code] if code >= 0 else None
    rows = zip(ids[events.movie[at]].tolist(), events.rating[at].tolist(), events.timestamp[at].tolist(), strict=True)
    # who rated a movie twice is shown with the newest rating: a history has each movie once
    newest = {movie: Event(movie, rating, time) for movie, rating, time in rows}
    return Visitor(**who, history=tuple(newest.values())).limited(most)


def _best(split: EvaluationSplit, label: int, by: list[np.ndarray]) -> tuple[int, np.ndarray]:
    events, user = split.timelines, split.user[label]
    allowed = np.ones(len(by[0]), bool)
    allowed[events.movie[events.offsets[user] : label]] = False
    allowed[events.movie[label]] = True
    rows = argsort_candidates(by, allowed)
    return int((rows == events.movie[label]).argmax()) + 1, rows[: max(KS)]


def _together(rows: list[tuple[int, np.ndarray]]) -> Ranked:
    lists = np.full((len(rows), max(KS)), -1)
    for into, (_, listed) in zip(lists, rows, strict=True):
        into[: len(listed)] = listed
    return Ranked(np.array([place for place, _ in rows]), lists)


def sample(split: EvaluationSplit, most: int, seed: int = 0) -> np.ndarray:
    """Return each test user's last label, or a draw of ``most`` of them: places in the timelines, ascending."""
    labels = split.last_labels(TEST)
    if len(labels) <= most:
        return labels
    return np.sort(np.random.default_rng(seed).choice(labels, most, replace=False))


def ranking(split: EvaluationSplit, labels: np.ndarray, ranked: dict[str, Ranked]) -> dict:
    """Return what is measured of lists: ``users``, ``of`` (how many there are), ``orders`` and ``given``.

    Each of ``orders`` has ``hr`` and ``ndcg`` (k → ``[value, low, high]``), ``mrr``, and of its lists, by k,
    ``coverage``, ``novelty`` (bits), ``diversity`` (by genres) and ``popular``, the share of places that the most
    rated twentieth of the catalogue takes. ``given`` has ``novelty`` and ``popular`` of the labels: what was chosen.
    """
    known = split.known
    count = np.bincount(known.movie, minlength=known.movies)
    facts = {
        "information": self_information(count, len(np.unique(known.user))),
        "genres": genre_matrix(split.dataset.movies),
        "popular": in_range(popularity_percentile(count), POPULARITY_BANDS[POPULAR]),
    }
    given = split.timelines.movie[labels][:, None]
    return {
        "users": len(labels),
        "of": len(split.last_labels(TEST)),
        "orders": {order: _figures(one, facts) for order, one in ranked.items()},
        "given": {
            "novelty": novelty(given, facts["information"]),
            "popular": popularity_share(given, facts["popular"]),
        },
    }


def _figures(ranked: Ranked, facts: dict[str, np.ndarray]) -> dict:
    place, drawn = ranked.place, Bootstrap(np.arange(len(ranked.place)))

    def mean(value: float, of_each: np.ndarray) -> list[float]:
        return [value, *interval(drawn.means(of_each))]

    found = {
        "hr": {str(k): mean(hit_rate(place, k), place <= k) for k in KS},
        "ndcg": {str(k): mean(ndcg(place, k), np.where(place <= k, 1 / np.log2(place + 1), 0)) for k in KS},
        "mrr": mean(mrr(place), 1 / place),
    }
    if ranked.lists is None:
        return found
    for k in KS:
        lists = ranked.lists[ranked.lists[:, k - 1] >= 0, :k]  # of those who have so many movies left to see
        if not len(lists):
            break
        values = {
            "coverage": coverage(lists, len(facts["popular"])),
            "novelty": novelty(lists, facts["information"]),
            "popular": popularity_share(lists, facts["popular"]),
        }
        if k > 1:
            values["diversity"] = intra_list_diversity(lists, facts["genres"])
        for name, value in values.items():
            found.setdefault(name, {})[str(k)] = value
    return found
