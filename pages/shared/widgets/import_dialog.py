"""Bring your own history: a file is read and matched; the person looks at what was made of it and then takes it."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from bst.datasets.catalogue import Catalogue
from bst.errors import BSTError
from bst.schema import to_scale
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
from pages.shared import resources
from pages.shared.format import count, escape_markdown, stars
from pages.shared.state import visitor_state

WHERE = (
    "**Letterboxd**: Settings → Data → Export your data; the zip, or the `ratings.csv` in it.  \n"
    "**IMDb**: Your ratings → the three dots → Export.  \n"
    "**MovieLens**: Preferences → Import/export → Export ratings.  \n"
    "**Trakt**: Settings → Data → Export; the zip, or a CSV or JSON file of ratings or history.  \n"
    "**A spreadsheet**: a CSV file with columns such as Title, Year, Rating and Date."
)
DATE_ORDERS: dict[DateOrder, str] = {"day-first": "The day comes first", "month-first": "The month comes first"}
SURENESS = {
    Confidence.SURE: "sure",
    Confidence.LIKELY: "likely",
    Confidence.UNSURE: "is it this one?",
}
HOW = {"replace": "Replace the history", "add": "Add as the newest"}
ROW_HEIGHT, MOST_ROWS_SHOWN = 35, 8
# of the time that a file takes: to read it; the rest is to match it
READING = 0.3


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
def render(catalogue: Catalogue, levels: tuple[float, ...]) -> None:
    """Draw the dialog: the file, then what was made of it. Nothing is changed before the last button."""
    st.markdown("Choose the file that Letterboxd, IMDb, MovieLens or Trakt gave you. It is read once and not kept.")
    number = st.session_state["import_number"]
    file = st.file_uploader(
        "File with your ratings",
        type=["csv", "zip", "txt", "tsv", "json"],
        key=f"import_file_{number}",
        label_visibility="collapsed",
    )
    if file is None:
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
        st.error(f"{escape_markdown(str(error))}.", icon=":material/error:")
        st.caption("Nothing was changed. Choose another file above.")
        return
    # another file or another order of its rows is another table: a tick must not go to another movie
    _draw_review(export, matches, levels, catalogue, f"import_table_{number}_{file.file_id}_{order}")


def _ask_date_order(example: str) -> DateOrder | None:
    """Ask what comes first in the file's dates, which decides what was watched last; None as long as nobody says."""
    return st.radio(
        f"The file has dates such as {escape_markdown(example)}, and nothing in it tells the day from the month. "
        "What was watched last depends on it.",
        list(DATE_ORDERS),
        index=None,
        format_func=DATE_ORDERS.get,
        horizontal=True,
        key=f"import_dates_{st.session_state['import_number']}",
    )


def _read(file, catalogue: Catalogue, order: DateOrder | None = None) -> tuple[Export, list[Match]]:
    """Read and match the file, once: the dialog is drawn anew with every tick."""
    dataset = resources.chosen().dataset
    file_key = (file.file_id, dataset)
    kept = st.session_state.get("import_read")
    if kept is None or kept[0] != file_key:
        kept = st.session_state["import_read"] = (file_key, {})
    if order not in kept[1]:
        words = f"Reading {escape_markdown(file.name)} and looking for its movies among {len(catalogue):,} …"
        bar = st.progress(0.0, text=words)

        def on_progress(done: int, total: int) -> None:
            bar.progress(READING + (1 - READING) * done / total, text=words)

        try:
            export = read_export(file.getvalue(), file.name, order)
            on_progress(0, 1)
            kept[1][order] = export, matcher_of(catalogue, dataset).match(export.entries, on_progress)
        finally:
            bar.empty()
    return kept[1][order]


