"""Training: how models were trained, side by side; and unfinished runs."""

import json
import re
import shutil

import psutil
import pytest
from streamlit.testing.v1 import AppTest

from bst.models.registry import preset
from bst.models.timeline.config import TimelineConfig, TowerConfig
from bst.training import background, duration
from bst.training.runs import RunSettings
from tests.app.conftest import captions, chart_words, headline, start

pytestmark = pytest.mark.timeout(180)


@pytest.fixture(autouse=True)
def runs(tmp_path, override_settings):
    """A folder of runs of its own, empty."""
    override_settings(runs=tmp_path / "runs")
    (tmp_path / "runs").mkdir()
    return tmp_path / "runs"


def training(bundle: str):
    return start(bundle).switch_page("pages/training/training.py").run()


def write_run(runs, name, process, **progress):
    folder = runs / name
    folder.mkdir()
    settings = RunSettings("demo", preset("timeline"), "visitor", 14, share=0.1)
    (folder / "run.json").write_text(json.dumps(settings.to_dict()), "utf-8")
    (folder / "process.json").write_text(json.dumps(process), "utf-8")
    (folder / "progress.json").write_text(json.dumps(progress), "utf-8")
    (folder / "history.csv").write_text("epoch,mae,val_mae,val_rmse\n1,0.9,0.8,1.0\n2,0.8,0.7,0.9\n", "utf-8")
    return folder


def test_training_shows_the_shipped_bundle(app):
    app.switch_page("pages/training/training.py").run()
    assert not app.exception
    assert "the error on held-out ratings (MAE) fell from" in headline(app)
    assert not app.get("progress")


def test_the_headline_gives_the_progress_of_every_tower(kinds):
    rating = "n 4 epochs, the error on held-out ratings (MAE) fell from 0.80 to 0.68 stars"
    following = "n 6 epochs, the share of next movies in its top ten (HR@10) rose from 5.0% to 20%"
    liking = "n 5 epochs, the share of its top ten that held-out users liked later (precision@10) rose from 20% to 31%"
    headlines = {bundle: headline(training(bundle)) for bundle in ("timeline", "rating-only", "next-only", "classic")}
    assert headlines["timeline"] == f"I{rating}"
    others = [text.value for text in training("timeline").main.markdown]
    assert f"I{following}." in others
    assert f"I{liking}." in others
    assert headlines["rating-only"] == f"I{rating}; epoch 3 was the best"
    # a classic model is judged by its MAE
    assert headlines["classic"] == f"I{rating.replace('0.68', '0.67')}; epoch 4 was the best"
    assert headlines["next-only"] == f"I{following}; epoch 5 was the best"


# label → name, epochs, best epoch and its value; a classic model is judged by its MAE, the others by their RMSE
RATINGS = {"MAE": ("mae", 4, 3, "0.68"), "RMSE": ("rmse", 4, 3, "0.85"), "Loss": ("loss", 4, 3, "1.65")}
CLASSIC = {"MAE": ("mae", 4, 4, "0.67"), "RMSE": ("rmse", 4, 4, "0.86"), "Loss": ("loss", 4, 4, "1.66")}
NEXT = ("NDCG@10", "HR@10", "Next-movie loss")
LIKE = ("Precision@10", "Later-likes loss")
NAMES = {"NDCG@10": "ndcg@10", "HR@10": "hr@10", "Next-movie loss": "next_loss"}
NAMES |= {"Precision@10": "precision@10", "Later-likes loss": "like_loss"}


@pytest.mark.parametrize(
    ("bundle", "labels"),
    [
        ("timeline", (*RATINGS, *NEXT, *LIKE)),
        ("rating-only", tuple(RATINGS)),
        ("next-only", NEXT),
        ("classic", tuple(RATINGS)),
    ],
)
def test_each_curve_that_there_is_can_be_chosen_and_has_its_own_best_epoch(kinds, bundle, labels):
    app = training(bundle)
    assert app.segmented_control[0].options[: len(labels)] == list(labels)
    for label in labels:
        of_ratings = CLASSIC if bundle == "classic" else RATINGS
        others = (NAMES.get(label), *((5, 3) if label in LIKE else (6, 5)), "")
        name, epochs, best, value = of_ratings.get(label, others)
        app.segmented_control[0].set_value(name).run()
        assert not app.exception
        words = chart_words(app)[0]
        assert words.startswith(f"{label} over the epochs. ")
        assert f"{bundle}, validation: " in words
        assert f"in {epochs} epochs, best epoch {best} with {value}" in words


def test_trainings_are_compared_side_by_side(kinds):
    app = training("timeline")
    app.multiselect[0].set_value(["timeline", "classic"]).run()
    assert not app.exception
    words = chart_words(app)[0]
    assert "timeline, training: 0.85 to 0.6 in 4 epochs; timeline, validation: 0.8 to 0.67" in words
    assert "classic, validation: 0.8 to 0.67 in 4 epochs, best epoch 4 with 0.67" in words
    app.segmented_control[0].set_value("hr@10").run()
    assert "Not recorded for classic." in captions(app)
    table = app.dataframe[0].value
    assert table["training"].tolist() == ["timeline"] * 6 + ["classic"] * 4
    app.toggle(key="training_log").set_value(True).run()
    assert not app.exception
    app.multiselect[0].set_value([]).run()  # there is always something to see
    assert "timeline, validation" in chart_words(app)[0]


