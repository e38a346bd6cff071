"""What a dataset is about: what its items are called, and which columns describe users and items, with their codes."""

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any, TypeGuard

from bst.errors import ConfigError, VisitorError
from bst.text import SHOWN_LENGTH, UNPRINTABLE, quoted

DemographicName = str
DemographicValue = str | int
# values that a message names
MOST_LISTED = 7
UNKNOWN = "unknown"
# of a domain: tags, values of a demographic, characters of a label
MOST_TAGS, MOST_VALUES, MOST_LABEL = 500, 200, 100


@dataclass(frozen=True)
class Demographic:
    """One demographic attribute of a visitor, which is also a column of ``Dataset.users``.

    ``label``: its name within a sentence. ``labels``: its values in MovieLens' order, each with its label; the position
    of a value is its code, which models read (−1 for unknown).
    """

    name: DemographicName
    label: str
    labels: Mapping[Any, str]

    @property
    def key(self) -> str:
        """What a model calls it among its inputs and weights: no other input and no weight has such a name."""
        return self.name if self.name in DEMOGRAPHICS else f"about_{self.name}"

    @cached_property
    def values(self) -> tuple[Any, ...]:
        """All values, in the order of their codes."""
        return tuple(self.labels)

    @cached_property
    def codes(self) -> dict[Any, int]:
        """The code of each value, and −1 for ``None``."""
        return {None: -1} | {value: code for code, value in enumerate(self.values)}

    def check(self, value: DemographicValue | None) -> None:
        """Raise ``VisitorError`` for a value that is neither ``None`` nor one of ``values``."""
        if value is not None and value not in self.labels:
            options = list(map(str, self.values))
            choose = "choose one of"
            if len(options) > MOST_LISTED:
                choose = f"choose one of the {len(options)}, such as"
                options = difflib.get_close_matches(str(value)[:SHOWN_LENGTH], options, MOST_LISTED, cutoff=0)
            raise VisitorError(f"{self.name} {quoted(value)} is unknown; {choose}: {', '.join(options)}")

    def read(self, text: str) -> DemographicValue | None:
        """Return the value that a typed text names, by itself or by its label; None for "unknown".

        Raises ``VisitorError`` for any other text.
        """
        text = text.strip()
        if text == UNKNOWN:
            return None
        for value, label in self.labels.items():
            if text == str(value) or text.casefold() == label.casefold():
                return value
        self.check(text)
        raise VisitorError(f"{self.name} {quoted(text)} is not a value")  # a number's own text is none of ``labels``

    def value_label(self, value: DemographicValue | None) -> str:
        """Return the label of a value, with a capital: "Unknown", "Female", "25–34", "Artist"."""
        label = "Unknown" if value is None else self.labels.get(value, str(value))
        return label[0].upper() + label[1:]

    def value_text(self, value: DemographicValue | None) -> str:
        """Return the label of a value within a sentence: "unknown", "female", "25–34", "artist", "K-12 student"."""
        if value is None:
            return "unknown"
        label = self.labels.get(value, str(value))
        # only of MovieLens' is it known that a capital begins a label, and no name
        return label[0].lower() + label[1:] if self.name in ("sex", "age") else label


class KnownDemographics(dict[DemographicName, DemographicValue]):
    """The known demographics of a person: name → value, in alphabetical order. Immutable, and so hashable.

    >>> KnownDemographics({"sex": "F", "age": None})
    {'sex': 'F'}
    """

    __slots__ = ()

    def __init__(self, values: Mapping[DemographicName, DemographicValue | None] | None = None):
        """Keep all values but ``None``, which stands for an unknown one."""
        given: Mapping[DemographicName, DemographicValue | None] = {} if values is None else values
        # in one order, as two that are equal must lead to the same text
        super().__init__([(name, value) for name in sorted(given) if (value := given[name]) is not None])

    def __hash__(self) -> int:  # type: ignore[override]  # a dictionary has none, as others can be changed
        """Return the hash of names and values."""
        return hash(tuple(self.items()))

    def _refuse(self, *arguments: Any, **named: Any) -> Any:
        raise TypeError("known demographics cannot be changed; make others")

    __setitem__ = __delitem__ = __ior__ = update = pop = popitem = clear = setdefault = _refuse

    def to_json(self) -> dict[DemographicName, DemographicValue]:
        """Return plain values."""
        return dict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "KnownDemographics":
        """Return what ``to_json`` made. Raises ``TypeError`` or ``ValueError`` for anything else."""
        known = dict(values)
        if any(type(name) is not str or type(value) not in (str, int) for name, value in known.items()):
            raise TypeError(f"{quoted(known)} are not demographics")
        return cls(known)

    def __reduce__(self) -> tuple[type, tuple[dict[DemographicName, DemographicValue]]]:
        """Return what is pickled: the values."""
        return KnownDemographics, (dict(self),)


