"""The one door to a model: what a visitor gets, in which order, and what is refused."""

from dataclasses import replace

import numpy as np
import pytest

from bst.datasets.catalogue import Catalogue
from bst.errors import VisitorError
from bst.inference.recommender import Filters, RankOptions, genre_columns
from bst.models.classic.scorer import ClassicScorer
from bst.models.registry import PRESETS, family_of, preset
from bst.models.weights import assign, weights_of
from bst.schema import Event, Visitor

IDS = [100 + 3 * i for i in range(30)]


@pytest.fixture
def visitor() -> Visitor:
    """Someone who agrees with most: movies in even rows are good."""
    return Visitor(
        {"sex": "F", "age": 25, "occupation": "artist"}, (Event(IDS[0], 5), Event(IDS[3], 1), Event(IDS[4], 5))
    )


def stub(recommender, ratings, counts=None, **changes):
    """A recommender over the same catalogue whose model predicts what it is told."""
    from bst.inference.recommender import Recommender

    class Scorer(ClassicScorer):
        def _ratings(self, inputs):
            return np.array(ratings, np.float32)[inputs["target"]]

        _weights = _scaled_gradients = movie_vectors = None

    catalogue = Catalogue(changes.pop("movies", recommender.catalogue.movies))
    bundle = replace(recommender.bundle, **changes)
    scorer = Scorer(bundle.config, bundle.sizes, bundle.levels)
    return Recommender(bundle, catalogue, scorer, rating_counts=counts)


# ---- lists


def test_a_list_is_sorted_unseen_and_in_range(small_recommender, visitor):
    rows = small_recommender.rank(visitor, 10)
    assert [row.rank for row in rows] == list(range(1, 11))
    counts = dict(zip(IDS, small_recommender.rating_counts, strict=True))
    # a quarter of the scale, 1 star, is what one rating may be off by
    ratings = [row.expected_rating - 1.645 / np.sqrt(counts[row.movie_id] + 1) for row in rows]
    assert ratings == sorted(ratings, reverse=True)
    assert all(1 <= row.expected_rating <= 5 for row in rows)
    assert not {row.movie_id for row in rows} & {event.movie_id for event in visitor.history}
    assert len({row.movie_id for row in rows}) == 10
    row = IDS.index(rows[0].movie_id)
    assert rows[0].title == f"Story Number {row} ({1970 + row})"
    assert not rows[0].seen
    assert (rows[0].distribution, rows[0].watch_next) == (None, None)


def test_a_list_agrees_with_the_expected_ratings(small_recommender, visitor):
    rows = small_recommender.rank(visitor, None)
    assert len(rows) == 27
    ids = [row.movie_id for row in rows]
    asked = small_recommender.expected_ratings(visitor, ids)
    np.testing.assert_allclose([row.expected_rating for row in rows], asked, atol=1e-6)
    whole = small_recommender.expected_ratings(visitor)
    assert whole.shape == (30,)
    np.testing.assert_allclose([whole[IDS.index(i)] for i in ids], asked, atol=1e-6)
    assert max(whole[IDS.index(i)] for i in IDS if i not in {IDS[0], IDS[3], IDS[4]}) == rows[0].expected_rating


def test_the_rank_of_a_movie_counts_those_expected_above_it(small_recommender):
    ratings = np.linspace(1, 4, 30)
    ratings[3] = ratings[29]
    there = stub(small_recommender, ratings)
    assert [there.recommendation(Visitor(), IDS[i]).rank for i in (29, 3, 28, 0)] == [1, 1, 3, 30]


def test_k_beyond_the_catalogue_is_all_there_is(small_recommender, visitor):
    assert len(small_recommender.rank(visitor, 1000)) == 27
    assert len(small_recommender.rank(visitor, 1)) == 1
    for k in (0, -1):
        with pytest.raises(VisitorError, match="at least one movie"):
            small_recommender.rank(visitor, k)


def test_seen_movies_on_request(small_recommender, visitor):
    rows = small_recommender.rank(visitor, None, RankOptions(Filters(include_seen=True)))
    assert len(rows) == 30
    assert {row.movie_id for row in rows if row.seen} == {IDS[0], IDS[3], IDS[4]}


