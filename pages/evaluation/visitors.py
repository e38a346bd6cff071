"""Every user of the test, one row each: for whom the model is right, for whom it is wrong, and who they are."""

from dataclasses import replace
from functools import partial
from typing import get_args

import pandas as pd
import streamlit as st

from bst.bundles.bundle import Bundle
from bst.domain import Demographic, DemographicName, DemographicValue
from bst.evaluation.predictions import ITEM_MEAN
from bst.evaluation.user_errors import KNOWN_EVENTS, UserErrors
from bst.evaluation.user_results import UserResults
from bst.presentation import charts
from bst.presentation.user_frames import (
    BIN,
    LENGTHS,
    Part,
    UserFilter,
    baseline_of,
    error_bins,
    error_limits,
    user_table,
)
from bst.presentation.vocabulary import attribute_label, baseline_label
from bst.text import count
from pages.evaluation import single_users, state
from pages.evaluation.state import Opening
from pages.shared import real_users, resources
from pages.shared.format import ROW_HEIGHT, escape_markdown, stars, table_height, whole_stars
from pages.shared.state.controlled import controlled
from pages.shared.widgets import chart_view
from pages.shared.widgets.choice import choice
from pages.shared.wording import say

PARTS: dict[Part, str] = {
    "all": "Everybody",
    "worst": "Worst tenth",
    "best": "Best tenth",
    "beaten": "Baseline is better",
}
MAX_ROWS_SHOWN = 12
FILTER_WIDTH = 140
# of a column of demographics, in pixels: so much, and so much for each character of the longest value
CELL_WIDTH, CHARACTER_WIDTH, MOST_COLUMN_WIDTH = 34, 6, 150
# less than this is no tendency, in stars
NO_TENDENCY = 0.05


def render(bundle: Bundle) -> bool:
    """Render the section; return whether it offers to compute what it shows."""
    results = single_users.results(bundle, "visitors", "The errors of each user")
    if results is None:
        return True
    table = user_table(results.users, bundle.domain)
    st.markdown(whole_stars(_summary(table, baseline_of(results.users))))
    shown = _draw_filters(bundle, table)
    if shown.empty:
        st.info("No user passes these filters.", icon=":material/filter_alt_off:")
        return False
    _draw_table(bundle, shown, baseline_of(results.users))
    chosen = state.chosen_user()
    if chosen is None or chosen not in set(shown["user_id"]):
        chosen = int(shown["user_id"].iloc[0])
    _draw_user(bundle, results, chosen)
    return False


def _summary(table: pd.DataFrame, baseline: str | None) -> str:
    """Say how the errors are spread, and for how many users the model is better than the baseline."""
    mae = table["mae"]
    sentence = (
        f"For half of {count(len(table), 'user')} the model is off by **{mae.median():.2f} ★** or less on average; for "
        f"one in ten by more than **{mae.quantile(0.9):.2f} ★**."
    )
    if baseline is None:
        return sentence
    better = int((mae < table["baseline"]).sum())
    return f"{sentence} It is better than {baseline_label(baseline)} for **{better:,}** of them."


def _draw_filters(bundle: Bundle, table: pd.DataFrame) -> pd.DataFrame:
    """Draw the filters and the distribution of errors; return the rows that pass."""
    limits = error_limits(table)
    chosen = state.error_range(limits)
    choice("Show", get_args(Part), PARTS.__getitem__, default="all", key="visitors_part", wrap=True)
    chosen_filter = UserFilter(*_draw_groups(bundle), part=st.session_state["visitors_part"])
    before_range = chosen_filter.apply(table)
    _draw_distribution(before_range, limits, chosen)
    whole = chosen == limits
    shown = replace(chosen_filter, errors=None if whole else chosen).apply(table)
    st.caption(f"{count(len(shown), 'user')} of {len(table):,} shown.")
    return shown


