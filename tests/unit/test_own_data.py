"""Datasets of one's own: each spelling by hand, what is refused and where, and what is kept."""

import gzip
import json
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from bst import datasets
from bst.cli import main
from bst.datasets import own
from bst.domain import MOST_VALUES, Domain
from bst.errors import ConfigError, DatasetError
from bst.schema import Dataset

# the same three people and three books in every spelling
LINES = "ann,dune,1000000000,5\nbob,emma,1000000060,2\nann,emma,1000000120,4\n"
EVENTS = "user_id,item_id,timestamp,rating\n" + LINES
ITEMS = "item_id,title,tags,year\ndune,Dune,Sci-Fi|Classic,1965\nemma,Emma,Classic,1815\nulysses,Ulysses,,1922\n"
USERS = "user_id,country,age\nann,DE,30\nbob,,20\n"


def folder_of(tmp_path: Path, **files: str) -> Path:
    """Write files, given by their names with _ for the point, and return their folder."""
    folder = tmp_path / "shop"
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / name.replace("_", ".")).write_text(text, "utf-8")
    return folder


@pytest.fixture
def shop(tmp_path):
    return folder_of(tmp_path, interactions_csv=EVENTS, items_csv=ITEMS, users_csv=USERS)


def read(folder: Path, **options) -> Dataset:
    return own.read_own(folder, "shop", **options)


def events_of(dataset) -> list[tuple]:
    """Return (user's id, item's id, stars, seconds) as the files have them."""
    users = dataset.users.get("original_id", dataset.users["user_id"]).tolist()
    items = dataset.movies.get("original_id", dataset.movies["movie_id"]).tolist()
    rows = dataset.ratings.itertuples(index=False)
    return [(users[row.user], items[row.movie], row.rating, row.timestamp) for row in rows]


EXPECTED = [("ann", "dune", 5, 1_000_000_000), ("bob", "emma", 2, 1_000_000_060), ("ann", "emma", 4, 1_000_000_120)]


def test_three_tables_by_hand(shop):
    dataset = read(shop)
    assert events_of(dataset) == EXPECTED
    assert dataset.levels == (2.0, 4.0, 5.0)
    assert dataset.movies["title"].tolist() == ["Dune (1965)", "Emma (1815)", "Ulysses (1922)"]
    assert dataset.movies["year"].tolist() == [1965, 1815, 1922]
    assert dataset.movies["genres"].tolist() == ["Sci-Fi|Classic", "Classic", ""]
    assert dataset.movies["movie_id"].tolist() == [1, 2, 3]
    domain = dataset.domain
    assert domain.tag_values == ("Classic", "Sci-Fi")
    assert {name: one.values for name, one in domain.demographics.items()} == {"age": (20, 30)}, (
        "one country tells nothing"
    )
    assert dataset.users["age"].tolist() == [30, 20]
    assert (domain.item, domain.rated, dataset.has_times) == ("item", True, True)
    assert dataset.notes == ("Column country in users.csv does not distinguish users: it is not read.",)


def test_whole_numbers_stay_ids(tmp_path):
    dataset = read(folder_of(tmp_path, interactions_csv="user_id,item_id\n7,30\n9,4\n"))
    assert dataset.movies["movie_id"].tolist() == [4, 30]
    assert dataset.users["user_id"].tolist() == [7, 9]
    assert dataset.movies["title"].tolist() == ["4", "30"]
    assert "original_id" not in dataset.movies
    assert not dataset.has_times
    assert not dataset.domain.rated


