"""The option ``--import``: a visitor out of a file with their own ratings, with a word on what was made of it."""

from collections.abc import Sequence
from pathlib import Path

from bst.cli.terminal import Options, say
from bst.datasets.catalogue import Catalogue
from bst.schema import Visitor
from bst.visitors.imports import Confidence, DateOrder, ImportProblem, imported, matcher_of, read_export, what_counts

# more than any export has, zipped or not: no more of a file is read into memory
MOST_BYTES = 64 * 2**20


def import_file(
    visitor: Visitor, options: Options, catalogue: Catalogue, dataset: str, levels: Sequence[float]
) -> Visitor:
    """Return a visitor with the ratings in ``options.import_file``, and say on standard error what became of them.

    Raises ``ImportProblem`` for a file that cannot be read, or whose dates need ``--day-first`` or ``--month-first``.
    """
    path = options.import_file
    name = path.name[:60]
    order: DateOrder | None = "day-first" if options.day_first else "month-first" if options.month_first else None
    export = read_export(_read(path), name, order)
    if export.ambiguous_date:
        raise ImportProblem(
            f"{name}: {export.ambiguous_date} could be day first or month first, and nothing in the file tells; "
            "add --day-first or --month-first"
        )
    matches = matcher_of(catalogue, dataset).match(export.entries)
    matched = [match for match in matches if match.movie_id is not None]
    unsure = sum(match.sureness == Confidence.UNSURE for match in matched)
    least = Confidence.UNSURE if options.take_unsure else Confidence.LIKELY
    taken = [match for match in matched if match.sureness >= least]
    words = f"{export.source}: {len(matches):,} rows, {len(matched) - unsure:,} matched"
    if unsure:
        words += f", {unsure:,} unsure and " + ("taken" if options.take_unsure else "left out (--take-unsure)")
    if missed := len(matches) - len(matched):
        words += f", {missed:,} not taken"
    say(words)
    for remark in export.remarks:
        say(remark)
    rated = sum(match.entry.stars is not None for match in taken)
    if counts := what_counts(rated, len(taken) - rated):
        say(counts)
    return imported(visitor, taken, levels)


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ImportProblem(f"{str(path)[:200]!r} cannot be read ({reason}); name a file with ratings") from error
    if len(data) > MOST_BYTES:
        raise ImportProblem(
            f"{path.name[:60]} has more than {MOST_BYTES // 2**20} MB; name a file with one person's ratings"
        )
    return data
