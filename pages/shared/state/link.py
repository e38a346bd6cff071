"""The whole state of the app as a short text that fits into an address, and back. Pure.

The text is "2." (the version) and base64url of zlib of JSON: ``[bundle, visitor, settings, copy]``, where a visitor is
``[sex, age, occupation, movie ids, ratings, times, seen]``, or ``[demographics, movie ids, …]`` with an object of names
and values where these are not MovieLens'. Ratings are half stars, one hexadecimal digit each; times
are differences from the time before; ``seen`` has the ids of the other movies that were seen, in ascending order, as
differences. Settings at their defaults are not written. The checksum of zlib shows when a link was cut or altered.

Version 1 had other defaults, ``FORMER_DEFAULTS``: what such a link does not say is as it was then.
"""

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, field
from dataclasses import replace as with_
from typing import Any

from bst.domain import AGES, MOVIES, OCCUPATIONS, SEXES, Domain, KnownDemographics
from bst.errors import BSTError
from bst.inference.ranking import ORDERS, POPULARITY_BANDS
from bst.packing import pack, unpack
from bst.schema import MAX_HISTORY, Event, Visitor, to_scale
from bst.text import count
from bst.wording import reword

VERSION = "2"
LENGTHS = (10, 25, 50, 100)
# of MovieLens; another dataset has other demographics
SWEEPS = ("rating", "position", "last", *MOVIES.demographics, "everyone")
MAX_CHARACTERS, MAX_BYTES = 20_000, 100_000
MAX_ID = 2**53
MAX_NAME = 80  # characters of the name of a model, a tag, or a demographic and its values
MOST_DEMOGRAPHICS = 50
HALF_STARS = "123456789a"
PARTS: tuple[tuple[str, Sequence[Any]], ...] = (("sex", SEXES), ("age", AGES), ("occupation", OCCUPATIONS))


class LinkError(BSTError):
    """A link cannot be opened: it is damaged, or of another version."""


@dataclass(frozen=True)
class State:
    """What a link restores. ``copy``: the copy on the What if page, None where it is the same as the visitor.

    ``settings`` has those of ``SETTINGS`` that are not at their defaults. ``notes`` are plain sentences about what
    could not be restored.
    """

    bundle: str
    visitor: Visitor = field(default_factory=Visitor)
    copy: Visitor | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = field(default=(), compare=False)


@dataclass(frozen=True)
class Setting:
    """A setting of a page that links carry: its short name in them, its default, and which values are allowed.

    ``read`` turns a JSON value into the setting's value and raises ``ValueError`` for one that is not allowed.
    ``movies``: the value is a movie id, or several.
    """

    short: str
    default: Any
    read: Callable[[Any], Any]
    movies: bool = False


def _damaged() -> LinkError:
    return LinkError("This link is damaged: a part of it is missing or was changed.")


def integer(low: int, high: int) -> Callable[[Any], int]:
    """Return a reader of whole numbers from ``low`` to ``high``."""

    def read(value: Any) -> int:
        if type(value) is not int or not low <= value <= high:
            raise ValueError
        return value

    return read


def one_of(options: Sequence[Any]) -> Callable[[Any], Any]:
    """Return a reader of one of several values."""

    def read(value: Any) -> Any:
        for option in options:
            if type(value) is type(option) and value == option:  # 1, 1.0 and True are equal, but not the same
                return option
        raise ValueError

    return read


def list_of(item: Callable[[Any], Any], least: int = 0, most: int = 1000) -> Callable[[Any], tuple[Any, ...]]:
    """Return a reader of ``least`` to ``most`` different values."""

    def read(value: Any) -> tuple[Any, ...]:
        if not isinstance(value, list) or not least <= len(value) <= most:
            raise ValueError
        items = tuple(item(element) for element in value)
        if len(set(items)) < len(items):
            raise ValueError
        return items

    return read


def integer_range(low: int, high: int) -> Callable[[Any], tuple[int, int]]:
    """Return a reader of a range within ``low`` to ``high``."""

    def read(value: Any) -> tuple[int, int]:
        if not isinstance(value, list):
            raise ValueError
        first, last = (integer(low, high)(end) for end in value)  # fails unless there are two
        if first > last:
            raise ValueError
        return first, last

    return read


