"""What protocol ``list`` says, in sentences that the Evaluation page and the report share. Markdown, bold at most."""

import pandas as pd

from bst.bundles.bundle import Bundle
from bst.evaluation.like_calibration import LEAST_CHANCE, calibration_error
from bst.evaluation.list_record import PROTOCOL, ListRecord
from bst.evaluation.records import Interval
from bst.presentation.vocabulary import LIKED_TEXT, rival_label
from bst.text import count, signed, span

TEN = 10
# of how many known ratings the first sentence speaks
FIRST_LENGTH = 5
MOST_LIKED = "most_liked"
CHANCES_CAPTION = (
    "The share of unseen movies with such a predicted chance that were watched and liked later. What a user watched "
    "after their last rating is not recorded, so these chances are of what people went on to rate. Nearly all movies "
    "are in the first point."
)
TITLES_CAPTION = (
    "Further up, more of the first ten movies were liked later; further right, the lists of different visitors have "
    "more titles between them. One good list for everybody is at the left. Bars: 95% intervals."
)


def chances(record: ListRecord, events: int) -> str:
    """Say by how much the chances that a movie will be liked are off, by how many ratings are known."""
    errors = {n: calibration_error(bins) for n, bins in record.chances.items()}
    known = ", ".join(f"{100 * error:.1f} after {n}" for n, error in errors.items() if error is not None)
    largest = max((b for b in record.chances[events] if b.low >= LEAST_CHANCE), key=lambda b: b.labels, default=None)
    if largest is None:
        return "It gives no movie a chance worth checking."
    return (
        f"Movies with a predicted chance of about **{largest.predicted:.0%}** were watched and liked later in "
        f"**{largest.actual.value:.0%}** of {count(largest.labels, 'case')}. By how many percentage points chances of "
        f"{LEAST_CHANCE:.0%} and more are off, on average (expected calibration error): {known} ratings."
    )


def first_length(record: ListRecord) -> int:
    """Return of how many known ratings to speak first."""
    return FIRST_LENGTH if FIRST_LENGTH in record.ours else min(record.ours)


def headline(record: ListRecord, events: int) -> str:
    """Say how many of ten listed movies were liked later, and how many of those that most people liked."""
    ours = record.ours[events].precision.value
    sentence = f"Of ten movies listed after {count(events, 'rating')}, **{TEN * ours:.1f}** were liked later"
    popular = record.rivals.get(MOST_LIKED, {}).get(events)
    if popular and popular.difference:
        sentence += (
            f"; of the ten most liked movies, the same for everybody, **{TEN * popular.precision.value:.1f}**. "
            f"{_compared(popular.difference)}"
        )
    best = record.best_rival(events)
    if best and best != MOST_LIKED and (difference := record.rivals[best][events].difference):
        theirs = record.rivals[best][events].precision.value
        sentence += (
            f". The best simple recommender, {rival_label(best)}, finds {TEN * theirs:.1f}. {_compared(difference)}"
        )
    return f"{sentence}."


def summary(record: ListRecord, events: int) -> str:
    """Say in one sentence how many of ten listed movies were liked later, beside simple lists."""
    ours, rivals = record.ours[events].precision.value, record.rivals
    parts = [f"Of ten movies that it lists after {count(events, 'rating')}, people liked **{TEN * ours:.1f}** later"]
    best = record.best_rival(events)
    if best and best != MOST_LIKED:
        quality = rivals[best][events]
        unclear = quality.difference is not None and quality.difference.sign == 0
        parts.append(
            f"of the best simple recommender’s ten {TEN * quality.precision.value:.1f}"
            f"{' (no clear difference)' if unclear else ''}"
        )
    if popular := rivals.get(MOST_LIKED, {}).get(events):
        parts.append(f"of one list for everybody {TEN * popular.precision.value:.1f}")
    return f"{'; '.join(parts)}."


def _compared(difference: Interval) -> str:
    """Say by how many movies of ten our lists are ahead or behind."""
    interval = f"95% interval {span(TEN * difference.low, TEN * difference.high, '+.1f')}"
    if difference.sign == 0:
        return f"That is no clear difference ({signed(TEN * difference.value, '.1f')}, {interval})"
    direction = "ahead" if difference.sign > 0 else "behind"
    return f"This model is {direction} by {abs(TEN * difference.value):.1f} ({interval})"


def measured_on(bundle: Bundle, record: ListRecord) -> str:
    """Say whose lists were measured, what was chosen and what is missing."""
    users = "; ".join(f"{events}: {quality.users:,}" for events, quality in record.ours.items())
    sentences = [
        f"Lists for {count(record.users, 'user')} held out of training, protocol “{PROTOCOL}”, seed {record.seed}, "
        "from the whole catalogue without the known movies, times unknown.",
        f"Whatever got {LIKED_TEXT} later counts as liked, and what was not rated as not liked.",
        f"Users who rated ten movies or more after the known ones, by known ratings: {users}.",
    ]
    if record.settings:
        settings = "; ".join(f"{rival_label(name)}: {setting}" for name, setting in record.settings.items())
        sentences.append(f"Chosen on validation users: {settings}.")
    sentences += [f"{rival_label(name)} is missing: {reason}." for name, reason in record.left_out.items()]
    if bundle.simulated:
        sentences.append("The users are simulated.")
    if record.made:
        sentences.append(f"Measured on {record.made}, in {record.seconds:.0f} s.")
    return " ".join(sentences)


def titles_text(lists: pd.DataFrame, curve: pd.DataFrame) -> str:
    """Return ``list_frames.precision_by_titles`` and ``popularity_curve`` in words."""
    texts = [f"{row.name} {row.value:.3f} with {row.distinct:,} titles" for row in lists.itertuples(index=False)]
    texts += [
        f"popularity weight {row.popularity_weight:g}: {row.value:.3f} with {row.distinct:,}"
        for row in curve.itertuples(index=False)
    ]
    return "; ".join(texts)