_OCCUPATIONS = (
    "other",
    "academic/educator",
    "artist",
    "clerical/admin",
    "college/grad student",
    "customer service",
    "doctor/health care",
    "executive/managerial",
    "farmer",
    "homemaker",
    "K-12 student",
    "lawyer",
    "programmer",
    "retired",
    "sales/marketing",
    "scientist",
    "self-employed",
    "technician/engineer",
    "tradesman/craftsman",
    "unemployed",
    "writer",
)
# MovieLens codes an age group by its lowest age; 1 stands for everyone under 18.
_AGES = {1: "Under 18", 18: "18–24", 25: "25–34", 35: "35–44", 45: "45–49", 50: "50–55", 56: "56 and over"}

DEMOGRAPHICS: dict[DemographicName, Demographic] = {
    "sex": Demographic("sex", "sex", {"F": "Female", "M": "Male"}),
    "age": Demographic("age", "age group", _AGES),
    "occupation": Demographic("occupation", "occupation", {name: name for name in _OCCUPATIONS}),
}
SEXES: tuple[str, ...] = DEMOGRAPHICS["sex"].values
AGES: tuple[int, ...] = DEMOGRAPHICS["age"].values
OCCUPATIONS: tuple[str, ...] = DEMOGRAPHICS["occupation"].values

GENRES: tuple[str, ...] = (
    "Action",
    "Adventure",
    "Animation",
    "Children's",
    "Comedy",
    "Crime",
    "Documentary",
    "Drama",
    "Fantasy",
    "Film-Noir",
    "Horror",
    "Musical",
    "Mystery",
    "Romance",
    "Sci-Fi",
    "Thriller",
    "War",
    "Western",
)


@dataclass(frozen=True)
class Nouns:
    """What the items of a dataset are called.

    ``item``, ``items``: what is recommended, one and several, in lower case. ``consume``, ``consumed``: what users do
    with an item, as an infinitive and a past participle. ``tag``, ``tags``: what groups items, one and several.
    """

    item: str = "movie"
    items: str = "movies"
    consume: str = "watch"
    consumed: str = "watched"
    tag: str = "genre"
    tags: str = "genres"


NOUNS = tuple(noun.name for noun in fields(Nouns))
# of items of which nothing is known
GENERIC = Nouns("item", "items", "choose", "chosen", "tag", "tags")