def decimal(low: float, high: float) -> Callable[[Any], float]:
    """Return a reader of numbers from ``low`` to ``high`` with one decimal."""

    def read(value: Any) -> float:
        if type(value) not in (int, float) or not low <= value <= high:
            raise ValueError
        return round(float(value), 1)

    return read


def name(value: Any) -> str:
    """Read a name of something that need not be there. Raises ``ValueError`` for what is not a name."""
    if not isinstance(value, str) or not 1 <= len(value) <= MAX_NAME:
        raise ValueError
    value.encode()  # fails for half a surrogate pair
    return value


movie = integer(0, MAX_ID)
# by their keys in the session (see ``settings``)
SETTINGS: dict[str, Setting] = {
    # a model without the first order has its own first one: see ``list_controls``
    "order": Setting("o", next(iter(ORDERS)), one_of(tuple(ORDERS))),
    "popularity_weight": Setting("p", 100, integer(0, 100)),
    "blend_weight": Setting("w", 50, integer(0, 100)),
    "diversity": Setting("d", 0, integer(0, 100)),
    "filter_genres": Setting("g", (), list_of(name)),
    "filter_years": Setting("y", None, integer_range(0, 9999)),
    # the first and the last of POPULARITY_BANDS
    "filter_popularity": Setting("f", (0, len(POPULARITY_BANDS) - 1), integer_range(0, len(POPULARITY_BANDS) - 1)),
    "filter_seen": Setting("s", False, one_of((False, True))),
    "for_anyone": Setting("fa", False, one_of((False, True))),
    "list_view": Setting("lv", "tiles", one_of(("tiles", "rows"))),
    "length": Setting("n", LENGTHS[0], one_of(LENGTHS)),
    "any_movie": Setting("a", None, movie, movies=True),
    "asked_about": Setting("q", None, movie, movies=True),
    "what_if_view": Setting("v", "compare", one_of(("compare", "sweep", "find", "models"))),
    "compare_by": Setting("c", "like", one_of(("like", "rating", "next"))),
    "sweep_parameter": Setting("k", SWEEPS[0], name),
    "sweep_event": Setting("e", None, movie, movies=True),
    "sweep_movies": Setting("m", (), list_of(movie, most=5), movies=True),
    "other_model": Setting("om", None, name),
    "models_movie": Setting("mm", None, movie, movies=True),
    "goal_movie": Setting("gm", None, movie, movies=True),
    "goal_kind": Setting("gk", "top", one_of(("top", "stars"))),
    "goal_above": Setting("ga", True, one_of((True, False))),
    "goal_top": Setting("gt", 10, integer(1, 100)),
    "goal_stars": Setting("gs", 4.0, decimal(1.1, 4.9)),
    "replay_user": Setting("ru", None, integer(0, MAX_ID)),
    "replay_step": Setting("rs", None, integer(0, MAX_ID)),
    "replay_order": Setting("ro", next(iter(ORDERS)), one_of(tuple(ORDERS))),
    "why_of": Setting("wo", "a", one_of(("a", "b"))),
    "why_measure": Setting("wm", "expected", one_of(("expected", "liked", "next_logit", "like_logit"))),
    "why_order": Setting("ws", "strength", one_of(("strength", "time"))),
    "why_part": Setting("wp", "ratings", one_of(("ratings", "trust", "heads", "general"))),
}
# by version: the defaults of then, where they were others
FORMER_DEFAULTS: dict[str, dict[str, Any]] = {
    "1": {"order": "rating", "compare_by": "rating", "replay_order": "next"},
    VERSION: {},
}
_BY_SHORT = {setting.short: name for name, setting in SETTINGS.items()}


