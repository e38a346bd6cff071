"""Compare what two versions of the project answer: the JSON of its commands, number by number.

    python benchmarks/same_answers.py ask OUT [--root CHECKOUT]   run a checkout's commands and keep their JSON in OUT
    python benchmarks/same_answers.py compare BEFORE AFTER        exit 1 if a key, a text or a number differs

The commands on bundle ``ml-1m`` need MovieLens 1M (``BST_DATA_DIR``); without it they are left out. Numbers may differ
by ``TOLERANCE``. Dates and times, which no two runs share, are not compared.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TOLERANCE = 1e-6
NOT_COMPARED = frozenset({"seconds", "made"})
PERSON = ["--sex", "F", "--age", "25", "--occupation", "artist"]
HISTORY = [f"--watched={event}" for event in ("The Matrix=5", "Alien=4", "Toy Story=3", "Casablanca=2", "M=5")]


def commands(bundle: str) -> dict[str, list[str]]:
    """Return the commands to compare for a bundle, by the name of their file."""
    of_bundle, visitor = ["--bundle", bundle, "--json"], [*PERSON, *HISTORY]
    answers = {
        "evaluate": ["evaluate"],
        "recommend": ["recommend", *visitor],
        "recommend-nobody": ["recommend"],
        "recommend-diverse": ["recommend", *visitor, "--diversity", "0.4", "--genre", "Drama", "-k", "30"],
        "whatif": ["whatif", *visitor, "--rate", "Alien=1", "--drop", "M", "--set", "sex=M"],
        "counterfactual": ["counterfactual", *visitor, "--movie", "Aliens", "--into-top", "5"],
        "explain": ["explain", *visitor, "--movie", "Blade Runner"],
    }
    if bundle != "ml-1m-seed":  # a classic model ranks by rating alone
        answers["recommend-next"] = ["recommend", *visitor, "--order", "next"]
        answers["recommend-blend"] = ["recommend", *visitor, "--order", "blend", "--weight", "0.3"]
    return {f"{bundle}.{name}": [*command, *of_bundle] for name, command in answers.items()}


def ask(root: Path, out: Path, bundles: list[str]) -> None:
    """Run the commands in a checkout; keep standard output of each in ``out``."""
    out.mkdir(parents=True, exist_ok=True)
    for bundle in bundles:
        for name, command in commands(bundle).items():
            began = time.monotonic()
            done = subprocess.run([sys.executable, "-m", "bst", *command], cwd=root, capture_output=True, text=True)
            if done.returncode:
                sys.exit(f"{name}: exit {done.returncode}: {done.stderr.strip()[-500:]}")
            (out / f"{name}.json").write_text(done.stdout, "utf-8")
            print(f"{name}: {time.monotonic() - began:.1f} s", flush=True)


def differences(before, after, where: str = "") -> list[str]:
    """Return where two JSON values differ, in words; of numbers those that differ by more than ``TOLERANCE``.

    >>> differences({"mae": 0.5, "seconds": 3}, {"mae": 0.5000001, "seconds": 9})
    []
    >>> differences({"mae": [0.5]}, {"mae": [0.6]})
    ['/mae/0: 0.5, then 0.6']
    """
    if isinstance(before, dict) and isinstance(after, dict):
        odd = sorted(set(before) ^ set(after))
        shared = [key for key in before if key in after and key not in NOT_COMPARED]
        inside = [text for key in shared for text in differences(before[key], after[key], f"{where}/{key}")]
        return [f"{where}/{key}: only in one of them" for key in odd] + inside
    if isinstance(before, list) and isinstance(after, list):
        if len(before) != len(after):
            return [f"{where}: {len(before)} entries, then {len(after)}"]
        pairs = enumerate(zip(before, after, strict=True))
        return [text for i, (old, new) in pairs for text in differences(old, new, f"{where}/{i}")]
    numbers = all(isinstance(value, int | float) and not isinstance(value, bool) for value in (before, after))
    same = abs(before - after) <= TOLERANCE if numbers else before == after
    return [] if same else [f"{where}: {before!r}, then {after!r}"]


def compare(before: Path, after: Path) -> bool:
    """Print how the answers in two folders differ; return whether they are the same."""
    names = sorted({path.name for folder in (before, after) for path in folder.glob("*.json")})
    odd = 0
    for name in names:
        if not (before / name).is_file() or not (after / name).is_file():
            changes = ["only in one of the folders"]
        else:
            changes = differences(*(json.loads((folder / name).read_text("utf-8")) for folder in (before, after)))
        odd += bool(changes)
        print(f"{name}: {'the same' if not changes else f'{len(changes)} differences'}")
        for text in changes[:10]:
            print(f"    {text}")
    print(f"{len(names) - odd} of {len(names)} answers are the same to {TOLERANCE:g}")
    return not odd


def main() -> None:
    """Read the arguments."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(dest="verb", required=True)
    asking = verbs.add_parser("ask")
    asking.add_argument("out", type=Path)
    asking.add_argument("--root", type=Path, default=ROOT)
    real = os.environ.get("BST_DATA_DIR")
    asking.add_argument("--bundles", nargs="+", default=["demo", *(["ml-1m", "ml-1m-seed"] if real else [])])
    comparing = verbs.add_parser("compare")
    comparing.add_argument("before", type=Path)
    comparing.add_argument("after", type=Path)
    given = parser.parse_args()
    if given.verb == "ask":
        ask(given.root, given.out.absolute(), given.bundles)
    elif not compare(given.before, given.after):
        sys.exit(1)


if __name__ == "__main__":
    main()