@dataclass(frozen=True)
class Domain(Nouns):
    """What a dataset is about, so that pages, messages and models need not assume movies.

    ``tag_values`` are all the tags, in the order in which a model reads them. ``demographics``: the columns that
    describe a user, by name, in the order in which a model reads them. ``rated``: whether users rate items; otherwise
    each event only says that there was one.

    >>> MOVIES.item, MOVIES.consumed, MOVIES.tag, list(MOVIES.demographics)
    ('movie', 'watched', 'genre', ['sex', 'age', 'occupation'])
    """

    tag_values: tuple[str, ...] = GENRES
    demographics: Mapping[str, Demographic] = field(default_factory=lambda: dict(DEMOGRAPHICS))
    rated: bool = True

    def demographic(self, name: DemographicName) -> Demographic:
        """Return a demographic attribute by its name. Raises ``VisitorError`` for one that users do not have."""
        found = self.demographics.get(name)
        if found is None:
            options = f"choose one of: {', '.join(self.demographics)}" if self.demographics else "users have none here"
            raise VisitorError(f"a visitor has no {quoted(name)}; {options}")
        return found

    def describe(self, name: DemographicName) -> Demographic:
        """Return a demographic attribute for a text: of one that users do not have here, what its name says."""
        return self.demographics.get(name) or Demographic(name, name.replace("_", " "), {})

    def check(self, demographics: Mapping[DemographicName, DemographicValue]) -> None:
        """Raise ``VisitorError`` for an attribute or a value that users of this domain do not have."""
        for name, value in demographics.items():
            self.demographic(name).check(value)

    def known(
        self, demographics: Mapping[DemographicName, DemographicValue]
    ) -> dict[DemographicName, DemographicValue]:
        """Return those demographics of a person that this domain has, in its own order; others are left out.

        >>> MOVIES.known({"age": 25, "sex": "F", "shoes": 38})
        {'sex': 'F', 'age': 25}
        """
        return {
            name: demographics[name]
            for name, demographic in self.demographics.items()
            if name in demographics and demographics[name] in demographic.labels
        }

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, ready for JSON; those of a demographic are pairs, as they may be numbers."""
        demographics = [
            {"name": one.name, "label": one.label, "values": [[value, label] for value, label in one.labels.items()]}
            for one in self.demographics.values()
        ]
        names = {name: getattr(self, name) for name in NOUNS}
        return {**names, "tag_values": list(self.tag_values), "demographics": demographics, "rated": self.rated}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Domain":
        """Read what ``to_dict`` wrote. Raises ``ConfigError`` that names what is wrong for anything else."""
        expected = {*NOUNS, "tag_values", "demographics", "rated"}
        if not isinstance(values, Mapping) or set(values) != expected:
            raise ConfigError(f"a domain has these fields, and no other: {', '.join(sorted(expected))}")
        tags, described, rated = values["tag_values"], values["demographics"], values["rated"]
        if not isinstance(rated, bool) or not isinstance(described, list):
            raise ConfigError("in a domain, rated is true or false, and demographics is a list")
        if not isinstance(tags, list) or len(tags) > MOST_TAGS or len(set(map(str, tags))) < len(tags):
            raise ConfigError(f"tag_values is a list of up to {MOST_TAGS} different texts, not {quoted(tags)}")
        demographics = [_read_demographic(one) for one in described]
        by_name = {one.name: one for one in demographics}
        if len(by_name) < len(demographics):
            raise ConfigError("each of demographics has a name of its own")
        nouns = {name: _checked_text(values[name], name) for name in NOUNS}
        texts = tuple(_checked_text(tag, "tag_values") for tag in tags)
        return cls(**nouns, tag_values=texts, demographics=by_name, rated=rated)


_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")


def is_label(value: Any) -> TypeGuard[str]:
    """Whether a value can be a label: a text of 1 to ``MOST_LABEL`` printable characters without "|"."""
    return (
        isinstance(value, str) and 1 <= len(value) <= MOST_LABEL and not UNPRINTABLE.search(value) and "|" not in value
    )


def _checked_text(value: Any, name: str) -> str:
    if not is_label(value):
        raise ConfigError(f"{name} is a text of 1 to {MOST_LABEL} characters without “|”, not {quoted(value)}")
    return value


def _read_demographic(values: Any) -> Demographic:
    if not isinstance(values, Mapping) or set(values) != {"name", "label", "values"}:
        raise ConfigError("each of demographics has a name, a label and values")
    name, pairs = values["name"], values["values"]
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise ConfigError(
            f"{quoted(name)} is not a name of a demographic: use small letters, digits and _, a letter first"
        )
    if not isinstance(pairs, list) or not 1 <= len(pairs) <= MOST_VALUES:
        raise ConfigError(f"{name} has 1 to {MOST_VALUES} values, each with its label")
    labels: dict[Any, str] = {}
    for pair in pairs:
        if not isinstance(pair, list) or len(pair) != len(("value", "label")) or type(pair[0]) not in (str, int):
            raise ConfigError(f"the values of {name} are pairs of a value and its label, not {quoted(pair)}")
        labels[pair[0]] = _checked_text(pair[1], f"a label of {name}")
    if len(labels) < len(pairs):
        raise ConfigError(f"{name} has a value twice")
    return Demographic(name, _checked_text(values["label"], f"the label of {name}"), labels)


MOVIES = Domain()
