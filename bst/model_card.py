"""The model card of a bundle: what it is, what it is for, what it was made from, how good it is. Markdown."""

from bst.bundle import Bundle
from bst.datasets import SOURCES, licence_text
from bst.evaluation import PROTOCOLS
from bst.models.config import PRESET_STORIES

PEER_NAMES = {"global_mean": "Global mean", "item_mean": "Item mean", "bias": "User + item bias"}


def write_card(bundle: Bundle, result: dict) -> str:
    """Return the model card of a bundle with the figures of ``evaluation.evaluate``."""
    config, count = bundle.config, bundle.parameters
    rows = [("**This model**", result["metrics"])]
    rows += [(PEER_NAMES[name], figures) for name, figures in result["peers"].items()]
    table = "\n".join(f"| {name} | {f['mae']:.3f} | {f['rmse']:.3f} |" for name, f in rows)
    source = "Its audience is simulated: no real person rated anything." if bundle.simulated else ""
    licence = licence_text(bundle.dataset) if bundle.dataset in SOURCES and not bundle.simulated else ""
    versions = ", ".join(f"{name} {number}" for name, number in bundle.versions.items())
    return f"""# {bundle.title}

A Behavior Sequence Transformer (Chen et al. 2019, arXiv 1905.06874) that predicts the rating a user gives a movie
after the {config.window - 1} movies they rated before it.

## What it is

Preset `{config.preset}`. {PRESET_STORIES.get(config.preset, "")} {count["parameters"]:,} parameters, of which
{count["trainable"]:,} trained. Adagrad at {config.learning_rate:g}, batches of {config.batch_size}, {bundle.epochs}
epochs, weights of epoch {bundle.best_epoch} (lowest validation error). Made on {bundle.created} with {versions}.

In {config.short_history:.0%} of the training windows the oldest events were hidden, and in {config.unknown:.0%} each of
user id, sex, age group and occupation, so that the model can serve someone of whom little is known.

## What it is for

Showing and studying what such a model does. It must not decide anything about a person. It was trained on stated
tastes of one audience and repeats that audience's habits and gaps.

## Data

{bundle.dataset_title}: {bundle.sizes.users:,} users, {bundle.sizes.movies:,} movies. {source}
{licence}

## Figures

Protocol `{bundle.protocol}`, seed {bundle.seed}: {PROTOCOLS[bundle.protocol]}. {result["labels"]:,} test labels.

| | MAE | RMSE |
| --- | --- | --- |
{table}

Errors are in stars; predictions are clipped to the range of the ratings. Under this protocol the model is given the
user's id and full windows, while a visitor of the app has neither: expect larger errors for them. MovieLens records
when a rating was entered, not when a film was watched, so "before" means "entered before".
"""
