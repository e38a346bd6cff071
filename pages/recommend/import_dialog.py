"""Import your own ratings: a file is read and matched; the person reviews the matches, then takes them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from bst.datasets.catalogue import Catalogue
from bst.errors import BSTError
from bst.schema import to_scale
from bst.text import count
from bst.visitors.imports import (
    Confidence,
    DateOrder,
    Export,
    Match,
    history_note,
    import_history,
    matcher_of,
    read_export,
)
from pages.recommend import state
from pages.shared import turns
from pages.shared.format import ROW_HEIGHT, escape_markdown, message, stars, table_height
from pages.shared.state import chosen_model, session_cache, uploads, visitor_state
from pages.shared.wording import say

if TYPE_CHECKING:  # the type has no public name
    from streamlit.runtime.uploaded_file_manager import UploadedFile

WHERE = (
    "**Letterboxd**: Settings → Data → Export your data; the zip, or the `ratings.csv` in it.  \n"
    "**IMDb**: Your ratings → the three dots → Export.  \n"
    "**MovieLens**: Preferences → Import/export → Export ratings.  \n"
    "**Trakt**: Settings → Data → Export; the zip, or a CSV or JSON file of ratings or history.  \n"
    "**A spreadsheet**: a CSV file with columns such as Title, Year, Rating and Date."
)
DATE_ORDERS: dict[DateOrder, str] = {"day-first": "The day comes first", "month-first": "The month comes first"}
CONFIDENCE = {
    Confidence.SURE: "sure",
    Confidence.LIKELY: "likely",
    Confidence.UNSURE: "is it this one?",
}
MODES = {"replace": "Replace the history", "add": "Add as the newest"}
MAX_ROWS_SHOWN = 5
HALF_STAR = 0.5
# the share of the progress bar for reading the file; the rest is for matching its movies
READING = 0.3
# a file is read once for each order of its dates, and once without one
MAX_READINGS = 1 + len(DATE_ORDERS)


@st.dialog("Import your ratings", width="large", icon=":material/upload_file:", on_dismiss=state.close_dialog)
def render(catalogue: Catalogue, levels: tuple[float, ...]) -> None:
    """Draw the dialog: the file, then its matches. Nothing is changed before the last button is pressed."""
    introduction = st.empty()
    number = state.import_number()
    file = st.file_uploader(
        "File with your ratings",
        type=["csv", "zip", "txt", "tsv", "json"],
        key=f"import_file_{number}",
        label_visibility="collapsed",
    )
    if file is None:
        introduction.markdown(
            "Choose the file that you exported from Letterboxd, IMDb, MovieLens or Trakt. It is read once, not stored."
        )
        st.caption(WHERE)
        return
    order = None
    try:
        export, matches = _read(file, catalogue)
        if export.ambiguous_date:
            order = _ask_date_order(export.ambiguous_date)
            if order is None:
                return
            export, matches = _read(file, catalogue, order)
    except BSTError as error:
        st.error(f"{message(error)}.", icon=":material/error:")
        st.caption("Nothing was changed. Choose another file above.")
        return
    # another file, or another order of its rows, needs another key: a tick must not move to another movie
    _draw_review(export, matches, levels, catalogue, f"import_table_{number}_{file.file_id}_{order}")


def _ask_date_order(example: str) -> DateOrder | None:
    """Ask what comes first in the file's dates, which decides what was watched last; None before the answer."""
    return st.radio(
        f"The file has dates such as {escape_markdown(example)}. Which part is the day, and which the month? "
        + say("The order of the movies depends on it."),
        list(DATE_ORDERS),
        index=None,
        format_func=DATE_ORDERS.__getitem__,
        horizontal=True,
        key=f"import_dates_{state.import_number()}",
    )


def _read(file: "UploadedFile", catalogue: Catalogue, order: DateOrder | None = None) -> tuple[Export, list[Match]]:
    """Read and match the file, once: the dialog is drawn again with every tick."""
    dataset = chosen_model.bundle().dataset

    def read() -> tuple[Export, list[Match]]:
        uploads.note_reading()
        text = f"Reading {escape_markdown(file.name)} " + say(f"and looking for its movies among {len(catalogue):,} …")
        bar = st.progress(0.0, text=text)

        try:
            with turns.take() as turn:

                def on_progress(done: int, total: int) -> None:
                    bar.progress(READING + (1 - READING) * done / total, text=text)
                    turn.pause()

                export = read_export(file.getvalue(), file.name, order)
                on_progress(0, 1)
                return export, matcher_of(catalogue, dataset).match(export.entries, on_progress)
        finally:
            bar.empty()

    return session_cache.cached(uploads.READ, (file.file_id, dataset, order), read, MAX_READINGS)


def _draw_review(
    export: Export, matches: list[Match], levels: tuple[float, ...], catalogue: Catalogue, table_key: str
) -> None:
    matched = [match for match in matches if match.movie_id is not None]
    unmatched = [match for match in matches if match.movie_id is None]
    st.markdown(f"**{_summary(export, matched, unmatched)}**")
    if not matched:
        st.caption("Nothing was changed.")
        _draw_unmatched(unmatched)
        return
    row = {id(match): row for row, match in enumerate(matches)}
    # the uncertain matches first, then the newest
    matched.sort(key=lambda match: (match.confidence, -row[id(match)]))
    ticked = _draw_matched(matched, levels, catalogue, table_key)
    mode = st.segmented_control(
        "What to do with them",
        list(MODES),
        default="replace" if _may_replace(matched) else "add",
        required=True,
        format_func=MODES.__getitem__,
        key="import_how",
        label_visibility="collapsed",
    )
    _draw_import(export, sorted(ticked, key=lambda match: row[id(match)]), levels, replacing=mode == "replace")
    _draw_unmatched(unmatched)


