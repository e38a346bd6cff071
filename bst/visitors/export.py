"""A visitor and a ranked list as files: CSV for a spreadsheet, JSON for a program."""

import csv
import io
import json
import re
from collections.abc import Iterable, Sequence
from typing import Any

from bst.datasets.catalogue import Catalogue
from bst.domain import MOVIES, Domain
from bst.inference.ranking import RankOptions
from bst.inference.recommender import Recommendation
from bst.schema import Visitor

# A spreadsheet treats a cell that begins with one of these characters, also in full width, as a formula (OWASP, "CSV
# Injection"). Some spreadsheets ignore invisible characters in front of it; a tab or line break alone is enough.
_FORMULA = re.compile(r"[\t\r\n]|[\s\x00-\x20\u200b-\u200f\u2060\ufeff]*[=+\-@＝＋－＠]")


def as_json(
    bundle: str,
    catalogue: Catalogue,
    visitor: Visitor,
    rows: Sequence[Recommendation],
    options: RankOptions,
) -> dict[str, Any]:
    """Return a ranked list with all that it depends on: bundle, visitor and options.

    Plain values: dicts, lists, text, numbers, None. Probabilities are rounded.
    """
    filters = options.filters
    return {
        "bundle": bundle,
        "visitor": visitor_as_json(catalogue, visitor),
        "order": options.order,
        "weight": options.weight,
        "diversity": options.diversity,
        "popularity_weight": options.popularity_weight,
        "filters": {
            "genres": list(filters.genres),
            "years": filters.years and list(filters.years),
            "include_seen": filters.include_seen,
            "popularity": filters.popularity and list(filters.popularity),
        }
        | ({} if filters.candidates is None else {"candidates": list(filters.candidates)}),
        "recommendations": [_row_as_json(row) for row in rows],
    }


def predictions_as_json(
    bundle: str, catalogue: Catalogue, visitor: Visitor, rows: Sequence[Recommendation]
) -> dict[str, Any]:
    """Return what is predicted of some movies for a visitor, in the order in which they were given.

    ``rank`` is that in the whole catalogue by expected rating, ``seen`` whether the visitor has seen the movie.
    """
    return {
        "bundle": bundle,
        "visitor": visitor_as_json(catalogue, visitor),
        "predictions": [_row_as_json(row) | {"seen": row.seen} for row in rows],
    }


def _row_as_json(row: Recommendation) -> dict[str, Any]:
    return {
        "rank": row.rank,
        "movie_id": row.movie_id,
        "title": row.title,
        "expected_rating": round(row.expected_rating, 4),
        "distribution": None if row.distribution is None else [round(p, 4) for p in row.distribution],
        "watch_next": None if row.watch_next is None else round(row.watch_next, 6),
        "will_like": None if row.will_like is None else round(row.will_like, 6),
    }


def as_text(answer: dict[str, Any]) -> str:
    """Return the result of ``as_json`` as the text of a JSON file."""
    return json.dumps(answer, ensure_ascii=False, indent=2) + "\n"


def visitor_as_json(catalogue: Catalogue, visitor: Visitor) -> dict[str, Any]:
    """Return a visitor's demographics, their history, oldest first, and the ids of other movies that they have seen.

    An event has a timestamp only if it is known; ``seen`` is missing if it would be empty.
    """
    return {
        **_demographics(catalogue.domain, visitor),
        "history": [
            {"movie_id": e.movie_id, "title": catalogue.title(e.movie_id), "rating": e.rating}
            | ({} if e.timestamp is None else {"timestamp": e.timestamp})
            for e in visitor.history
        ],
    } | ({"seen": sorted(visitor.seen)} if visitor.seen else {})


def _demographics(domain: Domain, visitor: Visitor) -> dict[str, Any]:
    """Return a value for each demographic, None for an unknown one; MovieLens' stand beside the history."""
    values = {name: visitor.demographic(name) for name in domain.demographics}
    return values if values.keys() == MOVIES.demographics.keys() else {"demographics": values}


def list_as_csv(rows: Sequence[Recommendation], levels: Sequence[float]) -> str:
    """Return a ranked list as CSV, one line per movie, with a column per probability; unknown ones are empty."""
    header = ["rank", "movie_id", "title", "genres", "expected_rating", "watch_next", "will_like", "seen"]
    header += [f"p_{level:g}_stars" for level in levels]
    return _csv(
        header,
        (
            [row.rank, row.movie_id, row.title, row.genres, f"{row.expected_rating:.4f}"]
            + ["" if share is None else f"{share:.6f}" for share in (row.watch_next, row.will_like)]
            + ["yes" if row.seen else "no"]
            + ([f"{p:.4f}" for p in row.distribution] if row.distribution else [""] * len(levels))
            for row in rows
        ),
    )


def history_as_csv(catalogue: Catalogue, visitor: Visitor) -> str:
    """Return what a visitor has seen as CSV, in columns that ``bst.visitors.imports`` reads.

    First the movies without a rating, by id, then the history, oldest first.
    """
    seen = [[movie_id, "", "", catalogue.title(movie_id), "yes"] for movie_id in sorted(visitor.seen)]
    history = [
        [e.movie_id, f"{e.rating:g}", "" if e.timestamp is None else e.timestamp, catalogue.title(e.movie_id), "yes"]
        for e in visitor.history
    ]
    return _csv(["movie_id", "rating", "timestamp", "title", "seen"], [*seen, *history])


def _csv(header: list[str], lines: Iterable[list]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(header)
    # text could be a formula: an apostrophe prevents that in any spreadsheet
    writer.writerows([f"'{c}" if isinstance(c, str) and _FORMULA.match(c) else c for c in line] for line in lines)
    return text.getvalue()
