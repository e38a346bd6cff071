"""``python -m bst prepare`` on a made-up log of 20 million events: each engine, from CSV and Parquet, in one run.

    python benchmarks/prepare.py --scratch /tmp/scratch            # writes results/prepare.json

Makes the log first, unless the scratch folder has it; stores that are equal have the same fingerprint.
"""

import argparse
import json
import os
import shutil
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.process_tree import measure
from benchmarks.results import FOLDER
from bst.store import Store

WAYS = {"local": ("local", "parquet"), "local, CSV": ("local", "csv"), "ray": ("ray", "parquet")}


def main() -> None:
    """Measure all ways and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scratch", type=Path, required=True, help="a folder for some GB, kept")
    parser.add_argument("--events", type=int, default=20_000_263)
    parser.add_argument("--memory", default="2GB")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--way", action="append", choices=WAYS, help="one of them; may be repeated (all)")
    parser.add_argument("--no-results", action="store_true", help="print the figures and keep none")
    options = parser.parse_args()
    for way in options.way or WAYS:
        row = _measured(way, options)
        print(f"{way:12}", json.dumps(row), flush=True)
        if not options.no_results:
            _keep(way, row, options)


def _measured(way: str, options: argparse.Namespace) -> dict[str, float | str]:
    engine, form = WAYS[way]
    source, store = options.scratch / f"events-{options.events}-{form}", options.scratch / f"store-{engine}-{form}"
    if not source.exists():
        make = ["benchmarks/make_events.py", str(source), "--events", str(options.events)]
        if measure([sys.executable, *make, *(["--csv"] if form == "csv" else [])]).code:
            sys.exit("the log could not be made")
    shutil.rmtree(store, ignore_errors=True)
    limits = ["--memory", options.memory, "--threads", str(options.threads), "--shards", "16"]
    command = ["-m", "bst", "prepare", str(source), "--out", str(store), "--engine", engine, *limits]
    cost = measure([sys.executable, *command], {**os.environ, "OMP_NUM_THREADS": "1"})
    if cost.code:
        sys.exit(f"{way} failed")
    opened = Store.open(store)
    opened.verify()
    size = sum(path.stat().st_size for path in store.rglob("*") if path.is_file())
    row = {name: round(value, 1) for name, value in asdict(cost).items() if name != "code"}
    more = {"store_mb": round(size / 1e6, 1), "load": round(os.getloadavg()[0], 1)}
    return {**row, **more, "fingerprint": opened.manifest.fingerprint}


def _keep(way: str, row: dict[str, float | str], options: argparse.Namespace) -> None:
    """Write a way's figures beside those of the other ways of the same settings."""
    path = FOLDER / "prepare.json"
    settings = {name: getattr(options, name) for name in ("events", "memory", "threads")}
    known = json.loads(path.read_text()) if path.is_file() else {}
    same = {name: known.get(name) for name in settings} == settings
    ways = {**(known["ways"] if same else {}), way: row}
    record = {
        **settings,
        "shards_equal": len({each["fingerprint"] for each in ways.values()}) == 1,
        "ways": ways,
        "command": "python benchmarks/prepare.py --scratch FOLDER",
        "made": datetime.now(UTC).strftime("%Y-%m-%d"),
    }
    path.write_text(json.dumps(record, indent=2) + "\n")


if __name__ == "__main__":
    main()