def _draw_groups(bundle: Bundle) -> tuple[dict[DemographicName, list[DemographicValue]], tuple[str, ...]]:
    """Draw what groups there are to filter by; return the chosen values of each demographic, and the chosen lengths."""
    demographics = bundle.domain.demographics
    grid, chosen = st.grid(len(demographics) + 1, min_column_width=FILTER_WIDTH), {}
    for name, demographic in demographics.items():
        with grid.cell():
            chosen[name] = st.multiselect(
                attribute_label(name, bundle.domain),
                demographic.values,
                format_func=demographic.value_label,
                placeholder="All",
                key=f"visitors_group_{demographic.key}",
                persist_state="session",
            )
    with grid.cell():
        lengths = st.multiselect(
            _ratings_label(bundle), tuple(LENGTHS), placeholder="All", key="visitors_lengths", persist_state="session"
        )
    return chosen, tuple(lengths)


def _ratings_label(bundle: Bundle) -> str:
    """Say what is counted: of users who are held out whole, every rating is a test rating."""
    return say("Movies rated") if bundle.protocol == "visitor" else "Test ratings"


def _draw_distribution(rows: pd.DataFrame, limits: tuple[float, float], chosen: tuple[float, float]) -> None:
    bins = error_bins(rows, limits)
    numbers = ", ".join(f"{row.low:.2f} to {row.high:.2f}: {row.users}" for row in bins.itertuples() if row.users)
    chart_view.show(
        charts.user_errors(bins, chosen),
        f"How many users have which MAE in stars: {numbers}",
        key=state.chart_key(),
        select=partial(_choose_bar, state.chart_key(), limits),
    )
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        st.slider(
            "Errors to show, in stars: drag, or choose a bar",
            *limits,
            step=BIN,
            format="%.2f ★",
            **controlled(state.range_key(), chosen, state.drag_error_range),
        )
        st.button(
            "All errors",
            key="visitors_all_errors",
            icon=":material/close:",
            disabled=chosen == limits,
            on_click=state.drag_error_range,
            args=(limits,),
        )


def _choose_bar(key: str, limits: tuple[float, float]) -> None:
    """Show the users of the bar that was clicked; all of them after a click beside the bars."""
    bars = st.session_state[key].selection.get(charts.BIN_SELECTION, [])
    state.set_error_range((round(bars[0]["low"], 2), round(bars[0]["high"], 2)) if bars else limits)


def _draw_table(bundle: Bundle, shown: pd.DataFrame, baseline: str | None) -> None:
    ids = shown["user_id"].tolist()
    # another filter gives another table: a selected row of the old one is another user in the new one
    key = f"visitors_table_{hash(tuple(ids))}"
    columns = {
        "user": [f"User {user_id}" for user_id in ids],
        # prefixed, as a demographic may have the name of another column
        **{
            f"about_{name}": [
                "" if pd.isna(value) else demographic.value_label(value) for value in shown[name].astype(object)
            ]
            for name, demographic in bundle.domain.demographics.items()
        },
        "ratings": shown["ratings"],
        "mae": shown["mae"],
        "baseline": shown["baseline"],
        "item_mean": shown["item_mean"],
        "signed_error": shown["signed_error"],
        "listed_likes": shown["listed_likes"],
    }
    label = baseline_label(baseline) if baseline else "Baseline"
    hidden = {name for name in ("baseline", "item_mean", "listed_likes") if shown[name].isna().all()}
    hidden |= {"item_mean"} if baseline == ITEM_MEAN else set()
    st.dataframe(
        pd.DataFrame({name: values for name, values in columns.items() if name not in hidden}),
        hide_index=True,
        height=table_height(len(shown), MAX_ROWS_SHOWN),
        row_height=ROW_HEIGHT,
        key=key,
        on_select=partial(_choose_row, key, ids),
        selection_mode="single-row",
        column_config={
            "user": st.column_config.TextColumn("User", width=90),
            **{
                f"about_{name}": st.column_config.TextColumn(
                    attribute_label(name, bundle.domain), width=_column_width(demographic)
                )
                for name, demographic in bundle.domain.demographics.items()
            },
            "ratings": st.column_config.NumberColumn(_ratings_label(bundle), width=100),
            "mae": st.column_config.NumberColumn("This model", format="%.2f ★", width=95, help="MAE of this model"),
            "baseline": st.column_config.NumberColumn(label, format="%.2f ★", width=120, help=f"MAE of {label}"),
            "item_mean": st.column_config.NumberColumn(
                "Item mean", format="%.2f ★", width=90, help=say("MAE of the movies’ mean ratings")
            ),
            "signed_error": st.column_config.NumberColumn(
                "Too high or low",
                format="%+.2f ★",
                width=110,
                help="Mean of expected − given: above 0 the model expects too much of what they rate",
            ),
            "listed_likes": st.column_config.NumberColumn(
                "Liked of ten",
                width=95,
                help=say(
                    f"How many of the ten movies listed after {KNOWN_EVENTS} ratings they liked later; empty where "
                    "they rated too few movies after that"
                ),
            ),
        },
        alt=say("Users with their error, that of baselines, and how many of ten listed movies they liked later"),
    )
    st.caption(
        "MAE in stars, of each rating predicted from the ones before it. Choose a column’s name to sort, and the "
        "box in front of a row to see that user below."
    )


