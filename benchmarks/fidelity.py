"""How faithful the explanations of a bundle are, as a file of results: what ``python -m bst insights`` measured.

    python -m bst insights --bundle ml-1m
    python benchmarks/fidelity.py --bundle ml-1m

Writes ``benchmarks/results/fidelity-NAME.json`` from the insights that the command kept with the bundle: fidelity of
all ways to explain, counterfactuals, and the planted causes of the demo world. Values have 95% intervals.
"""

import argparse
import json
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))

PARTS = ("fidelity", "counterfactuals", "planted")


def main() -> None:
    """Read the insights and write the file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bundle", default="ml-1m", help="a bundle's name (default: %(default)s)")
    options = parser.parse_args()

    from bst.bundles.bundle import open_bundle
    from bst.explanation.insights import read_insights
    from bst.explanation.planted import AUDIENCE_SEED
    from bst.files import write_whole

    bundle = open_bundle(options.bundle)
    insights = read_insights(bundle)
    if insights is None or insights.fidelity is None:
        sys.exit(f"error: fidelity has not been measured; run: python -m bst insights --bundle {options.bundle}")
    plain = insights.to_dict()
    result = {
        "bundle": bundle.name,
        "protocol": bundle.protocol,
        "seeds": {"model": bundle.seed, "sample": insights.sample.seed}
        | ({"second audience": AUDIENCE_SEED} if insights.planted else {}),
        "preset": bundle.config.preset,
        "epochs": bundle.epochs,
        "visitors": insights.sample.description,
        "command": f"python -m bst insights --bundle {bundle.name} --visitors {insights.sample.visitors} "
        f"--seed {insights.sample.seed}",
        "metrics": {part: plain[part] for part in PARTS if part in plain},
    }
    path = PROJECT / "benchmarks" / "results" / f"fidelity-{bundle.name}.json"
    path.parent.mkdir(exist_ok=True)
    write_whole(path, json.dumps(result, indent=1, ensure_ascii=False) + "\n")
    print(path.relative_to(PROJECT))


if __name__ == "__main__":
    main()
