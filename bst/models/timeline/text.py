"""Descriptions of timeline models: in a sentence, and on their model cards."""

from collections.abc import Mapping
from typing import Any

from bst.models.config import Task
from bst.models.family import CardText
from bst.models.timeline.config import TimelineConfig
from bst.text import listed

# what the towers predict, in a description and on a card
PREDICTS: dict[Task, str] = {
    "rating": "predicts how they would rate any movie",
    "next": "predicts their next movie",
    "like": "predicts which movies they will watch and like some time",
}
PREDICTED: dict[Task, str] = {
    "rating": "how someone would rate any movie",
    "next": "which movie they watch next",
    "like": "which movies they will watch and like some time",
}


def describe(config: TimelineConfig) -> str:
    """Say in two sentences what a model of this configuration reads and what it is made of."""
    towers = "; ".join(
        f"the {name} tower ({tower.layers} layer{'s' * (tower.layers != 1)} of attention, width {tower.width}) "
        f"{PREDICTS[name]}"
        for name, tower in config.towers.items()
    )
    return (
        f"It reads up to {config.max_history} watched movies with their ratings, genres, years and time gaps, and the "
        f"visitor’s sex, age group and occupation, but no user id. {towers[0].upper()}{towers[1:]}."
    )


def card_text(config: TimelineConfig, result: Mapping[str, Any]) -> CardText:
    """Return the sentences of a model card."""
    rates = listed(f"{tower.learning_rate:g} ({name}, {tower.epochs} epochs)" for name, tower in config.towers.items())
    shuffled = (
        f" The like tower read {config.shuffled:.0%} of its timelines in random order." if config.like.epochs else ""
    )
    return CardText(
        prediction=f"{listed(PREDICTED[name] for name in config.towers)},\nfrom what they watched and rated before",
        training=f"AdamW at {rates}, batches of about {config.batch_events:,} events;\n  the weights are moving "
        f"averages, taken from the epoch in which each tower had its lowest validation error{_fold_in(config)}",
        masking=f"In {config.unknown:.0%} of the training segments each of sex, age group and occupation was hidden, "
        f"in {config.no_gaps:.0%} all time gaps were, and histories\nof every length were trained on, so that the "
        f"model also works for someone it knows little about.{shuffled}{_requests(config)}",
        figures=_figures(result),
    )


def _fold_in(config: TimelineConfig) -> str:
    if not config.rating.epochs:
        return ""
    return (
        f"\n- the rating tower also reads the prediction of a factor model with {config.factors} factors, into which "
        "each history is folded\n  anew; the factors were fitted to the training ratings and are not trained further"
    )


def _requests(config: TimelineConfig) -> str:
    if not config.reads_requests:
        return ""
    return f" The next tower knew the time of the request in {1 - config.no_request:.0%} of the segments."


def _figures(result: Mapping[str, Any]) -> str:
    metrics = result["metrics"]
    sentences = ["Errors are in stars."] if "mae" in metrics else []
    if "ece" in metrics:
        sentences.append(
            f'The expected calibration error of "4 stars or more" is {metrics["ece"]:.3f}, the negative '
            f"log-likelihood {metrics['nll']:.3f}\nnats."
        )
    if "ndcg@10" in metrics:
        sentences.append("NDCG and HR: each user’s last movie, ranked among all movies that they had not seen.")
    if "gaps_unknown" in result:
        sentences.append("The app knows no time gaps, so the second row is what a visitor gets.")
    return " ".join(sentences)
