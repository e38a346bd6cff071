"""The app's words and figures in plain language: one place for all who explain them."""

from dataclasses import dataclass

from bst.bundles.curves import CURVES
from bst.timelines.splits import PROTOCOLS

PEOPLE, MODEL, MEASURING, LISTS, EXPLAINING = (
    "People and movies",
    "The model",
    "How good it is",
    "Lists",
    "Why it predicts that",
)
# what "next" is, beside any list of what is likely next: of people, and of a simulated audience
NEXT_MEANS = "“Next” means rated next: the data record when a rating was entered, not when a film was watched."
NEXT_IN_SIMULATION = "“Next” means rated next in the simulation: nobody watched a film."


@dataclass(frozen=True)
class Word:
    """A word, what it means in a sentence or two of plain text, and to which part of the glossary it belongs."""

    word: str
    meaning: str
    part: str


GLOSSARY: tuple[Word, ...] = (
    Word(
        "Visitor",
        "The person in front of the app: who they are, as far as they say it, and what they watched. A "
        "visitor has no user id.",
        PEOPLE,
    ),
    Word("User", "Somebody in a dataset. Models that know users by an id cannot use that for a visitor.", PEOPLE),
    Word(
        "Event", "One movie that somebody watched, with their rating and, in a dataset, when they entered it.", PEOPLE
    ),
    Word(
        "Timeline",
        "All events of one person, oldest first. Where times are the same, the order is that of the file.",
        PEOPLE,
    ),
    Word("History", "The events that a model knows when it predicts: those before the one in question.", PEOPLE),
    Word("Candidate", "A movie to be predicted for a visitor.", PEOPLE),
    Word("Dataset", "Users, movies and ratings of one source, such as MovieLens 1M or the demo world.", PEOPLE),
    Word(
        "Demo world",
        "A catalogue of well-known films with an audience that is simulated by known rules. No real "
        "person rated anything in it.",
        PEOPLE,
    ),
    Word(
        "Transformer",
        "A kind of model that reads a sequence and, for each thing that it predicts, weighs how much every "
        "part of the sequence matters.",
        MODEL,
    ),
    Word(
        "Behavior Sequence Transformer (BST)",
        "A Transformer that reads what somebody did, here watched and rated, to "
        "predict what they would like (Chen et al. 2019).",
        MODEL,
    ),
    Word(
        "Embedding",
        "A list of numbers that stands for a movie, a rating or a group of people. Training makes similar "
        "things have similar numbers.",
        MODEL,
    ),
    Word(
        "Attention", "The weights with which a model looks at each event while it predicts; they add up to 100%.", MODEL
    ),
    Word("Head", "One of several attentions that work side by side, each free to look elsewhere.", MODEL),
    Word("Layer", "One step of attention and what is made of it. The next layer works on its result.", MODEL),
    Word("Tower", "One of the two halves of the timeline model: one predicts ratings, one the next movie.", MODEL),
    Word("Parameter", "A number that training sets. A few are not trained but taken from the dataset.", MODEL),
    Word("Preset", "A named model configuration, such as “timeline” or “user-features”.", MODEL),
    Word("Epoch", "One pass of training over all training data.", MODEL),
    Word("Run", "One training, live or past. It ends as a bundle.", MODEL),
    Word(
        "Bundle",
        "A folder with a trained model and all that the app needs to show it. It holds no row of the dataset.",
        MODEL,
    ),
    Word("Loss", CURVES["loss"].meaning, MODEL),
    Word(
        "Expected rating",
        "The mean of the predicted chances of all ratings. It is seldom a whole number, and seldom at "
        "an end of the scale.",
        MEASURING,
    ),
    Word(
        "Watch-next probability",
        "How likely the visitor's next movie is this candidate, among all that they have not seen.",
        MEASURING,
    ),
    Word("MAE", CURVES["mae"].meaning, MEASURING),
    Word("RMSE", CURVES["rmse"].meaning, MEASURING),
    Word(
        "MAE of the median",
        "The error when the model has to name one of the whole ratings, the middle one of what it thinks possible.",
        MEASURING,
    ),
    Word(
        "NLL",
        "Negative log-likelihood, in nats: how surprised the model is by the rating that was given. Guessing "
        "evenly among five ratings is 1.61.",
        MEASURING,
    ),
    Word(
        "Calibration",
        "Whether promised chances come true: of all movies with a promised chance of 70% to get 4 ★ or "
        "more, 70% should.",
        MEASURING,
    ),
    Word(
        "ECE", "Expected calibration error: by how much a promised chance of 4 ★ or more is off, on average.", MEASURING
    ),
    Word("95% interval", "Where a figure would fall for 95 of 100 other samples of as many people.", MEASURING),
    Word(
        "Protocol",
        "A named way of splitting ratings into those to learn from and those to be judged by. "
        + " ".join(f"“{name}”: {story}." for name, story in PROTOCOLS.items()),
        MEASURING,
    ),
    Word(
        "Validation and test",
        "Ratings kept away from training: validation to decide when to stop, test to say in the "
        "end how good the model is.",
        MEASURING,
    ),
    Word("Peer", "A simpler way to predict the same ratings, such as each movie's mean, to compare with.", MEASURING),
    Word(
        "SVD",
        "Matrix factorisation: each user and each movie as a few dozen numbers. The usual measure to beat. “Fold-"
        "in”: a new user's numbers are worked out from their ratings so far.",
        MEASURING,
    ),
    Word("HR@K", "Hit rate: how often the movie that came next is among the first K of the list.", LISTS),
    Word("NDCG@K", "The same, but a hit counts less the further down it stands; 1 would be first place always.", LISTS),
    Word("MRR", "Mean of 1 / place of the movie that came next.", LISTS),
    Word("Coverage", "How much of the catalogue is on anybody's list.", LISTS),
    Word(
        "Novelty",
        "How little known the movies of a list are, in bits: one more means half as many people rated them.",
        LISTS,
    ),
    Word("Intra-list diversity", "How different the genres of a list are, from 0 (all alike) to 1.", LISTS),
    Word("Popularity", "The same list for everyone: what most people rated first.", LISTS),
    Word("Influence", "What a prediction loses or gains when one event is left out of the history.", EXPLAINING),
    Word("Counterfactual", "The smallest change of a history that would bring a movie where one wants it.", EXPLAINING),
    Word("What if", "A copy of the visitor that can be changed, to see what moves.", EXPLAINING),
    Word(
        "Planted effect",
        "A rule of the demo world that truly moves ratings, so that explanations can be checked.",
        EXPLAINING,
    ),
)

PARTS: tuple[str, ...] = (PEOPLE, MODEL, MEASURING, LISTS, EXPLAINING)


def meaning(word: str) -> str:
    """Return what a word means. Raises ``KeyError`` for one that is not in the glossary."""
    return _MEANINGS[word]


_MEANINGS = {entry.word: entry.meaning for entry in GLOSSARY}
