"""Ranking the whole catalogue for one visitor: the engine, TensorFlow's compiled function, and the public example.

    python benchmarks/rank_speed.py --bundle ml-1m            the engine alone
    python benchmarks/rank_speed.py --bundle ml-1m --peers    beside its peers, which take turns in one process
    python benchmarks/rank_speed.py --bundle ml-1m --growth   with histories, candidates and visitors at a time

The library alone, without the app around it; milliseconds from question to sorted list. Peers score the same
candidates: the Keras model in a compiled ``tf.function`` (``BST_ENGINE=keras``), and ``model.predict`` of the public
Keras example, untrained, as speed does not depend on weights. A classic model reads only the newest events.
"""

import argparse
import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

HISTORIES = (0, 10, 50, 100, 200, 300)
SHARES = (0.125, 0.25, 0.5, 1.0)
SESSIONS = (1, 2, 4, 8)
PEER_ROUNDS = 9


def clock(function: Callable, arguments: list) -> dict[str, float]:
    """Return the milliseconds that the calls took: median, 95%, and processor time of all threads."""
    times, used = [], time.process_time()
    for argument in arguments:
        began = time.perf_counter()
        function(argument)
        times.append((time.perf_counter() - began) * 1000)
    processor = (time.process_time() - used) * 1000 / len(times)
    ordered = sorted(times)
    return {
        "median_ms": statistics.median(times),
        "p95_ms": ordered[int(0.95 * (len(ordered) - 1))],
        "processor_ms": processor,
    }


class Visitors:
    """Random visitors of a bundle's catalogue."""

    def __init__(self, recommender):
        import numpy as np

        self.rng, self.levels = np.random.default_rng(0), recommender.bundle.levels
        self.movie_ids = recommender.catalogue.movies["movie_id"].to_numpy()

    def draw(self, events: int, count: int) -> list:
        """Return visitors with that many events each."""
        from bst.schema import Event, Visitor

        def one() -> Visitor:
            chosen = self.rng.choice(self.movie_ids, events, replace=False)
            history = tuple(Event(int(movie), float(self.rng.choice(self.levels))) for movie in chosen)
            return Visitor({"sex": "F", "age": 25}, history)

        return [one() for _ in range(count)]


def measure(bundle: str, events: int, repeats: int) -> dict:
    """Return how long lists take in each order, the first list of the process, and one after a changed rating."""
    from bst.inference.recommender import RankOptions, Recommender

    began = time.perf_counter()
    recommender = Recommender.load(bundle)
    loaded = (time.perf_counter() - began) * 1000
    visitors = Visitors(recommender)
    first = clock(recommender.rank, visitors.draw(events, 1))["median_ms"]
    result = {
        "bundle": recommender.bundle.title,
        "movies": len(recommender.catalogue),
        "events": events,
        "events_read": len(recommender.read_events(visitors.draw(events, 1)[0])),
        "loaded_ms": loaded,
        "first_ms": first,
        "orders": {
            order: clock(partial(recommender.rank, options=RankOptions(order=order)), visitors.draw(events, repeats))
            for order in recommender.orders
        },
    }
    (visitor,) = visitors.draw(max(events, 1), 1)
    recommender.rank(visitor)
    others = [level for level in visitors.levels if level != visitor.history[-1].rating]
    changed = [
        visitor.rated(visitor.history[i % len(visitor.history)].movie_id, others[i % len(others)])
        for i in range(repeats)
    ]
    result["changed_rating"] = clock(recommender.rank, list(dict.fromkeys(changed)))
    return result | result["orders"][recommender.orders[0]]


def peers(bundle: str, events: int) -> dict:
    """Return the times of the engine, of TensorFlow's compiled function, and of the public model's ``predict``.

    One after the other, as threads that wait for TensorFlow's next operation keep the processors busy for a while.
    """
    from bst.inference.recommender import Recommender

    medians: dict[str, float] = {}

    def take(way: str, predict: Callable) -> None:
        predict(drawn[0])  # traces a graph, if there is one
        medians[way] = clock(predict, drawn[1:])["median_ms"]

    ours = Recommender.load(bundle)
    drawn = Visitors(ours).draw(events, PEER_ROUNDS + 1)
    take("engine", lambda visitor: ours.predict(visitor).expected)
    keras = Recommender.load(bundle, engine="keras")
    take("TensorFlow's compiled function", lambda visitor: keras.predict(visitor).expected)
    model, inputs = _public_model(ours, drawn[0])
    take("the public example's model.predict", lambda _: model.predict(inputs, verbose=0))
    return {"median_ms": medians, "times_the_engine": {way: ms / medians["engine"] for way, ms in medians.items()}}