def encode(state: State) -> str:
    """Return a state as text: letters, digits, "-", "_" and one ".".

    Ratings are rounded to half stars from 0.5 to 5. A setting at its default is left out.
    """
    settings = {
        SETTINGS[name].short: value for name, value in state.settings.items() if value != SETTINGS[name].default
    }
    parts: list[Any] = [state.bundle, _pack(state.visitor), settings]
    if state.copy is not None:
        parts.append(_pack(state.copy))
    elif not settings:
        parts.pop()
    return f"{VERSION}.{pack(parts)}"


def decode(text: str) -> State:
    """Return the state that a text stands for. Raises ``LinkError``, and nothing else, for any other text.

    Values that this version does not know (an occupation, say) become unknown, and ``notes`` says so.
    """
    if len(text) > MAX_CHARACTERS:
        raise LinkError(f"This link is far too long: it has {len(text):,} characters.")
    version, dot, body = text.partition(".")
    if dot and version not in FORMER_DEFAULTS and version.isdecimal():
        raise LinkError("This link is from another version of BST Studio, which this one cannot read.")
    if version not in FORMER_DEFAULTS or not dot:
        raise _damaged()
    try:
        parts = unpack(body, MAX_BYTES)
        if not isinstance(parts, list):
            raise ValueError
        bundle, visitor, *optional = parts
        settings, copy = _padded(optional, {}, None)
        if not isinstance(bundle, str) or not bundle:
            raise ValueError
        bundle.encode()  # fails for half a surrogate pair, which JSON can spell
        notes: list[str] = []
        return State(
            bundle,
            _unpack(visitor, notes),
            None if copy is None else _unpack(copy, notes),
            FORMER_DEFAULTS[version] | _read_settings(settings),
            tuple(dict.fromkeys(notes)),
        )
    except (ValueError, TypeError, BSTError) as error:  # BSTError: a movie that is in a history twice
        raise _damaged() from error


def _padded(values: list[Any], *defaults: Any) -> tuple[Any, ...]:
    """Return values, with defaults for those that are missing at the end. Too many of them stay too many."""
    return *values, *defaults[len(values) :]


def _read_settings(packed: Any) -> dict[str, Any]:
    if not isinstance(packed, dict) or not packed.keys() <= _BY_SHORT.keys():
        raise ValueError
    return {_BY_SHORT[short]: SETTINGS[_BY_SHORT[short]].read(value) for short, value in packed.items()}


def _pack(visitor: Visitor) -> list[Any]:
    events, known = visitor.history, visitor.demographics
    ratings = "".join(HALF_STARS[min(max(round(2 * event.rating), 1), 10) - 1] for event in events)
    packed: list[Any] = [
        *(map(visitor.demographic, MOVIES.demographics) if MOVIES.known(known) == known else [dict(known)]),
        [int(event.movie_id) for event in events],
        ratings,
    ]
    dated = any(event.timestamp is not None for event in events)
    if dated or visitor.seen:
        packed.append(_differences([event.timestamp for event in events]) if dated else None)
    if visitor.seen:
        packed.append(_differences(sorted(visitor.seen)))
    return packed


def _unpack(packed: Any, notes: list[str]) -> Visitor:
    if not isinstance(packed, list):
        raise ValueError
    known, (ids, ratings, *optional) = _unpack_demographics(packed, notes)
    packed_times, packed_seen = _padded(optional, None, None)
    movies = list_of(movie, most=MAX_BYTES)(ids)
    if not isinstance(ratings, str) or len(ratings) != len(movies) or not set(ratings) <= set(HALF_STARS):
        raise ValueError
    times = [None] * len(movies) if packed_times is None else _sums(packed_times)
    seen = [] if packed_seen is None else [movie(movie_id) for movie_id in _sums(packed_seen)]
    if len(times) != len(movies):
        raise ValueError
    history = tuple(
        Event(movie_id, (HALF_STARS.index(digit) + 1) / 2, time)
        for movie_id, digit, time in zip(movies, ratings, times, strict=True)
    )
    return Visitor(known, history=history, seen=frozenset(seen))


