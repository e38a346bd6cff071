"""A model's architecture as boxes and arrows, from its configuration alone, and in words."""

from dataclasses import dataclass

from bst.models.config import ClassicConfig, Config, Sizes, TimelineConfig, TowerConfig, embedding_width
from bst.schema import AGES, OCCUPATIONS, SEXES

INPUT, ATTENTION, DENSE, ANSWER = "input", "attention", "dense", "answer"
LEFT, RIGHT, WIDE = "left", "right", "wide"
# so many layers have a box each; more share one
MOST_LAYERS = 4


@dataclass(frozen=True)
class Box:
    """A step: where it stands (``row`` from the top; ``side``), what it is called, and what it does in a sentence."""

    name: str
    row: int
    side: str
    kind: str
    label: str
    detail: str
    meaning: str


@dataclass(frozen=True)
class Drawing:
    """Boxes, arrows between them (names), and a title."""

    title: str
    boxes: tuple[Box, ...]
    arrows: tuple[tuple[str, str], ...]

    @property
    def words(self) -> str:
        """The drawing as text: every box with what it does, and where its result goes."""
        label = {box.name: box.label for box in self.boxes}
        lines = []
        for box in self.boxes:
            goes = [label[end] for start, end in self.arrows if start == box.name]
            lines.append(f"{box.label} ({box.detail}): {box.meaning}" + (f" → {', '.join(goes)}" if goes else ""))
        return f"{self.title}. " + " ".join(f"{i}. {line}" for i, line in enumerate(lines, 1))


def drawings(config: Config, sizes: Sizes, levels: int = 5) -> tuple[Drawing, ...]:
    """Return what to draw of a model: one drawing a tower, or one of a classic model."""
    if isinstance(config, ClassicConfig):
        return (_classic(config, sizes),)
    draw = {"rating": _rating, "next": _next}
    return tuple(draw[name](config, tower, sizes, levels) for name, tower in config.towers.items())


def _rating(config: TimelineConfig, tower: TowerConfig, sizes: Sizes, levels: int) -> Drawing:
    boxes = [
        _who(tower),
        Box(
            "candidate",
            0,
            RIGHT,
            INPUT,
            "The movie asked about",
            "genres, year, no rating",
            "One of the catalogue's movies as a list of numbers, moved by who the visitor is. Its own rating is never "
            "seen.",
        ),
        _events(config, tower),
    ]
    arrows = [("who", "candidate"), ("who", "events")]
    rows = tower.layers if tower.layers <= MOST_LAYERS else 1
    last, looked = "candidate", "events"
    for i in range(rows):
        one = rows == tower.layers
        if i:
            boxes.append(
                Box(
                    f"content{i}",
                    i + 1,
                    LEFT,
                    ATTENTION,
                    f"Events, layer {i}",
                    f"{tower.heads} heads, looking back",
                    "Each event looks at the visitor and at the events before it, never at later ones.",
                )
            )
            arrows.append((looked, f"content{i}"))
            looked = f"content{i}"
        boxes.append(
            Box(
                f"query{i}",
                i + 1,
                RIGHT,
                ATTENTION,
                f"Question, layer {i + 1}" if one else f"{tower.layers} question layers",
                f"{tower.heads} heads, width {tower.width}",
                "The movie asked about looks at the visitor and at every event: this is the attention that the app "
                "shows.",
            )
        )
        arrows += [(last, f"query{i}"), (looked, f"query{i}")]
        last = f"query{i}"
    boxes += [
        Box(
            "folded",
            rows + 1,
            LEFT,
            INPUT,
            "What ratings alone tell",
            f"{config.factors} factors, user bias",
            "How generous the visitor is with stars, and what matrix factorisation makes of the same events. Its "
            "factors are fixed before training.",
        ),
        Box(
            "hidden",
            rows + 1,
            RIGHT,
            DENSE,
            "Hidden layer",
            "128 units",
            "Weighs what attention found against what ratings alone tell.",
        ),
        Box(
            "answer",
            rows + 2,
            WIDE,
            ANSWER,
            f"Chances of {levels} ratings",
            "their mean is the expected rating",
            "How likely each rating is.",
        ),
    ]
    arrows += [(last, "hidden"), ("folded", "hidden"), ("hidden", "answer")]
    return Drawing("The tower that predicts ratings", tuple(boxes), tuple(arrows))


