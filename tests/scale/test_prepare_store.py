"""Stores: written from memory, read back, damaged, sampled, and counted in one pass."""

import json

import numpy as np
import pyarrow as pa
import pytest

from bst.baselines.bias import Interactions, bias
from bst.errors import ConfigError, DatasetError
from bst.store import Store, later_like_counts, sample, statistics, user_biases, write_store
from bst.store.shards import EVENTS, arrange
from bst.store.tables import movie_frame
from bst.timelines.arrays import build_timelines


@pytest.fixture
def store(tiny_dataset, tmp_path) -> Store:
    return write_store(tiny_dataset, tmp_path / "store", 2)


def test_a_store_has_every_users_events_in_order_in_one_shard(store):
    # user 0: movie 2 at 10, then 0 and 1 at 20, which tie and keep their rows; user 2 rated backwards in time
    first, second = store.shard(0), store.shard(1)
    assert first.column("user").to_pylist() == [0] * 3 + [2] * 6
    assert first.column("item").to_pylist() == [2, 0, 1, 5, 4, 3, 2, 1, 0]
    assert first.column("level").to_pylist() == [2, 4, 3, 2, 2, 3, 3, 4, 4]
    assert first.column("row").to_pylist() == [0, 1, 2, 13, 12, 11, 10, 9, 8]
    assert second.column("user").to_pylist() == [1] * 5
    assert (store.manifest.users, store.manifest.items, store.manifest.events) == (3, 6, 14)
    assert (store.manifest.first, store.manifest.last) == (10, 300)
    assert [shard.users for shard in store.manifest.shards] == [2, 1]


def test_tables_come_back_as_they_were(store, tiny_dataset):
    assert store.users.equals(tiny_dataset.users)
    assert (
        movie_frame(store.items)
        .astype({"genres": object, "title": object})
        .equals(tiny_dataset.movies.astype({"genres": object, "title": object}))
    )
    assert store.domain == tiny_dataset.domain
    store.verify()


def test_more_shards_than_users_leaves_some_empty(tiny_dataset, tmp_path):
    store = write_store(tiny_dataset, tmp_path / "store", 5)
    assert [shard.events for shard in store.manifest.shards] == [3, 5, 6, 0, 0]
    assert len(store.shard(4)) == 0
    assert statistics(store).events == 14


def test_a_store_is_replaced_and_other_folders_are_not(store, tiny_dataset):
    assert len(write_store(tiny_dataset, store.folder, 3)) == 3
    (other := store.folder.parent / "other").mkdir()
    (other / "thesis.txt").write_text("mine")
    with pytest.raises(DatasetError, match="is there and is no store"):
        write_store(tiny_dataset, other, 1)
    with pytest.raises(ConfigError, match="1 … 1,000 shards, not 0"):
        write_store(tiny_dataset, store.folder, 0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda m: m.update(version=2), "version 2, and this program reads 1"),
        (lambda m: m.update(format="other"), "not of the format"),
        (lambda m: m.update(surprise=1), "unknown field 'surprise'"),
        (lambda m: m.update(events=99), "do not add up"),
        (lambda m: m.update(levels=[2, 1]), "levels do not ascend"),
        (lambda m: m["shards"][0].update(file="../../etc/passwd"), "shard 0 is not shards/000.parquet"),
        (lambda m: m["shards"][0].update(sha256="x"), "no checksum"),
        (lambda m: m.pop("users"), "users"),
    ],
)
def test_a_manifest_that_is_not_ours_is_refused_in_one_line(store, change, message):
    path = store.folder / "manifest.json"
    values = json.loads(path.read_text())
    change(values)
    path.write_text(json.dumps(values))
    with pytest.raises(DatasetError, match=message):
        Store.open(store.folder)


def test_damage_is_named(store, tmp_path):
    with pytest.raises(DatasetError, match="is no prepared store"):
        Store.open(tmp_path)
    shard = store.folder / "shards" / "001.parquet"
    shard.write_bytes(shard.read_bytes()[:-1] + b"x")
    with pytest.raises(DatasetError, match=r"001\.parquet is damaged: its checksum"):
        store.verify()
    with pytest.raises(DatasetError, match="is damaged"):
        store.shard(1)
    shard.unlink()
    with pytest.raises(DatasetError, match=r"001\.parquet is missing"):
        Store.open(store.folder)


def _events(*rows: tuple[int, int, int, int, int]) -> pa.Table:
    columns = zip(*rows, strict=True)
    return pa.table([pa.array(c, f.type) for c, f in zip(columns, EVENTS, strict=True)], schema=EVENTS)


