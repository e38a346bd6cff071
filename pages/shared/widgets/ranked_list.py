"""A ranked list on the screen: each movie with its numbers, why it is there, and where it was before.

A custom component, as ``st.dataframe`` cuts off long titles and is silent to screen readers. All texts are made here;
``ranked_list.js`` inserts them, titles as plain text.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from bst.explanation import StrongestEvent, strongest_events
from bst.inference.ranking import ORDERS, ranks_of
from bst.inference.recommender import RankOptions, Recommendation, Recommender
from bst.schema import Visitor
from bst.text import count, percent
from bst.visitors import export
from pages.shared.format import odds, stars
from pages.shared.state import session_cache
from pages.shared.widgets import page_frame

_HERE = Path(__file__)
_COMPONENT = st.components.v2.component(
    "ranked_list",
    html='<div class="list"></div>\n',
    css=_HERE.with_suffix(".css").read_text("utf-8"),
    js=_HERE.with_suffix(".js").read_text("utf-8"),
)
# the probability that fills a bar: hardly any is higher, and on a scale up to 1 most bars would be flat
FULL_BAR = 0.8
# of how many lists the session keeps the strongest events: two on What if, and those before a change that is undone
MAX_LISTS = 8


def render(
    recommender: Recommender,
    visitor: Visitor,
    rows: Sequence[Recommendation],
    options: RankOptions,
    before: Visitor | None = None,
    on_why: Callable[[int], None] | None = None,
    key: str = "ranked_list",
) -> None:
    """Draw the rows of a visitor's list.

    ``before``: the visitor whose list, ranked the same way, movements are measured against; None: no movements.
    ``on_why``: called with the movie id of a row whose button is pressed, before the page runs again; None: no buttons.
    """
    strongest = cached_strongest_events(recommender, visitor, [row.movie_id for row in rows])
    old_ranks = (
        None if before is None else ranks_of(recommender.ranked_rows(before, options), len(recommender.catalogue))
    )
    watch_next = recommender.predict(visitor).watch_next
    likeliest = float(watch_next.max()) if watch_next is not None else 0.0
    items = []
    for row, strongest_event in zip(rows, strongest, strict=True):
        item = _row(row, recommender.bundle.levels, likeliest) | _because(
            recommender, row, strongest_event, options.order
        )
        if old_ranks is not None:
            item["move"] = _move(row.rank, int(old_ranks[recommender.catalogue.row(row.movie_id)]), len(rows))
        items.append(item)
    _COMPONENT(
        key=key,
        data={
            "rows": items,
            "heads": _heads(rows[0], before is not None),
            "full_bar": FULL_BAR,
            "by": {"blend": ["rating", "next"]}.get(options.order, [options.order]),
            "label": f"Movies for this visitor, by {ORDERS[options.order]}, best first",
            "why": on_why is not None,
        },
        on_why_change=lambda: on_why(st.session_state[key].why) if on_why else None,
    )


def cached_strongest_events(
    recommender: Recommender, visitor: Visitor, movie_ids: list[int]
) -> list[StrongestEvent | None]:
    """Return ``explanation.strongest_events``, cached in the session, as a page runs again for many other reasons."""
    key = session_cache.model_key(recommender, visitor, tuple(movie_ids))
    return session_cache.cached(
        "strongest_events", key, lambda: strongest_events(recommender, visitor, movie_ids), MAX_LISTS
    )


def draw_download(
    recommender: Recommender, visitor: Visitor, rows: Sequence[Recommendation], options: RankOptions
) -> None:
    """Draw the menu that offers the list and the visitor as files."""
    catalogue, name = recommender.catalogue, recommender.bundle.name
    label = "Download the list and the visitor"
    with (
        st.container(width="content", key=f"{page_frame.ICONS_ONLY}downloads"),
        st.popover(label, icon=":material/download:", help=label, key="downloads"),
    ):
        for title, file, data, mime in (
            (
                "The list, for a spreadsheet",
                f"{name}-{options.order}-top-{len(rows)}.csv",
                # the byte order mark tells spreadsheets that it is UTF-8
                lambda: export.list_as_csv(rows, recommender.bundle.levels).encode("utf-8-sig"),
                "text/csv",
            ),
            (
                "The history, for a spreadsheet",
                f"{name}-history-{len(visitor.history)}.csv",
                lambda: export.history_as_csv(catalogue, visitor).encode("utf-8-sig"),
                "text/csv",
            ),
            (
                "List, visitor and filters, for a program",
                f"{name}-{options.order}-top-{len(rows)}.json",
                lambda: export.as_text(export.as_json(name, catalogue, visitor, rows, options)),
                "application/json",
            ),
        ):
            st.download_button(
                f"{title} ({file.rpartition('.')[2].upper()})",
                data,
                file,
                mime,
                key=f"download_{file.rpartition('.')[2]}_{'history' in file}",
                on_click="ignore",
                width="stretch",
                type="tertiary",
            )


def _heads(row: Recommendation, moves: bool) -> list[tuple[str, str, str]]:
    heads = [
        ("rank", "#", ""),
        ("move", "±", "Ranks up or down since the latest change of the visitor") if moves else ("move", "", ""),
        ("main", "Movie", ""),
        ("rating", "Rating", "The rating, in stars, that the model expects this visitor to give"),
    ]
    if row.distribution is not None:
        heads.append(("bars", "Stars", "How likely each rating is, from the lowest on the left to the highest"))
    if row.watch_next is not None:
        heads.append(
            (
                "next",
                "Next",
                "How likely this is the next movie that they rate; a full bar is the likeliest of all movies",
            )
        )
    return heads


def _row(row: Recommendation, levels: Sequence[float], likeliest: float) -> dict[str, Any]:
    item: dict[str, Any] = {
        "rank": row.rank,
        "movie_id": row.movie_id,
        "title": row.title,
        "seen": row.seen,
        "rating": f"{row.expected_rating:.2f} ★",
        "rating_tooltip": "Expected rating",
    }
    if row.distribution is not None:
        item["bars"] = list(row.distribution)
        chances = (f"{level:g} ★ {p:.0%}" for level, p in zip(levels, row.distribution, strict=True))
        item["bars_tooltip"] = "How likely each rating is: " + ", ".join(chances)
    if row.watch_next is not None:
        item["next"] = "–" if row.seen else percent(row.watch_next).replace("under ", "<")
        item["next_share"] = row.watch_next / likeliest if likeliest else 0.0
        item["next_tooltip"] = "Seen already" if row.seen else f"The next movie that they rate: {odds(row.watch_next)}"
    return item


def _because(
    recommender: Recommender, row: Recommendation, strongest: StrongestEvent | None, order: str
) -> dict[str, str]:
    if strongest is None:
        return {}
    title, rating = recommender.catalogue.title(strongest.event.movie_id), stars(strongest.event.rating)
    without = f"{row.expected_rating - strongest.stars:.2f} ★"
    numbers = f"{rating}: +{strongest.stars:.2f}".replace(" ", "\N{NO-BREAK SPACE}")
    return {
        # which movie comes next is predicted by another part of the model
        "because": f"{'' if order == 'rating' else 'its rating '}because of {title}, {numbers}",
        "because_tooltip": f"Without {title} in the history, the model would expect {without}: "
        f"{strongest.stars:.2f} less. No other movie makes more difference to this rating.",
    }


def _move(rank: int, old_rank: int, length: int) -> dict[str, str]:
    """Return how a row moved; an old rank of 0 is that of a movie in the history."""
    if not old_rank or old_rank > length:
        before = f"it was number {old_rank:,}" if old_rank else "it was in the history"
        return {"sign": "new", "direction": "up", "tooltip": f"New here: {before}"}
    if old_rank == rank:
        return {"sign": "=", "direction": "same", "tooltip": "Same rank as before"}
    by = abs(old_rank - rank)
    direction, arrow = ("up", "▲") if old_rank > rank else ("down", "▼")
    return {"sign": f"{arrow}{by}", "direction": direction, "tooltip": f"{direction.title()} {count(by, 'rank')}"}
