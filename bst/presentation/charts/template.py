"""Charts that are built and validated once, and filled with data many times: Vega-Lite specifications as dicts.

Building and validating a chart of several layers with altair takes many times longer than everything else on a page. So
what differs from one chart to the next is in its data and its parameters, which expressions refer to.
"""

import json
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import altair as alt
import pandas as pd

ROWS = "rows"


def template(build: Callable[..., alt.LayerChart]) -> Callable[..., dict[str, Any]]:
    """Decorate a function that builds a chart: it returns the specification, built once for each list of arguments.

    The layers of the chart have no data of their own.
    """

    @lru_cache(maxsize=32)
    def specification(*arguments: Any) -> dict[str, Any]:
        return build(*arguments).properties(data=alt.NamedData(ROWS)).to_dict()

    return specification


def fill(
    spec: dict[str, Any], rows: pd.DataFrame | list[dict[str, Any]], height: int | None = None, **params: Any
) -> dict[str, Any]:
    """Return a specification with data and with ``params`` as further parameters. ``spec`` is not changed."""
    values = rows if isinstance(rows, list) else json.loads(rows.to_json(orient="records", double_precision=6))
    parameters = [{"name": name, "value": value} for name, value in params.items()]
    filled = {**spec, "data": {"values": values}, "params": [*spec.get("params", []), *parameters]}
    return filled if height is None else {**filled, "height": height}
