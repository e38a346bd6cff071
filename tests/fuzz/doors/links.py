"""Addresses: whole states, damaged ones, any JSON in the right wrapping, and any query parameters at all."""

import json
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from bst.datasets import load_movies
from bst.datasets.catalogue import Catalogue
from bst.domain import MOVIES
from bst.packing import unpack
from bst.schema import MAX_HISTORY, WHOLE_STARS, Visitor
from bst.stories import KINDS
from pages.shared import streamlit_private
from pages.shared.resources import Choice
from pages.shared.state import link, settings, url_sync, visitor_state
from pages.shared.state.link import SETTINGS, LinkError, State
from pages.story import state as story_state
from tests.fuzz.door import Door
from tests.fuzz.mutations import damaged_json, json_values, odd_text
from tests.fuzz.outcome import require, require_clear, require_equal
from tests.links import packed, states

CATALOGUE = Catalogue(load_movies("demo"))
IDS = sorted(CATALOGUE.titles)
ALIEN = [None, None, None, [1214], "a"]
PARTS = [
    "demo",
    ["F", 25, "artist", IDS[5:9], "a381", [978_300_000, None, 60, 5], [IDS[20], 3]],
    {"o": "rating", "p": 50, "g": ["Drama"], "y": [1950, 1990], "n": 25, "a": IDS[3], "gs": 3.5, "m": IDS[:2]},
    ["M", None, "writer", IDS[5:8], "a38"],
]


@st.composite
def damaged_links(draw: DrawFn) -> str:
    """Draw the text of a link that was cut, or mistyped, or got a piece of another one."""
    text = link.encode(draw(states))
    start = draw(st.integers(0, len(text)))
    if draw(st.booleans()):
        return text[:start] + draw(odd_text | st.sampled_from("ABC-_.~= ")) + text[start + draw(st.integers(0, 3)) :]
    other = link.encode(draw(states))
    return text[:start] + other[start:]


texts = st.one_of(
    states.map(link.encode),
    damaged_links(),
    damaged_json(PARTS).map(lambda parts: packed(json.dumps(parts))),
    damaged_json(PARTS).map(lambda parts: packed(json.dumps(parts), version=1)),
    json_values.map(lambda values: packed(json.dumps(["demo", values]))),
    json_values.map(lambda values: packed(json.dumps(["demo", ALIEN, values]))),
    st.text(max_size=40).map(lambda text: f"2.{text}"),
    odd_text,
)
# every parameter that a page reads, and some that none does
parameters = st.dictionaries(
    st.sampled_from(
        (url_sync.PARAMETER, "bundle", story_state.STORY, story_state.STEP, story_state.EDIT, "embed", "x")
    ),
    texts | odd_text | st.sampled_from(("demo", "other", "one-star", "1", "3", *KINDS)),
    max_size=4,
)


class Links(Door):
    """A link gives back the state that it was made of, or what else it says; every other text is refused in a line."""

    name = "links"
    inputs = states | texts | texts | parameters | parameters

    def open(self) -> None:
        """Make a session without a page, on the demo world."""
        patch = self.stack.enter_context(pytest.MonkeyPatch.context())
        named = {"name": "demo", "dataset": "demo", "dataset_title": "Demo world"}
        bundle: Any = SimpleNamespace(**named, levels=WHOLE_STARS, domain=MOVIES)
        broken = Choice("other", None, problem="damaged")
        self.choices = {"demo": Choice("demo", bundle), "other": broken}
        patch.setattr(visitor_state.resources, "catalogue", lambda dataset: CATALOGUE)
        patch.setattr(visitor_state.resources, "choices", lambda: self.choices)
        patch.setattr(streamlit_private, "query_string", lambda: "")
        self.patch = patch

    def check(self, given: State | str | Mapping[str, str]) -> bool:
        """Read a link, or an address as the app does when somebody arrives."""
        if isinstance(given, State):
            require_equal(link.decode(link.encode(given)), given, "state")
            return True
        return self._check_text(given) if isinstance(given, str) else self._check_address(given)

    def _check_text(self, text: str) -> bool:
        try:
            state = link.decode(text)
        except LinkError as error:
            require_clear(error)
            return False
        _check_says(text, state)
        again = link.decode(link.encode(state))
        require_equal(again, _without_defaults(state), "the same link, written again")
        fitted = link.fit(state, CATALOGUE.titles, WHOLE_STARS)
        for visitor in (fitted.visitor, fitted.copy or Visitor()):
            require(visitor.all_seen <= CATALOGUE.titles.keys(), "a movie that is not in the catalogue")
            require(len(visitor.history) <= MAX_HISTORY, "a history that is too long")
            require(all(event.rating in WHOLE_STARS for event in visitor.history), "a rating that is none")
        for note in fitted.notes:
            require_clear(note)
        return True

    def _check_address(self, given: Mapping[str, str]) -> bool:
        notices = self._arrive(given)
        for notice in notices:
            require_clear(notice)
        url_sync.write()
        written, visitor, copy = dict(self.query), visitor_state.current(), visitor_state.current("b")
        changed = settings.changed()
        story_state.shown()
        self._arrive(written)
        same = (visitor_state.current(), visitor_state.current("b"), settings.changed())
        require_equal(same, (visitor, copy, changed), "the state after a reload")
        return not notices

    def _arrive(self, given: Mapping[str, str]) -> list[str]:
        """Open an address in a new session; return what it is told."""
        notices: list[str] = []
        self.query = _Parameters(given)
        self.patch.setattr("streamlit.session_state", {})
        self.patch.setattr("streamlit.query_params", self.query)
        self.patch.setattr("streamlit.toast", lambda text, **_: notices.append(text))
        url_sync.read(self.choices)
        from pages.shared.state import chosen_model

        if chosen_model.current() is None or chosen_model.current().problem:
            chosen_model.choose(self.choices["demo"])
        return notices


class _Parameters(dict):
    """Query parameters as Streamlit has them."""

    def to_dict(self) -> dict[str, str]:
        return dict(self)

    def from_dict(self, values: Mapping[str, str]) -> None:
        self.clear()
        self.update(values)


def _without_defaults(state: State) -> State:
    kept = {name: value for name, value in state.settings.items() if value != SETTINGS[name].default}
    return State(state.bundle, state.visitor, state.copy, kept)


def _check_says(text: str, state: State) -> None:
    """The movies and ratings of a state are those of the link's own JSON."""
    name, visitor, *_ = unpack(text.partition(".")[2], link.MAX_BYTES)
    require_equal(state.bundle, name, "bundle")
    require_equal([event.movie_id for event in state.visitor.history], visitor[3], "movies")
    require_equal(
        [2 * event.rating for event in state.visitor.history], [int(digit, 16) for digit in visitor[4]], "ratings"
    )
