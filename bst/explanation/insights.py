"""What a model's explanations are worth over many visitors, worked out once and kept beside the bundle.

How far attention agrees with influence, beside two controls; what is attended to and what moves predictions; a map of
the movies; and for the demo world, whether explanations find the causes that are planted there.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from bst.bundles import sidecars
from bst.bundles.bundle import Bundle
from bst.explanation import planted
from bst.explanation.agreement import Agreement, agreement, layers_of, spearman
from bst.explanation.attention import attention
from bst.explanation.embedding_map import embedding_map
from bst.explanation.gradients import integrated_gradients
from bst.explanation.insight_summary import by_genre, by_movie, deciles, spread
from bst.explanation.leave_one_out import leave_one_out
from bst.inference.recommender import Recommender
from bst.schema import Dataset, Visitor
from bst.visitors.replay import RealUsers

FORMAT = 1
# events of a sampled history: as many as someone in the app may have
LEAST_EVENTS, MOST_EVENTS = 5, 100
# integrated gradients cost many passes back and forth, so fewer visitors tell of them
GRADIENT_VISITORS, GRADIENT_STEPS = 50, 16

OnProgress = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Seen:
    """What was measured of one sampled visitor and the movie that they really rated next.

    ``attention`` and ``influence`` (events,): the mean of all heads, and stars of either sign. ``expected`` stars as
    the model has them, ``alike`` with attention forced uniform, ``blank`` without any history; ``actual`` stars.
    """

    movie_ids: tuple[int, ...]
    attention: np.ndarray
    influence: np.ndarray
    agreement: Agreement
    uniform: float | None
    permuted: float | None
    gradients: float | None
    expected: float
    alike: float
    blank: float
    actual: float


def read_insights(bundle: Bundle) -> dict | None:
    """Return what ``make_insights`` found of a bundle, None if it was never kept or is of other weights."""
    return sidecars.read(bundle, "insights")


def make_insights(
    recommender: Recommender,
    dataset: Dataset,
    *,
    visitors: int = 200,
    seed: int = 0,
    on_progress: OnProgress = lambda done, total, words: None,
) -> dict:
    """Measure a model's explanations over a fixed sample of visitors; return plain values, ready for JSON.

    A minute or two for 200 visitors on an idle machine. ``on_progress(done, total, words)``. Nothing of any one user is
    in the result: movies stand in it by id, all else are sums over the sample. The same seed gives the same sample.

    Each sampled visitor is a user of ``dataset`` with the first 5 … 100 events of their timeline, without times, as in
    the app (their number is drawn evenly on a logarithmic scale), and the movie that they really rated next. Users are
    those whom the training never saw, where its protocol held such users out.

    ``sample``: ``visitors`` that were measured, ``seed``, ``held_out`` (bool), ``protocol``, ``events`` (``low``,
    ``median``, ``high``: how many the model read), ``words`` (a sentence).
    ``heads``, ``layers``: names, as in ``Agreement``.
    ``agreement``: rank correlation of attention and |influence|: ``heads`` and ``layers`` (a Spread each), ``mean`` (a
    Spread), ``gradients`` (a Spread: |integrated gradients| and |influence|, of fewer visitors).
    ``controls``: ``uniform`` (a Spread: all events looked at alike, ties broken by lot, so what chance gives) and
    ``permuted`` (a Spread: attention to the same events in shuffled order, matched event by event, and |influence| in
    the true order).
    ``uniform_change``: how many stars an expected rating moves when attention is forced uniform: ``mean``,
    ``quantiles`` (11, 0 % … 100 %); beside it ``one_event``, the mean over visitors of the greatest |influence|, and
    ``history``, the mean move when the whole history is left out; ``mae`` against what they really rated: ``as_is``,
    ``uniform``.
    ``genres``: a row for each genre of enough visitors, most attended first: ``genre``, ``visitors``, ``events``,
    ``attention``, ``influence`` (ratio to the average event of the same history: 1 is average), ``stars`` (mean
    |influence|).
    ``movies``: ``attention`` and ``influence``, up to 20 rows each, highest first, of movies that enough visitors had:
    ``movie_id``, ``visitors``, ``value`` (that ratio, shrunk to 1 where there were few).
    ``map``: ``x``, ``y`` (for each movie in catalogue order, −1 … 1), ``method``, ``trustworthiness``.
    ``planted``: None but for the demo world. ``k`` (3), ``cases``, and precision at k, 0 … 1, of ``influence``,
    ``attention``, ``gradients`` and ``chance``, where the third strongest cause is of ``clear`` stars or more;
    ``by_clarity``: rows of ``stars`` (of the third strongest cause, up to those of the next row), ``cases``,
    ``influence``, ``attention``, ``chance``; ``words`` (a sentence that says what was asked).

    A Spread: ``visitors`` for whom it is defined, ``mean``, ``quantiles`` (11, 0 % … 100 %), ``histogram`` (20 counts,
    bins of 0.1 from −1 to 1); None where it is defined for nobody.
    """
    users = RealUsers(recommender.bundle, dataset)
    sampled = draw_sample(users, visitors, seed)
    cases = _planted_cases(users, visitors, seed)  # clarity → cases
    total, done = len(sampled) + sum(map(len, cases.values())) + 1, 0

    def step(words: str) -> None:
        nonlocal done
        on_progress(done, total, words)
        done += 1

    uniform = Recommender.load(recommender.bundle, dataset, uniform_attention=True)
    seen = []
    for i, (visitor, movie_id, actual) in enumerate(sampled):
        step("measuring visitors")
        rng = np.random.default_rng([seed, i])
        seen.append(_measure(recommender, uniform, visitor, movie_id, actual, rng, i < GRADIENT_VISITORS))
    found = {}
    for clarity, drawn in cases.items():
        found[clarity] = []
        for i, case in enumerate(drawn):
            step("looking for planted causes")
            clear = clarity == planted.CLARITY[-1]
            found[clarity].append(_find(recommender, case, clear and i < GRADIENT_VISITORS))
    step("drawing the map of movies")
    layout = embedding_map(recommender, seed)
    on_progress(total, total, "done")
    return {
        "format": FORMAT,
        "sample": _sample_words(users, seen, seed),
        **_agreements(seen),
        "uniform_change": _uniform_change(seen),
        "genres": by_genre(recommender.catalogue, seen),
        "movies": {name: by_movie(seen, name) for name in ("attention", "influence")},
        "map": {
            "x": layout.x.tolist(),
            "y": layout.y.tolist(),
            "method": layout.method,
            "trustworthiness": None if layout.trustworthiness is None else round(layout.trustworthiness, 3),
        },
        "planted": _planted_words(found),
    }


def draw_sample(users: RealUsers, visitors: int, seed: int) -> list[tuple[Visitor, int, float]]:
    """Draw visitors as ``make_insights`` says: history, the id of the movie that they rated next, and their stars."""
    rng = np.random.default_rng(seed)
    lengths = users.lengths()
    among = users.held_out if len(users.held_out) else np.arange(len(lengths))
    among = rng.permutation(among[lengths[among] > LEAST_EVENTS])
    sampled = []
    for user in among[:visitors]:
        events = users.events(int(user))
        most = min(len(events) - 1, MOST_EVENTS)
        end = int(np.exp(rng.uniform(np.log(LEAST_EVENTS), np.log(most + 1))))
        history = tuple(replace(event, timestamp=None) for event in events[:end])
        visitor = replace(users.without_history(int(user)), history=history)
        sampled.append((visitor, events[end].movie_id, events[end].rating))
    return sampled


def _measure(
    recommender: Recommender,
    uniform: Recommender,
    visitor: Visitor,
    movie_id: int,
    actual: float,
    rng: np.random.Generator,
    gradients: bool,
) -> Seen:
    there = attention(recommender, visitor, movie_id)
    made = leave_one_out(recommender, visitor, movie_id)
    change = made.event_effects.expected
    size = np.abs(change)
    attributed = (
        integrated_gradients(recommender, visitor, movie_id, GRADIENT_STEPS).event_effects if gradients else None
    )
    blank = recommender.predict_many([replace(visitor, history=())], [movie_id]).expected[0, 0]
    return Seen(
        movie_ids=tuple(event.movie_id for event in there.events),
        attention=there.looks.to_events.mean(axis=0),
        influence=change,
        agreement=agreement(there, change),
        uniform=spearman(rng.permutation(len(size)), size),
        permuted=spearman(_attention_when_shuffled(recommender, visitor, movie_id, rng), size),
        gradients=None if attributed is None else spearman(np.abs(attributed), size),
        expected=made.expected,
        alike=float(uniform.predict_many([visitor], [movie_id]).expected[0, 0]),
        blank=float(blank),
        actual=actual,
    )


def _attention_when_shuffled(
    recommender: Recommender, visitor: Visitor, movie_id: int, rng: np.random.Generator
) -> np.ndarray:
    """Return the attention to each event that is read, in the true order, after they were read in another order."""
    events = recommender.read_events(visitor)
    order = rng.permutation(len(events))
    shuffled = replace(visitor, history=tuple(events[place] for place in order))
    weights = np.zeros(len(events))
    weights[order] = recommender.attention(shuffled, movie_id).to_events.mean(axis=0)
    return weights


def _sample_words(users: RealUsers, seen: list[Seen], seed: int) -> dict:
    held_out = bool(len(users.held_out))
    events = [len(one.movie_ids) for one in seen]
    who = "that the model never saw in training" if held_out else "drawn from all, as its protocol holds none out whole"
    low, median, high = (float(np.quantile(events, q)) if events else 0.0 for q in (0, 0.5, 1))
    return {
        "visitors": len(seen),
        "seed": seed,
        "held_out": held_out,
        "protocol": users.bundle.protocol,
        "events": {"low": low, "median": median, "high": high},
        "words": f"{len(seen)} users of {users.bundle.dataset_title} {who}, each with the beginning of what they "
        f"watched (the model read {low:.0f} to {high:.0f} movies, half of them {median:.0f} or fewer) and the movie "
        "that came next.",
    }


def _agreements(seen: list[Seen]) -> dict:
    heads = seen[0].agreement.names if seen else ()
    layers = tuple(layers_of(heads))
    own = [one.agreement for one in seen]
    return {
        "heads": list(heads),
        "layers": list(layers),
        "agreement": {
            "heads": [spread([one.heads[i] for one in own]) for i in range(len(heads))],
            "layers": [spread([one.layers[i] for one in own]) for i in range(len(layers))],
            "mean": spread([one.mean for one in own]),
            "gradients": spread([one.gradients for one in seen]),
        },
        "controls": {
            "uniform": spread([one.uniform for one in seen]),
            "permuted": spread([one.permuted for one in seen]),
        },
    }


def _uniform_change(seen: list[Seen]) -> dict | None:
    if not seen:
        return None
    expected, alike, blank, actual = (
        np.array([getattr(one, name) for one in seen]) for name in ("expected", "alike", "blank", "actual")
    )
    moved = np.abs(alike - expected)
    return {
        "mean": round(float(moved.mean()), 4),
        "quantiles": deciles(moved),
        "one_event": round(float(np.mean([np.abs(one.influence).max() for one in seen])), 4),
        "history": round(float(np.abs(blank - expected).mean()), 4),
        "mae": {
            "as_is": round(float(np.abs(expected - actual).mean()), 4),
            "uniform": round(float(np.abs(alike - actual).mean()), 4),
        },
    }


def _planted_cases(users: RealUsers, visitors: int, seed: int) -> dict[float, list[planted.Case]]:
    if not planted.is_demo(users.dataset):
        return {}
    among = users.held_out if len(users.held_out) else np.arange(len(users.dataset.users))
    among = np.random.default_rng(seed).permutation(among)[:visitors]
    # of weaker causes there are plenty: a part of the users tells as much
    some, clear = among[: max(1, len(among) // 4)], planted.CLARITY[-1]
    return {c: planted.draw_cases(users, among if c == clear else some, c, seed) for c in planted.CLARITY}


def _find(recommender: Recommender, case: planted.Case, gradients: bool) -> dict[str, float]:
    """Return the precision of each way to explain, for one case."""
    ways = {
        "influence": leave_one_out(recommender, case.visitor, case.movie_id).event_effects.expected,
        "attention": recommender.attention(case.visitor, case.movie_id).to_events.mean(axis=0),
    }
    if gradients:
        ways["gradients"] = integrated_gradients(recommender, case.visitor, case.movie_id, GRADIENT_STEPS).event_effects
    read = case.effects[-len(recommender.read_events(case.visitor)) :]
    found = {name: planted.precision(np.abs(values), read) for name, values in ways.items()}
    return found | {"chance": planted.chance(read)}


def _planted_words(found: dict[float, list[dict[str, float]]]) -> dict | None:
    if not any(found.values()):
        return None

    def means(cases: list[dict[str, float]], ways: tuple[str, ...]) -> dict:
        told = {way: [one[way] for one in cases if way in one] for way in ways}
        return {way: round(float(np.mean(values)), 3) if values else None for way, values in told.items()}

    clear, ways = planted.CLARITY[-1], ("influence", "attention", "chance")
    return {
        "k": planted.K,
        "clear": clear,
        "cases": len(found[clear]),
        **means(found[clear], (*ways, "gradients")),
        "by_clarity": [
            {"stars": clarity, "cases": len(cases), **means(cases, ways)} for clarity, cases in found.items()
        ],
        "words": f"How many of the {planted.K} movies put first are causes that were planted in the simulation: "
        "earlier parts of the same series, or recent movies of the same or the opposite mood. Of "
        f"{len(found[clear])} moments of simulated users, each with a movie that at least {planted.K} earlier ratings "
        f"move by {clear:g} stars or more.",
    }
