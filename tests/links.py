"""Links to draw, and the text of a link around any JSON."""

import base64
import zlib

from hypothesis import strategies as st

from bst.domain import AGES, GENRES, OCCUPATIONS, SEXES
from bst.inference.ranking import ORDERS, POPULARITY_BANDS
from bst.schema import HALF_STARS, Event, Visitor
from pages.shared.state.link import LENGTHS, SETTINGS, SWEEPS, State

ids = st.integers(0, 2**40)
times = st.none() | st.integers(-(2**40), 2**40)
events = st.lists(
    st.builds(Event, ids, st.sampled_from(HALF_STARS), times), max_size=200, unique_by=lambda event: event.movie_id
)
visitors = st.builds(
    Visitor,
    st.fixed_dictionaries(
        {},
        optional={
            "sex": st.sampled_from(SEXES),
            "age": st.sampled_from(AGES),
            "occupation": st.sampled_from(OCCUPATIONS),
        },
    ),
    events.map(tuple),
    st.frozensets(ids, max_size=50),
)
values = {
    "order": st.sampled_from(list(ORDERS)),
    "popularity_weight": st.integers(0, 100),
    "blend_weight": st.integers(0, 100),
    "diversity": st.integers(0, 100),
    "filter_genres": st.lists(st.sampled_from(GENRES), unique=True).map(tuple),
    "filter_years": st.tuples(st.integers(1890, 1960), st.integers(1960, 2030)),
    "filter_popularity": st.lists(st.integers(0, len(POPULARITY_BANDS) - 1), min_size=2, max_size=2)
    .map(sorted)
    .map(tuple),
    "filter_seen": st.booleans(),
    "for_anyone": st.booleans(),
    "list_view": st.sampled_from(["tiles", "rows"]),
    "length": st.sampled_from(LENGTHS),
    "any_movie": ids,
    "asked_about": ids,
    "what_if_view": st.sampled_from(["compare", "sweep", "find", "models"]),
    "compare_by": st.sampled_from(["like", "rating", "next"]),
    "sweep_parameter": st.sampled_from(SWEEPS),
    "sweep_event": ids,
    "sweep_movies": st.lists(ids, max_size=5, unique=True).map(tuple),
    "other_model": st.text(min_size=1, max_size=40),
    "models_movie": ids,
    "goal_movie": ids,
    "goal_kind": st.sampled_from(["top", "stars"]),
    "goal_above": st.booleans(),
    "goal_top": st.integers(1, 100),
    "goal_stars": st.integers(11, 49).map(lambda decimal: decimal / 10),
    "replay_user": ids,
    "replay_step": ids,
    "replay_order": st.sampled_from(list(ORDERS)),
    "why_of": st.sampled_from(["a", "b"]),
    "why_measure": st.sampled_from(["expected", "liked", "next_logit", "like_logit"]),
    "why_order": st.sampled_from(["strength", "time"]),
    "why_part": st.sampled_from(["ratings", "trust", "heads", "general"]),
}
chosen = st.fixed_dictionaries({}, optional=values).map(
    lambda chosen: {name: value for name, value in chosen.items() if value != SETTINGS[name].default}
)
states = st.builds(State, st.text(min_size=1, max_size=40), visitors, st.none() | visitors, chosen)


def packed(text: str, version: int = 2) -> str:
    """A link around any JSON text, whole and with a right checksum."""
    return f"{version}.{base64.urlsafe_b64encode(zlib.compress(text.encode())).rstrip(b'=').decode()}"
