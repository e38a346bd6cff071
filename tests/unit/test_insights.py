"""Insights: sums over visitors checked by hand, and a whole record of two small models."""

import json
import re
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from bst.bundles import sidecars
from bst.datasets.catalogue import Catalogue
from bst.errors import VisitorError
from bst.explanation.embedding_map import embedding_map, nearest
from bst.explanation.insight_record import GenreInsight, Insights, MovieInsight
from bst.explanation.insight_summary import by_genre, by_movie, ratios, spread
from bst.explanation.insights import draw_sample, make_insights, read_insights
from bst.schema import Event, Visitor
from bst.visitors.replay import RealUsers
from tests.insights import insights_record

IDS = [100 + 3 * i for i in range(30)]

# ---- sums


def test_a_spread_counts_those_for_whom_it_is_defined():
    three = spread([None, -1.0, 0.0, 1.0, None])
    assert (three.visitors, three.mean) == (3, 0)
    # halfway between −1 and 0 at 25%, so −0.8 at 10%
    assert three.quantiles == pytest.approx([-1, -0.8, -0.6, -0.4, -0.2, 0, 0.2, 0.4, 0.6, 0.8, 1])
    assert sum(three.histogram) == 3
    assert [three.histogram[i] for i in (0, 10, 19)] == [1, 1, 1]
    assert spread([None, None]) is None


def test_ratios_are_to_the_average_event():
    assert ratios(np.array([1.0, -3.0, 2.0])).tolist() == [0.5, 1.5, 1]
    assert ratios(np.zeros(2)).tolist() == [1, 1]
    assert ratios(np.zeros(0)).tolist() == []


def explained(movies, attention, influence):
    return SimpleNamespace(movie_ids=tuple(movies), attention=np.array(attention), influence=np.array(influence))


def test_genres_by_hand():
    movies = pd.DataFrame({"movie_id": [1, 2], "title": ["A", "B"], "genres": ["Drama|War", "Comedy"]})
    # five visitors of two events: the drama gets 3 of 4 parts of attention, and 1 of 2 of influence
    seen = [explained([1, 2], [0.3, 0.1], [0.2, -0.2])] * 5
    assert by_genre(Catalogue(movies), seen) == (
        GenreInsight("Drama", visitors=5, events=5, attention=1.5, influence=1.0, stars=0.2),
        GenreInsight("War", visitors=5, events=5, attention=1.5, influence=1.0, stars=0.2),
        GenreInsight("Comedy", visitors=5, events=5, attention=0.5, influence=1.0, stars=0.2),
    )
    assert by_genre(Catalogue(movies), seen[:4]) == (), "four visitors are too few"


def test_a_movie_that_few_had_does_not_lead():
    often = [explained([1, 2], [0.3, 0.1], [1, 1])] * 20
    once = [explained([3, 2], [1.0, 0.0], [1, 1])] * 4
    rows = by_movie([*often, *once], "attention")
    # (20 · 1.5 + 5) / 25, and (20 · 0.5 + 4 · 0 + 5) / 29; movie 3 is left out
    assert rows == (MovieInsight(1, visitors=20, value=1.4), MovieInsight(2, visitors=24, value=round(15 / 29, 3)))


# ---- the sample


def test_the_sample_is_of_held_out_users_and_their_next_movie(timeline_bundle, orderly):
    users = RealUsers(timeline_bundle, orderly)
    sampled = draw_sample(users, 3, seed=1)
    assert len(sampled) == 3
    whole = {users.visitor(user, 100).history: user for user in users.held_out}
    for visitor, movie_id, actual in sampled:
        (timeline,) = [h for h in whole if h[: len(visitor.history)] == visitor.history]
        following = timeline[len(visitor.history)]
        assert (following.movie_id, following.rating) == (movie_id, actual)
        assert len(visitor.history) >= 5
        assert visitor.demographic("sex") == users.without_history(whole[timeline]).demographic("sex")
    assert draw_sample(users, 3, seed=1) == sampled
    assert draw_sample(users, 3, seed=2) != sampled
    assert len(draw_sample(users, 1000, seed=1)) == len(users.held_out)


# ---- a whole set


@pytest.fixture(scope="module")
def steps():
    return []


@pytest.fixture(scope="module")
def found(timeline_recommender, orderly, steps):
    return make_insights(timeline_recommender, orderly, visitors=4, on_progress=lambda *told: steps.append(told))


