"""The model card of a bundle, Markdown: what it is, what it is for, what it was made from and how good it is."""

from collections.abc import Sequence

from bst.bundles.bundle import Bundle
from bst.datasets import SOURCES, licence_text
from bst.evaluation.records import EvaluationRecord
from bst.models.registry import family_of
from bst.presentation import frames
from bst.presentation.vocabulary import METRICS
from bst.timelines.arrays import TIE_ORDERS
from bst.timelines.splits import PROTOCOLS
from bst.wording import reword

# where names go, which are not ours to put into other words
_TITLE, _DATA = "\ue000", "\ue001"


def write_card(bundle: Bundle, record: EvaluationRecord) -> str:
    """Return the model card of a bundle with what training measured."""
    config, family, count = bundle.config, family_of(bundle.config), bundle.parameters
    text = family.card_text(config, bundle.epochs, bundle.best_epoch, record.to_dict())
    movies = reword(f"{bundle.sizes.movies:,} movies", bundle.domain)
    data = f"{bundle.dataset_title}: {bundle.sizes.users:,} users, {movies}."
    if bundle.simulated:
        data += " Its audience is simulated: no real person rated anything."
    elif bundle.dataset in SOURCES:
        data += "\n\n" + licence_text(bundle.dataset)
    versions = ", ".join(f"{name} {number}" for name, number in bundle.versions.items())
    card = f"""# {_TITLE}

A Behavior Sequence Transformer (Chen et al. 2019, arXiv 1905.06874) that predicts {text.prediction}.

## What it is

Preset `{config.preset}`. {family.describe(config)}

- {count["parameters"]:,} parameters, of which {count["trainable"]:,} are trained
- {text.training}
- created on {bundle.created} with {versions}

{text.masking}

## What it is for

Showing and studying what such a model does. It must not decide anything about a person. It was trained on stated
tastes of one audience and repeats that audience's habits and gaps.

## Data

{_DATA}

## Figures

Protocol `{bundle.protocol}`, seed {bundle.seed}: {PROTOCOLS[bundle.protocol]}. {record.labels:,} test labels.

{_tables(record)}

{text.figures}{_entered(bundle)}{_ties(record)}
"""
    return reword(card, bundle.domain).replace(_TITLE, bundle.title).replace(_DATA, data)


def _ties(record: EvaluationRecord) -> str:
    """Say how ties are ordered where it is not by the file, as shipped cards leave that out."""
    return f"\n{TIE_ORDERS[record.tie_order]}" if record.tie_order in TIE_ORDERS else ""


def _tables(record: EvaluationRecord) -> str:
    predictors = [(_bold(label), metrics) for label, metrics in frames.predictors(record)]
    keys, rows = frames.metrics_table(predictors)
    if not keys:
        return "There are none on test labels; the learning curves show what was measured in validation."
    lines = _table(["", *(METRICS[key].label for key in keys)], rows)
    if record.metrics.by_history:
        lengths, rows = frames.history_table(predictors)
        lines += ["", *_table(["MAE by movies rated before", *lengths], rows)]
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
    return ' The data says when a rating was entered, not when a film was watched, so\n"before" means "entered before".'
