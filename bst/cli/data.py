"""Commands about data: ``datasets``, ``download``, ``import``, ``simulate``."""

import os
from functools import partial
from pathlib import Path

from bst import datasets
from bst.cli.commands import Commands
from bst.cli.terminal import Answer, Options, progress_bar, say
from bst.datasets import own
from bst.domain import NOUNS, Domain
from bst.errors import ConfigError, DatasetError
from bst.timelines.arrays import assumptions

# a folder of up to this many bytes is read just to report what is assumed about its dataset
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


def import_dataset(options: Options) -> Answer:
    """Validate a folder with one's own data and keep it as a dataset."""
    name = options.name or options.folder.resolve().name
    folder = datasets.require_new_name(name, overwrite=options.overwrite)
    nouns = {noun: getattr(options, noun) for noun in ("title", *NOUNS)}
    names = own.read_names(options.folder).with_nouns(nouns)
    say(f"reading {options.folder}")
    dataset = own.read_own(options.folder, name, names, ignore_ratings=options.ignore_ratings)
    say(f"writing {folder}")
    own.write_stored(dataset, folder)
    domain = dataset.domain
    return {
        "dataset": name,
        "title": dataset.title,
        "folder": str(folder),
        "users": len(dataset.users),
        "items": len(dataset.movies),
        "events": len(dataset.ratings),
        "levels": list(dataset.levels) if domain.rated else [],
        "tags": len(domain.tag_values),
        "columns": {one.name: len(one.values) for one in domain.demographics.values()},
        "notes": list(dataset.notes),
    }, partial(_import_text, domain=domain)


def _import_text(answer: dict, domain: Domain) -> str:
    columns = ", ".join(f"{name} ({values} values)" for name, values in answer["columns"].items()) or "nothing"
    levels = ", ".join(f"{level:g}" for level in answer["levels"])
    lines = [
        f"{answer['dataset']}: {answer['users']:,} users, {answer['items']:,} {domain.items}, "
        f"{answer['events']:,} events, {answer['tags']:,} {domain.tags}",
        f"ratings: {levels}" if levels else "no ratings: what is predicted is what comes next",
        f"known of users: {columns}",
        *answer["notes"],
        f"It is in {answer['folder']}; train on it with: python -m bst train --dataset {answer['dataset']}",
    ]
    return "\n".join(lines)


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


# ---- options


def add_datasets(commands: Commands) -> None:
    """Add the command ``datasets``."""
    commands.add("datasets", list_datasets, "list the datasets, which are here, and how to get the others")


def add_download(commands: Commands) -> None:
    """Add the command ``download``."""
    parser = commands.add("download", download, "download a MovieLens dataset", "download ml-1m")
    with_url = [name for name, source in datasets.SOURCES.items() if source.url]
    parser.add_argument("dataset", choices=with_url, help="which one")


def add_import(commands: Commands) -> None:
    """Add the command ``import``."""
    parser = commands.add(
        "import",
        import_dataset,
        "validate a folder with your own data, and keep it as a dataset that all other commands and the app know",
        "import logs --name shop --item book --consume read --consumed read",
    )
    parser.add_argument("folder", type=Path, help="the folder with interactions and, if there are, items and users")
    parser.add_argument("--name", help="what to call the dataset in other commands (the folder's name)")
    parser.add_argument("--title", help="what to call it on screen (its name)")
    for noun, meaning in {
        "item": "what is recommended, one",
        "items": "several of them (ITEM with an s)",
        "consume": "what users do with one, such as read",
        "consumed": "the same as a participle: they have …",
        "tag": "what groups items, one",
        "tags": "several of them (TAG with an s)",
    }.items():
        parser.add_argument(f"--{noun}", metavar="WORD", help=f"{meaning} (as domain.json has it)")
    parser.add_argument("--ignore-ratings", action="store_true", help="read events alone, as if there were no ratings")
    parser.add_argument("--overwrite", action="store_true", help="replace the imported dataset of that name")


def add_simulate(commands: Commands) -> None:
    """Add the command ``simulate``."""
    parser = commands.add(
        "simulate",
        simulate,
        "simulate an audience for the demo catalogue, in MovieLens 1M's format",
        "simulate --users 5000 --ratings 1000000 --out big-world",
    )
    parser.add_argument("--users", type=int, default=2000, help="how many users (2000)")
    parser.add_argument("--ratings", type=int, default=300_000, help="how many ratings (300000)")
    parser.add_argument("--seed", type=int, default=1, help="the same seed gives the same files (1)")
    parser.add_argument("--out", type=Path, required=True, help="the folder to write; must not exist")