def test_ties_keep_the_order_of_the_catalogue(small_recommender):
    ratings = np.full(30, 3.0)
    ratings[[7, 20]] = 4.0
    there = stub(small_recommender, ratings, counts=np.full(30, 5))
    rows = there.rank(Visitor(), 6)
    assert [IDS.index(row.movie_id) for row in rows] == [7, 20, 0, 1, 2, 3]


def test_ratings_are_clipped_to_the_levels_of_the_dataset(small_recommender):
    ratings = np.linspace(-3, 9, 30)
    clipped = stub(small_recommender, ratings).expected_ratings(Visitor())
    np.testing.assert_allclose(clipped, np.clip(ratings, 1, 5), rtol=1e-6)
    half = stub(small_recommender, ratings, levels=(0.5, 1.0, 1.5, 5.0)).expected_ratings(Visitor())
    assert half.min() == 0.5


# ---- filters (row i: year 1970 + i, genres i mod 18 and i + 5 mod 18)


def rows_of(recommendations) -> list[int]:
    return sorted(IDS.index(row.movie_id) for row in recommendations)


def test_any_of_the_genres_will_do(small_recommender):
    def rank(*genres):
        return rows_of(small_recommender.rank(Visitor(), None, RankOptions(Filters(genres=genres))))

    # Action is genre 0, so rows 0 and 18 by their first genre, and 13 by its second (13 + 5 = 18)
    assert rank("Action") == [0, 13, 18]
    # Western is genre 17: rows 17 and 12
    assert rank("Western") == [12, 17]
    assert rank("western", "ACTION") == [0, 12, 13, 17, 18]
    with pytest.raises(VisitorError, match="unknown genre 'Anime'; choose among: Action, "):
        rank("Action", "Anime")
    assert genre_columns(["sci-fi"]) == [14]


def test_years_are_inclusive(small_recommender):
    def rank(*years):
        return rows_of(small_recommender.rank(Visitor(), None, RankOptions(Filters(years=years))))

    assert rank(1972, 1974) == [2, 3, 4]
    assert rank(1999, 2050) == [29]
    assert rank(1900, 1960) == []
    assert rows_of(small_recommender.rank(Visitor(), None, RankOptions(Filters(("Action",), (1970, 1983))))) == [0, 13]


def test_an_unknown_year_passes_no_filter_by_year(small_recommender):
    movies = small_recommender.catalogue.movies.copy()
    movies.loc[2, "year"] = None
    there = stub(small_recommender, np.ones(30), movies=movies)
    dated = rows_of(there.rank(Visitor(), None, RankOptions(Filters(years=(-5000, 5000)))))
    assert dated == [i for i in range(30) if i != 2]
    assert 2 in rows_of(there.rank(Visitor(), None))


# ---- visitors


def test_only_the_newest_events_are_read(small_recommender, visitor):
    assert small_recommender.max_history == 3
    older = replace(visitor, history=(Event(IDS[9], 1), Event(IDS[10], 5), *visitor.history))
    assert small_recommender.read_events(older) == visitor.history
    whole = small_recommender.expected_ratings(visitor)
    np.testing.assert_array_equal(small_recommender.expected_ratings(older), whole)
    assert {row.movie_id for row in small_recommender.rank(older, None)}.isdisjoint({IDS[9], IDS[10]})
    newer = visitor.watched(IDS[20], 1)
    assert np.abs(small_recommender.expected_ratings(newer) - whole).max() > 1e-4


@pytest.mark.parametrize("rating", [6, 0, 3.5, -1, float("nan"), float("inf")])
def test_a_rating_that_the_dataset_does_not_know(rating, small_recommender, visitor):
    with pytest.raises(VisitorError, match=r"Story Number 8 \(1978\) cannot be rated .* whole stars from 1 to 5"):
        small_recommender.expected_ratings(visitor.watched(IDS[8], rating))


