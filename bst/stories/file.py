"""A story as a file: JSON with the version of the format. ``docs/stories.md`` describes it for those who write one."""

import json
from collections.abc import Callable
from typing import Any

from bst.domain import DEMOGRAPHICS, MOVIES, DemographicName, KnownDemographics
from bst.errors import StoryError
from bst.stories.story import Change, DemographicChange, Person, RatingChange, Step, Story

FORMAT, VERSION = "bst-story", 1
SUFFIX = ".json"
MOST_BYTES = 100_000
# what a value is called in a message
_TYPES: dict[type, str] = {str: "a text", dict: "an object", list: "a list"}


def write_story(story: Story) -> str:
    """Return a story as the text of a file, which ``read_story`` reads."""
    return json.dumps(to_json(story), indent=2, ensure_ascii=False) + "\n"


def read_story(content: str | bytes) -> Story:
    """Return the story in a file. Raises ``StoryError``, and nothing else, naming the field and the fix."""
    if len(content) > MOST_BYTES:
        raise StoryError(f"the file has {len(content):,} bytes, and no story has more than {MOST_BYTES:,}")
    try:
        text = content.decode("utf-8-sig") if isinstance(content, bytes) else content
    except UnicodeDecodeError as error:
        raise StoryError(f"the file is not UTF-8 at byte {error.start}; save it as UTF-8") from error
    try:
        values = json.loads(text)
    except json.JSONDecodeError as error:
        raise StoryError(f"the file is no JSON: line {error.lineno}, column {error.colno}: {error.msg}") from error
    except (RecursionError, ValueError) as error:  # ValueError: a number of thousands of digits
        raise StoryError("the file is no story: its JSON is too deep, or a number too long") from error
    return from_json(values)


def to_json(story: Story) -> dict[str, Any]:
    """Return plain values, as ``from_json`` reads them; what is empty is left out."""
    person, change = story.person, story.change
    known = MOVIES.known(person.demographics)
    values: dict[str, Any] = {
        "format": FORMAT,
        "version": VERSION,
        "title": story.title,
        "person": {
            "name": person.name,
            **known,
            "watched": [{"movie": movie, "rating": _number(rating)} for movie, rating in person.watched],
        },
    }
    if isinstance(change, RatingChange):
        values["change"] = {"movie": change.movie, "rating": _number(change.rating)}
    elif change:
        values["change"] = {change.name: change.value}
    if story.explained:
        values["explained"] = story.explained
    values["steps"] = [
        {
            name: value
            for name, value in (("show", step.kind), ("headline", step.headline), ("caption", step.caption))
            if value
        }
        for step in story.steps
    ]
    return values


def _number(rating: float) -> float:
    return int(rating) if rating.is_integer() else rating


def from_json(values: Any) -> Story:
    """Return the story that plain values stand for. Raises ``StoryError``, and nothing else."""
    fields = _object(values, "the story", ("format", "version", "title", "person", "change", "explained", "steps"))
    if fields.get("format") != FORMAT:
        raise StoryError(f"format: this is no story of BST Studio; one begins with “format”: “{FORMAT}”")
    if fields.get("version") != VERSION:
        raise StoryError(f"version: {_shown(fields.get('version'))} cannot be read here, only {VERSION}")
    change = fields.get("change")
    return Story(
        title=_required(fields, "title", "", str),
        person=_person(_required(fields, "person", "", dict)),
        change=None if change is None else _change(change),
        explained=_optional(fields, "explained", "", str, ""),
        steps=tuple(_step(step, f"steps[{i}]") for i, step in enumerate(_required(fields, "steps", "", list))),
    )


def _person(values: dict[str, Any]) -> Person:
    fields = _object(values, "person", ("name", *DEMOGRAPHICS, "watched"))
    watched = _optional(fields, "watched", "person.", list, [])
    return Person(
        _required(fields, "name", "person.", str),
        KnownDemographics({name: _demographic(fields.get(name), f"person.{name}") for name in DEMOGRAPHICS}),
        watched=tuple(_watched(event, f"person.watched[{i}]") for i, event in enumerate(watched)),
    )


def _watched(values: Any, name: str) -> tuple[str, float]:
    fields = _object(values, name, ("movie", "rating"))
    return _required(fields, "movie", f"{name}.", str), _rating(fields, name)


def _rating(fields: dict[str, Any], name: str) -> float:
    rating = fields.get("rating")
    if not isinstance(rating, int | float) or isinstance(rating, bool):
        raise StoryError(f"{name}.rating: it must be a number of stars, not {_shown(rating)}")
    return rating


def _demographic(value: Any, name: str) -> Any:
    if value is None or type(value) in (str, int):
        return value
    raise StoryError(f"{name}: it must be a text or a whole number, not {_shown(value)}")


def _change(values: Any) -> Change:
    fields = _object(values, "change", ("movie", "rating", *DEMOGRAPHICS))
    if fields.keys() == {"movie", "rating"}:
        return RatingChange(_required(fields, "movie", "change.", str), _rating(fields, "change"))
    names: list[DemographicName] = [name for name in DEMOGRAPHICS if name in fields]
    if len(fields) != 1 or not names:
        raise StoryError(f"change: give “movie” and “rating”, or one of: {', '.join(DEMOGRAPHICS)}")
    return DemographicChange(names[0], _demographic(fields[names[0]], f"change.{names[0]}"))


def _step(values: Any, name: str) -> Step:
    fields = _object(values, name, ("show", "headline", "caption"))
    kind = _required(fields, "show", f"{name}.", str)
    texts = [_optional(fields, part, f"{name}.", str, "") for part in ("headline", "caption")]
    return _in_field(lambda: Step(kind, *texts), name)


def _in_field(make: Callable[[], Step], name: str) -> Step:
    """Return what is made; an error names the step by its number."""
    try:
        return make()
    except StoryError as error:
        raise StoryError(str(error).replace("steps", name, 1)) from error


# ---- fields of an object


def _object(values: Any, name: str, known: tuple[str, ...]) -> dict[str, Any]:
    if not isinstance(values, dict):
        raise StoryError(f"{name}: it must be an object, not {_shown(values)}")
    for key in values:
        if key not in known:
            raise StoryError(f"{name}: {_shown(key)} is unknown; use: {', '.join(known)}")
    return values


def _required(fields: dict[str, Any], key: str, path: str, kind: type) -> Any:
    if key not in fields:
        raise StoryError(f"{path}{key}: it is missing; add it")
    return _of_kind(fields[key], f"{path}{key}", kind)


def _optional(fields: dict[str, Any], key: str, path: str, kind: type, default: Any) -> Any:
    return default if fields.get(key) is None else _of_kind(fields[key], f"{path}{key}", kind)


def _of_kind(value: Any, name: str, kind: type) -> Any:
    if not isinstance(value, kind):
        raise StoryError(f"{name}: it must be {_TYPES[kind]}, not {_shown(value)}")
    return value


def _shown(value: Any) -> str:
    """Return what is there instead, short enough for a message."""
    if isinstance(value, dict | list):
        return _TYPES[type(value)]
    return "nothing" if value is None else repr(value).encode("utf-8", "replace").decode()[:60]
