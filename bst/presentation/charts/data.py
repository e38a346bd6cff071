"""Charts of a dataset. Frames are those of ``bst.datasets.profile``."""

from typing import Literal

import altair as alt
import pandas as pd

from bst.presentation.charts.axes import row_heights

# columns of ``profile.tastes`` that can be drawn: title in a tooltip, format, smallest range of the colours
TASTES = {
    "taste": ("Stars compared with everyone", "+.2f", 0.1),
    "stars": ("Stars compared with their own mean", "+.2f", 0.1),
    "watching": ("Watched compared with everyone", "+.0%", 0.2),
}
YEARS = {
    "ratings": ("Ratings", "~s", ","),
    "movies": ("Movies", "d", ","),
    "mean": ("Mean stars", ".1f", ".2f"),
}
# shares of the catalogue at which the long tail is labelled
MARKED = (0.01, 0.1, 0.2, 0.5)
# more labels on an axis than these are turned
MAX_LEVEL_LABELS = 8


def given_ratings(shares: pd.DataFrame) -> alt.LayerChart:
    """Draw how often each rating was given. ``shares``: ``level``, ``share``, ``ratings``."""
    base = alt.Chart(shares.assign(stars=[f"{level:g} ★" for level in shares["level"]])).encode(
        x=alt.X("stars:O", title=None, sort=None, axis=alt.Axis(labelAngle=0, labelFlush=False)),
        y=alt.Y("share:Q", axis=None, scale=alt.Scale(domain=[0, 1.15 * shares["share"].max()], nice=False)),
        tooltip=[
            alt.Tooltip("stars:O", title="Rating"),
            alt.Tooltip("ratings:Q", title="Ratings", format=","),
            alt.Tooltip("share:Q", title="Share", format=".1%"),
        ],
    )
    text = base.mark_text(baseline="bottom", dy=-3).encode(text=alt.Text("share:Q", format=".0%"))
    return alt.layer(base.mark_bar(), text).properties(height=220)


def ratings_over_time(table: pd.DataFrame) -> alt.LayerChart:
    """Draw ratings by month or day. ``table``: ``from`` (dates), ``ratings``, ``users``, ``mean``."""
    # dates as UTC: a browser elsewhere must not move a month's first day into the month before
    dated = table.assign(start=table["from"].dt.tz_localize("UTC"))
    base = alt.Chart(dated).encode(
        x=alt.X("start:T", title=None, scale=alt.Scale(type="utc"), axis=_dates(table)),
        y=alt.Y("ratings:Q", title="Ratings", axis=alt.Axis(format="~s", tickCount=4)),
        tooltip=[
            alt.Tooltip("utcyearmonthdate(start):T", title="From"),
            alt.Tooltip("ratings:Q", title="Ratings", format=","),
            alt.Tooltip("users:Q", title="Users", format=","),
            alt.Tooltip("mean:Q", title="Mean stars", format=".2f"),
        ],
    )
    line = base.mark_line(interpolate="step-after", strokeWidth=1.5)
    return alt.layer(base.mark_area(interpolate="step-after", opacity=0.35), line).properties(height=220)


def _dates(table: pd.DataFrame) -> alt.Axis:
    """Return an axis with the year below each month, or below each day and month."""
    by_day = len(table) > 1 and (table["from"].iloc[1] - table["from"].iloc[0]).days <= 1
    first = "%-d %b" if by_day else "%b"
    label = f"[utcFormat(datum.value, '{first}'), utcFormat(datum.value, '%Y')]"
    return alt.Axis(labelExpr=label, tickCount=5, labelFlush=False, labelOverlap="greedy")