def test_half_stars_where_the_dataset_has_them(small_recommender, visitor):
    levels = tuple(half / 2 for half in range(1, 11))
    there = stub(small_recommender, np.full(30, 4.2), levels=levels)
    assert there.expected_ratings(visitor.watched(IDS[8], 3.5))[0] == pytest.approx(4.2)
    with pytest.raises(VisitorError, match=r"half stars from 0.5 to 5"):
        there.expected_ratings(visitor.watched(IDS[8], 3.7))


def test_movies_that_are_not_in_the_catalogue(small_recommender, visitor):
    with pytest.raises(VisitorError, match="no movie 1 in this catalogue of 30 movies"):
        small_recommender.expected_ratings(visitor, [IDS[0], 1])
    stranger = replace(visitor, history=(Event(1, 5), *visitor.history))
    with pytest.raises(VisitorError, match="no movie 1 "):
        small_recommender.rank(stranger)
    with pytest.raises(VisitorError, match="no movie 1 "):
        small_recommender.expected_ratings(stranger)
    with pytest.raises(VisitorError, match="no movie 1 "):
        small_recommender.attention(visitor, 1)


def test_each_visitor_is_checked_before_anything_is_predicted(small_recommender):
    half, stranger = Visitor(history=(Event(IDS[8], 3.5),)), Visitor(history=(Event(1, 3),))
    with pytest.raises(VisitorError, match=r"Story Number 8 \(1978\) cannot be rated 3.5"):
        small_recommender.predict_many([Visitor(), half], IDS[:2])
    with pytest.raises(VisitorError, match="no movie 1 "):
        small_recommender.predict_many([Visitor(), stranger], IDS[:2])
    with pytest.raises(VisitorError, match="no movie 1 "):
        small_recommender.predict_many([Visitor()], [1])


def test_no_candidates_no_ratings(small_recommender, visitor):
    assert small_recommender.expected_ratings(visitor, []).shape == (0,)


@pytest.mark.parametrize("name", PRESETS)
def test_a_visitor_of_whom_nothing_is_known_works_in_every_preset(name, eager, small_bundle, world):

    from bst.inference.recommender import Recommender

    config = preset(name)
    model = family_of(config).build(config, small_bundle.sizes, 5)
    assign(model, family_of(config).dataset_weights(config, world.movies, world.domain))
    if name == "timeline":
        rng = np.random.default_rng(5)
        for weight in model.trainable_weights:  # what starts as zero would hide what is read
            weight.assign(rng.normal(0, 0.2, weight.shape))
        model.rating.factor_prior.assign(np.full(model.rating.factor_prior.shape, 4.0))
        for tower in model.towers.values():
            tower.stars.assign([1, 2, 3, 4, 5])
    else:
        model.head.bias.assign([3.0])
    recommender = Recommender.load(replace(small_bundle, config=config), world, weights=weights_of(model))
    somebody = Visitor({"sex": "M", "age": 35, "occupation": "writer"}, (Event(IDS[1], 4),))
    for visitor in (
        Visitor(),
        somebody,
        somebody.with_demographic("sex", None).with_demographic("age", None).with_demographic("occupation", None),
    ):
        ratings = recommender.expected_ratings(visitor)
        assert np.isfinite(ratings).all()
        assert ((ratings >= 1) & (ratings <= 5)).all()
        assert len(recommender.rank(visitor)) == 10
    ratings = recommender.expected_ratings(somebody)
    assert 1 < ratings.min() < ratings.max() < 5, "nothing is hidden by clipping"
    for word, other in (("sex", "F"), ("age", None), ("occupation", "artist")):
        changed = recommender.expected_ratings(somebody.with_demographic(word, other))
        assert np.array_equal(changed, ratings) == (name == "keras-example"), f"{name} and {word}"


def test_a_recommender_by_name_of_its_bundle(small_bundle, small_recommender, visitor, data_here):
    from bst.inference.recommender import Recommender

    loaded = Recommender.load(small_bundle.folder)
    np.testing.assert_allclose(loaded.expected_ratings(visitor), small_recommender.expected_ratings(visitor), atol=1e-6)
