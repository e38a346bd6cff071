"""``prepare`` on small folders: what comes of them, how names and types are read, and what bad input is told."""

import gzip
import json
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import csv, parquet

from bst.cli import main
from bst.errors import BSTError, ConfigError, DatasetError, MissingPackageError
from bst.optional import require
from bst.preparation import Prepared
from bst.preparation import prepare as prepare_store
from bst.preparation.memory import least_shards, parse_size, usual_shards
from bst.store import Store, sample
from tests.scale.events import INTERACTIONS, ITEMS, USERS, files_of, write_source

pytest.importorskip("duckdb")
MEMORY = 10**9


def prepare(source, out, engine="local", **options) -> Prepared:
    return prepare_store(str(source), out, engine, **{"memory": MEMORY, "shards": 2, **options})


@pytest.fixture
def source(tmp_path):
    return write_source(tmp_path / "events")


def _events(store: Store) -> list[tuple]:
    """Return (user id, item id, stars, timestamp) of all events, in the order of shards and rows."""
    users, items, levels = store.users["user_id"], store.items["item_id"], store.manifest.levels
    return [
        (users[row["user"]], items[row["item"]], levels[row["level"]], row["timestamp"])
        for shard in store.shards()
        for row in shard.to_pylist()
    ]


def test_a_folder_becomes_a_store(source, tmp_path):
    store = prepare(source, tmp_path / "store").store
    # users ascend, items keep the order of their file; ties are in the order of the file: b before a
    assert store.users["user_id"].tolist() == [3, 9, 40]
    assert store.items["item_id"].tolist() == ["b", "a", "c"]
    assert store.items["tags"].tolist() == ["x|y", "x", ""]
    assert store.items["year"].fillna(0).tolist() == [1990, 0, 2001]
    assert _events(store) == [
        *((3, "a", 5.0, 1000000050), (3, "c", 2.0, 1000000050), (40, "b", 5.0, 1000000300)),
        *((9, "c", 3.5, 1000000000), (9, "b", 4.0, 1000000100), (9, "a", 1.0, 1000000100)),
    ]
    assert store.manifest.levels == (1.0, 2.0, 3.5, 4.0, 5.0)
    assert store.users["country"].tolist()[0::2] == ["DE", "NO"]
    assert store.users["country"].isna().tolist() == [False, True, False]
    assert store.domain.demographics["age"].values == (20, 30)
    assert store.domain.tag_values == ("x", "y")
    assert store.domain.rated
    assert sorted(path.name for path in store.folder.iterdir()) == [
        *("items.parquet", "manifest.json", "shards", "users.parquet")
    ]


def _parquet_copy(source, folder, split=1):
    """Write the same tables as Parquet, the interactions as so many files."""
    (folder / "interactions").mkdir(parents=True)
    for name in ("items", "users"):
        parquet.write_table(csv.read_csv(source / f"{name}.csv"), folder / f"{name}.parquet")
    table = csv.read_csv(source / "interactions.csv")
    for number, part in enumerate(np.array_split(np.arange(len(table)), split)):
        parquet.write_table(table.take(pa.array(part)), folder / "interactions" / f"{number}.parquet", row_group_size=2)
    return folder


def test_csv_and_parquet_in_any_number_of_files_give_the_same_bytes(source, tmp_path):
    expected = files_of(prepare(source, tmp_path / "csv").store.folder)
    whole = prepare(_parquet_copy(source, tmp_path / "one"), tmp_path / "a").store.folder
    split = prepare(_parquet_copy(source, tmp_path / "three", 3), tmp_path / "b").store.folder
    (packed := tmp_path / "packed").mkdir()
    for name, text in (("interactions", INTERACTIONS), ("items", ITEMS), ("users", USERS)):
        (packed / f"{name}.csv.gz").write_bytes(gzip.compress(text.encode()))
    gzipped = prepare(packed, tmp_path / "c").store.folder
    for folder in (whole, split, gzipped):
        found = files_of(folder)
        assert {**found, "manifest.json": b""} == {**expected, "manifest.json": b""}


def test_names_of_other_programs_and_other_times(tmp_path):
    text = "USER_ID;itemId;weight;datetime\nu2;7;10;2020-01-01T00:00:01\nu10;8;0;2020-01-01 00:00:00\n"
    items = "movieId;name;genres\n8;Eight;x\n7;Seven;\n"
    store = prepare(write_source(tmp_path / "e", interactions=text, items=items, users=""), tmp_path / "s").store
    # texts are in the order of their letters; 0 … 10 becomes 1 … 5
    assert _events(store) == [("u10", 8, 1.0, 1577836800), ("u2", 7, 5.0, 1577836801)]


def test_a_row_column_orders_ties(tmp_path):
    text = "user_id,item_id,timestamp,row\n1,a,1000000000,2\n1,b,1000000000,1\n1,c,1000000000,3\n"
    store = prepare(write_source(tmp_path / "e", interactions=text, users=""), tmp_path / "s").store
    assert [event[1] for event in _events(store)] == ["b", "a", "c"]
    assert not store.domain.rated
    assert store.manifest.levels == (5.0,)


