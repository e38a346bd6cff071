"""Which story and which of its steps is shown. The address holds both, so that each step is a link.

``story`` is the name of a story that comes with the app, or the story itself as text; ``OWN`` for one that is too long
for an address and lives in the session. ``step`` counts from 1, and one after the last asks what to do next; ``edit``
is there while the story is edited. Stories that were written or opened here stay in the session.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import streamlit as st

from bst.errors import StoryError
from bst.stories import STORIES, Story, link
from pages.shared.state import url_sync

STORY, STEP, EDIT = "story", "step", "edit"
OWN = "own"
FIRST = next(iter(STORIES))
# stories of one's own that are kept, the latest
MOST_OWN = 20
# what a button of the page asks for that a callback cannot do: go to another page
Wish = Literal["leave", "lab"]


@dataclass(frozen=True)
class Shown:
    """What the address says: the story by its ``name`` in the address, and the index of the step, from 0.

    An index of as many as there are steps stands for what comes after the last.
    ``problem``: why the story of the address cannot be shown; the story is then the first that comes with the app.
    """

    name: str
    story: Story
    index: int
    editing: bool
    problem: str = ""

    @property
    def ended(self) -> bool:
        """Whether the story is over."""
        return self.index == len(self.story.steps)


def shown() -> Shown:
    """Return what the address says; what it leaves out is the first story, from its first step."""
    name, problem = st.query_params.get(STORY, FIRST), ""
    try:
        story = _story(name)
    except StoryError as error:
        name, story, problem = FIRST, STORIES[FIRST], str(error)
    index = min(max(_integer(st.query_params.get(STEP, "1")), 1), len(story.steps) + 1) - 1
    return Shown(name, story, index, EDIT in st.query_params, problem)


def _story(name: str) -> Story:
    if name in STORIES:
        return STORIES[name]
    if name != OWN:
        return link.decode(name)
    if OWN not in _kept():
        raise StoryError("this story was too long for a link, and lives only where it was opened; open its file again")
    return _kept()[OWN]


def _kept() -> dict[str, Story]:
    return st.session_state.setdefault("own_story", {})


def _integer(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < len("1000") else 1


def go(index: int) -> None:
    """Show the step with this index. For callbacks, as all that follows here."""
    now = shown()
    _write(now.name, min(max(index, 0), len(now.story.steps)), False)


def own_stories() -> list[Story]:
    """Return the stories that were written or opened in this session, the oldest first."""
    return st.session_state.setdefault("own_stories", [])


def all_stories() -> list[Story]:
    """Return those that come with the app, then one's own."""
    return [*STORIES.values(), *own_stories()]


def keep(story: Story, instead_of: Story | None = None) -> None:
    """Keep a story of one's own in the session, in the place of an earlier version of it."""
    own = own_stories()
    if instead_of in own:
        own[own.index(instead_of)] = story
    else:
        own.append(story)
    # each once, and none of the app's
    st.session_state["own_stories"] = [kept for kept in dict.fromkeys(own) if kept not in STORIES.values()][-MOST_OWN:]


def open_story(story: Story, editing: bool = False) -> None:
    """Open another story from its first step; the one that is left is kept."""
    now = shown()
    if not now.problem:
        keep(now.story)
    keep(story)
    _write(_name_of(story), 0, editing)


def _name_of(story: Story) -> str:
    """Return the name that the address has for a story."""
    name = next((name for name, builtin in STORIES.items() if builtin == story), None) or link.encode(story)
    if name is None:
        name = OWN
        _kept()[OWN] = story
    return name


def replace(story: Story) -> None:
    """Go on with this story after a change of it."""
    now = shown()
    keep(story, instead_of=now.story)
    _write(_name_of(story), min(now.index, len(story.steps) - 1), now.editing)


def edit(make: Callable[[Story], Story]) -> None:
    """Replace the story with what ``make`` makes of it; one that is not allowed changes nothing and is said why."""
    try:
        replace(make(shown().story))
    except StoryError as error:
        st.session_state["story_problem"] = str(error)


def take_problem() -> str:
    """Return, once, why the latest change of the story was not made; empty if it was."""
    return st.session_state.pop("story_problem", "")


def start_editing() -> None:
    """Edit the story that is shown."""
    now = shown()
    _write(now.name, min(now.index, len(now.story.steps) - 1), True)


def present(index: int = 0) -> None:
    """Present the story that is edited; who leaves it then is back in the editor."""
    st.session_state["story_from_editor"] = shown().name
    go(index)


def leave() -> None:
    """Leave the story for where it was opened from: the editor, or another page; one of one's own is kept."""
    now = shown()
    if not now.problem:
        keep(now.story)
    if st.session_state.pop("story_from_editor", "") == now.name:
        start_editing()
    else:
        wish("leave")


def link_to_present() -> str:
    """Return the address of the first step of this story, as others can open it."""
    return url_sync.absolute(**{STEP: "1", EDIT: ""})


def write_address() -> None:
    """Complete the address of a page that was opened without a story or a step."""
    now = shown()
    if not now.problem:  # a link that cannot be read stays as it is: it may have been copied badly, and can be mended
        _write(now.name, now.index, now.editing)


def parameters(now: Shown) -> dict[str, str]:
    """Return the parameters of the address of a step."""
    return {STORY: now.name, STEP: str(now.index + 1)}


def _write(name: str, index: int, editing: bool) -> None:
    url_sync.write_own(**{STORY: name, STEP: str(index + 1), EDIT: "1" if editing else ""})


def wish(what: Wish) -> None:
    """Ask to go to another page."""
    st.session_state["story_wish"] = what


def take_wish() -> Wish | None:
    """Return, once, the requested page."""
    return st.session_state.pop("story_wish", None)
