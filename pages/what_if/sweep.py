"""One setting of the visitor varied: what the model expects of a few movies at each of its values."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from bst.bundles.user_groups import FEW_PEOPLE
from bst.domain import AGE_LABELS, AGES, OCCUPATIONS, SEX_LABELS, SEXES
from bst.inference.recommender import Recommender
from bst.presentation import charts
from bst.schema import Visitor
from bst.what_if import DemographicSweep, HistoryLengthSweep, PositionSweep, RatingSweep, demographics
from bst.what_if import sweep as sweep_parameter
from bst.what_if.edits import ordinal
from bst.what_if.sweeps import SweepParameter
from pages.shared import turns
from pages.shared.format import escape_markdown, stars
from pages.shared.state import settings, visitor_state
from pages.shared.state.session_cache import cached, model_key
from pages.shared.widgets import chart_view, list_controls, movie_box
from pages.what_if import suggestions

TITLE = "Vary one setting"


@dataclass(frozen=True)
class Parameter:
    """A setting that can be varied: what it is called in the control, on the axis and as the subject of a sentence.

    "{}" stands for a movie of the history.
    """

    label: str
    axis: str = ""
    subject: str = ""


EVERYONE = "everyone"
# by the names that links have for them
PARAMETERS = {
    "rating": Parameter("Rating of a movie", "Rating of {}", "Their rating of {}"),
    "position": Parameter("Position of a movie", "Position of {} in the history", "The position of {} in the history"),
    "last": Parameter("Length of history", "Newest movies that are kept", "The length of the history"),
    "sex": Parameter("Sex", "Sex", "Their sex"),
    "age": Parameter("Age group", "Age group", "Their age"),
    "occupation": Parameter("Occupation", "Occupation", "Their occupation"),
    EVERYONE: Parameter(f"All {len(SEXES) * len(AGES) * len(OCCUPATIONS)} combinations of sex, age and occupation"),
}
OF_A_MOVIE = ("rating", "position")
OF_HISTORY = (*OF_A_MOVIE, "last")
# values without an order, drawn as points
UNORDERED = ("sex", "occupation")
MAX_MOVIES, DEFAULT_MOVIES = 5, 3
# unless movies are chosen, those to show are looked for among so many, at so many values
TRIED_MOVIES, MAX_TRIED_VALUES = 50, 6
# no line ends beside it
NO_BREAK = "\N{WORD JOINER}"
# changes below this are not worth a word, in stars
NOTICEABLE = 0.05
# the colours of the heatmaps span at least twice this, in stars, so that small differences look small
MIN_HALF_RANGE = 0.25


def render(recommender: Recommender, headline: DeltaGenerator) -> None:
    """Draw the view; its sentence goes into ``headline``."""
    visitor = visitor_state.current()
    _make_settings_valid(recommender, visitor)
    event, grid = None, st.grid(3, min_column_width=210)
    with grid.cell():
        name = _draw_parameter(visitor)
    if name in OF_A_MOVIE:
        with grid.cell():
            event = _draw_event(recommender, visitor)
    with grid.cell():
        movies = _draw_movies(recommender, visitor, name, event)
    if name == EVERYONE:
        sentence = _draw_everyone(recommender, visitor, movies[0])
    else:
        sentence = _draw_sweep(recommender, visitor, movies, name, event)
    with headline:
        st.title(escape_markdown(sentence), anchor=False)


def _make_settings_valid(recommender: Recommender, visitor: Visitor) -> None:
    """Make the settings fit: another model may know other movies, and the visitor may have changed."""
    history = list(visitor.ratings)
    known = [movie_id for movie_id in settings.get("sweep_movies") if movie_id in recommender.catalogue]
    settings.update(sweep_movies=known[:MAX_MOVIES])
    if settings.get("sweep_event") not in history:
        settings.update(sweep_event=_strongest_event(recommender, visitor) if history else None)
    if settings.get("sweep_parameter") in OF_HISTORY and not history:
        settings.update(sweep_parameter="age")


def _strongest_event(recommender: Recommender, visitor: Visitor) -> int:
    """Return the movie of the history that moves the top of the list most."""
    options = list_controls.unfiltered(recommender)
    return cached(
        "strongest_event",
        model_key(recommender, visitor, options),
        lambda: suggestions.by_influence(recommender, visitor, options)[0].movie_id,
    )


def _draw_parameter(visitor: Visitor) -> str:
    st.selectbox(
        "Setting to vary",
        [name for name in PARAMETERS if visitor.history or name not in OF_HISTORY],
        format_func=lambda name: PARAMETERS[name].label,
        key=settings.key("sweep_parameter"),
        persist_state="session",
    )
    return settings.get("sweep_parameter")


def _draw_event(recommender: Recommender, visitor: Visitor) -> int:
    movie_box.selectbox(
        recommender.catalogue,
        "Movie in the history",
        list(reversed(visitor.ratings)),
        format_func=lambda movie_id: f"{stars(visitor.ratings[movie_id])} · {recommender.catalogue.title(movie_id)}",
        key=settings.key("sweep_event"),
        persist_state="session",
    )
    return settings.get("sweep_event")


def _draw_movies(recommender: Recommender, visitor: Visitor, name: str, event: int | None) -> list[int]:
    titles = recommender.catalogue.titles
    chosen = st.multiselect(
        "Movies to predict",
        list(titles),
        format_func=recommender.catalogue.search_labels.__getitem__,
        max_selections=MAX_MOVIES,
        placeholder="The first of the list" if name == EVERYONE else "The most and the least moved",
        key=settings.key("sweep_movies"),
        persist_state="session",
        help=f"Up to {MAX_MOVIES}. If empty, of the first {TRIED_MOVIES} of the list: the first, the one that rises "
        "most, and the one that falls most or rises least.",
    )
    if name == EVERYONE:
        st.caption("Only the first of them is shown.")
    if chosen:
        return chosen
    options = list_controls.unfiltered(recommender)
    listed = [row.movie_id for row in recommender.rank(visitor, TRIED_MOVIES, options)]
    if name == EVERYONE or len(listed) <= DEFAULT_MOVIES:
        return listed[:DEFAULT_MOVIES]
    return cached(
        "telling_movies",
        model_key(recommender, visitor, tuple(listed), name, event),
        lambda: telling_movies(recommender, visitor, listed, _parameter(name, event)),
        in_turn=turns.is_long(visitor),
    )


def telling_movies(
    recommender: Recommender, visitor: Visitor, listed: Sequence[int], parameter: SweepParameter
) -> list[int]:
    """Return three of the listed movies: the first, the one that a parameter raises most, and the one it lowers most.

    From its first value to its last or, where values have no order, by the range of all.
    """
    changes = sweep_parameter(recommender, visitor, listed, parameter, MAX_TRIED_VALUES)
    expected = changes.pivot(index="movie_id", columns="place", values="expected").loc[list(listed)].to_numpy()
    ordered = not (isinstance(parameter, DemographicSweep) and parameter.name in UNORDERED)
    first = int(isinstance(parameter, DemographicSweep))  # after "unknown"
    change = expected[:, -1] - expected[:, first] if ordered else np.ptp(expected, axis=1)
    by_change = np.argsort(-change, kind="stable").tolist()
    rows = dict.fromkeys([0, by_change[0], by_change[-1], *by_change])
    return [listed[row] for row in list(rows)[:DEFAULT_MOVIES]]


def _draw_sweep(recommender: Recommender, visitor: Visitor, movies: list[int], name: str, event: int | None) -> str:
    parameter = PARAMETERS[name]
    predictions = cached(
        "sweep",
        model_key(recommender, visitor, tuple(movies), name, event),
        lambda: sweep_parameter(recommender, visitor, movies, _parameter(name, event)),
        in_turn=turns.is_long(visitor),
    )
    title = "" if event is None else recommender.catalogue.title(event)
    axis, levels = parameter.axis.format(title), recommender.bundle.levels
    ink, _ = chart_view.text_and_background()
    chart = (charts.sweep_points if name in UNORDERED else charts.sweep_lines)(predictions, levels, axis, ink)
    sentence = _sentence(predictions, parameter.subject.format(title), name)
    chart_view.show(chart, f"Expected ratings by {axis}: {sentence}")
    pointing = " Point at a dot, or tap it, for how likely each rating is." if _has_distribution(predictions) else ""
    st.caption(f"Everything else about the visitor stays as it is.{pointing}{_unread(recommender, name)}")
    _draw_numbers(predictions, axis)
    return sentence


def _unread(recommender: Recommender, name: str) -> str:
    """Say so if the model does not read the setting that is varied."""
    if name in OF_HISTORY or recommender.bundle.config.reads_demographics:
        return ""
    return " This model does not read sex, age or occupation."


def _parameter(name: str, event: int | None) -> SweepParameter:
    if event is not None:
        return RatingSweep(event) if name == "rating" else PositionSweep(event)
    return HistoryLengthSweep() if name == "last" else DemographicSweep(name)


def _has_distribution(predictions: pd.DataFrame) -> bool:
    return bool(predictions["distribution"].notna().any())


def _lowest_and_highest(predictions: pd.DataFrame) -> tuple[Any, Any]:
    rows = list(predictions.itertuples())
    return min(rows, key=lambda row: row.expected), max(rows, key=lambda row: row.expected)


def _sentence(predictions: pd.DataFrame, subject: str, name: str) -> str:
    """Return which movie moves most, between which values."""
    ends = {title: _lowest_and_highest(rows) for title, rows in predictions.groupby("title", sort=False)}
    title, (low, high) = max(ends.items(), key=lambda item: item[1][1].expected - item[1][0].expected)
    if high.expected - low.expected < NOTICEABLE:
        return f"{subject} hardly matters here: no movie moves by more than {NOTICEABLE:g} stars"
    most = "" if len(ends) == 1 else " most"
    lowest, highest = _distinguishable(low.expected, high.expected)
    return (
        f"{subject} moves {title}{most}: from {lowest} ({_value_in_words(name, low.setting)}) to {highest} "
        f"({_value_in_words(name, high.setting)})"
    )


def _distinguishable(low: float, high: float) -> tuple[str, str]:
    """Return two ratings as text, with as many decimals as tell them apart."""
    decimals = 1 if f"{low:.1f}" != f"{high:.1f}" else 2
    return f"{low:.{decimals}f} ★", f"{high:.{decimals}f} ★"


def _value_in_words(name: str, value: str) -> str:
    """Return a value of a setting as it stands in a sentence."""
    if name == "position":
        return "newest" if value == "1" else f"{ordinal(int(value))} newest"
    if name == "last":
        return "the newest alone" if value == "1" else f"the newest {value}" if int(value) else "none"
    if name == "rating":
        return f"rated {value}"
    return value if value.startswith("K-12") else value[0].lower() + value[1:]


def _draw_numbers(predictions: pd.DataFrame, axis: str) -> None:
    with st.expander("The numbers", icon=":material/table:"):
        columns = ["title", "setting", "expected"]
        if _has_distribution(predictions):
            columns.append("distribution")
        st.dataframe(
            predictions[columns],
            hide_index=True,
            height=300,
            column_config={
                "title": st.column_config.TextColumn("Movie"),
                "setting": st.column_config.TextColumn(axis),
                "expected": st.column_config.NumberColumn("Rating", format="%.2f ★"),
                "distribution": st.column_config.BarChartColumn("Stars", y_min=0, y_max=0.8),
            },
            alt="The numbers of the picture above",
        )


def _draw_everyone(recommender: Recommender, visitor: Visitor, movie_id: int) -> str:
    """Draw the expected rating for every sex, age group and occupation, one heatmap for each sex."""
    predictions = cached(
        "everyone",
        model_key(recommender, visitor, movie_id),
        lambda: demographics(recommender, visitor, movie_id),
        in_turn=True,
    )
    title, levels = recommender.catalogue.title(movie_id), recommender.bundle.levels
    shown = predictions[(predictions["people"] != 0) | predictions["current"]]
    middle = (shown["expected"].min() + shown["expected"].max()) / 2
    half = max(MIN_HALF_RANGE, (shown["expected"].max() - shown["expected"].min()) / 2)
    sentence = _everyone_sentence(predictions, title)
    occupations = shown.groupby("occupation")["expected"].mean().sort_values(ascending=False).index.tolist()
    labelled = shown.assign(title=title, age=shown["age"].map(AGE_LABELS))
    grid = st.grid(2, min_column_width=320)
    for sex in SEXES:
        with grid.cell():
            st.markdown(f"**{SEX_LABELS[sex]}**")
            chart_view.show(
                charts.demographic_grid(
                    labelled[labelled["sex"] == sex], occupations, levels, (middle - half, middle + half)
                ),
                f"Expected rating of {title} by age group and occupation, {SEX_LABELS[sex]}: {sentence}",
            )
    is_known = predictions["current"].any()
    st.caption(
        "Expected rating for every age group (columns) and occupation (rows, the highest on top); the history stays "
        f"the same. {_people_in_words(predictions)}"
        + ("The frame marks the visitor." if is_known else "The visitor’s own are not all known, so no cell is framed.")
        + _unread(recommender, EVERYONE)
    )
    return sentence


def _people_in_words(predictions: pd.DataFrame) -> str:
    """Return how many combinations there are people of, for the caption; nothing if that was not counted."""
    people = predictions["people"]
    if people.isna().all():
        return ""
    return (
        f"The dataset has people of {int((people > 0).sum())} of the {len(people)} combinations; the cells of the "
        f"others are empty. The sentence is about those with {FEW_PEOPLE} people or more. "
    )


def _everyone_sentence(predictions: pd.DataFrame, title: str) -> str:
    many = predictions[predictions["people"] >= FEW_PEOPLE]
    low, high = _lowest_and_highest(predictions if many.empty else many)
    if high.expected - low.expected < NOTICEABLE:
        return f"Sex, age and occupation hardly matter here: {title} keeps {low.expected:.1f} ★"
    lowest, highest = _distinguishable(low.expected, high.expected)
    return f"Sex, age and occupation move {title}: from {lowest} ({_person(low)}) to {highest} ({_person(high)})"


def _person(row: Any) -> str:
    age = AGE_LABELS[row.age].lower().replace("–", f"{NO_BREAK}–{NO_BREAK}")
    person = f"{SEX_LABELS[row.sex].lower()}, {age}, {row.occupation}"
    return f"{person}; {int(row.people):,} people" if row.people >= FEW_PEOPLE else person
