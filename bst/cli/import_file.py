"""The option ``--import``: a visitor from a file with a person's own ratings, with a summary of what was imported."""

from collections.abc import Sequence
from pathlib import Path

from bst.cli.terminal import Options, say
from bst.datasets.catalogue import Catalogue
from bst.schema import Visitor
from bst.visitors.imports import (
    Confidence,
    DateOrder,
    ImportProblem,
    history_note,
    import_history,
    matcher_of,
    read_export,
)

# more than any export has, zipped or not: no more of a file is read into memory
MAX_BYTES = 64 * 2**20
# characters of a path and of a file's name that a message shows
MAX_PATH_LENGTH, MAX_NAME_LENGTH = 200, 60


def import_file(
    visitor: Visitor, options: Options, catalogue: Catalogue, dataset: str, levels: Sequence[float]
) -> Visitor:
    """Return a visitor with the ratings in ``options.import_file``, and report on standard error what was imported.

    Raises ``ImportProblem`` for a file that cannot be read, or whose dates need ``--day-first`` or ``--month-first``.
    """
    path = options.import_file
    name = path.name[:MAX_NAME_LENGTH]
    order: DateOrder | None = "day-first" if options.day_first else "month-first" if options.month_first else None
    export = read_export(_read(path), name, order)
    if export.ambiguous_date:
        raise ImportProblem(
            f"{name}: {export.ambiguous_date} could be day first or month first, and nothing in the file decides it; "
            "add --day-first or --month-first"
        )
    matches = matcher_of(catalogue, dataset).match(export.entries)
    matched = [match for match in matches if match.movie_id is not None]
    unsure = sum(match.confidence == Confidence.UNSURE for match in matched)
    required = Confidence.UNSURE if options.take_unsure else Confidence.LIKELY
    accepted = [match for match in matched if match.confidence >= required]
    summary = f"{export.source}: {len(matches):,} rows, {len(matched) - unsure:,} matched"
    if unsure:
        summary += f", {unsure:,} unsure and " + ("taken" if options.take_unsure else "left out (--take-unsure)")
    if unmatched := len(matches) - len(matched):
        summary += f", {unmatched:,} not taken"
    say(summary)
    for remark in export.remarks:
        say(remark)
    rated = sum(match.entry.stars is not None for match in accepted)
    if note := history_note(rated, len(accepted) - rated):
        say(note)
    return import_history(visitor, accepted, levels)


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ImportProblem(
            f"{str(path)[:MAX_PATH_LENGTH]!r} cannot be read ({reason}); name a file with ratings"
        ) from error
    if len(data) > MAX_BYTES:
        raise ImportProblem(
            f"{path.name[:MAX_NAME_LENGTH]} has more than {MAX_BYTES // 2**20} MB; "
            "name a file with one person's ratings"
        )
    return data
