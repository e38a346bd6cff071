"""What a prediction depends on: each change against the whole prediction of who is left after it."""

import numpy as np
import pytest

from bst.errors import VisitorError
from bst.explanation import (
    demographics_unknown,
    event_effects,
    interactions,
    leave_one_out,
    list_position,
    rating_changes,
    strongest_events,
)
from bst.inference.ranking import Filters, RankOptions
from bst.schema import Event, Visitor
from tests.unit import made_up
from tests.unit.made_up import ASH, BAY, COVE, DUNE, ELM, rated

IDS = [100 + 3 * i for i in range(30)]
EVENTS = tuple(Event(IDS[i], stars) for i, stars in ((5, 4), (2, 1), (9, 5), (11, 3), (6, 2)))
KINDS = pytest.mark.parametrize("kind", ["timeline_recommender", "small_recommender"])
# both ways compute in float32, in another order each: a few units in the last place of a rating of 4 (4.8e-7)
CLOSE = 2e-6


def someone(events: int, seed: int = 0) -> Visitor:
    """A visitor some of whose times are known."""
    rng = np.random.default_rng(seed)
    times = 978_300_000 + np.cumsum(10 ** rng.integers(0, 6, events))
    history = [
        Event(IDS[row], float(rng.integers(1, 6)), int(times[place]) if rng.random() < 0.7 else None)
        for place, row in enumerate(rng.permutation(29)[:events])  # the last movie is never watched
    ]
    return Visitor({"sex": "F", "age": 25}, tuple(history))


def liked(predictions, row: int) -> float:
    return predictions.distribution[row, 3:].sum(dtype=float)


# ---- one event left out


# the timeline model reads 12 events: of 13 and more, an older one comes into sight
@pytest.mark.parametrize("events", [0, 1, 2, 7, 12, 13, 20])
def test_each_event_left_out_against_the_whole_prediction(events, timeline_recommender):
    recommender, visitor = timeline_recommender, someone(events)
    result, other = (leave_one_out(recommender, visitor, IDS[row]) for row in (29, (visitor.history and 28) or 3))
    predictions, read = recommender.predict(visitor), recommender.read_events(visitor)
    assert result.events == read
    assert result.scores.expected == pytest.approx(predictions.expected[29], abs=CLOSE)
    assert result.scores.liked == pytest.approx(liked(predictions, 29), abs=CLOSE)
    assert [len(part) for part in vars(result.event_effects).values()] == [len(read)] * 4
    seen = {event.movie_id for event in visitor.history}
    for place, event in enumerate(read):
        after = recommender.predict(visitor.without(event.movie_id))
        assert result.event_effects.expected[place] == pytest.approx(
            predictions.expected[29] - after.expected[29], abs=CLOSE
        )
        assert result.event_effects.liked[place] == pytest.approx(liked(predictions, 29) - liked(after, 29), abs=CLOSE)
        if IDS[28] in seen:
            continue
        # of two unseen movies, the ratio of the chances tells the difference of the logits
        ratios = [np.log(float(one.watch_next[29])) - np.log(float(one.watch_next[28])) for one in (predictions, after)]
        moved = result.event_effects.next_logit[place] - other.event_effects.next_logit[place]
        assert moved == pytest.approx(ratios[0] - ratios[1], abs=1e-5)
    # of an unseen movie the list has the same log-odds
    assert result.scores.like_logit == pytest.approx(predictions.like_logit[29], abs=1e-5)
    for place, event in enumerate(read):
        after = recommender.predict(visitor.without(event.movie_id)).like_logit[29]
        assert result.event_effects.like_logit[place] == pytest.approx(predictions.like_logit[29] - after, abs=1e-5)


@pytest.mark.parametrize("events", [0, 1, 9])
def test_the_rating_alone_can_be_asked_for(events, timeline_recommender):
    visitor = someone(events)
    whole, rating = (
        leave_one_out(timeline_recommender, visitor, IDS[29], catalogue_logits=both) for both in (True, False)
    )
    for part in (rating.scores, rating.event_effects):
        assert (part.next_logit, part.like_logit) == (None, None)
    np.testing.assert_allclose(rating.event_effects.expected, whole.event_effects.expected, atol=CLOSE)
    np.testing.assert_allclose(rating.event_effects.liked, whole.event_effects.liked, atol=CLOSE)


