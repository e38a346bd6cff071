"""Preparation and one epoch of training: the public Keras example's way and ours, taking turns on this machine.

    python benchmarks/epoch_speed.py --share 0.25 --rounds 1     a quick look
    python benchmarks/epoch_speed.py                             the figures of benchmarks/LOG.md

Each measurement has a process of its own, so that neither way finds anything warm; the two take turns, so that whatever
else the machine is doing falls on both. Where it does much else, look at the processor seconds, which waiting hardly
changes. Loading TensorFlow is counted for neither; tracing the graph is, for both. Our
epoch also measures the validation windows at its end, which the public way does not do.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))

# which of our presets is the public model with these features
PRESET = {"all": "user-features", "none": "keras-example"}


class Clock:
    """Notes when each part of a measurement ends: in seconds, and in processor seconds over all threads."""

    def __init__(self):
        self.parts, self.wall, self.processor = {}, time.perf_counter(), time.process_time()

    def end(self, part: str) -> None:
        """Name what has been done since the last part, or since the start."""
        wall, processor = time.perf_counter(), time.process_time()
        self.parts |= {f"{part}_s": wall - self.wall, f"{part}_cpu_s": processor - self.processor}
        self.wall, self.processor = wall, processor


def measure_public(folder: Path, windows: int, features: str) -> dict:
    """Measure the public way: seconds of preparation and of one epoch of ``windows`` windows."""
    import public_example
    import tensorflow  # noqa: F401  loaded before the clock starts

    with tempfile.TemporaryDirectory() as work:
        clock = Clock()
        prepared = public_example.prepare(folder, Path(work))
        clock.end("prepare")
        model = public_example.build_model(prepared, features)
        mae = public_example.train_epoch(model, prepared, windows)
        clock.end("epoch")
    summary = {"windows": windows // public_example.BATCH * public_example.BATCH, "parameters": model.count_params()}
    return summary | clock.parts | {"train_mae": mae}


def measure_ours(folder: Path, windows: int, features: str) -> dict:
    """Measure our way; as ``measure_public``."""
    import keras

    from bst.datasets import load
    from bst.models.classic.model import build_classic
    from bst.models.classic.trainer import compile_model, fit, window_arrays
    from bst.models.config import Sizes
    from bst.models.registry import prepare, preset
    from bst.schema import genre_matrix

    keras.utils.set_random_seed(0)
    config = preset(PRESET[features])
    windows = windows // config.batch_size * config.batch_size
    clock = Clock()
    dataset = load(folder)
    split = prepare(dataset, config, "windows", 0)
    arrays, labels = window_arrays(dataset, split.timelines, split.windows.train)
    train = {name: values[:windows] for name, values in arrays.items()}, labels[:windows]
    validation = window_arrays(dataset, split.timelines, split.windows.validation)
    clock.end("prepare")
    model = build_classic(config, Sizes.of(dataset))
    model.set_genres(genre_matrix(dataset.movies))
    compile_model(model, config)
    state = fit(model, train, validation, epochs=1, seed=0, patience=1)
    clock.end("epoch")
    summary = {"windows": len(train[1]), "parameters": model.count_params()}
    return summary | clock.parts | {"train_mae": state.history[0]["mae"]}


WAYS = {"public": measure_public, "ours": measure_ours}


def in_turn(script: str, ways, rounds: int, *arguments: str) -> dict[str, list[dict]]:
    """Run ``script --way W`` for each way in turn, ``rounds`` times, each in a fresh process; collect their JSON."""
    runs = {way: [] for way in ways}
    for number in range(1, rounds + 1):
        for way in ways:
            print(f"round {number} of {rounds}: {way} (load {os.getloadavg()[0]:.1f})", file=sys.stderr, flush=True)
            command = [sys.executable, script, "--way", way, *arguments]
            quiet = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"}
            done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env=quiet)
            runs[way].append(json.loads(done.stdout.splitlines()[-1]))
    return runs


def summarise(runs: dict[str, list[dict]]) -> dict:
    """Return medians of each way, and how many times as fast ours is: of the medians, and in each round."""
    for run in (run for of_way in runs.values() for run in of_way):
        run |= {f"total_{unit}": run[f"prepare_{unit}"] + run[f"epoch_{unit}"] for unit in ("s", "cpu_s")}
    names = [f"{part}_{unit}" for unit in ("s", "cpu_s") for part in ("prepare", "epoch", "total")]
    medians = {
        way: {name: statistics.median(run[name] for run in of_way) for name in names} for way, of_way in runs.items()
    }
    return {
        "medians": medians,
        "ratio": medians["public"]["total_s"] / medians["ours"]["total_s"],
        "ratio_cpu": medians["public"]["total_cpu_s"] / medians["ours"]["total_cpu_s"],
        "ratio_by_round": [a["total_s"] / b["total_s"] for a, b in zip(runs["public"], runs["ours"], strict=True)],
        "runs": runs,
    }


def main() -> None:
    """Measure both ways and print a table, or one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dataset-dir", type=Path, help="the folder of MovieLens 1M (default: $BST_DATA_DIR/ml-1m)")
    parser.add_argument("--rounds", type=int, default=2, help="how often each way is measured (default: %(default)s)")
    parser.add_argument("--share", type=float, default=1.0, help="part of the training windows, 0 … 1 (default: all)")
    parser.add_argument("--features", choices=PRESET, default="all", help="the public model's switches (default: all)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--way", choices=WAYS, help=argparse.SUPPRESS)
    parser.add_argument("--windows", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()

    from bst.datasets import data_dir

    folder = options.dataset_dir or data_dir() / "ml-1m"
    if options.way:
        print(json.dumps(WAYS[options.way](folder, options.windows, options.features)))
        return
    windows = int(_training_windows(folder, options.features) * options.share)
    chosen = ("--dataset-dir", str(folder), "--windows", str(windows), "--features", options.features)
    result = {"features": options.features, "rounds": options.rounds} | summarise(
        in_turn(__file__, WAYS, options.rounds, *chosen)
    )
    print(json.dumps(result) if options.json else _table(result))


def _training_windows(folder: Path, features: str) -> int:
    """Return how many windows both ways can train on: ours, as some are kept for validation and none stands twice."""
    from bst.datasets import load
    from bst.models.registry import prepare, preset

    return len(prepare(load(folder), preset(PRESET[features]), "windows", 0).windows.train)


def _table(result: dict) -> str:
    lines = ["medians, seconds (processor seconds)"]
    lines += [f"{'':8}{'windows':>9}{'preparation':>18}{'one epoch':>18}{'both':>18}"]
    for way, m in result["medians"].items():
        cells = [f"{m[f'{part}_s']:.1f} ({m[f'{part}_cpu_s']:.1f})" for part in ("prepare", "epoch", "total")]
        lines.append(f"{way:8}{result['runs'][way][0]['windows']:>9,}" + "".join(f"{cell:>18}" for cell in cells))
    rounds = ", ".join(f"{ratio:.2f}" for ratio in result["ratio_by_round"])
    faster = f"{result['ratio']:.2f} times as fast (by round: {rounds}; in processor seconds {result['ratio_cpu']:.2f})"
    return "\n".join([*lines, f"ours is {faster}"])


if __name__ == "__main__":
    main()
