"""What several charts share: axes of places that have names, and numbers that can be read on any colour."""

import json

import altair as alt


def named(names: dict[int, str], **how) -> alt.Axis:
    """Return an axis whose places have names, as two movies may be called the same."""
    # a JSON list of texts is one of Vega's expressions, too
    listed = json.dumps([names[place] for place in sorted(names)])
    how = {"labelLimit": 170, "labelFlush": False, "labelOverlap": False} | how
    return alt.Axis(labelExpr=f"{listed}[datum.value]", **how)


def numbered(**how) -> alt.Axis:
    """Return an axis of places, told from 1 on."""
    return alt.Axis(labelExpr="datum.value + 1", labelFlush=False, labelOverlap="greedy", **how)


def turning_point(ink: str, paper: str) -> float:
    """Return from which share of the theme's colours ``paper`` reads better on them, as they grow dark, or light."""
    light = int(paper[1:3], 16) > int(ink[1:3], 16)
    return 0.7 if light else 0.4
