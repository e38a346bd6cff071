"""What a dataset is about: what its items are called, and which columns describe users and items, with their codes."""

import difflib
from collections.abc import Mapping
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


MOVIES = Domain()
