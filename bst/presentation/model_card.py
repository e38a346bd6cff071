"""The model card of a bundle, Markdown: what it is, what it is for, what it was made from and how good it is."""

from collections.abc import Sequence

from bst.bundles.bundle import Bundle
from bst.datasets import SOURCES, licence_text
from bst.evaluation.records import EvaluationRecord
from bst.models.config import ClassicConfig, Config, TimelineConfig, describe
from bst.presentation import frames
from bst.presentation.vocabulary import METRICS
from bst.timelines.arrays import TIE_ORDERS
from bst.timelines.splits import PROTOCOLS


def write_card(bundle: Bundle, record: EvaluationRecord) -> str:
    """Return the model card of a bundle with what training measured."""
    config, count = bundle.config, bundle.parameters
    data = f"{bundle.dataset_title}: {bundle.sizes.users:,} users, {bundle.sizes.movies:,} movies."
    if bundle.simulated:
        data += " Its audience is simulated: no real person rated anything."
    elif bundle.dataset in SOURCES:
        data += "\n\n" + licence_text(bundle.dataset)
    versions = ", ".join(f"{name} {number}" for name, number in bundle.versions.items())
    return f"""# {bundle.title}

A Behavior Sequence Transformer (Chen et al. 2019, arXiv 1905.06874) that predicts {_purpose(config)}.

## What it is

Preset `{config.preset}`. {describe(config)}

- {count["parameters"]:,} parameters, of which {count["trainable"]:,} are trained
- {_training(bundle)}
- made on {bundle.created} with {versions}

{_hidden(config)}

## What it is for

Showing and studying what such a model does. It must not decide anything about a person. It was trained on stated
tastes of one audience and repeats that audience's habits and gaps.

## Data

{data}

## Figures

Protocol `{bundle.protocol}`, seed {bundle.seed}: {PROTOCOLS[bundle.protocol]}. {record.labels:,} test labels.

{_tables(record)}

{_meaning(config, record)}{_entered(bundle)}{_ties(record)}
"""


def _ties(record: EvaluationRecord) -> str:
    """Say how ties are ordered where it is not by the file, as shipped cards leave that out."""
    return f"\n{TIE_ORDERS[record.tie_order]}" if record.tie_order in TIE_ORDERS else ""


def _tables(record: EvaluationRecord) -> str:
    predictors = [(_bold(label), metrics) for label, metrics in frames.predictors(record)]
    keys, rows = frames.metrics_table(predictors)
    lines = _table(["", *(METRICS[key].label for key in keys)], rows)
    if record.metrics.by_history:
        lengths, rows = frames.history_table(predictors)
        lines += ["", *_table(["MAE after so many movies", *lengths], rows)]
    return "\n".join(lines)


def _bold(label: str) -> str:
    return f"**{label}**" if label.startswith((frames.THIS_MODEL, frames.THE_SAME)) else label


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    return [
        f"| {' | '.join(columns)} |".replace("|  |", "| |", 1),
        "| --- " * len(columns) + "|",
        *(f"| {' | '.join(cells)} |" for cells in rows),
    ]


def _entered(bundle: Bundle) -> str:
    if bundle.simulated:
        return ""
    return (
        ' The data record when a rating was entered, not when a film was watched, so\n"before" means "entered before".'
    )


def _purpose(config: Config) -> str:
    if isinstance(config, ClassicConfig):
        return f"the rating a user gives a movie\nafter the {config.window - 1} movies they rated before it"
    jobs = {"rating": "how someone would rate any movie", "next": "which movie they watch next"}
    return f"{' and '.join(jobs[name] for name in config.towers)},\nfrom what they watched and rated before"


def _training(bundle: Bundle) -> str:
    config = bundle.config
    if isinstance(config, ClassicConfig):
        return (
            f"Adagrad at {config.learning_rate:g}, batches of {config.batch_size}, {bundle.epochs} epochs; the weights "
            f"are those of\n  epoch {bundle.best_epoch}, which had the lowest validation error"
        )
    rates = " and ".join(f"{t.learning_rate:g} ({name}, {t.epochs} epochs)" for name, t in config.towers.items())
    return (
        f"AdamW at {rates}, batches of about {config.batch_events:,} events;\n  the weights are moving averages, of "
        "the epoch in which each tower had the lowest validation error"
    )


def _hidden(config: Config) -> str:
    if isinstance(config, TimelineConfig):
        return (
            f"In {config.unknown:.0%} of the training segments each of sex, age group and occupation was hidden, in "
            f"{config.no_gaps:.0%} all time gaps, and histories\nof every length were trained on; so the model can "
            "serve someone of whom little is known."
        )
    if not (config.short_history or config.unknown):
        return "Nothing was hidden in training: the model knows full windows and known users only."
    who = ["user id"] * config.user_id + ["sex", "age group", "occupation"] * config.demographics
    words = f"In {config.short_history:.0%} of the training windows the oldest events were hidden"
    if who:
        words += f", and in {config.unknown:.0%} each of: {', '.join(who)}"
    return f"{words}; so the model can serve someone of whom little is known."


def _meaning(config: Config, record: EvaluationRecord) -> str:
    errors = "Errors are in stars"
    if isinstance(config, TimelineConfig):
        words = f"{errors}. "
        if "ece" in record.metrics:
            words += (
                f'The expected calibration error of "4 stars or more" is {record.metrics["ece"]:.3f}, the negative '
                f"log-likelihood {record.metrics['nll']:.3f}\nnats. "
            )
        if "ndcg@10" in record.metrics:
            words += "NDCG and HR: each user's last movie, ranked among all movies that they had not seen. "
        if record.gaps_unknown:
            words += "In the app time gaps are unknown, so the second line is a visitor's."
        return words.strip()
    errors += "; predictions are clipped to the range of the ratings. "
    if config.user_id:
        return errors + (
            "A visitor of the app has no user id, so the second line is theirs; its windows are full, though: expect "
            "larger errors after fewer movies."
        )
    return errors + (
        "The model has no user id to go by, here as in the app; but its windows are full: expect larger errors after "
        "fewer movies."
    )
