"""What a dataset is about: what its items are called, and which columns describe users and items, with their codes."""

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from bst.errors import VisitorError
from bst.text import SHOWN_LENGTH, quoted

DemographicName = str
DemographicValue = str | int
# values that a message names
MOST_LISTED = 7


@dataclass(frozen=True)
class Demographic:
    """One demographic attribute of a visitor, which is also a column of ``Dataset.users``.

    ``label``: its name within a sentence. ``labels``: its values in MovieLens' order, each with its label; the position
    of a value is its code, which models read (−1 for unknown).
    """

    name: DemographicName
    label: str
    labels: Mapping[Any, str]

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

    def value_label(self, value: DemographicValue | None) -> str:
        """Return the label of a value, with a capital: "Unknown", "Female", "25–34", "Artist"."""
        label = "Unknown" if value is None else self.labels[value]
        return label[0].upper() + label[1:]

    def value_text(self, value: DemographicValue | None) -> str:
        """Return the label of a value within a sentence: "unknown", "female", "25–34", "artist", "K-12 student"."""
        if value is None:
            return "unknown"
        label = self.labels[value]
        return label if self.name == "occupation" else label[0].lower() + label[1:]


class KnownDemographics(Mapping[DemographicName, DemographicValue]):
    """What is known of somebody: name → value, by name. It cannot be changed, so it can be hashed.

    >>> KnownDemographics({"sex": "F", "age": None})
    {'sex': 'F'}
    """

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[DemographicName, DemographicValue | None] | None = None):
        """Keep all values but ``None``, which stands for an unknown one."""
        if isinstance(values, KnownDemographics):
            self._values: dict[DemographicName, DemographicValue] = values._values
        else:
            given = {} if values is None else dict(values)
            # in one order, as two that are equal must lead to the same text
            self._values = {name: value for name in sorted(given) if (value := given[name]) is not None}

    def __getitem__(self, name: DemographicName) -> DemographicValue:
        """Return a known value."""
        return self._values[name]

    def __iter__(self) -> Iterator[DemographicName]:
        """Iterate over the names, in alphabetical order."""
        return iter(self._values)

    def __len__(self) -> int:
        """Return how many values are known."""
        return len(self._values)

    def __hash__(self) -> int:
        """Return the hash of names and values."""
        return hash(tuple(self._values.items()))

    def __eq__(self, other: object) -> bool:
        """Whether the same is known."""
        if isinstance(other, KnownDemographics):
            return self._values == other._values
        return isinstance(other, Mapping) and self._values == dict(other)

    def __repr__(self) -> str:
        """Return the values as a dictionary shows them."""
        return repr(self._values)

    def to_json(self) -> dict[DemographicName, DemographicValue]:
        """Return plain values."""
        return dict(self._values)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "KnownDemographics":
        """Return what ``to_json`` made. Raises ``TypeError`` or ``ValueError`` for anything else."""
        known = dict(values)
        if any(type(name) is not str or type(value) not in (str, int) for name, value in known.items()):
            raise TypeError(f"{quoted(known)} are no demographics")
        return cls(known)

    def __reduce__(self) -> tuple[type, tuple[dict[DemographicName, DemographicValue]]]:
        """Return what is pickled: the values."""
        return KnownDemographics, (self._values,)


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
SEX_LABELS: Mapping[str, str] = DEMOGRAPHICS["sex"].labels
AGE_LABELS: Mapping[int, str] = DEMOGRAPHICS["age"].labels

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
class Domain:
    """What a dataset is about, so that pages, messages and models need not assume movies.

    ``item``, ``items``: what is recommended, one and several, in lower case. ``consume``, ``consumed``: what users do
    with an item, as an infinitive and a past participle. ``tag``, ``tags``: what groups items, one and several;
    ``tag_values`` are all that there are, in the order in which a model reads them. ``demographics``: the columns that
    describe a user, by name, in the order in which a model reads them. ``rated``: whether users rate items; otherwise
    each event only says that there was one.

    >>> MOVIES.item, MOVIES.consumed, MOVIES.tag, list(MOVIES.demographics)
    ('movie', 'watched', 'genre', ['sex', 'age', 'occupation'])
    """

    item: str = "movie"
    items: str = "movies"
    consume: str = "watch"
    consumed: str = "watched"
    tag: str = "genre"
    tags: str = "genres"
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

    def check(self, demographics: Mapping[DemographicName, DemographicValue]) -> None:
        """Raise ``VisitorError`` for an attribute or a value that users of this domain do not have."""
        for name, value in demographics.items():
            self.demographic(name).check(value)

    def known(
        self, demographics: Mapping[DemographicName, DemographicValue]
    ) -> dict[DemographicName, DemographicValue]:
        """Return those of somebody's demographics that this domain has, in its own order; others are left out.

        >>> MOVIES.known({"age": 25, "sex": "F", "shoes": 38})
        {'sex': 'F', 'age': 25}
        """
        return {
            name: demographics[name]
            for name, demographic in self.demographics.items()
            if name in demographics and demographics[name] in demographic.labels
        }


MOVIES = Domain()
