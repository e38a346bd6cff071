"""The model card of a bundle: what it is, what it is for, what it was made from, how good it is. Markdown."""

from bst.bundle import Bundle
from bst.datasets import SOURCES, licence_text
from bst.evaluation import PROTOCOLS
from bst.models.config import ClassicConfig, describe

PEER_NAMES = {"global_mean": "Global mean", "item_mean": "Item mean", "bias": "User + item bias"}


def write_card(bundle: Bundle, result: dict) -> str:
    """Return the model card of a bundle with the figures of ``evaluation.evaluate``."""
    config, count = bundle.config, bundle.parameters
    rows = [("**This model**", result["metrics"])]
    rows += [("**The same, not told the user's id**", result["as_visitor"])] if "as_visitor" in result else []
    rows += [(PEER_NAMES[name], figures) for name, figures in result["peers"].items()]
    table = "\n".join(f"| {name} | {f['mae']:.3f} | {f['rmse']:.3f} |" for name, f in rows)
    data = f"{bundle.dataset_title}: {bundle.sizes.users:,} users, {bundle.sizes.movies:,} movies."
    if bundle.simulated:
        data += " Its audience is simulated: no real person rated anything."
    elif bundle.dataset in SOURCES:
        data += "\n\n" + licence_text(bundle.dataset)
    versions = ", ".join(f"{name} {number}" for name, number in bundle.versions.items())
    return f"""# {bundle.title}

A Behavior Sequence Transformer (Chen et al. 2019, arXiv 1905.06874) that predicts the rating a user gives a movie
after the {config.window - 1} movies they rated before it.

## What it is

Preset `{config.preset}`. {describe(config)}

- {count["parameters"]:,} parameters, of which {count["trainable"]:,} are trained
- Adagrad at {config.learning_rate:g}, batches of {config.batch_size}, {bundle.epochs} epochs; the weights are those of
  epoch {bundle.best_epoch}, which had the lowest validation error
- made on {bundle.created} with {versions}

{_hidden(config)}

## What it is for

Showing and studying what such a model does. It must not decide anything about a person. It was trained on stated
tastes of one audience and repeats that audience's habits and gaps.

## Data

{data}

## Figures

Protocol `{bundle.protocol}`, seed {bundle.seed}: {PROTOCOLS[bundle.protocol]}. {result["labels"]:,} test labels.

| | MAE | RMSE |
| --- | --- | --- |
{table}

Errors are in stars; predictions are clipped to the range of the ratings. {_given(config)} MovieLens records when a
rating was entered, not when a film was watched, so "before" means "entered before".
"""


def _hidden(config: ClassicConfig) -> str:
    if not (config.short_history or config.unknown):
        return "Nothing was hidden in training: the model knows full windows and known users only."
    who = ["user id"] * config.user_id + ["sex", "age group", "occupation"] * config.demographics
    words = f"In {config.short_history:.0%} of the training windows the oldest events were hidden"
    if who:
        words += f", and in {config.unknown:.0%} each of: {', '.join(who)}"
    return f"{words}; so the model can serve someone of whom little is known."


def _given(config: ClassicConfig) -> str:
    if config.user_id:
        return (
            "A visitor of the app has no user id, so the second line is theirs; its windows are full, though: expect "
            "larger errors after fewer movies."
        )
    return (
        "The model has no user id to go by, here as in the app; but its windows are full: expect larger errors after "
        "fewer movies."
    )
