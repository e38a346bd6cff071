"""Pictures that are built and checked once, and filled with data many times: Vega-Lite specifications as dicts.

To build a chart of several layers with altair and to check it takes many times longer than all else that a page does.
So what differs from one picture to the next is in its data and its parameters, which expressions refer to.
"""

import json
from functools import lru_cache
from typing import Any

import altair as alt
import pandas as pd

ROWS = "rows"


def template(build):
    """Return ``build`` as a function that gives the specification of the chart it builds, made once an argument list.

    The chart's layers have no data of their own.
    """

    @lru_cache(maxsize=32)
    def made(*arguments) -> dict[str, Any]:
        return build(*arguments).properties(data=alt.NamedData(ROWS)).to_dict()

    return made


def filled(spec: dict[str, Any], rows: pd.DataFrame, height: int | None = None, **params: Any) -> dict[str, Any]:
    """Return a specification with data and the values of parameters, which are new ones; ``spec`` stays as it is."""
    values = json.loads(rows.to_json(orient="records", double_precision=6))
    given = [{"name": name, "value": value} for name, value in params.items()]
    whole = {**spec, "data": {"values": values}, "params": [*spec.get("params", []), *given]}
    return whole if height is None else {**whole, "height": height}