def test_a_run_under_way_is_shown_and_no_second_one_can_be_started(kinds, runs):
    me = psutil.Process()
    process = {"pid": me.pid, "identity": hash(me)}
    progress = {"stage": "training on 9,000 ratings", "epoch": 3, "epochs": 14, "share": 0.2, "remaining_s": 240.4}
    write_run(runs, "mine", process, **progress, metrics={"mae": 0.7654, "loss": 1.5})
    app = training("timeline")
    assert not app.exception
    bar = app.get("progress")[0].proto
    words = "Epoch 3 of 14, about 4 minutes left. Training on 9,000 ratings: MAE 0.765"
    assert bar.text.replace("\\", "") == words
    assert bar.value == 20
    assert app.button(key="train_button").disabled
    assert any("mine" in text.value and "10% of the users" in text.value.replace("\\", "") for text in app.markdown)
    assert chart_words(app)[0] == "MAE so far: training 0.8, validation 0.7"
    # and its curves can be laid beside others
    app.multiselect[0].set_value(["timeline", "mine (not finished)"]).run()
    assert "mine (not finished), validation: 0.8 to 0.7 in 2 epochs, best epoch 2" in chart_words(app)[1]


def test_a_failed_run_says_so_and_can_be_deleted(kinds, runs):
    folder = write_run(runs, "mine", {"pid": 2**22 - 1, "identity": 0})
    (folder / "log.txt").write_text("reading demo\nerror: the run cannot be kept: No space left on device\n", "utf-8")
    app = training("timeline")
    assert not app.exception
    words = app.error[0].value.replace("\\", "")
    assert words == "This run failed after 2 complete epochs. the run cannot be kept: No space left on device"
    assert "reading demo" in app.code[0].value
    app.button(key="discard_mine").click().run()
    assert not app.error
    assert not folder.exists()


def test_a_run_that_was_cancelled_waits(kinds, runs, monkeypatch):
    write_run(runs, "mine", {"pid": 2**22 - 1, "identity": 0, "cancelled": True})
    begun = []
    monkeypatch.setattr(background, "launch", lambda folder: begun.append(folder.name))
    app = training("timeline")
    assert app.info[0].value == "Cancelled after 2 complete epochs of 14."
    app.button(key="resume_mine").click().run()
    assert begun == ["mine"]


def test_a_finished_run_is_noticed_though_another_page_was_shown(kinds, runs):
    folder = write_run(runs, "classic", {"pid": 2**22 - 1, "identity": 0, "cancelled": True})
    app = training("timeline")
    app.switch_page("pages/recommend/recommend.py").run()
    shutil.rmtree(folder)  # as when it has ended: its model is among the others
    app.switch_page("pages/training/training.py").run()
    assert any("classic** has finished training" in text.value for text in app.markdown)
    app.button(key="use_ended").click().run()
    assert app.session_state["bundle"] == "classic"
    assert not any("has finished training" in text.value for text in app.markdown)


def start_a_run(monkeypatch, cookies, name):
    """Start a run whose process has died at once, and let the browser keep the cookie, if it keeps any."""
    monkeypatch.setattr(background, "launch", lambda folder: None)
    dialog = AppTest.from_function(form, default_timeout=120).run()
    dialog.text_input(key="train_name_demo_quick").set_value(name).run()
    dialog.button(key="train_start").click().run()
    assert not dialog.exception
    cookies["bst_owner"] = dialog.session_state["owner"]


def said(app) -> str:
    return " ".join(element.value for element in [*app.caption, *app.markdown])


def test_whoever_started_a_run_still_owns_it_after_a_reload(kinds, runs, monkeypatch, cookies):
    start_a_run(monkeypatch, cookies, "mine")
    secret = cookies["bst_owner"]
    app = training("timeline")
    assert re.search(r"Started by you at \d\d:\d\d\.", said(app))
    assert "all the same" not in said(app)
    app.button(key="discard_mine").click().run()
    assert not (runs / "mine").exists()
    start_a_run(monkeypatch, cookies, "another")
    assert cookies["bst_owner"] == secret
    assert secret not in (runs / "another" / "owner.json").read_text("utf-8")


@pytest.mark.parametrize("cookie", [None, "0" * 32, "damaged"])
def test_another_browser_is_told_whose_run_it_is_before_it_ends_it(cookie, kinds, runs, monkeypatch, cookies):
    start_a_run(monkeypatch, cookies, "theirs")
    cookies.clear()
    if cookie:
        cookies["bst_owner"] = cookie
    app = training("timeline")
    question = r"Started by someone else at \d\d:\d\d\. Delete it all the same\?"
    assert [text.value for text in app.main.markdown if re.fullmatch(question, text.value)]
    assert app.button(key="discard_theirs").label == "Delete it"
    assert app.button(key="resume_theirs")
    app.button(key="discard_theirs").click().run()
    assert not app.exception
    assert not (runs / "theirs").exists()


