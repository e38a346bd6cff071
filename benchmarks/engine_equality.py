"""Whether the NumPy engine answers as the Keras model does: the largest difference of each answer, by bundle.

    python benchmarks/engine_equality.py                     all bundles whose dataset is here
    python benchmarks/engine_equality.py --bundle demo --json

Random visitors with histories of 0 to 300 events, with and without times and demographics.
"""

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

LENGTHS = (0, 1, 2, 5, 20, 50, 120, 300)
EXPLAINED = 120  # events; leaving out each of more takes the Keras model minutes
SOME = 12  # movies


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bundle", action="append", help="a bundle's name, or its folder (default: all)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    results = {name: differences(name) for name in options.bundle or usable()}
    if options.json:
        print(json.dumps(results))
        return
    answers = list(dict.fromkeys(answer for result in results.values() for answer in result))
    print(f"{'largest difference':32}" + "".join(f"{name:>14}" for name in results))
    for answer in answers:
        cells = (f"{result[answer]:.1e}" if answer in result else "–" for result in results.values())
        print(f"{answer:32}" + "".join(f"{cell:>14}" for cell in cells))


def usable() -> list[str]:
    """Return the bundles whose dataset is here."""
    from bst import datasets
    from bst.bundles.bundle import Bundle, list_bundles

    return [b.name for b in list_bundles() if isinstance(b, Bundle) and b.dataset in datasets.usable()]


def differences(name: str) -> dict[str, float]:
    """Return the largest absolute difference of each answer between the engines."""
    from bst.inference.recommender import Recommender

    numpy_engine, keras = (Recommender.load(name, engine=engine) for engine in ("numpy", "keras"))
    return compare(numpy_engine, keras)


def compare(one, other, lengths: tuple[int, ...] = LENGTHS, explained: int = EXPLAINED) -> dict[str, float]:
    """Return the largest absolute difference of each answer of two recommenders over the same bundle."""
    import numpy as np

    largest: dict[str, float] = {}
    for visitor in visitors(one, lengths):
        for answer, ask in questions(visitor, one.catalogue.movies["movie_id"].tolist(), explained):
            ours, theirs = ask(one), ask(other)
            if ours is None and theirs is None:
                continue
            ours, theirs = (np.asarray(values, np.float64) for values in (ours, theirs))
            assert (np.isinf(ours) == np.isinf(theirs)).all(), answer
            difference = np.abs(np.where(np.isinf(ours), 0, ours) - np.where(np.isinf(theirs), 0, theirs))
            largest[answer] = max(largest.get(answer, 0.0), float(difference.max(initial=0)))
    return largest


def visitors(recommender, lengths: tuple[int, ...]) -> Iterator:
    """Return random visitors with that many events each."""
    import numpy as np

    from bst.domain import MOVIES
    from bst.schema import Event, Visitor

    movie_ids, levels = recommender.catalogue.movies["movie_id"].to_numpy(), recommender.bundle.levels
    for length in lengths:
        rng = np.random.default_rng(length)
        known = length % 2 == 0
        times = np.sort(rng.integers(978_300_000, 1_046_000_000, length)).tolist() if known else [None] * length
        movies = rng.choice(movie_ids, length, replace=False)
        history = tuple(
            Event(int(movie), float(rng.choice(levels)), time) for movie, time in zip(movies, times, strict=True)
        )
        values = {name: rng.choice(one.values).item() for name, one in MOVIES.demographics.items()} if known else {}
        yield Visitor(values, history)


def questions(visitor, movie_ids: list[int], explained: int) -> Iterator[tuple[str, Callable]]:
    """Return the questions to a recommender about a visitor: a name, and a function of the recommender to an array."""
    from dataclasses import replace

    movie, some = movie_ids[len(movie_ids) // 2], movie_ids[:: max(1, len(movie_ids) // SOME)]
    yield "expected rating, stars", lambda r: r.predict(visitor).expected
    yield "distribution", lambda r: r.predict(visitor).distribution
    yield "watch-next probability", lambda r: r.predict(visitor).watch_next
    yield "like log-odds", lambda r: r.predict(visitor).like_logit
    many = [
        visitor,
        visitor.with_demographic("sex", "M"),
        replace(visitor, history=visitor.history[: len(visitor.history) // 2]),
    ]
    for part in ("expected", "distribution", "watch_next", "like_logit"):
        yield (
            f"many visitors: {part}",
            lambda r, part=part: getattr(r.predict_many(many, some, ("next", "like")), part),
        )
    yield "attention to events", lambda r: r.attention(visitor, movie).to_events
    yield (
        "attention between tokens",
        lambda r: between.weights if (between := r.attention(visitor, movie).between) else None,
    )
    for task in ("next", "like"):
        yield (
            f"attention of the {task} tower",
            lambda r, task=task: r.tower_attention(visitor, task).to_events if task in r.orders else None,
        )
    if len(visitor.history) > explained:
        return
    for part in ("expected", "next_logit", "like_logit"):
        yield f"without each: {part}", lambda r, part=part: getattr(r.score_movie_without_each(visitor, movie), part)
    yield "without each: some movies", lambda r: r.expected_without_each(visitor, some)
    yield "other ratings, stars", lambda r: r.expected_if_rated(visitor, movie)
    # the same nodes for both, as the number of pieces depends on the last digit
    yield "integrated gradients, stars", lambda r: r.integrated_gradients(visitor, movie, 8).event_effects
    for task in ("next", "like"):
        yield (
            f"integrated gradients, {task} logit",
            lambda r, task=task: (
                r.integrated_gradients(visitor, movie, 8, task).event_effects if task in r.orders else None
            ),
        )
        yield (
            f"{task} logits of the catalogue",
            lambda r, task=task: r.catalogue_logits(many, task) if task in r.orders else None,
        )
    yield "movie vectors", lambda r: r.embeddings


if __name__ == "__main__":
    main()
