"""The model card of a bundle: what it is, what it is for, what it was made from, how good it is. Markdown."""

from bst.bundles.bundle import Bundle
from bst.datasets import SOURCES, licence_text
from bst.models.config import ClassicConfig, Config, TimelineConfig, describe
from bst.timelines.arrays import TIE_ORDERS
from bst.timelines.splits import PROTOCOLS

# what stands in ``metrics.json`` under these names, in words
PEER_NAMES = {
    "global_mean": "Global mean",
    "item_mean": "Item mean",
    "bias": "User + item bias",
    "svd": "SVD",
    "svd_fold_in": "SVD fold-in",
    "svd_em_fold_in": "SVD fold-in, EM",
}
ALSO = {"as_visitor": "as a visitor", "gaps_unknown": "time gaps unknown"}
COLUMNS = {"mae": "MAE", "rmse": "RMSE", "median_mae": "MAE of the median", "ndcg@10": "NDCG@10", "hr@10": "HR@10"}


def write_card(bundle: Bundle, result: dict) -> str:
    """Return the model card of a bundle with the figures of ``evaluation.evaluate`` or ``evaluate_predictions``."""
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

Protocol `{bundle.protocol}`, seed {bundle.seed}: {PROTOCOLS[bundle.protocol]}. {result["labels"]:,} test labels.

{_table(result)}

{_meaning(config, result)}{_entered(bundle)}{_ties(result)}
"""


def _ties(result: dict) -> str:
    """Say what orders ties where it is not the file, as shipped cards leave that out."""
    return f"\n{TIE_ORDERS[result['tie_order']]}" if result.get("tie_order") in TIE_ORDERS else ""


def _table(result: dict) -> str:
    rows = [("**This model**", result["metrics"])]
    rows += [(f"**The same, {words}**", result[name]) for name, words in ALSO.items() if name in result]
    rows += [(PEER_NAMES[name], figures) for name, figures in result.get("peers", {}).items()]
    rows += [("Popularity", result["popularity"])] if "popularity" in result else []
    names = [name for name in COLUMNS if any(name in figures for _, figures in rows)]
    lines = [f"| | {' | '.join(COLUMNS[name] for name in names)} |", "| --- " * (len(names) + 1) + "|"]
    for label, figures in rows:
        cells = (f"{figures[name]:.3f}" if name in figures else "" for name in names)
        lines.append(f"| {label} | {' | '.join(cells)} |")
    lengths = result["metrics"].get("mae_by_history")
    if lengths:
        lines += ["", f"| MAE after so many movies | {' | '.join(lengths)} |", "| --- " * (len(lengths) + 1) + "|"]
        for label, figures in rows:
            if found := figures.get("mae_by_history"):
                lines.append(f"| {label} | {' | '.join(f'{found[n]:.3f}' for n in lengths)} |")
    return "\n".join(lines)


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


def _meaning(config: Config, result: dict) -> str:
    errors = "Errors are in stars"
    if isinstance(config, TimelineConfig):
        words = f"{errors}. "
        if "ece" in result["metrics"]:
            words += (
                f'The expected calibration error of "4 stars or more" is {result["metrics"]["ece"]:.3f}, the negative '
                f"log-likelihood {result['metrics']['nll']:.3f}\nnats. "
            )
        if "ndcg@10" in result["metrics"]:
            words += "NDCG and HR: each user's last movie, ranked among all movies that they had not seen. "
        if "gaps_unknown" in result:
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
