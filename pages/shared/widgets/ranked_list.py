"""A ranked list on the screen: each movie with its numbers, why it is there, and where it was before.

A custom component, as ``st.dataframe`` cuts off long titles and is silent to screen readers. All texts are made here;
``ranked_list.js`` inserts them, titles as plain text.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import streamlit as st

from bst.explanation import StrongestEvent, list_measure, strongest_events
from bst.explanation.sentences import odds_text
from bst.inference.ranking import ORDERS, Order, ranks_of
from bst.inference.recommender import RankOptions, Recommendation, Recommender
from bst.metrics import LIKED
from bst.schema import Visitor
from bst.text import count, percent
from bst.visitors import export
from pages.shared.format import odds, stars
from pages.shared.state import session_cache
from pages.shared.widgets import page_frame, posters
from pages.shared.wording import say

_HERE = Path(__file__)
_COMPONENT = st.components.v2.component(
    "ranked_list",
    html='<div class="list"></div>\n',
    css=posters.CSS + _HERE.with_suffix(".css").read_text("utf-8"),
    js=posters.JS + _HERE.with_suffix(".js").read_text("utf-8"),
)
View = Literal["tiles", "rows"]
# the probability that fills a bar: hardly any is higher, and on a scale up to 1 most bars would be flat
FULL_BAR = 0.8
# fewer ratings than these are mentioned: what is predicted of such a movie is little more than a guess
FEW_RATINGS = 20
# what a probability is of, in a word or two behind it, and when the expected rating is given
WORDS = {"like": "watch & like", "next": "next", "rating": "if watched"}
NO_BREAK = "\N{NO-BREAK SPACE}"
SMALLEST = 1e-9
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
    view: View = "rows",
    notes: Mapping[int, str] | None = None,
    marks: Mapping[int, str] | None = None,
) -> None:
    """Draw the rows of a visitor's list, as posters in a grid or as lines with all numbers.

    ``before``: the visitor whose list, ranked the same way, movements are measured against; None: no movements.
    ``on_why``: called with the movie id of a row whose button is pressed, before the page runs again; None: no buttons.
    ``notes``: what is said of some movies, by movie id, in the place of reasons; None: the reasons of each row.
    ``marks``: a few words beside the titles of some movies, by movie id.
    """
    strongest: list[StrongestEvent | None] = [None] * len(rows)
    if notes is None:
        strongest = cached_strongest_events(recommender, visitor, [row.movie_id for row in rows], options.order)
    old_ranks = (
        None if before is None else ranks_of(recommender.ranked_rows(before, options), len(recommender.catalogue))
    )
    counts = recommender.known_rating_counts
    highest = {"like": recommender.highest(visitor, "like"), "next": recommender.highest(visitor, "next")}
    items = []
    for row, strongest_event in zip(rows, strongest, strict=True):
        item = _row(row, recommender.bundle.levels if recommender.domain.rated else (), highest)
        item["poster"] = posters.data(recommender.catalogue, row.movie_id)
        if marks and row.movie_id in marks:
            item["mark"] = marks[row.movie_id]
        if counts is not None:
            item["ratings"] = _ratings(int(counts[recommender.catalogue.row(row.movie_id)]), options.order)
        if notes is not None:
            item["note"] = notes.get(row.movie_id, "")
        elif visitor.history:
            item |= _because(recommender, row, strongest_event, options.order)
        if old_ranks is not None:
            item["move"] = _move(row.rank, int(old_ranks[recommender.catalogue.row(row.movie_id)]), len(rows))
        items.append(item)
    _COMPONENT(
        key=key,
        data={
            "view": view,
            "rows": items,
            "heads": _heads(rows[0], before is not None, recommender.domain.rated),
            "full_bar": FULL_BAR,
            "words": {name: say(word) for name, word in WORDS.items()},
            "by": {"blend": ["rating", "next"]}.get(options.order, [options.order]),
            # where only one of the two fits
            "least": "like" if options.order in ("next", "blend") else "next",
            "label": say(f"Movies for this visitor, by {ORDERS[options.order]}, best first"),
            "why": on_why is not None,
        },
        on_why_change=lambda: on_why(st.session_state[key].why) if on_why else None,
    )


def cached_strongest_events(
    recommender: Recommender, visitor: Visitor, movie_ids: list[int], order: Order
) -> list[StrongestEvent | None]:
    """Return ``explanation.strongest_events`` for a list in some order.

    Cached in the session, as a page runs again for many other reasons.
    """
    measure = list_measure(order, recommender.domain.rated)
    key = session_cache.model_key(recommender, visitor, tuple(movie_ids), measure)
    return session_cache.cached(
        "strongest_events", key, lambda: strongest_events(recommender, visitor, movie_ids, measure), MAX_LISTS
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


def _heads(row: Recommendation, moves: bool, rated: bool) -> list[tuple[str, str, str]]:
    heads = [
        ("rank", "#", ""),
        ("move", "±", "Ranks up or down since the latest change of the visitor") if moves else ("move", "", ""),
        ("main", say("Movie"), ""),
    ]
    if rated:
        heads.append(("rating", "Rating", "The rating, in stars, that the model expects this visitor to give"))
    if rated and row.distribution is not None:
        heads.append(("bars", "Stars", "How likely each rating is, from the lowest on the left to the highest"))
    if row.will_like is not None:
        heads.append(
            (
                "like",
                "Will like",
                say(f"How likely they watch it some time and give it {LIKED:g} ★ or more; a full bar is the likeliest"),
            )
        )
    if row.watch_next is not None:
        heads.append(
            (
                "next",
                "Next",
                say("How likely this is the next movie that they rate; a full bar is the likeliest of all movies"),
            )
        )
    return heads


def _row(row: Recommendation, levels: Sequence[float], highest: Mapping[str, float]) -> dict[str, Any]:
    """Return a row's numbers as text; ``highest``: the largest probability of all movies, for the length of bars.

    ``levels``: the possible ratings; without any, nothing is said of ratings.
    """
    item: dict[str, Any] = {
        "rank": row.rank,
        "movie_id": row.movie_id,
        "title": row.title,
        "seen": say("seen") if row.seen else "",
    }
    if levels:
        item |= {"rating": f"{row.expected_rating:.2f} ★", "rating_tooltip": "Expected rating"}
    if levels and row.distribution is not None:
        item["bars"] = list(row.distribution)
        chances = (f"{level:g} ★ {p:.0%}" for level, p in zip(levels, row.distribution, strict=True))
        item["bars_tooltip"] = "How likely each rating is: " + ", ".join(chances)
    for name, share, meaning in (
        ("like", row.will_like, say("Watched some time and liked")),
        ("next", row.watch_next, say("The next movie that they rate")),
    ):
        if share is not None:
            item[name] = "–" if row.seen else percent(share).replace("under ", "<")
            item[f"{name}_share"] = share / highest[name] if highest[name] else 0.0
            item[f"{name}_tooltip"] = say("Seen already") if row.seen else f"{meaning}: {odds(share)}"
    return item


def _ratings(number: int, order: Order) -> str:
    """Return how many ratings a movie has, where that matters: they are few, or the list allows for them."""
    if number < FEW_RATINGS:
        return say(f"only {count(number, 'rating')}" if number else "no ratings")
    return count(number, "rating") if order == "rating" else ""


def _because(
    recommender: Recommender, row: Recommendation, strongest: StrongestEvent | None, order: Order
) -> dict[str, str]:
    if not recommender.domain.rated:
        return {} if row.seen or strongest is None else _because_likelier(recommender, strongest)
    if row.seen and order == "like":
        return {}
    if strongest is None:
        return {"because": say(f"no single movie moves {'it' if order in ('like', 'rating') else 'its rating'}")}
    title, rating = recommender.catalogue.title(strongest.event.movie_id), stars(strongest.event.rating)
    # a tile has room for little
    short = {"because_short": f"because of {recommender.catalogue.short_title(strongest.event.movie_id)}"}
    if order == "like" and row.will_like is not None:
        without = percent(without_event(row.will_like, strongest.effect))
        return short | {
            "because": f"likelier because of {title}, {rating.replace(' ', NO_BREAK)}",
            "because_tooltip": f"Without {title} in the history, the model would say {without} instead of "
            f"{percent(row.will_like)}. {say('No other movie makes more difference.')}",
        }
    without = f"{row.expected_rating - strongest.effect:.2f} ★"
    numbers = f"{rating}: +{strongest.effect:.2f}".replace(" ", NO_BREAK)
    return short | {
        # which movie comes next is predicted by another part of the model
        "because": f"{'' if order == 'rating' else 'its rating '}because of {title}, {numbers}",
        "because_tooltip": f"Without {title} in the history, the model would expect {without}: "
        f"{strongest.effect:.2f} less. {say('No other movie makes more difference to this rating.')}",
    }


def _because_likelier(recommender: Recommender, strongest: StrongestEvent) -> dict[str, str]:
    """Return the reason of a row where there are no ratings: the event that makes it likelier to be next."""
    title, odds = recommender.catalogue.title(strongest.event.movie_id), odds_text(strongest.effect)
    return {
        "because": f"{odds} because of {title}",
        "because_short": f"because of {recommender.catalogue.short_title(strongest.event.movie_id)}",
        "because_tooltip": f"With {title} in the history it is {odds} to be next. "
        + say("No other movie makes more difference."),
    }


def without_event(probability: float, effect: float) -> float:
    """Return a probability after its log-odds fell by ``effect``."""
    odds_without = probability / max(1 - probability, SMALLEST) * math.exp(-effect)
    return odds_without / (1 + odds_without)


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
