"""``domain.json``: what the items of a dataset are called, and its columns."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from bst.datasets.own.spellings import normalised
from bst.domain import GENERIC, MOST_LABEL, NOUNS, Nouns, is_label
from bst.errors import DatasetError
from bst.strict_json import read_json
from bst.text import quoted

FILE = "domain.json"


@dataclass(frozen=True)
class Names:
    """What a dataset is called, and its items.

    ``labels``: what a column of users is called within a sentence, by its name. ``values``: of some columns the labels
    of their values, as texts, in the order in which they are shown. ``simulated``: no event comes from a person.
    """

    title: str = ""
    nouns: Nouns = GENERIC
    simulated: bool = False
    labels: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def with_nouns(self, given: Mapping[str, str | None]) -> "Names":
        """Return the same with a title and nouns that were given elsewhere; None changes nothing.

        Raises ``DatasetError``.
        """
        known = {name: value for name, value in given.items() if value is not None}
        for name, value in known.items():
            _check_text(value, f"--{name}")
        if "item" in known and "items" not in known:
            known["items"] = f"{known['item']}s"
        if "tag" in known and "tags" not in known:
            known["tags"] = f"{known['tag']}s"
        title = known.pop("title", self.title)
        return replace(self, title=title, nouns=replace(self.nouns, **known))


def read_names(folder: Path) -> Names:
    """Return what ``domain.json`` in a folder says; the defaults where there is none. Raises ``DatasetError``."""
    path = folder / FILE
    if not path.is_file():
        return Names()
    try:
        values = read_json(path)
    except (OSError, ValueError) as error:
        raise DatasetError(f"{path} is not readable as JSON ({error}); fix it, or remove it") from error
    if not isinstance(values, dict):
        raise DatasetError(f'{path} holds no object; write one, such as {{"item": "book", "items": "books"}}')
    known = ("title", *NOUNS, "simulated", "columns")
    for name in values:
        if name not in known:
            raise DatasetError(f"{path}: {quoted(name)} is unknown; use: {', '.join(known)}")
    texts = {name: _check_text(values[name], f"{path}: {name}") for name in ("title", *NOUNS) if name in values}
    title = texts.pop("title", "")
    simulated = values.get("simulated", False)
    if not isinstance(simulated, bool):
        raise DatasetError(f"{path}: simulated is {quoted(simulated)}; write true or false")
    labels, value_labels = _read_columns(path, values.get("columns", {}))
    return Names(title, replace(GENERIC, **texts), simulated, labels, value_labels)


def _read_columns(path: Path, columns: Any) -> tuple[dict[str, str], dict[str, dict[str, str]]]:
    """Return labels of columns and of their values. A column has a label, or an object with one and with values."""
    if not isinstance(columns, dict):
        raise DatasetError(f'{path}: columns is not an object; write one, such as {{"age": "age group"}}')
    labels: dict[str, str] = {}
    values: dict[str, dict[str, str]] = {}
    for column, described in columns.items():
        name, where = normalised(column), f"{path}: columns: {quoted(column)}"
        if isinstance(described, dict):
            if not described.keys() <= {"label", "values"}:
                raise DatasetError(f"{where} has {quoted(sorted(described))}; use: label, values")
            if "values" in described:
                if not isinstance(described["values"], dict):
                    raise DatasetError(f'{where}: values is not an object; write one, such as {{"18": "18–24"}}')
                values[name] = {
                    key: _check_text(text, f"{where}: {quoted(key)}") for key, text in described["values"].items()
                }
            described = described.get("label", name.replace("_", " "))
        labels[name] = _check_text(described, where)
    return labels, values


def _check_text(value: Any, where: str) -> str:
    if not is_label(value) or not value.strip():
        raise DatasetError(f"{where} is {quoted(value)}; write a text of 1 to {MOST_LABEL} characters without “|”")
    return value.strip()
