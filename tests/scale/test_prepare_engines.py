"""Both engines divide alike, byte for byte, and go on after a kill; memory is a setting that is kept."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from benchmarks.make_events import draw_events, write_events
from bst import datasets
from bst.errors import DatasetError
from bst.preparation import local, prepare
from bst.preparation.local import LocalEngine
from bst.preparation.memory import PROGRAM_BYTES
from bst.preparation.parts import find_parts, find_tables
from bst.store import Store, write_store
from bst.store.shards import shard_record
from bst.timelines.arrays import build_timelines
from tests.scale.events import files_of, write_source

pytest.importorskip("duckdb")
MEMORY = 10**9
EVENTS, USERS, ITEMS = 60_000, 900, 700


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    """A made-up log in several Parquet files."""
    folder = tmp_path_factory.mktemp("log") / "events"
    write_events(folder, draw_events(EVENTS, USERS, ITEMS, seed=2), ITEMS, files=3, as_csv=False)
    return folder


@pytest.fixture(scope="module")
def prepared(log, tmp_path_factory):
    """The store of it, by the local engine."""
    return prepare(str(log), tmp_path_factory.mktemp("local") / "store", shards=5, memory=MEMORY).store


def test_made_up_logs_have_each_item_once_for_a_user(prepared):
    assert (prepared.manifest.events, prepared.manifest.duplicates) == (EVENTS, 0)
    assert (prepared.manifest.users, prepared.manifest.items) == (USERS, ITEMS)


@pytest.mark.slow
def test_engines_write_equal_bytes(log, prepared, ray_cluster, tmp_path):
    by_ray = prepare(str(log), tmp_path / "store", "ray", shards=5, memory=MEMORY).store
    assert files_of(by_ray.folder) == files_of(prepared.folder)


@pytest.mark.slow
def test_ray_tells_bad_input_in_one_line_and_goes_on_with_shards_that_are_there(ray_cluster, tmp_path):
    bad = write_source(tmp_path / "bad", interactions="user_id,item_id,timestamp\n3,a,1000000000\n3,zz,1000000000\n")
    with pytest.raises(DatasetError, match="line 3: item 'zz' is not in items") as error:
        prepare(str(bad), tmp_path / "b", "ray", shards=2, memory=MEMORY)
    assert "\n" not in str(error.value)
    source = write_source(tmp_path / "good")
    expected = prepare(str(source), tmp_path / "local", shards=4, memory=MEMORY).store
    out = tmp_path / "resumed"
    with pytest.raises(_StoppedError):
        prepare(str(source), out, shards=4, memory=MEMORY, on_progress=_stop_after(2))
    done = prepare(str(source), out, "ray", shards=4, memory=MEMORY)
    assert done.resumed == 2
    assert files_of(out) == files_of(expected.folder)


@pytest.mark.slow
def test_ray_tells_what_goes_wrong_while_shards_are_written_in_one_line(ray_cluster, tmp_path):
    def before_the_shards(change):
        return lambda stage, done, total: change() if stage == "shards" and not done else None

    source, out = write_source(tmp_path / "source"), tmp_path / "store"
    (file,) = source.glob("interactions*")
    content = file.read_bytes()
    # in a task that reads
    with pytest.raises(DatasetError, match="interactions") as error:
        prepare(str(source), out, "ray", shards=2, memory=MEMORY, on_progress=before_the_shards(file.unlink))
    assert "\n" not in str(error.value)
    # in a task that writes
    file.write_bytes(content)
    with pytest.raises(OSError, match="shards") as error:
        prepare(
            *(str(source), out, "ray"),
            **{"shards": 2, "memory": MEMORY, "overwrite": True},
            on_progress=before_the_shards((out / "shards").rmdir),
        )
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", ["demo", pytest.param("ml-1m", marks=pytest.mark.real_data)])
def test_a_known_dataset_has_the_timelines_of_memory(name, request, tmp_path):
    if name == "ml-1m":
        request.getfixturevalue("ml_1m_dir")
    store = prepare(name, tmp_path / "store", shards=3, memory=MEMORY).store
    dataset = datasets.load(name)
    in_memory = write_store(dataset, tmp_path / "memory", 3)
    assert store.manifest.shards == in_memory.manifest.shards
    assert store.manifest.tables == in_memory.manifest.tables
    expected, levels = build_timelines(dataset), np.array(store.manifest.levels, np.float32)
    for shard in store.shards():
        user = shard.column("user").to_numpy()
        at = np.concatenate([np.arange(*expected.offsets[one : one + 2]) for one in np.unique(user)])
        assert np.array_equal(shard.column("row").to_numpy(), expected.row[at])
        assert np.array_equal(shard.column("item").to_numpy(), expected.movie[at])
        assert np.array_equal(levels[shard.column("level").to_numpy()], expected.rating[at])
        assert np.array_equal(shard.column("timestamp").to_numpy(), expected.timestamp[at])


# ---- restarts


class _StoppedError(Exception):
    pass


def _stop_after(shards):
    def on_progress(stage, done, total):
        if stage == "shards" and done == shards:
            raise _StoppedError

    return on_progress


def test_a_run_that_stopped_goes_on_with_the_missing_shards(log, prepared, tmp_path):
    out = tmp_path / "store"
    with pytest.raises(_StoppedError):
        prepare(str(log), out, shards=5, memory=MEMORY, on_progress=_stop_after(2))
    with pytest.raises(DatasetError, match="is an unfinished store: run the same"):
        Store.open(out)
    kept = shard_record(out, 0), (out / "shards" / "000.parquet").stat().st_mtime_ns
    with pytest.raises(DatasetError, match="unfinished store of another source or of other settings"):
        prepare(str(log), out, shards=4, memory=MEMORY)
    done = prepare(str(log), out, shards=5, memory=2 * MEMORY)
    assert done.resumed == 2
    assert (shard_record(out, 0), (out / "shards" / "000.parquet").stat().st_mtime_ns) == kept
    assert files_of(out) == files_of(prepared.folder)


@pytest.mark.slow
def test_a_killed_process_is_taken_up_again(log, prepared, tmp_path, fault):
    command = [sys.executable, "-m", "bst", "prepare", str(log), "--shards", "5", "--memory", "1GB", "--out"]
    out, seen = tmp_path / "store", 0
    # at each of these moments: while the source is read, while events are divided, after the first and the third shard
    moments = [
        out / ".work" / "source",
        out / ".work" / "plan.json",
        *(out / "shards" / f"00{n}.parquet" for n in (0, 2)),
    ]
    for moment in moments:
        with subprocess.Popen([*command, str(out)], stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as process:
            while not moment.exists() and process.poll() is None:
                time.sleep(0.001)
            os.kill(process.pid, signal.SIGKILL)
        there = len(list((out / "shards").glob("0*.parquet")))
        assert there >= seen
        seen = there
    done = subprocess.run([*command, str(out)], check=True, capture_output=True, text=True)
    assert files_of(out) == files_of(prepared.folder), done.stdout
    assert not list(tmp_path.glob(".store*"))
    fault("`prepare` is killed by SIGKILL four times", f"the next run goes on; equal bytes ({seen} of 5 shards kept)")


# ---- memory


def test_the_memory_is_duckdbs_setting(tmp_path):
    settings = LocalEngine(2 * 10**9, 3).settings(tmp_path, 16)
    assert (settings["memory_limit"], settings["threads"]) == ("875MB", 3)
    assert settings["temp_directory"] == str(tmp_path / "spill")


@pytest.mark.slow
def test_with_little_memory_duckdb_spills_and_the_store_is_the_same(tmp_path, monkeypatch):
    users = 500_000  # so that the table that maps their ids does not fit
    (source := tmp_path / "events").mkdir()
    rng = np.random.default_rng(0)
    parquet.write_table(pa.table({"item_id": [1, 2, 3], "title": ["One", "Two", "Three"]}), source / "items.parquet")
    times = {"item_id": rng.integers(1, 4, 2 * users), "timestamp": 10**9 + np.arange(2 * users)}
    table = pa.table({"user_id": rng.permutation(np.repeat(np.arange(users), 2)), **times})
    parquet.write_table(table, source / "interactions.parquet", row_group_size=100_000)
    expected = prepare(str(source), tmp_path / "much", shards=4, memory=MEMORY, threads=1).store

    events, spilled = local.part_events, []

    def watched(plan):
        for batch in events(plan):
            spilled.extend((tmp_path / "little" / ".work" / "spill").glob("*"))
            yield batch

    monkeypatch.setattr(local, "part_events", watched)
    little = PROGRAM_BYTES + 64 * 10**6  # of which DuckDB gets half
    store = prepare(str(source), tmp_path / "little", shards=4, memory=little, threads=1).store
    assert spilled
    assert files_of(store.folder) == files_of(expected.folder)

    least = PROGRAM_BYTES + 8 * 10**6
    with pytest.raises(DatasetError, match="--memory is too little to divide the events"):
        prepare(str(source), tmp_path / "least", shards=20, memory=least, threads=1)


def test_parts_are_row_groups(log):
    parts = find_parts(find_tables(log)["interactions"])
    assert [(part.path.name, part.row_group, part.first_row) for part in parts] == [
        *(("000.parquet", 0, 0), ("001.parquet", 0, 0), ("002.parquet", 0, 0)),
    ]
