"""A made-up sample of each release goes from its files to a report by the command line, with a model of each kind."""

import json
from dataclasses import replace

import pytest

from bst.bundles.bundle import open_bundle
from bst.models.registry import PRESETS, preset
from bst.models.timeline.config import TimelineConfig, TowerConfig
from bst.timelines.arrays import TIE_ORDERS
from tests.conftest import some_now
from tests.formats import FILMS, USERS, WRITERS

TOWER = TowerConfig(width=8, layers=1, dropout=0.1, learning_rate=0.02, epochs=1)
QUICK = {
    "timeline": TimelineConfig(
        "timeline",
        TOWER,
        TOWER,
        train_length=10,
        max_history=12,
        batch_events=200,
        factors=2,
        warm_up=2,
        averaging=0.5,
        negatives=8,
    ),
    "compact": replace(preset("compact"), window=4, mlp=(8, 4), batch_size=64, epochs=1),
}
# what is known of nobody, and what is drawn, by format
NO_USERS = {"like-10m", "like-latest-small", "like-kaggle-20m"}
DRAWN = NO_USERS
# one with users, and one without
TYPICAL = {"like-1m", "like-latest-small"}
WATCHED = ("--watched", "17=5", "--watched", "12=4", "--watched", "Say Now, Please=2")


@pytest.fixture
def quick(monkeypatch, own_folders, eager):
    """Small models, of which nothing is compiled, and folders of the test's own for all that is kept."""
    for name, config in QUICK.items():
        monkeypatch.setitem(PRESETS, name, replace(PRESETS[name], config=config))


@pytest.mark.parametrize("preset", QUICK)
@pytest.mark.parametrize("form", some_now(WRITERS, TYPICAL))
def test_from_files_to_a_report(form, preset, run, quick, tmp_path):
    folder = WRITERS[form](tmp_path / form)

    def answer(*arguments):
        code, out, err = run(*arguments, "--json")
        assert code == 0, err
        return json.loads(out), err

    _, err = answer("train", "--dataset", folder, "--preset", preset, "--name", "made-up")
    assert (TIE_ORDERS["drawn"] in err) == (form in DRAWN)
    # from here on the folder is known by the name that the bundle gives
    record, err = answer("evaluate", "--bundle", "made-up")
    assert record["labels"] > 0
    assert (TIE_ORDERS["drawn"] in err) == (form in DRAWN)
    assert record.get("tie_order") == ("drawn" if form in DRAWN else None)

    rows, _ = answer("recommend", "--bundle", "made-up", *WATCHED, "-k", "20")
    named = {row["movie_id"] for row in rows["recommendations"]}
    # everything that was not watched, with or without a year, genres or ratings
    assert named == {film for film, _, _ in FILMS} - {17, 12, 7}
    dated, _ = answer("recommend", "--bundle", "made-up", "--years", "1900-2100", "-k", "20")
    years_unknown = {12, 19}
    assert {row["movie_id"] for row in dated["recommendations"]} == {film for film, _, _ in FILMS} - years_unknown

    asked = ("--bundle", "made-up", *WATCHED)
    explanation, _ = answer("explain", *asked, "--movie", "12")
    assert explanation["events"][0]["movie_id"] == 17
    changed, _ = answer("whatif", *asked, "--rate", "12=1", "--add", "Nobody Came=5", "--set", "sex=F")
    assert len(changed["edits"]) == 3
    answer("counterfactual", *asked, "--movie", "19", "--into-top", "3", "--budget", "10")
    report, _ = answer("report", "--bundle", "made-up", "--out", tmp_path / "report.html")
    assert report["data"]
    assert report["evaluation"]
    html = (tmp_path / "report.html").read_text("utf-8")
    assert (TIE_ORDERS["drawn"] in html) == (form in DRAWN)
    card = open_bundle("made-up").model_card
    assert f"{USERS} users, {len(FILMS)} movies" in card
    assert (TIE_ORDERS["drawn"] in card) == (form in DRAWN)
