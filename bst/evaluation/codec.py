"""Frozen dataclasses as plain JSON values and back, by their type hints."""

from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from bst.text import quoted


def named(name: str) -> dict[str, str]:
    """Return the ``metadata`` of a dataclass field that has another name in JSON."""
    return {"name": name}


def to_json(value: Any) -> Any:
    """Return a value as plain JSON values.

    A dataclass becomes a dictionary, unless it has a method ``to_json``. Fields that have a default are left out where
    they are empty.

    >>> from bst.evaluation.records import Interval
    >>> to_json({5: (Interval(0.1, 0.0, 0.2), None)})
    {'5': [[0.1, 0.0, 0.2], None]}
    """
    if hasattr(value, "to_json"):
        return value.to_json()
    if is_dataclass(value):
        content = ((f, getattr(value, f.name)) for f in fields(value))
        return {_name(f): to_json(part) for f, part in content if not (_is_optional(f) and _is_empty(part))}
    if isinstance(value, Mapping):
        return {str(key): to_json(part) for key, part in value.items()}
    if isinstance(value, (tuple, list)):
        return [to_json(part) for part in value]
    return value


def from_json(kind: Any, value: Any) -> Any:
    """Return what ``to_json`` made of a value of the type ``kind``.

    Raises ``LookupError``, ``TypeError``, ``AttributeError`` or ``ValueError`` for anything else.
    """
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        if value is None and type(None) in arguments:
            return None
        kinds = [argument for argument in arguments if argument is not type(None)]
        return from_json(kinds[0], value) if len(kinds) == 1 else _checked(value, tuple(kinds))
    if origin is Literal:
        return _checked(value, tuple({type(argument) for argument in arguments}))
    if origin is tuple:
        return tuple(from_json(arguments[0], part) for part in value)
    if origin is not None and issubclass(origin, Mapping):
        return {arguments[0](key): from_json(arguments[1], part) for key, part in value.items()}
    if hasattr(kind, "from_json"):
        return kind.from_json(value)
    if is_dataclass(kind):
        hints, given = get_type_hints(kind), (f for f in fields(kind) if _name(f) in value or not _is_optional(f))
        make: Any = kind
        return make(**{f.name: from_json(hints[f.name], value[_name(f)]) for f in given})
    return _checked(value, (int, float) if kind is float else (kind,))


def _checked(value: Any, kinds: tuple[type, ...]) -> Any:
    if not isinstance(value, kinds):
        raise TypeError(f"{quoted(value)} is not of type {' or '.join(kind.__name__ for kind in kinds)}")
    return value


def _name(f: Field) -> str:
    return f.metadata.get("name", f.name)


def _is_optional(f: Field) -> bool:
    return f.default is not MISSING or f.default_factory is not MISSING


def _is_empty(value: Any) -> bool:
    return value is None or (isinstance(value, (tuple, Mapping)) and not value)