@pytest.mark.parametrize("events", [0, 1, 3, 5])
def test_a_classic_model_tells_of_the_rating_alone(events, small_recommender):
    visitor = someone(events)
    result = leave_one_out(small_recommender, visitor, IDS[29])
    for part in (result.scores, result.event_effects):
        assert (part.liked, part.next_logit, part.like_logit) == (None, None, None)
    before = small_recommender.predict(visitor).expected[29]
    expected = [
        before - small_recommender.predict(visitor.without(e.movie_id)).expected[29] for e in visitor.history[-3:]
    ]
    np.testing.assert_allclose(result.event_effects.expected, np.array(expected).reshape(-1), atol=CLOSE)


def test_who_reads_first_is_not_confused_with_who_reads_next(timeline_recommender):
    """The graphs are shared by all visitors; nothing of one is kept for another."""
    first, second = someone(9, 1), someone(12, 2)
    alone = leave_one_out(timeline_recommender, second, IDS[29]).event_effects.expected
    leave_one_out(timeline_recommender, first, IDS[29])
    np.testing.assert_array_equal(leave_one_out(timeline_recommender, second, IDS[29]).event_effects.expected, alone)


def test_by_hand():
    """A movie that gets half a star for each star above 3 of one movie, and a star less if another was watched."""

    def stars(visitor: Visitor) -> dict[int, float]:
        watched = {event.movie_id for event in visitor.history}
        return {ELM: 3 + 0.5 * rated(visitor, ASH) - (BAY in watched) + 0.25 * ({BAY, COVE} <= watched)}

    recommender = made_up.recommender(stars)
    visitor = made_up.visitor((ASH, 5), (BAY, 2), (COVE, 4), (DUNE, 1))
    result = leave_one_out(recommender, visitor, ELM)
    assert result.scores.expected == 3.25
    np.testing.assert_allclose(result.event_effects.expected, [1, -0.75, 0.25, 0])
    # Bay and Cove together are worth a quarter that neither has alone
    expected = np.zeros((4, 4))
    expected[1, 2] = expected[2, 1] = 0.25
    np.testing.assert_allclose(interactions(recommender, visitor, ELM, range(4)), expected)
    np.testing.assert_allclose(interactions(recommender, visitor, ELM, [2, 1]), [[0, 0.25], [0.25, 0]])
    # half a star for each star that Ash gets; the other ratings say nothing
    table = rating_changes(recommender, visitor, ELM)
    np.testing.assert_allclose(table, [[1.25, 1.75, 2.25, 2.75, 3.25]] + [[3.25] * 5] * 3)


# ---- other changes


@KINDS
def test_other_ratings_of_some_events(kind, request):
    recommender, visitor = request.getfixturevalue(kind), someone(6)
    whole = rating_changes(recommender, visitor, IDS[29])
    np.testing.assert_allclose(
        rating_changes(recommender, visitor, IDS[29], positions=[2, 0]), whole[[2, 0]], atol=CLOSE
    )
    assert rating_changes(recommender, visitor, IDS[29], positions=[]).shape == (0, 5)


@KINDS
@pytest.mark.parametrize("events", [0, 1, 5, 20])
def test_each_other_rating_against_the_whole_prediction(kind, events, request):
    recommender, visitor = request.getfixturevalue(kind), someone(events)
    table, read = rating_changes(recommender, visitor, IDS[29]), recommender.read_events(visitor)
    assert table.shape == (len(read), 5)
    for row, event in enumerate(read):
        for column in range(5):
            predictions = recommender.predict(visitor.rated(event.movie_id, column + 1.0))
            assert table[row, column] == pytest.approx(predictions.expected[29], abs=CLOSE)
        assert table[row, int(event.rating) - 1] == pytest.approx(recommender.predict(visitor).expected[29], abs=CLOSE)


@KINDS
def test_each_part_of_who_the_visitor_is_against_the_whole_prediction(kind, request):
    recommender, visitor = (
        request.getfixturevalue(kind),
        someone(4).with_demographic("occupation", "artist").with_demographic("age", None),
    )
    result, predictions = demographics_unknown(recommender, visitor, IDS[29]), recommender.predict(visitor)
    assert list(result) == ["sex", "occupation"], "what is unknown cannot become so"
    for part, change in result.items():
        after = recommender.predict(visitor.with_demographic(part, None))
        assert change.expected == pytest.approx(predictions.expected[29] - after.expected[29], abs=CLOSE)
        if predictions.distribution is not None:
            assert change.liked == pytest.approx(liked(predictions, 29) - liked(after, 29), abs=CLOSE)
            moved = predictions.like_logit[29] - after.like_logit[29]
            assert change.like_logit == pytest.approx(moved, abs=1e-5)
        unknown = {change.liked is None, change.next_logit is None, change.like_logit is None}
        assert unknown == {predictions.distribution is None}
    assert demographics_unknown(recommender, Visitor(history=EVENTS), IDS[29]) == {}


