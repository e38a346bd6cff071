"""Why, for one candidate: milliseconds for attention, influence and gradients of a long history.

    python benchmarks/why_speed.py --bundle ml-1m

The library alone, without the page around it, for histories of 50 and of 200 events without times, as the app has them.
All that the page needs of a candidate is the sum of attention, leave_one_out, demographics_unknown, rating_changes,
interactions of eight events, and integrated_gradients. The first call of each is shown apart.
"""

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))


def measured(function: Callable, inputs: list) -> dict:
    """Return how many milliseconds the calls took, the first apart.

    Those of the processor add up all threads; they grow less on a busy machine, where a process waits for its turn.
    """
    times, processor = [], []
    for arguments in inputs:
        began, used = time.perf_counter(), time.process_time()
        function(*arguments)
        times.append((time.perf_counter() - began) * 1000)
        processor.append((time.process_time() - used) * 1000)
    return {
        "first_ms": times[0],
        "median_ms": statistics.median(times[1:]),
        "best_ms": min(times[1:]),
        "processor_ms": statistics.median(processor[1:]),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bundle", default="demo", help="a bundle's name, or its folder (default: %(default)s)")
    parser.add_argument("--repeats", type=int, default=10, help="how often each is measured (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()

    import numpy as np

    from bst import explanation
    from bst.explanation.sentences import explain
    from bst.inference.recommender import Recommender
    from bst.schema import Event, Visitor

    recommender = Recommender.load(options.bundle)
    rng = np.random.default_rng(0)
    movie_ids = recommender.catalogue.movies["movie_id"].to_numpy()
    levels = recommender.bundle.levels

    def random_visitor(events: int) -> tuple[Visitor, int]:
        candidate, *chosen = (int(movie) for movie in rng.choice(movie_ids, events + 1, replace=False))
        history = tuple(Event(movie, float(rng.choice(levels))) for movie in chosen)
        return Visitor({"sex": "F", "age": 25, "occupation": "artist"}, history), candidate

    def causes_of_12(visitor: Visitor, candidate: int) -> None:
        explanation.strongest_events(recommender, visitor, [candidate, *movie_ids[:11].tolist()])

    functions = {
        "explanation": explain,  # what the page and the command say first: all that the next three find
        "attention": explanation.attention,
        "leave_one_out": explanation.leave_one_out,
        "demographics_unknown": explanation.demographics_unknown,
        "rating_changes": explanation.rating_changes,
        "interactions of 8": lambda *pair: explanation.interactions(*pair, range(min(8, recommender.max_history))),
        "integrated_gradients": type(recommender).integrated_gradients,
    }
    functions = {name: (lambda *pair, f=function: f(recommender, *pair)) for name, function in functions.items()}
    functions["causes of 12 movies"] = causes_of_12
    result = {"bundle": recommender.bundle.title, "events": {}}
    for events in (50, 200):
        if events >= len(movie_ids):
            continue
        visitors = [random_visitor(events) for _ in range(options.repeats + 1)]
        result["events"][events] = {name: measured(function, visitors) for name, function in functions.items()}
    if options.json:
        print(json.dumps(result))
        return
    for events, figures in result["events"].items():
        print(f"{result['bundle']}, a history of {events} events")
        for name, times in figures.items():
            print(
                f"  {name:22} median {times['median_ms']:6.0f} ms, best {times['best_ms']:5.0f}, "
                f"processor {times['processor_ms']:5.0f}, first {times['first_ms']:6.0f}"
            )


if __name__ == "__main__":
    main()
