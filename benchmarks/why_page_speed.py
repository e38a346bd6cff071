"""How long the Why page takes when another movie is asked about: milliseconds of the page's script.

    python benchmarks/why_page_speed.py --bundle ml-1m

Runs the app in this process, as its tests do, with a visitor with random ratings, and asks about one movie after the
other: each time all that the page says is worked out anew. Then about the same movie again, as any other click does.
"""

import argparse
import json
import os
import random
import statistics
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
WARM_UP = 3
PARTS = ("ratings", "trust", "heads", "general")


def opened(query: str):
    """Return the app on the Why page, its model loaded."""
    from streamlit.testing.v1 import AppTest

    app = AppTest.from_file(str(ROOT / "studio.py"), default_timeout=300)
    app.query_params["s"] = query.removeprefix("?s=")
    return app.run().switch_page("pages/why/why.py").run()


def measure(app, part: str, movies: list[int]) -> dict[str, list[float]]:
    """Ask about each movie, and once more; return the milliseconds of both, without warming up."""
    app.segmented_control(key="why_part").select(part).run()
    milliseconds: dict[str, list[float]] = {"new_ms": [], "again_ms": []}
    for movie in movies:
        app.selectbox(key="why_choice").select(movie)
        for name in milliseconds:
            start = time.perf_counter()
            app.run()
            milliseconds[name].append(1000 * (time.perf_counter() - start))
        if app.exception or app.error:
            sys.exit(f"error: the page failed: {app.exception or app.error}")
    return {name: values[WARM_UP:] for name, values in milliseconds.items()}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bundle", default="demo", help="a bundle's name (default: %(default)s)")
    parser.add_argument("--events", type=int, default=50, help="length of the history (default: %(default)s)")
    parser.add_argument("--movies", type=int, default=12, help="how many are asked about (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="seed of history and movies (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()

    from benchmarks.click_speed import link_to
    from bst.bundles.bundle import open_bundle
    from bst.datasets import load_movies

    query, _ = link_to(options.bundle, options.events, options.seed)
    ids = load_movies(open_bundle(options.bundle).dataset)["movie_id"].tolist()
    movies = random.Random(options.seed + 1).sample(ids, options.movies + WARM_UP)
    app = opened(query)
    result = {"bundle": options.bundle, "events": options.events, "parts": {}}
    for part in PARTS:
        times = measure(app, part, movies)
        result["parts"][part] = {
            name: {"median": statistics.median(values), "highest": max(values)} for name, values in times.items()
        }
    result["load"] = os.getloadavg()[0]
    if options.json:
        print(json.dumps(result))
        return
    print(f"{options.bundle}, a history of {options.events} movies, {options.movies} movies asked about:")
    for part, times in result["parts"].items():
        new, again = times["new_ms"], times["again_ms"]
        print(
            f"{part:8} another movie: median {new['median']:.0f} ms, at most {new['highest']:.0f} ms; "
            f"the same again: median {again['median']:.0f} ms"
        )
    print(f"load of the machine {result['load']:.1f}")


if __name__ == "__main__":
    main()