def _next(config: TimelineConfig, tower: TowerConfig, sizes: Sizes, levels: int) -> Drawing:
    boxes = (
        _who(tower),
        Box(
            "movies",
            0,
            RIGHT,
            INPUT,
            "Every movie",
            f"{sizes.movies:,} lists of {tower.width}",
            "All movies of the catalogue, each as a list of numbers from itself, its genres and its year.",
        ),
        _events(config, tower, "and the month"),
        Box(
            "content",
            2,
            LEFT,
            ATTENTION,
            f"{tower.layers} layers of attention" if tower.layers > 1 else "A layer of attention",
            f"{tower.heads} heads, looking back",
            "Each event looks at the visitor and at the events before it; what stands at the newest one sums up all.",
        ),
        Box(
            "match",
            2,
            RIGHT,
            DENSE,
            "How well they match",
            "and how popular it is",
            "The summary is compared with every movie: the more alike their numbers, the likelier.",
        ),
        Box(
            "answer",
            3,
            WIDE,
            ANSWER,
            f"Chances of {sizes.movies:,} movies",
            "to be the next one",
            "How likely each movie is the next; seen ones are removed.",
        ),
    )
    arrows = (
        ("who", "events"),
        ("events", "content"),
        ("content", "match"),
        ("movies", "match"),
        ("match", "answer"),
    )
    return Drawing("The tower that predicts the next movie", boxes, arrows)


def _who(tower: TowerConfig) -> Box:
    return Box(
        "who",
        0,
        LEFT,
        INPUT,
        "Who the visitor is",
        "sex, age, occupation",
        "Each may be unknown; there is no user id.",
    )


def _events(config: TimelineConfig, tower: TowerConfig, also: str = "") -> Box:
    return Box(
        "events",
        1,
        LEFT,
        INPUT,
        f"Up to {config.max_history} events",
        "movie, rating, time gap",
        f"Each watched movie with its genres and year, its rating, how far that lies from the movie's mean, the time "
        f"since the one before{', ' + also if also else ''}: {tower.width} numbers an event.",
    )


def _classic(config: ClassicConfig, sizes: Sizes) -> Drawing:
    width, watched = embedding_width(sizes.movies), config.window - 1
    features = config.window * width
    facts = "movie, genres, place" if config.genres else "movie, place"
    boxes = [
        Box(
            "watched",
            0,
            LEFT,
            INPUT,
            f"{watched} watched movies",
            f"{facts} × rating",
            f"The newest movies as {width} numbers each, multiplied by the stars that they got.",
        ),
        Box("target", 0, RIGHT, INPUT, "The movie asked about", facts, "The target, whose rating is predicted."),
        Box(
            "block",
            1,
            WIDE,
            ATTENTION,
            "Transformer block",
            f"{config.heads} heads over {config.window} movies",
            "Every movie looks at every other, then goes through a small layer of its own.",
        ),
    ]
    arrows = [("watched", "block"), ("target", "block")]
    who = {}
    if config.user_id:
        who["user id"] = embedding_width(sizes.users)
    if config.demographics:
        who |= {
            name: embedding_width(size)
            for name, size in (("sex", len(SEXES)), ("age", len(AGES)), ("occupation", len(OCCUPATIONS)))
        }
    boxes.append(
        Box(
            "flat",
            2,
            LEFT if who else WIDE,
            DENSE,
            "All side by side",
            f"{config.window} × {width} = {features} numbers",
            "What the block made of each movie, one behind the other.",
        )
    )
    arrows.append(("block", "flat"))
    before = ["flat"]
    if who:
        boxes.append(
            Box(
                "who",
                2,
                RIGHT,
                INPUT,
                "Who the user is",
                f"{' + '.join(str(n) for n in who.values())} = {sum(who.values())} numbers",
                f"{', '.join(who)}: each may be unknown.",
            )
        )
        before.append("who")
    for i, units in enumerate(config.mlp):
        boxes.append(
            Box(
                f"dense{i}",
                3 + i,
                WIDE,
                DENSE,
                f"Layer of {units} units",
                "BatchNorm, LeakyReLU, dropout",
                "Mixes all that is known so far.",
            )
        )
        arrows += [(name, f"dense{i}") for name in before]
        before = [f"dense{i}"]
    answer = Box(
        "answer", 3 + len(config.mlp), WIDE, ANSWER, "Expected rating", "one number", "In stars; no chances beside it."
    )
    arrows += [(name, "answer") for name in before]
    return Drawing("Classic BST", (*boxes, answer), tuple(arrows))
