"""Lists from candidates: as those from all items, whatever finds the candidates."""

import json
import sys

import numpy as np
import pytest

from bst.errors import BundleError, MissingPackageError
from bst.files import locked
from bst.inference import index_store, preselection, ranking
from bst.inference.item_index import ItemIndex
from bst.inference.recommender import Filters, RankOptions, Recommender
from bst.models.timeline.engine import features
from bst.schema import Event, Visitor

faiss = pytest.importorskip("faiss")

ORDERS = ("like", "rating", "next", "blend")
OPTIONS = [
    *(RankOptions(order=order) for order in ORDERS),
    RankOptions(order="like", popularity_weight=0.3),
    RankOptions(order="next", diversity=0.5),
    RankOptions(order="like", filters=Filters(genres=("Horror", "War"), years=(1960, 1990))),
    RankOptions(order="rating", filters=Filters(popularity=(0.5, 1.0))),
    RankOptions(order="next", filters=Filters(include_seen=True)),
]


@pytest.fixture(scope="module")
def usual() -> Recommender:
    """The demo world as it is."""
    recommender = Recommender.load("demo")
    assert recommender.preselection is None, "1,350 movies need none"
    return recommender


@pytest.fixture
def large(monkeypatch, override_settings, tmp_path):
    """Make a recommender of the demo world as if its catalogue were large; its indexes are not built yet."""
    override_settings(cache=tmp_path)
    monkeypatch.setattr(ranking, "MOST_WITHOUT_INDEX", 0)
    monkeypatch.setattr(preselection, "MOST_SCORED", 0)
    monkeypatch.setattr(features, "MOST_PRECOMPUTED", 0)
    return lambda: Recommender.load("demo")


def visitors(recommender: Recommender) -> list[Visitor]:
    rng, ids = np.random.default_rng(0), recommender.catalogue.movies["movie_id"].to_numpy()
    histories = (
        [Event(int(movie), float(rng.integers(1, 6))) for movie in rng.permutation(ids)[:n]] for n in (0, 3, 40)
    )
    return [Visitor(history=tuple(history), seen=frozenset({int(ids[7])})) for history in histories]


def assert_same_lists(ours: Recommender, theirs: Recommender, options=OPTIONS):
    for visitor in visitors(theirs):
        for one in options:
            expected, got = theirs.rank(visitor, 20, one), ours.rank(visitor, 20, one)
            assert [row.movie_id for row in got] == [row.movie_id for row in expected], one
            for field in ("expected_rating", "watch_next", "will_like"):
                values = [[getattr(row, field) for row in rows] for rows in (got, expected)]
                np.testing.assert_allclose(*values, rtol=1e-4, atol=1e-6)


def test_lists_from_an_index_are_those_from_all(large, usual):
    recommender = large()
    recommender.preselection.build()
    assert set(recommender.preselection.indexes) == {"next", "like", "rating"}
    # 1,350 movies: the index finds all that pass, or as many as are asked for among all its lists
    assert_same_lists(recommender, usual)


def test_lists_without_an_index_are_those_from_all(large, usual):
    recommender = large()
    assert recommender.preselection.indexes is None
    assert_same_lists(recommender, usual)


def test_no_seen_movie_is_found(large):
    recommender = large()
    recommender.preselection.build()
    for visitor in visitors(recommender):
        for order in ORDERS:
            rows = recommender.ranked_rows(visitor, RankOptions(order=order), 500)
            ids = recommender.catalogue.movies["movie_id"].to_numpy()[rows]
            assert not visitor.all_seen & set(ids.tolist())
            assert len(rows) == len(set(rows.tolist())) == 500


def test_what_an_index_finds_too_little_of_is_scored(large, usual, monkeypatch):
    recommender = large()
    recommender.preselection.build()
    monkeypatch.setattr(ItemIndex, "search", lambda *_: np.arange(3))
    assert_same_lists(recommender, usual, OPTIONS[:5])


def test_a_longer_list_than_there_are_candidates_is_made_of_all(large, usual):
    recommender, visitor = large(), visitors(usual)[1]
    options = RankOptions(order="like")
    everything = recommender.ranked_rows(visitor, options)
    assert len(everything) == len(usual.catalogue) - len(visitor.all_seen)
    np.testing.assert_array_equal(everything[:500], recommender.ranked_rows(visitor, options, 500))


def test_one_movie_and_the_highest_probabilities(large, usual):
    recommender, visitor = large(), visitors(usual)[2]
    movie_id = int(usual.catalogue.movies["movie_id"].iloc[100])
    ours, theirs = recommender.recommendation(visitor, movie_id), usual.recommendation(visitor, movie_id)
    assert ours.expected_rating == pytest.approx(theirs.expected_rating, abs=1e-5)
    assert ours.watch_next == pytest.approx(theirs.watch_next, rel=1e-4)
    for task in ("next", "like"):
        assert recommender.highest(visitor, task) == pytest.approx(usual.highest(visitor, task), rel=1e-4)


def test_the_sum_over_what_is_no_candidate_is_estimated(large, usual, monkeypatch):
    """By 300 movies drawn at random, and 50 candidates exactly: within a few per cent of the sum over 1,350."""
    monkeypatch.setattr(preselection, "SAMPLED", 300)
    monkeypatch.setattr(preselection, "LISTED", 50)
    preselection._sample.cache_clear()
    recommender = large()
    for visitor in visitors(usual):
        best = recommender.rank(visitor, 1, RankOptions(order="next"))[0]
        exact = usual.rank(visitor, 1, RankOptions(order="next"))[0]
        assert best.movie_id == exact.movie_id
        assert best.watch_next == pytest.approx(exact.watch_next, rel=0.2)
    preselection._sample.cache_clear()


