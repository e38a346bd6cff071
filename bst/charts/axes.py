"""What several charts share: axes of places that have names, and numbers that can be read on any colour."""

import altair as alt


def named(**how) -> alt.Axis:
    """Return an axis whose places have names, as two movies may be called the same: parameter ``names``."""
    return alt.Axis(
        labelExpr="names[datum.value]", **{"labelLimit": 170, "labelFlush": False, "labelOverlap": False}, **how
    )


def listed(names: dict[int, str]) -> list[str]:
    """Return the names of the places 0, 1, … as the parameter ``names``."""
    return [names[place] for place in sorted(names)]


def numbered(**how) -> alt.Axis:
    """Return an axis of places, told from 1 on."""
    return alt.Axis(labelExpr="datum.value + 1", labelFlush=False, labelOverlap="greedy", **how)


def turning_point(ink: str, paper: str) -> float:
    """Return from which share of the theme's colours ``paper`` reads better on them, as they grow dark, or light."""
    light = int(paper[1:3], 16) > int(ink[1:3], 16)
    return 0.7 if light else 0.4
