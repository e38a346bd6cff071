"""Commands about data: ``datasets``, ``download``, ``simulate``."""

import os

from bst import datasets
from bst.cli.terminal import Answer, Options, bar, say
from bst.errors import ConfigError


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

    def text(answer: dict) -> str:
        return "\n".join(
            f"{row['dataset']:16} {row['title']:28} {'here' if row['present'] else row['hint']}"
            for row in answer["datasets"]
        )

    return {"datasets": rows}, text


def download(options: Options) -> Answer:
    """Download a dataset, its licence shown first."""
    say(datasets.licence_text(options.dataset) + "\n")
    with bar(options.dataset, "B", True) as shown:

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
    with bar("simulating", " ratings", True) as shown:

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
