"""The architecture of a classic BST as boxes and arrows."""

from bst.models.classic.config import ClassicConfig, embedding_width
from bst.models.config import Sizes
from bst.models.diagram import ANSWER, ATTENTION, DENSE, INPUT, LEFT, RIGHT, WIDE, Box, Diagram


def diagram(config: ClassicConfig, sizes: Sizes) -> Diagram:
    """Return the diagram of a classic BST."""
    width, watched = embedding_width(sizes.movies), config.window - 1
    features = config.window * width
    token_parts = "movie, genres, position" if config.genres else "movie, position"
    boxes = [
        Box(
            "watched",
            0,
            LEFT,
            INPUT,
            f"{watched} watched movies",
            f"{token_parts} × rating",
            f"The newest movies as {width} numbers each, multiplied by the stars that they got.",
        ),
        Box("target", 0, RIGHT, INPUT, "The candidate movie", token_parts, "The target, whose rating is predicted."),
        Box(
            "block",
            1,
            WIDE,
            ATTENTION,
            "Transformer block",
            f"{config.heads} heads over {config.window} movies",
            "Every movie attends to every other, then goes through a small layer of its own.",
        ),
    ]
    arrows = [("watched", "block"), ("target", "block")]
    user_widths = {}
    if config.user_id:
        user_widths["user id"] = embedding_width(sizes.users)
    if config.demographics:
        user_widths |= {
            name: embedding_width(len(demographic.values)) for name, demographic in sizes.domain.demographics.items()
        }
    boxes.append(
        Box(
            "flat",
            2,
            LEFT if user_widths else WIDE,
            DENSE,
            "Concatenation",
            f"{config.window} × {width} = {features} numbers",
            "What the block made of each movie, as one vector.",
        )
    )
    arrows.append(("block", "flat"))
    before = ["flat"]
    if user_widths:
        boxes.append(
            Box(
                "user",
                2,
                RIGHT,
                INPUT,
                "Who the user is",
                f"{' + '.join(str(n) for n in user_widths.values())} = {sum(user_widths.values())} numbers",
                f"{', '.join(user_widths)}: each may be unknown.",
            )
        )
        before.append("user")
    for i, units in enumerate(config.mlp):
        boxes.append(
            Box(
                f"dense{i}",
                3 + i,
                WIDE,
                DENSE,
                f"Layer of {units} units",
                "BatchNorm, LeakyReLU, dropout",
                "Combines all that comes in.",
            )
        )
        arrows += [(name, f"dense{i}") for name in before]
        before = [f"dense{i}"]
    answer = Box(
        "answer",
        3 + len(config.mlp),
        WIDE,
        ANSWER,
        "Expected rating",
        "one number",
        "In stars, without probabilities of single ratings.",
    )
    arrows += [(name, "answer") for name in before]
    return Diagram("Classic BST", (*boxes, answer), tuple(arrows))
