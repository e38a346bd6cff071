"""All benchmarks in one run: a table of figures beside their limits and their peers, and a JSON file.

    python -m benchmarks                                  everything that this machine has the parts for
    python -m benchmarks --only ranking,commands          some groups; training only if it is named here
    python -m benchmarks --out benchmarks.json            where the figures go; nowhere unless given

Each script runs in a process of its own, one after the other, so that none disturbs another; what is compared is
measured within one of them. Groups that need a browser or MovieLens 1M are left out, and said so, where those are not
there. See README.md for what each script does.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Figure:
    """A figure of a script's answer. ``read`` finds it there. ``limit`` in the ``unit``: the most, or the ``least``."""

    name: str
    read: Callable[[dict[str, Any]], float]
    unit: str
    limit: float | None = None
    least: bool = False

    def verdict(self, value: float) -> str:
        """Say how the figure stands to its limit."""
        if self.limit is None:
            return ""
        met = value >= self.limit if self.least else value <= self.limit
        sign, share = "≥" if self.least else "≤", f" ({value / self.limit:.2f} of it)" if self.limit else ""
        return f"{sign} {self.limit:g} {self.unit}  {'met' if met else 'MISSED'}{share}"


@dataclass(frozen=True)
class Script:
    """A script with its arguments, and the figures of its answer; ``needs``: "browser", "ml-1m"."""

    group: str
    arguments: tuple[str, ...]
    figures: tuple[Figure, ...]
    needs: tuple[str, ...] = ()

    @property
    def command(self) -> list[str]:
        """The command that prints the answer."""
        return [sys.executable, str(PROJECT / "benchmarks" / self.arguments[0]), *self.arguments[1:], "--json"]


def _at(*path: str) -> Callable[[dict[str, Any]], float]:
    def read(answer: dict[str, Any]) -> float:
        value: Any = answer
        for part in path:
            value = value[part]
        return float(value)

    return read


TRAINING = "training"
PREDICT = "the public example's model.predict"


def scripts(bundle: str, needs: tuple[str, ...]) -> list[Script]:
    """Return the scripts for a bundle."""
    of = ("--bundle", bundle)
    order = ("orders", "rating", "median_ms")
    return [
        Script(
            "ranking",
            ("rank_speed.py", *of, "--peers", "--growth"),
            (
                Figure("ratings of the catalogue, 50 events", _at("peers", "median_ms", "engine"), "ms", 8),
                Figure("public model's predict / engine", _at("peers", "times_the_engine", PREDICT), "×", 8, True),
                Figure(
                    "TensorFlow's function / engine",
                    _at("peers", "times_the_engine", "TensorFlow's compiled function"),
                    "×",
                ),
                Figure("list by rating", _at(*order), "ms"),
                Figure("list after a changed rating", _at("changed_rating", "median_ms"), "ms", 10),
                Figure("model loaded", _at("loaded_ms"), "ms"),
                Figure("first list of a process", _at("first_ms"), "ms"),
                Figure("list after 300 events", _at("growth", "history", "300"), "ms"),
                Figure("8 visitors at a time", _at("growth", "sessions", "8", "lists_per_s"), "lists/s"),
            ),
            needs,
        ),
        Script(
            "roofline",
            ("roofline.py", *of),
            (
                Figure("operations", _at("total_gflop"), "GFLOP"),
                Figure("share of the measured peak", _at("share_of_peak"), "of 1"),
                Figure("least possible", _at("least_possible_ms"), "ms"),
            ),
            needs,
        ),
        Script(
            "explanations",
            ("why_speed.py", *of),
            (
                Figure("first of a model", _at("events", "50", "explanation", "first_ms"), "ms", 500),
                Figure("each further one", _at("events", "50", "explanation", "median_ms"), "ms", 100),
                Figure("integrated gradients", _at("events", "50", "integrated_gradients", "median_ms"), "ms"),
                Figure("reasons of a list", _at("events", "50", "causes of 12 movies", "median_ms"), "ms"),
            ),
            needs,
        ),
        Script(
            "what if",
            ("what_if_speed.py", *of),
            (
                Figure("294 combinations", _at("sweep", "median_s"), "s", 1),
                Figure("search of 2,000 edits", _at("search", "median_s"), "s", 5),
            ),
            needs,
        ),
        Script(
            "commands",
            ("command_speed.py", *of),
            (
                Figure("recommend, processor", _at("recommend", "processor_s"), "s", 2),
                Figure("explain, processor", _at("explain", "processor_s"), "s", 3),
                Figure("whatif, processor", _at("whatif", "processor_s"), "s"),
            ),
            needs,
        ),
        Script(
            "start",
            ("start_speed.py", *of, "--sessions", "20"),
            (
                Figure("first content after the server answers", _at("content_after_answer_s"), "s", 1.5),
                Figure("first list after the start", _at("list_s"), "s", 5),
                Figure("memory with one session", _at("resident_mb"), "MB", 400),
                Figure("memory with 20 sessions", _at("resident_all_sessions_mb"), "MB", 600),
                Figure("requests that were not found", _at("not_found"), "", 0),
                Figure("loaded by the browser", _at("loaded_kb"), "KB"),
            ),
            (*needs, "browser"),
        ),
        Script(
            "click",
            ("click_speed.py", *of),
            (
                Figure("click to list", _at("list_ms"), "ms", 200),
                Figure("the server's processor", _at("processor_ms"), "ms", 60),
            ),
            (*needs, "browser"),
        ),
        Script(
            "equality",
            ("engine_equality.py", *of),
            (Figure("largest difference of any answer", lambda a: max(a[bundle].values()), "", 1e-5),),
            needs,
        ),
    ]


