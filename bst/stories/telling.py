"""What each step of a story says, in plain text: a headline with computed numbers, and a caption: what to notice."""

from dataclasses import dataclass

import numpy as np

from bst.bundles.bundle import Bundle
from bst.evaluation.records import EvaluationRecord, Metrics
from bst.explanation import list_measure
from bst.explanation.agreement import agreement, attention_verdict
from bst.explanation.insight_record import Insights
from bst.explanation.sentences import (
    Contribution,
    Explanation,
    Measure,
    Title,
    sentence,
    signed,
    top_contributions,
    value_texts,
)
from bst.inference.ranking import Order
from bst.inference.recommender import Recommendation
from bst.metrics import LIKED
from bst.presentation.vocabulary import THIS_MODEL, baseline_label
from bst.schema import DEMOGRAPHICS, DemographicName, Visitor
from bst.stories.cast import Cast
from bst.stories.story import DemographicChange, RatingChange, Step
from bst.text import count, listed, percent, span
from bst.what_if.comparison import Comparison
from bst.what_if.edits import ordinal

# bars of a picture that is read from the back of a room
MOST_CAUSES, MOST_BASELINES = 5, 4
# what moves a prediction: a movie, by its id, or a demographic
Cause = int | DemographicName
NO_DEMOGRAPHICS = "no sex, age or occupation known"


@dataclass(frozen=True)
class Telling:
    """What a step says."""

    headline: str
    caption: str

    def overridden(self, step: Step) -> "Telling":
        """Return the same with the texts that the story has of its own."""
        return Telling(step.headline or self.headline, step.caption or self.caption)


@dataclass(frozen=True)
class Bar:
    """A bar of a picture: its ``value`` also as ``text``. ``movie_id``: of the movie that it stands for, if any.

    ``old_value`` and ``old_text``: the same before the change, None and empty where there was none. ``marked``: it is
    what was changed or, where models are compared, this model's.
    """

    label: str
    value: float
    text: str
    movie_id: int | None = None
    old_value: float | None = None
    old_text: str = ""
    marked: bool = False


def describe(visitor: Visitor) -> str:
    """Return who somebody is: "male, 25–34, programmer"."""
    values = (DEMOGRAPHICS[name].value_text(value) for name, value in visitor.demographics.items())
    return ", ".join(values) or NO_DEMOGRAPHICS


def tell_person(cast: Cast, title: Title) -> Telling:
    """Say who the story is about, and what the model knows of them."""
    visitor, name = cast.before, cast.story.person.name
    missing = f" Not in this dataset and left out: {listed(cast.missing)}." if cast.missing else ""
    if not visitor.history:
        headline = f"{name}: {describe(visitor)}, and not one movie rated"
        return Telling(headline, f"That is all the model has to go by, and it must make a list all the same.{missing}")
    best = max(visitor.history, key=lambda event: event.rating)
    headline = (
        f"{name}: {describe(visitor)}, {count(len(visitor.history), 'movie')} rated, "
        f"{title(best.movie_id)} highest with {best.rating:g} ★"
    )
    return Telling(headline, f"That is all the model knows of {name}: no name, no number. Oldest first.{missing}")


def tell_list(cast: Cast, rows: list[Recommendation], movies: int, order: Order) -> Telling:
    """Say what heads the list. ``movies``: how many the catalogue has."""
    name = cast.story.person.name
    if not rows:
        return Telling(f"{name} has seen every movie there is", "Choose a shorter history to see a list.")
    best, start = rows[0], f"First of {movies:,} movies for {name}: {rows[0].title}"
    unseen = f"The first {len(rows)} of the whole catalogue without what {name} has seen."
    if order == "like" and best.will_like is not None:
        return Telling(
            f"{start}, {percent(best.will_like)} likely to be watched and liked",
            f"{unseen} Liked means {LIKED:g} ★ or more.",
        )
    if order == "next" and best.watch_next is not None:
        return Telling(f"{start}, {percent(best.watch_next)} likely to be watched next", unseen)
    return Telling(f"{start}, {best.expected_rating:.1f} ★ expected", unseen)