def test_a_whole_record_of_insights(found, steps):
    assert Insights.from_dict(json.loads(json.dumps(found.to_dict(), allow_nan=False))) == found
    assert found.sample.visitors == 4
    assert found.sample.held_out
    assert "never saw" in found.sample.description
    assert found.layers == ("Layer 1", "Layer 2")
    assert len(found.heads) == len(found.agreement.heads) == 4
    for part in (found.agreement.mean, found.agreement.gradients, found.controls.uniform, found.controls.permuted):
        assert part.visitors == 4
        assert -1 <= part.quantiles[0] <= part.mean <= part.quantiles[-1] <= 1
    assert found.uniform_change.mean > 0
    assert (found.planted, found.fidelity, found.counterfactuals) == (None, None, ()), "only on request"
    assert len(found.map.x) == len(found.map.y) == 30
    assert max(map(abs, found.map.x + found.map.y)) == 1
    assert [done for done, *_ in steps] == list(range(6))
    assert {total for _, total, _ in steps} == {5}


def test_insights_hold_no_titles_and_no_ratings_of_anybody(found, orderly):
    text = json.dumps({name: part for name, part in found.to_dict().items() if name != "map"})
    assert "Story Number" not in text
    assert "timestamp" not in text


def test_insights_of_a_classic_model_are_not_of_held_out_users(small_recommender, world):
    found = make_insights(small_recommender, world, visitors=3)
    assert not found.sample.held_out
    assert "holds none out whole" in found.sample.description
    assert (found.heads, found.layers) == (("Head 1", "Head 2", "Head 3"), ())
    assert found.sample.events.high == 3, "it reads no more"


@pytest.mark.parametrize("name", ["demo", "ml-1m", "ml-1m-seed", "demo-compact"])
def test_shipped_insights_are_read_and_written_as_they_are(name):
    path = Path(__file__).parents[2] / "data" / "bundles" / name / "insights.json"
    plain = json.loads(path.read_text("utf-8"))["insights"]
    written = Insights.from_dict(plain).to_dict()
    if plain["format"] == 1:
        written |= {"format": 1, "planted": plain["planted"]}
    assert written == plain


def test_insights_of_the_first_format_lack_what_was_not_measured_then():
    now = insights_record()
    old = now.to_dict() | {"format": 1, "planted": {"k": 3, "clear": 0.4, "cases": 9, "by_clarity": []}}
    del old["fidelity"], old["counterfactuals"]
    assert Insights.from_dict(old) == replace(now, fidelity=None, counterfactuals=(), planted=None)


@pytest.mark.parametrize("broken", [{}, {"sample": 3}, {"format": 3}, {"map": None}, {"agreement": {}}])
def test_what_is_no_record_of_insights_counts_as_none(broken, timeline_bundle):
    plain = insights_record().to_dict() | broken if broken else {}
    with pytest.raises(ValueError, match="insights"):
        Insights.from_dict(plain)
    sidecars.save(timeline_bundle, "insights", plain)
    try:
        assert read_insights(timeline_bundle) is None
    finally:
        (timeline_bundle.folder / "insights.json").unlink()


def test_uniform_attention_is_uniform(timeline_bundle, small_bundle, orderly, world):

    from bst.inference.recommender import Recommender

    history = tuple(Event(IDS[i], stars) for i, stars in ((5, 4), (2, 1), (9, 5)))
    for bundle, dataset in ((timeline_bundle, orderly), (small_bundle, world)):
        uniform = Recommender.load(bundle, dataset, uniform_attention=True)
        weights = uniform.attention(Visitor({"sex": "F", "age": 25}, history), IDS[20])
        # three events and the candidate or the visitor
        np.testing.assert_allclose(weights.to_events, 1 / 4, atol=1e-6)
        np.testing.assert_allclose(weights.to_rest, 1 / 4, atol=1e-6)


# ---- neighbours and the map


def test_the_nearest_are_those_of_the_highest_cosine(timeline_recommender):
    vectors = timeline_recommender.embeddings
    near = nearest(timeline_recommender, IDS[4], 5)
    cosines = {IDS[row]: float(vectors[row] @ vectors[4]) for row in range(30) if row != 4}
    assert [movie for movie, _ in near] == sorted(cosines, key=lambda movie: -cosines[movie])[:5]
    assert [cosine for _, cosine in near] == pytest.approx([cosines[movie] for movie, _ in near], abs=1e-6)
    assert len(nearest(timeline_recommender, IDS[4], 100)) == 29
    with pytest.raises(VisitorError, match="no movie 1 "):
        nearest(timeline_recommender, 1)