def _column_width(demographic: Demographic) -> int:
    """Return the width of a column of values, in pixels."""
    return min(MOST_COLUMN_WIDTH, CELL_WIDTH + CHARACTER_WIDTH * max(map(len, demographic.labels.values())))


def _choose_row(key: str, ids: list[int]) -> None:
    rows = st.session_state[key].selection.rows
    state.choose_user(ids[rows[0]] if rows else None)


def _draw_user(bundle: Bundle, results: UserResults, user_id: int) -> None:
    row = results.user(user_id)
    with st.container(border=True, key="visitors_user_card"):
        labels = say(count(row.labels, "rating" if bundle.protocol == "visitor" else "test rating"))
        person = " · ".join(filter(None, (f"User {user_id}", real_users.describe(row.demographics), labels)))
        st.header(escape_markdown(person), anchor=False)
        st.markdown(whole_stars(_describe(bundle, row)))
        with st.container(horizontal=True, gap="small"):
            for target, label, icon, opening in (
                ("why", "Open in Why", "visibility", Opening("why", user_id, row.worst_history, row.worst_movie_id)),
                ("recommend", "Open in Recommend", "recommend", Opening("recommend", user_id)),
                ("replay", "Replay", "replay", Opening("replay", user_id)),
            ):
                if target != "replay" or bundle.protocol == "visitor":
                    st.button(
                        label,
                        key=f"visitors_{target}",
                        icon=f":material/{icon}:",
                        help=say(HELP[target]),
                        on_click=state.open_elsewhere,
                        args=(opening,),
                    )


HELP = {
    "why": "Why the model was so wrong about that one movie, with the user as they were just before",
    "recommend": "Make this user the visitor, with all their ratings",
    "replay": "Follow this user rating by rating",
}


def _describe(bundle: Bundle, row: UserErrors) -> str:
    """Return what is known of a user's errors, in sentences."""
    others = ", ".join(f"{baseline_label(name)} {mae:.2f} ★" for name, mae in row.baselines.items())
    sentences = [f"Off by **{row.mae:.2f} ★** on average" + (f" ({others})." if others else ".")]
    if abs(row.signed_error) >= NO_TENDENCY:
        direction = "more" if row.signed_error > 0 else "less"
        sentences.append(f"The model expects {abs(row.signed_error):.2f} ★ {direction} than they give.")
    title = escape_markdown(resources.catalogue(bundle.dataset).title(row.worst_movie_id))
    sentences.append(
        f"Furthest off: **{title}**, after {count(row.worst_history, 'rating')}: expected "
        f"{row.worst_expected:.1f} ★, given {stars(row.worst_actual)}."
    )
    if row.listed_likes is not None:
        sentences.append(
            say(f"Of the ten movies that it lists after {KNOWN_EVENTS} ratings, they liked {row.listed_likes} later.")
        )
    return " ".join(sentences)
