"""Measuring a timeline model: each label from its own history, once; with times and without."""

from dataclasses import replace

import numpy as np
import pytest

from bst.evaluation.summary import evaluate_predictions
from bst.models.registry import family_of, prepare
from bst.timelines.segments import EVENT_INPUTS, gap_buckets, months
from bst.timelines.splits import TEST, TRAIN, VALIDATION, EvaluationSplit
from tests.unit.engine_parts import next_inference, rating_inference

WHO = ("sex", "age", "occupation")


def histories(split: EvaluationSplit, start: np.ndarray, end: np.ndarray) -> dict[str, np.ndarray]:
    """The model's inputs for the events from ``start`` up to ``end``, padded; users by whom they are."""
    events, longest = split.timelines, int((end - start).max())
    told = {name: np.full((len(start), longest), -1 if name == "movie" else 0, np.int32) for name in EVENT_INPUTS}
    for row, (first, last) in enumerate(zip(start, end, strict=True)):
        n, time = last - first, events.timestamp[first:last]
        told["movie"][row, :n] = events.movie[first:last]
        told["level"][row, :n] = events.rating[first:last] - 1
        told["gap"][row, 1:n] = gap_buckets(np.diff(time))
        told["month"][row, :n] = months(time)
    users = split.dataset.users.iloc[split.user[end]]
    return told | {who: users[who].cat.codes.to_numpy(np.int32) for who in WHO}


def scored(model, split: EvaluationSplit, start: np.ndarray, at: np.ndarray, *, gaps: bool = True) -> np.ndarray:
    """Distributions (labels, levels) of labels, each from the events from ``start`` on, by encoding once."""
    told = histories(split, start, at)
    if not gaps:
        told |= {when: np.zeros_like(told[when]) for when in ("gap", "month")}
    rating = rating_inference(model)
    logits = rating.score(rating.encode(told), np.arange(30))[0].astype(float)
    logits = logits[np.arange(len(at)), split.timelines.movie[at]]
    return np.exp(logits) / np.exp(logits).sum(1, keepdims=True)


def next_logits(model, inputs: dict[str, np.ndarray]) -> np.ndarray:
    """Logits (visitors, movies) of the next movie, by encoding once."""
    following = next_inference(model)
    return following.logits(*following.encode(inputs)).astype(float)


