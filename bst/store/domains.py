"""A ``Domain`` as plain values, for JSON, and back."""

from typing import Any

from bst.domain import Demographic, Domain

_NAMES = ("item", "items", "consume", "consumed", "tag", "tags", "rated")


def domain_to_dict(domain: Domain) -> dict[str, Any]:
    """Return a domain as plain values. The values of a demographic are pairs, as they may be numbers."""
    demographics = [
        {"name": one.name, "label": one.label, "values": [[value, label] for value, label in one.labels.items()]}
        for one in domain.demographics.values()
    ]
    names = {name: getattr(domain, name) for name in _NAMES}
    return {**names, "tag_values": list(domain.tag_values), "demographics": demographics}


def domain_from_dict(values: dict[str, Any]) -> Domain:
    """Return the domain of ``domain_to_dict``. Raises ``LookupError``, ``TypeError`` or ``ValueError`` for others."""
    demographics = {
        one["name"]: Demographic(one["name"], one["label"], dict(one["values"])) for one in values["demographics"]
    }
    names = {name: values[name] for name in _NAMES}
    return Domain(**names, tag_values=tuple(values["tag_values"]), demographics=demographics)
