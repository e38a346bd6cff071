"""How faithful explanations are, as text: the sentence of the Why page, and the tables of the terminal."""

from collections.abc import Iterator, Sequence

import pandas as pd

from bst.evaluation.records import Interval
from bst.explanation.fidelity_record import MethodFidelity, PlantedBand, TaskFidelity
from bst.explanation.insight_record import Insights
from bst.presentation.vocabulary import EXPLAINERS, explainer_label
from bst.text import listed, signed, span

# what the Why page shows of one prediction: the ways to explain that one may go by there
VIEWS = ("leave_one_out", "integrated_gradients", "attention")
SHOWN_FIRST, RANDOM = "leave_one_out", "random"
# what is drawn beside them, for comparison
DRAWN = (*VIEWS, "similarity", RANDOM)
TOP = 10  # the Kr of the table
# what is explained, by task
TASKS = {
    "rating": "the movie with the highest expected rating",
    "next": "the movie that is most likely next",
}


def verdict(fidelity: TaskFidelity) -> str:
    """Return which view of an expected rating to believe, with its figures, in plain text."""
    views = [one for one in map(fidelity.of, VIEWS) if one]
    best, shown_first = max(views, key=_fall), next(one for one in views if one.method == SHOWN_FIRST)
    first = f"“{explainer_label(SHOWN_FIRST)}”"
    if best is not shown_first and best.difference.high < 0:
        return (
            f"Believe “{explainer_label(best.method)}” most: {_figures(fidelity, best, views)}. {first} comes first on "
            "this page all the same, as each of its bars can be checked on What if."
        )
    start = "Believe" if best is not shown_first else "Most of all believe"
    tied = "; no other view does clearly better" if best is not shown_first else ""
    return f"{start} {first}, which comes first on this page{tied}: {_figures(fidelity, shown_first, views)}."


def _figures(fidelity: TaskFidelity, believed: MethodFidelity, views: Sequence[MethodFidelity]) -> str:
    others = [one for one in views if one is not believed]
    compared = [f"{_fall(one):.2f} ★ for “{explainer_label(one.method)}”" for one in others]
    if random := fidelity.of(RANDOM):
        compared.append(f"{_fall(random):.2f} ★ for movies chosen at random")
    return (
        f"without the {fidelity.sizes[-1]} movies that it names first, the expected rating of the movie at the top "
        f"falls by {_fall(believed):.2f} ★ on average, against {listed(compared)}"
    )


def _fall(method: MethodFidelity) -> float:
    """Return by how many stars a rating falls without the most movies that are named."""
    return -method.deletion[-1].value


def curves(fidelity: TaskFidelity) -> pd.DataFrame:
    """Return what is drawn: ``name``, ``way`` ("without" or "alone"), ``size``, and ``value``, ``low``, ``high`` stars.

    Both begin with 0 at size 0: the whole history, and none.
    """
    rows = []
    for name in DRAWN:
        method = fidelity.of(name)
        if not method:
            continue
        for way, values in (("without", method.deletion), ("alone", method.insertion)):
            rows.append((explainer_label(name), way, 0, 0.0, 0.0, 0.0))
            rows += [
                (explainer_label(name), way, size, one.value, one.low, one.high)
                for size, one in zip(fidelity.sizes, values, strict=True)
            ]
    return pd.DataFrame(rows, columns=["name", "way", "size", "value", "low", "high"])


# ---- for the terminal


def fidelity_lines(insights: Insights) -> Iterator[str]:
    """Return tables of fidelity, counterfactuals and planted causes, as far as they were measured."""
    for task in insights.fidelity.tasks if insights.fidelity else ():
        yield from ["", *_task_lines(task)]
    if insights.counterfactuals:
        yield from ["", "The smallest change of a history that brings a movie …"]
        for one in insights.counterfactuals:
            found = f"{one.found.value:.0%} of {one.visitors} searches find one ({_interval(one.found, '.0%')})"
            if one.edits is not None and one.size is not None and one.valid is not None:
                found += f"; {one.edits:.1f} edits, size {one.size:.1f}, {one.valid:.0%} valid"
            yield f"  {one.goal}: {found}"
    if planted := insights.planted:
        yield from ["", planted.description]
        yield from _table(
            ["third strongest cause", *(f"{_stars(band)} ★" for band in planted.bands)],
            [["people / cases", *(f"{band.users} / {band.cases}" for band in planted.bands)]]
            + [[explainer_label(name), *(_cell(band, name) for band in planted.bands)] for name in EXPLAINERS],
        )


def _task_lines(task: TaskFidelity) -> Iterator[str]:
    size = task.sizes[-1]
    form, unit = ("+.3f", " ★") if task.task == "rating" else (".0%", "")
    whole, none = (f"{value:.2f} ★" if unit else f"{value:.1%}" for value in (task.whole, task.none))
    yield (
        f"{TASKS[task.task][0].upper()}{TASKS[task.task][1:]} ({whole} with the whole history, {none} with none; "
        f"{task.visitors} visitors), Ke = {size}:"
    )
    yield from _table(
        ["", "DEL", "95% interval", "INS", "level DEL", "INS", "CDCG", f"POS@{TOP}", "against leaving out", "ms"],
        [
            [
                explainer_label(one.method),
                _value(one.deletion[-1].value, form),
                _interval(one.deletion[-1], form),
                _value(one.insertion[-1].value, form),
                *(f"{level[-1].value:.0%}" if level else "–" for level in (one.level_deletion, one.level_insertion)),
                f"{one.cdcg[-1].value:.3f}",
                f"{one.pos[TOP][-1].value:.0%}",
                _difference(one, form),
                "" if one.milliseconds is None else f"{one.milliseconds:.0f}",
            ]
            for one in task.methods
        ],
    )


def _difference(method: MethodFidelity, form: str) -> str:
    """Return by how much DEL differs from that of leaving one out, with its interval."""
    if method.method == SHOWN_FIRST:
        return ""
    form = f"+{form.removeprefix('+')}"
    return f"{_value(method.difference.value, form)} ({_interval(method.difference, form)})"


def _cell(band: PlantedBand, method: str) -> str:
    if method not in band.precision:
        return "–"
    one = band.precision[method]
    return f"{one.value:.2f} ({_interval(one, '.2f')})"


def _stars(band: PlantedBand) -> str:
    return f"{band.low:g} or more" if band.high is None else f"{band.low:g} – {band.high:g}"


def _value(value: float, form: str) -> str:
    return signed(value, form[1:]) if form.startswith("+") else format(value, form)


def _interval(interval: Interval, form: str) -> str:
    return span(interval.low, interval.high, form)


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(len(row[column]) for row in (header, *rows)) for column in range(len(header))]
    for row in (header, *rows):
        first, *others = (f"{cell:{width}}" for cell, width in zip(row, widths, strict=True))
        yield "  " + "  ".join([first, *(cell.strip().rjust(len(cell)) for cell in others)])
