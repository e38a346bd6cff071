"""One knob turned: what the model expects of a few movies at each of its settings."""

from collections.abc import Hashable

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from bst.inference.recommender import Recommender
from bst.presentation import charts
from bst.schema import AGE_LABELS, SEX_LABELS, SEXES, Visitor
from bst.what_if import DemographicSweep, HistoryLengthSweep, PositionSweep, RatingSweep, demographics
from bst.what_if import sweep as turn
from bst.what_if.edits import ordinal
from pages.shared.format import escape_markdown, stars
from pages.shared.state import settings, visitor_state
from pages.shared.state.session_cache import cached, model_key
from pages.shared.widgets import chart_view

# the word on the control, what the axis says, and how a sentence about it begins; {} is a movie of the history
KNOBS = {
    "rating": ("Rating of a movie", "Rating of {}", "Their rating of {}"),
    "position": ("Place of a movie", "Place of {} in the history", "The place of {} in the history"),
    "last": ("Length of history", "Newest movies that count", "The length of the history"),
    "sex": ("Sex", "Sex", "Their sex"),
    "age": ("Age group", "Age group", "Their age"),
    "occupation": ("Occupation", "Occupation", "Their occupation"),
    "everyone": ("All 294 combinations", "", ""),
}
OF_A_MOVIE = ("rating", "position")
OF_HISTORY = (*OF_A_MOVIE, "last")
POINTS = ("sex", "occupation")
MOST_MOVIES, AT_FIRST = 5, 3
HARDLY = 0.05


def render(recommender: Recommender, headline: DeltaGenerator) -> None:
    """Draw the part; its sentence goes into ``headline``."""
    visitor = visitor_state.current()
    _clean(recommender, visitor)
    event, grid = None, st.grid(3, min_column_width=210)
    with grid.cell():
        knob = _draw_knob(visitor)
    if knob in OF_A_MOVIE:
        with grid.cell():
            event = _draw_event(recommender, visitor)
    with grid.cell():
        movies = _draw_movies(recommender, visitor, knob)
    draw_it = _draw_everyone if knob == "everyone" else _draw_sweep
    sentence = draw_it(recommender, visitor, movies, knob, event)
    with headline:
        st.title(escape_markdown(sentence), anchor=False)


def _clean(recommender: Recommender, visitor: Visitor) -> None:
    """Make the settings fit: another model may know other movies, and the visitor may have changed."""
    known, history = recommender.catalogue, list(visitor.ratings)
    names = {name: settings.key(name) for name in ("sweep_knob", "sweep_movies", "sweep_event")}
    state = st.session_state
    state[names["sweep_movies"]] = [i for i in state[names["sweep_movies"]] if i in known][:MOST_MOVIES]
    if state[names["sweep_event"]] not in history:
        state[names["sweep_event"]] = history[-1] if history else None
    if state[names["sweep_knob"]] in OF_HISTORY and not history:
        state[names["sweep_knob"]] = "age"


def _draw_knob(visitor: Visitor) -> str:
    options = [name for name in KNOBS if visitor.history or name not in OF_HISTORY]
    return st.selectbox(
        "Knob to turn",
        options,
        format_func=lambda name: KNOBS[name][0],
        key=settings.key("sweep_knob"),
        persist_state="session",
    )


def _draw_event(recommender: Recommender, visitor: Visitor) -> int:
    ratings = {event.movie_id: event.rating for event in reversed(visitor.history)}
    return st.selectbox(
        "Movie in the history",
        list(ratings),
        format_func=lambda i: f"{stars(ratings[i])} · {recommender.catalogue.title(i)}",
        key=settings.key("sweep_event"),
        persist_state="session",
    )


def _draw_movies(recommender: Recommender, visitor: Visitor, knob: str) -> list[int]:
    best = [row.movie_id for row in recommender.rank(visitor, AT_FIRST)]
    titles = recommender.catalogue.movies.set_index("movie_id")["title"].to_dict()
    chosen = st.multiselect(
        "Movies to predict",
        list(titles),
        format_func=titles.get,
        max_selections=MOST_MOVIES,
        placeholder="The first of the list",
        key=settings.key("sweep_movies"),
        persist_state="session",
        help=f"Up to {MOST_MOVIES}. Left empty: the first {AT_FIRST} of the list by rating.",
    )
    if knob == "everyone":
        st.caption("The first of them is shown.")
    return chosen or best


def _draw_sweep(recommender: Recommender, visitor: Visitor, movies: list[int], knob: str, event: int | None) -> str:
    made = cached(
        "sweep",
        model_key(recommender, visitor, tuple(movies), knob, event),
        lambda: turn(recommender, visitor, movies, _knob(knob, event)),
    )
    title = "" if event is None else recommender.catalogue.title(event)
    axis, levels = KNOBS[knob][1].format(title), recommender.bundle.levels
    ink, _ = chart_view.text_and_background()
    chart = (charts.sweep_points if knob in POINTS else charts.sweep_lines)(made, levels, axis, ink)
    sentence = _sentence(made, KNOBS[knob][2].format(title), knob)
    chart_view.show(chart, f"Expected ratings by {axis}: {sentence}")
    with_shares = " Hover over a point for how likely each rating is." if _has_shares(made) else ""
    st.caption(f"Everything else about the visitor stays as it is.{with_shares}{_unread(recommender, knob)}")
    _draw_numbers(made, axis)
    return sentence


