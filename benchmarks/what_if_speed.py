"""What-if for one visitor with a long history: seconds for everyone that they could be, and for the smallest change.

    python benchmarks/what_if_speed.py --bundle ml-1m

The library alone, without the app around it: all 294 combinations of sex, age group and occupation for one movie; and
searches for the smallest change that brings a movie into the first ten, which is far away, so that the whole budget is
tried. The first of each, which traces the graph, is shown apart.
"""

import argparse
import json
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))


def measured(function, arguments: list[tuple]) -> tuple[dict, list]:
    """Return how long the calls took, the first apart, and what they returned.

    Processor seconds add up all threads; they hardly grow on a busy machine, where a process waits for its turn.
    """
    times, processor, results = [], [], []
    for each in arguments:
        began, used = time.perf_counter(), time.process_time()
        results.append(function(*each))
        times.append(time.perf_counter() - began)
        processor.append(time.process_time() - used)
    medians = {"median_s": statistics.median(times[1:]), "processor_s": statistics.median(processor[1:])}
    return medians | {"slowest_s": max(times[1:]), "first_s": times[0]}, results


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bundle", default="demo", help="a bundle's name, or its folder (default: %(default)s)")
    parser.add_argument("--events", type=int, default=50, help="length of the history (default: %(default)s)")
    parser.add_argument("--budget", type=int, default=2000, help="edits of a search (default: %(default)s)")
    parser.add_argument("--repeats", type=int, default=5, help="how many visitors (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()

    import numpy as np

    from bst.inference.recommender import Recommender
    from bst.schema import Event, Visitor
    from bst.what_if import Goal, demographics, find_counterfactuals

    recommender = Recommender.load(options.bundle)
    rng = np.random.default_rng(0)
    movie_ids = recommender.catalogue.movies["movie_id"].to_numpy()
    levels = recommender.bundle.levels

    def random_visitor() -> Visitor:
        chosen = rng.choice(movie_ids, options.events, replace=False)
        return Visitor({"sex": "F", "age": 25}, tuple(Event(int(movie), float(rng.choice(levels))) for movie in chosen))

    visitors = [random_visitor() for _ in range(options.repeats + 1)]
    # the last of the list: whatever is tried, it hardly comes to the top
    questions = [(visitor, Goal(recommender.rank(visitor, None)[-1].movie_id, "top", 10)) for visitor in visitors]
    sweep, _ = measured(lambda visitor, goal: demographics(recommender, visitor, goal.movie_id), questions)
    search, searches = measured(
        lambda *question: find_counterfactuals(recommender, *question, options.budget), questions
    )
    result = {
        "bundle": recommender.bundle.title,
        "movies": len(recommender.catalogue),
        "events": options.events,
        "events_read": len(recommender.read_events(visitors[0])),
        "fewest_tried": min(each.tried for each in searches),
        "sweep": sweep,
        "search": search,
    }
    if options.json:
        print(json.dumps(result))
        return
    print(f"{result['bundle']}: {result['movies']:,} movies, a visitor with {options.events} events", end=" ")
    print(f"(the model reads the newest {result['events_read']}), medians of {options.repeats}")
    for name, label in (("sweep", "294 combinations"), ("search", f"{result['fewest_tried']:,} edits or more")):
        times = result[name]
        print(f"{label}: {times['median_s']:.2f} s ({times['processor_s']:.2f} s of processor time)", end=", ")
        print(f"slowest {times['slowest_s']:.2f} s, first {times['first_s']:.2f} s")


if __name__ == "__main__":
    main()
