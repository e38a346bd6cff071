"""Commands about data: ``datasets``, ``download``, ``simulate``."""

import os
from pathlib import Path

from bst import datasets
from bst.cli.terminal import Answer, Options, progress_bar, say
from bst.errors import ConfigError, DatasetError
from bst.timelines.arrays import assumptions

# a folder of up to so many bytes is read just to report what is assumed about its dataset
MAX_READ_BYTES = 100_000_000


def list_datasets(options: Options) -> Answer:
    """List the datasets, which of them are here, and how to get the others."""
    rows: list[dict[str, str | int | bool | None]] = []
    for status in datasets.available():
        source, folder = status.source, status.folder
        rows.append(_row(source.name, source.title, status.present, folder, source.ratings, status.hint))
    for name, title in datasets.usable().items():
        if name not in datasets.SOURCES:  # registered by a training
            rows.append(_row(name, title, True, datasets.find(name), None, ""))

    def text(answer: dict) -> str:
        return "\n".join(
            f"{row['dataset']:16} {row['title']:28} {'here' if row['present'] else row['hint']}"
            for row in answer["datasets"]
        )

    return {"datasets": rows}, text


def _row(
    name: str, title: str, present: bool, folder: Path | None, ratings: int | None, hint: str
) -> dict[str, str | int | bool | None]:
    """Return a row of the list; what is assumed about the dataset goes to standard error."""
    if folder:
        _report_assumptions(name, folder)
    return {
        "dataset": name,
        "title": title,
        "present": present,
        "folder": str(folder) if folder else None,
        "ratings": ratings,
        "hint": hint,
    }


def _report_assumptions(name: str, folder: Path) -> None:
    """Report on standard error what is assumed about a dataset, or what is wrong with it, if it is small."""
    if sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) > MAX_READ_BYTES:
        return
    try:
        for note in assumptions(datasets.load(name)):
            say(f"{name}: {note}")
    except DatasetError as error:
        say(f"{name}: {error}")


def download(options: Options) -> Answer:
    """Download a dataset, after showing its licence."""
    say(datasets.licence_text(options.dataset) + "\n")
    with progress_bar(options.dataset, "B", True) as progress:

        def on_progress(done: int, total: int) -> None:
            progress.total = total or None
            progress.update(done - progress.n)

        folder = datasets.download(options.dataset, on_progress=on_progress)
    return {"dataset": options.dataset, "folder": str(folder)}, lambda a: f"{a['dataset']} is in {a['folder']}"


def simulate(options: Options) -> Answer:
    """Simulate an audience for the demo catalogue."""
    from bst.datasets.simulation import simulate, write

    if os.path.lexists(options.out):
        raise ConfigError(f"{options.out} exists already; name a new folder with --out")
    with progress_bar("simulating", " ratings", True) as progress:

        def on_progress(done: int, total: int) -> None:
            progress.total = total
            progress.update(done - progress.n)

        world = simulate(options.users, options.ratings, options.seed, on_progress)
    say(f"writing {options.out}")
    folder = write(world, options.out)
    answer = {"folder": str(folder), "users": options.users, "ratings": options.ratings, "seed": options.seed}
    return (
        answer,
        lambda a: (
            f"{a['users']:,} simulated users and {a['ratings']:,} ratings are in {a['folder']}; "
            f"train on them with: python -m bst train --dataset {a['folder']}"
        ),
    )
