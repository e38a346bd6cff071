"""Command ``score``: the first items of every user's list, as Parquet."""

from dataclasses import asdict
from pathlib import Path

from bst import datasets
from bst.batch_scoring import DatasetSource, Source, StoreSource, score
from bst.bundles.bundle import open_bundle
from bst.cli.commands import Commands
from bst.cli.options import add_bundle_option
from bst.cli.terminal import Answer, Options, progress_bar
from bst.errors import ConfigError
from bst.inference.ranking import ORDERS
from bst.store import Store


def score_users(options: Options) -> Answer:
    """Score all users of a dataset or a store."""
    bundle = open_bundle(options.bundle)
    source = _source(options, bundle.dataset)
    with progress_bar("scoring", " users", True) as progress:

        def on_progress(done: int, total: int) -> None:
            progress.total = total
            progress.update(done - progress.n)

        summary = score(
            bundle,
            source,
            options.out,
            k=options.k,
            order=options.order,
            engine=options.engine,
            workers=options.workers,
            on_progress=on_progress,
        )
    answer = {
        **asdict(summary),
        "folder": str(summary.folder),
        "bundle": bundle.name,
        "dataset": source.name,
        "k": options.k,
        "users_per_second": round(summary.users_per_second, 1),
    }
    return answer, _text


def _source(options: Options, dataset: str) -> Source:
    if options.store is None:
        return DatasetSource(datasets.load(options.dataset or dataset), options.shards)
    if options.shards is not None:
        raise ConfigError("--shards is for a dataset: a store has the shards that it was prepared with")
    return StoreSource(Store.open(options.store))


def _text(answer: dict) -> str:
    there = answer["shards"] - answer["scored_shards"]
    skipped = f"; {there:,} of {answer['shards']:,} shards were there already" if there else ""
    return (
        f"{answer['folder']} has the lists of {answer['users']:,} users by order {answer['order']} "
        f"({answer['rows']:,} rows); {answer['scored_users']:,} scored in {answer['seconds']:.1f} s, "
        f"{answer['users_per_second']:,.0f} a second{skipped}"
    )


# ---- options


def add_score(commands: Commands) -> None:
    """Add the command ``score``."""
    parser = commands.add(
        "score",
        score_users,
        "write the first items of the list of every user to Parquet; interrupted, the same command goes on",
        "score --bundle ml-1m --out lists",
    )
    add_bundle_option(parser)
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--dataset", help="a dataset's name or its folder (the one that the bundle was trained on)")
    source.add_argument("--store", type=Path, metavar="FOLDER", help="a prepared store in place of a dataset")
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="where the lists go, or went before")
    parser.add_argument("--engine", choices=("local", "ray"), default="local", help="processes here, or Ray (local)")
    parser.add_argument("-k", type=int, default=10, help="how many items for each user (10)")
    parser.add_argument("--order", choices=ORDERS, help="what comes first (the first that the model supports)")
    parser.add_argument("--shards", type=int, help="files for a dataset's users (one for each 256)")
    parser.add_argument("--workers", type=int, help="processes, or Ray's actors (as many as there are processors)")
