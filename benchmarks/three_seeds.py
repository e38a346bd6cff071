"""The timeline BST's figures on MovieLens 1M under a protocol: three seeds, each trained and measured, and their mean.

    python benchmarks/three_seeds.py --protocol visitor
    python benchmarks/three_seeds.py --protocol seed
    python benchmarks/three_seeds.py --protocol last            also measured as last-timed, by the same bundles
    python benchmarks/three_seeds.py --protocol temporal
    python benchmarks/three_seeds.py --protocol list

A seed whose bundle is there already (``data/bundles/ml-1m-PROTOCOL-SEED``, or what ``--bundle SEED=NAME`` names) is
only measured. The others are trained first, and only the towers that the protocol measures, or those that ``--tower``
names: about 10 minutes for a rating tower and 45 for a next tower, on one core. An interrupted run is resumed. Protocol
``list`` measures the lists of people whom the model has never seen: bundles are trained under ``visitor``, with
the rating tower that every list needs.

The figures are kept in ``benchmarks/results/``, one file for each protocol: seeds that were measured earlier stay.
"""

import argparse
import json
import statistics
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

TOWERS = {
    "visitor": ["rating"],
    "seed": ["rating"],
    "last": ["next"],
    "temporal": ["next"],
    "list": ["rating", "like"],
}
# figures of models that know the time of the request: their protocol, by the one of the training
TIMED = {"last": "last-timed", "temporal": "temporal-timed"}
# of protocol list: the first of the test users, as in docs/results.md
LIST_USERS = 300
# protocols that measure models trained under another one
TRAINED_UNDER = {"list": "visitor"}


def measure(protocol: str, seed: int, name: str | None, split, config) -> dict:
    """Train if need be; return seed, training minutes and figures."""
    from bst.bundles.bundle import open_bundle
    from bst.evaluation.summary import evaluate_predictions
    from bst.models.registry import family_of
    from bst.settings import get_settings
    from bst.timelines.splits import protocol_name
    from bst.training.runs import RunSettings, train

    under = TRAINED_UNDER.get(protocol, protocol)
    bundle_name = name or f"ml-1m-{protocol}-{seed}"
    if name or (get_settings().bundles / bundle_name / "bundle.json").is_file():
        bundle = open_bundle(bundle_name)
        result = None
    else:
        settings = RunSettings("ml-1m", config, under, config.epochs, seed, patience=config.epochs)
        bundle = train(
            settings,
            bundle_name,
            resume=(get_settings().runs / bundle_name / "run.json").is_file(),
            on_stage=lambda message: print(f"seed {seed}: {message}", file=sys.stderr, flush=True),
            on_epoch=lambda row: print(f"seed {seed}: {json.dumps(row)}", file=sys.stderr, flush=True),
        )
        result = bundle.metrics  # measured at the end of the training
    if (bundle.protocol, bundle.seed) != (protocol_name(under), seed):
        raise SystemExit(f"bundle {bundle.name} is of protocol {bundle.protocol}, seed {bundle.seed}")
    if protocol == "list":
        from bst.evaluation import measure_lists

        result = measure_lists.measure(bundle, split, users=LIST_USERS).to_dict()
    elif result is None:
        model = bundle.load_model(split.dataset.movies)
        result = evaluate_predictions(split, family_of(bundle.config).predict_test(model, split)).to_dict()
    minutes = bundle.history["seconds"].sum() / 60
    return {"bundle": bundle.name, "training_minutes": round(minutes, 1), **result, "seed": seed}


def keep(protocol: str, result: dict) -> None:
    """Keep the figures of one seed."""
    from benchmarks import results

    seed, command = result["seed"], f"python benchmarks/three_seeds.py --protocol {protocol}"
    minutes = {results.MINUTES: result["training_minutes"]}
    if protocol == "list":
        metrics = {
            f"{name}, n = {events}": _number(value)
            for events, quality in result["metrics"].items()
            for name, value in quality.items()
            if isinstance(value, list | int | float)
        }
    else:
        metrics = {key: value for key, value in result["metrics"].items() if isinstance(value, int | float)}
        metrics |= {f"mae, n = {events}": mae for events, mae in result["metrics"].get("mae_by_history", {}).items()}
    results.keep(protocol, protocol, "timeline", {seed: metrics | minutes}, command, dataset="ml-1m")
    if protocol in TIMED and "request_known" in result:
        timed = result["request_known"] | minutes
        results.keep(TIMED[protocol], TIMED[protocol], "timeline", {seed: timed}, command, dataset="ml-1m")


def mean_of(results: list[dict]) -> dict:
    """Return the mean over the seeds of all that is a number, part by part."""
    if not isinstance(results[0], dict):
        return statistics.fmean(results)
    results = [{key: _number(value) for key, value in result.items()} for result in results]
    return {
        key: mean_of([result[key] for result in results])
        for key, value in results[0].items()
        if isinstance(value, dict | int | float) and all(key in result for result in results)
    }


def _number(value):
    """Return the estimate of an interval, which records write as estimate, low and high; anything else as it is."""
    is_interval = isinstance(value, list) and len(value) == 3 and all(isinstance(part, float) for part in value)
    return value[0] if is_interval else value


def main() -> None:
    """Train what is missing, measure, and print one JSON object per seed and one with the means."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--protocol", choices=TOWERS, default="visitor")
    parser.add_argument(
        "--tower",
        action="append",
        choices=("rating", "next", "like"),
        help="train these towers (those that the protocol measures)",
    )
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--bundle", action="append", default=[], metavar="SEED=NAME", help="take this one instead")
    options = parser.parse_args()
    given = {int(seed): name for seed, _, name in (text.partition("=") for text in options.bundle)}

    from bst.datasets import load
    from bst.models.registry import prepare, preset

    config = preset("timeline").with_tasks(options.tower or TOWERS[options.protocol])
    dataset = load("ml-1m")
    results = []
    for seed in options.seeds:
        split = prepare(dataset, config, TRAINED_UNDER.get(options.protocol, options.protocol), seed)
        results.append(measure(options.protocol, seed, given.get(seed), split, config))
        print(json.dumps(results[-1]), flush=True)
        keep(options.protocol, results[-1])
    if len(results) > 1:
        print(json.dumps({"mean of": options.seeds, **mean_of(results)}))


if __name__ == "__main__":
    main()
