"""Commands about models: ``presets``, ``train``."""

import sys
from pathlib import Path

from bst import datasets
from bst.cli.commands import Commands
from bst.cli.options import add_dataset_option, add_protocol_option, names_of
from bst.cli.terminal import Answer, Options, load_tensorflow
from bst.errors import ConfigError
from bst.evaluation.records import EvaluationRecord
from bst.models.config import ModelConfig, Sizes
from bst.models.family import count_parameters
from bst.models.registry import FORMER_PRESETS, PRESETS, describe, family_of, preset
from bst.models.timeline.config import TOWERS
from bst.models.trainer import Progress
from bst.preparation import ENGINES
from bst.presentation import frames
from bst.presentation.curves import CURVES
from bst.presentation.vocabulary import METRICS
from bst.settings import get_settings
from bst.text import quoted


def presets(options: Options) -> Answer:
    """List the presets with their parameters on a dataset."""
    sizes, levels, title = _sizes(options.dataset)
    load_tensorflow()
    configs = {name: entry.config for name, entry in PRESETS.items()}
    rows = [
        {"preset": name, **count_parameters(family_of(config).build(config, sizes, levels))}
        for name, config in configs.items()
    ]

    def text(answer: dict) -> str:
        lines = [f"On {title}: {sizes.users:,} users, {sizes.movies:,} movies"]
        for row in answer["presets"]:
            lines += [
                f"\n{row['preset']}: {describe(configs[row['preset']])}",
                f"  {row['parameters']:,} parameters, {row['trainable']:,} trained, {row['non_trainable']:,} fixed",
                "  " + ", ".join(f"{part.replace('_', ' ')} {count:,}" for part, count in row["by_part"].items()),
            ]
        return "\n".join(lines)

    return {"dataset": options.dataset, "presets": rows}, text


def _sizes(dataset: str) -> tuple[Sizes, int, str]:
    """Sizes are published for most datasets, so that a preset's can be computed before anything is downloaded."""
    source = datasets.SOURCES.get(dataset)
    if source and source.users and source.movies:
        return Sizes(source.users, source.movies), len(source.levels), source.title
    data = datasets.load(dataset)
    return Sizes.of(data), len(data.levels), data.title


def _configuration(options: Options) -> ModelConfig:
    """Return the preset with what the options change. Raises ``ConfigError`` for an option that it does not have."""
    wanted = {name: getattr(options, name) for name in ("window", "learning_rate", "batch_size", "negatives")}
    config = preset(options.preset, **{name: value for name, value in wanted.items() if value is not None})
    if options.tower:
        config = config.with_tasks(options.tower)
    if options.epochs is not None:
        if options.epochs < 1:
            raise ConfigError(f"--epochs must be at least 1, not {options.epochs}")
        config = config.with_epochs(options.epochs)
    return config.with_tower_epochs(dict(map(_tower_epochs, options.tower_epochs)))


def _tower_epochs(text: str) -> tuple[str, int]:
    """Return the tower and the epochs of a ``--tower-epochs TOWER=N``."""
    tower, _, epochs = text.partition("=")
    if not epochs.isdecimal():
        raise ConfigError(f"--tower-epochs takes a tower and a number of epochs, such as next=36, not {quoted(text)}")
    return tower, int(epochs)


def train_model(options: Options) -> Answer:
    """Train a model; it ends as a bundle."""
    from bst.training.run_settings import RunSettings
    from bst.training.run_status import Reporter
    from bst.training.runs import LOADING_TENSORFLOW, train

    config = _configuration(options)
    if options.patience < 1:
        raise ConfigError(f"--patience must be at least 1, not {options.patience}")
    for option in ("steps_per_epoch", "sample_events"):
        if (number := getattr(options, option)) is not None and number < 1:
            raise ConfigError(f"--{option.replace('_', '-')} must be at least 1, not {number}")
    name = options.name or f"{Path(options.dataset).name}-{options.preset}"
    protocol = options.protocol or family_of(config).default_protocol
    settings = RunSettings(
        options.dataset,
        config,
        protocol,
        config.epochs,
        options.seed,
        options.patience,
        options.share,
        options.workers,
        options.engine,
        options.steps_per_epoch,
        options.sample_events,
    )

    from tqdm import tqdm

    folder = get_settings().runs / name
    reporter = Reporter(folder)  # so that the app can follow it, too
    layout = "{desc} {percentage:3.0f}%|{bar}| {postfix}"
    with tqdm(total=1.0, bar_format=layout, desc="starting", file=sys.stderr, leave=False, disable=None) as bar:

        def on_stage(message: str) -> None:
            reporter.on_stage(message)
            if message == LOADING_TENSORFLOW:
                load_tensorflow()
            else:
                bar.write(message, file=sys.stderr)

        def on_progress(progress: Progress) -> None:
            reporter.on_progress(progress)
            bar.n = progress.share
            left = tqdm.format_interval(progress.remaining_s) if progress.remaining_s is not None else "?"
            bar.set_description_str(f"epoch {progress.epoch}/{progress.epochs}", refresh=False)
            bar.set_postfix_str(
                f"{left} left{''.join(f', {name} {value}' for name, value in _shown(progress.metrics))}"
            )

        def on_epoch(row: dict) -> None:
            words = "".join(f"{name} {value}, " for name, value in _shown(row))
            bar.write(f"epoch {row['epoch']}: {words}{row['seconds']:.0f} s", file=sys.stderr)

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
            bar.write(f"what was learnt is kept in {folder}; continue with --resume", file=sys.stderr)
            raise
    answer = {"bundle": bundle.name, "folder": str(bundle.folder), "epochs": bundle.epochs}
    answer |= {"best_epoch": bundle.best_epoch, **bundle.metrics}
    return answer, lambda a: f"bundle {a['bundle']} is in {a['folder']}\n{summary_text(EvaluationRecord.from_dict(a))}"


