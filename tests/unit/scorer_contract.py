"""What every scorer must do, whatever its model: the test class of each family inherits ``ScorerContract``.

Its models are trained on a world of 30 movies in which the right answer is known: whoever rates them, movies in even
rows get about 4 stars and those in odd rows about 2.
"""

from dataclasses import replace

import numpy as np
import pytest

from bst.domain import AGES, DEMOGRAPHICS, OCCUPATIONS, SEXES
from bst.schema import Event, Visitor
from bst.scoring import scorer as scoring
from bst.scoring.scorer import Scorer

MOVIES = 30
IDS = [100 + 3 * row for row in range(MOVIES)]
EVEN, ODD = np.arange(0, MOVIES, 2), np.arange(1, MOVIES, 2)
LEVELS = (1.0, 2.0, 3.0, 4.0, 5.0)


def rows_of(movie_ids) -> np.ndarray:
    """The rows of movies in the catalogue."""
    return np.array([IDS.index(movie_id) for movie_id in movie_ids], np.int32)


def visitor(*events: tuple[int, float], **demographics) -> Visitor:
    """A visitor with events (row, stars)."""
    return Visitor(demographics, history=tuple(Event(IDS[row], stars) for row, stars in events))


def history(visitor: Visitor) -> np.ndarray:
    return rows_of(event.movie_id for event in visitor.history)


def random_visitor(rng: np.random.Generator, events: int) -> Visitor:
    """A visitor of whom little or much is known; some of the times are known too."""
    demographics = (rng.choice([None, *values]) for values in (SEXES, AGES, OCCUPATIONS))
    times = [None if rng.random() < 0.5 else 978_300_000 + 1000 * i for i in range(events)]
    movies = rng.permutation(IDS)[:events]
    events = (Event(int(movie), float(rng.integers(1, 6)), times[i]) for i, movie in enumerate(movies))
    return Visitor(dict(zip(DEMOGRAPHICS, demographics, strict=True)), tuple(events))


SOMEONE = visitor((0, 5.0), (3, 1.0), (4, 4.0), sex="F", age=25, occupation="artist")


