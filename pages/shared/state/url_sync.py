"""The address in the browser tells the whole state: a reload, a bookmark, Back or a sent link bring it back.

A newcomer's address stays clean. Once something was changed, one parameter carries everything (see
``pages.shared.state.link``); a link that only names a model, ``?bundle=NAME``, goes on to work.
"""

from urllib.parse import urlencode, urlsplit

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from bst.datasets.catalogue import Catalogue
from pages.shared import resources
from pages.shared.format import escape_markdown
from pages.shared.resources import Choice
from pages.shared.state import link, settings, visitor_state

PARAMETER = "s"
AS_NEWCOMER = "The app opened as it does for a newcomer."


def follow(found: dict[str, Choice]) -> None:
    """Take over what the address says when it is new to this session: on arrival, and after Back or Forward.

    Otherwise the session is what holds, and ``tell`` brings the address up to date. ``found``: all models by name.
    """
    here = st.session_state.setdefault("address", {"arrived": False, "waiting": None})
    text = _given()
    if not here["arrived"]:
        here["arrived"] = True
        if text is not None:
            _open(text, found, arriving=True)
    elif here["waiting"] and (choice := found.get(here["waiting"][0])) and not choice.problem:
        _open(here["waiting"][1], found, arriving=True)
    elif _went_back():
        if text is not None:
            _open(text, found, arriving=False)
        else:  # every click is one entry (see ``page_frame.js``), so this one was a newcomer's
            _go_back_to_the_start(found)


def tell() -> None:
    """Write the state into the address. A fragment that changes a setting calls this, as the app does in every run."""
    here, found = st.session_state["address"], resources.choices()
    choice, default = st.session_state["choice"], next(iter(found))
    if choice.problem:  # without its dataset nothing is known of the visitor: what the link says has to wait
        text = here["waiting"][1] if here["waiting"] and here["waiting"][0] == choice.name else ""
    else:
        here["waiting"] = None
        text = _state_text()
    # a link that names the default is as good as one that names none: to write it anew would be an entry more
    named = st.query_params.get("bundle") == choice.name
    _write({PARAMETER: text, "bundle": choice.name if not text and (named or choice.name != default) else ""})


def _state_text() -> str:
    """Return the state as text; nothing if all is as a newcomer finds it."""
    visitor, copy = visitor_state.current(), visitor_state.changes("b").current
    if copy == visitor:
        copy = None
    chosen = settings.every()
    if visitor == visitor_state.newcomer() and copy is None and not chosen:
        return ""
    return link.encode(link.State(resources.chosen().name, visitor, copy, chosen))


def absolute() -> str:
    """Return the address as others can open it."""
    where, parameters = st.context.url or "", urlencode(st.query_params.to_dict())
    where += "/" * (urlsplit(where).path == "")
    return f"{where}?{parameters}" if parameters else where


def _open(text: str, found: dict[str, Choice], arriving: bool) -> None:
    try:
        state = link.decode(text)
    except link.LinkError as error:
        _say(f"{error} {AS_NEWCOMER}")
        return
    choice = found.get(state.bundle)
    if choice is None:
        _say(f"The model of this link, {state.bundle[:60]}, is not on this computer. {AS_NEWCOMER}")
        return
    resources.choose(choice)
    if choice.problem:
        st.session_state["address"]["waiting"] = (choice.name, text)
        return
    catalogue: Catalogue = resources.catalogue(choice.bundle.dataset)
    state = link.fit(state, catalogue, choice.bundle.levels)
    if arriving:
        visitor_state.start_from_link(state.visitor, state.copy)
    else:
        visitor_state.revisit(state.visitor, state.copy)
    settings.restore(state.settings)
    if state.notes:
        _say(" ".join(state.notes))


def _go_back_to_the_start(found: dict[str, Choice]) -> None:
    name = st.query_params.get("bundle", next(iter(found)))
    if name in found:
        resources.choose(found[name])
        if not found[name].problem:
            visitor_state.revisit(visitor_state.newcomer(), None)
            settings.restore({})


def _given() -> str | None:
    """Return what the address has for us, if anything."""
    text = st.query_params.get(PARAMETER)
    return get_script_run_ctx().query_string if text is None and _too_long() else text


def _too_long() -> bool:
    # Streamlit hides an address of over half a million characters from us
    return len(getattr(get_script_run_ctx(), "query_string", "")) > link.MOST_CHARACTERS


def _went_back() -> bool:
    """Whether this run was caused by the browser's Back or Forward."""
    # Streamlit knows, for the widgets that it binds to the address itself, but has no public name for it
    return bool(getattr(get_script_run_ctx(), "is_history_navigation", False))


def _write(wanted: dict[str, str]) -> None:
    before = st.query_params.to_dict()
    after = {name: value for name, value in (before | wanted).items() if value}
    if after != before or _too_long():
        st.query_params.from_dict(after)  # at once: each change is an entry in the browser's history


def _say(words: str) -> None:
    # until it is clicked away: a few seconds are short for who did not expect it
    st.toast(escape_markdown(words), icon=":material/link_off:", duration="infinite")
