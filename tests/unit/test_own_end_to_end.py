"""Datasets of one's own go from their files to lists, what-if, explanations and figures: with columns and tags of their
own, without ratings, and without a table of users."""

import csv
import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bst import datasets
from bst.bundles.bundle import open_bundle
from bst.cli import main
from bst.inference.recommender import Recommender
from bst.models.registry import PRESETS
from bst.models.timeline.config import TimelineConfig, TowerConfig
from bst.schema import Event, Visitor
from bst.what_if import compare, demographics

TOWER = TowerConfig(width=8, layers=1, dropout=0.1, learning_rate=0.02, epochs=1)
SMALL = TimelineConfig(
    "timeline",
    TOWER,
    TOWER,
    TOWER,
    train_length=10,
    max_history=12,
    batch_events=200,
    factors=2,
    warm_up=2,
    averaging=0.5,
    negatives=8,
)
USERS, BOOKS, EVENTS = 40, 24, 12
TAGS = ("Crime", "Fantasy", "History", "Poetry", "Romance")
COUNTRIES, AGES = ("DE", "FR", "IT"), ("15", "30", "50")
DOMAIN = {"item": "book", "items": "books", "consume": "read", "consumed": "read", "tag": "shelf", "tags": "shelves"}


def write(folder: Path, kind: str) -> Path:
    """Write a made-up library: ``kind`` "books", "clicks" (no ratings) or "bare" (interactions alone)."""
    rng, folder = np.random.default_rng(5), folder / kind
    folder.mkdir()
    rated = kind != "clicks"
    with (folder / "interactions.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["user_id", "item_id", "timestamp", *(["rating"] if rated else [])])
        for user in range(USERS):
            for position, book in enumerate(rng.permutation(BOOKS)[:EVENTS]):
                stars = [int(rng.integers(1, 6))] if rated else []
                writer.writerow([f"u{user}", f"b{book:02}", 1_500_000_000 + 1000 * user + position, *stars])
    if kind == "bare":
        return folder
    items = [[f"b{book:02}", f"Volume {book}", "|".join(TAGS[: book % 3]), 1950 + book] for book in range(BOOKS)]
    items[0][2] = "|".join(TAGS)
    people = [[f"u{user}", COUNTRIES[user % 3], AGES[user % 2 + user % 3 // 2]] for user in range(USERS)]
    for name, header, rows in (
        ("items", ["item_id", "title", "tags", "year"], items),
        ("users", ["user_id", "country", "age"], people),
    ):
        with (folder / f"{name}.csv").open("w", newline="") as file:
            csv.writer(file).writerows([header, *rows])
    (folder / "domain.json").write_text(json.dumps(DOMAIN), "utf-8")
    return folder


@pytest.fixture
def trained(request, tmp_path, own_folders, override_settings, monkeypatch, eager):
    """Import and train one of the datasets by the command line; returns its name, which is the bundle's, too."""
    monkeypatch.setitem(PRESETS, "timeline", replace(PRESETS["timeline"], config=SMALL))
    override_settings(data=tmp_path / "datasets")
    kind = request.param
    assert main(["import", str(write(tmp_path, kind))]) == 0
    assert main(["train", "--dataset", kind, "--name", kind]) == 0
    return kind


def ask(capsys, *arguments: str) -> dict:
    capsys.readouterr()
    assert main([*arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def refused(capsys, *arguments: str) -> str:
    capsys.readouterr()
    assert main(list(arguments)) == 2
    return capsys.readouterr().err


@pytest.mark.parametrize("trained", ["books"], indirect=True)
def test_books_with_columns_and_tags_of_their_own(trained, capsys):
    domain = open_bundle("books").domain
    assert domain == datasets.load("books").domain
    assert (domain.items, domain.tag_values, list(domain.demographics)) == ("books", TAGS, ["country", "age"])
    who = ["--bundle", "books", "--about", "country=DE", "--about", "age=30"]
    who += ["--watched", "b03=5", "--watched", "Volume 7=2"]
    answer = ask(capsys, "recommend", *who, "-k", "3", "--genre", "crime")
    assert answer["visitor"]["demographics"] == {"country": "DE", "age": 30}
    assert [event["title"] for event in answer["visitor"]["history"]] == ["Volume 3 (1953)", "Volume 7 (1957)"]
    assert len(answer["recommendations"]) == 3
    crime = datasets.load_movies("books").set_index("movie_id")["genres"].str.contains("Crime")
    assert all(crime[row["movie_id"]] for row in answer["recommendations"])
    changed = ask(capsys, "whatif", *who, "--rate", "b03=1", "--set", "country=FR")
    assert changed["edits"] == ["rated Volume 3 (1953) 5 → 1", "country: DE → FR"]
    assert changed["changed"]["demographics"] == {"country": "FR", "age": 30}
    explained = ask(capsys, "explain", *who, "--movie", "b10")
    assert list(explained["demographics"]) == ["country", "age"]
    predicted = ask(capsys, "predict", *who, "--movie", "b10")
    assert explained["expected"] == pytest.approx(predicted["predictions"][0]["expected_rating"], abs=1e-3)
    measured = ask(capsys, "evaluate", "--bundle", "books")
    assert (measured["users"], measured["labels"]) == (4, 48)  # a tenth of 40 users, 12 events each
    assert "unknown shelf 'Drama'; choose among: Crime" in refused(capsys, "recommend", *who, "--genre", "Drama")
    assert "no book is called 'Vol'" in refused(capsys, "explain", *who, "--movie", "Vol")
    assert "a visitor has no 'sex'; choose one of: country, age" in refused(capsys, "recommend", *who, "--sex", "F")
    wrong = refused(capsys, "recommend", *who, "--about", "country=UK")
    assert "country 'UK' is unknown; choose one of: DE, FR, IT" in wrong
    wrong = refused(capsys, "whatif", *who, "--set", "sex=F")
    assert "is not of the form NAME=VALUE, such as country=DE; names are country, age" in wrong


@pytest.mark.parametrize("trained", ["books"], indirect=True)
def test_every_engine_and_every_question_knows_the_columns(trained):
    recommender, reference = (Recommender.load("books", engine=engine) for engine in ("numpy", "keras"))
    ids = recommender.catalogue.movies["movie_id"].tolist()
    visitor = Visitor({"country": "IT", "age": 50}, (Event(ids[2], 4.0), Event(ids[5], 1.0), Event(ids[7], 5.0)))
    for somebody in (visitor, visitor.with_demographic("age", None), Visitor()):
        np.testing.assert_allclose(
            recommender.predict(somebody).expected, reference.predict(somebody).expected, atol=1e-4
        )
    table = demographics(recommender, visitor, ids[0])
    assert list(table.columns[:2]) == ["country", "age"]
    assert len(table) == 9
    assert table[table["current"]][["country", "age"]].to_numpy().tolist() == [["IT", 50]]
    assert table["people"].sum() > 0
    comparison = compare(recommender, visitor, visitor.with_demographic("country", "DE"))
    assert "their country changed from IT to DE" in comparison.describe(recommender.catalogue.title)


@pytest.mark.parametrize("trained", ["clicks"], indirect=True)
def test_clicks_only(trained, capsys):
    bundle = open_bundle("clicks")
    assert bundle.config.tasks == ("next", "like")
    assert not bundle.domain.rated
    who = ["--bundle", "clicks", "--about", "country=DE", "--watched", "b03", "--watched", "Volume 7"]
    answer = ask(capsys, "recommend", *who, "-k", "3")
    assert answer["order"] == "like"
    assert all(0 < row["will_like"] < 1 and 0 < row["watch_next"] < 1 for row in answer["recommendations"])
    changed = ask(capsys, "whatif", *who, "--drop", "b03", "--add", "b05")
    assert changed["edits"] == ["removed Volume 3 (1953)", "added Volume 5 (1955)"]
    explained = ask(capsys, "explain", *who, "--movie", "b10")
    assert "★" not in explained["sentence"]
    assert explained["events"][0]["effect"]["like_logit"] != 0
    assert 0 <= ask(capsys, "evaluate", "--bundle", "clicks")["metrics"]["hr@10"] <= 1
    capsys.readouterr()
    assert main(["train", "--dataset", "clicks", "--name", "again", "--tower", "next", "--epochs", "1"]) == 0
    stages = capsys.readouterr().err
    assert re.search(r"training on \d+ events", stages)
    assert "ratings" not in stages
    assert main(["recommend", *who, "-k", "3"]) == 0
    assert "★" not in capsys.readouterr().out
    assert "bundle clicks predicts none" in refused(capsys, "insights", "--bundle", "clicks")
    assert "this dataset has no ratings" in refused(capsys, "whatif", *who, "--rate", "b03=1")
    wrong = refused(capsys, "train", "--dataset", "clicks", "--preset", "compact", "--name", "other")
    assert "preset compact predicts ratings, and this dataset has no ratings; choose --preset timeline" in wrong


@pytest.mark.parametrize("trained", ["clicks"], indirect=True)
def test_engines_agree_where_nobody_rates(trained):
    recommender, reference = (Recommender.load("clicks", engine=engine) for engine in ("numpy", "keras"))
    ids = recommender.catalogue.movies["movie_id"].tolist()
    visitor = Visitor({"country": "IT"}, tuple(Event(movie_id, 5.0) for movie_id in ids[2:7]))
    ours, theirs = recommender.predict(visitor), reference.predict(visitor)
    np.testing.assert_allclose(ours.watch_next, theirs.watch_next, atol=1e-5)
    np.testing.assert_allclose(ours.will_like, theirs.will_like, atol=1e-5)
    assert (ours.expected == 5).all()
    one = recommender.score_movie_without_each(visitor, ids[0])
    other = reference.score_movie_without_each(visitor, ids[0])
    np.testing.assert_allclose(one.like_logit, other.like_logit, atol=1e-4)
    np.testing.assert_allclose(one.next_logit, other.next_logit, atol=1e-4)
    assert recommender.score_movie_without_each(visitor, ids[0], catalogue_logits=False).like_logit is None
    assert (recommender.expected_without_each(visitor, ids[:2]) == 5).all()
    assert (recommender.expected_if_rated(visitor, ids[0]) == 5).all()
    gradients = [each.integrated_gradients(visitor, ids[0], task="like") for each in (recommender, reference)]
    np.testing.assert_allclose(gradients[0].event_effects, gradients[1].event_effects, atol=1e-3)
    assert (recommender.integrated_gradients(visitor, ids[0]).event_effects == 0).all()
    assert recommender.orders == ("like", "next")
    assert recommender.embeddings.shape[0] == len(ids)


@pytest.mark.parametrize("trained", ["bare"], indirect=True)
def test_interactions_alone(trained, capsys):
    bundle = open_bundle("bare")
    assert (len(bundle.domain.demographics), len(bundle.domain.tag_values)) == (0, 0)
    who = ["--bundle", "bare", "--watched", "b03=5", "--watched", "b07=2"]
    answer = ask(capsys, "recommend", *who, "-k", "3")
    assert answer["visitor"]["demographics"] == {}
    changed = ask(capsys, "whatif", *who, "--rate", "b03=1")
    assert changed["edits"] == ["rated b03 5 → 1"]
    assert ask(capsys, "explain", *who, "--movie", "b10")["demographics"] == {}
    ask(capsys, "evaluate", "--bundle", "bare")
    recommender, reference = (Recommender.load("bare", engine=engine) for engine in ("numpy", "keras"))
    visitor = Visitor(
        {}, (Event(recommender.catalogue.find("b03"), 5.0), Event(recommender.catalogue.find("b07"), 2.0))
    )
    np.testing.assert_allclose(recommender.predict(visitor).expected, reference.predict(visitor).expected, atol=1e-4)
    wrong = refused(capsys, "recommend", *who, "--about", "age=3")
    assert "nothing is known of the users of this dataset, so leave --about out" in wrong
