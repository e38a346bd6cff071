"""What a training from a prepared store takes: memory, processor time and speed, with one worker and with several.

    python benchmarks/training_memory.py /tmp/scratch              # 20 million made-up events; 1 and 2 workers
    python benchmarks/training_memory.py /tmp/scratch --events 1000000 --steps 20

Events and store are made in the scratch folder if they are not there. Each training is the command ``python -m bst
train`` in a process of its own; its processes are looked at every quarter of a second. Memory is resident memory of
each process, and of all together (libraries that processes share are counted in each). The number of steps is bounded:
memory does not depend on how many there are, and speed is that of the steps.
"""

import argparse
import json
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import psutil

PROJECT = Path(__file__).resolve().parent.parent
RESULTS = PROJECT / "benchmarks" / "results" / "training-memory.json"
EVERY_S = 0.25
# the command line, with folders of its own for runs and bundles
COMMAND = """
import sys
from pathlib import Path
from bst.cli import main
from bst.settings import override_settings
scratch = Path(sys.argv[1])
with override_settings(runs=scratch / "runs", bundles=scratch / "bundles", cache=scratch / "cache"):
    sys.exit(main(sys.argv[2:]))
"""
MB = 2**20


def main() -> None:
    """Make what is missing, train, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scratch", type=Path, help="a folder for events, store and bundles")
    parser.add_argument("--store", type=Path, help="a prepared store that is there")
    parser.add_argument("--events", type=int, default=20_000_263)
    parser.add_argument("--shards", type=int, default=16)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--towers", nargs="+", default=["rating", "next"])
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--steps", type=int, default=40, help="steps of each tower in an epoch (40)")
    parser.add_argument("--sample-events", type=int, default=200_000)
    parser.add_argument("--negatives", type=int, default=512)
    parser.add_argument("--keep", action="store_true", help=f"write {RESULTS.relative_to(PROJECT)}")
    options = parser.parse_args()
    options.scratch.mkdir(parents=True, exist_ok=True)
    store = options.store or _store(options)
    manifest = json.loads((store / "manifest.json").read_text())
    runs = [_train(store, workers, options) for workers in options.workers]
    result = {
        "events": manifest["events"],
        "users": manifest["users"],
        "items": manifest["items"],
        "shards": len(manifest["shards"]),
        "steps_per_epoch": options.steps,
        "epochs": options.epochs,
        "towers": options.towers,
        "sample_events": options.sample_events,
        "negatives": options.negatives,
        "runs": runs,
        "command": " ".join(["python", "benchmarks/training_memory.py", *sys.argv[1:]]),
        "made": datetime.now(UTC).strftime("%Y-%m-%d"),
    }
    print(json.dumps(result, indent=2))
    if options.keep:
        RESULTS.write_text(json.dumps(result, indent=2) + "\n")


def _store(options: argparse.Namespace) -> Path:
    events, store = options.scratch / f"events-{options.events}", options.scratch / f"store-{options.events}"
    if not events.is_dir():
        _run("benchmarks/make_events.py", events, "--events", options.events)
    if not (store / "manifest.json").is_file():
        _run("-m", "bst", "prepare", events, "--out", store, "--shards", options.shards)
    return store


def _run(*arguments: object) -> None:
    subprocess.run([sys.executable, *map(str, arguments)], cwd=PROJECT, check=True)


def _train(store: Path, workers: int, options: argparse.Namespace) -> dict:
    """Train once, and return what it took."""
    name = f"memory-{workers}"
    command = [sys.executable, "-c", COMMAND, str(options.scratch)]
    command += ["train", "--json", "--dataset", str(store), "--preset", "timeline"]
    command += ["--epochs", str(options.epochs), "--steps-per-epoch", str(options.steps), "--workers", str(workers)]
    command += ["--negatives", str(options.negatives), "--sample-events", str(options.sample_events)]
    command += [f"--tower={tower}" for tower in options.towers] + ["--name", name, "--overwrite"]
    began = time.monotonic()
    process = subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True)
    watched = _Watched(psutil.Process(process.pid))
    while process.poll() is None:
        watched.look()
        time.sleep(EVERY_S)
    output = process.communicate()[0]
    if process.returncode:
        raise SystemExit(process.returncode)
    history = pd.read_csv(Path(json.loads(output)["folder"]) / "history.csv")
    losses = [column for column in ("loss", "val_loss", "next_loss", "val_next_loss") if column in history]
    # a step of a worker reads up to 3,200 events, padding of the last positions included
    events = 3200 * options.steps * len(options.towers) * options.epochs * workers
    return {
        "workers": workers,
        "wall_s": round(time.monotonic() - began, 1),
        "processor_s": round(sum(watched.seconds.values()), 1),
        "training_s": round(float(history["seconds"].sum()), 1),
        "events_read_at_most": events,
        "events_per_s_of_training": round(events / float(history["seconds"].sum())),
        "peak_rss_mb": sorted((round(peak / MB) for peak in watched.peaks.values()), reverse=True)[: workers + 1],
        "peak_rss_sum_mb": round(watched.peak_sum / MB),
        "losses": {column: [round(value, 4) for value in history[column]] for column in losses},
    }


class _Watched:
    """A process and all that it started: peaks of resident memory, and processor seconds, by process."""

    def __init__(self, process: psutil.Process):
        self.process = process
        self.peaks: dict[int, int] = {}
        self.seconds: dict[int, float] = {}
        self.peak_sum = 0

    def look(self) -> None:
        """Look once."""
        total = 0
        try:
            family = [self.process, *self.process.children(recursive=True)]
        except psutil.NoSuchProcess:
            return
        for one in family:
            try:
                with one.oneshot():
                    memory, times = one.memory_info().rss, one.cpu_times()
            except psutil.NoSuchProcess:
                continue
            self.peaks[one.pid] = max(self.peaks.get(one.pid, 0), memory)
            self.seconds[one.pid] = times.user + times.system
            total += memory
        self.peak_sum = max(self.peak_sum, total)


if __name__ == "__main__":
    main()
