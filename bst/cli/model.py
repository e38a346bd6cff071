"""Commands about models: ``presets``, ``train``."""

import sys
from pathlib import Path

from bst import datasets
from bst.cli.terminal import Answer, Options, load_tensorflow
from bst.errors import ConfigError
from bst.models.config import ModelConfig, Sizes
from bst.models.family import count_parameters
from bst.models.registry import PRESETS, describe, family_of, preset
from bst.presentation.model_card import ALSO, PEER_NAMES
from bst.settings import get_settings


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
    """Sizes are published for most datasets, so that a preset's can be told before anything is downloaded."""
    source = datasets.SOURCES.get(dataset)
    if source and source.users and source.movies:
        return Sizes(source.users, source.movies), len(source.levels), source.title
    data = datasets.load(dataset)
    return Sizes(len(data.users), len(data.movies)), len(data.levels), data.title


def _configuration(options: Options) -> ModelConfig:
    """Return the preset with what the options change. Raises ``ConfigError`` for an option that it does not have."""
    wanted = {"window": options.window, "learning_rate": options.learning_rate, "batch_size": options.batch_size}
    config = preset(options.preset, **{name: value for name, value in wanted.items() if value is not None})
    if options.tower:
        config = config.with_tasks(options.tower)
    if options.epochs is not None:
        if options.epochs < 1:
            raise ConfigError(f"--epochs must be at least 1, not {options.epochs}")
        config = config.with_epochs(options.epochs)
    return config


def train_model(options: Options) -> Answer:
    """Train a model; it ends as a bundle."""
    from bst.training.background import Reporter
    from bst.training.runs import LOADING_TENSORFLOW, RunSettings, train

    config = _configuration(options)
    if options.patience < 1:
        raise ConfigError(f"--patience must be at least 1, not {options.patience}")
    name = options.name or f"{Path(options.dataset).name}-{options.preset}"
    protocol = options.protocol or family_of(config).default_protocol
    settings = RunSettings(
        options.dataset, config, protocol, config.epochs, options.seed, options.patience, options.share
    )

    from tqdm import tqdm

    folder = get_settings().runs / name
    reporter = Reporter(folder)  # so that the app can follow it, too
    layout = "{desc} {percentage:3.0f}%|{bar}| {postfix}"
    with tqdm(total=1.0, bar_format=layout, desc="starting", file=sys.stderr, leave=False, disable=None) as bar:

        def on_stage(words: str) -> None:
            reporter.on_stage(words)
            if words == LOADING_TENSORFLOW:
                load_tensorflow()
            else:
                bar.write(words, file=sys.stderr)

        def on_progress(progress) -> None:
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
            bar.write(f"what is done is kept in {folder}; go on with --resume", file=sys.stderr)
            raise
    answer = {"bundle": bundle.name, "folder": str(bundle.folder), "epochs": bundle.epochs}
    answer |= {"best_epoch": bundle.best_epoch, **bundle.metrics}
    return answer, lambda a: f"bundle {a['bundle']} is in {a['folder']}\n{figures(a)}"


# columns of the learning curves, as a person at the terminal reads them
_COLUMNS = {
    "mae": "MAE",
    "val_mae": "validation MAE",
    "val_rmse": "validation RMSE",
    "next_loss": "next-movie loss",
    "val_ndcg@10": "validation NDCG@10",
    "val_hr@10": "validation HR@10",
}


def _shown(row: dict) -> list[tuple[str, str]]:
    return [(words, f"{row[name]:.4f}") for name, words in _COLUMNS.items() if name in row]


def figures(answer: dict) -> str:
    """Return the figures that training ends with, as a table for a terminal."""
    rows = [("this model", answer["metrics"])]
    rows += [(words, answer[name]) for name, words in ALSO.items() if name in answer]
    rows += [(PEER_NAMES[name].lower(), figures) for name, figures in answer.get("peers", {}).items()]
    rows += [("popularity", answer["popularity"])] if "popularity" in answer else []
    names = {"mae": "MAE", "rmse": "RMSE", "median_mae": "median", "ece": "ECE", "ndcg@10": "NDCG@10", "hr@10": "HR@10"}
    shown = [name for name in names if any(name in figures for _, figures in rows)]

    def line(label: str, cells: list[str]) -> str:
        return f"{label:30}{''.join(f'{cell:>9}' for cell in cells)}".rstrip()

    lines = [f"protocol {answer['protocol']}, seed {answer['seed']}, {answer['labels']:,} test labels"]
    lines.append(line("", [names[name] for name in shown]))
    lines += [line(label, [f"{f[name]:.4f}" if name in f else "" for name in shown]) for label, f in rows]
    lengths = answer["metrics"].get("mae_by_history", {})
    if lengths:
        lines += ["", line("MAE after so many movies", list(lengths))]
        lines += [
            line(label, [f"{f['mae_by_history'].get(n, float('nan')):.3f}" for n in lengths])
            for label, f in rows
            if "mae_by_history" in f
        ]
    return "\n".join(lines)
