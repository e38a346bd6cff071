"""From an empty process to a given test error on MovieLens 1M: the public Keras example's way and our classic presets.

    python benchmarks/time_to_error.py --rounds 1 --ways public-all keras-example
    python benchmarks/time_to_error.py                     the figures of benchmarks/LOG.md

Everything that a user waits for counts: imports, preparation, tracing, and for ours the validation after each epoch.
Only the measurement on the test windows, after each epoch, is taken off, for both. Test windows are 15% drawn at
random, for both; for ours those of protocol ``windows``. No prediction is clipped. Each measurement has a process of
its own, and the ways take turns. Where the machine does much else, look at the processor seconds.
"""

import time

BEGAN = time.perf_counter()  # before any import that counts

import argparse  # noqa: E402
import contextlib  # noqa: E402
import json  # noqa: E402
import statistics  # noqa: E402
import tempfile  # noqa: E402
from pathlib import Path  # noqa: E402

from epoch_speed import PRESET, in_turn  # noqa: E402  which also makes bst importable from anywhere

EPOCHS = 10  # after these a way gives up
PUBLIC = {f"public-{features}": features for features in PRESET}
OURS = tuple(PRESET.values())


class Race:
    """Counts seconds since the process began, without those in which the test error is measured."""

    def __init__(self, target: float):
        self.target, self.wall, self.processor, self.rows = target, BEGAN, 0.0, []

    def reached(self, measure) -> bool:
        """Note time and test MAE at the end of an epoch; return whether the target is reached."""
        wall, processor = time.perf_counter(), time.process_time()
        mae = float(measure())
        self.rows.append({"s": wall - self.wall, "cpu_s": processor - self.processor, "test_mae": mae})
        self.wall += time.perf_counter() - wall
        self.processor += time.process_time() - processor
        return mae <= self.target


def race_public(folder: Path, features: str, race: Race) -> None:
    """Train the public way until the target is reached."""
    import keras
    import public_example as example

    class Test(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            self.model.stop_training = race.reached(self.measure)

        def measure(self):
            test, steps = (
                example.batches(work / "test.csv"),
                (prepared.windows - prepared.train_windows) // example.BATCH,
            )
            return model.evaluate(test, steps=steps, verbose=0, return_dict=True)["mae"]

    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        prepared = example.prepare(folder, work)
        model, steps = example.build_model(prepared, features), prepared.train_windows // example.BATCH
        batches = example.batches(prepared.train_file)
        model.fit(batches, epochs=EPOCHS, steps_per_epoch=steps, verbose=0, callbacks=[Test()])


def race_ours(folder: Path, name: str, race: Race, seed: int) -> None:
    """Train one of our presets until the target is reached."""
    import numpy as np

    from bst import backend
    from bst.datasets import load
    from bst.models.registry import family_of, prepare, preset

    class ReachedError(Exception):
        pass

    def measure() -> float:
        from bst.models.classic.trainer import predict_windows

        test = split.windows.test
        return np.abs(predict_windows(trainer.model, split, test) - split.timelines.rating[test.target]).mean()

    def on_epoch(state) -> None:
        if race.reached(measure):
            raise ReachedError

    config = preset(name)
    split = prepare(load(folder), config, "windows", seed)
    backend.load()
    trainer = family_of(config).trainer(config, split, seed)
    with contextlib.suppress(ReachedError):
        trainer.fit(epochs=EPOCHS, patience=EPOCHS, on_epoch=on_epoch)


def main() -> None:
    """Measure all ways and print a table, or one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dataset-dir", type=Path, help="the folder of MovieLens 1M (default: $BST_DATA_DIR/ml-1m)")
    parser.add_argument("--rounds", type=int, default=2, help="how often each way is measured (default: %(default)s)")
    parser.add_argument("--mae", type=float, default=0.785, help="the test MAE to reach (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of our split and weights (default: %(default)s)")
    parser.add_argument("--ways", nargs="+", choices=(*PUBLIC, *OURS), default=[*PUBLIC, *OURS], metavar="WAY")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--way", choices=(*PUBLIC, *OURS), help=argparse.SUPPRESS)
    options = parser.parse_args()

    if options.way:
        race = Race(options.mae)
        if options.way in PUBLIC:
            race_public(options.dataset_dir, PUBLIC[options.way], race)
        else:
            race_ours(options.dataset_dir, options.way, race, options.seed)
        print(json.dumps(race.rows))
        return

    from bst.datasets import data_dir

    folder = options.dataset_dir or data_dir() / "ml-1m"
    chosen = ("--dataset-dir", str(folder), "--mae", str(options.mae), "--seed", str(options.seed))
    runs = in_turn(__file__, options.ways, options.rounds, *chosen)
    units = ("s", "cpu_s")
    medians = {way: {unit: _median(of_way, options.mae, unit) for unit in units} for way, of_way in runs.items()}
    result = {"mae": options.mae, "rounds": options.rounds, "medians": medians, "runs": runs}
    print(json.dumps(result) if options.json else _table(result))


def _median(runs: list[list[dict]], target: float, unit: str) -> float | None:
    """Return the median of the times to the target; None if a run never reached it."""
    reached = [run[-1][unit] for run in runs if run[-1]["test_mae"] <= target]
    return statistics.median(reached) if len(reached) == len(runs) else None


def _table(result: dict) -> str:
    def ratio(ours: dict, public: dict) -> str:
        both = all(ours.values()) and all(public.values())
        return f"{public['s'] / ours['s']:.1f} ({public['cpu_s'] / ours['cpu_s']:.1f})" if both else "–"

    medians = result["medians"]
    peers = [way for way in PUBLIC if way in medians]
    lines = [f"to a test MAE of {result['mae']}: medians, seconds (processor seconds); then how many times as fast"]
    lines += [f"{'':15}{'epochs':>8}{'time':>18}" + "".join(f"{f'as {peer}':>16}" for peer in peers)]
    for way, m in medians.items():
        epochs = "/".join(str(len(run)) for run in result["runs"][way])
        seconds = f"{m['s']:.1f} ({m['cpu_s']:.1f})" if m["s"] else "not reached"
        lines.append(f"{way:15}{epochs:>8}{seconds:>18}" + "".join(f"{ratio(m, medians[peer]):>16}" for peer in peers))
    lines += [f"{way:15}test MAE by epoch: {_errors(runs)}" for way, runs in result["runs"].items()]
    return "\n".join(lines)


def _errors(runs: list[list[dict]]) -> str:
    return "; ".join(", ".join(f"{row['test_mae']:.4f}" for row in run) for run in runs)


if __name__ == "__main__":
    main()