SPELLINGS = {
    "MovieLens": {
        "ratings_csv": "userId,movieId,timestamp,rating\n" + LINES,
        "movies_csv": "movieId,title,genres\ndune,Dune (1965),Sci-Fi|Classic\nemma,Emma (1815),Classic\n"
        "ulysses,Ulysses (1922),(no genres listed)\n",
    },
    "Microsoft Recommenders": {
        "interactions_csv": "userID,itemID,timestamp,rating\n" + LINES.replace(",5\n", ",5.0\n"),
        "items_csv": ITEMS.replace("item_id", "itemID"),
    },
    "RecTools": {
        "interactions_csv": "user_id,item_id,weight,datetime\nann,dune,5,2001-09-09T01:46:40\n"
        "bob,emma,2,2001-09-09T01:47:40\nann,emma,4,2001-09-09 01:48:40\n",
        "items_csv": ITEMS,
    },
    "Personalize": {
        "interactions_csv": "USER_ID,ITEM_ID,EVENT_TYPE,EVENT_VALUE,TIMESTAMP\nann,dune,rate,5,1000000000\n"
        "bob,emma,rate,2,1000000060\nann,emma,rate,4,1000000120\n",
        "items_csv": "ITEM_ID,TITLE,GENRES,YEAR\n" + ITEMS.split("\n", 1)[1],
    },
    "RecBole": {
        "shop_inter": "user_id:token\titem_id:token\trating:float\ttimestamp:float\nann\tdune\t5\t1000000000.0\n"
        "bob\temma\t2\t1000000060.0\nann\temma\t4\t1000000120.0\n",
        "shop_item": "item_id:token\tmovie_title:token_seq\trelease_year:token\tclass:token_seq\n"
        "dune\tDune\t1965\tSci-Fi Classic\nemma\tEmma\t1815\tClassic\nulysses\tUlysses\t1922\t\n",
        "shop_user": "user_id:token\tage:token\nann\t30\nbob\t20\n",
    },
    "semicolons": {"interactions_csv": EVENTS.replace(",", ";"), "items_csv": ITEMS},
    "milliseconds": {
        "interactions_csv": EVENTS.replace("00,", "00000,").replace("60,", "60000,").replace("20,", "20000,"),
        "items_csv": ITEMS,
    },
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_other_programs_spellings(tmp_path, spelling):
    dataset = read(folder_of(tmp_path, **SPELLINGS[spelling]))
    assert events_of(dataset) == EXPECTED
    assert dataset.movies["title"].tolist() == ["Dune (1965)", "Emma (1815)", "Ulysses (1922)"]
    assert dataset.movies["genres"].tolist() == ["Sci-Fi|Classic", "Classic", ""]
    if spelling == "RecBole":
        assert dataset.users["age"].tolist() == [30, 20]


def test_parquet_and_gzip(tmp_path):
    folder = folder_of(tmp_path)
    (folder / "items.csv.gz").write_bytes(gzip.compress(ITEMS.encode()))
    table = {"user_id": ["ann", "bob", "ann"], "item_id": ["dune", "emma", "emma"], "rating": [5.0, 2.0, 4.0]}
    times = pa.array([1_000_000_000, 1_000_000_060, 1_000_000_120], pa.timestamp("s"))
    pyarrow.parquet.write_table(pa.table(table | {"timestamp": times}), folder / "interactions.parquet")
    assert events_of(read(folder)) == EXPECTED


def test_rows_order_ties_and_repeated_events_are_kept_once(tmp_path):
    lines = "ann,dune,50,5,3\nann,emma,50,4,1\nann,dune,50,2,2\nbob,dune,60,3,4\n"
    dataset = read(folder_of(tmp_path, interactions_csv="user_id,item_id,timestamp,rating,row\n" + lines))
    assert events_of(dataset) == [("ann", "emma", 4, 50), ("ann", "dune", 5, 50), ("bob", "dune", 3, 60)]
    repeated = "1 of 4 events repeat one of the same user with the same item: the last of each is kept."
    assert repeated in dataset.notes


@pytest.mark.parametrize(
    ("ratings", "stars", "note"),
    [
        ([0.5, 3.5, 5], [0.5, 3.5, 5], None),
        ([1, 5, 10], [1, 3, 5], "1 became 1 ★ and 10 became 5 ★, rounded to whole stars"),
        (range(1, 11), [0.5 * n for n in range(1, 11)], "1 became 0.5 ★ and 10 became 5 ★, rounded to half stars"),
        ([0, 1], [1, 5], "0 became 1 ★ and 1 became 5 ★"),
        ([-1, 0, 1], [1, 3, 5], "-1 became 1 ★"),
        # eleven values on a scale of 100; 7 of 100 is 0.35 of 5, and 0.5 is the least
        (range(7, 84, 7), [0.5, 0.5, 1, 1.5, 2, 2, 2.5, 3, 3, 3.5, 4], "on a scale from 0 to 100"),
    ],
)
def test_ratings_become_stars(tmp_path, ratings, stars, note):
    lines = "".join(f"ann,i{i:02},{i},{rating}\n" for i, rating in enumerate(ratings))
    dataset = read(folder_of(tmp_path, interactions_csv="user_id,item_id,timestamp,rating\n" + lines))
    assert dataset.ratings["rating"].tolist() == list(stars)
    assert dataset.levels == tuple(sorted(set(stars)))
    assert any(note in sentence for sentence in dataset.notes) if note else len(dataset.notes) == 2


def test_without_ratings_an_event_is_all_that_is_known(tmp_path):
    dataset = read(folder_of(tmp_path, interactions_csv="user_id,item_id,timestamp\nann,dune,1\nbob,emma,2\n"))
    assert not dataset.domain.rated
    assert dataset.levels == (5.0,)
    again = read(folder_of(tmp_path, interactions_csv="user_id,item_id,rating\nann,dune,1\nbob,emma,1\n"))
    assert not again.domain.rated
    ignored = read(folder_of(tmp_path, interactions_csv=EVENTS), ignore_ratings=True)
    assert not ignored.domain.rated


def test_items_and_users_that_only_events_have(tmp_path):
    events = EVENTS + "cem,ivanhoe,1000000200,3\n"
    dataset = read(folder_of(tmp_path, interactions_csv=events, items_csv=ITEMS, users_csv=USERS + "dan,FR,20\n"))
    assert dataset.movies["title"].tolist()[-1] == "ivanhoe"
    assert dataset.users["original_id"].tolist() == ["ann", "bob", "cem"]
    assert dataset.users["age"].isna().tolist() == [False, False, True]
    assert "1 items are in interactions.csv and not in items.csv: their titles are their ids." in dataset.notes
    assert "1 users in users.csv have no event and are left out." in dataset.notes


def test_names_of_a_domain(tmp_path):
    names = {
        "title": "Corner shop",
        "item": "book",
        "items": "books",
        "consume": "read",
        "consumed": "read",
        "simulated": True,
        "columns": {"age": {"label": "age band", "values": {"30": "30 and over", "20": "under 30"}}},
    }
    dataset = read(folder_of(tmp_path, interactions_csv=EVENTS, users_csv=USERS, domain_json=json.dumps(names)))
    assert (dataset.title, dataset.domain.items, dataset.simulated) == ("Corner shop", "books", True)
    age = dataset.domain.demographics["age"]
    assert (age.label, dict(age.labels)) == ("age band", {30: "30 and over", 20: "under 30"})


def test_columns_with_too_many_values_are_left_out(tmp_path):
    count = MOST_VALUES + 1
    events = "user_id,item_id\n" + "".join(f"u{i},x\n" for i in range(count))
    users = "user_id,zip,group\n" + "".join(f"u{i},z{i},{'ab'[i % 2]}\n" for i in range(count))
    dataset = read(folder_of(tmp_path, interactions_csv=events, users_csv=users))
    assert list(dataset.domain.demographics) == ["group"]
    assert f"Column zip in users.csv has {count} different values, of 200 at most: it is not read." in dataset.notes


# ---- what is refused, and where


def files(interactions: str | None = EVENTS, **others: str) -> dict[str, str]:
    """Return the texts of files by their names, with _ for the point."""
    return ({} if interactions is None else {"interactions_csv": interactions}) | others


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        (files(EVENTS + "cem,dune,soon,4\n"), "interactions.csv, line 5: timestamp 'soon' is not a number"),
        (files(EVENTS + "cem,dune,2001-13-01,4\n"), "line 5: timestamp '2001-13-01' is not a number"),
        (files("user_id,item_id,time\na,b,2001-02-30\n"), "line 2: time '2001-02-30' is not a date"),
        (files(EVENTS.replace("1000000060", "")), r"line 3: timestamp is empty\. Fill it in"),
        (files(EVENTS.replace("1000000060", "-5")), "line 3: timestamp '-5' lies outside 1970–2099"),
        (files("user_id,,item_id\n"), "line 1: column 2 has no name"),
        (files("user_id,item_id,item_id\n"), "line 1: column 3 is called 'item_id' like another one"),
        # empty lines are no rows, and are counted
        (files("\n" + EVENTS.replace("bob", "\n\nbob").replace("60,2", "60,2★")), "line 6: rating '2★' is not"),
        (files(EVENTS.replace("bob,", ",")), "line 3: user_id is empty"),
        (files(EVENTS.replace("bob,emma", "bob,em,ma")), "line 3: 5 fields instead of 4, in 'bob,em,ma"),
        (files("user_id,timestamp\nann,1\n"), "line 1: no column item_id, only 'user_id', 'timestamp'"),
        (files("user_id,item_id\n"), "has no events"),
        (files(""), "is empty"),
        (files(items_csv=ITEMS + "dune,Dune,,\n"), "items.csv, line 5: item_id 'dune' is a duplicate"),
        (files(items_csv="item_id,title\n1,Dune\n"), "items.csv has none of the ids in interactions.csv"),
        (files(users_csv="user_id,A b,a_b\nann,1,2\n"), "'a_b' is too much like another column"),
        (files(domain_json='{"itm": "book"}'), "domain.json: 'itm' is unknown; use: title, item"),
        (files(domain_json='{"item": ""}'), "domain.json: item is ''; write a text"),
        (files(None, items_csv=ITEMS), "has no interactions; it needs interactions.csv"),
    ],
)
def test_what_cannot_be_used_is_named_with_its_line(tmp_path, texts, words):
    with pytest.raises(DatasetError, match=words):
        read(folder_of(tmp_path, **texts))