def long_tail(table: pd.DataFrame) -> alt.LayerChart:
    """Draw the share of ratings that the best-known movies have. ``table``: ``movies``, ``share``, ``ratings``."""
    base = alt.Chart(table).encode(
        x=alt.X(
            "movies:Q",
            title="Share of the movies, best known first",
            axis=alt.Axis(format=".0%", tickCount=5),
            scale=alt.Scale(domain=[0, 1]),
        ),
        y=alt.Y(
            "share:Q",
            title="Share of all ratings",
            axis=alt.Axis(format=".0%", tickCount=5),
            scale=alt.Scale(domain=[0, 1]),
        ),
        tooltip=[
            alt.Tooltip("movies:Q", title="Best-known movies", format=".0%"),
            alt.Tooltip("share:Q", title="Their share of all ratings", format=".1%"),
            alt.Tooltip("ratings:Q", title="Ratings of the least known of them", format=","),
        ],
    )
    even = alt.Chart(pd.DataFrame({"movies": [0, 1], "share": [0, 1]}))
    marks = table[table["movies"].round(6).isin(MARKED)]
    labelled = marks.assign(text=[f"{row.movies:.0%} have {row.share:.0%}" for row in marks.itertuples(index=False)])
    points = base.properties(data=labelled)
    return alt.layer(
        base.mark_area(opacity=0.25),
        base.mark_line(strokeWidth=2),
        even.mark_line(strokeDash=[4, 4], strokeWidth=1.5, opacity=0.6).encode(x="movies:Q", y="share:Q"),
        points.mark_point(filled=True, size=70, opacity=1),
        points.mark_text(align="left", dx=9, dy=4).encode(text="text:N"),
    ).properties(height=280)


def activity(table: pd.DataFrame) -> alt.LayerChart:
    """Draw how active users are. ``table``: ``length``, ``users``, ``share`` (of users), ``ratings`` (share of all).

    Bars are shares of users, diamonds the shares of all ratings that come from them.
    """
    people, theirs = "Users", "Ratings that come from them"
    both = pd.concat(
        [
            table.assign(series=people, value=table["share"]),
            table.assign(series=theirs, value=table["ratings"]),
        ]
    )
    base = alt.Chart(both).encode(
        x=alt.X(
            "length:O",
            title="Ratings per user",
            sort=None,
            axis=alt.Axis(labelAngle=0, labelFlush=False, labelExpr="split(datum.label, '–')", labelOverlap=False),
        ),
        y=alt.Y("value:Q", title="Share", axis=alt.Axis(format=".0%", tickCount=4)),
        tooltip=[
            alt.Tooltip("length:O", title="Ratings given"),
            alt.Tooltip("users:Q", title="Users", format=","),
            alt.Tooltip("share:Q", title="Share of users", format=".1%"),
            alt.Tooltip("ratings:Q", title="Share of all ratings", format=".1%"),
        ],
    )
    colour = alt.Color("series:N", title=None, sort=[people, theirs], legend=alt.Legend(orient="top", labelLimit=240))
    shape = alt.Shape(
        "series:N",
        title=None,
        sort=[people, theirs],
        scale=alt.Scale(domain=[people, theirs], range=["square", "diamond"]),
    )
    bars = base.transform_filter(alt.datum.series == people).mark_bar(opacity=0.5).encode(color=colour)
    points = base.transform_filter(alt.datum.series == theirs).mark_point(size=110, filled=True, opacity=1)
    return alt.layer(bars, points.encode(color=colour, shape=shape)).properties(height=280)


def release_years(table: pd.DataFrame, column: str) -> alt.LayerChart:
    """Draw movies, ratings or mean stars (``column`` of ``YEARS``) by year of release."""
    title, axis, _ = YEARS[column]
    base = alt.Chart(table).encode(
        x=alt.X("year:Q", title="Year of release", axis=alt.Axis(format="d", tickCount=6), scale=alt.Scale(zero=False)),
        y=alt.Y(
            f"{column}:Q",
            title=title,
            axis=alt.Axis(format=axis, tickCount=4),
            scale=alt.Scale(zero=column != "mean"),
        ),
        tooltip=[
            alt.Tooltip("year:Q", title="Year", format="d"),
            *(alt.Tooltip(f"{name}:Q", title=words, format=form) for name, (words, _, form) in YEARS.items()),
        ],
    )
    if column == "mean":  # the mean of each year rests on a different number of ratings
        size = alt.Size("ratings:Q", legend=None, scale=alt.Scale(range=[10, 220]))
        return alt.layer(base.mark_point(filled=True, opacity=0.6).encode(size=size)).properties(height=260)
    return alt.layer(base.mark_bar(width=alt.ExprRef(f"max(1, 0.8 * width / {_years(table)})"))).properties(height=260)


def _years(table: pd.DataFrame) -> int:
    return max(1, int(table["year"].max() - table["year"].min()) + 1)