def test_a_run_of_the_command_line_is_not_ended_unasked(kinds, runs):
    write_run(runs, "mine", {"pid": 2**22 - 1, "identity": 0, "cancelled": True})
    app = training("timeline")
    assert "Started from the command line. Delete it all the same?" in said(app)


def test_nobody_gets_a_cookie_before_they_start_a_training(kinds, runs, monkeypatch, cookies):
    assert "owner" not in training("timeline").session_state
    start_a_run(monkeypatch, cookies, "mine")
    assert re.fullmatch("[0-9a-f]{32}", cookies["bst_owner"])


def form():
    from pages.training import run_form

    run_form.draw_form()


@pytest.fixture
def dialog(kinds, runs):
    """What the dialog holds, with all settings, without the page around it."""
    dialog = AppTest.from_function(form, default_timeout=120).run()
    return dialog.segmented_control(key="train_kind").set_value("full").run()


def test_the_form_opens_with_a_training_of_about_a_minute(kinds, runs, monkeypatch):
    started = []
    monkeypatch.setattr(background, "start", lambda settings, name, owner: started.append((settings, name)))
    monkeypatch.setattr(duration, "slowness", lambda: 1.0)
    dialog = AppTest.from_function(form, default_timeout=120).run()
    assert dialog.segmented_control(key="train_kind").value == "quick"
    assert "Takes about a minute if this computer has little else to do." in captions(dialog)
    dialog.button(key="train_start").click().run()
    assert not dialog.exception
    (settings, name) = started[0]
    assert (settings.dataset, settings.protocol, settings.share, settings.config.tasks) == (
        "demo",
        "visitor",
        0.25,
        ("rating",),
    )
    assert name == "demo-quick"


def test_the_form_says_how_long_a_full_training_takes(dialog, monkeypatch):
    monkeypatch.setattr(duration, "slowness", lambda: 2.0)
    dialog.run()
    said = re.search(r"Takes about (\d+) minutes", captions(dialog))
    dialog.select_slider(key="train_share").set_value(0.25).run()
    less = re.search(r"Takes about (\d+) minutes", captions(dialog))
    assert int(less[1]) < int(said[1]) / 2


def test_the_run_is_started_with_the_settings_of_the_form(dialog, monkeypatch):
    started = []
    monkeypatch.setattr(background, "start", lambda settings, name, owner: started.append((settings, name)))
    dialog.select_slider(key="train_share").set_value(0.05)
    dialog.selectbox(key="train_targets").set_value("Ratings only").run()
    dialog.slider(key="train_epochs_timeline_8").set_value(2)
    dialog.select_slider(key="train_rating_width").set_value(16)
    dialog.number_input(key="train_seed").set_value(7).run()
    dialog.button(key="train_start").click().run()
    assert not dialog.exception
    (settings, name), config = started[0], started[0][0].config
    assert (settings.dataset, settings.protocol, settings.seed, settings.share) == ("demo", "visitor", 7, 0.05)
    assert isinstance(config, TimelineConfig)
    assert config.towers == {"rating": TowerConfig(width=16, epochs=2)}
    assert settings.epochs == 2
    assert name == "demo-timeline"


def test_towers_keep_their_proportions_of_the_epochs(dialog, monkeypatch):
    started = []
    monkeypatch.setattr(background, "start", lambda settings, name, owner: started.append(settings.config))
    dialog.slider(key="train_epochs_timeline_24").set_value(12).run()
    dialog.button(key="train_start").click().run()
    assert {name: tower.epochs for name, tower in started[0].towers.items()} == {"rating": 4, "next": 12, "like": 5}


def test_one_task_alone_can_be_trained_for(dialog, monkeypatch):
    started = []
    monkeypatch.setattr(background, "start", lambda settings, name, owner: started.append(settings.config))
    assert dialog.selectbox(key="train_targets").value == "Everything"
    for target in dialog.selectbox(key="train_targets").options[1:]:
        dialog.selectbox(key="train_targets").set_value(target).run()
        dialog.button(key="train_start").click().run()
        assert not dialog.exception
    assert [config.tasks for config in started] == [("rating",), ("next",), ("like",)]


def test_a_classic_preset_has_its_own_settings(dialog, monkeypatch):
    started = []
    monkeypatch.setattr(background, "start", lambda settings, name, owner: started.append(settings))
    dialog.selectbox(key="train_preset").set_value("compact").run()
    dialog.slider(key="train_compact_window").set_value(5)
    dialog.select_slider(key="train_compact_rate").set_value(0.03).run()
    dialog.button(key="train_start").click().run()
    assert (started[0].protocol, started[0].config.window, started[0].config.learning_rate) == ("windows", 5, 0.03)


def test_a_name_that_is_taken_is_an_error_in_the_form(dialog, runs):
    dialog.selectbox(key="train_preset").set_value("compact").run()
    dialog.text_input(key="train_name_demo_compact").set_value("classic").run()
    dialog.button(key="train_start").click().run()
    assert "bundle classic already exists" in dialog.error[0].value
    assert not list(runs.iterdir())
