"""All movies of a catalogue as a map: movies that are similar to the model lie close together."""

from collections.abc import Sequence

import altair as alt
import pandas as pd

from bst.domain import GENRES
from bst.presentation.charts.axes import PICKED

# the number of the theme's colours, and shapes: each of the 18 genres has a combination of its own
COLOURS = 6
SHAPES = ("circle", "triangle-up", "square", "cross")
OTHER = "No genre"
MOST_TAGS = COLOURS * len(SHAPES) - 1
_TEXT = alt.ExprRef("width < 520 ? 10 : 12")
# titles closer to each other than these shares of the width and height would overlap
_APART = (0.3, 0.04)


def movie_map(
    points: pd.DataFrame, ink: str, paper: str, height: int = 640, tags: Sequence[str] = GENRES
) -> alt.LayerChart:
    """Draw the map.

    ``points``: ``x``, ``y``, ``movie_id``, ``title``, ``genres`` (text), ``genre`` (one of ``tags``, at most
    ``MOST_TAGS``, or ``OTHER``, which gives colour and shape), ``faint`` bool: less visible; ``mark``: why it is
    marked, "" for most. Marked movies are circled and, where there is room, have their title, those with a lower
    ``first`` before others. A click selects a movie, which is ringed: parameter ``movie``. ``ink`` and ``paper``: the
    colours of text and background.
    """
    x, y = (alt.X("x:Q", axis=None, scale=_scale(points["x"])), alt.Y("y:Q", axis=None, scale=_scale(points["y"])))
    tips = [
        alt.Tooltip("title:N", title="Movie"),
        alt.Tooltip("genres:N", title="Genres"),
        alt.Tooltip("mark:N", title="It is"),
    ]
    genres = [*tags, OTHER] if (points["genre"] == OTHER).any() else list(tags)
    legend = alt.Legend(
        orient="bottom", columns=alt.ExprRef("width < 520 ? 3 : 6"), labelLimit=100, symbolOpacity=1, symbolSize=70
    )
    faint = alt.ConditionalPredicateValueDefnumberExprRef(test="datum.faint", value=0.1)
    base = alt.Chart(points).encode(x=x, y=y)
    marked = alt.Chart(_with_room(points)).encode(x=x, y=y)
    return alt.layer(
        base.mark_point(filled=True, size=32, cursor="pointer")
        .encode(
            # the theme's colours begin again after the last
            color=alt.Color("genre:N", title=None, scale=alt.Scale(domain=genres), legend=legend),
            shape=alt.Shape(
                "genre:N",
                title=None,
                scale=alt.Scale(domain=genres, range=[SHAPES[i // COLOURS] for i in range(len(genres))]),
                legend=legend,
            ),
            opacity=alt.OpacityValue(0.75, condition=faint),
            tooltip=tips[:2],
        )
        .add_params(alt.selection_point(name="movie", fields=["movie_id"])),
        base.transform_filter({"param": "movie", "empty": False}).mark_point(
            size=420, strokeWidth=3.5, color=PICKED, opacity=1, aria=False
        ),
        marked.mark_point(size=150, strokeWidth=2, color=ink, opacity=1).encode(tooltip=tips),
        # an outline in the colour of the background keeps titles legible above points
        *(
            marked.mark_text(
                align=alt.ExprRef("datum.right ? 'right' : 'left'"),
                dx=alt.ExprRef("datum.right ? -11 : 11"),
                fontSize=_TEXT,
                fontWeight=600,
                limit=alt.ExprRef("0.45 * width"),
                **rim,
            ).encode(text="shown:N", tooltip=tips)
            for rim in ({"stroke": paper, "strokeWidth": 3, "strokeJoin": "round"}, {"color": ink})
        ),
    ).properties(height=height)


def _scale(values: pd.Series) -> alt.Scale:
    low, high = float(values.min()), float(values.max())
    room = 0.04 * (high - low) or 1.0
    return alt.Scale(domain=[low - room, high + room], nice=False, zero=False)


def _with_room(points: pd.DataFrame) -> pd.DataFrame:
    """Return the marked movies, ``shown`` with their title where there is room, and whether that goes to the right."""
    marked = points[points["mark"] != ""].sort_values("first", kind="stable")
    low, span = points[["x", "y"]].min(), (points[["x", "y"]].max() - points[["x", "y"]].min()).replace(0, 1)
    placed: list[tuple[float, float]] = []
    shown = []
    for x, y in ((marked[["x", "y"]] - low) / span).itertuples(index=False):
        free = all(abs(x - other_x) > _APART[0] or abs(y - other_y) > _APART[1] for other_x, other_y in placed)
        shown.append(free)
        if free:
            placed.append((x, y))
    middle = low["x"] + 0.6 * span["x"]
    return marked.assign(
        shown=marked["title"].where(pd.Series(shown, marked.index, bool), ""), right=marked["x"] > middle
    )
