"""What workers read of a prepared store: together every training event once an epoch, and no other."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from bst.datasets import load
from bst.store import Store, write_store
from bst.timelines.segments import training_segments
from bst.timelines.splits import TEST, TRAIN, VALIDATION, prepare
from tests.unit.conftest import write_world

pytestmark = pytest.mark.slow  # it loads TensorFlow
SEED, SHARDS = 3, 4


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    return load(write_world(tmp_path_factory.mktemp("world") / "world"))


@pytest.fixture(scope="module")
def store(dataset, tmp_path_factory) -> Store:
    return write_store(dataset, tmp_path_factory.mktemp("store") / "prepared", SHARDS)


@pytest.fixture(scope="module")
def data(store):
    from bst.models.timeline.store_data import StoreData

    return StoreData(store, SEED, 1.0, 10_000)


class Reader:
    """An objective whose batches are the (user, movie, time) of the events of a group of segments."""

    config = SimpleNamespace(batch_events=60)

    def on(self, split, users):
        other = Reader()
        other.split, other.rows = split, users
        other.users = np.unique(split.user[split.role == TRAIN])
        return other

    def segments(self, rng):
        return training_segments(self.split.timelines, self.users, 10, rng)

    def batch(self, group, rng):
        events = self.split.timelines
        at = np.concatenate([np.arange(s, s + n) for s, n in zip(group.start, group.length, strict=True)])
        users = self.rows[self.split.user[at]]
        return list(zip(users.tolist(), events.movie[at].tolist(), events.timestamp[at].tolist(), strict=True))


def read(data, stream: int, streams: int, epoch: int = 1) -> tuple[list, list[float]]:
    pairs = list(data.batches(Reader(), [SEED, epoch, 0], stream, streams))
    return [event for batch, _ in pairs for event in batch], [done for _, done in pairs]


def test_the_split_is_that_of_memory(data, dataset):
    split = prepare(dataset, "visitor", SEED)
    for role in (TRAIN, VALIDATION, TEST):
        assert np.flatnonzero(data.role == role).tolist() == np.unique(split.user[split.role == role]).tolist()
    # the sample is the whole of so small a store
    assert data.rows.tolist() == list(range(40))
    np.testing.assert_array_equal(data.split.role, split.role)
    np.testing.assert_array_equal(data.split.timelines.movie, split.timelines.movie)


def test_user_ids_may_be_texts(data, dataset, tmp_path):
    from bst.models.timeline.store_data import StoreData

    ids = [f"u{number}" for number in dataset.users["user_id"]]
    named = write_store(replace(dataset, users=dataset.users.assign(user_id=ids)), tmp_path / "named", SHARDS)
    assert named.users["user_id"].tolist() == ids
    texts = StoreData(named, SEED, 1.0, 10_000)
    np.testing.assert_array_equal(texts.rows, data.rows)
    np.testing.assert_array_equal(texts.split.role, data.split.role)
    assert texts.dataset.users["original_id"].tolist() == ids


@pytest.mark.parametrize("streams", [1, 2, 4])
def test_together_they_read_each_training_event_once(data, dataset, streams):
    split = prepare(dataset, "visitor", SEED)
    events, train = split.timelines, split.role == TRAIN
    expected = zip(
        split.user[train].tolist(), events.movie[train].tolist(), events.timestamp[train].tolist(), strict=True
    )
    parts = [read(data, stream, streams)[0] for stream in range(streams)]
    assert sorted(event for part in parts for event in part) == sorted(expected)
    for stream, part in enumerate(parts):
        # shard = user % shards, and shard i belongs to worker i mod N
        assert {user % SHARDS % streams for user, *_ in part} == {stream}


def test_an_epoch_follows_from_its_key(data):
    assert read(data, 0, 2) == read(data, 0, 2)
    assert read(data, 0, 2)[0] != read(data, 0, 2, epoch=2)[0]
    done = read(data, 0, 2)[1]
    assert done == sorted(done)
    assert done[-1] == pytest.approx(1)


def test_parts_are_whole_users(data, store, monkeypatch):
    from bst.models.timeline import store_data

    monkeypatch.setattr(store_data, "CHUNK_EVENTS", 50)
    chunks = list(store_data._chunks(store.shard(0), np.random.default_rng(0)))
    # ten users of 24 events; parts begin with the first user at event 0, 50, 100, 150 and 200 or after
    assert sorted(map(len, chunks)) == [24, 48, 48, 48, 72]
    users = [set(chunk.column("user").to_pylist()) for chunk in chunks]
    assert sum(map(len, users)) == len(set.union(*users)) == 10


def test_totals_are_those_of_all_training_events(data, dataset):
    split = prepare(dataset, "visitor", SEED)
    train = split.role == TRAIN
    movie, stars = split.timelines.movie[train], split.timelines.rating[train]
    np.testing.assert_array_equal(data.totals.item_count, np.bincount(movie, minlength=30))
    np.testing.assert_allclose(data.totals.item_sum, np.bincount(movie, stars, 30))
    assert data.statistics.item_count.sum() == 40 * 24


def test_a_small_sample_has_whole_users_and_their_numbers(store):
    from bst.models.timeline.store_data import StoreData

    small = StoreData(store, SEED, 1.0, 600)
    assert 10 <= len(small.rows) <= 25
    assert (small.split.timelines.lengths == 24).all()
    np.testing.assert_array_equal(small.split.role, np.repeat(small.role[small.rows], 24))
    numbered = small.numbered_sample()
    assert len(numbered.users) == 40
    assert set(numbered.ratings["user"]) == set(small.rows)


def test_other_workers_have_no_sample(store):
    from bst.models.timeline.store_data import StoreData

    other = StoreData(store, SEED, 1.0, 10_000, chief=False)
    assert len(other.split.role) == 0
    assert other.users == 40
    assert len(read(other, 1, 2)[0]) > 0