def test_arrange_keeps_the_last_of_equal_pairs_and_ignores_how_events_came():
    rows = [(7, 1, 0, 50, 3), (7, 1, 4, 50, 4), (5, 1, 2, 90, 0), (7, 2, 1, 10, 9), (7, 1, 3, 20, 1)]
    expected = [(5, 1, 2, 90, 0), (7, 2, 1, 10, 9), (7, 1, 4, 50, 4)]
    arranged = arrange(_events(*rows))
    assert [tuple(row.values()) for row in arranged.to_pylist()] == expected
    in_parts = pa.concat_tables([_events(row) for row in reversed(rows)])
    assert arrange(in_parts).equals(arranged)
    assert arrange(arranged).equals(arranged)
    assert len(arrange(EVENTS.empty_table())) == 0


def test_events_that_tie_in_everything_are_in_the_order_of_items():
    same = [(1, item, 0, 50, 0) for item in (3, 1, 2)]
    assert arrange(_events(*same)).column("item").to_pylist() == [1, 2, 3]


def test_statistics_are_those_of_the_dataset(store, tiny_dataset):
    found, ratings = statistics(store), tiny_dataset.ratings
    known = Interactions(ratings["user"].to_numpy(), ratings["movie"].to_numpy(), ratings["rating"].to_numpy(), 3, 6)
    assert found.events == 14
    assert found.level_count.tolist() == [1, 1, 4, 4, 4]
    assert found.item_count.tolist() == [3, 3, 3, 2, 2, 1]
    assert found.item_sum.tolist() == [11, 11, 10, 8, 8, 3]
    assert found.mean == pytest.approx(51 / 14)
    assert (found.first, found.last) == (10, 300)
    assert found.user_count.tolist() == [3, 5, 6]
    assert found.user_sum.tolist() == [12, 15, 24]
    expected = found.damped_item_mean(10)
    assert expected[0] == pytest.approx(51 / 14 + (11 - 3 * 51 / 14) / 13)
    # μ + b_i + b_u as the bias baseline has it
    everyone = np.repeat(np.arange(3), 6), np.tile(np.arange(6), 3)
    ours = user_biases(store, expected, 5)[everyone[0]] + expected[everyone[1]]
    np.testing.assert_allclose(ours, bias(known, *everyone), rtol=1e-6)


def test_statistics_of_some_users(store):
    found = statistics(store, np.array([True, False, False]))
    assert (found.events, found.first, found.last, found.mean) == (3, 10, 20, 4.0)
    nobody = statistics(store, np.zeros(3, bool))
    assert (nobody.events, nobody.mean, nobody.damped_item_mean(10).tolist()) == (0, 0.0, [0.0] * 6)


def test_later_likes_by_hand(store):
    # after 2 events: user 0 has movie 1 left (4 stars), user 1 movies 2, 3, 4 (3, 4, 5), user 2 movies 3, 2, 1, 0
    more, likes, seen = later_like_counts(store, np.array([2, 5]), 4.0)
    assert more.tolist() == [3, 1]
    assert likes[0].tolist() == [1, 2, 1, 2, 1, 0]
    assert seen[0].tolist() == [2, 1, 1, 0, 1, 1]
    assert likes[1].tolist() == [1, 0, 0, 0, 0, 0]


def test_a_sample_is_whole_users_with_their_timelines(store, tiny_dataset):
    whole = sample(store, 1000)
    ours, theirs = build_timelines(whole), build_timelines(tiny_dataset)
    for name in ("movie", "rating", "timestamp", "offsets"):
        assert np.array_equal(getattr(ours, name), getattr(theirs, name))
    part = sample(store, 8, seed=3)
    assert 0 < len(part.ratings) <= 8
    assert part.movies["movie_id"].tolist() == tiny_dataset.movies["movie_id"].tolist()
    assert part.ratings["user"].nunique() == len(part.users)
    counts = {1: 3, 2: 5, 3: 6}
    assert all(n == counts[part.users["user_id"][u]] for u, n in part.ratings["user"].value_counts().items())
    with pytest.raises(ConfigError, match="no user has so few events that 2 hold one"):
        sample(store, 2)


@pytest.mark.real_data
def test_movielens_in_a_store_has_the_timelines_of_memory(ml_1m, tmp_path):
    store, expected = write_store(ml_1m, tmp_path / "store", 7), build_timelines(ml_1m)
    for index, shard in enumerate(store.shards()):
        users = np.unique(shard.column("user").to_numpy())
        assert (users % 7 == index).all()
        at = np.concatenate([np.arange(*expected.offsets[user : user + 2]) for user in users])
        assert np.array_equal(shard.column("row").to_numpy(), expected.row[at])
        assert np.array_equal(shard.column("item").to_numpy(), expected.movie[at])
