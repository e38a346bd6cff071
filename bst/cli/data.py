"""Commands about data: ``datasets``, ``download``, ``simulate``."""

import os
from pathlib import Path

from bst import datasets
from bst.cli.terminal import Answer, Options, progress_bar, say
from bst.errors import ConfigError, DatasetError
from bst.timelines.arrays import assumptions

# bytes of a folder up to which a dataset is read just to say what is assumed of it
READ_AT_ONCE = 100_000_000


def list_datasets(options: Options) -> Answer:
    """List the datasets, which are here, and how to get the others."""
    rows = [
        {
            "dataset": status.source.name,
            "title": status.source.title,
            "present": status.present,
            "folder": str(status.folder) if status.folder else None,
            "ratings": status.source.ratings,
            "hint": status.hint,
        }
        for status in datasets.available()
    ]
    for name, title in datasets.usable().items():
        if name not in datasets.SOURCES:  # remembered from a training
            row = {"dataset": name, "title": title, "present": True, "folder": str(datasets.find(name))}
            rows.append(row | {"ratings": None, "hint": ""})
    for row in rows:
        if row["folder"]:
            _say_notes(row["dataset"], Path(row["folder"]))

    def text(answer: dict) -> str:
        return "\n".join(
            f"{row['dataset']:16} {row['title']:28} {'here' if row['present'] else row['hint']}"
            for row in answer["datasets"]
        )

    return {"datasets": rows}, text


def _say_notes(name: str, folder: Path) -> None:
    """Say on standard error what is assumed of a dataset, or what is wrong with it, if it is read quickly."""
    if sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) > READ_AT_ONCE:
        return
    try:
        for note in assumptions(datasets.load(name)):
            say(f"{name}: {note}")
    except DatasetError as error:
        say(f"{name}: {error}")


def download(options: Options) -> Answer:
    """Download a dataset, its licence shown first."""
    say(datasets.licence_text(options.dataset) + "\n")
    with progress_bar(options.dataset, "B", True) as shown:

        def on_progress(done: int, total: int) -> None:
            shown.total = total or None
            shown.update(done - shown.n)

        folder = datasets.download(options.dataset, on_progress=on_progress)
    return {"dataset": options.dataset, "folder": str(folder)}, lambda a: f"{a['dataset']} is in {a['folder']}"


def simulate(options: Options) -> Answer:
    """Simulate an audience for the demo catalogue."""
    from bst.datasets.simulation import simulate, write

    if os.path.lexists(options.out):
        raise ConfigError(f"{options.out} exists already; name a new folder with --out")
    with progress_bar("simulating", " ratings", True) as shown:

        def on_progress(done: int, total: int) -> None:
            shown.total = total
            shown.update(done - shown.n)

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