def genre_map(
    table: pd.DataFrame, genres: list[str], column: str, across: Literal["genre", "group"] = "genre"
) -> alt.LayerChart:
    """Draw genres by groups, with a signed number in each cell. ``table``: of ``profile.tastes``.

    Groups keep the order of the table, genres that of ``genres``. ``column``: of ``TASTES``; ``across``: whether
    genres or groups are the columns. Cells above and below 0 have different colours, stronger the further away from it;
    cells of ``few`` users are faint.
    """
    reach = TASTES[column][2]
    down = "group" if across == "genre" else "genre"
    order = {"genre": genres, "group": list(table["group"].unique())}
    sure = table.loc[~table["few"], column].abs()
    top = max(reach, float(sure.quantile(0.95)) if len(sure) else 0.0)
    shown = table.assign(
        sign=["above" if value >= 0 else "below" for value in table[column]],
        strength=(table[column].abs() / top).clip(0, 1) * [0.18 if few else 0.62 for few in table["few"]],
        text=[_cell(value, column) for value in table[column]],
        side=[_cell(value, column)[0] for value in table[column]],
    )
    lines = (
        {"labelAngle": -90}
        if shown[across].nunique() > MAX_LEVEL_LABELS
        else {"labelAngle": 0, "labelExpr": "split(datum.label, ' ')"}
    )
    base = alt.Chart(shown).encode(
        x=alt.X(
            f"{across}:N",
            title=None,
            sort=order[across],
            axis=alt.Axis(orient="top", labelOverlap=False, labelFlush=False, labelLimit=140, **lines),
        ),
        y=alt.Y(
            f"{down}:N",
            title=None,
            sort=order[down],
            axis=alt.Axis(labelLimit=140, labelFlush=False, labelOverlap=False),
        ),
        tooltip=[
            alt.Tooltip("group:N", title="Group"),
            alt.Tooltip("genre:N", title="Genre"),
            alt.Tooltip("taste:Q", title=TASTES["taste"][0], format="+.2f"),
            alt.Tooltip("taste_low:Q", title="95% interval from", format="+.2f"),
            alt.Tooltip("taste_high:Q", title="to", format="+.2f"),
            alt.Tooltip("stars:Q", title=TASTES["stars"][0], format="+.2f"),
            alt.Tooltip("watching:Q", title=TASTES["watching"][0], format="+.0%"),
            alt.Tooltip("users:Q", title="Users who rated it", format=","),
            alt.Tooltip("ratings:Q", title="Their ratings of it", format=","),
        ],
    )
    rect = base.mark_rect().encode(
        color=alt.Color("sign:N", scale=alt.Scale(domain=["above", "below"]), legend=None),
        opacity=alt.Opacity("strength:Q", scale=None, legend=None),
    )
    # only the sign, where a column is too narrow for a number
    room = f"width / {max(shown[across].nunique(), 1)}"
    text = base.mark_text(
        fontSize=alt.ExprRef("width < 500 ? 9 : 11"), text=alt.ExprRef(f"{room} < 26 ? datum.side : datum.text")
    ).encode(opacity=alt.condition("datum.few", alt.value(0.5), alt.value(1)))
    return alt.layer(rect, text).properties(**row_heights(24, shown[down].nunique()))


def _cell(value: float, column: str) -> str:
    number = round(100 * value) if column == "watching" else round(value, 2)
    if not number:
        return "0"
    sign = "+" if number > 0 else "−"
    return f"{sign}{abs(number):.0f}" if column == "watching" else f"{sign}{abs(number):.2f}".replace("0.", ".")


def movie_groups(table: pd.DataFrame, overall: float, levels: tuple[float, ...], ink: str) -> alt.LayerChart:
    """Draw what groups gave one movie, in the frame's order. ``table``: ``part``, and ``profile.MOVIE_COLUMNS``.

    A dashed rule marks everyone's mean; rules are in ``ink``. Open points rest on ``few`` ratings.
    """
    low, high = float(levels[0]), float(levels[-1])
    shown = table.assign(
        label=[f"{row.name} · {row.ratings:,}" for row in table.itertuples(index=False)],
        low=table["low"].fillna(table["mean"]).clip(low, high),
        high=table["high"].fillna(table["mean"]).clip(low, high),
    )
    base = alt.Chart(shown).encode(
        y=alt.Y("label:N", title=None, sort=None, axis=alt.Axis(labelLimit=190, labelFlush=False, labelOverlap=False)),
        x=alt.X(
            "mean:Q",
            title="Mean stars",
            scale=alt.Scale(domain=[low, high], nice=False, zero=False),
            axis=alt.Axis(tickCount=4),
        ),
        tooltip=[
            alt.Tooltip("name:N", title="Group"),
            alt.Tooltip("ratings:Q", title="Ratings", format=","),
            alt.Tooltip("mean:Q", title="Mean stars", format=".2f"),
            alt.Tooltip("low:Q", title="95% interval from", format=".2f"),
            alt.Tooltip("high:Q", title="to", format=".2f"),
        ],
    )
    everyone = alt.Chart(pd.DataFrame({"mean": [overall], "text": [f"everyone {overall:.2f}"]}))
    few = shown["few"].astype(bool)
    many_points = base.transform_filter("!datum.few").mark_point(size=80, filled=True, opacity=1)
    few_points = base.transform_filter("datum.few").mark_point(size=70, filled=False, strokeWidth=2, opacity=0.8)
    # a layer without a point has no name for a screen reader
    points = [layer for layer, drawn in ((many_points, ~few), (few_points, few)) if drawn.any()]
    return alt.layer(
        everyone.mark_rule(strokeDash=[4, 4], opacity=0.7, color=ink).encode(x="mean:Q"),
        everyone.mark_text(baseline="bottom", dy=-4).encode(x="mean:Q", y=alt.value(0), text="text:N"),
        base.mark_rule(strokeWidth=3, opacity=0.4, color=ink).encode(x="low:Q", x2="high:Q"),
        *points,
    ).properties(**row_heights(24, shown["label"].nunique()))