def tell_change(cast: Cast, title: Title) -> Telling:
    """Say what is changed."""
    change, name, before, after = cast.story.change, cast.story.person.name, cast.before, cast.after
    if isinstance(change, RatingChange) and cast.changed is not None:
        movie, new = title(cast.changed), after.ratings[cast.changed]
        if cast.changed not in before.ratings:
            which = "one more movie" if before.history else "a first movie"
            return Telling(
                f"Now {name} rates {which}: {movie}, {new:g} ★",
                "Nothing else changes, and so far not the list: watch it in the next step.",
            )
        old = before.ratings[cast.changed]
        headline = f"Now one rating changes: {movie}, from {old:g} ★ to {new:g} ★"
        if old == new:
            headline = f"{movie} keeps its {new:g} ★: nothing changes"
    elif isinstance(change, DemographicChange):
        demographic = DEMOGRAPHICS[change.name]
        was, now = (demographic.value_text(getattr(visitor, change.name)) for visitor in (before, after))
        headline = f"Now one thing changes: {name}’s {demographic.label}, from {was} to {now}"
    else:
        headline = "Nothing changes"
    return Telling(
        headline, "Everything else stays as it is. The list is still the old one: watch it in the next step."
    )


def tell_moves(comparison: Comparison, title: Title) -> Telling:
    """Say how the list moves. ``title``: from a movie's id to its title."""
    k, moves = len(comparison.second), comparison.moves
    ranks = moves[["rank_a", "rank_b"]].fillna(0)
    changed = int((ranks["rank_a"] != ranks["rank_b"]).where(ranks["rank_b"].between(1, k), False).sum())
    new = int((~ranks["rank_a"].between(1, k) & ranks["rank_b"].between(1, k)).sum())
    if comparison.most_moved is None:
        return Telling(
            f"The first {k} stay where they are", "For this person the change says nothing new. That is an answer, too."
        )
    row = moves.set_index("movie_id").loc[comparison.most_moved]
    verb = "rises" if row["rank_b"] < row["rank_a"] else "falls"
    headline = (
        f"{changed} of {k} places change: {title(comparison.most_moved)} {verb} "
        f"from {ordinal(int(row['rank_a']))} to {ordinal(int(row['rank_b']))}"
    )
    fresh = f" {count(new, 'movie')} {'is' if new == 1 else 'are'} new on the list." if new else ""
    return Telling(headline, f"▲ up, ▼ down since the change.{fresh} Nothing was trained again: one pass of the model.")


def measure_of(explanation: Explanation, order: Order) -> Measure:
    """Return what is explained of a movie in a list of this order."""
    measure: Measure = list_measure(order)
    return measure if measure in explanation.measures else "expected"


def tell_why(cast: Cast, was: Explanation, now: Explanation, measure: Measure, title: Title) -> Telling:
    """Say what moves a prediction most and, after a change, what the change did to it.

    ``was``, ``now``: the same movie explained for the visitor before and after the change.
    """
    legend = {
        "like_logit": "▲ multiplies the odds of being watched and liked, ▼ divides them",
        "expected": "▲ raises, ▼ lowers the expected rating by so many stars",
    }.get(measure, "▲ raises, ▼ lowers the chance")
    legend += ": compared with the same person without it (leave-one-out)."
    changed = next((bar for bar in why_bars(cast, was, now, measure, title) if bar.marked), None)
    if changed is None or measure == "next_logit":
        return Telling(sentence(now, measure, title), legend)
    before, after = value_texts(measure, was.value(measure), now.value(measure))
    unit = " likely" if measure == "like_logit" else ""
    cause = f"{changed.old_text} before, {changed.text} now" if changed.old_text else changed.text
    return Telling(f"Why {title(now.movie_id)} goes from {before} to {after}{unit}. {changed.label}: {cause}", legend)


def why_bars(cast: Cast, was: Explanation, now: Explanation, measure: Measure, title: Title) -> list[Bar]:
    """Return what moves a prediction: first what was changed, then the strongest."""
    old, new = _effects(was, measure), _effects(now, measure)
    change = cast.story.change
    marked: Cause | None = change.name if isinstance(change, DemographicChange) else cast.changed
    keys = [_cause(contribution) for contribution in top_contributions(now, measure)]
    first = [marked] if marked is not None and (marked in new or marked in old) else []
    bars = []
    for key in [*first, *(key for key in keys if key != marked)][:MOST_CAUSES]:
        effect, before = new.get(key, 0.0), old.get(key)
        bars.append(
            Bar(
                _cause_label(key, cast, title),
                effect,
                signed(measure, effect),
                key if isinstance(key, int) else None,
                before,
                "" if before is None else signed(measure, before),
                key == marked,
            )
        )
    return bars


def _cause(contribution: Contribution) -> Cause:
    if contribution.event:
        return contribution.event.movie_id
    assert contribution.demographic is not None  # a contribution without an event
    return contribution.demographic


