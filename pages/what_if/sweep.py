"""One setting of the visitor varied: what the model expects of a few movies at each of its values."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from bst.bundles.user_groups import groups_of
from bst.domain import Domain
from bst.inference.recommender import Recommender
from bst.presentation import charts
from bst.schema import Visitor
from bst.what_if import DemographicSweep, HistoryLengthSweep, PositionSweep, RatingSweep
from bst.what_if import sweep as sweep_parameter
from bst.what_if.sweeps import SweepParameter
from bst.wording import enumerated
from pages.shared import turns
from pages.shared.format import capitalised, escape_markdown, stars
from pages.shared.state import settings, visitor_state
from pages.shared.state.session_cache import cached, model_key
from pages.shared.widgets import chart_view, list_controls, movie_box
from pages.shared.wording import say, say_labels
from pages.what_if import everyone, suggestions
from pages.what_if.everyone import Pictures
from pages.what_if.sweep_text import EVERYONE, OF_A_MOVIE, OF_HISTORY, short, sweep_sentence, unread

TITLE = "Vary one setting"


@dataclass(frozen=True)
class Parameter:
    """A setting that can be varied: what it is called in the control, on the axis and as the subject of a sentence.

    "{}" stands for a movie of the history.
    """

    label: str
    axis: str = ""
    subject: str = ""


# by the names that links have for them
HISTORY_PARAMETERS = {
    "rating": Parameter("Rating of a movie", "Rating of {}", "Their rating of {}"),
    "position": Parameter("Position of a movie", "Position of {} in the history", "The position of {} in the history"),
    "last": Parameter("Length of history", "Newest movies that are kept", "The length of the history"),
}
# of demographics, only these have values with an order, which are drawn as lines
ORDERED = ("age",)
MAX_MOVIES, DEFAULT_MOVIES = 5, 3
# unless movies are chosen, those to show are looked for among this many, at this many values
TRIED_MOVIES, MAX_TRIED_VALUES = 50, 6


def parameters(domain: Domain) -> dict[str, Parameter]:
    """Return what can be varied where a dataset is about this, by the names that links have for it."""
    found = {name: parameter for name, parameter in HISTORY_PARAMETERS.items() if domain.rated or name != "rating"}
    for demographic in domain.demographics.values():
        label = capitalised(demographic.label)
        found[demographic.key] = Parameter(label, label, f"Their {short(demographic)}")
    pictures = Pictures.of(domain)
    if pictures:
        names = enumerated(tuple(map(short, domain.demographics.values())), "and")
        found[EVERYONE] = Parameter(f"All {len(groups_of(domain))} combinations of {names}")
    return found


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
        sentence = everyone.render(recommender, visitor, movies[0])
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
    sentence = sweep_sentence(predictions, say(parameter.subject).format(title), name)
    # the axis may name a title, which is not one of our texts
    chart_view.show(chart, f"Expected ratings by {axis}: {sentence}", titles_are_final=say(title) != title)
    pointing = " Point at a dot, or tap it, for how likely each rating is." if _has_distribution(predictions) else ""
    st.caption(f"Everything else about the visitor stays as it is.{pointing}{unread(recommender, name)}")
    _draw_numbers(predictions, axis)
    return sentence


def _parameter(domain: Domain, name: str, event: int | None) -> SweepParameter:
    if event is not None:
        return RatingSweep(event) if name == "rating" else PositionSweep(event)
    if name == "last":
        return HistoryLengthSweep()
    return DemographicSweep(next(one.name for one in domain.demographics.values() if one.key == name))


def _has_distribution(predictions: pd.DataFrame) -> bool:
    return bool(predictions["distribution"].notna().any())


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