def _unpack_demographics(packed: list[Any], notes: list[str]) -> tuple[KnownDemographics, list[Any]]:
    """Return the demographics with which a visitor begins, and what follows them."""
    if packed and isinstance(packed[0], dict):
        known, rest = packed[0], packed[1:]
        texts = [*known, *(value for value in known.values() if isinstance(value, str))]
        if len(known) > MOST_DEMOGRAPHICS or any(len(text) > MAX_NAME for text in texts):
            raise ValueError
        return KnownDemographics.from_json(known), rest
    parts, rest = packed[: len(PARTS)], packed[len(PARTS) :]
    values = zip(PARTS, parts, strict=True)
    known = {name: _known_or_none(name, options, value, notes) for (name, options), value in values}
    return KnownDemographics(known), rest


def _known_or_none(name: str, options: Sequence[Any], value: Any, notes: list[str]) -> Any:
    if value is None or (value in options and not isinstance(value, float | bool)):
        return value
    if not isinstance(value, str | int):
        raise ValueError
    notes.append(f"The {name} of the link is not known here.")
    return None


def _differences(times: Sequence[int | None]) -> list[int | None]:
    packed: list[int | None] = []
    before = 0
    for time in times:
        packed.append(None if time is None else int(time) - before)
        before = before if time is None else int(time)
    return packed


def _sums(packed: Any) -> list[int | None]:
    if not isinstance(packed, list):
        raise ValueError
    times: list[int | None] = []
    before = 0
    for step in packed:
        if step is not None:
            before += integer(-MAX_ID, MAX_ID)(step)
        times.append(None if step is None else before)
    return times


def fit(state: State, movies: Container[int], levels: Sequence[float], domain: Domain = MOVIES) -> State:
    """Return a state that fits a dataset: its movies, its rating ``levels``, and its ``domain``.

    Unknown movies, demographics and tags are removed, ratings are rounded to the nearest level, and of a history longer
    than ``MAX_HISTORY`` the older movies merely count as seen; ``notes`` says so.
    """
    visitor, notes = _fit_visitor(state.visitor, movies, levels, domain)
    copy, more = (None, []) if state.copy is None else _fit_visitor(state.copy, movies, levels, domain)
    settings = {name: _known(name, value, movies, domain) for name, value in state.settings.items()}
    settings = {name: value for name, value in settings.items() if value != SETTINGS[name].default}
    notes = [*state.notes, *notes, *(f"What if: {note}" for note in more)]
    return with_(state, visitor=visitor, copy=copy, settings=settings, notes=tuple(dict.fromkeys(notes)))


def _known(name: str, value: Any, movies: Container[int], domain: Domain) -> Any:
    if name == "filter_genres":
        return tuple(tag for tag in value if tag in domain.tag_values)
    if not SETTINGS[name].movies:
        return value
    if isinstance(value, tuple):
        return tuple(movie_id for movie_id in value if movie_id in movies)
    return value if value in movies else None


def _fit_visitor(
    visitor: Visitor, movies: Container[int], levels: Sequence[float], domain: Domain
) -> tuple[Visitor, list[str]]:
    known = [event for event in visitor.history if event.movie_id in movies]
    seen = frozenset(movie_id for movie_id in visitor.seen if movie_id in movies)
    kept = [with_(event, rating=to_scale(event.rating, levels)) for event in known]
    rounded = sum(before != after for before, after in zip(known, kept, strict=True))
    demographics = domain.known(visitor.demographics)
    notes = [f"The {name} of the link is not known here." for name in visitor.demographics if name not in demographics]
    if unknown := len(visitor.all_seen) - len(known) - len(seen):
        verbs = "is not in this dataset and was" if unknown == 1 else "are not in this dataset and were"
        notes.append(f"{reword(count(unknown, 'movie'), domain)} of the link {verbs} left out.")
    if rounded:
        verb = "was" if rounded == 1 else "were"
        notes.append(f"{count(rounded, 'rating')} of the link {verb} rounded, as this dataset has no such rating.")
    if len(kept) > MAX_HISTORY:
        notes.append(
            reword(
                f"The newest {MAX_HISTORY} of {len(kept):,} movies of the link are read; the others count as seen.",
                domain,
            )
        )
    fitted = Visitor(demographics, tuple(kept), seen)
    return fitted.limited(), notes
