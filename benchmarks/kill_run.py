"""Kill a training run at random moments, as a power cut would: how many epochs are lost, and does the run still finish?

    python benchmarks/kill_run.py --kills 10

A run on the demo world is started the way the Training page starts it, killed at a random moment within its first
seconds of training, and resumed, again and again; then it runs to its end. Printed for each kill: the epoch under way,
the whole epochs kept, and how many were lost (1 is the epoch under way). Bundles that existed before must not change.
"""

import argparse
import json
import random
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))


def main() -> None:
    """Kill, resume, and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=10, help="how often it is killed (default: %(default)s)")
    parser.add_argument("--epochs", type=int, default=60, help="epochs of the run (default: %(default)s)")
    parser.add_argument("--share", type=float, default=0.1, help="part of the users (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of the moments (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()

    from bst.bundles.bundle import list_bundles, open_bundle
    from bst.models.registry import preset
    from bst.settings import get_settings, override_settings
    from bst.training import background
    from bst.training.run_process import find_process
    from bst.training.run_settings import RunSettings

    shipped = {bundle.name for bundle in list_bundles()}
    settings = RunSettings(
        "demo",
        preset("compact").with_epochs(options.epochs),
        "seed",
        options.epochs,
        patience=options.epochs,
        share=options.share,
    )
    rng, kills = random.Random(options.seed), []
    with (
        tempfile.TemporaryDirectory() as work,
        override_settings(runs=Path(work) / "runs", bundles=Path(work) / "bundles"),
    ):
        background.start(settings, "killed")
        for _ in range(options.kills):
            while (now := background.status("killed")) and not now.epoch:
                time.sleep(0.05)  # it is loading what it needs: nothing to lose yet
            time.sleep(rng.uniform(0, 5))
            if background.status("killed") is None:
                break  # it had finished
            process = find_process(get_settings().runs / "killed")
            process.kill()
            process.wait(30)
            after = background.status("killed")
            kills.append({"under_way": after.epoch, "kept": len(after.history), "state": after.state})
            background.resume("killed")
        while background.status("killed"):
            time.sleep(0.5)
        bundle = open_bundle("killed")
        epochs = bundle.history["epoch"].tolist()
    result = {
        "kills": kills,
        "most_epochs_lost": max(max(kill["under_way"] - kill["kept"], 0) for kill in kills),
        "epochs_of_the_bundle": len(epochs),
        "whole": epochs == list(range(1, len(epochs) + 1)),
        "other_bundles_lost": len(shipped - {bundle.name for bundle in list_bundles()}),
    }
    if options.json:
        print(json.dumps(result))
        return
    for number, kill in enumerate(kills, start=1):
        print(f"kill {number}: epoch {kill['under_way']} under way, {kill['kept']} kept")
    print(
        f"at most {result['most_epochs_lost']} epoch lost to a kill; bundle of {len(epochs)} epochs, "
        f"{'whole' if result['whole'] else 'NOT whole'}; {result['other_bundles_lost']} other bundles lost"
    )


if __name__ == "__main__":
    main()
