"""The glossary: the app's terms in plain language."""

from dataclasses import dataclass

from bst.domain import MOVIES, Domain
from bst.evaluation import measure_timed
from bst.evaluation.list_record import PROTOCOL, PROTOCOL_MEANING
from bst.presentation.curves import CURVES
from bst.presentation.vocabulary import (
    EXPLAINERS,
    INTERVAL,
    LIKED_TEXT,
    LIST_METRICS,
    LIST_QUALITY,
    METRICS,
    ORDERS,
    RIVALS,
)
from bst.timelines.splits import PROTOCOLS
from bst.wording import reword

PEOPLE, MODEL, MEASURING, LISTS, EXPLAINING = (
    "People and movies",
    "The model",
    "How good it is",
    "Lists",
    "Why it predicts that",
)
# what "next" means, to be shown with any list of what is likely next: for real users, and for simulated ones
NEXT_MEANS = "“Next” means rated next: the data record when a rating was entered, not when a film was watched."
NEXT_IN_SIMULATION = "“Next” means rated next in the simulation: no one watched a film."


@dataclass(frozen=True)
class Word:
    """A word, what it means in a sentence or two of plain text, and to which part of the glossary it belongs."""

    word: str
    meaning: str
    part: str


# left out where a dataset is not about movies: entries, and the end of one
_OF_MOVIES = ("Demo world", "Planted effect")
_SUCH_AS = ", such as MovieLens 1M or the demo world"
GLOSSARY: tuple[Word, ...] = (
    Word(
        "Visitor",
        "The person in front of the app: who they are, as far as they say, and what they watched. A visitor has no "
        "user id.",
        PEOPLE,
    ),
    Word("User", "A person in a dataset. Models that know users by an id cannot use that for a visitor.", PEOPLE),
    Word("Event", "One movie that a user watched, with their rating and, in a dataset, when they entered it.", PEOPLE),
    Word(
        "Timeline",
        "All events of one user, oldest first. Events with the same time stay in the order of the file.",
        PEOPLE,
    ),
    Word("History", "The events that a model knows when it predicts: those before the one to be predicted.", PEOPLE),
    Word("Candidate", "A movie to be scored for a visitor.", PEOPLE),
    Word("Dataset", f"Users, movies and ratings of one source{_SUCH_AS}.", PEOPLE),
    Word(
        "Demo world",
        "A catalogue of well-known films with an audience that is simulated by known rules. No real person rated "
        "anything in it.",
        PEOPLE,
    ),
    Word(
        "Transformer",
        "A kind of model that reads a sequence and, for each prediction, weighs how much every part of the sequence "
        "matters.",
        MODEL,
    ),
    Word(
        "Behavior Sequence Transformer (BST)",
        "A Transformer that reads what a user did, here watched and rated, to predict what they would like (Chen et "
        "al. 2019).",
        MODEL,
    ),
    Word(
        "Embedding",
        "A list of numbers that represents a movie, a rating or a group of people. Training gives similar things "
        "similar numbers.",
        MODEL,
    ),
    Word(
        "Attention",
        "The weights with which a model looks at each event when it predicts; they add up to 100%.",
        MODEL,
    ),
    Word("Head", "One of several attentions that work in parallel, each with weights of its own.", MODEL),
    Word("Layer", "One step of attention and what is computed from it. The next layer works on its result.", MODEL),
    Word(
        "Tower",
        "A part of the timeline model with weights of its own: one predicts ratings, one the next movie, one what "
        "a visitor will watch and like some time.",
        MODEL,
    ),
    Word("Parameter", "A number that training sets. A few are not trained but computed from the dataset.", MODEL),
    Word("Preset", "A named model configuration, such as “timeline” or “user-features”.", MODEL),
    Word("Epoch", "One pass of training over all training data.", MODEL),
    Word("Run", "One training, in progress or past. It ends with a bundle.", MODEL),
    Word(
        "Bundle",
        "A folder with a trained model and everything that the app needs to show it. It holds no row of the dataset.",
        MODEL,
    ),
    Word("Loss", CURVES["loss"].meaning, MODEL),
    Word(
        "Multinomial loss",
        "How surprised a model is by several right answers at once: it gives every movie a share of 100%, and the loss "
        "is the mean of −ln of the shares of the movies that were liked (Liang et al. 2018).",
        MODEL,
    ),
    Word(
        "All later events",
        "What the like tower learns from: everything that a user watched and liked after a moment of their timeline, "
        "not only the next movie (a dense all-action loss, Pancha et al. 2022).",
        MODEL,
    ),
    Word(
        "Expected rating",
        "The mean of the predicted distribution over all ratings. It is seldom a whole number, and seldom at an end of "
        "the scale.",
        MEASURING,
    ),
    Word(
        "Watch-next probability",
        "How likely the visitor’s next movie is this candidate, among all that they have not seen.",
        MEASURING,
    ),
    Word(
        "Will-like probability",
        f"How likely the visitor is to watch a movie some time and give it {LIKED_TEXT}. Each movie has one of its "
        "own: they do not sum to 100%.",
        MEASURING,
    ),
    Word("MAE", METRICS["mae"].meaning, MEASURING),
    Word("RMSE", METRICS["rmse"].meaning, MEASURING),
    Word("MAE of the median", METRICS["median_mae"].meaning, MEASURING),
    Word("NLL", f"Negative log-likelihood. {METRICS['nll'].meaning}", MEASURING),
    Word(
        "Calibration",
        "Whether predicted probabilities are right: of all movies with a predicted chance of 70% to get 4 ★ or more, "
        "70% should.",
        MEASURING,
    ),
    Word("ECE", METRICS["ece"].meaning, MEASURING),
    Word("95% interval", INTERVAL.removeprefix("95% interval: ").capitalize(), MEASURING),
    Word(
        "Protocol",
        "A named way of splitting ratings into those to learn from and those to be tested on. "
        + " ".join(
            f"“{name}”: {story}."
            for name, story in (
                *PROTOCOLS.items(),
                (measure_timed.PROTOCOL, measure_timed.PROTOCOL_MEANING),
                (PROTOCOL, PROTOCOL_MEANING),
            )
        ),
        MEASURING,
    ),
    Word(
        "Validation and test",
        "Ratings kept away from training: validation to decide when to stop, test to measure in the end how good the "
        "model is.",
        MEASURING,
    ),
    Word(
        "Baseline", "A simpler way to predict the same ratings, such as each movie’s mean, to compare with.", MEASURING
    ),
    Word(
        "SVD",
        "Matrix factorisation: each user and each movie as a few dozen numbers. The usual yardstick. “Fold-in”: a new "
        "user’s numbers are computed from their ratings so far.",
        MEASURING,
    ),
    *(Word(LIST_METRICS[key].label, LIST_METRICS[key].meaning, LISTS) for key in LIST_METRICS),
    *(Word(metric.label, metric.meaning, LISTS) for key, metric in LIST_QUALITY.items() if key not in LIST_METRICS),
    *(Word(rival.label, f"As a recommender to compare with: {rival.meaning}", LISTS) for rival in RIVALS.values()),
    Word(ORDERS["like"].label, f"As a ranking: {ORDERS['like'].meaning}", LISTS),
    Word(ORDERS["rating"].label, f"As a ranking: {ORDERS['rating'].meaning}", LISTS),
    Word(
        "Popularity weight",
        "How much a movie's popularity counts in the list for this visitor. At 100% the most likely movies come first; "
        "at 0% those that this visitor is more likely to watch and like than others are.",
        LISTS,
    ),
    Word("Popularity", f"As a ranking: {ORDERS['popularity'].meaning}", LISTS),
    Word(
        "Fidelity",
        "Whether an explanation names what the model really goes by: without the movies that it names the prediction "
        "should fall (deletion), and with them alone it should stay (insertion).",
        EXPLAINING,
    ),
    Word(
        EXPLAINERS["integrated_gradients"].label,
        "An explanation that follows the prediction from an unknown visitor to this one, and divides "
        "the difference among the movies of the history (Sundararajan et al. 2017).",
        EXPLAINING,
    ),
    Word("Influence", "How much a prediction changes when one event is removed from the history.", EXPLAINING),
    Word(
        "Counterfactual",
        "The smallest change of a history that would bring a movie to a chosen rank or rating.",
        EXPLAINING,
    ),
    Word("What if", "A copy of the visitor that can be changed, to see what moves.", EXPLAINING),
    Word(
        "Planted effect",
        "A rule of the demo world that really moves ratings, so that explanations can be checked.",
        EXPLAINING,
    ),
)

PARTS: tuple[str, ...] = (PEOPLE, MODEL, MEASURING, LISTS, EXPLAINING)


def words(domain: Domain = MOVIES) -> tuple[Word, ...]:
    """Return the glossary in the words of a dataset, without what applies to movies only."""
    if domain.item == MOVIES.item:
        return GLOSSARY
    return tuple(
        Word(*(reword(text.replace(_SUCH_AS, ""), domain) for text in (entry.word, entry.meaning, entry.part)))
        for entry in GLOSSARY
        if entry.word not in _OF_MOVIES and (domain.rated or not _is_about_ratings(entry))
    )


def _is_about_ratings(entry: Word) -> bool:
    return "rating" in f"{entry.word} {entry.meaning}".lower() or "★" in entry.meaning


def meaning(word: str) -> str:
    """Return what a word means. Raises ``KeyError`` for one that is not in the glossary."""
    return _MEANINGS[word]


_MEANINGS = {entry.word: entry.meaning for entry in GLOSSARY}
