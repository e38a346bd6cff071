"""The command line: ``python -m bst COMMAND``.

Answers go to standard output, as text or, with ``--json``, as one JSON object; everything else goes to standard error.
Exit code 0; 2 with one clear line for input that cannot be used; 1 for a fault of ours; 130 when interrupted.
"""

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from bst import datasets
from bst.errors import BSTError, ConfigError, VisitorError
from bst.evaluation import PROTOCOLS
from bst.models.config import PRESETS, Sizes, describe, preset
from bst.schema import AGES, OCCUPATIONS, SEXES, Event, Visitor


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code."""
    # TensorFlow greets on standard error in several lines that say nothing to a person
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # a terminal or pipe that knows no stars must not end a command that has its answer
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")
    options = _parser().parse_args(arguments)
    try:
        answer, text = options.run(options)
        print(json.dumps(answer, ensure_ascii=False) if options.json else text(answer))
    except BSTError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nstopped", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader of a pipe has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


Answer = tuple[dict, Callable[[dict], str]]


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line; the usage is one ``--help`` away."""

    def error(self, message: str):
        self.exit(2, f"error: {message}; see: {self.prog} --help\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="python -m bst",
        description="See what a Transformer movie recommender does and why.",
        epilog="Start with: python -m bst recommend --bundle demo --watched 'The Matrix=5'",
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def command(name: str, run: Callable[[argparse.Namespace], Answer], words: str, example: str):
        sub = commands.add_parser(name, help=words, description=words[0].upper() + words[1:] + ".", epilog=example)
        sub.add_argument("--json", action="store_true", help="print one JSON object")
        sub.set_defaults(run=run)
        return sub

    sub = command("datasets", _datasets, "list the datasets, which are here, and how to get the others", "")

    sub = command("download", _download, "download a MovieLens dataset", "Example: python -m bst download ml-1m")
    sub.add_argument("dataset", choices=[n for n, s in datasets.SOURCES.items() if s.url], help="which one")

    sub = command(
        "simulate",
        _simulate,
        "simulate an audience for the demo catalogue, in MovieLens 1M's format",
        "Example: python -m bst simulate --users 5000 --ratings 1000000 --out big-world",
    )
    sub.add_argument("--users", type=int, default=2000, help="how many users (2000)")
    sub.add_argument("--ratings", type=int, default=300_000, help="how many ratings (300000)")
    sub.add_argument("--seed", type=int, default=1, help="the same seed gives the same files (1)")
    sub.add_argument("--out", type=Path, required=True, help="the folder to write; must not exist")

    sub = command("presets", _presets, "list the model presets with their parameters on a dataset", "")
    _dataset_option(sub)

    sub = command(
        "train",
        _train,
        "train a model; it ends as a bundle that the app and the other commands can use",
        "Example: python -m bst train --dataset demo --preset compact --epochs 5",
    )
    _dataset_option(sub)
    sub.add_argument("--preset", choices=PRESETS, default="seed", help="which model (seed)")
    _protocol_options(sub)
    sub.add_argument("--epochs", type=int, help="passes over the data (the preset's own: 5, keras-example 2)")
    sub.add_argument("--patience", type=int, default=3, help="stop after this many epochs without progress (3)")
    sub.add_argument("--window", type=int, help="events in a window, the target included (the preset's own)")
    sub.add_argument("--learning-rate", type=float, help="Adagrad's learning rate (the preset's own)")
    sub.add_argument("--batch-size", type=int, help="windows in a batch (the preset's own)")
    sub.add_argument("--name", help="the bundle's name (DATASET-PRESET)")
    sub.add_argument("--resume", action="store_true", help="go on with the unfinished run of that name")
    sub.add_argument("--overwrite", action="store_true", help="replace the bundle or unfinished run of that name")

    sub = command(
        "evaluate",
        _evaluate,
        "measure a bundle on labels that it was never trained on, beside simple peers",
        "Example: python -m bst evaluate --bundle demo --protocol seed",
    )
    sub.add_argument("--dataset", help="a dataset's name or its folder (the one that the bundle was trained on)")
    _bundle_option(sub)
    _protocol_options(sub)

    sub = command(
        "recommend",
        _recommend,
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
    sub.add_argument("-k", type=int, default=10, help="how many to name (10)")
    sub.add_argument("--genre", action="append", default=[], help="only movies of this genre; several: any of them")
    sub.add_argument("--years", metavar="FROM-TO", help="only movies of these years, such as 1980-1999")
    return parser


def _dataset_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--dataset", default="demo", help="a dataset's name, or the folder that holds one (demo)")


def _bundle_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--bundle", default="demo", help="a bundle's name under data/bundles, or its folder (demo)")


def _protocol_options(parser: argparse.ArgumentParser) -> None:
    words = "; ".join(f"{name}: {story}" for name, story in PROTOCOLS.items()).replace("%", "%%")
    parser.add_argument("--protocol", choices=PROTOCOLS, default="seed", help=f"how to split the ratings ({words})")
    parser.add_argument("--seed", type=int, default=0, help="seed of split and training (0)")


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


def _load_tensorflow() -> None:
    """Load TensorFlow without the lines with which it greets, which say nothing to a person and obey no setting.

    They are written by C++ code straight to file descriptor 2, some with the import and some with the first operation.
    """
    _say("loading TensorFlow")
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        with tempfile.TemporaryFile() as greeting:
            os.dup2(greeting.fileno(), 2)
            import tensorflow as tf

            tf.add(1, 1)
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def _datasets(options: argparse.Namespace) -> Answer:
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


def _bar(words: str, unit: str, scale: bool):
    from tqdm import tqdm

    # no bar where nobody sees it: in a file it would be noise
    return tqdm(desc=words, unit=unit, unit_scale=scale, leave=False, file=sys.stderr, disable=None)


def _download(options: argparse.Namespace) -> Answer:
    _say(datasets.licence_text(options.dataset) + "\n")
    with _bar(options.dataset, "B", True) as bar:

        def on_progress(done: int, total: int) -> None:
            bar.total = total or None
            bar.update(done - bar.n)

        folder = datasets.download(options.dataset, on_progress=on_progress)
    return {"dataset": options.dataset, "folder": str(folder)}, lambda a: f"{a['dataset']} is in {a['folder']}"


def _simulate(options: argparse.Namespace) -> Answer:
    from bst.datasets.simulation import simulate, write

    if options.out.exists():
        raise ConfigError(f"{options.out} exists already; name a new folder with --out")
    with _bar("simulating", " ratings", True) as bar:

        def on_progress(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        world = simulate(options.users, options.ratings, options.seed, on_progress)
    _say(f"writing {options.out}")
    folder = write(world, options.out)
    answer = {"folder": str(folder), "users": options.users, "ratings": options.ratings, "seed": options.seed}
    return (
        answer,
        lambda a: (
            f"{a['users']:,} simulated users and {a['ratings']:,} ratings are in {a['folder']}; "
            f"train on them with: python -m bst train --dataset {a['folder']}"
        ),
    )


def _presets(options: argparse.Namespace) -> Answer:
    sizes, title = _sizes(options.dataset)
    _load_tensorflow()
    from bst.models.classic import build_classic, count_parameters

    rows = [{"preset": name, **count_parameters(build_classic(config, sizes))} for name, config in PRESETS.items()]

    def text(answer: dict) -> str:
        lines = [f"On {title}: {sizes.users:,} users, {sizes.movies:,} movies"]
        for row in answer["presets"]:
            lines += [
                f"\n{row['preset']}: {describe(PRESETS[row['preset']])}",
                f"  {row['parameters']:,} parameters, {row['trainable']:,} trained, {row['non_trainable']:,} fixed",
                "  " + ", ".join(f"{part.replace('_', ' ')} {count:,}" for part, count in row["by_part"].items()),
            ]
        return "\n".join(lines)

    return {"dataset": options.dataset, "presets": rows}, text


def _sizes(dataset: str) -> tuple[Sizes, str]:
    """Sizes are published for most datasets, so that a preset's can be told before anything is downloaded."""
    source = datasets.SOURCES.get(dataset)
    if source and source.users and source.movies:
        return Sizes(source.users, source.movies), source.title
    data = datasets.load(dataset)
    return Sizes(len(data.users), len(data.movies)), data.title


def _train(options: argparse.Namespace) -> Answer:
    from bst.runs import LOADING_TENSORFLOW, RUNS, RunSettings, train

    changes = {"window": options.window, "learning_rate": options.learning_rate, "batch_size": options.batch_size}
    config = preset(options.preset, **{name: value for name, value in changes.items() if value is not None})
    epochs = config.epochs if options.epochs is None else options.epochs
    for name, value in (("epochs", epochs), ("patience", options.patience)):
        if value < 1:
            raise ConfigError(f"--{name} must be at least 1, not {value}")
    dataset = options.dataset
    name = options.name or f"{Path(dataset).name}-{options.preset}"
    settings = RunSettings(dataset, config, options.protocol, epochs, options.seed, options.patience)

    from tqdm import tqdm

    layout = "{desc} {percentage:3.0f}%|{bar}| {postfix}"
    with tqdm(total=1.0, bar_format=layout, desc="starting", file=sys.stderr, leave=False, disable=None) as bar:

        def on_stage(words: str) -> None:
            if words == LOADING_TENSORFLOW:
                _load_tensorflow()
            else:
                bar.write(words, file=sys.stderr)

        def on_progress(progress) -> None:
            bar.n = progress.share
            left = tqdm.format_interval(progress.remaining_s) if progress.remaining_s is not None else "?"
            bar.set_description_str(f"epoch {progress.epoch}/{progress.epochs}", refresh=False)
            bar.set_postfix_str(f"{left} left, MAE {progress.metrics.get('mae', float('nan')):.3f}")

        def on_epoch(row: dict) -> None:
            bar.write(
                f"epoch {row['epoch']}: MAE {row['mae']:.4f}, validation MAE {row['val_mae']:.4f}, "
                f"RMSE {row['val_rmse']:.4f}, {row['seconds']:.0f} s",
                file=sys.stderr,
            )

        try:
            bundle = train(
                settings,
                name,
                resume=options.resume,
                overwrite=options.overwrite,
                on_stage=on_stage,
                on_epoch=on_epoch,
                on_progress=on_progress,
            )
        except KeyboardInterrupt:
            bar.write(f"what is done is kept in {RUNS / name}; go on with --resume", file=sys.stderr)
            raise
    answer = {"bundle": bundle.name, "folder": str(bundle.folder), "epochs": bundle.epochs}
    answer |= {"best_epoch": bundle.best_epoch, **bundle.metrics}
    return answer, lambda a: f"bundle {a['bundle']} is in {a['folder']}\n{_figures(a)}"


def _figures(answer: dict) -> str:
    rows = [("this model", answer["metrics"])]
    rows += [("as a visitor", answer["as_visitor"])] if "as_visitor" in answer else []
    rows += answer["peers"].items()
    head = f"protocol {answer['protocol']}, seed {answer['seed']}, {answer['labels']:,} test labels"
    return "\n".join(
        [head, f"{'':14}{'MAE':>8}{'RMSE':>8}"]
        + [f"{name.replace('_', ' '):14}{f['mae']:8.4f}{f['rmse']:8.4f}" for name, f in rows]
    )


def _evaluate(options: argparse.Namespace) -> Answer:
    from bst.bundle import open_bundle
    from bst.evaluation import prepare

    bundle = open_bundle(options.bundle)
    if (options.protocol, options.seed) != (bundle.protocol, bundle.seed):
        raise ConfigError(
            f"bundle {bundle.name} was trained under protocol {bundle.protocol} with seed {bundle.seed}; under any "
            f"other split it has seen test labels. Give --protocol {bundle.protocol} --seed {bundle.seed}"
        )
    source = options.dataset or bundle.dataset
    _say(f"reading {source}")
    dataset = datasets.load(source)
    bundle.check_movies(dataset.movies)
    task = prepare(dataset, bundle.config, options.protocol, options.seed)
    if (len(dataset.users), len(task.split.test)) != (bundle.sizes.users, bundle.metrics.get("labels")):
        raise ConfigError(
            f"the ratings of {source} are not those that bundle {bundle.name} was trained on, so nobody knows "
            f"which of them it has seen; evaluate it on its own dataset, {bundle.dataset}"
        )
    _load_tensorflow()
    _say(f"measuring on {len(task.split.test):,} test labels")
    from bst.training import evaluate_model

    model = bundle.load_model(dataset.movies)
    result = evaluate_model(model, task, bundle.levels)
    answer = {"dataset": source, "bundle": bundle.name, "protocol": options.protocol, "seed": options.seed}
    return answer | result, _figures


def _recommend(options: argparse.Namespace) -> Answer:
    from bst.bundle import open_bundle
    from bst.catalogue import Catalogue
    from bst.recommender import Filters, Recommender, genre_columns

    # everything that can be wrong is looked at before TensorFlow is loaded
    bundle = open_bundle(options.bundle)
    catalogue = Catalogue(datasets.load_movies(options.dataset or bundle.dataset))
    bundle.check_movies(catalogue.movies)
    history = tuple(_watched(catalogue, text) for text in options.watched)
    visitor = Visitor(options.sex, options.age, options.occupation, history)
    filters = Filters(tuple(options.genre), _years(options.years))
    genre_columns(filters.genres)
    _load_tensorflow()
    rows = Recommender(bundle, catalogue, bundle.load_model(catalogue.movies)).rank(visitor, options.k, filters)
    answer = {
        "bundle": bundle.name,
        "visitor": {
            "sex": visitor.sex,
            "age": visitor.age,
            "occupation": visitor.occupation,
            "history": [
                {"movie_id": e.movie_id, "title": catalogue.title(e.movie_id), "rating": e.rating} for e in history
            ],
        },
        "recommendations": [
            {
                "rank": row.rank,
                "movie_id": row.movie_id,
                "title": row.title,
                "expected_rating": round(row.expected_rating, 4),
                "distribution": row.distribution,
                "watch_next": row.watch_next,
            }
            for row in rows
        ],
    }

    def text(answer: dict) -> str:
        lines = [f"{r['rank']:3}  {r['expected_rating']:.2f} ★  {r['title']}" for r in answer["recommendations"]]
        return "\n".join(lines) or "no movie passes these filters"

    return answer, text


def _watched(catalogue, text: str) -> Event:
    title, sign, stars = text.rpartition("=")
    try:
        rating = float(stars)
    except ValueError:
        rating = None
    if not sign or not title.strip() or rating is None:
        raise VisitorError(f"--watched {text!r} is not of the form 'TITLE=STARS', such as 'Alien (1979)=5'")
    return Event(catalogue.find(title), rating)


def _years(text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    low, _, high = text.partition("-")
    try:
        years = int(low), int(high or low)
    except ValueError:
        raise VisitorError(f"--years {text!r} is not of the form FROM-TO, such as 1980-1999") from None
    if years[0] > years[1]:
        raise VisitorError(f"--years {text}: the first year is after the last")
    return years
