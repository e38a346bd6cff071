"""Bring your own history: a file is read and matched; the person looks at what was made of it and then takes it."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from bst.catalogue import Catalogue
from bst.errors import BSTError
from bst.imports import SITE_NUMBERS, Export, Match, Sureness, imported, matcher_of, read_export, stars_here
from pages.shared import models, visitor_state
from pages.shared.text import count, literal, stars

WHERE = (
    "**Letterboxd**: Settings → Data → Export your data; the zip, or the `ratings.csv` in it.  \n"
    "**IMDb**: Your ratings → the three dots → Export.  \n"
    "**MovieLens**: Preferences → Import/export → Export ratings."
)
SURENESS = {
    Sureness.SURE: "sure",
    Sureness.LIKELY: "likely",
    Sureness.UNSURE: "is it this one?",
}
HOW = {"replace": "Replace the history", "add": "Add as the newest"}
ROW_HEIGHT, MOST_ROWS_SHOWN = 35, 8


def ask() -> None:
    """Open the dialog, from the next drawing on."""
    st.session_state["import_asked"] = True
    st.session_state["import_number"] = st.session_state.get("import_number", 0) + 1


def asked() -> bool:
    """Tell whether the dialog is open."""
    return st.session_state.get("import_asked", False)


def _close() -> None:
    for key in ("import_asked", "import_read"):
        st.session_state.pop(key, None)


@st.dialog("Your own ratings", width="large", icon=":material/upload_file:", on_dismiss=_close)
def draw(catalogue: Catalogue, levels: tuple[float, ...]) -> None:
    """Draw the dialog: the file, then what was made of it. Nothing is changed before the last button."""
    st.markdown("Choose the file that Letterboxd, IMDb or MovieLens gave you. It is read once and not kept.")
    number = st.session_state["import_number"]
    file = st.file_uploader(
        "File with your ratings", type=["csv", "zip", "txt"], key=f"import_file_{number}", label_visibility="collapsed"
    )
    if file is None:
        st.caption(WHERE)
        return
    try:
        export, matches = _read(file, catalogue)
    except BSTError as error:
        st.error(f"{literal(str(error))}.", icon=":material/error:")
        st.caption("Nothing was changed. Choose another file above.")
        return
    _draw_review(export, matches, levels, catalogue)


def _read(file, catalogue: Catalogue) -> tuple[Export, list[Match]]:
    """Read and match the file, once: the dialog is drawn anew with every tick."""
    key = (file.file_id, models.chosen().dataset)
    if st.session_state.get("import_read", (None,))[0] != key:
        with st.spinner(f"Reading {literal(file.name)} and looking for its movies among {len(catalogue):,} …"):
            export = read_export(file.getvalue(), file.name)
            matcher = matcher_of(catalogue, models.chosen().dataset in SITE_NUMBERS)
            st.session_state["import_read"] = (key, export, matcher.match(export.entries))
    return st.session_state["import_read"][1:]


def _draw_review(export: Export, matches: list[Match], levels: tuple[float, ...], catalogue: Catalogue) -> None:
    found = [match for match in matches if match.movie_id is not None]
    missed = [match for match in matches if match.movie_id is None]
    st.markdown(f"**{_summary(export, found, missed)}**")
    if not found:
        st.caption("Nothing was changed.")
        _draw_missed(missed)
        return
    place = {id(match): place for place, match in enumerate(matches)}
    # what is to be decided on top, and the newest first
    found.sort(key=lambda match: (match.sureness, -place[id(match)]))
    ticked = _draw_found(found, levels, catalogue)
    _draw_missed(missed)
    how = st.segmented_control(
        "What to do with them",
        list(HOW),
        default="replace",
        required=True,
        format_func=HOW.get,
        key="import_how",
        label_visibility="collapsed",
    )
    chosen = sorted(ticked, key=lambda match: place[id(match)])
    visitor, lost = imported(
        visitor_state.current(), chosen, levels, replacing=how == "replace", most=visitor_state.MOST_EVENTS
    )
    st.caption(_remarks(export, levels, how == "replace", len(chosen), lost))
    with st.container(horizontal=True):
        if st.button(
            f"Import {count(len(chosen), 'movie')}",
            type="primary",
            key="import_take",
            icon=":material/check:",
            disabled=not chosen,
        ):
            visitor_state.replace(visitor)
            words = f"Imported from {export.source}: {count(len(chosen), 'movie')}" + (
                "." if how == "replace" else ", added to what was there."
            )
            st.session_state["source_note"] = (models.chosen().dataset, visitor, words)
            _close()
            st.rerun()
        if st.button("Cancel", key="import_cancel"):
            _close()
            st.rerun()


def _summary(export: Export, found: Sequence[Match], missed: Sequence[Match]) -> str:
    ask_about = sum(match.sureness == Sureness.UNSURE for match in found)
    words = f"{export.source}: {count(len(found) + len(missed), 'row')}, {len(found) - ask_about} matched"
    if ask_about:
        words += f", {ask_about} to decide"
    return words + (f", {len(missed)} not taken" if missed else "")


def _draw_found(found: list[Match], levels: tuple[float, ...], catalogue: Catalogue) -> list[Match]:
    """Draw what was matched, and return what is ticked."""
    frame = pd.DataFrame(
        {
            "take": [match.sureness >= Sureness.LIKELY for match in found],
            "there": [_title(match) for match in found],
            "here": [catalogue.title(match.movie_id) for match in found],
            "stars": [f"{match.entry.rating} → {stars(stars_here(match.entry.stars, levels))}" for match in found],
            "sure": [" · ".join(part for part in (SURENESS[match.sureness], match.why) if part) for match in found],
        }
    )
    columns = st.column_config
    edited = st.data_editor(
        frame,
        hide_index=True,
        disabled=[name for name in frame if name != "take"],
        height=ROW_HEIGHT * (1 + min(len(frame), MOST_ROWS_SHOWN)) + 3,
        row_height=ROW_HEIGHT,
        column_config={
            "take": columns.CheckboxColumn("Take", width=72, pinned=True, help="Untick what is not to be taken."),
            "there": columns.TextColumn("In the file", width=180),
            "here": columns.TextColumn("Movie here", width=180),
            "stars": columns.TextColumn("Stars", width=92, help="The rating in the file, and what becomes of it here."),
            "sure": columns.TextColumn("How sure", width=250),
        },
        key=f"import_table_{st.session_state['import_number']}",
        alt="What was matched: tick, title in the file, movie here, stars there and here, how sure",
    )
    return [match for match, take in zip(found, edited["take"], strict=True) if take]


def _draw_missed(missed: Sequence[Match]) -> None:
    if not missed:
        return
    with st.expander(f"{count(len(missed), 'row')} not taken, and why", icon=":material/block:"):
        st.dataframe(
            pd.DataFrame(
                {
                    "there": [_title(match) for match in missed],
                    "rating": [match.entry.rating for match in missed],
                    "why": [match.why for match in missed],
                }
            ),
            hide_index=True,
            height=ROW_HEIGHT * (1 + min(len(missed), MOST_ROWS_SHOWN)) + 3,
            row_height=ROW_HEIGHT,
            column_config={
                "there": st.column_config.TextColumn("In the file", width=180),
                "rating": st.column_config.TextColumn("Rating", width=64),
                "why": st.column_config.TextColumn("Why not", width=420),
            },
            alt="Rows that are not taken: title and rating in the file, and why",
        )


def _title(match: Match) -> str:
    entry = match.entry
    title = entry.title or (f"movie {entry.number}" if entry.number else "–")
    return f"{title} ({entry.year})" if entry.year else title


def _remarks(export: Export, levels: Sequence[float], replacing: bool, chosen: int, lost: int) -> str:
    words = []
    if 0.5 not in levels:
        words.append("This dataset has whole stars: halves are rounded up, 3.5 becomes 4.")
    if not export.dated:
        words.append("The file has no date on every row, so its order is taken for the order of watching, newest last.")
    if lost and replacing:
        words.append(f"A history holds {visitor_state.MOST_EVENTS}: of {chosen:,}, the newest are taken.")
    elif lost:
        words.append(
            f"A history holds {visitor_state.MOST_EVENTS}: the {count(lost, 'oldest movie')} of both together "
            f"{'is' if lost == 1 else 'are'} left out."
        )
    words.append("Sex, age group and occupation stay as they are.")
    return " ".join(words)