def test_ratings_that_are_no_ratings_are_refused(tmp_path):
    lines = "".join(f"ann,i{i},{i},{i * i * 7}\n" for i in range(20))
    with pytest.raises(DatasetError, match=r"line 6: rating 112 is on no scale .* --ignore-ratings"):
        read(folder_of(tmp_path, interactions_csv="user_id,item_id,timestamp,rating\n" + lines))


def test_text_that_is_not_utf8(tmp_path):
    folder = folder_of(tmp_path)
    (folder / "interactions.csv").write_bytes("user_id,item_id\nJosé,dune\n".encode("latin-1"))
    with pytest.raises(DatasetError, match="is not in UTF-8; save it as UTF-8"):
        read(folder)


# ---- what is kept


def same(one, other) -> None:
    for name in ("users", "movies", "ratings"):
        pd.testing.assert_frame_equal(getattr(one, name), getattr(other, name))
    for name in ("title", "levels", "simulated", "has_times", "notes", "domain"):
        assert getattr(one, name) == getattr(other, name), name


def test_what_is_written_is_read_again(shop, tmp_path):
    dataset = read(shop)
    folder = own.write_stored(dataset, tmp_path / "kept")
    same(own.read_stored(folder, "shop"), dataset)
    pd.testing.assert_frame_equal(own.read_items(folder), dataset.movies)
    assert own.read_domain(folder) == dataset.domain


words = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=8).filter(lambda text: text.strip())
ids = st.one_of(words, st.integers(0, 10**14).map(str))


@given(
    st.lists(
        st.tuples(ids, ids, st.integers(0, 4 * 10**9), st.sampled_from([0.5, 1, 3, 4.5, 5])), min_size=1, max_size=20
    ),
    st.lists(st.tuples(words, st.lists(words, max_size=3)), max_size=20),
    st.lists(st.tuples(words, st.integers(0, 3)), max_size=20),
)
@hypothesis_settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_dataset_is_read_written_and_read_the_same(tmp_path, events, titles, people):
    folder = folder_of(tmp_path)
    for path in folder.iterdir():
        path.unlink()
    users, items, times, stars = map(list, zip(*events, strict=True))
    table = pa.table({"user_id": users, "item_id": items, "timestamp": times, "rating": stars})
    pyarrow.parquet.write_table(table, folder / "interactions.parquet")
    item_ids, user_ids = list(dict.fromkeys(items)), list(dict.fromkeys(users))
    rows = list(zip(item_ids, titles, strict=False))
    columns = {"title": [title for _, (title, _) in rows], "tags": ["|".join(tags) for _, (_, tags) in rows]}
    if rows:
        pyarrow.parquet.write_table(
            pa.table({"item_id": [row[0] for row in rows], **columns}), folder / "items.parquet"
        )
    rows = list(zip(user_ids, people, strict=False))
    if rows:
        columns = {"city": [city for _, (city, _) in rows], "size": [size for _, (_, size) in rows]}
        pyarrow.parquet.write_table(
            pa.table({"user_id": [row[0] for row in rows], **columns}), folder / "users.parquet"
        )
    dataset = read(folder)
    same(own.read_stored(own.write_stored(dataset, tmp_path / "kept"), "shop"), dataset)
    pairs = {(user.strip(), item.strip()) for user, item, *_ in events}
    assert {row[:2] for row in ((str(u), str(i)) for u, i, *_ in events_of(dataset))} == pairs


