"""The model card of a bundle: what it is, what it is for, what it was made from, how good it is. Markdown."""

from bst.bundles.bundle import Bundle
from bst.datasets import SOURCES, licence_text
from bst.models.registry import family_of
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
    """Return the model card of a bundle with the figures of ``evaluation.evaluate_predictions``."""
    config, family, count = bundle.config, family_of(bundle.config), bundle.parameters
    text = family.card_text(config, bundle.epochs, bundle.best_epoch, result)
    data = f"{bundle.dataset_title}: {bundle.sizes.users:,} users, {bundle.sizes.movies:,} movies."
    if bundle.simulated:
        data += " Its audience is simulated: no real person rated anything."
    elif bundle.dataset in SOURCES:
        data += "\n\n" + licence_text(bundle.dataset)
    versions = ", ".join(f"{name} {number}" for name, number in bundle.versions.items())
    return f"""# {bundle.title}

A Behavior Sequence Transformer (Chen et al. 2019, arXiv 1905.06874) that predicts {text.prediction}.

## What it is

Preset `{config.preset}`. {family.describe(config)}

- {count["parameters"]:,} parameters, of which {count["trainable"]:,} are trained
- {text.training}
- made on {bundle.created} with {versions}

{text.masking}

## What it is for

Showing and studying what such a model does. It must not decide anything about a person. It was trained on stated
tastes of one audience and repeats that audience's habits and gaps.

## Data

{data}

## Figures

Protocol `{bundle.protocol}`, seed {bundle.seed}: {PROTOCOLS[bundle.protocol]}. {result["labels"]:,} test labels.

{_table(result)}

{text.figures}{_entered(bundle)}{_ties(result)}
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
