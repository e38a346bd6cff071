"""Importing a log of one's own: processor seconds and memory, by the number of events.

    python benchmarks/own_data.py --events 1000000 --events 5000000

The log is made up: CSV with ids that are texts, a fifth of the ids of users with a column about them, and as many items
as a thousandth of the events. Each size is read in a process of its own, so that its peak of memory is its own.
"""

import argparse
import json
import multiprocessing
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

RESULT = Path(__file__).resolve().parent / "results" / "own-data.json"


def write_log(folder: Path, events: int, seed: int = 0) -> None:
    """Write the three tables."""
    import numpy as np
    import pandas as pd

    rng = np.random.default_rng(seed)
    users, items = max(10, events // 150), max(10, events // 1000)
    item = np.minimum(rng.zipf(1.3, events) - 1, items - 1)
    table = {
        "user_id": np.char.add("u", rng.integers(0, users, events).astype(str)),
        "item_id": np.char.add("item-", item.astype(str)),
        "timestamp": rng.integers(1_500_000_000, 1_700_000_000, events),
        "rating": rng.integers(1, 11, events) / 2,
    }
    pd.DataFrame(table).to_csv(folder / "interactions.csv", index=False)
    names = [f"item-{i}" for i in range(items)]
    tags = rng.choice(["Crime", "Fantasy", "History|Poetry"], items)
    pd.DataFrame({"item_id": names, "title": names, "tags": tags}).to_csv(folder / "items.csv", index=False)
    some = np.arange(0, users, 5)
    people = {"user_id": np.char.add("u", some.astype(str)), "country": rng.choice(["DE", "FR", "IT"], len(some))}
    pd.DataFrame(people).to_csv(folder / "users.csv", index=False)


def peak_mb() -> int:
    """Return the most memory that this process has had."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) // 1024


def measure(folder: str) -> dict[str, float]:
    """Read, keep and load a log, and return what each took."""
    from bst.datasets import own

    figures: dict[str, float] = {}
    logs, kept = Path(folder), Path(folder) / "kept"
    before = peak_mb()

    def timed(name: str, call):
        began, wall = time.process_time(), time.perf_counter()
        value = call()
        figures[f"{name}_processor_s"] = round(time.process_time() - began, 2)
        figures[f"{name}_wall_s"] = round(time.perf_counter() - wall, 2)
        return value

    dataset = timed("read", lambda: own.read_own(logs, "logs"))
    timed("write", lambda: own.write_stored(dataset, kept))
    figures["peak_mb"] = peak_mb() - before
    timed("load", lambda: own.read_stored(kept, "logs"))
    figures["csv_mb"] = round((logs / "interactions.csv").stat().st_size / 1e6)
    figures["kept_mb"] = round(sum(path.stat().st_size for path in kept.iterdir()) / 1e6)
    return figures


def main() -> None:
    """Measure each size, print a table, and keep it in ``results``."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--events", type=int, action="append", help="how many; several: each (1000000)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    context, by_events = multiprocessing.get_context("spawn"), {}
    for events in options.events or [1_000_000]:
        with tempfile.TemporaryDirectory() as folder:
            write_log(Path(folder), events)
            with context.Pool(1) as pool:
                by_events[events] = pool.apply(measure, (folder,))
    command = " ".join(["python benchmarks/own_data.py", *(f"--events {events}" for events in by_events)])
    result = {"by_events": by_events, "command": command, "made": datetime.now(UTC).strftime("%Y-%m-%d")}
    RESULT.write_text(json.dumps(result, indent=2) + "\n")
    if options.json:
        print(json.dumps(result))
        return
    print(f"{'events':>12} {'read':>8} {'write':>8} {'load':>8}  processor s   {'memory':>8} {'CSV':>6} {'kept':>6} MB")
    for events, row in by_events.items():
        seconds = " ".join(f"{row[f'{name}_processor_s']:8.2f}" for name in ("read", "write", "load"))
        print(f"{events:12,} {seconds} {'':14} {row['peak_mb']:8,} {row['csv_mb']:6,} {row['kept_mb']:6,}")


if __name__ == "__main__":
    main()
