"""From a user of the evaluation to another page: why the model was wrong about them, their list, or their replay."""

import streamlit as st

from bst.text import count
from bst.visitors.replay import RealUsers
from pages.evaluation import state
from pages.evaluation.state import Opening
from pages.shared import pages, real_users
from pages.shared.format import stars
from pages.shared.state import explained, settings, visitor_state
from pages.shared.widgets import why_link
from pages.shared.wording import say


def follow() -> None:
    """Go to the requested page, once the dataset is loaded. Call it before the page is drawn."""
    opening = state.opening()
    if opening is None:
        return
    if real_users.ready() is None:
        real_users.load()  # runs the page again, unless the dataset cannot be read
    users = real_users.ready()
    state.opened()
    if users is not None:
        _open(users, opening)


def _open(users: RealUsers, opening: Opening) -> None:
    row = users.row_of(opening.user_id)
    if opening.target == "why" and opening.movie_id is not None and opening.events is not None:
        given = users.visitor(row).ratings.get(opening.movie_id)
        guest = say(f"user {opening.user_id} after {count(opening.events, 'movie')}")
        if given is not None:
            guest += f", who then gave it {stars(given)}"
        explained.request_for_guest(opening.movie_id, users.before(row, opening.events), guest, "rating")
        why_link.follow()
    if opening.target == "recommend":
        visitor_state.replace(users.visitor(row))
        origin, person = real_users.origin(users.bundle), real_users.describe(users.without_history(row).demographics)
        visitor_state.note_source(
            f"{origin[0].upper()}{origin[1:]}: user {opening.user_id}, {person}, "
            + say(f"{count(int(users.lengths()[row]), 'movie')}.")
        )
        st.switch_page(pages.RECOMMEND, query_params={})
    if opening.target == "replay":
        settings.update(replay_user=row, replay_step=None)
        st.switch_page(pages.REPLAY, query_params={})
