"""What an evaluation says, in sentences that the Evaluation page and the report share. Markdown, bold at most."""

import pandas as pd

from bst.bundles.bundle import Bundle
from bst.domain import MOVIES, Domain
from bst.evaluation.records import (
    Calibration,
    EvaluationRecord,
    Fairness,
    HistoryBin,
    RankingEvaluation,
    RatingEvaluation,
)
from bst.presentation.frames import bin_label
from bst.presentation.glossary import NEXT_MEANS
from bst.presentation.vocabulary import (
    INTERVAL,
    LIKED_TEXT,
    LIST_LENGTH,
    ORDERS,
    attribute_label,
    baseline_label,
    group_label,
)
from bst.text import count, percent, signed, span
from bst.timelines.arrays import TIE_ORDERS
from bst.timelines.splits import PROTOCOLS

# a smaller chance counts as more than chance: the usual 5%, divided among the attributes that are tested
SIGNIFICANCE = 0.05
NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
# groups of which none was picked
PAIR = 2
LEAST_CHANCE = 0.001  # smaller ones are not shown as a number
SMALL_CHANCE = 0.1  # smaller ones are shown with a decimal
# a percentage below this has a decimal
ROUNDED_TO_PERCENT = 0.0095
# groups of users whose label has a plural of its own
BETWEEN = {"sex": "the sexes", "age": "age groups", "occupation": "occupations"}

BASELINE_CAPTION = f"Filled circles are this model, open diamonds the baselines, and bars the {INTERVAL}"
HISTORY_CAPTIONS = {
    "gain": "By how many percent the error is below that of item means, which are the same for everyone. Unlike the "
    "error itself, this hardly depends on how hard the users and movies at each length are to predict.",
    "mae": "Mean absolute error; lower is better. Users with long histories are easier to predict for any model, so "
    "look at the distance between the lines.",
}
CALIBRATION_CAPTION = (
    "On the dashed line the probabilities are right: of all movies with a predicted chance of 70%, 70% got "
    f"{LIKED_TEXT}. Above it the predicted chance is too low, below it too high."
)
SHARES_CAPTION = (
    "An expected rating is a mean, so it is seldom at an end of the scale: few movies have an expected rating of 1 ★ "
    "or 5 ★, but many are given one."
)
GROUPS_CAPTION = (
    "The number after each name is how many users it rests on. ▲ clearly worse than all together (dashed), ▼ clearly "
    "better, ● no clear difference. Upright strokes: the best baseline on the same group."
)
_FAIRNESS_CAPTION = (
    "With many groups, two of them always differ much by chance alone. So the same users were assigned at random to "
    "groups of the same sizes, 2,000 times: “chance” is how often the largest difference was at least as large. As "
    "{} tested, less than 1 in {} counts as more than chance. A difference that baselines have too "
    "comes from how differently people rate, not from this model; it is a difference in quality all the same. Groups "
    "of fewer than ten users are not shown."
)


def reads_whole_histories(bundle: Bundle) -> bool:
    """Whether a bundle's model reads more than a short window."""
    return bundle.config.window_shape is None


def headline(bundle: Bundle, record: EvaluationRecord) -> str:
    """Return in one sentence how good a model is, without a full stop."""
    if "mae" not in record.metrics and "hr@10" not in record.metrics:
        return "It predicts what users will watch and like, which was measured on validation users only"
    if "mae" not in record.metrics:
        sentence = f"The next movie is among its first ten in {percent(record.metrics['hr@10'])} of cases"
        return sentence + (f", popularity: {percent(record.popularity['hr@10'])}" if record.popularity else "")
    users = "for people it has never seen" if bundle.protocol == "visitor" else "on ratings it was not trained on"
    sentence = f"Off by {record.metrics.mae:.2f} stars on average {users}"
    if baseline := _strongest(record):
        sentence += f", {_compared(record, baseline)}"
    known = record.rating.known_after if record.rating else None
    if known is not None and bundle.protocol == "visitor" and reads_whole_histories(bundle):
        sentence += f"; it knows you {after(known)}"
    return sentence


def after(known: int) -> str:
    """Return after how many ratings a model knows a visitor, as text."""
    return {0: "from the start", 1: "after the first rating"}.get(known, f"after about {known} ratings")


