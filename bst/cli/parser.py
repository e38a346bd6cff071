"""The commands and their options."""

import argparse
from collections.abc import Callable, Iterable
from pathlib import Path

from bst import datasets
from bst.cli import data, evaluate, explain, insights, model, report, visitor, what_if
from bst.cli.terminal import Answer, Options
from bst.errors import one_line
from bst.inference.ranking import ORDERS, POPULARITY_BANDS
from bst.models.registry import FORMER_PRESETS, PRESETS
from bst.schema import AGES, OCCUPATIONS, SEXES
from bst.timelines.splits import PROTOCOLS, protocol_name


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line; the usage is one ``--help`` away."""

    def error(self, message: str):
        self.exit(2, f"error: {one_line(message)}; see: {self.prog} --help\n")


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
    sub.add_argument(
        "--preset",
        choices=(*PRESETS, *FORMER_PRESETS),
        metavar=_names(PRESETS),
        default="timeline",
        help="which model (timeline)",
    )
    _protocol_option(sub, "timeline: visitor; others: windows")
    sub.add_argument("--seed", type=int, default=0, help="seed of split and training (0)")
    sub.add_argument("--epochs", type=int, help="passes over the data (the preset's own)")
    sub.add_argument("--share", type=float, default=1.0, help="part of the users to learn from: above 0 … 1 (1)")
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
        evaluate.evaluate,
        "measure a bundle on labels that it was never trained on, beside simple peers",
        "Example: python -m bst evaluate --bundle demo",
    )
    sub.add_argument("--dataset", help="a dataset's name or its folder (the one that the bundle was trained on)")
    _bundle_option(sub)
    _protocol_option(sub, "the one that the bundle was trained under")
    sub.add_argument("--seed", type=int, help="seed of the split (the one that the bundle was trained with)")

    sub = command(
        "report",
        report.report,
        "write what is known of a model as one HTML file, for those without the app",
        "Example: python -m bst report --bundle demo --out report.html",
    )
    _bundle_option(sub)
    sub.add_argument("--out", type=Path, required=True, help="the file to write")
    sub.add_argument("--dataset", help="a dataset's name or its folder (the one that the bundle was trained on)")
    sub.add_argument("--overwrite", action="store_true", help="replace the file if it is there")

    sub = command(
        "recommend",
        visitor.recommend,
        "rank the movies that a visitor has not seen",
        "Example: python -m bst recommend --bundle demo --sex F --age 25 --watched 'Alien (1979)=5' --watched 'M=4'",
    )
    _visitor_options(sub)
    _list_options(sub)

    sub = command(
        "explain",
        explain.explain_one,
        "say what moved one prediction: movies left out, other ratings, attention, gradients, and whether they agree",
        "Example: python -m bst explain --watched 'Alien (1979)=5' --watched 'Casablanca=3' --movie 'Aliens'",
    )
    _visitor_options(sub)
    sub.add_argument("--movie", required=True, metavar="TITLE", help="the movie to explain, by title or id")

    sub = command(
        "insights",
        insights.insights,
        "measure over many visitors how far a model's attention may be trusted, and keep that with the bundle",
        "Example: python -m bst insights --bundle demo",
    )
    _bundle_option(sub)
    sub.add_argument("--dataset", help="a dataset's name or its folder (the one that the bundle was trained on)")
    sub.add_argument("--visitors", type=int, default=200, help="how many visitors to sample (200)")
    sub.add_argument("--seed", type=int, default=0, help="seed of the sample (0)")

    sub = command(
        "whatif",
        what_if.what_if,
        "change something about a visitor and see what moves",
        "Example: python -m bst whatif --watched 'Alien (1979)=5' --watched 'M=4' --rate 'Alien=2' --set sex=F",
    )
    _visitor_options(sub)
    changes = sub.add_argument_group("changes", "one after another, in the order in which they are given")
    for name, (takes, words) in what_if.CHANGES.items():
        changes.add_argument(
            f"--{name}",
            action=_Change,
            dest="changes",
            default=[],
            metavar=takes,
            help=words,
            nargs=1 + (name == "swap"),
        )
    _list_options(sub)

    sub = command(
        "counterfactual",
        what_if.counterfactual,
        "find the smallest change of a history that brings a movie where one wants it",
        "Example: python -m bst counterfactual --watched 'Alien (1979)=5' --movie 'Brazil' --into-top 10",
    )
    _visitor_options(sub)
    sub.add_argument("--movie", required=True, metavar="TITLE", help="the movie that shall move, by title or id")
    goals = sub.add_mutually_exclusive_group(required=True)
    goals.add_argument("--into-top", type=int, metavar="PLACES", help="into the first so many of the list")
    goals.add_argument("--out-of-top", type=int, metavar="PLACES", help="out of the first so many of the list")
    goals.add_argument("--above", type=float, metavar="STARS", help="to an expected rating of so many stars or more")
    goals.add_argument("--below", type=float, metavar="STARS", help="to an expected rating of less than so many stars")
    _order_options(sub)
    sub.add_argument("--budget", type=int, default=2000, help="how many changes to try at most (2000)")
    sub.add_argument("--results", type=int, default=5, help="how many to name (5)")
    return parser


class _Change(argparse.Action):
    """Keeps the changes of all options in one list, as their order matters."""

    def __call__(self, parser, namespace, values, option_string=None):
        given = [self.option_strings[0].removeprefix("--"), *values]
        setattr(namespace, self.dest, [*getattr(namespace, self.dest), given])


def _visitor_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that say which model is asked, and who the visitor is."""
    _bundle_option(parser)
    parser.add_argument("--dataset", help="folder of the bundle's dataset, where it is not found by its name")
    parser.add_argument("--sex", choices=SEXES, help="unknown if left out")
    parser.add_argument("--age", type=int, choices=AGES, help="age group by its lowest age; unknown if left out")
    parser.add_argument("--occupation", metavar="WORD", help=f"unknown if left out; one of: {', '.join(OCCUPATIONS)}")
    parser.add_argument(
        "--import",
        dest="import_file",
        type=Path,
        metavar="FILE",
        help="their own ratings, as Letterboxd, IMDb, MovieLens or Trakt exports them; --watched comes after these",
    )
    parser.add_argument("--take-unsure", action="store_true", help="take from that file what may be another movie, too")
    order = parser.add_mutually_exclusive_group()
    order.add_argument("--day-first", action="store_true", help="read 4/3/2026 in that file as the 4th of March")
    order.add_argument("--month-first", action="store_true", help="read 4/3/2026 in that file as April 3rd")
    parser.add_argument(
        "--watched",
        action="append",
        default=[],
        metavar="'TITLE=STARS'",
        help="a movie that they watched, by title or id, and their rating; oldest first, as often as needed",
    )
    parser.add_argument(
        "--seen",
        action="append",
        default=[],
        metavar="TITLE",
        help="a movie that they have seen and not rated: it is not recommended, and the model does not read it",
    )


