"""A ranked list on the screen: each movie with its numbers, why it is there, and where it was before.

Drawn by a small component of its own, as a canvas of cells cuts long titles off and says nothing to a screen reader.
All words are made here; ``ranked_list.js`` puts them in their places, titles as plain text.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from bst.explanation import StrongestEvent, strongest_events
from bst.inference.ranking import ORDERS, ranks_of
from bst.inference.recommender import Recommendation, Recommender
from bst.schema import Visitor
from bst.visitors import export
from pages.shared.format import count, odds, percent, stars
from pages.shared.widgets import page_frame
from pages.shared.widgets.list_controls import Asked

_HERE = Path(__file__)
_COMPONENT = st.components.v2.component(
    "ranked_list",
    html='<div class="list"></div>\n',
    css=_HERE.with_suffix(".css").read_text("utf-8"),
    js=_HERE.with_suffix(".js").read_text("utf-8"),
)
# a probability that fills the whole height of its bar: hardly any is higher, and most would be flat below 1
FULL_BAR = 0.8


def render(
    recommender: Recommender,
    visitor: Visitor,
    rows: Sequence[Recommendation],
    asked: Asked,
    before: Visitor | None = None,
    on_why: Callable[[int], None] | None = None,
    key: str = "ranked_list",
) -> None:
    """Draw the rows of a visitor's list.

    ``before``: the visitor whose list, asked the same way, tells which way movies moved; None: nothing is said of it.
    ``on_why``: called with the movie id of a row whose button is pressed, before the page runs again; None: no buttons.
    """
    because = found_causes(recommender, visitor, [row.movie_id for row in rows])
    movies = len(recommender.catalogue)
    were = None if before is None else ranks_of(recommender.ranked_rows(before, asked.options), movies)
    top = float(recommender.predict(visitor).watch_next.max()) if rows[0].watch_next is not None else 0.0
    shown = []
    for row, cause in zip(rows, because, strict=True):
        made = _row(row, recommender.bundle.levels, top) | _because(recommender, row, cause, asked.order)
        if were is not None:
            made["move"] = _move(row.rank, int(were[recommender.catalogue.row(row.movie_id)]), len(rows))
        shown.append(made)
    _COMPONENT(
        key=key,
        data={
            "rows": shown,
            "heads": _heads(rows[0], before is not None),
            "full_bar": FULL_BAR,
            "by": {"blend": ["rating", "next"]}.get(asked.order, [asked.order]),
            "words": f"Movies for this visitor, by {ORDERS[asked.order]}, best first",
            "why": on_why is not None,
        },
        on_why_change=lambda: on_why(st.session_state[key].why) if on_why else None,
    )


def found_causes(recommender: Recommender, visitor: Visitor, movie_ids: list[int]) -> list[StrongestEvent | None]:
    """Return ``explanation.causes``, kept in the session: a page is run again for many other reasons."""
    kept = st.session_state.setdefault("causes", {})
    question = id(recommender), str(recommender.bundle.folder), visitor, tuple(movie_ids)
    if question not in kept:
        kept[question] = strongest_events(recommender, visitor, movie_ids)
        while len(kept) > 8:
            del kept[next(iter(kept))]
    return kept[question]


def draw_download(recommender: Recommender, visitor: Visitor, rows: Sequence[Recommendation], asked: Asked) -> None:
    """Draw the button that holds the list and the visitor as files."""
    catalogue, name = recommender.catalogue, recommender.bundle.name
    words = "Download the list and the visitor"
    with (
        st.container(width="content", key=f"{page_frame.ICONS_ONLY}downloads"),
        st.popover(words, icon=":material/download:", help=words, key="downloads"),
    ):
        for label, file, data, mime in (
            (
                "The list, for a spreadsheet",
                f"{name}-{asked.order}-top-{len(rows)}.csv",
                # the mark in front tells spreadsheets that it is UTF-8
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
                f"{name}-{asked.order}-top-{len(rows)}.json",
                lambda: export.as_text(export.as_json(name, catalogue, visitor, rows, asked.options)),
                "application/json",
            ),
        ):
            st.download_button(
                f"{label} ({file.rpartition('.')[2].upper()})",
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
        ("move", "±", "Places up or down since the latest change of the visitor") if moves else ("move", "", ""),
        ("main", "Movie", ""),
        ("rating", "Rating", "The rating, in stars, that the model expects this visitor to give"),
    ]
    if row.distribution is not None:
        heads.append(("bars", "Stars", "How likely each rating is, from the lowest on the left to the highest"))
    if row.watch_next is not None:
        heads.append(("next", "Next", "How likely this is the next movie that they rate; full: the likeliest of all"))
    return heads


def _row(row: Recommendation, levels: Sequence[float], top: float) -> dict[str, Any]:
    made: dict[str, Any] = {
        "rank": row.rank,
        "movie_id": row.movie_id,
        "title": row.title,
        "seen": row.seen,
        "rating": f"{row.expected_rating:.2f} ★",
        "rating_words": "Expected rating",
    }
    if row.distribution is not None:
        made["bars"] = list(row.distribution)
        chances = (f"{level:g} ★ {p:.0%}" for level, p in zip(levels, row.distribution, strict=True))
        made["bars_words"] = "How likely each rating is: " + ", ".join(chances)
    if row.watch_next is not None:
        made["next"] = "–" if row.seen else percent(row.watch_next).replace("under ", "<")
        made["next_share"] = row.watch_next / top if top else 0.0
        made["next_words"] = "Seen already" if row.seen else f"The next one that they rate: {odds(row.watch_next)}"
    return made


def _because(recommender: Recommender, row: Recommendation, cause: StrongestEvent | None, order: str) -> dict[str, str]:
    if cause is None:
        return {}
    title, rating = recommender.catalogue.title(cause.event.movie_id), stars(cause.event.rating)
    without = f"{row.expected_rating - cause.stars:.2f} ★"
    numbers = f"{rating}: +{cause.stars:.2f}".replace(" ", "\N{NO-BREAK SPACE}")
    return {
        # which movie comes next is predicted by another part of the model
        "because": f"{'' if order == 'rating' else 'its rating '}because of {title}, {numbers}",
        "because_words": f"Without {title} in the history the model would expect {without}: {cause.stars:.2f} less. "
        "No other movie makes more difference to this rating.",
    }


def _move(rank: int, was: int, length: int) -> dict[str, str]:
    if not was or was > length:
        words = f"it was at place {was:,}" if was else "it was in the history"
        return {"sign": "new", "way": "up", "words": f"New here: {words}"}
    if was == rank:
        return {"sign": "=", "way": "same", "words": "Where it was before"}
    by = abs(was - rank)
    way = "up" if was > rank else "down"
    return {"sign": f"{'▲' if way == 'up' else '▼'}{by}", "way": way, "words": f"{way.title()} {count(by, 'place')}"}