def test_what_is_said_beside_a_list(large, usual):
    assert usual.list_note(RankOptions(order="rating")) is None, "all are ranked"
    recommender = large()
    assert recommender.list_note(RankOptions(order="like")) is None, "all are scored, and that is what orders them"
    assert "a simpler model picked about 7,000 candidates" in recommender.list_note(RankOptions(order="rating"))
    recommender.preselection.build()
    assert recommender.list_note(RankOptions(order="like")) == (
        "Of 1,350 movies, an index picked about 1,000 candidates for this visitor, and the model ranked only these."
    )


# ---- the index itself


def test_an_index_finds_most_of_the_best_products():
    rng = np.random.default_rng(0)
    items = rng.normal(size=(20_000, 16)).astype(np.float32)
    items[:, -1] *= 3  # a bias that is larger than the rest
    index, allowed = ItemIndex.build(items), rng.random(20_000) < 0.3
    assert len(index) == 20_000
    for only in (None, allowed):
        hits = []
        for query in rng.normal(size=(20, 16)).astype(np.float32):
            scores = items @ query
            if only is not None:
                scores[~only] = -np.inf
            best = set(np.argsort(-scores)[:100].tolist())
            found = index.search(query, 100, only)
            assert len(found) == len(set(found.tolist())) == 100
            assert only is None or only[found].all()
            hits.append(len(best & set(found.tolist())) / 100)
        assert np.mean(hits) > 0.85


def test_an_index_that_looks_at_all_lists_is_exact(monkeypatch):
    from bst.inference import item_index

    monkeypatch.setattr(item_index, "SEARCHED", 1)
    rng = np.random.default_rng(1)
    items, query = rng.normal(size=(3_000, 8)).astype(np.float32), rng.normal(size=8).astype(np.float32)
    found = ItemIndex.build(items).search(query, 50)
    assert found.tolist() == np.argsort(-(items @ query))[:50].tolist()


def test_few_items_have_an_index_too():
    items = np.eye(3, dtype=np.float32)
    assert ItemIndex.build(items).search(items[1], 10)[0] == 1
    assert len(ItemIndex.build(items).search(items[1], 10)) == 3


# ---- on disk


def test_an_index_is_built_once(large, monkeypatch):
    large().preselection.build()
    monkeypatch.setattr(ItemIndex, "build", lambda *_: pytest.fail("it is there already"))
    again = large()
    assert set(again.preselection.indexes) == {"next", "like", "rating"}
    again.preselection.build()


@pytest.mark.parametrize("damage", ["index", "header", "lost", "weights", "counts"])
def test_an_index_that_is_damaged_or_of_another_model_is_built_again(damage, large, usual):
    recommender = large()
    recommender.preselection.build()
    folder = index_store.folder_of(recommender.bundle)
    header = json.loads((folder / "indexes.json").read_text())
    if damage == "index":
        content = bytearray((folder / "next.faiss").read_bytes())
        content[len(content) // 2] ^= 1
        (folder / "next.faiss").write_bytes(content)
    elif damage == "lost":
        (folder / "like.faiss").unlink()
    elif damage == "header":
        (folder / "indexes.json").write_text("{")
    else:
        changed = {"weights": "weights", "counts": "key"}[damage]
        (folder / "indexes.json").write_text(json.dumps(header | {changed: "0" * 64}))
    again = large()
    assert again.preselection.indexes is None
    assert_same_lists(again, usual, OPTIONS[:2])
    again.preselection.build()
    assert large().preselection.indexes is not None
    assert json.loads((folder / "indexes.json").read_text()) == header


def test_two_programs_do_not_build_at_once(large):
    recommender = large()
    folder = index_store.folder_of(recommender.bundle)
    with locked(folder), pytest.raises(BundleError, match="another program builds the index of demo"):
        recommender.preselection.build()
    assert not folder.exists()


def test_without_the_package_lists_are_made_of_all_items(large, usual, monkeypatch):
    large().preselection.build()
    monkeypatch.setitem(sys.modules, "faiss", None)
    recommender = large()
    assert recommender.preselection.indexes is None
    assert_same_lists(recommender, usual, OPTIONS[:4])
    with pytest.raises(MissingPackageError, match=r"needs the package faiss.*requirements-scale\.txt"):
        recommender.preselection.build()
    recommender.preselection.build_in_background()  # and nobody is told: lists need none


# ---- the command


def test_the_command_builds_it(large, run):
    code, out, err = run("index", "--bundle", "demo")
    assert code == 0
    assert "the index of 1,350 items is built" in out
    assert "building the index of 1,350 items" in err
    assert "is there already" in run("index", "--bundle", "demo")[1]
    code, out, err = run("recommend", "--bundle", "demo", "-k", "3")
    assert "an index picked about 1,000 candidates" in err


def test_a_small_catalogue_needs_none(run):
    code, out, _ = run("index", "--bundle", "demo")
    assert code == 0
    assert out.startswith("demo needs no index: all of its 1,350 items are scored for each list")
