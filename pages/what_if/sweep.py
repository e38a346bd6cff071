"""One setting of the visitor varied: what the model expects of a few movies at each of its values."""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from bst.bundles.user_groups import FEW_PEOPLE, groups_of
from bst.domain import Demographic, Domain
from bst.inference.recommender import Recommender
from bst.presentation import charts
from bst.schema import Visitor
from bst.what_if import DemographicSweep, HistoryLengthSweep, PositionSweep, RatingSweep, demographics
from bst.what_if import sweep as sweep_parameter
from bst.what_if.edits import ordinal
from bst.what_if.sweeps import SweepParameter
from bst.wording import enumerated
from pages.shared import turns
from pages.shared.format import capitalised, escape_markdown, stars
from pages.shared.state import settings, visitor_state
from pages.shared.state.session_cache import cached, model_key
from pages.shared.widgets import chart_view, list_controls, movie_box
from pages.shared.wording import say, say_labels
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
HISTORY_PARAMETERS = {
    "rating": Parameter("Rating of a movie", "Rating of {}", "Their rating of {}"),
    "position": Parameter("Position of a movie", "Position of {} in the history", "The position of {} in the history"),
    "last": Parameter("Length of history", "Newest movies that are kept", "The length of the history"),
}
OF_A_MOVIE = ("rating", "position")
OF_HISTORY = (*OF_A_MOVIE, "last")
# of demographics, only these have values with an order, which are drawn as lines
ORDERED = ("age",)
# of all combinations, so many pictures are drawn at most: of two demographics each
MOST_PICTURES = 6
MAX_MOVIES, DEFAULT_MOVIES = 5, 3
# unless movies are chosen, those to show are looked for among so many, at so many values
TRIED_MOVIES, MAX_TRIED_VALUES = 50, 6
# no line ends beside it
NO_BREAK = "\N{WORD JOINER}"
# changes below this are not worth a word, in stars
NOTICEABLE = 0.05
# the colours of the heatmaps span at least twice this, in stars, so that small differences look small
MIN_HALF_RANGE = 0.25


def parameters(domain: Domain) -> dict[str, Parameter]:
    """Return what can be varied where a dataset is about this, by the names that links have for it."""
    found = {name: parameter for name, parameter in HISTORY_PARAMETERS.items() if domain.rated or name != "rating"}
    for demographic in domain.demographics.values():
        label = capitalised(demographic.label)
        found[demographic.key] = Parameter(label, label, f"Their {_short(demographic)}")
    pictures = _Pictures.of(domain)
    if pictures:
        names = enumerated(tuple(map(_short, domain.demographics.values())), "and")
        found[EVERYONE] = Parameter(f"All {len(groups_of(domain))} combinations of {names}")
    return found


def _short(demographic: Demographic) -> str:
    """Return what a demographic is called within a sentence: "age", not "age group"."""
    return demographic.label.removesuffix(" group")


@dataclass(frozen=True)
class _Pictures:
    """How all combinations of demographics are drawn: those with most values are the rows and the columns of a picture,
    and there is one for each combination of the ``others``.
    """

    rows: Demographic
    columns: Demographic
    others: tuple[Demographic, ...]

    @classmethod
    def of(cls, domain: Domain) -> "_Pictures | None":
        """Return how to draw them; None where there are no combinations, or too many."""
        demographics = tuple(domain.demographics.values())
        if not groups_of(domain) or len(demographics) <= 1:
            return None
        rows, columns, *_ = sorted(demographics, key=lambda demographic: -len(demographic.values))
        others = tuple(one for one in demographics if one not in (rows, columns))
        pictures = cls(rows, columns, others)
        return pictures if math.prod(len(one.values) for one in others) <= MOST_PICTURES else None


def render(recommender: Recommender, headline: DeltaGenerator) -> None:
    """Draw the view; its sentence goes into ``headline``."""
    visitor = visitor_state.current()
    _make_settings_valid(recommender, visitor)
    event, grid = None, st.grid(3, min_column_width=210)
    with grid.cell():
        name = _draw_parameter(recommender.domain, visitor)
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
    offered = _offered(recommender.domain, visitor)
    if offered and settings.get("sweep_parameter") not in offered:
        by_age = "age" if "age" in offered else next(iter(offered))
        settings.update(sweep_parameter=next(iter(offered)) if history else by_age)