@KINDS
def test_pairs_against_the_whole_prediction(kind, request):
    recommender, visitor = request.getfixturevalue(kind), someone(6)
    read = recommender.read_events(visitor)
    among = [2, 0, 1]
    table = interactions(recommender, visitor, IDS[29], among)

    def stars(*left_out: int) -> float:
        changed = visitor
        for place in left_out:
            changed = changed.without(read[place].movie_id)
        return float(recommender.predict(changed).expected[29])

    for row, column in ((0, 1), (0, 2), (1, 2)):
        i, j = among[row], among[column]
        assert table[row, column] == pytest.approx(stars() - stars(i) - stars(j) + stars(i, j), abs=2 * CLOSE)
        assert table[column, row] == table[row, column]
    assert np.diag(table).tolist() == [0, 0, 0]
    assert interactions(recommender, visitor, IDS[29], []).shape == (0, 0)


# ---- many movies


def without(visitor: Visitor, place: int) -> Visitor:
    return Visitor(visitor.demographics, visitor.history[:place] + visitor.history[place + 1 :])


@KINDS
def test_influence_is_what_leaving_out_an_event_takes_away(kind, request):
    recommender = request.getfixturevalue(kind)
    visitor, movies = Visitor({"sex": "F", "age": 25}, EVENTS), [IDS[20], IDS[5], IDS[0]]  # one of them seen
    result = event_effects(recommender, visitor, movies)
    read = len(recommender.read_events(visitor))
    assert result.shape == (3, read)
    before = recommender.expected_ratings(visitor, movies)
    for column, place in enumerate(range(5 - read, 5)):
        after = recommender.expected_ratings(without(visitor, place), movies)
        np.testing.assert_allclose(result[:, column], before - after, atol=2e-5)
    np.testing.assert_allclose(
        event_effects(recommender, visitor, movies, positions=[read - 1]), result[:, -1:], atol=CLOSE
    )
    np.testing.assert_allclose(
        event_effects(recommender, visitor, movies, positions=[2, 0]), result[:, [2, 0]], atol=CLOSE
    )


@pytest.mark.parametrize("events", [1, 2, len(EVENTS)])
def test_the_influence_on_being_liked_is_what_leaving_out_an_event_takes_away(events, timeline_recommender):
    visitor, movies = Visitor({"sex": "F"}, history=EVENTS[:events]), [IDS[20], EVENTS[0].movie_id]
    everybody = [visitor, *(without(visitor, place) for place in range(events))]
    logits = np.array([timeline_recommender.score_movie(everybody, movie).like_logit for movie in movies])
    effects = event_effects(timeline_recommender, visitor, movies, measure="like_logit")
    np.testing.assert_allclose(effects, logits[:, :1] - logits[:, 1:], atol=1e-4)
    last = event_effects(timeline_recommender, visitor, movies, [events - 1], "like_logit")
    np.testing.assert_allclose(last, effects[:, -1:], atol=1e-4)


def test_an_event_that_speaks_for_a_movie_has_influence(timeline_recommender):
    """Who gives 5 stars to all good movies is kinder without the one movie that got 1 star."""
    kind = tuple(Event(IDS[i], 5) for i in range(0, 12, 2))
    visitor = Visitor(history=(*kind, Event(IDS[14], 1)))
    (result,) = event_effects(timeline_recommender, visitor, [IDS[20]])
    assert result[-1] < 0
    assert result[:-1].mean() > result[-1]


def test_nobody_influences_what_is_expected_of_an_empty_history(timeline_recommender):
    assert event_effects(timeline_recommender, Visitor({"sex": "M"}), [IDS[3], IDS[4]]).shape == (2, 0)
    assert strongest_events(timeline_recommender, Visitor({"sex": "M"}), [IDS[3], IDS[4]]) == [None, None]
    assert strongest_events(timeline_recommender, Visitor(history=EVENTS), []) == []


