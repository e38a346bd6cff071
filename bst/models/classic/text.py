"""Descriptions of classic models: in a sentence, and on their model cards."""

from bst.models.classic.config import ClassicConfig
from bst.models.family import CardText


def describe(config: ClassicConfig) -> str:
    """Say in two sentences what a model of this configuration reads and what it is made of."""
    switches = {
        "genres": config.genres,
        "sex, age group and occupation": config.demographics,
        "the user’s id": config.user_id,
    }
    features = [name for name, on in switches.items() if on]
    layers = " and ".join(str(units) for units in config.mlp)
    reads = (
        f"Besides the movies, it reads {'; '.join(features)}" if features else "It reads nothing but movies and ratings"
    )
    return (
        f"{config.window - 1} watched movies and the target go through a Transformer block of {config.heads} heads, "
        f"then through layers of {layers} units. {reads}."
    )


_HELD_OUT = (
    "Test users are held out whole: the model reads no id of theirs, and each rating is predicted from the ones before "
    "it, however few."
)


def card_text(config: ClassicConfig, epochs: int, best_epoch: int, protocol: str) -> CardText:
    """Return the sentences of a model card. ``protocol``: the one that it was measured under."""
    return CardText(
        prediction=f"the rating a user gives a movie\nafter the {config.window - 1} movies they rated before it",
        training=f"Adagrad at {config.learning_rate:g}, batches of {config.batch_size}, {epochs} epochs; the weights "
        f"are those of\n  epoch {best_epoch}, which had the lowest validation error",
        masking=_masking(config),
        figures="Errors are in stars; predictions are clipped to the range of the ratings. "
        + (_HELD_OUT if protocol == "visitor" else _full_windows(config)),
    )


def _masking(config: ClassicConfig) -> str:
    if not (config.short_history or config.unknown):
        return "Nothing was hidden in training, so the model has only seen full windows and known users."
    masked = ["user id"] * config.user_id + ["sex", "age group", "occupation"] * config.demographics
    sentence = f"In {config.short_history:.0%} of the training windows the oldest events were hidden"
    if masked:
        sentence += f", and in {config.unknown:.0%} each of: {', '.join(masked)}"
    return f"{sentence}, so that the model also works for someone it knows little about."


def _full_windows(config: ClassicConfig) -> str:
    if config.user_id:
        return (
            "A visitor of the app has no user id, so the second row applies to them. Test windows are full: expect "
            "larger errors after fewer movies."
        )
    return (
        "The model reads no user id, here as in the app. Test windows are full: expect larger errors after fewer "
        "movies."
    )