def _offered(domain: Domain, visitor: Visitor) -> dict[str, Parameter]:
    """Return what can be varied about a visitor."""
    return {
        name: parameter for name, parameter in parameters(domain).items() if visitor.history or name not in OF_HISTORY
    }


def _strongest_event(recommender: Recommender, visitor: Visitor) -> int:
    """Return the movie of the history that moves the top of the list most."""
    options = list_controls.unfiltered(recommender)
    return cached(
        "strongest_event",
        model_key(recommender, visitor, options),
        lambda: suggestions.by_influence(recommender, visitor, options)[0].movie_id,
    )


def _draw_parameter(domain: Domain, visitor: Visitor) -> str:
    offered = _offered(domain, visitor)
    st.selectbox(
        "Setting to vary",
        list(offered),
        format_func=say_labels(lambda name: offered[name].label),
        key=settings.key("sweep_parameter"),
        persist_state="session",
    )
    return settings.get("sweep_parameter")


def _draw_event(recommender: Recommender, visitor: Visitor) -> int:
    movie_box.selectbox(
        recommender.catalogue,
        say("Movie in the history"),
        list(reversed(visitor.ratings)),
        format_func=lambda movie_id: f"{stars(visitor.ratings[movie_id])} · {recommender.catalogue.title(movie_id)}",
        key=settings.key("sweep_event"),
        persist_state="session",
    )
    return settings.get("sweep_event")


def _draw_movies(recommender: Recommender, visitor: Visitor, name: str, event: int | None) -> list[int]:
    titles = recommender.catalogue.titles
    chosen = st.multiselect(
        say("Movies to predict"),
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
        lambda: telling_movies(recommender, visitor, listed, _parameter(recommender.domain, name, event)),
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
    ordered = not isinstance(parameter, DemographicSweep) or parameter.name in ORDERED
    first = int(isinstance(parameter, DemographicSweep))  # after "unknown"
    change = expected[:, -1] - expected[:, first] if ordered else np.ptp(expected, axis=1)
    by_change = np.argsort(-change, kind="stable").tolist()
    rows = dict.fromkeys([0, by_change[0], by_change[-1], *by_change])
    return [listed[row] for row in list(rows)[:DEFAULT_MOVIES]]


def _draw_sweep(recommender: Recommender, visitor: Visitor, movies: list[int], name: str, event: int | None) -> str:
    parameter = parameters(recommender.domain)[name]
    predictions = cached(
        "sweep",
        model_key(recommender, visitor, tuple(movies), name, event),
        lambda: sweep_parameter(recommender, visitor, movies, _parameter(recommender.domain, name, event)),
        in_turn=turns.is_long(visitor),
    )
    title = "" if event is None else recommender.catalogue.title(event)
    axis, levels = say(parameter.axis).format(title), recommender.bundle.levels
    ink, _ = chart_view.text_and_background()
    lines = name in OF_HISTORY or name in ORDERED
    chart = (charts.sweep_lines if lines else charts.sweep_points)(predictions, levels, axis, ink)
    sentence = _sentence(predictions, say(parameter.subject).format(title), name)
    # the axis may name a title, which is no text of ours
    chart_view.show(chart, f"Expected ratings by {axis}: {sentence}", titles_are_final=say(title) != title)
    pointing = " Point at a dot, or tap it, for how likely each rating is." if _has_distribution(predictions) else ""
    st.caption(f"Everything else about the visitor stays as it is.{pointing}{_unread(recommender, name)}")
    _draw_numbers(predictions, axis)
    return sentence


def _unread(recommender: Recommender, name: str) -> str:
    """Say so if the model does not read the setting that is varied."""
    if name in OF_HISTORY or recommender.bundle.config.reads_demographics:
        return ""
    return say(" This model does not read sex, age or occupation.")


def _parameter(domain: Domain, name: str, event: int | None) -> SweepParameter:
    if event is not None:
        return RatingSweep(event) if name == "rating" else PositionSweep(event)
    if name == "last":
        return HistoryLengthSweep()
    return DemographicSweep(next(one.name for one in domain.demographics.values() if one.key == name))


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
        return f"{subject} hardly matters here: {say('no movie moves')} by more than {NOTICEABLE:g} stars"
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
                "title": st.column_config.TextColumn(say("Movie")),
                "setting": st.column_config.TextColumn(axis),
                "expected": st.column_config.NumberColumn("Rating", format="%.2f ★"),
                "distribution": st.column_config.BarChartColumn("Stars", y_min=0, y_max=0.8),
            },
            alt="The numbers of the picture above",
        )