# columns of the learning curves with their labels in a terminal
_COLUMNS = {
    "mae": METRICS["mae"].label,
    **{f"val_{key}": f"validation {METRICS[key].label}" for key in ("mae", "rmse")},
    "next_loss": CURVES["next_loss"].label.lower(),
    **{f"val_{key}": f"validation {METRICS[key].label}" for key in ("ndcg@10", "hr@10")},
    "like_loss": CURVES["like_loss"].label.lower(),
    "val_precision@10": f"validation {CURVES['precision@10'].label}",
}
# metrics in the table that training and evaluation end with
_METRICS = ("mae", "rmse", "median_mae", "ece", "ndcg@10", "hr@10")


def _shown(row: dict) -> list[tuple[str, str]]:
    return [(label, f"{row[name]:.4f}") for name, label in _COLUMNS.items() if name in row]


def summary_text(record: EvaluationRecord) -> str:
    """Return the metrics that training ends with, as a table for a terminal."""
    predictors = [
        (label.removeprefix(frames.THE_SAME).lower(), metrics) for label, metrics in frames.predictors(record)
    ]

    def line(label: str, cells: list[str]) -> str:
        return f"{label:30}{''.join(f'{cell:>9}' for cell in cells)}".rstrip()

    keys, rows = frames.metrics_table(predictors, _METRICS, ".4f")
    lines = [f"protocol {record.protocol}, seed {record.seed}, {record.labels:,} test labels"]
    lines.append(line("", [METRICS[key].short for key in keys]))
    lines += [line(label, cells) for label, *cells in rows]
    if record.metrics.by_history:
        lengths, rows = frames.history_table(predictors)
        lines += ["", line("MAE by movies rated before", lengths), *(line(label, cells) for label, *cells in rows)]
    return "\n".join(lines)


# ---- options


def add_presets(commands: Commands) -> None:
    """Add the command ``presets``."""
    parser = commands.add("presets", presets, "list the model presets with their parameter counts on a dataset")
    add_dataset_option(parser)


def add_train(commands: Commands) -> None:
    """Add the command ``train``."""
    parser = commands.add(
        "train",
        train_model,
        "train a model; it ends as a bundle that the app and the other commands can use",
        "train --dataset demo --epochs 3",
    )
    add_dataset_option(parser)
    parser.add_argument(
        "--preset",
        choices=(*PRESETS, *FORMER_PRESETS),
        metavar=names_of(PRESETS),
        default="timeline",
        help="which model (timeline)",
    )
    add_protocol_option(
        parser, "; ".join(f"{name}: {family_of(entry.config).default_protocol}" for name, entry in PRESETS.items())
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
        help="timeline: at most this many steps of a tower in an epoch, for data of which one pass takes long (all)",
    )
    parser.add_argument(
        "--sample-events",
        type=int,
        default=1_000_000,
        help="prepared stores: factor models are fitted to, and the model is validated and measured on, this many "
        "events, of whole users (1000000)",
    )
    parser.add_argument(
        "--workers",
        type=int,
        default=1,
        help="timeline: train with this many processes; each reads its own shards of a prepared store (1)",
    )
    parser.add_argument(
        "--engine",
        choices=ENGINES,
        default="local",
        help="who starts the workers: local, on this computer, or ray, on the cluster of RAY_ADDRESS (local)",
    )
    parser.add_argument("--name", help="the bundle's name (DATASET-PRESET)")
    parser.add_argument("--resume", action="store_true", help="continue the unfinished run of that name")
    parser.add_argument("--overwrite", action="store_true", help="replace the bundle or unfinished run of that name")
