"""The people of ``load.py``: each has a session and a visitor of their own, and checks what comes back.

``Clicker`` changes something small at each step; ``Worker`` starts what takes long.
"""

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from benchmarks.import_speed import simulated_export
from benchmarks.streamlit_client import Run, Session
from bst.datasets.catalogue import Catalogue
from bst.domain import AGES, DEMOGRAPHICS, SEXES
from bst.schema import Event, Visitor
from pages.shared.state.link import State, encode

EVENTS = 12  # in each history
RECOMMEND, WHAT_IF, WHY = "", "what_if", "why"
# pages where people only look, besides those where they change something
OTHERS = (WHY, "data", "evaluation")
# what a clicker does next, by weight
STAR, DEMOGRAPHIC, PAGE = "star", "demographic", "page"
WEIGHTS = {STAR: 0.55, DEMOGRAPHIC: 0.25, PAGE: 0.2}
VIEWS = {"compare": 0, "sweep": 1, "find": 2, "models": 3}
EXPORT_ROWS = 20_000


def visitors(catalogue: Catalogue, people: int, seed: int, events: int = EVENTS) -> list[Visitor]:
    """Return visitors no two of whom have a movie in common, where the catalogue is large enough."""
    chance = random.Random(seed)
    movies = chance.sample(list(catalogue.titles), len(catalogue))
    return [
        Visitor(
            {"sex": chance.choice(SEXES), "age": chance.choice(AGES)},
            tuple(
                Event(movies[(person * events + i) % len(movies)], float(chance.randint(1, 5))) for i in range(events)
            ),
        )
        for person in range(people)
    ]


@dataclass
class Click:
    """A request: what it was, when it was sent (``time.perf_counter``), and what came of it; ``wrong``: another's."""

    kind: str
    start: float
    run: Run
    wrong: list[str] = field(default_factory=list)


class Person:
    """A person with a session; ``visitor`` and ``copy`` (None: as the visitor is) are what the app must show."""

    def __init__(self, name: str, visitor: Visitor, seed: int):
        self.name, self.visitor, self.chance = name, visitor, random.Random(seed)
        self.copy: Visitor | None = None
        self.page = RECOMMEND
        # (visitor, movie ids of the list that the app showed them)
        self.lists: list[tuple[Visitor, list[int]]] = []
        self.session: Session

    async def arrive(self, address: str, bundle: str) -> Run:
        """Open the app by a link to the visitor."""
        self.session = await Session.open(address, f"s={encode(State(bundle, self.visitor))}")
        return await self.session.go()

    async def rate(self) -> Run:
        """Give another rating to a movie of the visitor or, on What if, of the copy."""
        event = self.chance.choice(self._shown_visitor.history)
        rating = float(self.chance.choice([level for level in range(1, 6) if level != event.rating]))
        self._change(self._shown_visitor.rated(event.movie_id, rating))
        edit = {"movie_id": event.movie_id, "action": "rate", "rating": rating}
        return await self.session.send_event(f"{self._prefix}history_rows", "edit", edit)

    async def change_demographic(self) -> Run:
        """Choose another age group or sex."""
        before, name = self._shown_visitor, self.chance.choice(("sex", "age"))
        options: dict[Any, str] = dict(DEMOGRAPHICS[name].labels)
        value = self.chance.choice([option for option in options if option != before.demographic(name)])
        self._change(before.with_demographic(name, value))
        return await self.session.choose(f"{self._prefix}visitor_{name}", options[value])

    async def go(self, page: str) -> Run:
        """Open another page."""
        self.page = page
        return await self.session.go(page)

    def check(self) -> list[str]:
        """Return what the page shows that is not this person's: histories and lists."""
        wrong = []
        for key, visitor in (("history_rows", self.visitor), ("b_history_rows", self.copy or self.visitor)):
            if key in self.session.shown:
                shown = [(row["movie_id"], row["rating"]) for row in self.session.data(key)["rows"]]
                right = [(event.movie_id, event.rating) for event in visitor.history[: -len(shown) - 1 : -1]]
                if shown != right:
                    wrong.append(f"{self.name}: {key} shows {shown}, not {right}")
        if "ranked_list" in self.session.shown:
            movie_ids = [row["movie_id"] for row in self.session.data("ranked_list")["rows"]]
            self.lists.append((self.visitor, movie_ids))
        return wrong

    @property
    def _shown_visitor(self) -> Visitor:
        return (self.copy or self.visitor) if self.page == WHAT_IF else self.visitor

    @property
    def _prefix(self) -> str:
        return "b_" if self.page == WHAT_IF else ""

    def _change(self, visitor: Visitor) -> None:
        if self.page == WHAT_IF:
            self.copy = None if visitor == self.visitor else visitor
        else:
            self.visitor = visitor