def _draw_everyone(recommender: Recommender, visitor: Visitor, movie_id: int) -> str:
    """Draw the expected rating for all combinations of demographics, such as one heatmap for each sex."""
    predictions = cached(
        "everyone",
        model_key(recommender, visitor, movie_id),
        lambda: demographics(recommender, visitor, movie_id),
        in_turn=True,
    )
    title, pictures = recommender.catalogue.title(movie_id), _Pictures.of(recommender.domain)
    assert pictures is not None  # otherwise it is not offered
    shown = predictions[(predictions["people"] != 0) | predictions["current"]]
    sentence = _everyone_sentence(recommender.domain, predictions, title)
    _draw_pictures(recommender, pictures, shown.assign(title=title), sentence)
    is_known = predictions["current"].any()
    st.caption(
        f"Expected rating for every {pictures.columns.label} (columns) and {pictures.rows.label} (rows, the highest on "
        f"top); the history stays the same. {_people_in_words(predictions)}"
        + ("The frame marks the visitor." if is_known else "The visitor’s own are not all known, so no cell is framed.")
        + _unread(recommender, EVERYONE)
    )
    return sentence


def _draw_pictures(recommender: Recommender, pictures: _Pictures, shown: pd.DataFrame, sentence: str) -> None:
    """Draw a heatmap for each combination of what is neither in rows nor in columns."""
    rows, columns = pictures.rows, pictures.columns
    middle = (shown["expected"].min() + shown["expected"].max()) / 2
    half = max(MIN_HALF_RANGE, (shown["expected"].max() - shown["expected"].min()) / 2)
    labelled = shown.assign(column=shown[columns.name].map(columns.labels), row=shown[rows.name].map(rows.labels))
    order = labelled.groupby("row")["expected"].mean().sort_values(ascending=False).index.tolist()
    axes = charts.GridAxes(
        capitalised(columns.label), tuple(columns.labels.values()), capitalised(rows.label), tuple(order)
    )
    grid = st.grid(2 if pictures.others else 1, min_column_width=320)
    for values in itertools.product(*(one.values for one in pictures.others)):
        name = ", ".join(one.labels[value] for one, value in zip(pictures.others, values, strict=True))
        own = pd.Series(True, labelled.index)
        for one, value in zip(pictures.others, values, strict=True):
            own &= labelled[one.name] == value
        with grid.cell():
            if name:
                st.markdown(f"**{escape_markdown(name)}**")
            chart_view.show(
                charts.demographic_grid(labelled[own], axes, recommender.bundle.levels, (middle - half, middle + half)),
                f"Expected rating of {shown['title'].iloc[0]} by {columns.label} and {rows.label}"
                f"{', ' if name else ''}{name}: {sentence}",
            )


def _people_in_words(predictions: pd.DataFrame) -> str:
    """Return how many combinations there are people of, for the caption; nothing if that was not counted."""
    people = predictions["people"]
    if people.isna().all():
        return ""
    return (
        f"The dataset has people of {int((people > 0).sum())} of the {len(people)} combinations; the cells of the "
        f"others are empty. The sentence is about those with {FEW_PEOPLE} people or more. "
    )


def _everyone_sentence(domain: Domain, predictions: pd.DataFrame, title: str) -> str:
    many = predictions[predictions["people"] >= FEW_PEOPLE]
    low, high = _lowest_and_highest(predictions if many.empty else many)
    names = capitalised(enumerated(tuple(map(_short, domain.demographics.values())), "and"))
    if high.expected - low.expected < NOTICEABLE:
        return f"{names} hardly matter here: {title} keeps {low.expected:.1f} ★"
    lowest, highest = _distinguishable(low.expected, high.expected)
    return f"{names} move {title}: from {lowest} ({_person(domain, low)}) to {highest} ({_person(domain, high)})"


def _person(domain: Domain, row: Any) -> str:
    values = [one.value_text(getattr(row, one.name)) for one in domain.demographics.values()]
    person = ", ".join(value.replace("–", f"{NO_BREAK}–{NO_BREAK}") for value in values)
    return f"{person}; {int(row.people):,} people" if row.people >= FEW_PEOPLE else person
