"""The commands and their options."""

import argparse
from collections.abc import Callable
from pathlib import Path

from bst import datasets
from bst.cli import data, model, visitor
from bst.cli.terminal import Answer, Options
from bst.evaluation import PROTOCOLS
from bst.models.config import PRESETS
from bst.recommender import ORDERS
from bst.schema import AGES, OCCUPATIONS, SEXES


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line; the usage is one ``--help`` away."""

    def error(self, message: str):
        self.exit(2, f"error: {message}; see: {self.prog} --help\n")


def make_parser() -> argparse.ArgumentParser:
    """Return the parser; ``options.run`` is the command to run."""
    parser = _Parser(
        prog="python -m bst",
        description="See what a Transformer movie recommender does and why.",
        epilog="Start with: python -m bst recommend --bundle demo --watched 'The Matrix=5'",
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def command(name: str, run: Callable[[Options], Answer], words: str, example: str):
        sub = commands.add_parser(name, help=words, description=words[0].upper() + words[1:] + ".", epilog=example)
        sub.add_argument("--json", action="store_true", help="print one JSON object")
        sub.set_defaults(run=run)
        return sub

    sub = command("datasets", data.list_datasets, "list the datasets, which are here, and how to get the others", "")

    sub = command("download", data.download, "download a MovieLens dataset", "Example: python -m bst download ml-1m")
    sub.add_argument("dataset", choices=[n for n, s in datasets.SOURCES.items() if s.url], help="which one")

    sub = command(
        "simulate",
        data.simulate,
        "simulate an audience for the demo catalogue, in MovieLens 1M's format",
        "Example: python -m bst simulate --users 5000 --ratings 1000000 --out big-world",
    )
    sub.add_argument("--users", type=int, default=2000, help="how many users (2000)")
    sub.add_argument("--ratings", type=int, default=300_000, help="how many ratings (300000)")
    sub.add_argument("--seed", type=int, default=1, help="the same seed gives the same files (1)")
    sub.add_argument("--out", type=Path, required=True, help="the folder to write; must not exist")

    sub = command("presets", model.presets, "list the model presets with their parameters on a dataset", "")
    _dataset_option(sub)

    sub = command(
        "train",
        model.train_model,
        "train a model; it ends as a bundle that the app and the other commands can use",
        "Example: python -m bst train --dataset demo --epochs 3",
    )
    _dataset_option(sub)
    sub.add_argument("--preset", choices=PRESETS, default="timeline", help="which model (timeline)")
    sub.add_argument("--protocol", choices=PROTOCOLS, help=_protocols("timeline: visitor; others: seed"))
    sub.add_argument("--seed", type=int, default=0, help="seed of split and training (0)")
    sub.add_argument("--epochs", type=int, help="passes over the data (the preset's own)")
    sub.add_argument("--patience", type=int, default=3, help="stop after this many epochs without progress (3)")
    sub.add_argument(
        "--tower", action="append", choices=("rating", "next"), help="timeline: train this tower only (both)"
    )
    sub.add_argument("--window", type=int, help="others: events in a window, the target included (the preset's own)")
    sub.add_argument("--learning-rate", type=float, help="others: Adagrad's learning rate (the preset's own)")
    sub.add_argument("--batch-size", type=int, help="others: windows in a batch (the preset's own)")
    sub.add_argument("--name", help="the bundle's name (DATASET-PRESET)")
    sub.add_argument("--resume", action="store_true", help="go on with the unfinished run of that name")
    sub.add_argument("--overwrite", action="store_true", help="replace the bundle or unfinished run of that name")

    sub = command(
        "evaluate",
        model.evaluate,
        "measure a bundle on labels that it was never trained on, beside simple peers",
        "Example: python -m bst evaluate --bundle demo",
    )
    sub.add_argument("--dataset", help="a dataset's name or its folder (the one that the bundle was trained on)")
    _bundle_option(sub)
    sub.add_argument("--protocol", choices=PROTOCOLS, help=_protocols("the one that the bundle was trained under"))
    sub.add_argument("--seed", type=int, help="seed of the split (the one that the bundle was trained with)")

    sub = command(
        "recommend",
        visitor.recommend,
        "rank the movies that a visitor has not seen",
        "Example: python -m bst recommend --bundle demo --sex F --age 25 --watched 'Alien (1979)=5' --watched 'M=4'",
    )
    _bundle_option(sub)
    sub.add_argument("--dataset", help="folder of the bundle's dataset, where it is not found by its name")
    sub.add_argument("--sex", choices=SEXES, help="unknown if left out")
    sub.add_argument("--age", type=int, choices=AGES, help="age group by its lowest age; unknown if left out")
    sub.add_argument("--occupation", metavar="WORD", help=f"unknown if left out; one of: {', '.join(OCCUPATIONS)}")
    sub.add_argument(
        "--watched",
        action="append",
        default=[],
        metavar="'TITLE=STARS'",
        help="a movie that they watched, by title or id, and their rating; oldest first, as often as needed",
    )
    words = "; ".join(f"{name}: {what}" for name, what in ORDERS.items())
    sub.add_argument("--order", choices=ORDERS, default="rating", help=f"what comes first (rating; {words})")
    sub.add_argument("-k", type=int, default=10, help="how many to name (10)")
    sub.add_argument("--genre", action="append", default=[], help="only movies of this genre; several: any of them")
    sub.add_argument("--years", metavar="FROM-TO", help="only movies of these years, such as 1980-1999")
    return parser


def _dataset_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--dataset", default="demo", help="a dataset's name, or the folder that holds one (demo)")


def _bundle_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--bundle", default="demo", help="a bundle's name under data/bundles, or its folder (demo)")


def _protocols(default: str) -> str:
    words = "; ".join(f"{name}: {story}" for name, story in PROTOCOLS.items()).replace("%", "%%")
    return f"{words} ({default})"
