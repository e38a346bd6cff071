"""The names of everything that is measured or compared: metrics, baselines, attributes and orders of lists.

Each has its key in records, a label and a meaning in plain words. Pages, report, model card, command line, glossary and
charts take them from here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from bst.domain import MOVIES, Domain
from bst.evaluation.records import HIGHER_IS_BETTER, RANK_METRICS, GroupValue
from bst.metrics import LIKED

INTERVAL = "95% interval: of 100 such intervals, each from another sample of as many users, 95 contain the true value."
# the chance of at least this many stars, wherever it is shown
LIKED_TEXT = f"{LIKED:g} ★ or more"


@dataclass(frozen=True)
class Metric:
    """A metric: ``short`` is its label where there is little room, ``format`` how its values are written.

    ``in_stars``: an error in stars.
    """

    key: str
    label: str
    meaning: str
    short: str = ""
    format: str = ".3f"
    in_stars: bool = False

    def __post_init__(self) -> None:
        """Take the label where there is no shorter one."""
        object.__setattr__(self, "short", self.short or self.label)

    @property
    def lower_is_better(self) -> bool:
        """Whether a lower value is better."""
        return self.key not in HIGHER_IS_BETTER

    def text(self, value: float) -> str:
        """Return a value as text."""
        return f"{value:{self.format}}"


@dataclass(frozen=True)
class Term:
    """Something with a key in records, a label, and a meaning in plain words, which may be empty."""

    key: str
    label: str
    meaning: str = ""


AnyTerm = TypeVar("AnyTerm", Metric, Term)


def _by_key(*terms: AnyTerm) -> Mapping[str, AnyTerm]:
    return {term.key: term for term in terms}


METRICS = _by_key(
    Metric("mae", "MAE", "Mean absolute error: by how many stars a prediction is off, on average.", in_stars=True),
    Metric("rmse", "RMSE", "Root mean squared error, in stars: like MAE, but large errors count more.", in_stars=True),
    Metric(
        "median_mae",
        "MAE of the median",
        "The error when the model has to name one of the possible ratings: the median of the distribution it predicts.",
        short="Median",
        in_stars=True,
    ),
    Metric(
        "nll",
        "Negative log-likelihood (NLL)",
        "How surprised the model is by the rating that was given, in nats. Guessing evenly among five ratings is 1.61.",
        short="NLL",
    ),
    Metric(
        "ece",
        "Calibration error (ECE)",
        f"Expected calibration error: by how much a predicted chance of {LIKED_TEXT} is off, on average; 0.01 is one "
        "percentage point.",
        short="ECE",
    ),
    Metric(
        "ndcg@10",
        "NDCG@10",
        "How near the top of the model’s list the next movie is: 1 means always first, 0 never among the first ten.",
    ),
    Metric("hr@10", "HR@10", "Hit rate: how often the next movie is among the first ten of the model’s list."),
)
RATING_METRICS = tuple(key for key in METRICS if key not in RANK_METRICS)
# metrics in stars
ERROR_METRICS = tuple(key for key, metric in METRICS.items() if metric.in_stars)

LIST_METRICS = _by_key(
    Metric("hr", "HR@K", "Hit rate: how often the movie that was rated next is among the first K of the list."),
    Metric(
        "ndcg",
        "NDCG@K",
        "Like HR@K, but a hit counts less the further down the list it is; 1 would mean always first.",
    ),
    Metric("mrr", "MRR", "Mean reciprocal rank: the mean of 1 / rank of the movie that was rated next."),
    Metric("coverage", "Coverage", "The share of the catalogue that is on anybody’s list.", format=".1%"),
    Metric(
        "novelty",
        "Novelty",
        "How little known the movies on a list are, in bits: one bit more means half as many people have rated them.",
        format=".1f",
    ),
    Metric(
        "diversity",
        "Diversity",
        "Intra-list diversity: how different the genres on a list are, from 0 (all the same) to 1.",
        format=".2f",
    ),
    Metric(
        "popular",
        "Popular",
        "The share of list entries that are among the most rated 5% of the catalogue.",
        format=".0%",
    ),
)
# the K of list metrics where only one is shown
LIST_LENGTH = 10
CONTENT_METRICS = ("coverage", "novelty", "diversity", "popular")

# metrics of lists against everything that is liked later
LIST_QUALITY = _by_key(
    Metric("precision@10", "Precision@10", "How many of the first ten movies the visitor liked later, as a share."),
    Metric(
        "ndcg@10",
        "NDCG@10, all likes",
        "Like precision, but a hit counts less the further down it is; 1 is a list that could not be better.",
        short="NDCG@10",
    ),
    Metric(
        "recall@50",
        "Recall@50",
        "How much of what the visitor liked later is among the first fifty, counting fifty movies at most.",
    ),
    Metric("stars", "Stars", "The mean rating of those of the first ten that the visitor rated later.", format=".2f"),
    Metric("distinct", "Titles", "How many different titles the first ten of all lists have together.", format=",.0f"),
    Metric(
        "top_share",
        "Most frequent title",
        "The share of lists with the most frequent title among their first ten; 100% if everybody gets the same list.",
        short="Top title",
        format=".0%",
    ),
    LIST_METRICS["novelty"],
    LIST_METRICS["diversity"],
    Metric(
        "calibration",
        "Genre calibration",
        "How far the genres on a list are from those of the movies that the visitor is known to like, in nats "
        "(Kullback–Leibler divergence); 0: the same shares.",
        short="Genres off",
        format=".2f",
    ),
)

BASELINES = _by_key(
    Term("global_mean", "Global mean", "the same for every movie: the mean of all ratings."),
    Term("item_mean", "Item mean", "the mean rating that others gave that movie."),
    Term("bias", "User + item bias", "the movie’s mean, shifted by how generous this user was with other movies."),
    Term("svd", "SVD", "matrix factorisation, the usual yardstick: each user and each movie as a few dozen numbers."),
    Term(
        "svd_fold_in",
        "SVD fold-in",
        "matrix factorisation, the usual yardstick; a new user’s numbers are computed from their ratings so far.",
    ),
    Term(
        "svd_em_fold_in",
        "SVD fold-in, EM",
        "the same, trained for users it has not seen: the strongest of its kind that is known here.",
    ),
)
# simple recommenders whose lists ours are compared with
RIVALS = _by_key(
    Term("most_liked", "Most liked", "the same list for everybody: the movies that most users liked."),
    Term(
        "item_knn",
        "Item kNN",
        "nearest neighbours: movies that were liked by the same people as those the visitor liked.",
    ),
    Term("ease", "EASE", "a linear map from liked movies to liked movies, each learned from all the others."),
    Term("als", "Implicit ALS", "matrix factorisation of who liked what; a visitor’s numbers come from their likes."),
    Term(
        "ridge",
        "Ridge on first ratings",
        "a linear regression from the first ratings and who the visitor is to all later likes.",
    ),
)
# the same model on the same labels, under other conditions
CONDITIONS = _by_key(
    Term("as_visitor", "as a visitor", "without the user id that the model was trained on, as in the app."),
    Term("gaps_unknown", "time gaps unknown", "as in the app, where no one enters when they watched a movie."),
    Term(
        "request_known",
        "time of the request known",
        "as on a website, which knows the time of the request and how long ago the last visit was.",
    ),
)
THIS_MODEL = "This model"

ATTRIBUTES = _by_key(
    Term("sex", "Sex"),
    Term("age", "Age"),
    Term("occupation", "Occupation"),
    Term("genre", "Genre"),
    Term("decade", "Decade"),
    Term("fame", "Popularity"),
)

ORDERS = _by_key(
    Term("next", "Likely next"),
    Term("blend", "Both, half and half"),
    Term("like", "Best bets", "what they will most likely watch and like some time."),
    Term("rating", "Highest rated", "a lower bound of the expected rating, allowing for how few people rated a movie."),
    Term("popularity", "Popularity", "the same list for everyone: what most people rated."),
)


def baseline_label(key: str) -> str:
    """Return the label of a baseline; its key, if a newer or older program measured it."""
    return BASELINES[key].label if key in BASELINES else key


def rival_label(key: str) -> str:
    """Return the label of a simple recommender; its key, if a newer or older program measured it."""
    return RIVALS[key].label if key in RIVALS else key


def order_label(key: str) -> str:
    """Return the label of an order of lists; its key, if a newer or older program measured it."""
    return ORDERS[key].label if key in ORDERS else key


def attribute_label(attribute: str, domain: Domain = MOVIES) -> str:
    """Return what groups of users or movies differ in: "Sex", "Decade"; in the words of the dataset."""
    if attribute == "genre":
        return _with_capital(domain.tag)
    if attribute in ATTRIBUTES and attribute not in domain.demographics.keys() - MOVIES.demographics.keys():
        return ATTRIBUTES[attribute].label
    return _with_capital(domain.describe(attribute).label)


def _with_capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def group_label(attribute: str, value: GroupValue, domain: Domain = MOVIES) -> str:
    """Return the label of a group of users or movies: "Male", "25–34", "1990s", "Sex unknown"."""
    if value is None:
        return f"{attribute_label(attribute, domain)} unknown"
    if attribute == "decade":
        return f"{value}s"
    return domain.describe(attribute).labels.get(value, str(value))


# explanation methods, by the keys of ``explanation.explainers.EXPLAINERS``
EXPLAINERS = _by_key(
    Term("leave_one_out", "Leaving movies out", "How much the prediction changes without the movie (leave-one-out)."),
    Term(
        "leave_one_out_shared",
        "Leaving out, shared",
        "Leave-one-out, where a movie and the three of the history most like it share what they do together.",
    ),
    Term(
        "integrated_gradients",
        "Integrated gradients",
        "How much the movie adds on the way from a history that says nothing to the real one.",
    ),
    Term("gradient_times_input", "Gradient × input", "How steeply the prediction depends on the movie."),
    Term("shapley", "Shapley values", "What the movie adds to other movies, on average over parts of the history."),
    Term("attention", "Attention", "How much the model looks at the movie: the mean of all heads."),
    Term("similarity", "Most similar movies", "Cosine similarity to the recommended movie."),
    Term("recency", "Newest movies", "What was watched last."),
    Term("popularity", "Best-known movies", "What most people have rated."),
    Term("random", "Guessing", "Movies of the history at random."),
)


def explainer_label(method: str) -> str:
    """Return the label of an explanation method: a key of ``EXPLAINERS``, or a layer ("Layer 1")."""
    return EXPLAINERS[method].label if method in EXPLAINERS else f"{EXPLAINERS['attention'].label}, {method.lower()}"