@pytest.mark.parametrize("gaps", [True, False])
def test_each_label_is_predicted_from_its_own_history(gaps, timeline_model, timeline_task, request):
    from bst.models.timeline.predictions import distributions

    if not gaps:  # compiled once is enough
        request.getfixturevalue("eager")
    found = distributions(timeline_model, timeline_task, TEST, gaps=gaps)
    assert found.shape == (96, 5)
    np.testing.assert_allclose(found.sum(1), 1, atol=1e-5)
    # stretches of 12 events; each later one starts 6 further on, and counts from its seventh
    history = timeline_task.history[timeline_task.test]
    begins = np.where(history < 12, 0, 6 * ((history - 12) // 6 + 1))
    assert ((history - begins >= 6) | (history < 12)).all()
    expected = scored(
        timeline_model, timeline_task, timeline_task.test - history + begins, timeline_task.test, gaps=gaps
    )
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_times_matter_where_they_are_told(eager, timeline_model, timeline_task):
    from bst.models.timeline.predictions import distributions

    with_times, without = (distributions(timeline_model, timeline_task, TEST, gaps=gaps) for gaps in (True, False))
    # nothing is known of a first event's time
    first = timeline_task.history[timeline_task.test] == 0
    np.testing.assert_array_equal(with_times[first], without[first])
    assert np.abs(with_times - without)[~first].max() > 1e-6


def test_labels_of_a_role_alone_are_predicted(eager, timeline_model, timeline_task):
    from bst.models.timeline.predictions import distributions

    # of the test users only those with an odd place in their timeline
    odd = replace(timeline_task, role=np.where(timeline_task.history % 2 == 1, timeline_task.role, TRAIN))
    found = distributions(timeline_model, odd, TEST)
    whole = distributions(timeline_model, timeline_task, TEST)
    np.testing.assert_allclose(found, whole[timeline_task.history[timeline_task.test] % 2 == 1], atol=1e-6)
    assert distributions(timeline_model, timeline_task, VALIDATION).shape == (48, 5)


def test_ranks_of_last_movies(timeline_model, timeline_task):
    from bst.models.timeline.predictions import next_ranks

    ranks, cross_entropy = next_ranks(timeline_model, timeline_task, TEST)
    last = timeline_task.last_labels(TEST)
    assert len(ranks) == len(last) == 4
    # with the label itself they are the newest 12 events
    logits = next_logits(timeline_model, histories(timeline_task, last - 11, last))
    assert ranks.tolist() == timeline_task.ranks(last, logits).tolist()
    np.testing.assert_allclose(cross_entropy, cross_entropy_of(timeline_task, last, logits), atol=1e-5)


def cross_entropy_of(split, labels, logits) -> np.ndarray:
    """Return −ln p of each label, by a softmax over the movies that its user had not seen."""
    unseen = np.array([split.unseen(label) for label in labels])
    total = np.where(unseen, np.exp(logits), 0).sum(axis=1)
    return np.log(total) - logits[np.arange(len(labels)), split.timelines.movie[labels]]


def test_the_time_of_the_request_matters_where_it_is_told(eager, timeline_model, timeline_task):
    from bst.models.timeline.predictions import next_ranks

    (_, unknown), (_, known) = (next_ranks(timeline_model, timeline_task, TEST, timed=timed) for timed in (False, True))
    assert np.abs(unknown - known).min() > 1e-6


def test_a_sample_of_users_is_the_same_each_time(eager, timeline_model, timeline_task):
    from bst.models.timeline.predictions import next_ranks

    last = timeline_task.last_labels(VALIDATION)
    whole = dict(zip(last, next_ranks(timeline_model, timeline_task, VALIDATION)[1], strict=True))
    samples = [next_ranks(timeline_model, timeline_task, VALIDATION, most=1)[1] for _ in range(2)]
    assert samples[0] == samples[1]
    assert np.isclose(list(whole.values()), samples[0]).sum() == 1


def test_ranks_under_last_follow_the_users(eager, timeline_model, timeline_settings, orderly):
    """With timelines of different lengths, so that batches are in another order than users."""
    from bst.models.timeline.predictions import next_ranks

    place_of, user = orderly.ratings.groupby("user").cumcount(), orderly.ratings["user"]
    ratings = orderly.ratings[place_of < 3 + 7 * user % 20]
    split = prepare(replace(orderly, ratings=ratings), timeline_settings.config, "last", 0)
    ranks, cross_entropy = next_ranks(timeline_model, split, VALIDATION)
    last = split.last_labels(VALIDATION)
    assert len(set(split.history[last])) > 10
    start = np.maximum(last - 11, split.timelines.offsets[split.user[last]])
    logits = next_logits(timeline_model, histories(split, start, last))
    assert ranks.tolist() == split.ranks(last, logits).tolist()
    np.testing.assert_allclose(cross_entropy, cross_entropy_of(split, last, logits), atol=1e-5)


@pytest.mark.parametrize("protocol", ["visitor", "windows", "last"])
def test_gaps_unknown_are_reported_for_visitors(protocol, timeline_model, timeline_settings, orderly, monkeypatch):
    from bst.models.timeline import predictions as timeline

    split = prepare(orderly, timeline_settings.config, protocol, 3)
    asked, n = [], len(split.test)

    def predict(model, split, role, *, gaps=True):
        asked.append(gaps)
        return np.tile([0, 0, 0, 1, 0] if gaps else [0, 0, 1, 0, 0], (n, 1))

    monkeypatch.setattr(timeline, "distributions", predict)
    monkeypatch.setattr(
        timeline, "next_ranks", lambda model, split, role, timed=False: (np.full(40, 1 if timed else 2), None)
    )
    predictions = family_of(timeline_settings.config).predict_test(timeline_model, split)
    record = evaluate_predictions(split, predictions)
    actual = split.timelines.rating[split.test]
    assert record.metrics.mae == pytest.approx(np.abs(4 - actual).mean())
    assert record.to_dict()["metrics"]["hr@10"] == 1
    assert record.metrics["ndcg@10"] < record.request_known["ndcg@10"] == 1
    if protocol == "visitor":
        assert record.gaps_unknown.mae == pytest.approx(np.abs(3 - actual).mean())
    else:
        assert record.gaps_unknown is None
    assert asked == ([True, False] if protocol == "visitor" else [True])
