"""A person's own ratings, as Letterboxd, IMDb, MovieLens, Trakt or a spreadsheet hand them out: bytes → entries."""

from collections.abc import Sequence
from itertools import pairwise

from bst.visitors.imports.collector import paused_collector
from bst.visitors.imports.dates import DateOrder, Dates, read_dates
from bst.visitors.imports.entries import Entry, Export, ImportProblem
from bst.visitors.imports.formats import Format, format_of
from bst.visitors.imports.tables import Table, read_tables


def read_export(data: bytes, name: str = "the file", date_order: DateOrder | None = None) -> Export:
    """Read an export, or a zip that holds one. ``name`` is for messages.

    ``date_order`` says whether the day or the month comes first, where the file does not tell (``ambiguous_date``). Of
    several ratings of one film only the newest can be used; a film that is listed as watched and also rated is rated.
    Raises ``ImportProblem`` saying what was found and what is expected.
    """
    name = name if len(name) <= 60 else name[:59] + "…"
    with paused_collector():
        exports = [_read(table, date_order) for table in read_tables(data, name)]
    if not any(export.entries for export in exports):
        raise ImportProblem(
            f"{name} has columns of {exports[0].source}, but no rows below them; export your ratings again"
        )
    return _together([export for export in exports if export.entries])


def _read(table: Table, date_order: DateOrder | None) -> Export:
    layout = format_of(table)
    column = [layout.date(row) for _, row in table.rows]
    dates = read_dates(column, date_order)
    entries = [layout.read(row, line, date) for (line, row), date in zip(table.rows, dates.dates, strict=True)]
    entries, remarks = _oldest_first(entries, layout, dates)
    dated = bool(entries) and all(entry.date for entry in entries)
    remarks = (*layout.remarks, *remarks, *filter(None, [dates.assumed]))
    # what is merely seen has no order
    matters = sum(entry.stars is not None for entry in entries) > 1
    return Export(layout.source, tuple(entries), dated, remarks, dates.ambiguous if matters else "")


def _oldest_first(entries: list[Entry], layout: Format, dates: Dates) -> tuple[list[Entry], list[str]]:
    """Sort by date; rows of one day, and those without a date, keep their place among their neighbours in the file."""
    known = [date for date in dates.dates if date]
    if layout.in_order or not entries:
        return entries, []
    if len(known) < max(1, len(entries) / 2):
        if layout.newest_first:
            words = f"The file has no dates, so it is read as {layout.source} lists it: the newest on top."
            return entries[::-1], [words]
        return entries, ["The file has no date on every row, so its order is taken for that of watching, newest last."]
    falls = sum(a > b for a, b in pairwise(known))
    rises = sum(a < b for a, b in pairwise(known))
    last = known[0]
    keyed = []
    for entry in entries:
        last = entry.date or last
        keyed.append((last, entry))
    if falls > rises or (falls == rises and layout.newest_first):
        keyed.reverse()
    keyed.sort(key=lambda pair: pair[0])
    undated = len(entries) - len(known)
    words = f"{undated} of {len(entries):,} rows have no date that can be read; they stay beside their neighbours."
    return [entry for _, entry in keyed], [words] if undated else []


def _together(exports: Sequence[Export]) -> Export:
    """Return one export of all: what is rated in any table, oldest first, behind what is merely watched.

    A zip has the same films in several tables, so each film is kept once, with the newest of its ratings.
    """
    if len(exports) == 1:
        return exports[0]._replace(entries=tuple(_newest_of_each(exports[0].entries)))
    first = max(exports, key=lambda export: sum(entry.stars is not None for entry in export.entries))
    others = [entry for export in exports if export is not first for entry in export.entries]
    keys = {_key(entry) for entry in first.entries if not entry.refused}
    others = [entry for entry in others if not entry.refused and entry.stars is None and _key(entry) not in keys]
    others = list({_key(entry): entry for entry in others}.values())
    return first._replace(entries=(*others, *_newest_of_each(first.entries)))


def _key(entry: Entry) -> tuple:
    if entry.title:
        return entry.title.casefold(), entry.year
    return entry.number, entry.imdb, entry.tmdb


def _newest_of_each(entries: Sequence[Entry]) -> list[Entry]:
    """Refuse all but the newest rating of each film, and rows that merely list a film that is rated elsewhere."""
    keyed = [(_key(entry), entry) for entry in reversed(entries)]
    rated = {key for key, entry in keyed if entry.stars is not None}
    seen: set[tuple] = set()
    kept = []
    for key, entry in keyed:
        if entry.refused:
            pass
        elif entry.stars is None and key in rated:
            entry = entry._replace(refused="rated in another row")
        elif key in seen:
            again = "rated again later; the newest rating counts" if entry.stars else "listed more than once"
            entry = entry._replace(stars=None, refused=again)
        else:
            seen.add(key)
        kept.append(entry)
    return kept[::-1]
