"""Personas to start from: invented people, each with a short story and ratings of movies that most catalogues have."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bst.datasets.catalogue import Catalogue
from bst.domain import DemographicName, DemographicValue
from bst.schema import Event, Visitor, to_scale
from bst.visitors.imports import Confidence, Entry, matcher_of
from bst.visitors.imports.names import split_year


@dataclass(frozen=True)
class Persona:
    """An invented person: ``watched`` are titles with stars, oldest first; each demographic may be unknown."""

    name: str
    story: str
    demographics: Mapping[DemographicName, DemographicValue]
    watched: tuple[tuple[str, float], ...]

    @property
    def slug(self) -> str:
        """The name as part of a key: "friday_night_sci_fi"."""
        return "_".join("".join(c if c.isalnum() else " " for c in self.name.lower()).split())


PERSONAS: tuple[Persona, ...] = (
    Persona(
        "Friday-night sci-fi",
        "Shuts the laptop at six, and from then on it is spaceships, robots and the end of the world.",
        {"sex": "M", "age": 25, "occupation": "programmer"},
        (
            ("Forrest Gump (1994)", 3),
            ("Jurassic Park (1993)", 4),
            ("Total Recall (1990)", 4),
            ("Alien (1979)", 5),
            ("Blade Runner (1982)", 5),
            ("Terminator 2: Judgment Day (1991)", 5),
            ("Twelve Monkeys (1995)", 4),
            ("The Matrix (1999)", 5),
        ),
    ),
    Persona(
        "Film student",
        "Has a seminar on every one of these and opinions on all of them. Blockbusters are for the holidays.",
        {"sex": "F", "age": 18, "occupation": "college/grad student"},
        (
            ("Titanic (1997)", 2),
            ("Citizen Kane (1941)", 5),
            ("Metropolis (1927)", 4),
            ("Vertigo (1958)", 5),
            ("The Seventh Seal (1957)", 4),
            ("Seven Samurai (1954)", 5),
            ("The 400 Blows (1959)", 5),
            ("Armageddon (1998)", 1),
            ("Run Lola Run (1998)", 4),
        ),
    ),
    Persona(
        "Family with two kids",
        "One television, four opinions: whatever is on must do for a six-year-old and a tired parent.",
        {"sex": "F", "age": 35, "occupation": "homemaker"},
        (
            ("The Lion King (1994)", 5),
            ("Babe (1995)", 4),
            ("Toy Story (1995)", 5),
            ("Jumanji (1995)", 3),
            ("Matilda (1996)", 4),
            ("Mulan (1998)", 4),
            ("A Bug's Life (1998)", 4),
            ("Toy Story 2 (1999)", 5),
        ),
    ),
    Persona(
        "Sunday-afternoon classics",
        "Retired, has the good armchair, and holds that nobody has worn a hat properly since 1959.",
        {"sex": "M", "age": 56, "occupation": "retired"},
        (
            ("Pulp Fiction (1994)", 1),
            ("Casablanca (1942)", 5),
            ("The Maltese Falcon (1941)", 5),
            ("Singin' in the Rain (1952)", 4),
            ("Rear Window (1954)", 5),
            ("12 Angry Men (1957)", 5),
            ("North by Northwest (1959)", 5),
            ("Lawrence of Arabia (1962)", 4),
        ),
    ),
    Persona(
        "Hopeless romantic",
        "Cries at the airport scene, knows it is coming, and would not have it any other way.",
        {"sex": "F", "age": 25, "occupation": "sales/marketing"},
        (
            ("Die Hard (1988)", 2),
            ("Pretty Woman (1990)", 4),
            ("Ghost (1990)", 4),
            ("When Harry Met Sally... (1989)", 5),
            ("Four Weddings and a Funeral (1994)", 4),
            ("Sense and Sensibility (1995)", 5),
            ("Titanic (1997)", 5),
            ("Notting Hill (1999)", 4),
        ),
    ),
    Persona(
        "Midnight horror club",
        "Three friends, one sofa, lights off. Whoever looks away first buys the next round.",
        {"age": 18},
        (
            ("Notting Hill (1999)", 2),
            ("Halloween (1978)", 5),
            ("The Shining (1980)", 5),
            ("A Nightmare on Elm Street (1984)", 4),
            ("Evil Dead II (1987)", 4),
            ("Scream (1996)", 4),
            ("The Blair Witch Project (1999)", 3),
            ("The Sixth Sense (1999)", 5),
        ),
    ),
    Persona(
        "Crime and consequences",
        "A lawyer who argues with the screen, mostly about the plan, sometimes about the verdict.",
        {"sex": "M", "age": 45, "occupation": "lawyer"},
        (
            ("The Little Mermaid (1989)", 2),
            ("The Godfather (1972)", 5),
            ("Chinatown (1974)", 5),
            ("Reservoir Dogs (1992)", 4),
            ("The Usual Suspects (1995)", 5),
            ("Fargo (1996)", 5),
            ("Donnie Brasco (1997)", 4),
            ("L.A. Confidential (1997)", 5),
        ),
    ),
    Persona(
        "A complete stranger",
        "Signed up a minute ago, said nothing about themselves, and rated what came up first.",
        {},
        (
            ("Titanic (1997)", 3),
            ("Star Wars (1977)", 4),
            ("Home Alone (1990)", 3),
            ("The Silence of the Lambs (1991)", 4),
            ("Jaws (1975)", 4),
            ("Braveheart (1995)", 4),
        ),
    ),
)


def visitor(persona: Persona, catalogue: Catalogue, levels: Sequence[float]) -> Visitor:
    """Return a persona as a visitor of a catalogue, without the movies that it lacks: see ``missing``.

    Stars are rounded to the nearest of ``levels``, halves up.
    """
    events = {
        movie_id: Event(movie_id, to_scale(stars, levels))
        for title, stars in persona.watched
        if (movie_id := _find(title, catalogue)) is not None
    }
    return Visitor(persona.demographics, tuple(events.values()))


def missing(persona: Persona, catalogue: Catalogue) -> list[str]:
    """Return the titles that a catalogue lacks."""
    return [title for title, _ in persona.watched if _find(title, catalogue) is None]


def _find(title: str, catalogue: Catalogue) -> int | None:
    name, year = split_year(title)
    match = matcher_of(catalogue).match_one(Entry(0, name, year))
    return match.movie_id if match.confidence >= Confidence.LIKELY else None
