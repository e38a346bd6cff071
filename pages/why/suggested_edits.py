"""Try a change: what could be changed about the visitor, and what each change would make of the prediction."""

from dataclasses import dataclass

import streamlit as st

from bst.explanation import predicted
from bst.explanation.sentences import MEASURES, Explanation, signed, top_contributions, value_text
from bst.inference.recommender import Recommender
from bst.schema import DEMOGRAPHICS, Visitor
from bst.what_if.edits import Drop, Edit, Rate, SetDemographic
from pages.shared.format import escape_markdown
from pages.shared.state import explained, settings, visitor_state
from pages.shared.state.session_cache import cached, model_key
from pages.why.controls import Whose

WHAT_IF = "pages/what_if/what_if.py"
MOST_DROPS, MOST = 3, 5


@dataclass(frozen=True)
class Proposal:
    """A change: what its button says, in plain text, the edit, and by how much it changes each measure."""

    label: str
    icon: str
    edit: Edit
    by: dict[str, float]


def render(recommender: Recommender, who: Whose, told: Explanation, measure: str) -> None:
    """Draw the changes, each a button that leads to What if."""
    st.header("Try a change", anchor=False)
    st.caption(
        "Each button makes one change to a copy of the visitor and opens What if."
        if who.slot != "guest"
        else "Each button makes this person the visitor, makes one change to a copy, and opens What if."
    )
    proposals = cached(
        "proposals",
        model_key(recommender, told.visitor, told.movie_id, measure),
        lambda: _make(recommender, told, measure),
    )
    for number, one in enumerate(proposals):
        with st.container(horizontal=True, vertical_alignment="center", gap="small", wrap=False):
            pressed = st.button(
                escape_markdown(one.label),
                key=f"why_change_{number}",
                icon=f":material/{one.icon}:",
                width="stretch",
                wrap=True,
            )
            if pressed:
                try_it(who, one.edit)
            st.markdown(_effect(told, measure, one.by[measure]), width="content")
    if not proposals:
        st.markdown("Nothing about this visitor is known that could be changed.")


def _effect(told: Explanation, measure: str, by: float) -> str:
    """Return what a prediction becomes, with its way; of what is next only the way, as its chance is not asked for."""
    if measure == "next_logit":
        return f"**{escape_markdown(signed(measure, by))}**"
    way = signed(measure, by).split(" ")[0]
    return f"**{escape_markdown(value_text(measure, told.value(measure) + by, int(measure == 'expected')))}** {way}"


def _make(recommender: Recommender, told: Explanation, measure: str) -> list[Proposal]:
    """Return changes of what moves the prediction most: left out, rated otherwise, unknown."""
    title, levels = recommender.catalogue.title, recommender.bundle.levels
    found = top_contributions(told, measure)
    events = [mover.event for mover in found if mover.event]
    if not events and told.events:
        strength = abs(told.event_effects(measure))
        events = [told.events[int(strength.argmax())]]
    made: list[tuple[str, str, Edit]] = []
    for event in events[:MOST_DROPS]:
        name = title(event.movie_id)
        made.append((f"Remove {name}", "delete", Drop(event.movie_id)))
    if events:
        first = events[0]
        other = levels[0] if first.rating > (levels[0] + levels[-1]) / 2 else levels[-1]
        words = f"Rate {title(first.movie_id)} {other:g} instead of {first.rating:g}"
        made.insert(1, (words, "star_half", Rate(first.movie_id, other)))
    parts = sorted(told.demographic_effects(measure).items(), key=lambda item: -abs(item[1]))
    for name, _ in parts[: MOST - len(made)]:
        made.append((f"Hide their {DEMOGRAPHICS[name].label}", "person_off", SetDemographic(name, None)))
    values = predicted(recommender, [edit.apply(told.visitor) for _, _, edit in made], told.movie_id) if made else []
    return [
        Proposal(
            label,
            icon,
            edit,
            {name: getattr(value, name) - told.value(name) for name in MEASURES if name in told.measures},
        )
        for (label, icon, edit), value in zip(made, values, strict=True)
    ]


def try_it(who: Whose, edit: Edit) -> None:
    """Make the change to a copy and go to What if."""
    edited: Visitor = edit.apply(who.visitor)
    if who.slot == "guest":
        visitor_state.replace(who.visitor)
        explained.forget_guest()
    visitor_state.replace(edited, "b")
    settings.update(what_if_view="compare")
    st.switch_page(WHAT_IF, query_params={})
