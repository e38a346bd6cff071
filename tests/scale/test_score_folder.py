"""A folder of lists: every user once, resumable, of one model."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet

from bst.batch_scoring import DatasetSource, StoreSource, score
from bst.bundles.bundle import open_bundle
from bst.cli import main
from bst.errors import ConfigError, DatasetError
from bst.files import InUseError, locked
from bst.inference.ranking import RankOptions
from bst.inference.recommender import Recommender
from bst.schema import Visitor
from bst.store import Store, write_store
from tests.scale.audience import visitors_of

SHARDS = 6


@pytest.fixture(scope="module")
def source(audience) -> DatasetSource:
    return DatasetSource(audience, SHARDS)


@pytest.fixture(scope="module")
def store(audience, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("stores") / "audience"
    write_store(audience, folder, SHARDS)
    return folder


@pytest.fixture(scope="module")
def scored(source, tmp_path_factory) -> Path:
    """The lists of the audience in the default order."""
    out = tmp_path_factory.mktemp("lists") / "like"
    score(open_bundle("demo"), source, out, workers=1)
    return out


def lists_in(folder: Path) -> pd.DataFrame:
    """Return all rows of a folder, by user and rank."""
    frames = [parquet.read_table(file).to_pandas() for file in sorted(folder.glob("*.parquet"))]
    return pd.concat(frames).sort_values(["user_id", "rank"], ignore_index=True)


def test_every_user_has_the_list_of_the_app_once(audience, demo_model, scored):
    lists = lists_in(scored)
    assert lists.dtypes.astype(str).to_dict() == {
        "user_id": "int64",
        "item_id": "int64",
        "score": "float32",
        "rank": "int32",
    }
    assert not lists.duplicated(["user_id", "rank"]).any()
    visitors = visitors_of(audience, demo_model.bundle, demo_model.max_history)
    for user_id, visitor in zip(audience.users["user_id"], visitors, strict=True):
        rows = lists[lists["user_id"] == user_id]
        single = demo_model.rank(visitor, 10)
        assert rows["item_id"].tolist() == [one.movie_id for one in single]
        assert rows["rank"].tolist() == list(range(1, len(single) + 1))
        np.testing.assert_allclose(rows["score"], [one.will_like for one in single], atol=1e-5)
        assert not set(rows["item_id"]) & visitor.all_seen


def test_nobody_gets_the_list_of_an_unknown_visitor(demo_model, scored):
    lists = lists_in(scored)
    unknown = demo_model.rank(Visitor(), 10)
    assert lists.loc[lists["user_id"] == 999_999, "item_id"].tolist() == [one.movie_id for one in unknown]


@pytest.mark.parametrize("order", ["rating", "blend"])
def test_a_store_and_a_dataset_give_the_same_shards(order, source, store, tmp_path):
    bundle = open_bundle("demo")
    for name, users in (("dataset", source), ("store", StoreSource(Store.open(store)))):
        score(bundle, users, tmp_path / name, order=order, k=3, workers=1)
    pairs = [sorted((tmp_path / name).glob("*.parquet")) for name in ("dataset", "store")]
    assert len(pairs[0]) == len(pairs[1]) == SHARDS
    for mine, other in zip(*pairs, strict=True):
        assert parquet.read_table(mine).equals(parquet.read_table(other))


def test_what_is_there_is_not_scored_again(source, scored, tmp_path):
    bundle, reports = open_bundle("demo"), []
    again = score(bundle, source, scored, workers=1, on_progress=lambda *done: reports.append(done))
    assert (again.scored_users, again.scored_shards, reports) == (0, 0, [(41, 41)])
    before = lists_in(scored)
    files = sorted(scored.glob("*.parquet"))
    kept = files[0].stat().st_mtime_ns
    files[1].unlink()
    files[2].write_bytes(files[2].read_bytes()[:-20])  # torn
    parquet.write_table(pa.table({"user_id": [1]}), files[3])  # somebody else's
    resumed = score(bundle, source, scored, workers=1)
    assert (resumed.users, resumed.scored_shards, resumed.rows) == (41, 3, len(before))
    assert files[0].stat().st_mtime_ns == kept
    pd.testing.assert_frame_equal(lists_in(scored), before)


def test_lists_of_different_models_are_never_mixed(audience, source, scored, tmp_path):
    bundle = open_bundle("demo")
    for problem, arguments in {
        "of another model": (open_bundle("demo-compact"), source, {"order": "rating"}),
        "order like, not next": (bundle, source, {"order": "next"}),
        "k 10, not 5": (bundle, source, {"k": 5}),
        "shards 6, not 4": (bundle, DatasetSource(audience, 4), {}),
    }.items():
        whose, users, options = arguments
        with pytest.raises(ConfigError, match=f"{problem}.*--out"):
            score(whose, users, scored, workers=1, **options)
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(ConfigError, match="holds no lists: name a new folder"):
        score(bundle, source, tmp_path, workers=1)


def test_other_events_are_another_plan(audience, source, scored):
    changed = replace(audience, ratings=audience.ratings.iloc[:-1])
    assert DatasetSource(audience, SHARDS).fingerprint == source.fingerprint
    with pytest.raises(ConfigError, match="of other users or events"):
        score(open_bundle("demo"), DatasetSource(changed, SHARDS), scored, workers=1)


def test_bad_input_is_refused_in_one_line(audience, source, tmp_path, capsys):
    bundle = open_bundle("demo")
    with pytest.raises(ConfigError, match="cannot order by 'fame'"):
        score(bundle, source, tmp_path / "a", order="fame")
    with pytest.raises(ConfigError, match="no engine 'spark'"):
        score(bundle, source, tmp_path / "a", engine="spark")
    with pytest.raises(ConfigError, match="1 item or more"):
        score(bundle, source, tmp_path / "a", k=0)
    with pytest.raises(ConfigError, match="1 … 41 shards, not 50"):
        DatasetSource(audience, 50)
    half_stars = replace(audience, levels=(0.5, *audience.levels))
    with pytest.raises(DatasetError, match="was trained on"):
        score(bundle, DatasetSource(half_stars, 2), tmp_path / "a")
    assert not (tmp_path / "a").exists()
    assert main(["score", "--bundle", "demo", "--store", str(tmp_path / "none"), "--out", str(tmp_path / "a")]) == 2
    assert "is no prepared store" in capsys.readouterr().err


def test_one_program_at_a_time(source, tmp_path):
    with locked(tmp_path / "lists"), pytest.raises(InUseError, match="another program"):
        score(open_bundle("demo"), source, tmp_path / "lists", workers=1)


@pytest.mark.slow
def test_two_processes_write_what_one_writes(audience, scored, tmp_path):
    write_store(audience, tmp_path / "store", 4)
    command = ["score", "--bundle", "demo", "--store", str(tmp_path / "store"), "--out", str(tmp_path / "lists")]
    command = [sys.executable, "-m", "bst", *command, "--workers", "2", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300)
    assert json.loads(done.stdout)["users"] == 41
    pd.testing.assert_frame_equal(lists_in(tmp_path / "lists"), lists_in(scored))


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_a_killed_run_goes_on(workers, audience, scored, tmp_path, capsys):
    folder, out = tmp_path / "store", tmp_path / "lists"
    write_store(audience, folder, 41)  # a user a shard, so that the kill comes in between
    command = ["score", "--bundle", "demo", "--store", str(folder), "--out", str(out), "--workers", str(workers)]
    process = subprocess.Popen([sys.executable, "-m", "bst", *command], stderr=subprocess.DEVNULL)
    limit = time.monotonic() + 300
    while not list(out.glob("*.parquet")) and time.monotonic() < limit:
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    there = {file.name: file.stat().st_mtime_ns for file in out.glob("*.parquet")}
    assert 0 < len(there) < 41
    assert main([*command[:-1], "1"]) == 0
    assert "41 users" in capsys.readouterr().out
    pd.testing.assert_frame_equal(lists_in(out), lists_in(scored))
    # a worker may have finished its shard after the kill; what was there is as it was
    assert {name: (out / name).stat().st_mtime_ns for name in there} == there
    assert not [file for file in out.iterdir() if file.suffix != ".parquet" and file.name != "manifest.json"]


@pytest.mark.real_data
@pytest.mark.slow
def test_movielens_users_have_the_lists_of_the_app(ml_1m, tmp_path):
    users = 30
    some = replace(
        ml_1m, users=ml_1m.users.iloc[:users], ratings=ml_1m.ratings[ml_1m.ratings["user"] < users].reset_index()
    )
    bundle = open_bundle("ml-1m")
    recommender = Recommender.load(bundle, ml_1m)
    visitors = visitors_of(some, bundle, recommender.max_history)
    for order in recommender.orders:
        out = tmp_path / order
        score(bundle, DatasetSource(some, 3), out, order=order, workers=1)
        lists = lists_in(out)
        for user_id, visitor in zip(some.users["user_id"], visitors, strict=True):
            single = recommender.rank(visitor, 10, RankOptions(order=order))
            found = lists.loc[lists["user_id"] == user_id, "item_id"].tolist()
            assert found == [one.movie_id for one in single]