def _draw_review(
    export: Export, matches: list[Match], levels: tuple[float, ...], catalogue: Catalogue, table_key: str
) -> None:
    found = [match for match in matches if match.movie_id is not None]
    missed = [match for match in matches if match.movie_id is None]
    st.markdown(f"**{_summary(export, found, missed)}**")
    if not found:
        st.caption("Nothing was changed.")
        _draw_missed(missed)
        return
    place = {id(match): place for place, match in enumerate(matches)}
    # what is to be decided on top, and the newest first
    found.sort(key=lambda match: (match.confidence, -place[id(match)]))
    ticked = _draw_found(found, levels, catalogue, table_key)
    _draw_missed(missed)
    how = st.segmented_control(
        "What to do with them",
        list(HOW),
        # a list without ratings has nothing to put in place of the history
        default="replace" if any(match.entry.stars is not None for match in found) else "add",
        required=True,
        format_func=HOW.get,
        key="import_how",
        label_visibility="collapsed",
    )
    chosen = sorted(ticked, key=lambda match: place[id(match)])
    replacing = how == "replace"
    before = visitor_state.current()
    visitor = import_history(before, chosen, levels, replacing=replacing)
    rated = {match.movie_id for match in chosen if match.entry.stars is not None}
    unrated = {match.movie_id for match in chosen} - rated
    if not replacing:
        rated |= before.ratings.keys()
    counts = history_note(len(rated), len(unrated - rated))
    st.caption(_remarks(export, levels, counts))
    with st.container(horizontal=True):
        if st.button(
            f"Import {count(len(chosen), 'movie')}",
            type="primary",
            key="import_take",
            icon=":material/check:",
            disabled=not chosen,
        ):
            visitor_state.replace(visitor)
            words = f"Imported from {export.source}: {count(len(chosen), 'movie')}"
            words += "." if replacing else ", added to what was there."
            st.session_state["source_note"] = (resources.chosen().dataset, visitor, f"{words} {counts}".strip())
            _close()
            st.rerun()
        if st.button("Cancel", key="import_cancel"):
            _close()
            st.rerun()


def _summary(export: Export, found: Sequence[Match], missed: Sequence[Match]) -> str:
    ask_about = sum(match.confidence == Confidence.UNSURE for match in found)
    words = f"{export.source}: {count(len(found) + len(missed), 'row')}, {len(found) - ask_about:,} matched"
    if ask_about:
        words += f", {ask_about:,} to decide"
    return words + (f", {len(missed):,} not taken" if missed else "")


def _draw_found(found: list[Match], levels: tuple[float, ...], catalogue: Catalogue, key: str) -> list[Match]:
    """Draw what was matched, and return what is ticked."""
    frame = pd.DataFrame(
        {
            "take": [match.confidence >= Confidence.LIKELY for match in found],
            "there": [_title(match) for match in found],
            "here": [catalogue.title(match.movie_id) for match in found],
            "stars": [_stars_here(match, levels) for match in found],
            "sure": [
                " · ".join(filter(None, (SURENESS[match.confidence], match.reason, _unread(match)))) for match in found
            ],
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
            "stars": columns.TextColumn(
                "Stars", width=92, help="The rating in the file, and what becomes of it here. “Seen” is not rated."
            ),
            "sure": columns.TextColumn("How sure", width=250),
        },
        key=key,
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
                    "why": [match.reason for match in missed],
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
    title = entry.title or (f"movie {entry.movie_id}" if entry.movie_id else "–")
    return f"{title} ({entry.year})" if entry.year else title


def _unread(match: Match) -> str:
    """Say what is wrong with a rating that is there but cannot be read."""
    return f"rating {match.entry.rating}" if match.entry.stars is None and match.entry.rating else ""


def _stars_here(match: Match, levels: Sequence[float]) -> str:
    if match.entry.stars is None:
        return "seen"
    return f"{match.entry.rating} → {stars(to_scale(match.entry.stars, levels))}"


def _remarks(export: Export, levels: Sequence[float], counts: str) -> str:
    """Say what was assumed, what is read of what is ticked, and what stays."""
    words = [escape_markdown(remark) for remark in export.remarks]
    if 0.5 not in levels and any(entry.stars is not None for entry in export.entries):
        words.append("This dataset has whole stars: halves are rounded up, 3.5 becomes 4.")
    words += [counts] if counts else []
    words.append("Sex, age group and occupation stay as they are.")
    return " ".join(words)