class Told:
    """A recommender that reads the newest ``max_history`` events, each worth what it is given; movies add their id."""

    def __init__(self, worth: dict[int, float], max_history: int = 1000, near: dict[int, int] | None = None):
        self.worth, self.max_history, self.asked = worth, max_history, 0
        self.embeddings = np.eye(2)[[(near or {}).get(i, 0) for i in range(1000)]]
        self.catalogue = self

    def vectors_of(self, rows):
        return self.embeddings[rows]

    def rows(self, movie_ids):
        return np.array(movie_ids)

    def read_events(self, visitor):
        return visitor.history[-self.max_history :]

    def expected_without_each(self, visitor, movie_ids, among):
        self.asked += 1 + len(among)
        worth = np.array([self.worth.get(event.movie_id, 0) for event in visitor.history])
        total = np.append(worth.sum(), worth.sum() - worth[among])
        return total[:, None] + np.array(movie_ids)[None]


def told(*worth: float) -> Visitor:
    return Visitor(history=tuple(Event(place, 4) for place in range(len(worth))))


def test_the_cause_is_the_event_without_which_most_is_lost():
    worth = (0.2, -0.9, 0.5, 0.1)
    result = strongest_events(Told(dict(enumerate(worth))), told(*worth), [7, 8])
    assert [(cause.event, round(cause.effect, 6)) for cause in result] == [(Event(2, 4), 0.5)] * 2


def test_next_to_nothing_is_no_cause():
    assert strongest_events(Told({0: 0.099, 1: -2.0}), told(0, 0), [7]) == [None]
    assert strongest_events(Told({0: 0.101, 1: -2.0}), told(0, 0), [7]) != [None]
    assert strongest_events(Told({}), told(0, 0), [7]) == [None]


def test_of_a_long_history_only_what_is_near_is_left_out_one_by_one():
    # 200 events of which those in every tenth place are like movie 900; the others are not
    near = {900: 1} | dict.fromkeys(range(0, 200, 10), 1)
    recommender = Told({10: 0.3, 199: 0.9}, near=near)
    (cause,) = strongest_events(recommender, told(*[0] * 200), [900])
    assert cause.event.movie_id == 10
    assert recommender.asked == 1 + 75
    # all of a history of 120
    recommender = Told({119: 0.9}, near=near)
    (cause,) = strongest_events(recommender, told(*[0] * 120), [900])
    assert cause.event.movie_id == 119


def test_what_cannot_be_predicted_has_no_influence(small_recommender):
    with pytest.raises(VisitorError, match="no movie 1 "):
        event_effects(small_recommender, Visitor(history=EVENTS), [1])


# ---- why a movie is not on the list


def test_where_a_movie_stands_and_what_counts_against_it():
    # whoever rates Ash high is expected to give Bay less: 5 ★ takes a star away, and Cove 5 ★ adds half a one
    recommender = made_up.recommender(
        lambda visitor: {
            BAY: 3 - rated(visitor, ASH) / 2 + rated(visitor, COVE) / 4,
            DUNE: 4.0,
            ELM: 3.5,
        }
    )
    someone, options = made_up.visitor((ASH, 5), (COVE, 5)), RankOptions()
    shown = recommender.rank(someone, 2, options)
    assert [row.movie_id for row in shown] == [DUNE, ELM]
    position = list_position(recommender, someone, BAY, options, shown)
    assert (position.reason, position.rank, position.movies) == ("below", 3, 8)
    assert position.prediction.expected_rating == pytest.approx(2.5)
    assert position.last.movie_id == ELM
    assert position.against.event == Event(ASH, 5.0)
    assert position.against.effect == pytest.approx(-1.0)
    # nobody known gives Bay 3 stars: it stays third
    assert position.rank_for_anyone == 3


def test_a_movie_that_is_listed_seen_or_filtered_says_so():
    recommender = made_up.recommender(lambda visitor: {DUNE: 4.0, ELM: 3.5, BAY: 3.0})
    someone, options = made_up.visitor((ASH, 5)), RankOptions()
    shown = recommender.rank(someone, 2, options)
    listed = list_position(recommender, someone, ELM, options, shown)
    assert (listed.reason, listed.rank, listed.against) == ("listed", 2, None)
    seen = list_position(recommender, someone, ASH, options, shown)
    assert (seen.reason, seen.rank, seen.rank_for_anyone) == ("seen", None, None)
    # Ash, Cove, Elm … are dramas, the others comedies
    drama = RankOptions(Filters(genres=("Drama",)))
    filtered = list_position(recommender, someone, DUNE, drama, recommender.rank(someone, 2, drama))
    assert (filtered.reason, filtered.rank, filtered.movies) == ("filtered", 1, 9)