def test_where_rows_are_sorted_by_item_ties_are_drawn(tmp_path):
    rows = [(u, i, 1000000000) for u in range(1, 4) for i in range(20)]
    text = "user_id,item_id,timestamp\n" + "".join(f"{u},{i},{t}\n" for u, i, t in rows)
    items = "item_id,title\n" + "".join(f"{i},Item {i}\n" for i in range(20))
    store = prepare(write_source(tmp_path / "e", interactions=text, items=items, users=""), tmp_path / "s").store
    assert store.manifest.tie_order == "drawn"
    orders = [[event[1] for event in _events(store) if event[0] == user] for user in (1, 2, 3)]
    assert all(sorted(order) == list(range(20)) != order for order in orders)
    assert orders[0] != orders[1]


def test_a_later_event_of_the_same_item_takes_the_place_of_an_earlier_one(tmp_path):
    text = INTERACTIONS + "3,a,1,1000000900\n3,c,2,1000000010\n"
    store = prepare(write_source(tmp_path / "e", interactions=text), tmp_path / "s").store
    assert [event for event in _events(store) if event[0] == 3] == [
        *((3, "c", 2.0, 1000000050), (3, "a", 1.0, 1000000900)),
    ]
    assert (store.manifest.events, store.manifest.duplicates) == (6, 2)


def test_users_without_events_are_left_out_and_unknown_ones_are_taken(tmp_path):
    store = prepare(
        write_source(tmp_path / "e", users="user_id,Home country\n77,DE\n40,NO\n3,\n"), tmp_path / "s"
    ).store
    assert store.users["user_id"].tolist() == [3, 9, 40]
    assert store.users["home_country"].isna().tolist() == [True, True, False]
    assert store.manifest.notes == (
        "Users of whom only interactions are known: 1.",
        "Users without interactions, who are left out: 1.",
    )


def test_ids_that_are_texts_are_numbers_in_a_dataset(source, tmp_path):
    dataset = sample(prepare(source, tmp_path / "store").store, 100)
    assert dataset.movies["movie_id"].tolist() == [1, 2, 3]
    assert dataset.movies["original_id"].tolist() == ["b", "a", "c"]
    assert dataset.users["user_id"].tolist() == [3, 9, 40]


