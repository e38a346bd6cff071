"""The titles of a chart's axes, legends and tooltips in the words of a dataset."""

from typing import Any

import altair as alt

from bst.domain import MOVIES, Domain
from bst.wording import reword

# what is data, in which a title is that of a movie
_DATA = frozenset({"data", "datasets", "params", "values"})


def reword_titles(chart: Any, domain: Domain = MOVIES) -> Any:
    """Return an ``altair`` chart or a Vega-Lite specification with its titles reworded; its data stay as they are.

    The chart that is given is not changed; for movies it is returned.
    """
    if reword("movie movies watched genres ratings", domain) == "movie movies watched genres ratings":
        return chart
    if isinstance(chart, dict):
        return _reworded(chart, domain)
    copy = chart.copy(deep=True)
    _reword_in_place(copy, domain)
    return copy


def _title(value: Any, domain: Domain) -> Any:
    if isinstance(value, str):
        return reword(value, domain)
    if isinstance(value, list):
        return [_title(line, domain) for line in value]
    return _reworded(value, domain)


def _reworded(value: Any, domain: Domain) -> Any:
    if isinstance(value, dict):
        return {
            key: part if key in _DATA else (_title if key == "title" else _reworded)(part, domain)
            for key, part in value.items()
        }
    return [_reworded(part, domain) for part in value] if isinstance(value, list) else value


def _reword_in_place(value: Any, domain: Domain) -> None:
    """Reword the titles of an ``altair`` object; its parts are other such objects, lists and dicts."""
    parts = value._kwds if isinstance(value, alt.SchemaBase) else value
    if isinstance(parts, list):
        for part in parts:
            _reword_in_place(part, domain)
    elif isinstance(parts, dict):
        for key, part in parts.items():
            if key == "title" and isinstance(part, str | list):
                parts[key] = _title(part, domain)
            elif key not in _DATA:
                _reword_in_place(part, domain)