def _strongest(record: EvaluationRecord) -> str | None:
    """Return the strongest matrix factorisation, or else the strongest baseline."""
    among = [name for name in record.baselines if name.startswith("svd")] or list(record.baselines)
    return min(among, key=lambda name: record.baselines[name].mae, default=None)


def _compared(record: EvaluationRecord, baseline: str) -> str:
    name = "SVD" if baseline.startswith("svd") else baseline_label(baseline)
    share = 1 - record.metrics.mae / record.baselines[baseline].mae
    if record.rating and baseline in record.rating.comparisons:
        improvement = record.rating.comparisons[baseline].improvement
        if improvement.sign == 0:
            return f"about as good as {name}"
        share = improvement.value
    size = f"{abs(share):.1%}" if abs(share) < ROUNDED_TO_PERCENT else f"{abs(share):.0%}"
    return f"{size} {'better' if share > 0 else 'worse'} than {name}"


def measured_on(bundle: Bundle, record: EvaluationRecord) -> str:
    """Say on which labels a bundle was measured, and when."""
    users = f" of {count(record.users, 'user')}" if record.users is not None else ""
    when = f" Measured on {record.made}, in {record.seconds:.0f} s." if record.made else ""
    return (
        f"On {count(record.labels, 'test rating')}{users}, held out of training. Protocol “{bundle.protocol}”, "
        f"seed {bundle.seed}: {PROTOCOLS[bundle.protocol]}.{when}"
    )


def cold_start(bundle: Bundle, rating: RatingEvaluation) -> str:
    """Say how the error depends on the length of history."""
    bins = rating.by_history
    if not reads_whole_histories(bundle):
        return (
            f"This model reads only the newest {bundle.config.max_history} ratings, however many there are: what it "
            "gains with longer histories comes from the user id that it was trained with, or from easier users."
        )
    if rating.known_after is None or bins[-1].gain is None:
        return "The error by how many ratings of a user are known."
    best = max(bins, key=_gain)
    start = f"{_without_history(_gain(bins[0]))}; with" if bins[0].length == 0 else "With"
    return (
        f"{start} {bin_label(best)} known ratings it is {percent(_gain(best))} better. It has half of that lead "
        f"{after(rating.known_after)}: that is what “it knows you” means here."
    )


def _gain(b: HistoryBin) -> float:
    return b.gain.value if b.gain else 0.0


def _without_history(gain: float) -> str:
    return (
        f"Knowing nothing but who you are, it is {percent(abs(gain))} {'better' if gain > 0 else 'worse'} than the "
        "mean rating of each movie"
    )


def calibration(bins: Calibration) -> str:
    """Say of the most frequent prediction how often, or by how much, it was right."""
    if bins.liked:
        largest = max(bins.liked, key=lambda b: b.labels)
        return (
            f"When it predicts a chance of about **{largest.predicted:.0%}** for {LIKED_TEXT}, the movie got that in "
            f"**{largest.actual.value:.0%}** of {count(largest.labels, 'case')}."
        )
    largest = max(bins.expected, key=lambda b: b.labels)
    return (
        f"Where it expects about **{largest.predicted:.1f} ★**, **{largest.actual.value:.1f} ★** were given on average "
        f"({count(largest.labels, 'case')}). It predicts one number and no probabilities, so those cannot be checked."
    )


def fairness_caption(domain: Domain = MOVIES) -> str:
    """Say how fairness towards the groups of users that a dataset distinguishes is tested."""
    attributes = max(1, len(domain.demographics))
    number = NUMBERS[attributes] if attributes < len(NUMBERS) else str(attributes)
    tested = f"{number} attribute{'s are' if attributes > 1 else ' is'}"
    return _FAIRNESS_CAPTION.format(tested, round(attributes / SIGNIFICANCE))


def _between(attribute: str, domain: Domain) -> str:
    return BETWEEN.get(attribute) or f"groups by {attribute_label(attribute, domain).lower()}"


def fairness(row: Fairness, domain: Domain = MOVIES) -> str:
    """Say in one line whether a model's errors differ between the groups of an attribute."""
    start = f"**Between {_between(row.attribute, domain)}**:"
    if row.chance >= SIGNIFICANCE / max(1, len(domain.demographics)):
        return f"{start} ● no difference beyond chance"
    difference = row.mae_difference.value
    worst, best = (group_label(row.attribute, value, domain) for value in (row.worst, row.best))
    return f"{start} ▲ more than chance: off by {difference:.2f} stars more for “{worst}” than for “{best}”"


