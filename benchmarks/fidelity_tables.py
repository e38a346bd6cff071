"""The tables of ``docs/results.md`` about explanations, as Markdown, from the files that ``fidelity.py`` wrote.

python benchmarks/fidelity_tables.py ml-1m demo
"""

import argparse
import json
from pathlib import Path

RESULTS = Path(__file__).resolve().parent / "results"
SAME = "leave_one_out"
KR = ("5", "10", "20")
# by the terms of the literature; the pages have plainer ones
NAMES = {
    SAME: "leave-one-out",
    "leave_one_out_shared": "leave-one-out, shared with the three most similar",
    "integrated_gradients": "integrated gradients",
    "gradient_times_input": "gradient × input",
    "shapley": "Shapley values, 16 permutations",
    "attention": "attention, mean of all heads",
    "similarity": "most similar by cosine",
    "recency": "newest",
    "popularity": "most rated",
    "random": "random",
}


def main() -> None:
    """Print them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("bundles", nargs="*", default=["ml-1m", "demo"], help="default: ml-1m demo")
    for name in parser.parse_args().bundles:
        metrics = json.loads((RESULTS / f"fidelity-{name}.json").read_text("utf-8"))["metrics"]
        for task in metrics["fidelity"]["tasks"]:
            print(f"\n## {name}: {task['task']}, {task['visitors']} visitors\n\n{sentence(task)}\n")
            print("\n".join(fidelity(task)))
        print(f"\n## {name}: counterfactuals\n")
        print("\n".join(counterfactuals(name, metrics["counterfactuals"])))
        if "planted" in metrics:
            print(f"\n## {name}: planted causes\n")
            print("\n".join(planted(metrics["planted"])))


def label(method: str) -> str:
    """Return how the tables call a way to explain, or a layer's attention."""
    return NAMES.get(method, f"– {method.lower()}")


def sentence(task: dict) -> str:
    """Return the scores that the changes are changes of."""
    level = f"; most likely level {task['level']:.2f} and {task['level_none']:.2f}" if task.get("level") else ""
    form = "{:.2f} ★" if task["task"] == "rating" else "{:.1%}"
    return f"With the whole history {form.format(task['whole'])}, with none {form.format(task['none'])}{level}."


def fidelity(task: dict) -> list[str]:
    """Return the table of one tower: a row for each way to explain, layers under attention."""
    stars = task["task"] == "rating"
    number = "{:+.3f}" if stars else "{:.2f}"
    columns = ["", "DEL@1", "DEL@3", "DEL@5 (95% interval)", "less that of leave-one-out", "INS@1", "INS@5", "CDCG@5"]
    columns += ["POS@5 / 10 / 20", *(["level"] if stars else []), "ms"]
    lines = [row(columns), row(["---"] * len(columns))]
    methods = [one for one in task["methods"] if not one["method"].startswith("Layer")]
    at = next(i for i, one in enumerate(methods) if one["method"] == "attention") + 1
    layers = [one for one in task["methods"] if one["method"].startswith("Layer")]
    for one in [*methods[:at], *layers, *methods[at:]]:
        deletion, insertion = one["deletion"], one["insertion"]
        same = one["method"] == SAME
        cells = [label(one["method"]), value(number, deletion[0]), value(number, deletion[2])]
        cells += [interval(number, deletion[-1]), "" if same else interval(signed(number), one["difference"])]
        cells += [value(number, insertion[0]), value(number, insertion[-1]), value("{:.2f}", one["cdcg"][-1])]
        cells.append(" / ".join(value("{:.0%}", one["pos"][kr][-1]) for kr in KR))
        if stars:
            cells.append(value("{:.2f}", one["level_deletion"][-1]))
        took = one.get("milliseconds")
        cells.append("" if took is None else "<1" if took < 1 else f"{took:.0f}")
        lines.append(row(cells))
    return lines


def counterfactuals(name: str, goals: list[dict]) -> list[str]:
    """Return the rows of a bundle."""
    columns = ["", "searches", "a change is found", "edits", "size", "valid"]
    lines = [row(columns), row(["---"] * len(columns))]
    for goal in goals:
        found, low, high = goal["found"]
        share = f"{found:.0%} ({low:.0%} – {high:.0%})"
        means = ["" if goal[key] is None else f"{goal[key]:.1f}" for key in ("edits", "size")]
        valid = "" if goal["valid"] is None else f"{goal['valid']:.0%}"
        lines.append(row([f"`{name}`, {goal['goal']}", str(goal["visitors"]), share, *means, valid]))
    return lines


def planted(causes: dict) -> list[str]:
    """Return the table of how many causes each way to explain finds, band by band."""
    bands = causes["bands"]
    heads = []
    for band in bands:
        span = f"{band['low']:g} – {band['high']:g} ★" if band["high"] else f"{band['low']:g} ★ or more"
        heads.append(f"{span} ({band['cases']} cases of {band['users']} people)")
    lines = [row(["third-strongest cause", *heads]), row(["---"] * (1 + len(bands)))]
    for method in bands[0]["precision"]:
        lines.append(row([label(method), *(interval("{:.2f}", band["precision"][method]) for band in bands)]))
    return lines


def row(cells: list[str]) -> str:
    """Return a row of a Markdown table."""
    return f"| {' | '.join(cells)} |"


def signed(number: str) -> str:
    """Return a format that shows the sign."""
    return number if "+" in number else number.replace(":", ":+")


def value(number: str, measured: list[float]) -> str:
    """Return the estimate alone."""
    return number.format(measured[0]).replace("-", "−")


def interval(number: str, measured: list[float]) -> str:
    """Return the estimate with its interval."""
    estimate, low, high = (number.format(part).replace("-", "−") for part in measured)
    return f"{estimate} ({low} … {high})"


if __name__ == "__main__":
    main()
