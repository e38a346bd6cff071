"""The users of the chosen model's dataset, loaded once for all sessions, behind a message while that takes seconds."""

from collections.abc import Mapping

import streamlit as st

from bst import datasets, public_mode
from bst.bundles.bundle import Bundle
from bst.domain import MOVIES, DemographicName, DemographicValue
from bst.errors import BSTError
from bst.public_mode import Feature
from bst.schema import Dataset
from bst.text import count
from bst.visitors.replay import RealUsers
from bst.wording import demographic_labels, enumerated
from pages.shared import resources
from pages.shared.format import escape_markdown, message
from pages.shared.load_once import LoadOnce
from pages.shared.state import chosen_model, session_cache
from pages.shared.widgets import switched_off
from pages.shared.wording import say


# apart from the users, as several bundles share a dataset
@st.cache_resource(show_spinner=False)
def _datasets() -> LoadOnce[Dataset]:
    return LoadOnce()


@st.cache_resource(show_spinner=False)
def _users() -> LoadOnce[RealUsers]:
    return LoadOnce()


def hidden(bundle: Bundle) -> bool:
    """Tell whether the users of a bundle's dataset may not be shown: they are real people, and the server is public."""
    return not bundle.simulated and public_mode.refusal(Feature.REAL_USERS) is not None


def caption_hidden(bundle: Bundle) -> bool:
    """Say, where a control for single users would be, that they are not shown, if so; return whether."""
    return hidden(bundle) and switched_off.caption(Feature.REAL_USERS)


def _load(bundle: Bundle) -> RealUsers:
    if not bundle.simulated:
        public_mode.require(Feature.REAL_USERS)
    key = resources.dataset_key(bundle.dataset)
    return RealUsers(bundle, _datasets().load(key, lambda: datasets.load(bundle.dataset)))


def _key(bundle: Bundle) -> tuple:
    dataset = resources.dataset_key(bundle.dataset)
    return *dataset, str(bundle.folder), bundle.protocol, bundle.seed, bundle.sizes.users


def ready() -> RealUsers | None:
    """Return the users of the chosen bundle's dataset if they are in memory already, and may be shown."""
    bundle = chosen_model.bundle()
    return None if hidden(bundle) else _users().get(_key(bundle))


def load() -> None:
    """Load them behind a message that says what is going on, then run the page again.

    A dataset that cannot be read, or whose users may not be shown, ends in a notice, and ``ready`` stays None.
    """
    bundle = chosen_model.bundle()
    if caption_hidden(bundle):
        return
    users = count(bundle.sizes.users, "simulated user" if bundle.simulated else "user")
    with st.container():
        st.info(
            f"{say('Reading the ratings')} of {users} of {escape_markdown(bundle.dataset_title)}. "
            "This takes a few seconds, once.",
            icon=":material/hourglass_top:",
        )
        try:
            _users().load(_key(bundle), lambda: _load(bundle))
        except BSTError as error:
            st.error(message(error), icon=":material/error:")
            return
    st.rerun()


def describe(demographics: Mapping[DemographicName, DemographicValue]) -> str:
    """Return demographics in words: "female, 25–34, artist"; "no age, sex or occupation given" if all are unknown."""
    domain = chosen_model.domain()
    parts = [domain.demographics[name].value_text(value) for name, value in domain.known(demographics).items()]
    if domain == MOVIES:
        return ", ".join(parts) or "no age, sex or occupation given"
    return ", ".join(parts) or (
        f"no {enumerated(demographic_labels(domain), 'or')} given" if domain.demographics else ""
    )


def labels(users: RealUsers) -> dict[int, str]:
    """Return what to call each user held out of training, by row: "User 27 · male, 25–34, lawyer · 70 movies"."""
    return session_cache.cached("user_labels", _key(users.bundle), lambda: _labels(users))


def _labels(users: RealUsers) -> dict[int, str]:
    numbers, lengths = users.dataset.users["user_id"].to_numpy(), users.lengths()
    people = {row: describe(users.without_history(row).demographics) for row in users.held_out.tolist()}
    return {
        row: " · ".join(
            part for part in (f"User {numbers[row]}", people[row], say(count(int(lengths[row]), "movie"))) if part
        )
        for row in users.held_out.tolist()
    }


def origin(bundle: Bundle) -> str:
    """Return "a real user of MovieLens 1M", or "a simulated user of the demo world"."""
    if bundle.simulated:
        return f"a simulated user of {bundle.dataset_title.removesuffix(' (simulated)')}"
    return f"a real user of {bundle.dataset_title}"