def large_catalogue() -> Script:
    """Return the script about a grown catalogue."""
    return Script(
        "87,000 movies",
        ("large_catalogue.py",),
        tuple(
            figure
            for order in ("like", "rating")
            for figure in (
                Figure(f"list by {order}", lambda a, o=order: a[-1]["orders"][o]["median_ms"], "ms", 60),
                Figure(f"recall@10 by {order}", lambda a, o=order: a[-1]["orders"][o]["recall"], "", 0.98, True),
            )
        ),
        ("ml-1m",),
    )


def training() -> Script:
    """Return the script about training, which takes half an hour: it runs only on request."""
    ours, public = ("medians", "keras-example", "cpu_s"), ("medians", "public-all", "cpu_s")
    same = ("medians", "user-features", "cpu_s")
    return Script(
        TRAINING,
        ("time_to_error.py", "--rounds", "1"),
        (
            Figure("keras-example to a test MAE of 0.785, processor", _at(*ours), "s"),
            Figure("the public example / keras-example", lambda a: _at(*public)(a) / _at(*ours)(a), "×", 4, True),
            Figure("the public example / user-features", lambda a: _at(*public)(a) / _at(*same)(a), "×"),
        ),
        ("ml-1m",),
    )


def what_is_here() -> set[str]:
    """Return which of the things that scripts need are on this machine."""
    sys.path.insert(0, str(PROJECT))
    from bst import datasets
    from tests.browser.conftest import chromium_path

    here = {"ml-1m"} if datasets.find("ml-1m") else set()
    return here | ({"browser"} if chromium_path() else set())


def run(script: Script) -> Any:
    """Return a script's answer. Ends the program if it fails."""
    done = subprocess.run(script.command, cwd=PROJECT, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"error: {' '.join(script.command)} failed\n{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    """Run the requested scripts, print the table and write the JSON file."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", default="", help="groups to run, separated by commas (all)")
    parser.add_argument("--bundle", action="append", help="a bundle's name; several times for several (demo and ml-1m)")
    parser.add_argument("--out", type=Path, help="a JSON file for all figures")
    options = parser.parse_args()
    here, only = what_is_here(), [group for group in options.only.split(",") if group]
    suite = [
        (name, script)
        for name in options.bundle or ("demo", "ml-1m")
        for script in scripts(name, ("ml-1m",) if name.startswith("ml-1m") else ())
    ] + [("ml-1m", large_catalogue()), ("ml-1m", training())]
    report: dict[str, Any] = {"python": platform.python_version(), "processors": os.cpu_count(), "answers": []}
    for bundle, script in suite:
        if script.group not in only and (only or script.group == TRAINING):
            continue
        if missing := set(script.needs) - here:
            print(f"{bundle} · {script.group}: left out, as there is no {' and no '.join(sorted(missing))} here")
            continue
        print(f"{bundle} · {script.group}, load of the machine {os.getloadavg()[0]:.1f}", flush=True)
        answer = run(script)
        report["answers"].append({"bundle": bundle, "group": script.group, "answer": answer})
        for figure in script.figures:
            value = figure.read(answer)
            print(f"  {figure.name:48}{value:12.4g} {figure.unit:8} {figure.verdict(value)}".rstrip(), flush=True)
    if options.out:
        options.out.write_text(json.dumps(report, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