def time_gaps(table: pd.DataFrame) -> alt.LayerChart:
    """Draw how much time passes from one rating to the next. ``table``: ``name``, ``share``."""
    base = alt.Chart(table).encode(
        y=alt.Y("name:N", title=None, sort=None, axis=alt.Axis(labelLimit=190, labelFlush=False)),
        x=alt.X("share:Q", axis=None, scale=alt.Scale(domain=[0, 1.2 * table["share"].max()], nice=False)),
        tooltip=[
            alt.Tooltip("name:N", title="To the next rating"),
            alt.Tooltip("share:Q", title="Share", format=".1%"),
        ],
    )
    text = base.mark_text(align="left", dx=4).encode(text=alt.Text("share:Q", format=".0%"))
    return alt.layer(base.mark_bar(), text).properties(**row_heights(30, table["name"].nunique()))


def planted_tastes(table: pd.DataFrame, ink: str) -> alt.LayerChart:
    """Draw planted and measured tastes. ``table``: of ``profile.planted.planted_tastes``; rules in ``ink``."""
    shown = table.assign(label=[f"{row.group}: {row.genre}" for row in table.itertuples(index=False)])
    kinds = ["Planted", "Measured"]
    y = alt.Y("label:N", title=None, sort=None, axis=alt.Axis(labelLimit=210, labelFlush=False, labelOverlap=False))
    base = alt.Chart(shown).encode(
        y=y,
        tooltip=[
            alt.Tooltip("group:N", title="Group"),
            alt.Tooltip("genre:N", title="Genre"),
            alt.Tooltip("planted:Q", title="Planted, stars", format="+.2f"),
            alt.Tooltip("measured:Q", title="Measured, stars", format="+.2f"),
            alt.Tooltip("low:Q", title="95% interval from", format="+.2f"),
            alt.Tooltip("high:Q", title="to", format="+.2f"),
            alt.Tooltip("users:Q", title="Users", format=","),
        ],
    )
    x = {"title": "Stars compared with everyone", "axis": alt.Axis(format="+.1f", tickCount=5)}
    colour = {"title": None, "scale": alt.Scale(domain=kinds), "legend": alt.Legend(orient="top", labelLimit=220)}
    shape = {"title": None, "scale": alt.Scale(domain=kinds, range=["diamond", "circle"])}

    def points(column: str, kind: str, size: int, filled: bool) -> alt.Chart:
        return (
            base.transform_calculate(kind=f"'{kind}'")
            .mark_point(size=size, filled=filled, strokeWidth=2, opacity=1)
            .encode(
                x=alt.X(f"{column}:Q", **x), color=alt.Color("kind:N", **colour), shape=alt.Shape("kind:N", **shape)
            )
        )

    zero = (
        alt.Chart(pd.DataFrame({"planted": [0]}))
        .mark_rule(strokeDash=[4, 4], opacity=0.7, color=ink)
        .encode(x="planted:Q")
    )
    return alt.layer(
        zero,
        base.mark_rule(strokeWidth=3, opacity=0.4, color=ink).encode(x="low:Q", x2="high:Q"),
        points("planted", kinds[0], 80, False),
        points("measured", kinds[1], 60, True),
    ).properties(**row_heights(22, shown["label"].nunique()))
