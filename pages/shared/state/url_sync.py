"""The address in the browser holds the whole state: a reload, a bookmark, Back or a shared link restores it.

The address of a newcomer stays clean. Once something is changed, one parameter carries everything (see
``pages.shared.state.link``); a link that only names a model, ``?bundle=NAME``, goes on to work.
"""

from typing import TypedDict
from urllib.parse import urlencode, urlsplit

import streamlit as st

from bst.datasets.titles import printable
from bst.text import shorten
from pages.shared import pages, resources, streamlit_private
from pages.shared.format import escape_markdown
from pages.shared.resources import Choice
from pages.shared.state import chosen_model, link, settings, visitor_state

PARAMETER = "s"
# of a model's name in a notice
MAX_NAME = 60
AS_NEWCOMER = "The app opened as it does for a newcomer."


def read(choices: dict[str, Choice], page: str = "") -> None:
    """Restore what the address says when it is new to this session: on arrival, and after Back or Forward.

    In any other run the session holds the truth, and ``write`` updates the address. ``choices``: all models by name.
    ``page``: the URL path of the page; the address of one of ``pages.OWN_ADDRESS`` says nothing of the visitor.
    """
    sync = _sync()
    text = _link_text()
    if not sync["arrived"]:
        sync["arrived"] = True
        if text is not None:
            _open(text, choices, arriving=True)
    elif sync["waiting"] and (choice := choices.get(sync["waiting"][0])) and not choice.problem:
        _open(sync["waiting"][1], choices, arriving=True)
    elif streamlit_private.is_history_navigation():
        if page in pages.OWN_ADDRESS:
            if (choice := choices.get(st.query_params.get("bundle", ""))) is not None:
                chosen_model.choose(choice)
        elif text is not None:
            _open(text, choices, arriving=False)
        else:  # every click is one entry (see ``page_frame.js``), so this one was a newcomer's
            _restore_newcomer(choices)


def write() -> None:
    """Write the state into the address. A fragment that changes a setting calls this, as the app does in every run."""
    sync, choice = _sync(), chosen_model.current()
    if choice is None:
        return
    if choice.problem:  # a link's visitor cannot be shown before the dataset is here
        text = sync["waiting"][1] if sync["waiting"] and sync["waiting"][0] == choice.name else ""
    else:
        sync["waiting"] = None
        text = _state_text()
    _set_query({PARAMETER: text, "bundle": "" if text else _name_in_address(choice)})


def write_own(**values: str) -> None:
    """Write the address of one of ``pages.OWN_ADDRESS``: the model's name and these parameters, and nothing else."""
    choice = chosen_model.current()
    bundle = choice.name if choice else ""
    before = st.query_params.to_dict()
    _set_query(dict.fromkeys(before, "") | values | {"bundle": bundle})


def _name_in_address(choice: Choice) -> str:
    # keep a name that is there already: to drop it would add an entry to the browser's history
    if st.query_params.get("bundle") == choice.name or choice.name != next(iter(resources.choices())):
        return choice.name
    return ""


class _Sync(TypedDict):
    """Whether the first address was read, and the model's name and text of a link that waits for its dataset."""

    arrived: bool
    waiting: tuple[str, str] | None


def _sync() -> _Sync:
    return st.session_state.setdefault("address", _Sync(arrived=False, waiting=None))


def _state_text() -> str:
    """Return the state as text; nothing if all is as a newcomer finds it."""
    visitor, copy = visitor_state.current(), visitor_state.changes("b").current
    if copy == visitor:
        copy = None
    changed = settings.changed()
    if visitor == visitor_state.newcomer() and copy is None and not changed:
        return ""
    return link.encode(link.State(chosen_model.bundle().name, visitor, copy, changed))


def absolute(**changes: str) -> str:
    """Return the address as others can open it, with other values of some parameters; empty ones are left out."""
    parameters = {name: value for name, value in (st.query_params.to_dict() | changes).items() if value}
    url, query = st.context.url or "", urlencode(parameters)
    url += "/" * (urlsplit(url).path == "")
    return f"{url}?{query}" if query else url


def _open(text: str, choices: dict[str, Choice], arriving: bool) -> None:
    try:
        state = link.decode(text)
    except link.LinkError as error:
        _notify(f"{error} {AS_NEWCOMER}")
        return
    choice = choices.get(state.bundle)
    if choice is None:
        name = shorten(printable(state.bundle), MAX_NAME)
        _notify(f"The model of this link, {name}, is not on this computer. {AS_NEWCOMER}")
        return
    chosen_model.choose(choice)
    if choice.problem:
        _sync()["waiting"] = (choice.name, text)
        return
    bundle = chosen_model.bundle()
    state = link.fit(state, resources.catalogue(bundle.dataset).titles, bundle.levels, chosen_model.domain())
    if arriving:
        visitor_state.start_from_link(state.visitor, state.copy)
    else:
        visitor_state.restore(state.visitor, state.copy)
    settings.restore(state.settings)
    if state.notes:
        _notify(" ".join(state.notes))


def _restore_newcomer(choices: dict[str, Choice]) -> None:
    name = st.query_params.get("bundle", next(iter(choices)))
    if name in choices:
        chosen_model.choose(choices[name])
        if not choices[name].problem:
            visitor_state.restore(visitor_state.newcomer(), None)
            settings.restore({})


def _link_text() -> str | None:
    """Return the text of the link in the address, if there is one."""
    text = st.query_params.get(PARAMETER)
    return streamlit_private.query_string() if text is None and _is_too_long() else text


def _is_too_long() -> bool:
    # Streamlit gives no parameters of an address of more than half a million characters
    return len(streamlit_private.query_string()) > link.MAX_CHARACTERS


def _set_query(values: dict[str, str]) -> None:
    before = st.query_params.to_dict()
    after = {name: value for name, value in (before | values).items() if value}
    if after != before or _is_too_long():
        st.query_params.from_dict(after)  # all at once: each change is an entry in the browser's history


def _notify(text: str) -> None:
    # shown until it is clicked away, as it comes unexpectedly
    st.toast(escape_markdown(text), icon=":material/link_off:", duration="infinite")