def fairness_details(row: Fairness, domain: Domain = MOVIES) -> str:
    """Say of one attribute how large the largest difference is, and how often chance makes one as large."""
    difference = row.mae_difference
    worst, best = (group_label(row.attribute, value, domain) for value in (row.worst, row.best))
    baseline = ""
    if row.best_baseline and row.baseline_difference is not None:
        baseline = (
            f" The baseline {baseline_label(row.best_baseline)} differs by {signed(row.baseline_difference)} between "
            "the same two."
        )
    picked = (
        f"; as these two were picked because they are the furthest apart of {row.groups}, the chance says more"
        if row.groups > PAIR
        else ""
    )
    return (
        f"**Between {_between(row.attribute, domain)}**: the largest difference is {difference.value:.3f} stars, from "
        f"{best} (best) to {worst} (worst). Groups drawn at random differ as much "
        f"in {chance(row.chance)} of cases. For these two alone the 95% interval is "
        f"{span(difference.low, difference.high)}{picked}.{baseline}"
    )


def chance(value: float) -> str:
    """Return how often chance alone makes a difference as large."""
    if value < LEAST_CHANCE:
        return "under 0.1%"
    return f"{value:.1%}" if value < SMALL_CHANCE else f"{value:.0%}"


def ranking(result: RankingEvaluation) -> str:
    """Say how often the next movie is among the first ten of the best list for that."""
    popularity = result.orders["popularity"].hr[LIST_LENGTH].value
    if "next" in result.orders:
        share = result.orders["next"].hr[LIST_LENGTH].value
        times = f", {share / popularity:.0f} times as often as popularity" if 0 < 1.5 * popularity < share else ""
        return (
            f"The movie rated next is among the first ten of “{ORDERS['next'].label}” in **{percent(share)}** of "
            f"cases{times}."
        )
    share = result.orders["rating"].hr[LIST_LENGTH].value
    return (
        f"The movie rated next is among the first ten of “{ORDERS['rating'].label}” in **{percent(share)}** of cases "
        f"(popularity: {percent(popularity)}). This model was not made to predict it: what somebody would love and "
        "what they watch next are two questions."
    )


def lists_measured_on(bundle: Bundle, record: EvaluationRecord, result: RankingEvaluation) -> str:
    """Say whose lists were measured, and what “next” means."""
    sampled = f" of {result.total_users:,}, drawn at random" if result.total_users > result.users else ""
    next_means = "The users are simulated." if bundle.simulated else NEXT_MEANS
    ties = TIE_ORDERS.get(record.tie_order or "", "")
    return (
        f"Lists of {count(result.users, 'user')}{sampled}, as they were before their last test rating: ranked in the "
        f"whole catalogue without what they had seen, never in a sample of it. {next_means} Popularity: "
        f"{ORDERS['popularity'].meaning} {ties}"
    ).strip()


def points_text(table: pd.DataFrame, x: str, form: str) -> str:
    """Return the lines of a chart in words: for each ``name``, each ``value`` and the ``x`` it is at."""
    return "; ".join(
        f"{name}: " + ", ".join(f"{row['value']:{form}} at {row[x]}" for _, row in rows.iterrows())
        for name, rows in table.groupby("name", sort=False)
    )


def bins_text(table: pd.DataFrame, form: str) -> str:
    """Return ``frames.calibration_bins`` in words."""
    rows = zip(table["predicted"], table["value"], strict=True)
    return "; ".join(f"{predicted:{form}}: {value:{form}}" for predicted, value in rows)


def values_text(table: pd.DataFrame) -> str:
    """Return the values of a chart in words: each ``name`` with its ``value``."""
    return "; ".join(f"{name} {value:.3f}" for name, value in zip(table["name"], table["value"], strict=True))


def groups_text(table: pd.DataFrame) -> str:
    """Return ``frames.group_errors`` in words."""
    return "; ".join(f"{row.name} users {row.value:.3f} {row.sign}" for row in table.itertuples(index=False))
