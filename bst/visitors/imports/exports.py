"""A person's own ratings as Letterboxd, IMDb, MovieLens, Trakt or a spreadsheet export them: bytes → entries."""

from collections.abc import Sequence
from itertools import pairwise

from bst.text import shorten
from bst.visitors.imports.collector import paused_collector
from bst.visitors.imports.dates import DateOrder, read_dates
from bst.visitors.imports.entries import Entry, Export, ImportProblem
from bst.visitors.imports.formats import ExportFormat, format_of
from bst.visitors.imports.tables import MAX_NAME_LENGTH, TextTable, read_tables


def read_export(data: bytes, name: str = "the file", date_order: DateOrder | None = None) -> Export:
    """Read an export, or a zip that contains one. ``name`` is for messages.

    ``date_order`` says whether the day or the month comes first, if the file does not settle it (``ambiguous_date``).
    Of several ratings of one film only the newest can be used; a film that is listed as watched and also rated counts
    as rated. Raises ``ImportProblem`` that states what the file has and what is expected.
    """
    name = shorten(name, MAX_NAME_LENGTH)
    with paused_collector():
        exports = [_read(table, date_order) for table in read_tables(data, name)]
    if not any(export.entries for export in exports):
        raise ImportProblem(
            f"{name} has columns of {exports[0].source}, but no rows below them; export your ratings again"
        )
    return _combine([export for export in exports if export.entries])


def _read(table: TextTable, date_order: DateOrder | None) -> Export:
    file_format = format_of(table)
    dates = read_dates([file_format.date(row) for _, row in table.rows], date_order)
    entries = [file_format.read(row, line, date) for (line, row), date in zip(table.rows, dates.dates, strict=True)]
    entries, order_remark = _oldest_first(entries, file_format)
    dated = bool(entries) and all(entry.date for entry in entries)
    remarks = (*file_format.remarks, *filter(None, (order_remark, dates.assumed)))
    # movies that were merely seen have no order
    order_matters = sum(entry.stars is not None for entry in entries) > 1
    return Export(file_format.source, tuple(entries), dated, remarks, dates.ambiguous if order_matters else "")


def _oldest_first(entries: list[Entry], file_format: ExportFormat) -> tuple[list[Entry], str]:
    """Sort by date, and return what was assumed, if anything.

    Rows of one day keep their order, and those without a date stay next to their neighbours in the file.
    """
    dates = [entry.date for entry in entries if entry.date]
    if file_format.in_order or not entries:
        return entries, ""
    if len(dates) < max(1, len(entries) / 2):
        if file_format.newest_first:
            remark = f"The file has no dates, so it is read as {file_format.source} lists it: the newest on top."
            return entries[::-1], remark
        return entries, "The file has no date on every row, so its order is taken for that of watching, newest last."
    falls = sum(a > b for a, b in pairwise(dates))
    rises = sum(a < b for a, b in pairwise(dates))
    last = dates[0]
    dated_entries = []
    for entry in entries:
        last = entry.date or last
        dated_entries.append((last, entry))
    if falls > rises or (falls == rises and file_format.newest_first):
        dated_entries.reverse()
    dated_entries.sort(key=lambda pair: pair[0])
    undated = len(entries) - len(dates)
    remark = f"{undated} of {len(entries):,} rows have no date that can be read; they stay next to their neighbours."
    return [entry for _, entry in dated_entries], remark if undated else ""


def _combine(exports: Sequence[Export]) -> Export:
    """Return one export of all: what is rated in any table, oldest first, after what is merely watched.

    A zip has the same films in several tables, so each film is kept once, with the newest of its ratings.
    """
    if len(exports) == 1:
        return exports[0]._replace(entries=tuple(_newest_of_each(exports[0].entries)))
    main = max(exports, key=lambda export: sum(entry.stars is not None for entry in export.entries))
    main_keys = {_key(entry) for entry in main.entries if not entry.refused}
    watched = {
        _key(entry): entry
        for export in exports
        if export is not main
        for entry in export.entries
        if not entry.refused and entry.stars is None and _key(entry) not in main_keys
    }
    return main._replace(entries=(*watched.values(), *_newest_of_each(main.entries)))


def _key(entry: Entry) -> tuple:
    """Return the keys of films: their numbers, where there are any, as two films may have one title and year."""
    numbers = entry.movie_id, entry.imdb, entry.tmdb
    return numbers if any(number is not None for number in numbers) else (entry.title.casefold(), entry.year)


def _newest_of_each(entries: Sequence[Entry]) -> list[Entry]:
    """Refuse all but the newest rating of each film, and rows that merely list a film that is rated elsewhere."""
    keyed = [(_key(entry), entry) for entry in reversed(entries)]
    rated = {key for key, entry in keyed if entry.stars is not None}
    seen: set[tuple] = set()
    kept = []
    for key, entry in keyed:
        if entry.refused:
            kept.append(entry)
        elif entry.stars is None and key in rated:
            kept.append(entry._replace(refused="rated in another row"))
        elif key in seen:
            reason = "rated again later; the newest rating counts" if entry.stars else "listed more than once"
            kept.append(entry._replace(stars=None, refused=reason))
        else:
            seen.add(key)
            kept.append(entry)
    return kept[::-1]