def _effects(explanation: Explanation, measure: Measure) -> dict[Cause, float]:
    """Return the effect of each event, by movie id, and of each known demographic, by name."""
    of_events = explanation.event_effects(measure).tolist()
    effects: dict[Cause, float] = {
        event.movie_id: effect for event, effect in zip(explanation.events, of_events, strict=True)
    }
    return effects | dict(explanation.demographic_effects(measure).items())


def _cause_label(key: Cause, cast: Cast, title: Title) -> str:
    """Return what moves a prediction, with its change: "The Matrix (1999), 5 → 1 ★", "Sex: female → male"."""
    if isinstance(key, int):
        values = [visitor.ratings[key] for visitor in (cast.before, cast.after) if key in visitor.ratings]
        texts = [f"{value:g}" for value in dict.fromkeys(values)]
        return f"{title(key)}, {' → '.join(texts)} ★"
    demographic = DEMOGRAPHICS[key]
    known = dict.fromkeys(demographic.value_text(getattr(visitor, key)) for visitor in (cast.before, cast.after))
    return f"{demographic.label.capitalize()}: {' → '.join(known)}"


def tell_attention(explanation: Explanation, insights: Insights | None, title: Title) -> Telling:
    """Say where the model looked most, and whether that may be read as a reason."""
    movie, looks = title(explanation.movie_id), explanation.attention.weights
    if not explanation.events:
        return Telling(
            f"For {movie} there was no history to look at",
            f"All attention goes to {looks.rest}: the list is what the model says of anybody like this.",
        )
    weights = looks.to_events.mean(axis=0)
    event = explanation.events[int(np.argmax(weights))]
    found = agreement(explanation.attention, explanation.event_effects("expected"))
    return Telling(
        f"Rating {movie}, the model looked most at {title(event.movie_id)}: {percent(float(weights.max()))} of its "
        "attention",
        attention_verdict(found, insights),
    )


def _ours(record: EvaluationRecord) -> Metrics:
    """Return what was measured of the model as a visitor meets it: without a user id."""
    return record.as_visitor or record.metrics


def tell_evidence(bundle: Bundle, record: EvaluationRecord, insights: Insights | None) -> Telling:
    """Say how far off the expected ratings are on held-out people, beside simple methods, and what that cannot say."""
    if "mae" not in record.metrics:
        return Telling("Does it hold? Nobody has measured it yet", "The Evaluation page does, on people held out.")
    ours, best = _ours(record), record.best_baseline
    where = "on ratings that it was not trained on"
    if bundle.protocol == "visitor":
        people = count(record.users, "person", "people") if record.users else "people"
        where = f"for {people} it has never seen"
    headline = f"Does it hold? Off by {ours.mae:.2f} ★ on average {where}"
    if best:
        headline += f"; the best simple method ({baseline_label(best)}) by {record.baselines[best].mae:.2f} ★"
    caption = f"{count(record.labels, 'rating')}; shorter is better.{_certainty(record, best)}"
    caption += " It cannot say whether a list pleases anybody."
    if bundle.simulated:
        planted = insights.planted if insights else None
        caption += " The people are simulated"
        if planted and planted.influence is not None and planted.chance is not None:
            caption += (
                f", so the true causes are known: leaving movies out finds {planted.influence:.0%} of them, "
                f"guessing {planted.chance:.0%}"
            )
        caption += "."
    return Telling(headline, caption)


def _certainty(record: EvaluationRecord, best: str | None) -> str:
    """Say whether the distance to the best simple method may be chance, where that was measured."""
    # with a user id the model is another one than visitors meet, and the distance was measured for that one
    comparison = record.rating.comparisons.get(best or "") if record.rating and not record.as_visitor else None
    if comparison is None:
        return ""
    difference = comparison.mae_difference
    interval = span(difference.low, difference.high, "+.3f")
    return f" {'No clear difference' if difference.sign == 0 else 'A clear difference'} (95% interval {interval} ★)."


def evidence_bars(record: EvaluationRecord) -> list[Bar]:
    """Return the mean absolute error of the model and of simple methods, the best of them first; none if unmeasured."""
    if "mae" not in record.metrics:
        return []
    bars = [Bar(THIS_MODEL, _ours(record).mae, f"{_ours(record).mae:.3f} ★", marked=True)]
    baselines = sorted(record.baselines.items(), key=lambda item: item[1].mae)
    if len(baselines) > MOST_BASELINES:  # the best, and the most naive to compare with
        baselines = [*baselines[: MOST_BASELINES - 1], baselines[-1]]
    return bars + [Bar(baseline_label(key), metrics.mae, f"{metrics.mae:.3f} ★") for key, metrics in baselines]