def test_a_damaged_dataset_says_to_import_it_again(shop, tmp_path):
    folder = own.write_stored(read(shop), tmp_path / "kept")
    (folder / "interactions.parquet").write_bytes(b"PAR1")
    with pytest.raises(DatasetError, match=r"interactions.parquet is missing or damaged .*; import the dataset again"):
        own.read_stored(folder, "shop")
    header = json.loads((folder / "dataset.json").read_text("utf-8"))
    for changed in ({"version": 9}, {"domain": {}}, {"levels": 3}, {"title": None}):
        (folder / "dataset.json").write_text(json.dumps(header | changed), "utf-8")
        with pytest.raises(DatasetError, match=r"dataset.json is missing or damaged"):
            own.read_domain(folder)


def test_a_domain_survives_json():
    domain = Domain("book", "books", "read", "read", "shelf", "shelves", ("A", "B"), {}, False)
    assert Domain.from_dict(json.loads(json.dumps(domain.to_dict()))) == domain
    assert Domain.from_dict(json.loads(json.dumps(Domain().to_dict()))) == Domain()


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("item", "", "item is a text"),
        ("item", "a|b", "item is a text"),
        ("rated", 1, "rated is true or false"),
        ("tag_values", ["A", "A"], "tag_values is a list of up to 500 different texts"),
        ("demographics", [{"name": "A b", "label": "x", "values": [[1, "x"]]}], "'A b' is not a name of a demographic"),
        ("demographics", [{"name": "a", "label": "x", "values": []}], "a has 1 to 200 values"),
        ("demographics", [{"name": "a", "label": "x", "values": [[1.5, "x"]]}], "pairs of a value and its label"),
        ("extra", 1, "a domain has these fields, and no other"),
    ],
)
def test_a_domain_that_is_none(field, value, words):
    with pytest.raises(ConfigError, match=words):
        Domain.from_dict(Domain().to_dict() | {field: value})


# ---- the command


@pytest.fixture
def data_folder(tmp_path, override_settings):
    override_settings(data=tmp_path / "data", cache=tmp_path / "cache")
    return tmp_path / "data"


def test_import_makes_a_dataset_that_is_found_by_name(shop, data_folder, capsys):
    assert main(["import", str(shop), "--item", "book", "--consume", "read", "--consumed", "read", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["users"], answer["items"], answer["events"]) == (2, 3, 3)
    assert (answer["levels"], answer["tags"], answer["columns"]) == ([2, 4, 5], 2, {"age": 2})
    dataset = datasets.load("shop")
    assert (dataset.name, dataset.domain.items, len(dataset.ratings)) == ("shop", "books", 3)
    assert datasets.usable()["shop"] == "shop"
    assert datasets.load_domain("shop") == dataset.domain
    pd.testing.assert_frame_equal(datasets.load_movies("shop"), dataset.movies)
    assert main(["import", str(shop)]) == 2
    assert "there is a dataset 'shop' already; choose another --name, or add --overwrite" in capsys.readouterr().err
    assert main(["import", str(shop), "--overwrite"]) == 0
    assert main(["datasets"]) == 0
    assert "shop             shop                         here" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--name", "ml-1m"], "'ml-1m' is something else already"),
        (["--name", "../x"], "cannot be the name of a dataset"),
        (["--name", "taken"], "'taken' is something else already"),
        (["--item", ""], "--item is ''; write a text"),
    ],
)
def test_import_refuses_a_name_that_is_taken(shop, data_folder, capsys, arguments, words):
    (data_folder / "taken").mkdir(parents=True)
    assert main(["import", str(shop), *arguments]) == 2
    assert words in capsys.readouterr().err


def test_a_folder_that_was_not_imported_says_how(shop, data_folder, capsys):
    (shop / "items.csv").unlink()
    assert main(["presets", "--dataset", str(shop)]) == 2
    assert f"{shop} has to be imported first: python -m bst import {shop}" in capsys.readouterr().err


def test_nothing_is_left_of_an_import_that_failed(tmp_path, data_folder, capsys):
    folder = folder_of(tmp_path, interactions_csv=EVENTS.replace("bob,", ","))
    assert main(["import", str(folder)]) == 2
    assert "interactions.csv, line 3: user_id is empty" in capsys.readouterr().err
    assert not (data_folder / "shop").exists()


def test_names_that_belong_to_other_columns_get_another(tmp_path):
    users = "user_id,rating,1st\nann,high,a\nbob,low,b\n"
    dataset = read(folder_of(tmp_path, interactions_csv=EVENTS, users_csv=users))
    assert list(dataset.domain.demographics) == ["rating_of_user", "c_1st"]
    assert replace(dataset, domain=dataset.domain).domain.demographics["c_1st"].key == "about_c_1st"
