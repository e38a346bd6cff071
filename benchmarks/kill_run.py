"""Killing a training at random moments, as a power cut or a full memory would: what is lost, and whether it ends well.

    python benchmarks/kill_run.py --kills 10

A run of the demo world is started as the Training page does it, killed without warning within its first seconds of
training, at a moment drawn at random, and resumed, again and again; then it goes on to its end. For each kill: the
epoch that was under way, the whole epochs that were kept, and how many were lost (1 is the epoch under way). A bundle
that was there before must stay as it is.
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
    asked = parser.parse_args()

    from bst.bundles.bundle import list_bundles, open_bundle
    from bst.models.registry import preset
    from bst.training import background
    from bst.training.runs import RunSettings

    shipped = {bundle.name for bundle in list_bundles()}
    settings = RunSettings(
        "demo",
        preset("compact").with_epochs(asked.epochs),
        "seed",
        asked.epochs,
        patience=asked.epochs,
        share=asked.share,
    )
    rng, kills = random.Random(asked.seed), []
    with tempfile.TemporaryDirectory() as work:
        places = {"runs": Path(work) / "runs", "into": Path(work) / "bundles"}
        places["runs"].mkdir()
        background.start(settings, "killed", **places)
        for _ in range(asked.kills):
            while (now := background.status("killed", places["runs"])) and not now.epoch:
                time.sleep(0.05)  # it is loading what it needs: nothing to lose yet
            time.sleep(rng.uniform(0, 5))
            if background.status("killed", places["runs"]) is None:
                break  # it was quicker
            process = background.process_of("killed", places["runs"])
            process.kill()
            process.wait(30)
            after = background.status("killed", places["runs"])
            kills.append({"under_way": after.epoch, "kept": len(after.history), "state": after.state})
            background.resume("killed", **places)
        while background.status("killed", places["runs"]):
            time.sleep(0.5)
        made = open_bundle(places["into"] / "killed")
        epochs = made.history["epoch"].tolist()
    result = {
        "kills": kills,
        "most_epochs_lost": max(max(kill["under_way"] - kill["kept"], 0) for kill in kills),
        "epochs_of_the_bundle": len(epochs),
        "whole": epochs == list(range(1, len(epochs) + 1)),
        "other_bundles_lost": len(shipped - {bundle.name for bundle in list_bundles()}),
    }
    if asked.json:
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