HEADER = "user_id,item_id,rating,timestamp\n"
BAD = {
    "no item": (
        {"interactions": HEADER + "3,a,4,1000000000\n3,zz,4,1000000000\n"},
        r"csv, line 3: item 'zz' is not in items",
    ),
    "no user": (
        {"interactions": HEADER + "5,a,4,1000000000\n"},
        "none of the users of the interactions, 5 say, is in users",
    ),
    "null user": ({"interactions": HEADER + ",a,4,1000000000\n"}, "line 2: user_id is missing"),
    "null item": ({"interactions": HEADER + "3,,4,1000000000\n"}, "line 2: item_id is missing"),
    "null time": ({"interactions": HEADER + "3,a,4,1000000000\n3,b,4,\n"}, "line 3: timestamp is missing"),
    "text for a time": (
        {"interactions": HEADER + "3,a,4,1000000000\n3,b,4,yesterday\n"},
        "line 3: timestamp 'yesterday' cannot be read. Write the time in seconds",
    ),
    "milliseconds": (
        {"interactions": HEADER + "3,a,4,1000000000000\n"},
        "line 2: timestamp 1000000000000 looks like milli",
    ),
    "old": ({"interactions": HEADER + "3,a,4,12\n"}, "line 2: timestamp 12 lies outside 1995–2099"),
    "text for a rating": ({"interactions": HEADER + "3,a,good,1000000000\n"}, "line 2: rating 'good' cannot be read"),
    "rating not finite": ({"interactions": HEADER + "3,a,inf,1000000000\n"}, "line 2: rating inf is no number"),
    "negative scale": (
        {"interactions": HEADER + "".join(f"3,a,{n},1000000000\n" for n in range(-6, 6))},
        "there are 12 different ones, from -6 to 5; round them",
    ),
    "text for a user": (
        {"interactions": HEADER + "3,a,4,1000000000\nx,a,4,1000000000\n"},
        "line 3: user_id 'x' is no whole",
    ),
    "fields": (
        {"interactions": HEADER + "3,a,4,1000000000\n3,a\n"},
        "cannot be read as CSV: .*Expected 4 columns, got 2: 3,a",
    ),
    "no column": (
        {"interactions": "user_id,rating,timestamp\n3,4,1\n"},
        "has no column item_id: rename the one meant; it has user_id, rating",
    ),
    "column twice": ({"interactions": "user_id,userId,item_id,timestamp\n"}, "has the column user_id twice"),
    "empty": ({"interactions": HEADER}, "has no interactions"),
    "no interactions": ({"interactions": ""}, "has no interactions: add interactions.csv"),
    "no items": ({"items": ""}, "has no items: add items.csv"),
    "item twice": ({"items": ITEMS + "a,Again,,\n"}, "item_id 'a' is there more than once"),
    "no title": ({"items": "item_id,title\na,\n"}, "items.csv, line 2: title is missing"),
    "no title column": ({"items": "item_id\na\n"}, "items.csv has no column title"),
    "user twice": ({"users": USERS + "3,DE,20\n"}, "user_id 3 is there more than once"),
    "names as categories": (
        {"users": "user_id,name\n" + "".join(f"{n},Name {n}\n" for n in range(300))},
        "users.csv: name has 300 different values; a model reads 200 at most",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_told_in_one_line_and_leaves_no_store(case, tmp_path):
    tables, message = BAD[case]
    source = write_source(tmp_path / "events", **tables)
    with pytest.raises(DatasetError, match=message) as error:
        prepare(source, tmp_path / "store")
    assert "\n" not in str(error.value)
    with pytest.raises(DatasetError, match=r"unfinished|no prepared store"):
        Store.open(tmp_path / "store")
    # the mended source goes into the same folder
    mended = write_source(tmp_path / "mended")
    assert prepare(mended, tmp_path / "store", overwrite=(tmp_path / "store").exists()).store.manifest.events == 6


def test_bad_values_in_parquet_name_their_row(source, tmp_path):
    folder = _parquet_copy(source, tmp_path / "parquet", 2)
    path = folder / "interactions" / "1.parquet"
    table = parquet.read_table(path)
    bad = table.column("timestamp").to_pylist()
    bad[2] = None
    at = table.column_names.index("timestamp")
    parquet.write_table(table.set_column(at, "timestamp", pa.array(bad)), path, row_group_size=2)
    with pytest.raises(DatasetError, match=r"1\.parquet, row 2: timestamp is missing"):
        prepare(folder, tmp_path / "store")


def test_both_formats_at_once_are_refused(source, tmp_path):
    (source / "interactions").mkdir()
    parquet.write_table(pa.table({"user_id": [1]}), source / "interactions" / "0.parquet")
    with pytest.raises(DatasetError, match="interactions both as CSV and as Parquet"):
        prepare(source, tmp_path / "store")


def test_a_finished_store_is_kept_and_nothing_else_is_overwritten(source, tmp_path):
    store = prepare(source, tmp_path / "store").store
    before = files_of(store.folder)
    assert prepare(source, store.folder).resumed == 2
    with pytest.raises(DatasetError, match="is a store of another source"):
        prepare(source, store.folder, shards=3)
    (source / "interactions.csv").write_text(INTERACTIONS + "40,c,3,1000000400\n")
    with pytest.raises(DatasetError, match="this one before it changed"):
        prepare(source, store.folder)
    assert files_of(store.folder) == before
    assert prepare(source, store.folder, overwrite=True).store.manifest.events == 7
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.txt").write_text("mine")
    for overwrite in (False, True):
        with pytest.raises(DatasetError, match="is there and is no store"):
            prepare(source, tmp_path / "thesis", overwrite=overwrite)


def test_settings_that_cannot_be_are_told(source, tmp_path):
    for text in ("much", "-2GB", "1", "100MB", "2 GB of it"):
        with pytest.raises(ConfigError, match="memory"):
            parse_size(text)
    for options in ({"shards": 0}, {"threads": 0}, {"engine": "spark"}):
        with pytest.raises(ConfigError):
            prepare(source, tmp_path / "store", **options)
    with pytest.raises(DatasetError, match="is no folder"):
        prepare(tmp_path / "nothing", tmp_path / "store")
    assert not (tmp_path / "store").exists()


def test_shards_follow_from_the_memory():
    assert usual_shards(1000, MEMORY) == 16
    # ten times the events or a tenth of what is left of the memory ask for ten times the shards
    assert least_shards(10**9, 2 * 10**9) == 92
    assert usual_shards(10**9, 2 * 10**9) == 183


def test_too_few_shards_for_the_memory_are_refused(source, tmp_path, monkeypatch):
    monkeypatch.setattr("bst.preparation.memory.EVENT_BYTES", 10**9)
    with pytest.raises(ConfigError, match="6 events in 2 shards do not fit this memory: take 8 shards or more"):
        prepare(source, tmp_path / "store")


def test_a_missing_package_is_named():
    with pytest.raises(
        MissingPackageError, match=r"^Flying needs the package wings: make scale, or pip install -r requirements-scale"
    ):
        require("wings.left", "Flying")


@pytest.mark.slow
def test_bst_starts_without_the_optional_packages():
    code = "import sys, bst.cli.parser; print([m for m in ('duckdb', 'ray') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_the_command_answers_and_refuses(source, tmp_path, capsys):
    arguments = ["prepare", str(source), "--out", str(tmp_path / "store"), "--shards", "2"]
    assert main([*arguments, "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["events"], answer["users"], answer["items"], len(answer["shards"])) == (6, 3, 3, 2)
    assert main(arguments) == 0
    assert "6 events of 3 users and 3 items are in" in (said := capsys.readouterr().out)
    assert "in 2 shards, of which 2 were there already" in said
    assert main([*arguments[:-1], "3"]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert issubclass(MissingPackageError, BSTError)