def test_what_is_near_lies_near_on_the_map():
    """Three clear heaps stay heaps."""
    rng = np.random.default_rng(0)
    heaps = np.repeat(np.eye(8)[:3], 20, axis=0) + 0.05 * rng.normal(size=(60, 8))
    heaps = heaps / np.linalg.norm(heaps, axis=1, keepdims=True)
    made, again = (embedding_map(SimpleNamespace(embeddings=heaps.astype(np.float32))) for _ in range(2))
    np.testing.assert_array_equal(made.x, again.x)
    np.testing.assert_array_equal(made.y, again.y)
    assert made.trustworthiness > 0.8
    places = np.stack([made.x, made.y], axis=1)
    assert np.abs(places).max() == 1
    nearest_other = np.linalg.norm(places[:, None] - places, axis=2) + 10 * np.eye(60)
    assert (nearest_other.argmin(axis=1) // 20 == np.arange(60) // 20).all()


@pytest.mark.parametrize("movies", [1, 2, 3, 4, 6])
def test_a_map_of_hardly_any_movies(movies):
    vectors = np.eye(8, dtype=np.float32)[:movies]
    made = embedding_map(SimpleNamespace(embeddings=vectors))
    assert len(made.x) == len(made.y) == movies
    assert np.isfinite([made.x, made.y]).all()


# ---- the command


def test_the_command_keeps_what_it_finds(answer, refused, timeline_bundle, data_here, monkeypatch):
    from bst.explanation import insights

    made, asked = insights_record(), []

    def make(recommender, dataset, *, visitors, seed, fidelity, on_progress):
        asked.append((dataset.name, visitors, seed, fidelity))
        return made

    monkeypatch.setattr(insights, "make_insights", make)
    said = answer("insights", "--bundle", timeline_bundle.folder, "--visitors", 7, "--seed", 3, "--searches", 2)
    try:
        assert asked == [("orderly-world", 7, 3, True)]
        kept = read_insights(timeline_bundle)
        assert replace(kept, counterfactuals=made.counterfactuals) == made
        assert [one.visitors <= 2 for one in kept.counterfactuals] == [True, True], "searched for two of the sample"
        assert (said["sample"]["words"], said["bundle"]) == ("9 users nobody has met.", timeline_bundle.name)
        first = said["fidelity"]["tasks"][0]["methods"][0]
        assert first["method"] == "leave_one_out"
        assert first["deletion"] == [[-0.18, -0.23, -0.13], [-0.36, -0.41, -0.31]], "value, and 95% interval"
        assert said["planted"]["bands"][1]["precision"]["random"] == [0.2, 0.15, 0.25]
    finally:
        (timeline_bundle.folder / "insights.json").unlink()
    assert read_insights(timeline_bundle) is None
    assert "--visitors must be at least 1" in refused("insights", "--bundle", timeline_bundle.folder, "--visitors", 0)
    for option in ("--seed", "--searches"):
        assert f"{option} at least 0" in refused("insights", "--bundle", timeline_bundle.folder, option, -1).replace(
            "--seed and --searches", f"{option}"
        )


def test_a_new_bundle_gets_its_insights(timeline_bundle, orderly, monkeypatch):
    from bst.explanation import insights
    from bst.training import runs

    made = insights_record()
    monkeypatch.setattr(insights, "make_insights", lambda recommender, dataset: made)
    runs.save_insights(timeline_bundle, orderly)
    try:
        assert read_insights(timeline_bundle) == made
    finally:
        (timeline_bundle.folder / "insights.json").unlink()


def test_the_command_as_text(found):
    from bst.cli.insights import insights_text

    text = insights_text(found.to_dict() | {"file": "there"}, dict.fromkeys(IDS, "Title"))
    for part in ("4 users", "all heads", "Layer 1, head 2", "shuffled order", "uniform attention", "kept in there"):
        assert part in text


def test_the_command_shows_every_way_with_its_interval():
    from bst.cli.insights import insights_text

    text = insights_text(insights_record().to_dict() | {"file": "there"}, {1: "Title"})
    (row,) = [line for line in text.splitlines() if line.startswith("  Integrated gradients  −0.4")]
    assert " ".join(row.split()) == (
        "Integrated gradients −0.400 −0.450 – −0.350 +0.600 – – -0.400 -40% −0.010 (−0.060 – +0.040) 7"
    )
    assert "into the top: 80% of 9 searches find one (75% – 85%); 1.2 edits, size 3.5, 100% valid" in text
    assert re.search(r"third strongest cause +0.1 – 0.3 ★ +0.3 or more ★", text)
    assert re.search(r"Leaving movies out +0.61 \(0.56 – 0.66\) +0.83 \(0.78 – 0.88\)", text)
    assert re.search(r"Guessing +– +0.20", text), "not measured in the first band"