def _order_options(parser: argparse.ArgumentParser) -> None:
    words = "; ".join(f"{name}: {what}" for name, what in ORDERS.items())
    parser.add_argument("--order", choices=ORDERS, default="rating", help=f"what comes first (rating; {words})")
    parser.add_argument(
        "--weight", type=float, default=0.5, help="of order blend: 0 liked … 1 likely to be watched next (0.5)"
    )


def _list_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that say which movies are named, and in which order."""
    _order_options(parser)
    parser.add_argument("--diversity", type=float, default=0.0, help="how varied the list is: 0 … 1 (0)")
    parser.add_argument("-k", type=int, default=10, help="how many to name (10)")
    parser.add_argument("--genre", action="append", default=[], help="only movies of this genre; several: any of them")
    parser.add_argument("--years", metavar="FROM-TO", help="only movies of these years, such as 1980-1999")
    parser.add_argument("--fame", choices=POPULARITY_BANDS, help="only movies with so many ratings in the dataset")


def _dataset_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--dataset", default="demo", help="a dataset's name, or the folder that holds one (demo)")


def _bundle_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--bundle", default="demo", help="a bundle's name under data/bundles, or its folder (demo)")


def _protocol_option(parser: argparse.ArgumentParser, default: str) -> None:
    explained = "; ".join(f"{name}: {meaning}" for name, meaning in PROTOCOLS.items()).replace("%", "%%")
    parser.add_argument(
        "--protocol",
        type=protocol_name,
        choices=PROTOCOLS,
        metavar=_names(PROTOCOLS),
        help=f"{explained} ({default})",
    )


def _names(choices: Iterable[str]) -> str:
    """Return what argparse shows of choices in a usage line; former names are accepted, but not shown."""
    return f"{{{','.join(choices)}}}"