def _unread(recommender: Recommender, knob: str) -> str:
    """Say so if the model does not know what a knob turns."""
    if knob in OF_HISTORY or recommender.bundle.config.reads_demographics:
        return ""
    return " This model does not read who the visitor is."


def _knob(name: str, event: int | None):
    if name == "rating":
        return RatingSweep(event)
    if name == "position":
        return PositionSweep(event)
    return HistoryLengthSweep() if name == "last" else DemographicSweep(name)


def _has_shares(made: pd.DataFrame) -> bool:
    return made["distribution"].notna().any()


def _sentence(made: pd.DataFrame, start: str, knob: str) -> str:
    """Say which movie moves most, between which settings."""
    spread = made.groupby("title", sort=False)["expected"].agg(lambda values: values.max() - values.min())
    title = spread.idxmax()
    if spread[title] < HARDLY:
        return f"{start} hardly matters here: no movie moves by more than {HARDLY:g} stars"
    rows = made[made["title"] == title]
    low, high = rows.loc[rows["expected"].idxmin()], rows.loc[rows["expected"].idxmax()]
    most = "" if len(spread) == 1 else " most"
    least_words, most_words = (_setting_words(knob, row["setting"]) for row in (low, high))
    least, greatest = _apart(low["expected"], high["expected"])
    return f"{start} moves {title}{most}: from {least} ({least_words}) to {greatest} ({most_words})"


def _apart(low: float, high: float) -> tuple[str, str]:
    """Return two ratings in words, with as many decimals as tell them apart."""
    decimals = 1 if f"{low:.1f}" != f"{high:.1f}" else 2
    return f"{low:.{decimals}f} ★", f"{high:.{decimals}f} ★"


def _setting_words(knob: str, setting: str) -> str:
    """Return a setting as it stands in a sentence."""
    if knob == "position":
        return "newest" if setting == "1" else f"{ordinal(int(setting))} newest"
    if knob == "last":
        return "the newest alone" if setting == "1" else f"the newest {setting}" if int(setting) else "none"
    if knob == "rating":
        return f"rated {setting}"
    return setting if setting.startswith("K-12") else setting[0].lower() + setting[1:]


def _draw_numbers(made: pd.DataFrame, axis: str) -> None:
    with st.expander("The numbers", icon=":material/table:"):
        columns = ["title", "setting", "expected"] + (["distribution"] if _has_shares(made) else [])
        st.dataframe(
            made[columns],
            hide_index=True,
            height=300,
            column_config={
                "title": st.column_config.TextColumn("Movie"),
                "setting": st.column_config.TextColumn(axis or "Who"),
                "expected": st.column_config.NumberColumn("Rating", format="%.2f ★"),
                "distribution": st.column_config.BarChartColumn("Stars", y_min=0, y_max=0.8),
            },
            alt="The numbers of the picture above",
        )


def _draw_everyone(
    recommender: Recommender, visitor: Visitor, movies: list[int], knob: str, event: Hashable = None
) -> str:
    movie = movies[0]
    made = cached("everyone", model_key(recommender, visitor, movie), lambda: demographics(recommender, visitor, movie))
    title, levels = recommender.catalogue.title(movie), recommender.bundle.levels
    grid = made.assign(title=title, age_name=made["age"].map(AGE_LABELS))
    ranked = grid.groupby("occupation")["expected"].mean().sort_values(ascending=False).index
    grid = grid.set_index("occupation").loc[ranked].reset_index()
    middle = (made["expected"].min() + made["expected"].max()) / 2
    half = max(0.25, (made["expected"].max() - made["expected"].min()) / 2)
    sentence = _everyone_sentence(grid, title)
    cells = st.grid(2, min_column_width=320)
    for sex in SEXES:
        with cells.cell():
            st.markdown(f"**{SEX_LABELS[sex]}**")
            rows = grid[grid["sex"] == sex].assign(age=lambda frame: frame["age_name"])
            chart = charts.demographic_grid(rows, levels, (middle - half, middle + half))
            chart_view.show(
                chart, f"Expected rating of {title} by age group and occupation, {SEX_LABELS[sex]}: {sentence}"
            )
    st.caption(
        "Expected rating for every age group (columns) and occupation (rows, the highest on top); the history stays. "
        + ("The frame marks the visitor." if grid["current"].any() else "The visitor's own are not all known.")
        + _unread(recommender, "everyone")
    )
    return sentence


def _everyone_sentence(grid: pd.DataFrame, title: str) -> str:
    low, high = grid.loc[grid["expected"].idxmin()], grid.loc[grid["expected"].idxmax()]
    if high["expected"] - low["expected"] < HARDLY:
        return f"Sex, age and occupation hardly matter here: {title} keeps {low['expected']:.1f} ★"
    least, greatest = _apart(low["expected"], high["expected"])
    return f"Sex, age and occupation move {title}: from {least} ({_who(low)}) to {greatest} ({_who(high)})"


def _who(row: pd.Series) -> str:
    return f"{SEX_LABELS[row['sex']].lower()}, {row['age_name'].lower()}, {row['occupation']}"