class Clicker(Person):
    """Changes a rating or a demographic on Recommend and What if, and visits other pages in between."""

    def next(self) -> tuple[str, Callable[[], Awaitable[Run]]]:
        """Return the kind of the next click, and what makes it."""
        kind = self.chance.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
        if self.page in OTHERS:  # nothing to change there: back to work
            kind = PAGE
        if kind == PAGE:
            pages = (RECOMMEND, WHAT_IF) if self.page in OTHERS else (RECOMMEND, WHAT_IF, *OTHERS)
            page = self.chance.choice([page for page in pages if page != self.page])
            return f"open {page or 'recommend'}", lambda: self.go(page)
        where = self.page or "recommend"
        return f"{kind} on {where}", self.rate if kind == STAR else self.change_demographic


class Worker(Person):
    """Does long work of one kind again and again, each time for a visitor that no answer is kept for."""

    KINDS = ("search", "sweep", "import", "explanation")

    def __init__(self, name: str, visitor: Visitor, seed: int, kind: str, titles: list[str]):
        super().__init__(name, visitor, seed)
        self.kind = kind
        self._export = simulated_export(titles, EXPORT_ROWS, 0.5, seed) if kind == "import" else b""

    def next(self) -> tuple[str, Callable[[], Awaitable[Run]]]:
        """Return the kind of work, and what does it."""
        return self.kind, {
            "search": self._search,
            "sweep": self._sweep,
            "import": self._import,
            "explanation": self._explain,
        }[self.kind]

    async def _prepare(self, page: str) -> None:
        if self.page != RECOMMEND:
            await self.go(RECOMMEND)
        await self.rate()
        if page != RECOMMEND:
            await self.go(page)

    async def _search(self) -> Run:
        """Search for the smallest change that brings a movie far down the list to its top, on What if."""
        await self._prepare(WHAT_IF)
        await self.session.choose_in_group("what_if_view", VIEWS["find"])
        return await self.session.press("goal_find")

    async def _sweep(self) -> Run:
        """Vary the length of the history, on What if: one prediction for each."""
        await self._prepare(WHAT_IF)
        await self.session.choose_in_group("what_if_view", VIEWS["sweep"])
        return await self.session.choose("sweep_parameter", self._sweep_label())

    def _sweep_label(self) -> str:
        options = self.session.shown["sweep_parameter"].message.options
        return self.chance.choice([option for option in options if option not in ("Sex", "Occupation", "Age group")])

    async def _import(self) -> Run:
        """Upload a large export on Recommend, and cancel when its movies are matched."""
        if self.page != RECOMMEND:
            await self.go(RECOMMEND)
        await self.session.press("import_history")
        uploader = [key for key in self.session.shown if key.startswith("import_file_")][-1]
        run = await self.session.upload(uploader, "ratings.csv", self._export)
        await self.session.press("import_cancel")
        return run

    async def _explain(self) -> Run:
        """Open Why with all that is compared there."""
        await self._prepare(WHY)
        return await self.session.choose_in_group("why_part", self.chance.choice((1, 3)))