def _public_model(recommender, visitor):
    """Return the public example's model with all features, and its inputs for a visitor and every candidate."""
    import numpy as np
    import public_example
    import tensorflow as tf

    from bst.domain import AGES, OCCUPATIONS, SEXES
    from bst.schema import genre_matrix

    movies = recommender.catalogue.movies
    names = [f"movie_{movie_id}" for movie_id in movies["movie_id"]]
    words = {
        "user_id": [f"user_{i}" for i in range(1, recommender.bundle.sizes.users + 1)],
        "movie_id": names,
        "sex": list(SEXES),
        "age_group": [f"group_{age}" for age in AGES],
        "occupation": [f"occupation_{i}" for i in range(len(OCCUPATIONS))],
    }
    prepared = public_example.Prepared(Path(), 0, 0, words, genre_matrix(movies).astype(np.float32))
    model, count = public_example.build_model(prepared, "all"), len(names)
    watched = [f"movie_{event.movie_id}" for event in visitor.history[-3:]]
    inputs = {name: tf.constant([[words[name][0]]] * count) for name in ("user_id", "sex", "age_group", "occupation")}
    inputs |= {
        "sequence_movie_ids": tf.constant([watched] * count),
        "target_movie_id": tf.constant([[name] for name in names]),
        "sequence_ratings": tf.constant([[event.rating for event in visitor.history[-3:]]] * count, tf.float32),
    }
    return model, inputs


def growth(bundle: str, repeats: int) -> dict:
    """Return how the time of a list grows with the history, the candidates, and visitors who ask at the same time."""
    import numpy as np

    from bst.inference.recommender import Recommender

    recommender = Recommender.load(bundle)
    visitors, movies = Visitors(recommender), len(recommender.catalogue)
    recommender.rank(visitors.draw(50, 1)[0])
    ids = recommender.catalogue.movies["movie_id"].tolist()
    result: dict[str, dict] = {
        "history": {
            n: clock(lambda visitor: recommender.predict(visitor).expected, visitors.draw(n, repeats))["median_ms"]
            for n in HISTORIES
        }
    }
    result["candidates"] = {
        count: clock(lambda visitor, n=count: recommender.predict_many([visitor], ids[:n]), visitors.draw(50, repeats))[
            "median_ms"
        ]
        for count in (int(share * movies) for share in SHARES)
    }
    result["sessions"] = {}
    for sessions in SESSIONS:
        drawn, times = visitors.draw(50, sessions * repeats), []

        def timed(visitor, times: list[float] = times) -> None:
            began = time.perf_counter()
            recommender.rank(visitor)
            times.append((time.perf_counter() - began) * 1000)

        with ThreadPoolExecutor(sessions) as pool:
            began = time.perf_counter()
            list(pool.map(timed, drawn))
            seconds = time.perf_counter() - began
        result["sessions"][sessions] = {"median_ms": float(np.median(times)), "lists_per_s": len(drawn) / seconds}
    return result


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bundle", default="demo", help="a bundle's name, or its folder (default: %(default)s)")
    parser.add_argument("--events", type=int, default=50, help="length of the history (default: %(default)s)")
    parser.add_argument("--repeats", type=int, default=50, help="how often it is measured (default: %(default)s)")
    parser.add_argument("--peers", action="store_true", help="measure the peers, too")
    parser.add_argument("--growth", action="store_true", help="measure how the time grows, too")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    result = measure(options.bundle, options.events, options.repeats)
    if options.peers:
        result["peers"] = peers(options.bundle, options.events)
    if options.growth:
        result["growth"] = growth(options.bundle, options.repeats)
    print(json.dumps(result) if options.json else text(result))


def text(result: dict) -> str:
    """Return the figures for a terminal."""
    lines = [
        f"{result['bundle']}: {result['movies']:,} movies ranked for a visitor with {result['events']} events "
        f"(the model reads the newest {result['events_read']})",
        f"loaded in {result['loaded_ms']:.0f} ms, first list {result['first_ms']:.1f} ms",
    ]
    rows = {**{f"order {order}": row for order, row in result["orders"].items()}, "after a changed rating": None}
    for label, row in rows.items():
        row = row or result["changed_rating"]
        lines.append(
            f"  {label:24} median {row['median_ms']:6.1f} ms, 95% within {row['p95_ms']:6.1f}, "
            f"processor {row['processor_ms']:6.1f}"
        )
    for way, ms in result.get("peers", {}).get("median_ms", {}).items():
        lines.append(f"  {way:36} {ms:8.1f} ms, {result['peers']['times_the_engine'][way]:.1f} × the engine")
    for what, table in result.get("growth", {}).items():
        cells = (
            f"{n}: {row['median_ms']:.1f} ms, {row['lists_per_s']:.0f}/s"
            if isinstance(row, dict)
            else f"{n}: {row:.1f} ms"
            for n, row in table.items()
        )
        lines.append(f"  by {what}: {'; '.join(cells)}")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
