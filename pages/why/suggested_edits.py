"""Try a change: what could be changed about the visitor, and what each change would make of the prediction."""

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from bst.explanation import predicted
from bst.explanation.measures import MEASURES, Measure
from bst.explanation.sentences import Explanation, signed, top_contributions, value_text, value_texts
from bst.inference.recommender import Recommender
from bst.schema import Event
from bst.what_if.edits import Drop, Edit, Rate, SetDemographic
from bst.what_if.instructions import instruction
from pages.shared import turns
from pages.shared.format import capitalised, escape_markdown, stars, whole_stars
from pages.shared.state import explained, visitor_state
from pages.shared.state.session_cache import cached, model_key
from pages.shared.widgets import what_if_link
from pages.shared.wording import say
from pages.why.controls import Subject

MAX_REMOVALS, MAX_EDITS = 3, 5
# measures that depend on what was watched more than on how it was rated
WATCHING: dict[Measure, str] = {
    "like_logit": "For what they will watch some time and like",
    "next_logit": "For what they watch next",
}


@dataclass(frozen=True)
class Proposal:
    """An edit and the label of its button, in plain text."""

    label: str
    icon: str
    edit: Edit


@dataclass(frozen=True)
class Effect:
    """A proposal, and by how much it changes the prediction in each measure that the model has."""

    proposal: Proposal
    changes: dict[Measure, float]


def render(recommender: Recommender, subject: Subject, explanation: Explanation, measure: Measure) -> None:
    """Draw the edits, each a button that leads to What if."""
    st.header("Try a change", anchor=False)
    st.caption(
        "Each button makes one change to a copy of the visitor and opens What if."
        if subject.slot != "guest"
        else "Each button makes this person the visitor, makes one change to a copy, and opens What if."
    )
    effects = cached(
        "proposals",
        model_key(recommender, explanation.visitor, explanation.movie_id, measure),
        lambda: _effects(recommender, explanation, measure),
        in_turn=turns.is_long(explanation.visitor),
    )
    for number, effect in enumerate(effects):
        proposal = effect.proposal
        with st.container(horizontal=True, vertical_alignment="center", gap="small", wrap=False):
            pressed = st.button(
                escape_markdown(proposal.label),
                key=f"why_change_{number}",
                icon=f":material/{proposal.icon}:",
                width="stretch",
                wrap=True,
            )
            if pressed:
                try_edit(subject, proposal.edit)
            st.markdown(_in_words(explanation, measure, effect.changes[measure]), width="content")
    if note := watching_note(recommender, explanation, measure, effects):
        st.caption(escape_markdown(note))
    if not effects:
        st.markdown("Nothing is known about this visitor that could be changed.")


def _in_words(explanation: Explanation, measure: Measure, change: float) -> str:
    """Return what a prediction becomes, and its direction; of the next movie only the change, as it is a logit."""
    if measure == "next_logit":
        return f"**{escape_markdown(signed(measure, change))}**"
    direction = signed(measure, change).split(" ")[0]
    value = value_text(measure, explanation.value(measure) + change, int(measure == "expected"))
    return f"**{escape_markdown(value)}** {direction}"


def watching_note(
    recommender: Recommender, explanation: Explanation, measure: Measure, effects: Sequence[Effect]
) -> str:
    """Explain, in plain text, why a worse rating may raise a chance that leaving the movie out lowers, or the reverse.

    Empty where no two of the edits show that.
    """
    if measure not in WATCHING:
        return ""
    removed = {e.proposal.edit.movie_id: e for e in effects if isinstance(e.proposal.edit, Drop)}
    for effect in effects:
        edit = effect.proposal.edit
        if not isinstance(edit, Rate) or edit.movie_id not in removed:
            continue
        without, rated = removed[edit.movie_id].changes[measure], effect.changes[measure]
        if without * rated >= 0 or abs(without) < abs(rated):
            continue
        title, now = recommender.catalogue.title(edit.movie_id), explanation.value("expected")
        stars_then = value_texts("expected", now, now + effect.changes["expected"])
        return whole_stars(
            f"{say(f'{WATCHING[measure]}, having watched')} {title} counts more than how it was rated. The rating "
            f"counts for the stars: with {stars(edit.rating)} the expected rating would be {stars_then[1]} instead of "
            f"{stars_then[0]}."
        )
    return ""


def _effects(recommender: Recommender, explanation: Explanation, measure: Measure) -> list[Effect]:
    proposals = _proposals(recommender, explanation, measure)
    if not proposals:
        return []
    edited = [proposal.edit.apply(explanation.visitor) for proposal in proposals]
    measures = [name for name in MEASURES if name in explanation.measures]
    return [
        Effect(proposal, {name: getattr(prediction, name) - explanation.value(name) for name in measures})
        for proposal, prediction in zip(proposals, predicted(recommender, edited, explanation.movie_id), strict=True)
    ]


def _proposals(recommender: Recommender, explanation: Explanation, measure: Measure) -> list[Proposal]:
    """Return edits of what moves the prediction most: removed, rated differently, unknown."""
    title, levels = recommender.catalogue.title, recommender.bundle.levels
    events = _strongest_events(explanation, measure)
    edits: list[tuple[str, Edit]] = [("delete", Drop(event.movie_id)) for event in events[:MAX_REMOVALS]]
    if events and recommender.domain.rated:
        strongest = events[0]
        other = levels[0] if strongest.rating > (levels[0] + levels[-1]) / 2 else levels[-1]
        edits.insert(1, ("star_half", Rate(strongest.movie_id, other)))
    demographics = sorted(explanation.demographic_effects(measure).items(), key=lambda item: -abs(item[1]))
    edits += [("person_off", SetDemographic(name, None)) for name, _ in demographics[: MAX_EDITS - len(edits)]]
    return [
        Proposal(capitalised(instruction(edit, explanation.visitor, title, recommender.domain)), icon, edit)
        for icon, edit in edits
    ]


def _strongest_events(explanation: Explanation, measure: Measure) -> list[Event]:
    """Return the events that move the prediction noticeably, the strongest first; if none does, just the strongest."""
    events = [contribution.event for contribution in top_contributions(explanation, measure) if contribution.event]
    if not events and explanation.events:
        events = [explanation.events[int(abs(explanation.event_effects(measure)).argmax())]]
    return events


def try_edit(subject: Subject, edit: Edit) -> None:
    """Make the edit to a copy of the visitor, or of the guest, who becomes the visitor; and go to What if."""
    if subject.slot == "guest":
        asked = explained.movie()
        visitor_state.replace(subject.visitor)
        explained.set_movie(asked)  # it was asked about them
        explained.forget_guest()
    what_if_link.go(edit.apply(subject.visitor))
