"""The architecture of a timeline BST as boxes and arrows, one diagram a tower."""

from collections.abc import Callable

from bst.models.config import Sizes, Task
from bst.models.diagram import ANSWER, ATTENTION, DENSE, INPUT, LEFT, RIGHT, WIDE, Box, Diagram
from bst.models.timeline.config import TimelineConfig, TowerConfig

# this many layers have a box each; more share one
MOST_LAYERS = 4
# how the towers that score the catalogue match movies with the history
MATCHING = (("who", "events"), ("events", "content"), ("content", "match"), ("movies", "match"))


def diagrams(config: TimelineConfig, sizes: Sizes, levels: int) -> tuple[Diagram, ...]:
    """Return the diagrams of the model's towers."""
    make: dict[Task, Callable[[TimelineConfig, TowerConfig, Sizes, int], Diagram]] = {
        "rating": _rating_diagram,
        "next": _next_diagram,
        "like": _like_diagram,
    }
    return tuple(make[name](config, tower, sizes, levels) for name, tower in config.towers.items())


def _rating_diagram(config: TimelineConfig, tower: TowerConfig, sizes: Sizes, levels: int) -> Diagram:
    boxes = [
        _visitor_box(),
        Box(
            "candidate",
            0,
            RIGHT,
            INPUT,
            "The candidate movie",
            "genres, year, no rating",
            "One movie of the catalogue as a vector, shifted by who the visitor is. Its own rating is never seen.",
        ),
        _event_box(config, tower),
    ]
    arrows = [("who", "candidate"), ("who", "events")]
    rows = tower.layers if tower.layers <= MOST_LAYERS else 1
    last, attended = "candidate", "events"
    for i in range(rows):
        box_per_layer = rows == tower.layers
        if i:
            boxes.append(
                Box(
                    f"content{i}",
                    i + 1,
                    LEFT,
                    ATTENTION,
                    f"Events, layer {i}",
                    f"{tower.heads} heads, causal",
                    "Each event attends to the visitor and to the events before it, never to later ones.",
                )
            )
            arrows.append((attended, f"content{i}"))
            attended = f"content{i}"
        boxes.append(
            Box(
                f"query{i}",
                i + 1,
                RIGHT,
                ATTENTION,
                f"Candidate, layer {i + 1}" if box_per_layer else f"{tower.layers} candidate layers",
                f"{tower.heads} heads, width {tower.width}",
                "The candidate attends to the visitor and to every event: this is the attention that the app shows.",
            )
        )
        arrows += [(last, f"query{i}"), (attended, f"query{i}")]
        last = f"query{i}"
    boxes += [
        Box(
            "fold_in",
            rows + 1,
            LEFT,
            INPUT,
            "Matrix factorisation",
            f"{config.factors} factors, user bias",
            "How generous the visitor is with stars (user bias), most of all in the newest events, and factors "
            "folded in from the same events; sex, age group and occupation say what to expect before the first of "
            "them. The movies’ factors are fixed before training.",
        ),
        Box(
            "hidden",
            rows + 1,
            RIGHT,
            DENSE,
            "Hidden layer",
            "128 units",
            "Combines what attention read with matrix factorisation.",
        ),
        Box(
            "answer",
            rows + 2,
            WIDE,
            ANSWER,
            f"Probabilities of {levels} ratings",
            "their mean is the expected rating",
            "How likely each rating is.",
        ),
    ]
    arrows += [(last, "hidden"), ("fold_in", "hidden"), ("hidden", "answer")]
    return Diagram("The tower that predicts ratings", tuple(boxes), tuple(arrows))


def _next_diagram(config: TimelineConfig, tower: TowerConfig, sizes: Sizes, levels: int) -> Diagram:
    boxes = (
        _visitor_box(),
        _catalogue_box(tower, sizes),
        _event_box(
            config,
            tower,
            "the month, and, where it is known, the time of the request" if config.reads_requests else "and the month",
        ),
        _content_box(tower),
        _match_box(),
        Box(
            "answer",
            3,
            WIDE,
            ANSWER,
            f"Probabilities of {sizes.movies:,} movies",
            "to be the next one",
            "How likely each movie is the next; seen ones are removed.",
        ),
    )
    return Diagram("The tower that predicts the next movie", boxes, (*MATCHING, ("match", "answer")))


def _like_diagram(config: TimelineConfig, tower: TowerConfig, sizes: Sizes, levels: int) -> Diagram:
    boxes = (
        _visitor_box(),
        _catalogue_box(tower, sizes),
        _event_box(config, tower, timed=False),
        _content_box(tower),
        _match_box(
            "dot product, popularity, base popularity",
            "The summary is compared with every movie: the more similar the vectors, the more likely the movie. "
            "Base popularity is how often people who have rated as many movies like it later.",
        ),
        Box(
            "calibration",
            3,
            RIGHT,
            DENSE,
            "Calibration",
            "four numbers",
            "Turns scores into log-odds that hold for people who were not in the training, by a weight each for the "
            "score, for base popularity and for the number of ratings, and a constant. Fitted to validation users.",
        ),
        Box(
            "answer",
            4,
            WIDE,
            ANSWER,
            f"A probability for each of {sizes.movies:,} movies",
            "to be watched and liked some time",
            "How likely the visitor is to watch each movie some time and rate it 4 stars or more. They are "
            "independent of each other, so they do not sum to 1; seen movies are removed.",
        ),
    )
    arrows = (*MATCHING, ("match", "calibration"), ("calibration", "answer"))
    return Diagram("The tower that predicts what they will like", boxes, arrows)


def _catalogue_box(tower: TowerConfig, sizes: Sizes) -> Box:
    return Box(
        "movies",
        0,
        RIGHT,
        INPUT,
        "Every movie",
        f"{sizes.movies:,} vectors of {tower.width}",
        "Each movie of the catalogue as a vector, from the movie itself, its genres and its year.",
    )


def _content_box(tower: TowerConfig) -> Box:
    return Box(
        "content",
        2,
        LEFT,
        ATTENTION,
        f"{tower.layers} layers of attention" if tower.layers > 1 else "A layer of attention",
        f"{tower.heads} heads, causal",
        "Each event attends to the visitor and to the events before it; the newest one sums up the history.",
    )


def _match_box(
    detail: str = "dot product, popularity",
    meaning: str = "The summary is compared with every movie: the more similar the vectors, the more likely the movie.",
) -> Box:
    return Box(
        "match",
        2,
        RIGHT,
        DENSE,
        "Match",
        detail,
        meaning,
    )


def _visitor_box() -> Box:
    return Box(
        "who",
        0,
        LEFT,
        INPUT,
        "Who the visitor is",
        "sex, age, occupation",
        "Each may be unknown; there is no user id.",
    )


def _event_box(config: TimelineConfig, tower: TowerConfig, also: str = "", timed: bool = True) -> Box:
    time = f", the time since the event before{', ' + also if also else ''}" if timed else ""
    return Box(
        "events",
        1,
        LEFT,
        INPUT,
        f"Up to {config.max_history} events",
        "movie, rating, time gap" if timed else "movie, rating",
        f"Each watched movie with its genres and year, its rating, how far that is from the movie’s mean{time}: a "
        f"vector of {tower.width} numbers.",
    )
