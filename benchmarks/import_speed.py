"""Importing somebody's ratings: seconds to read a large export and to match it with a catalogue.

    python benchmarks/import_speed.py --dataset ml-1m

The library alone, without the app around it. The file is generated in Letterboxd's layout: some titles are from the
catalogue, partly misspelt; the others combine words of the catalogue, so that many are close to a title
in it. While it is matched another thread asks for the time: how long it ever had to wait tells whether another
session would have noticed.
"""

import argparse
import json
import random
import statistics
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))


def simulated_export(titles: list[str], rows: int, known: float, seed: int = 0) -> bytes:
    """Return an export with that many rows, no two of one film; ``known`` is the share of titles from the catalogue."""
    from bst.visitors.imports.names import split_year

    rng = random.Random(seed)
    names = [split_year(title) for title in titles]
    words = sorted({word for name, _ in names for word in name.split()})
    years = [year for _, year in names if year]
    films: dict[tuple[str, int], None] = {}
    while len(films) < rows:
        if rng.random() < known:
            name, year = rng.choice(names)
            if (name, year) in films:  # once more, misspelt or with a word too many
                at = rng.randrange(len(name))
                name = name[:at] + name[at + 1 :] if rng.random() < 0.5 else f"{name} {rng.choice(words)}"
        else:
            name, year = " ".join(rng.choices(words, k=rng.randint(1, 4))), rng.randint(min(years), max(years))
        films[name.replace('"', ""), year or 2000] = None
    lines = [
        f'20{rng.randint(10, 24)}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02},"{name}",{year},u,{rng.randint(1, 5)}'
        for name, year in films
    ]
    return "\n".join(["Date,Name,Year,Letterboxd URI,Rating", *lines]).encode()


class Waiter(threading.Thread):
    """Sleeps a millisecond at a time, and keeps the longest time that it took to be woken, in ``longest`` seconds."""

    def __init__(self):
        super().__init__(daemon=True)
        self.longest, self._ended = 0.0, False

    def run(self) -> None:
        """Sleep until ``stop``."""
        before = time.perf_counter()
        while not self._ended:
            time.sleep(0.001)
            now = time.perf_counter()
            self.longest, before = max(self.longest, now - before), now

    def stop(self) -> float:
        """End, and return the longest wait in seconds."""
        self._ended = True
        self.join()
        return self.longest


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dataset", default="demo", help="a dataset's name, or its folder (default: %(default)s)")
    parser.add_argument(
        "--rows", type=int, default=49_000, help="how many films are in the file (default: %(default)s)"
    )
    parser.add_argument("--known", type=float, default=0.3, help="share from the catalogue (default: %(default)s)")
    parser.add_argument("--repeats", type=int, default=5, help="how often it is measured (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()

    from bst import datasets
    from bst.datasets.catalogue import Catalogue
    from bst.visitors.imports import Confidence, Matcher, read_export
    from bst.visitors.imports.names import name_of

    catalogue = Catalogue(datasets.load_movies(options.dataset))
    data = simulated_export(catalogue.movies["title"].tolist(), options.rows, options.known)
    steps = {"read": [], "index": [], "match": []}
    walls, waits = [], []
    for _ in range(options.repeats):
        name_of.cache_clear()  # as for a newcomer
        waiter = Waiter()
        waiter.start()
        began, used = time.perf_counter(), time.process_time()
        export = read_export(data)
        steps["read"].append(time.process_time() - used)
        used = time.process_time()
        matcher = Matcher(catalogue)
        steps["index"].append(time.process_time() - used)
        used = time.process_time()
        matches = matcher.match(export.entries)
        steps["match"].append(time.process_time() - used)
        walls.append(time.perf_counter() - began)
        waits.append(waiter.stop())
    result = {
        "movies": len(catalogue),
        "rows": len(export.entries),
        "megabytes": len(data) / 1e6,
        "taken": sum(match.confidence >= Confidence.LIKELY for match in matches),
        "unsure": sum(match.confidence == Confidence.UNSURE for match in matches),
        "processor_s": {name: statistics.median(times) for name, times in steps.items()},
        "wall_s": statistics.median(walls),
        "longest_wait_ms": 1000 * statistics.median(waits),
    }
    if options.json:
        print(json.dumps(result))
        return
    times = result["processor_s"]
    print(f"{result['rows']:,} films ({result['megabytes']:.1f} MB) against {result['movies']:,} movies:", end=" ")
    print(f"{result['taken']:,} taken, {result['unsure']:,} unsure; medians of {options.repeats}")
    print(
        f"{sum(times.values()):.2f} s of processor time:", ", ".join(f"{each} {s:.2f} s" for each, s in times.items())
    )
    print(f"{result['wall_s']:.2f} s in all; another thread waited {result['longest_wait_ms']:.0f} ms at most")


if __name__ == "__main__":
    main()
