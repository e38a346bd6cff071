"""A timeline bundle beside what other models predicted under ``visitor``: paired 95% intervals, by length of history.

    python benchmarks/other_packages/compare.py --bundle 0=ml-1m --rival "item ridge=/tmp/item-ridge-{seed}.npz"

Runs in the project's environment. ``--rival NAME=FILE`` names what a script kept with ``--out``, ``{seed}`` in place of
the seed; ``--bundle SEED=NAME`` once for each seed. Users are resampled with replacement, seeds treated as independent.
A difference below 0: the timeline model is better. ``--out`` writes the JSON object that is printed.
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from bst.bundles.bundle import open_bundle
from bst.datasets import load
from bst.metrics import Bootstrap, interval
from bst.models.registry import preset
from bst.models.timeline.predictions import distributions
from bst.timelines.splits import TEST, VALIDATION, prepare

LENGTHS = (0, 1, 3, 5, 10, 20, 50)
USERS_APART = 1_000_000  # so that no two seeds share a user


def read_labels(seeds: dict[int, str], rivals: dict[str, str], part: int) -> dict[str, np.ndarray]:
    """Return ``user``, ``history``, ``actual``, and the predicted stars of ``timeline`` and of rivals: (labels,)."""
    columns: dict[str, list[np.ndarray]] = {}
    for seed, name in seeds.items():
        dataset, bundle = load("ml-1m"), open_bundle(name)
        split = prepare(dataset, "visitor", seed)
        if (bundle.protocol, bundle.seed) != ("visitor", seed):
            raise SystemExit(f"bundle {name} is of protocol {bundle.protocol}, seed {bundle.seed}")
        labelled = split.role == part
        model = bundle.load_model(dataset.movies)
        found = {
            "user": split.user[labelled] + seed * USERS_APART,
            "history": split.history[labelled],
            "actual": split.timelines.rating[labelled],
            "timeline": distributions(model, split, part) @ np.array(dataset.levels),
        }
        for rival, path in rivals.items():
            with np.load(path.format(seed=seed)) as file:
                if int(file["seed"]) != seed:
                    raise SystemExit(f"{path.format(seed=seed)} is of seed {file['seed']}")
                stars = np.full(len(labelled), np.nan)
                stars[file["event"]] = file["stars"]
            found[rival] = stars[labelled]
        for key, values in found.items():
            columns.setdefault(key, []).append(values)
    return {key: np.concatenate(values) for key, values in columns.items()}


def difference(
    bootstrap: Bootstrap, ours: np.ndarray, theirs: np.ndarray, where: np.ndarray | None = None
) -> list[float]:
    """Return mean(ours) − mean(theirs) of errors (labels,) and its interval: value, low, high."""
    apart = ours - theirs
    value = apart.mean() if where is None else apart[where].mean()
    return [round(float(number), 4) for number in (value, *interval(bootstrap.means(apart, where)))]


def rmse_difference(bootstrap: Bootstrap, ours: np.ndarray, theirs: np.ndarray) -> list[float]:
    """Return RMSE − RMSE of errors (labels,), with its interval."""
    value = np.sqrt((ours**2).mean()) - np.sqrt((theirs**2).mean())
    draws = np.sqrt(bootstrap.means(ours**2)) - np.sqrt(bootstrap.means(theirs**2))
    return [round(float(number), 4) for number in (value, *interval(draws))]


def main() -> None:
    """Compare and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bundle", action="append", required=True, metavar="SEED=NAME")
    parser.add_argument("--rival", action="append", default=[], metavar="NAME=FILE")
    parser.add_argument("--part", choices=("test", "validation"), default="test")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    seeds = {int(seed): name for seed, _, name in (text.partition("=") for text in options.bundle)}
    rivals = {name: path for name, _, path in (text.partition("=") for text in options.rival)}
    labels = read_labels(seeds, rivals, TEST if options.part == "test" else VALIDATION)
    bootstrap, history = Bootstrap(labels["user"]), labels["history"]
    errors = {name: labels[name] - labels["actual"] for name in ("timeline", *rivals)}
    metrics: dict[str, dict] = {}
    for name, error in errors.items():
        metrics[name] = {
            "mae": round(float(np.abs(error).mean()), 4),
            "rmse": round(float(np.sqrt((error**2).mean())), 4),
            "mae_by_history": {str(n): round(float(np.abs(error[history == n]).mean()), 4) for n in LENGTHS},
        }
        if name != "timeline":
            apart = np.abs(errors["timeline"]), np.abs(error)
            metrics[name] |= {
                "mae_difference": difference(bootstrap, *apart),
                "rmse_difference": rmse_difference(bootstrap, errors["timeline"], error),
                "mae_difference_by_history": {str(n): difference(bootstrap, *apart, history == n) for n in LENGTHS},
            }
    result = {"protocol": "visitor", "part": options.part, "seeds": list(seeds), "preset": preset("timeline").preset}
    result |= {"labels": len(history), "metrics": metrics}
    text = json.dumps(result, indent=1)
    print(text)
    if options.out:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text(text + "\n")


if __name__ == "__main__":
    main()