class ScorerContract:
    """Inherit it, and return a trained scorer from the fixture ``scorer``."""

    # whether the tokens that a candidate attends to attend to each other
    history_attends = True

    @pytest.fixture(scope="class")
    def scorer(self) -> Scorer:
        raise NotImplementedError

    # ---- predictions

    @pytest.mark.parametrize("who", [Visitor(), Visitor({"sex": "M", "age": 56, "occupation": "writer"}), SOMEONE])
    def test_good_movies_are_expected_above_bad_ones(self, scorer, who):
        expected = scorer.predict(who, history(who)).expected
        assert expected[EVEN].mean() - expected[ODD].mean() > 0.5

    def test_shapes_and_ranges(self, scorer):
        predictions = scorer.predict(SOMEONE, history(SOMEONE))
        assert scorer.levels == LEVELS
        assert predictions.expected.shape == (MOVIES,)
        assert ((predictions.expected >= 1) & (predictions.expected <= 5)).all()
        if predictions.distribution is not None:
            np.testing.assert_allclose(predictions.distribution.sum(axis=1), np.ones(MOVIES), atol=1e-5)
            np.testing.assert_allclose(predictions.distribution @ LEVELS, predictions.expected, atol=1e-5)
        assert (predictions.watch_next is not None) == ("next" in scorer.tasks)
        for values in (predictions.like_logit, predictions.popularity_logit, predictions.will_like):
            assert (values is not None) == ("like" in scorer.tasks)

    def test_watch_next_probabilities_are_shared_by_unseen_movies(self, scorer):
        if "next" not in scorer.tasks:
            pytest.skip("predicts ratings alone")
        seen = replace(SOMEONE, seen=frozenset([IDS[7], IDS[8]]))
        probability = scorer.predict(seen, history(seen)).watch_next
        assert (np.flatnonzero(probability == 0) == [0, 3, 4, 7, 8]).all()
        assert probability.sum() == pytest.approx(1, abs=1e-5)
        everything = visitor(*((row, 3.0) for row in range(MOVIES)))
        assert (scorer.predict(everything, history(everything)).watch_next == 0).all()

    def test_nobody_will_watch_and_like_what_they_have_seen(self, scorer):
        if "like" not in scorer.tasks:
            pytest.skip("does not predict what will be liked")
        seen = replace(SOMEONE, seen=frozenset([IDS[7], IDS[8]]))
        predictions = scorer.predict(seen, history(seen))
        assert (np.flatnonzero(predictions.will_like == 0) == [0, 3, 4, 7, 8]).all()
        assert (predictions.like_logit[[0, 3, 4, 7, 8]] == -np.inf).all()
        unseen = np.setdiff1d(np.arange(MOVIES), [0, 3, 4, 7, 8])
        odds = predictions.will_like[unseen] / (1 - predictions.will_like[unseen])
        np.testing.assert_allclose(np.log(odds), predictions.like_logit[unseen], atol=1e-3)

    def test_fame_is_what_would_be_liked_by_somebody_unknown(self, scorer):
        if "like" not in scorer.tasks:
            pytest.skip("does not predict what will be liked")
        nobody = scorer.predict(Visitor(), rows_of([]))
        np.testing.assert_allclose(nobody.popularity_logit, nobody.like_logit, atol=1e-5)
        np.testing.assert_array_equal(
            scorer.predict(SOMEONE, history(SOMEONE)).popularity_logit, nobody.popularity_logit
        )

    @pytest.mark.parametrize("most", [1, 3, 64])
    def test_many_visitors_are_predicted_as_one_by_one(self, scorer, most, monkeypatch):
        monkeypatch.setattr(scoring, "MOST_VISITORS", most)
        rng = np.random.default_rng(5)
        visitors = [random_visitor(rng, events) for events in (3, 0, 30, 12, 1, 13, 0, 2)]
        rows, movies = [history(one) for one in visitors], np.array([7, 0, 29, 7])
        many = scorer.predict_many(visitors, rows, movies, ("next", "like"))
        for i, one in enumerate(visitors):
            alone = scorer.predict(one, rows[i])
            for part in ("expected", "distribution", "watch_next", "like_logit"):
                if getattr(alone, part) is None:
                    assert getattr(many, part) is None
                else:
                    np.testing.assert_allclose(getattr(many, part)[i], getattr(alone, part)[movies], atol=1e-5)

    def test_no_visitors_and_no_movies(self, scorer):
        assert scorer.predict_many([], [], np.array([7, 0]), ("next", "like")).expected.shape == (0, 2)
        assert scorer.predict_many([Visitor()], [rows_of([])], np.array([], int)).expected.shape == (1, 0)

    def test_towers_beside_the_ratings_predict_on_request_only(self, scorer):
        for tasks in ((), ("next",), ("like",)):
            predictions = scorer.predict_many([SOMEONE], [history(SOMEONE)], np.arange(3), tasks)
            for task, values in (("next", predictions.watch_next), ("like", predictions.like_logit)):
                assert (values is not None) == (task in tasks and task in scorer.tasks)

    def test_only_the_newest_events_are_read(self, scorer):
        newest = random_visitor(np.random.default_rng(1), scorer.max_history)
        unread = next(movie for movie in IDS if movie not in newest.all_seen)
        longer = replace(newest, history=(Event(unread, 1.0), *newest.history))
        expected, again = (scorer.predict(one, history(one)).expected for one in (newest, longer))
        np.testing.assert_allclose(again, expected, atol=1e-5)

    @pytest.mark.parametrize(
        "changed",
        [
            SOMEONE.rated(IDS[4], 1.0),
            SOMEONE.moved(IDS[4], -1),
            SOMEONE.without(IDS[3]),
            SOMEONE.watched(IDS[20], 1.0),
            SOMEONE.with_demographic("sex", "M"),
            SOMEONE.with_demographic("age", None),
            SOMEONE.with_demographic("occupation", "writer"),
        ],
    )
    def test_every_input_counts(self, scorer, changed):
        before, after = (scorer.predict(one, history(one)) for one in (SOMEONE, changed))
        assert np.abs(after.expected - before.expected).max() > 1e-5
        if before.watch_next is not None:
            assert np.abs(after.watch_next - before.watch_next).max() > 1e-6
        if before.will_like is not None:
            assert np.abs(after.will_like - before.will_like).max() > 1e-6

    # ---- one movie, in other circumstances

    def test_scores_of_a_movie_are_its_predictions(self, scorer):
        visitors = [random_visitor(np.random.default_rng(i), i) for i in (0, 5, 20)]
        scores = scorer.score_movie(visitors, [history(one) for one in visitors], 9)
        predictions = [scorer.predict(one, history(one)) for one in visitors]
        np.testing.assert_allclose(scores.expected, [p.expected[9] for p in predictions], atol=1e-5)
        if scores.distribution is not None:
            np.testing.assert_allclose(scores.distribution, [p.distribution[9] for p in predictions], atol=1e-5)
        assert (scores.next_logit is not None) == ("next" in scorer.tasks)
        assert (scores.like_logit is not None) == ("like" in scorer.tasks)
        if scores.like_logit is not None:
            unseen = [i for i, one in enumerate(visitors) if IDS[9] not in one.all_seen]
            wanted = [predictions[i].like_logit[9] for i in unseen]
            np.testing.assert_allclose(scores.like_logit[unseen], wanted, atol=1e-5)

    @pytest.mark.parametrize("events", [0, 1, 3, 15])
    def test_scores_without_each_event(self, scorer, events):
        who = random_visitor(np.random.default_rng(events), events)
        read = who.history[max(0, events - scorer.max_history) :]
        visitors = [who, *(who.without(event.movie_id) for event in read)]
        wanted = scorer.score_movie(visitors, [history(one) for one in visitors], 9)
        scores = scorer.score_movie_without_each(who, history(who), 9)
        for part in ("expected", "distribution", "next_logit", "like_logit"):
            if getattr(wanted, part) is None:
                assert getattr(scores, part) is None
            else:
                np.testing.assert_allclose(getattr(scores, part), getattr(wanted, part), atol=1e-4)
        ratings = scorer.score_movie_without_each(who, history(who), 9, catalogue_logits=False)
        assert (ratings.next_logit, ratings.like_logit) == (None, None)
        some = np.array([9, 2])
        expected = scorer.expected_without_each(who, history(who), some)
        np.testing.assert_allclose(expected[:, 0], wanted.expected, atol=1e-4)
        if len(read) > 1:
            chosen = scorer.expected_without_each(who, history(who), some, [1, 0])
            np.testing.assert_allclose(chosen, expected[[0, 2, 1]], atol=1e-4)

    def test_scores_with_other_ratings(self, scorer):
        table = scorer.expected_if_rated(SOMEONE, history(SOMEONE), 9)
        assert table.shape == (3, 5)
        for event, stars in ((0, 2.0), (2, 5.0), (1, 1.0)):
            other = SOMEONE.rated(SOMEONE.history[event].movie_id, stars)
            wanted = scorer.predict(other, history(other)).expected[9]
            assert table[event, LEVELS.index(stars)] == pytest.approx(wanted, abs=1e-4)
        chosen = scorer.expected_if_rated(SOMEONE, history(SOMEONE), 9, [2, 0])
        np.testing.assert_allclose(chosen, table[[2, 0]], atol=1e-4)
        assert scorer.expected_if_rated(Visitor(), rows_of([]), 9).shape == (0, 5)

    # ---- explanations

    @pytest.mark.parametrize("events", [0, 1, 20])
    def test_attention_is_shared_by_what_is_read(self, scorer, events):
        who = random_visitor(np.random.default_rng(2), events)
        attention = scorer.attention_weights(who, history(who), 9)
        read = min(events, scorer.max_history)
        assert attention.to_events.shape == (len(attention.heads), read)
        np.testing.assert_allclose(attention.to_events.sum(axis=1) + attention.to_rest, 1, atol=1e-5)
        assert (attention.to_events >= 0).all()
        between = attention.between
        assert (between is not None) == self.history_attends
        if between is None:
            return
        tokens = len(between.before) + read + len(between.after)
        assert between.weights.shape == (len(between.heads), tokens, tokens)
        np.testing.assert_allclose(between.weights.sum(axis=2), 1, atol=1e-5)

    def test_integrated_gradients_add_up(self, scorer):
        made = scorer.integrated_gradients(SOMEONE, history(SOMEONE), 9)
        assert made.event_effects.shape == (3,)
        assert made.expected == pytest.approx(scorer.predict(SOMEONE, history(SOMEONE)).expected[9], abs=1e-4)
        difference = made.expected - made.baseline
        assert made.event_effects.sum() + made.rest == pytest.approx(difference, abs=max(0.01 * abs(difference), 1e-3))

    @pytest.mark.parametrize("task", ["next", "like"])
    def test_integrated_gradients_of_logits_add_up(self, scorer, task):
        if task not in scorer.tasks:
            with pytest.raises(ValueError, match="no tower"):
                scorer.integrated_gradients(SOMEONE, history(SOMEONE), 9, task=task)
            return
        made = scorer.integrated_gradients(SOMEONE, history(SOMEONE), 9, task=task)
        logit = getattr(scorer.score_movie([SOMEONE], [history(SOMEONE)], 9), f"{task}_logit")[0]
        assert made.expected == pytest.approx(logit, abs=1e-4)
        difference = made.expected - made.baseline
        assert made.event_effects.sum() + made.rest == pytest.approx(difference, abs=max(0.01 * abs(difference), 1e-3))
        # an event that says nothing is one whose time is unknown, too: two such histories are the same
        other = replace(SOMEONE, history=tuple(replace(e, rating=3.0) for e in SOMEONE.history[::-1]))
        baseline = scorer.integrated_gradients(other, history(other), 9, task=task).baseline
        assert baseline == pytest.approx(made.baseline, abs=1e-4)

    def test_gradients_times_inputs_are_the_slopes_at_the_end_of_the_path(self, scorer):
        for task in scorer.tasks:
            slopes = scorer.gradient_times_input(SOMEONE, history(SOMEONE), 9, task)
            assert slopes.shape == (3,)
            assert np.abs(slopes).max() > 0

    @pytest.mark.parametrize("task", ["next", "like"])
    def test_logits_of_the_catalogue_are_those_of_each_movie(self, scorer, task):
        visitors = [random_visitor(np.random.default_rng(i), i) for i in (5, 0, 20)]
        rows = [history(one) for one in visitors]
        if task not in scorer.tasks:
            with pytest.raises(ValueError, match="no tower"):
                scorer.catalogue_logits(visitors, rows, task)
            return
        everything = scorer.catalogue_logits(visitors, rows, task)
        assert everything.shape == (3, MOVIES)
        wanted = getattr(scorer.score_movie(visitors, rows, 9), f"{task}_logit")
        np.testing.assert_allclose(everything[:, 9], wanted, atol=1e-4)
        some = scorer.catalogue_logits(visitors, rows, task, np.array([9, 2]))
        np.testing.assert_allclose(some, everything[:, [9, 2]], atol=1e-4)

    def test_each_movie_has_a_vector(self, scorer):
        vectors = scorer.movie_vectors()
        assert vectors.shape[0] == MOVIES
        assert np.isfinite(vectors).all()
        assert len(np.unique(vectors, axis=0)) > MOVIES / 2
