"""The commands and their options."""

import argparse
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NoReturn

from bst import datasets
from bst.cli import (
    curves,
    data,
    evaluate,
    explain,
    export,
    index,
    insights,
    model,
    prepare,
    report,
    score,
    serve,
    visitor,
    what_if,
)
from bst.cli.terminal import Answer, Options
from bst.domain import AGES, OCCUPATIONS, SEXES
from bst.errors import one_line
from bst.evaluation import measure_timed
from bst.evaluation.list_record import PROTOCOL, PROTOCOL_MEANING
from bst.inference.export import FORMATS
from bst.inference.ranking import ORDERS, POPULARITY_BANDS
from bst.models.registry import FORMER_PRESETS, PRESETS, family_of
from bst.models.timeline.config import TOWERS
from bst.timelines.splits import PROTOCOLS, protocol_name

Run = Callable[[Options], Answer]
# characters of a message about an argument, which quotes what was typed
MOST_SHOWN = 250


class _Parser(argparse.ArgumentParser):
    """Reports an error in one line; the usage is one ``--help`` away."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"error: {one_line(message, MOST_SHOWN)}; see: {self.prog} --help\n")


class _Commands:
    """The commands of a parser."""

    def __init__(self, parser: argparse.ArgumentParser):
        self._subparsers = parser.add_subparsers(title="commands", dest="command", metavar="COMMAND", required=True)

    def add(self, name: str, run: Run, summary: str, example: str = "") -> argparse.ArgumentParser:
        """Add a command; ``summary``: what it does, without a capital and a full stop."""
        description = summary[0].upper() + summary[1:] + "."
        epilog = f"Example: python -m bst {example}" if example else ""
        parser = self._subparsers.add_parser(name, help=summary, description=description, epilog=epilog)
        parser.add_argument("--json", action="store_true", help="print one JSON object")
        parser.set_defaults(run=run)
        return parser


def make_parser() -> argparse.ArgumentParser:
    """Return the parser; ``options.run`` is the command to run."""
    parser = _Parser(
        prog="python -m bst",
        description="See what a Transformer movie recommender does and why.",
        epilog="Start with: python -m bst recommend --bundle demo --watched 'The Matrix=5'",
    )
    commands = _Commands(parser)
    for add in (
        _add_datasets,
        _add_download,
        _add_import,
        _add_simulate,
        _add_prepare,
        _add_presets,
        _add_train,
        _add_evaluate,
        _add_report,
        _add_curves,
        _add_score,
        _add_index,
        _add_recommend,
        _add_predict,
        _add_explain,
        _add_insights,
        _add_whatif,
        _add_counterfactual,
        _add_serve,
        _add_export,
    ):
        add(commands)
    return parser


# ---- data


def _add_datasets(commands: _Commands) -> None:
    commands.add("datasets", data.list_datasets, "list the datasets, which are here, and how to get the others")


def _add_download(commands: _Commands) -> None:
    parser = commands.add("download", data.download, "download a MovieLens dataset", "download ml-1m")
    with_url = [name for name, source in datasets.SOURCES.items() if source.url]
    parser.add_argument("dataset", choices=with_url, help="which one")


def _add_import(commands: _Commands) -> None:
    parser = commands.add(
        "import",
        data.import_dataset,
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
    parser.add_argument("--ignore-ratings", action="store_true", help="read events alone, as if nobody had rated")
    parser.add_argument("--overwrite", action="store_true", help="replace the imported dataset of that name")


def _add_simulate(commands: _Commands) -> None:
    parser = commands.add(
        "simulate",
        data.simulate,
        "simulate an audience for the demo catalogue, in MovieLens 1M's format",
        "simulate --users 5000 --ratings 1000000 --out big-world",
    )
    parser.add_argument("--users", type=int, default=2000, help="how many users (2000)")
    parser.add_argument("--ratings", type=int, default=300_000, help="how many ratings (300000)")
    parser.add_argument("--seed", type=int, default=1, help="the same seed gives the same files (1)")
    parser.add_argument("--out", type=Path, required=True, help="the folder to write; must not exist")


def _add_prepare(commands: _Commands) -> None:
    parser = commands.add(
        "prepare",
        prepare.prepare_store,
        "divide events of any size into sorted shards of users, in bounded memory; a run that was cut off goes on",
        "prepare big-world --out big-store --memory 2GB",
    )
    parser.add_argument("source", help="a folder with interactions, items and users, or a dataset's name")
    parser.add_argument("--out", type=Path, required=True, help="the folder of the store")
    parser.add_argument(
        "--engine",
        choices=prepare.ENGINES,
        default="local",
        help="local: DuckDB in this process; ray: the cluster at RAY_ADDRESS, or one on this machine (local)",
    )
    parser.add_argument("--shards", type=int, help="how many files of events (16, or as many as the memory asks for)")
    parser.add_argument("--memory", default="2GB", help="how much memory to use, such as 900MB (2GB)")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1, help="how many to use (one for each core)")
    parser.add_argument("--overwrite", action="store_true", help="replace the store, finished or not, that is there")


# ---- models


def _add_presets(commands: _Commands) -> None:
    parser = commands.add("presets", model.presets, "list the model presets with their parameter counts on a dataset")
    _add_dataset_option(parser)


def _add_train(commands: _Commands) -> None:
    parser = commands.add(
        "train",
        model.train_model,
        "train a model; it ends as a bundle that the app and the other commands can use",
        "train --dataset demo --epochs 3",
    )
    _add_dataset_option(parser)
    parser.add_argument(
        "--preset",
        choices=(*PRESETS, *FORMER_PRESETS),
        metavar=_names(PRESETS),
        default="timeline",
        help="which model (timeline)",
    )
    _protocol_option(
        parser, "; ".join(f"{name}: {family_of(preset.config).default_protocol}" for name, preset in PRESETS.items())
    )
    parser.add_argument("--seed", type=int, default=0, help="seed of split and training (0)")
    parser.add_argument("--epochs", type=int, help="passes over the data (the preset's own)")
    parser.add_argument(
        "--tower-epochs",
        action="append",
        default=[],
        metavar="TOWER=N",
        help="timeline: passes of one tower, such as next=36; may be repeated (the preset's own)",
    )
    parser.add_argument("--share", type=float, default=1.0, help="share of the users to learn from: above 0 … 1 (1)")
    parser.add_argument("--patience", type=int, default=3, help="stop after this many epochs without progress (3)")
    parser.add_argument(
        "--tower",
        action="append",
        choices=TOWERS,
        help="timeline: train this tower only; several times: these towers (all: rating, next and like)",
    )
    parser.add_argument(
        "--window", type=int, help="presets with a window: events in it, the target included (the preset's own)"
    )
    parser.add_argument(
        "--learning-rate", type=float, help="classic presets: Adagrad's learning rate (the preset's own)"
    )
    parser.add_argument("--batch-size", type=int, help="classic presets: windows in a batch (the preset's own)")
    parser.add_argument(
        "--negatives",
        type=int,
        help="timeline: items drawn for each batch to stand for a large catalogue in the next tower's loss "
        "(0: all of it)",
    )
    parser.add_argument(
        "--steps-per-epoch",
        type=int,
        help="timeline: at most so many steps of a tower in an epoch, for data of which one pass takes long (all)",
    )
    parser.add_argument(
        "--sample-events",
        type=int,
        default=1_000_000,
        help="prepared stores: so many events, of whole users, are what factor models are fitted to and what the model "
        "is validated and measured on (1000000)",
    )
    parser.add_argument(
        "--workers",
        type=int,
        default=1,
        help="timeline: train with so many processes; each reads its own shards of a prepared store (1)",
    )
    parser.add_argument(
        "--engine",
        choices=prepare.ENGINES,
        default="local",
        help="who starts the workers: local, on this computer, or ray, on the cluster of RAY_ADDRESS (local)",
    )
    parser.add_argument("--name", help="the bundle's name (DATASET-PRESET)")
    parser.add_argument("--resume", action="store_true", help="continue the unfinished run of that name")
    parser.add_argument("--overwrite", action="store_true", help="replace the bundle or unfinished run of that name")


def _add_evaluate(commands: _Commands) -> None:
    parser = commands.add(
        "evaluate",
        evaluate.evaluate,
        "measure a bundle on labels that it was never trained on, beside simple baselines",
        "evaluate --bundle demo",
    )
    _add_own_dataset_option(parser)
    _add_bundle_option(parser)
    protocols = PROTOCOLS | {PROTOCOL: PROTOCOL_MEANING, measure_timed.PROTOCOL: measure_timed.PROTOCOL_MEANING}
    _protocol_option(parser, "the one that the bundle was trained under", protocols)
    parser.add_argument("--seed", type=int, help="seed of the split (the one that the bundle was trained with)")
    parser.add_argument("--users", type=int, help="protocol list: how many test users, the first ones (all)")


def _add_index(commands: _Commands) -> None:
    parser = commands.add(
        "index",
        index.index,
        "build the index by which lists of a large catalogue are made, ahead of the first one",
        "index --bundle demo",
    )
    _add_bundle_option(parser)
    _add_own_dataset_option(parser)


def _add_report(commands: _Commands) -> None:
    parser = commands.add(
        "report",
        report.report,
        "write what is known about a model as one HTML file, for those without the app",
        "report --bundle demo --out report.html",
    )
    _add_bundle_option(parser)
    parser.add_argument("--out", type=Path, required=True, help="the file to write")
    _add_own_dataset_option(parser)
    parser.add_argument("--overwrite", action="store_true", help="replace the file if it is there")


def _add_curves(commands: _Commands) -> None:
    parser = commands.add(
        "curves",
        curves.curves,
        "print a model's learning curves, or write them for TensorBoard",
        "curves --bundle demo --tensorboard logs",
    )
    _add_bundle_option(parser)
    parser.add_argument("--tensorboard", type=Path, metavar="FOLDER", help="write event files into this folder, too")


def _add_score(commands: _Commands) -> None:
    parser = commands.add(
        "score",
        score.score_users,
        "write the first items of the list of every user to Parquet; interrupted, the same command goes on",
        "score --bundle ml-1m --out lists",
    )
    _add_bundle_option(parser)
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--dataset", help="a dataset's name or its folder (the one that the bundle was trained on)")
    source.add_argument("--store", type=Path, metavar="FOLDER", help="a prepared store in place of a dataset")
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="where the lists go, or went before")
    parser.add_argument("--engine", choices=("local", "ray"), default="local", help="processes here, or Ray (local)")
    parser.add_argument("-k", type=int, default=10, help="how many items for each user (10)")
    parser.add_argument("--order", choices=ORDERS, help="what comes first (the first that the model supports)")
    parser.add_argument("--shards", type=int, help="files for a dataset's users (one for each 256)")
    parser.add_argument("--workers", type=int, help="processes, or Ray's actors (as many as there are processors)")


# ---- visitors


def _add_recommend(commands: _Commands) -> None:
    parser = commands.add(
        "recommend",
        visitor.recommend,
        "rank the movies that a visitor has not seen",
        "recommend --bundle demo --sex F --age 25 --watched 'Alien (1979)=5' --watched 'M=4'",
    )
    _add_visitor_options(parser)
    parser.add_argument(
        "--candidate",
        action="append",
        default=[],
        metavar="TITLE",
        help="rank only these movies, by title or id; as often as needed (the whole catalogue)",
    )
    _add_list_options(parser)


def _add_predict(commands: _Commands) -> None:
    parser = commands.add(
        "predict",
        visitor.predict,
        "predict some movies for a visitor: their rating, and how likely they are watched next and liked",
        "predict --bundle demo --watched 'Alien (1979)=5' --movie 'Aliens' --movie 'Casablanca'",
    )
    _add_visitor_options(parser)
    parser.add_argument(
        "--movie",
        action="append",
        required=True,
        metavar="TITLE",
        help="a movie to predict, by title or id; as often as needed",
    )


def _add_explain(commands: _Commands) -> None:
    parser = commands.add(
        "explain",
        explain.explain_one,
        "explain one prediction: movies left out, other ratings, attention, gradients, and whether they agree",
        "explain --watched 'Alien (1979)=5' --watched 'Casablanca=3' --movie 'Aliens'",
    )
    _add_visitor_options(parser)
    parser.add_argument("--movie", required=True, metavar="TITLE", help="the movie to explain, by title or id")


def _add_insights(commands: _Commands) -> None:
    parser = commands.add(
        "insights",
        insights.insights,
        "measure over many visitors how far a model's attention may be trusted, and keep that with the bundle",
        "insights --bundle demo",
    )
    _add_bundle_option(parser)
    _add_own_dataset_option(parser)
    parser.add_argument("--visitors", type=int, default=200, help="how many visitors to sample (200)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the sample (0)")
    parser.add_argument(
        "--searches", type=int, default=25, help="for how many of them the smallest changes are searched for (25)"
    )


def _add_whatif(commands: _Commands) -> None:
    parser = commands.add(
        "whatif",
        what_if.what_if,
        "change something about a visitor and see what moves",
        "whatif --watched 'Alien (1979)=5' --watched 'M=4' --rate 'Alien=2' --set sex=F",
    )
    _add_visitor_options(parser)
    changes = parser.add_argument_group("changes", "applied one after another, in the order in which they are given")
    for name, (metavar, summary) in what_if.CHANGES.items():
        changes.add_argument(
            f"--{name}",
            action=_AppendChange,
            dest="changes",
            default=[],
            metavar=metavar,
            help=summary,
            nargs=1 + (name == "swap"),
        )
    _add_list_options(parser)


class _AppendChange(argparse.Action):
    """Collects the changes of all options in one list, as their order matters."""

    def __call__(
        self, parser: argparse.ArgumentParser, namespace: Options, values: Any, option_string: str | None = None
    ) -> None:
        change = [self.option_strings[0].removeprefix("--"), *values]
        setattr(namespace, self.dest, [*getattr(namespace, self.dest), change])


def _add_counterfactual(commands: _Commands) -> None:
    parser = commands.add(
        "counterfactual",
        what_if.counterfactual,
        "find the smallest change of a history that brings a movie where you want it",
        "counterfactual --watched 'Alien (1979)=5' --movie 'Brazil' --into-top 10",
    )
    _add_visitor_options(parser)
    parser.add_argument("--movie", required=True, metavar="TITLE", help="the movie to move, by title or id")
    goals = parser.add_mutually_exclusive_group(required=True)
    goals.add_argument("--into-top", type=int, metavar="RANKS", help="into the top RANKS of the list")
    goals.add_argument("--out-of-top", type=int, metavar="RANKS", help="out of the top RANKS of the list")
    goals.add_argument("--above", type=float, metavar="STARS", help="to an expected rating of STARS or more")
    goals.add_argument("--below", type=float, metavar="STARS", help="to an expected rating below STARS")
    _add_order_options(parser)
    parser.add_argument("--budget", type=int, default=2000, help="how many changes to try at most (2000)")
    parser.add_argument("--results", type=int, default=5, help="how many to list (5)")


# ---- models apart


def _add_serve(commands: _Commands) -> None:
    parser = commands.add(
        "serve",
        serve.serve,
        "answer over HTTP: recommendations, predictions, explanations, and the questions of an app with BST_MODEL_URL",
        "serve --bundle demo --bundle demo-compact --port 8600",
    )
    parser.add_argument("--bundle", action="append", help="a bundle's name, or its folder; as often as needed (demo)")
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen at; this computer only (127.0.0.1)")
    parser.add_argument("--port", type=int, default=8600, help="the port; 0 for any that is free (8600)")
    parser.add_argument(
        "--engine", choices=("local", "ray"), default="local", help="processes of this machine, or Ray Serve (local)"
    )
    parser.add_argument("--workers", type=int, default=1, help="local: how many processes (1)")
    parser.add_argument("--replicas", type=int, default=2, help="ray: how many replicas (2)")
    parser.add_argument(
        "--no-request-log", dest="request_log", action="store_false", help="log no line for each request"
    )
    limits = parser.add_argument_group("limits", "of each process; what is beyond one is refused")
    for name, kind, meaning in serve.LIMITS:
        limits.add_argument(f"--max-{name.replace('_', '-')}", type=kind, dest=f"max_{name}", metavar="N", help=meaning)


def _add_export(commands: _Commands) -> None:
    parser = commands.add(
        "export",
        export.export_model,
        "write a model for another server, and compare its answers with those of the app",
        "export --bundle demo --out exported",
    )
    _add_bundle_option(parser)
    _add_own_dataset_option(parser)
    parser.add_argument("--out", type=Path, required=True, help="the folder to write")
    meanings = "; ".join(f"{name}: {meaning}" for name, meaning in FORMATS.items())
    parser.add_argument("--format", choices=FORMATS, default="saved-model", help=f"{meanings} (saved-model)")
    parser.add_argument("--overwrite", action="store_true", help="replace the folder if it is there")


# ---- options that several commands have


def _add_visitor_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that describe the model and the visitor."""
    _add_bundle_option(parser)
    parser.add_argument("--dataset", help="folder of the bundle's dataset, where it is not found by its name")
    parser.add_argument("--sex", choices=SEXES, help="unknown if not given")
    parser.add_argument("--age", type=int, choices=AGES, help="age group by its lowest age; unknown if not given")
    parser.add_argument("--occupation", metavar="WORD", help=f"unknown if not given; one of: {', '.join(OCCUPATIONS)}")
    parser.add_argument(
        "--about",
        action="append",
        default=[],
        metavar="COLUMN=VALUE",
        help="what else is known of them, where a dataset of your own has other columns; as often as needed",
    )
    parser.add_argument(
        "--import",
        dest="import_file",
        type=Path,
        metavar="FILE",
        help="their own ratings, as Letterboxd, IMDb, MovieLens or Trakt exports them; --watched comes after these",
    )
    parser.add_argument("--take-unsure", action="store_true", help="take uncertain matches from that file, too")
    order = parser.add_mutually_exclusive_group()
    order.add_argument("--day-first", action="store_true", help="read 4/3/2026 in that file as the 4th of March")
    order.add_argument("--month-first", action="store_true", help="read 4/3/2026 in that file as April 3rd")
    parser.add_argument(
        "--watched",
        action="append",
        default=[],
        metavar="'TITLE=STARS'",
        help="a movie that they watched, by title or id, and their rating; oldest first, as often as needed; "
        "the title alone where the dataset has no ratings",
    )
    parser.add_argument(
        "--seen",
        action="append",
        default=[],
        metavar="TITLE",
        help="a movie that they have seen and not rated: it is not recommended, and the model does not read it",
    )