def _may_replace(matched: Sequence[Match]) -> bool:
    """Whether to propose replacing the history: a list without ratings cannot, and own work is not thrown away."""
    return any(match.entry.stars is not None for match in matched) and not visitor_state.is_own_history()


def _draw_import(export: Export, chosen: list[Match], levels: tuple[float, ...], replacing: bool) -> None:
    before = visitor_state.current()
    visitor = import_history(before, chosen, levels, replacing=replacing)
    rated = {match.movie_id for match in chosen if match.entry.stars is not None}
    unrated = {match.movie_id for match in chosen} - rated
    if not replacing:
        rated |= before.ratings.keys()
    note = history_note(len(rated), len(unrated - rated))
    movies = say(count(len(chosen), "movie"))
    with st.container(horizontal=True):
        if st.button(
            f"Import {movies}", type="primary", key="import_take", icon=":material/check:", disabled=not chosen
        ):
            visitor_state.replace(visitor)
            added = "." if replacing else ", added to the history."
            visitor_state.note_source(f"Imported from {export.source}: {movies}{added} {note}".strip())
            state.close_dialog()
            st.rerun()
        if st.button("Cancel", key="import_cancel"):
            state.close_dialog()
            st.rerun()
    # below the buttons, so that these are in sight on a phone
    st.caption(_remarks(export, levels, note))


def _summary(export: Export, matched: Sequence[Match], unmatched: Sequence[Match]) -> str:
    rows, unsure = len(matched) + len(unmatched), sum(match.confidence == Confidence.UNSURE for match in matched)
    summary = f"{export.source}: {count(rows, 'row')}, {len(matched) - unsure:,} matched"
    if unsure:
        summary += f", {unsure:,} to decide"
    return summary + (f", {len(unmatched):,} not taken" if unmatched else "")


def _draw_matched(matched: list[Match], levels: tuple[float, ...], catalogue: Catalogue, key: str) -> list[Match]:
    """Draw the table of matches, and return those that are ticked."""
    frame = pd.DataFrame(
        {
            "take": [match.confidence >= Confidence.LIKELY for match in matched],
            "there": [_title(match) for match in matched],
            "here": [catalogue.titles[match.movie_id] for match in matched if match.movie_id is not None],
            "stars": [_rating_here(match, levels) for match in matched],
            "sure": [
                " · ".join(filter(None, (CONFIDENCE[match.confidence], match.reason, _unread_rating(match))))
                for match in matched
            ],
        }
    )
    st.caption(say("Only ticked movies are taken."))  # a short line: the toolbar of the table lies over its end
    columns = st.column_config
    edited = st.data_editor(
        frame,
        hide_index=True,
        disabled=[name for name in frame if name != "take"],
        # half a row more shows that there are others below
        height=table_height(len(frame), MAX_ROWS_SHOWN) + (ROW_HEIGHT // 2 if len(frame) > MAX_ROWS_SHOWN else 0),
        row_height=ROW_HEIGHT,
        # the first three are in sight on a phone
        column_order=["take", "here", "stars", "there", "sure"],
        column_config={
            "take": columns.CheckboxColumn("Take", width=72, pinned=True),
            "there": columns.TextColumn("In the file", width=180),
            "here": columns.TextColumn(say("Movie here"), width=144),
            "stars": columns.TextColumn(
                "Stars",
                width=92,
                help=say("The rating in the file → the rating here. “Seen” means watched, not rated."),
            ),
            "sure": columns.TextColumn("How sure", width=250),
        },
        key=key,
        alt=say("Matched movies: tick, title in the file, movie here, stars in the file and here, how sure"),
    )
    return [match for match, take in zip(matched, edited["take"], strict=True) if take]


def _draw_unmatched(unmatched: Sequence[Match]) -> None:
    if not unmatched:
        return
    with st.expander(f"{count(len(unmatched), 'row')} not taken, and why", icon=":material/block:"):
        st.dataframe(
            pd.DataFrame(
                {
                    "there": [_title(match) for match in unmatched],
                    "rating": [match.entry.rating for match in unmatched],
                    "why": [match.reason for match in unmatched],
                }
            ),
            hide_index=True,
            height=table_height(len(unmatched), MAX_ROWS_SHOWN),
            row_height=ROW_HEIGHT,
            column_order=["there", "why", "rating"],
            column_config={
                "there": st.column_config.TextColumn("In the file", width=150),
                "rating": st.column_config.TextColumn("Rating", width=64),
                "why": st.column_config.TextColumn("Why not", width=350),
            },
            alt="Rows that are not taken: title and rating in the file, and why",
        )


def _title(match: Match) -> str:
    entry = match.entry
    title = entry.title or (say(f"movie {entry.movie_id}") if entry.movie_id else "–")
    return f"{title} ({entry.year})" if entry.year else title


def _unread_rating(match: Match) -> str:
    """Name a rating in the file that cannot be read."""
    return f"rating {match.entry.rating}" if match.entry.stars is None and match.entry.rating else ""


def _rating_here(match: Match, levels: Sequence[float]) -> str:
    if match.entry.stars is None:
        return "seen"
    return f"{match.entry.rating} → {stars(to_scale(match.entry.stars, levels))}"


def _remarks(export: Export, levels: Sequence[float], note: str) -> str:
    """Say what was assumed, which movies the model reads, and what does not change."""
    remarks = [escape_markdown(remark) for remark in export.remarks]
    if HALF_STAR not in levels and any(entry.stars is not None for entry in export.entries):
        remarks.append("This model knows whole stars: 3.5 becomes 4, 2.5 becomes 3.")
    if note:
        remarks.append(note)
    remarks.append(say("Sex, age group and occupation stay as they are."))
    return " ".join(remarks)
