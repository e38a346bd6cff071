"""The evidence in a story: what was measured of the model's lists and ratings, in plain words."""

from bst.bundles.bundle import Bundle
from bst.evaluation.list_record import ListQuality, ListRecord
from bst.evaluation.records import EvaluationRecord, Metrics
from bst.presentation.list_sentences import MOST_LIKED, TEN, first_length
from bst.presentation.vocabulary import THIS_MODEL, baseline_label, rival_label
from bst.stories.telling import Bar, Telling
from bst.text import count

# bars of a picture that is read from the back of a room
MOST_BASELINES = 4
ONE_LIST = "One list for everybody"
ASK = "Does it hold?"
NO_RECORD = Telling(f"{ASK} It has not been measured yet", "The Evaluation page does, on people held out.")


def tell_evidence(bundle: Bundle, record: EvaluationRecord, lists: ListRecord | None) -> Telling:
    """Say how good the lists are for held-out people, beside simple ones, how far off ratings are, and what is open.

    ``lists``: None if lists were not measured; the headline is then about ratings.
    """
    limits = "Whether real people would be glad of its lists, only a trial with them can say."
    if bundle.simulated:
        limits = f"These people are simulated. {limits}"
    if lists:
        return _of_lists(lists, f"{_errors(record)} {limits}".strip())
    if "mae" not in record.metrics:
        return NO_RECORD
    where = "on ratings that it was not trained on"
    if bundle.protocol == "visitor":
        where = f"for {_people(record.users)} it has never seen"
    return Telling(
        f"{ASK} Its ratings are off by {_ours(record).mae:.2f} ★ on average {where}",
        f"{_rating_verdict(record)} Shorter bars are better. {limits}".strip(),
    )


def _people(users: int | None) -> str:
    return count(users, "person", "people") if users else "people"


# ---- lists


def _of_lists(record: ListRecord, more: str) -> Telling:
    events = first_length(record)
    ours = record.ours[events]
    headline = f"{ASK} Of ten movies it lists after {count(events, 'rating')}, people liked {_liked(ours)} later"
    naive, best = record.rivals.get(MOST_LIKED, {}).get(events), record.best_rival(events)
    if naive:
        headline += f"; of one list for everybody, {_liked(naive)}"
    verdicts = []
    if naive and naive.difference:
        verdicts.append(_verdict(naive.difference.sign, "one list for everybody"))
    if best and best != MOST_LIKED and (difference := record.rivals[best][events].difference):
        verdicts.append(_verdict(difference.sign, f"the best simple recommender, {rival_label(best)}"))
    compared = f": {', and '.join(verdicts)}" if verdicts else ""
    return Telling(headline, f"That is for {_people(ours.users)} it has never seen{compared}. {more}")


def _verdict(sign: int, other: str) -> str:
    return f"no clear difference to {other}" if sign == 0 else f"clearly {'more' if sign > 0 else 'fewer'} than {other}"


def _liked(quality: ListQuality) -> str:
    return f"{TEN * quality.precision.value:.1f}"


def _list_bars(record: ListRecord) -> list[Bar]:
    events = first_length(record)
    rows = [(THIS_MODEL, record.ours[events], True)]
    best, naive = record.best_rival(events), record.rivals.get(MOST_LIKED, {}).get(events)
    if best and best != MOST_LIKED:
        rows.append((f"Best simple recommender: {rival_label(best)}", record.rivals[best][events], False))
    if naive:
        rows.append((ONE_LIST, naive, False))
    return [
        Bar(label, TEN * quality.precision.value, f"{_liked(quality)} of ten", marked=marked)
        for label, quality, marked in rows
    ]


# ---- ratings


def _ours(record: EvaluationRecord) -> Metrics:
    """Return what was measured of the model as a visitor meets it: without a user id."""
    return record.as_visitor or record.metrics


def _errors(record: EvaluationRecord) -> str:
    """Say by how many stars ratings are off; nothing if that was not measured."""
    if "mae" not in record.metrics:
        return ""
    best = record.best_baseline
    sentence = f"Its ratings are off by {_ours(record).mae:.2f} ★ on average"
    if best:
        sentence += f"; the best simple method’s by {record.baselines[best].mae:.2f} ★"
    return f"{sentence}."


def _rating_verdict(record: EvaluationRecord) -> str:
    """Say how the best simple method compares, and whether the distance is clear where that was measured."""
    best = record.best_baseline
    if not best:
        return ""
    sentence = f"The best simple method’s, {baseline_label(best)}, by {record.baselines[best].mae:.2f} ★"
    # with a user id the model is another one than visitors meet, and the distance was measured for that one
    comparison = record.rating.comparisons.get(best) if record.rating and not record.as_visitor else None
    if comparison is None:
        return f"{sentence}."
    return f"{sentence}: {'no clear difference' if comparison.mae_difference.sign == 0 else 'a clear difference'}."


def _rating_bars(record: EvaluationRecord) -> list[Bar]:
    if "mae" not in record.metrics:
        return []
    bars = [Bar(THIS_MODEL, _ours(record).mae, f"{_ours(record).mae:.2f} ★", marked=True)]
    baselines = sorted(record.baselines.items(), key=lambda item: item[1].mae)
    if len(baselines) > MOST_BASELINES:  # the best, and the most naive to compare with
        baselines = [*baselines[: MOST_BASELINES - 1], baselines[-1]]
    return bars + [Bar(baseline_label(key), metrics.mae, f"{metrics.mae:.2f} ★") for key, metrics in baselines]


def evidence_bars(record: EvaluationRecord, lists: ListRecord | None) -> list[Bar]:
    """Return bars for what ``tell_evidence`` speaks of: movies liked of ten listed, or else errors.

    Errors are the mean absolute error of the model and of simple methods, the best of them first; none if unmeasured.
    """
    return _list_bars(lists) if lists else _rating_bars(record)