def _add_order_options(parser: argparse.ArgumentParser) -> None:
    meanings = "; ".join(f"{name}: {meaning}" for name, meaning in ORDERS.items())
    parser.add_argument(
        "--order", choices=ORDERS, help=f"what comes first (the first of these that the model supports; {meanings})"
    )
    parser.add_argument(
        "--weight", type=float, default=0.5, help="of order blend: 0 liked … 1 likely to be watched next (0.5)"
    )
    parser.add_argument(
        "--fame-weight", type=float, default=1.0, help="of order like: 0 their taste alone … 1 taste and fame (1)"
    )


def _add_list_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that say which movies are listed, and in which order."""
    _add_order_options(parser)
    parser.add_argument("--diversity", type=float, default=0.0, help="how diverse the list is: 0 … 1 (0)")
    parser.add_argument("-k", type=int, default=10, help="how many to list (10)")
    parser.add_argument("--genre", action="append", default=[], help="only movies of this genre; several: any of them")
    parser.add_argument("--years", metavar="FROM-TO", help="only movies of these years, such as 1980-1999")
    parser.add_argument("--fame", choices=POPULARITY_BANDS, help="only movies of this popularity, by their ratings")


def _add_dataset_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--dataset", default="demo", help="a dataset's name, or the folder that holds one (demo)")


def _add_own_dataset_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--dataset", help="a dataset's name or its folder (the one that the bundle was trained on)")


def _add_bundle_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--bundle", default="demo", help="a bundle's name under data/bundles, or its folder (demo)")


def _protocol_option(parser: argparse.ArgumentParser, default: str, protocols: Mapping[str, str] = PROTOCOLS) -> None:
    explained = "; ".join(f"{name}: {meaning}" for name, meaning in protocols.items()).replace("%", "%%")
    parser.add_argument(
        "--protocol",
        type=protocol_name,
        choices=protocols,
        metavar=_names(protocols),
        help=f"{explained} ({default})",
    )


def _names(choices: Iterable[str]) -> str:
    """Return what argparse shows of choices in a usage line; former names are accepted, but not shown."""
    return f"{{{','.join(choices)}}}"
