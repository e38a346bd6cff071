"""The Evaluation page: what was kept with a model, measuring from the page, worst errors, two models compared."""

import json
import shutil
import threading
import time
from dataclasses import replace
from types import SimpleNamespace

import pytest
from streamlit.testing.v1 import AppTest

from bst.bundles import sidecars
from bst.bundles.bundle import locate, open_bundle
from bst.domain import DEMOGRAPHICS, KnownDemographics
from bst.errors import ConfigError
from bst.evaluation import measure, measure_lists, user_results
from bst.evaluation.list_record import ListRecord
from bst.evaluation.records import EvaluationRecord
from bst.evaluation.user_errors import UserErrors
from bst.evaluation.user_results import UserResults
from bst.evaluation.worst_errors import WorstError
from pages.evaluation import evaluation_job, visitors
from pages.shared import resources
from tests.app.conftest import APP, NEXT_FIGURES, TASK, captions, chart_words, headline
from tests.lists import LISTS

pytestmark = pytest.mark.timeout(180)

PAGE = "pages/evaluation/evaluation.py"
TABS = {
    "Accuracy": 1,
    "Error by length of history": 1,
    "Calibration": 7,
    "Groups and fairness": 1,
    "Ranked lists": 3,
    "Visitors": 1,
    "Worst errors": 0,
    "Compare models": 2,
}


@pytest.fixture(autouse=True)
def own_folder(tmp_path, override_settings):
    """Private results stay in the test."""
    override_settings(evaluation_cache=tmp_path / "local")
    evaluation_job._jobs.clear()


@pytest.fixture(scope="module")
def record() -> dict:
    """The record that ships with the demo bundle, as JSON, to be changed."""
    return measure.read(open_bundle("demo")).to_dict()


@pytest.fixture
def measured(kinds, record):
    """Keep a record with bundles of ``kinds``, and take it away again."""
    kept = []

    def keep(name: str, **changes) -> None:
        bundle = open_bundle(kinds / name)
        sidecars.save(bundle, measure.NAME, record | changes)
        kept.append(bundle.folder / f"{measure.NAME}.json")

    yield keep
    for path in kept:
        path.unlink(missing_ok=True)


def evaluation(bundle: str) -> AppTest:
    """The page as a link opens it, by which no model is loaded."""
    resources.look_again()
    app = AppTest.from_file(str(APP), default_timeout=120)
    app.query_params["bundle"] = bundle
    return app.switch_page(PAGE).run()


def opened(app: AppTest, tab: str) -> AppTest:
    key = next(key for key in ("evaluation_tabs_8", "evaluation_tabs_3") if key in app.session_state)
    app.session_state[key] = tab
    return app.run()


def texts(app: AppTest) -> str:
    return " ".join(text.value for text in app.markdown).replace("\\", "").replace("\N{NO-BREAK SPACE}", " ")


def test_the_shipped_model_opens_from_what_was_kept(record):
    app = evaluation("demo")
    assert not app.exception
    better = record["versus"]["svd_em_fold_in"]["better"][0]
    assert headline(app) == (
        f"Off by {record['metrics']['mae']:.2f} stars on average for people it has never seen, {better:.0%} better "
        f"than SVD; it knows you after about {record['known_after']} ratings"
    )
    assert chart_words(app)[0].startswith(f"MAE in stars: This model {record['metrics']['mae']:.3f}; ")
    assert f"On {record['labels']:,} test ratings of {record['users']} users, held out of training" in captions(app)
    for tab, charts in TABS.items():
        app = opened(app, tab)
        assert not app.exception, tab
        words = chart_words(app)
        assert len(words) == charts, tab
        assert all(words), "every chart says what it shows"


def test_every_section_says_its_result_in_words(measured, record):
    measured(
        "timeline",
        known_after=5,
        fairness=[
            {"part": "sex", "worst": "F", "best": "M", "groups": 2, "gap": [0.1, 0.05, 0.15], "chance": 0.0005},
            {"part": "age", "worst": 18, "best": 50, "groups": 7, "gap": [0.2, 0.01, 0.3], "chance": 0.4},
        ],
    )
    app = evaluation("timeline")
    assert headline(app).endswith("it knows you after about 5 ratings")
    app = opened(app, "Error by length of history")
    assert "It has half of that lead after about 5 ratings" in texts(app)
    assert "150+" in chart_words(app)[0]
    app.segmented_control(key="evaluation_history_True").set_value("mae").run()
    assert chart_words(app)[0].startswith("Error in stars by known ratings: This model: ")
    app = opened(app, "Groups and fairness")
    assert "Between the sexes**: ▲ more than chance: off by 0.10 stars more for “Female” than for “Male”" in texts(app)
    assert "from Male (best) to Female (worst)" in texts(app)
    assert "differ as much in under 0.1% of cases" in texts(app)
    assert "Between age groups**: ● no difference beyond chance" in texts(app)
    # an interval that leaves out 0 is explained
    assert "0.010 – 0.300; as these two were picked because they are the furthest apart of 7," in texts(app)
    part = app.segmented_control(key="evaluation_part_sex_age_occupation_genre_decade_fame")
    part.set_value("fame").run()
    assert "Blockbusters" in chart_words(app)[0]
    app = opened(app, "Ranked lists")
    hits = record["ranking"]["orders"]
    assert f"in **{hits['next']['hr']['10'][0]:.0%}** of cases" in texts(app)
    assert chart_words(app)[0].startswith("HR@K: Likely next: ")
    app = opened(app, "Calibration")
    assert "the movie got that in" in texts(app)


def test_a_classic_model_says_what_does_not_apply(measured, record):
    without = {name: value for name, value in record["calibration"].items() if name != "liked"}
    plain = {"mae": 0.74, "rmse": 0.94}
    spans = {"mae": [0.73, 0.75], "rmse": [0.93, 0.95]}
    peers = {name: record["peers"][name] for name in ("global_mean", "item_mean", "bias")}
    measured(
        "classic",
        metrics=plain,
        as_visitor={"mae": 0.75, "rmse": 0.95},
        intervals={"ours": spans, "peers": record["intervals"]["peers"]},
        peers=peers,
        versus={name: record["versus"][name] | {"better": [-0.06, -0.07, -0.05]} for name in peers},
        calibration=without,
        stars={name: record["stars"][name] for name in ("levels", "actual", "expected")},
        protocol="windows",
        gaps_unknown={"mae": 0.7, "rmse": 0.9},
    )
    app = evaluation("classic")
    assert not app.exception
    assert (
        headline(app) == "Off by 0.74 stars on average on ratings it was not trained on, 6% worse than User + item bias"
    )
    assert "This model, user known 0.740; This model, visitor 0.750" in chart_words(app)[0]
    assert "no negative log-likelihood and no calibration error" in texts(app)
    assert "reads only the newest 3 ratings" in texts(opened(app, "Error by length of history"))
    app = opened(app, "Calibration")
    assert "It predicts one number and no probabilities" in texts(app)
    assert len(chart_words(app)) == 3


def test_a_model_of_the_next_movie_alone_has_lists_alone(measured, record, kinds):
    bundle = open_bundle(kinds / "next-only")
    ranked = record["ranking"] | {
        "orders": {name: record["ranking"]["orders"][name] for name in ("next", "popularity")},
    }
    plain = {"version": measure.VERSION, "made": "2026-01-01", "seconds": 3.0, "users": 20, "ranking": ranked}
    sidecars.save(bundle, measure.NAME, TASK | NEXT_FIGURES | plain)
    app = evaluation("next-only")
    assert headline(app) == "The next movie is among its first ten in 25% of cases, popularity: 8.0%"
    assert "and no ratings" in texts(app)
    app = opened(app, "Ranked lists")
    assert not app.exception
    assert chart_words(app)[0].startswith("HR@K: Likely next: ")
    (bundle.folder / f"{measure.NAME}.json").unlink()


# ---- measuring from the page


def wait(app: AppTest, until) -> AppTest:
    for _ in range(100):
        app.run()
        if until(app):
            return app
        time.sleep(0.1)
    raise AssertionError("it did not come to pass")


def measuring(app: AppTest) -> bool:
    return any("Predicting by hand" in bar.proto.text for bar in app.get("progress"))


@pytest.fixture
def quick(kinds, monkeypatch, record):
    """Measure without a model: it waits for ``go``, reports progress, and returns the demo's record."""
    go = threading.Event()
    monkeypatch.setattr(evaluation_job.datasets, "load", lambda name: None)
    monkeypatch.setattr(evaluation_job.measure, "own_split", lambda bundle, dataset: None)

    def made_up(bundle, split, on_progress):
        while not go.wait(0.02):
            on_progress(0.4, "predicting by hand")
        return measure.Evaluation(EvaluationRecord.from_dict(record | {"known_after": 20}), None)

    monkeypatch.setattr(evaluation_job.measure, "measure", made_up)
    monkeypatch.setattr(evaluation_job.measure, "measure_users", lambda *given: made_up(*given) and UserResults(()))
    yield go
    go.set()
    (kinds / "timeline" / "evaluation.json").unlink(missing_ok=True)


def test_a_model_is_measured_from_the_page(kinds, quick):
    app = evaluation("timeline")
    assert headline(app).startswith("Off by 0.66 stars on average for people it has never seen, 3% better than SVD")
    assert "This is what was measured when the model was trained" in texts(app)
    app.button(key="measure_now").click().run()
    wait(app, measuring)
    other = evaluation("rating-only")
    assert other.button(key="measure_now").disabled
    assert "is being measured; one at a time" in captions(other)
    quick.set()
    wait(app, lambda app: headline(app).endswith("it knows you after about 20 ratings"))
    assert not app.exception
    assert (kinds / "timeline" / "evaluation.json").is_file()


def test_measuring_can_be_stopped(kinds, quick):
    app = evaluation("timeline")
    app.button(key="measure_now").click().run()
    wait(app, measuring)
    app.button(key="stop_now").click().run()
    wait(app, lambda app: any(button.key == "measure_now" for button in app.button))
    assert not app.exception
    assert not app.error, "to be stopped is no fault"
    assert not (kinds / "timeline" / "evaluation.json").exists()


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ConfigError("the ratings are others: *get* the dataset"), "the ratings are others"),
        (KeyError("x"), "Something went wrong; error "),
    ],
)
def test_errors_are_shown(kinds, quick, monkeypatch, error, words):
    def fail(*arguments):
        raise error

    monkeypatch.setattr(evaluation_job.measure, "own_split", fail)
    app = evaluation("timeline")
    app.button(key="measure_now").click().run()
    wait(app, lambda app: app.error)
    assert words in app.error[0].value.replace("\\", "")
    assert not app.exception
    assert not app.button(key="measure_now").disabled


# ---- single users


ERROR = WorstError(77, 3, 4.8, 1.0, 2, 4.4)


def person(number: int, mae: float, **changes) -> UserErrors:
    values = {
        "sex": "FM"[number % 2],
        "age": 25,
        "occupation": "artist",
        "labels": 40,
        "rmse": mae,
        "signed_error": 0.3,
        "worst_movie_id": 1214,
        "worst_history": 12,
        "worst_expected": 4.6,
        "worst_actual": 1.0,
        "baselines": {"item_mean": 0.9, "svd_fold_in": 0.7},
        "listed_likes": 4,
    }
    values |= changes
    known = KnownDemographics({name: values.pop(name) for name in DEMOGRAPHICS})
    return UserErrors(user_id=number, mae=mae, demographics=known, **values)


@pytest.fixture
def with_users(measured, kinds):
    """Keep results of three users with the timeline bundle."""
    measured("timeline")
    bundle = open_bundle(kinds / "timeline")
    low = replace(ERROR, expected=1.2, actual=5.0, user_id=78, baseline=None)
    # two users have an error on the same movie
    twice = [ERROR, replace(ERROR, user_id=78)]
    people = (person(77, 0.6), person(78, 0.9), person(79, 0.65, age=56, signed_error=0.01, listed_likes=None))
    user_results.keep(bundle, UserResults(people, {"high": twice, "low": [low]}))
    yield bundle
    (bundle.folder / "users.json").unlink()


def test_worst_errors_are_one_click_from_why(with_users):
    app = opened(evaluation("timeline"), "Worst errors")
    table = app.dataframe[0].value
    assert table["user"].tolist() == ["User 77 · male, 25–34, artist", "User 78 · female, 25–34, artist"]
    assert table[["expected", "actual", "baseline"]].iloc[0].tolist() == [4.8, 1.0, 4.4]
    assert "also off by more than two stars in 2" in texts(app)
    app.segmented_control(key="evaluation_side").set_value("low").run()
    assert app.dataframe[0].value["user"].tolist() == ["User 78 · female, 25–34, artist"]


def test_each_user_has_a_row_and_the_first_is_described(with_users):
    app = opened(evaluation("timeline"), "Visitors")
    assert not app.exception
    assert "For half of 3 users the model is off by 0.65 ★ or less" in texts(app).replace("**", "")
    assert "It is better than SVD fold-in for 2 of them" in texts(app).replace("**", "")
    table = app.dataframe[0].value
    assert table["user"].tolist() == ["User 78", "User 79", "User 77"], "the largest error first"
    assert "0.60 to 0.65: 1, 0.65 to 0.70: 1, 0.90 to 0.95: 1" in chart_words(app)[0]
    assert app.header[0].value.replace("\\", "") == "User 78 · female, 25–34, artist · 40 ratings"
    title = resources.catalogue("demo").title(person(78, 0.9).worst_movie_id)
    assert (
        "Off by 0.90 ★ on average (Item mean 0.90 ★, SVD fold-in 0.70 ★). The model expects 0.30 ★ more than they "
        f"give. Furthest off: {title}, after 12 ratings: expected 4.6 ★, given 1 ★. Of the ten movies that it lists "
        "after 5 ratings, they liked 4 later."
    ) in texts(app).replace("**", "")


def test_users_are_filtered_by_group_and_by_error(with_users):
    app = opened(evaluation("timeline"), "Visitors")
    app.segmented_control(key="visitors_part").set_value("beaten").run()
    assert app.dataframe[0].value["user"].tolist() == ["User 78"]
    app.segmented_control(key="visitors_part").set_value("all").run()
    app.multiselect(key="visitors_group_sex").set_value(["M"]).run()
    assert app.dataframe[0].value["user"].tolist() == ["User 79", "User 77"]
    assert app.header[0].value.startswith("User 79"), "of those who are shown"
    app.slider[0].set_range(0.6, 0.65).run()
    assert app.dataframe[0].value["user"].tolist() == ["User 77"], "the upper end is that of the next bar"
    app.button(key="visitors_all_errors").click().run()
    assert app.dataframe[0].value["user"].tolist() == ["User 79", "User 77"]
    app.multiselect(key="visitors_group_age").set_value([56]).run()
    app.multiselect(key="visitors_lengths").set_value(["Over 200"]).run()
    assert "No user passes these filters" in app.info[0].value
    assert not app.exception


def test_a_bar_and_a_row_choose(monkeypatch):
    state = {
        "visitors_chart": SimpleNamespace(selection={"bin": [{"low": 0.6, "high": 0.65, "users": 3}]}),
        "table": SimpleNamespace(selection=SimpleNamespace(rows=[1])),
    }
    chosen = []
    monkeypatch.setattr(visitors.st, "session_state", state)
    monkeypatch.setattr(visitors.state, "set_error_range", chosen.append)
    monkeypatch.setattr(visitors.state, "choose_user", chosen.append)
    visitors._choose_bar("visitors_chart", (0.5, 0.9))
    state["visitors_chart"].selection["bin"] = []
    visitors._choose_bar("visitors_chart", (0.5, 0.9))
    visitors._choose_row("table", [4, 5, 6])
    assert chosen == [(0.6, 0.65), (0.5, 0.9), 5], "a click beside the bars shows everybody"


def test_where_nothing_is_kept_it_is_computed_on_the_page(measured, kinds, quick, monkeypatch):
    measured("timeline")
    app = opened(evaluation("timeline"), "Visitors")
    assert "The errors of each user of this model are not computed yet" in texts(app)

    def made_up(bundle, split, on_progress):
        while not quick.wait(0.02):
            on_progress(0.4, "predicting by hand")
        return UserResults((person(77, 0.6),), {"high": [ERROR], "low": []})

    monkeypatch.setattr(evaluation_job.measure, "measure_users", made_up)
    app.button(key="measure_visitors").click().run()
    wait(app, measuring)
    quick.set()
    wait(app, lambda app: bool(app.dataframe))
    assert app.dataframe[0].value["user"].tolist() == ["User 77"]
    (kinds / "timeline" / "users.json").unlink()


def test_of_real_people_nothing_comes_with_the_model(tmp_path, override_settings):
    shutil.copytree(locate("demo"), tmp_path / "demo")
    override_settings(bundles=tmp_path)
    path = tmp_path / "demo" / "bundle.json"
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | {"simulated": False}), "utf-8")
    for tab in ("Visitors", "Worst errors"):
        app = opened(evaluation("demo"), tab)
        assert "Its licence does not allow passing them on" in texts(app)
        assert not app.dataframe


def test_a_user_is_opened_on_another_page(monkeypatch):
    app = opened(evaluation("demo"), "Visitors")
    worst = max(user_results.read(open_bundle("demo")).users, key=lambda row: row.mae)
    title = resources.catalogue("demo").title(worst.worst_movie_id)
    app.button(key="visitors_why").click().run()
    assert not app.exception
    assert title in headline(app)
    assert f"user {worst.user_id} after {worst.worst_history} movies" in captions(app) + texts(app)

    app = opened(evaluation("demo"), "Visitors")
    app.button(key="visitors_recommend").click().run()
    assert not app.exception
    assert headline(app).startswith(f"After {worst.labels} movies")
    assert f"user {worst.user_id}, " in captions(app)

    app = opened(evaluation("demo"), "Visitors")
    app.button(key="visitors_replay").click().run()
    assert not app.exception
    assert f"of {worst.labels} movies" in headline(app)


# ---- two models compared


def test_two_models_are_compared_on_the_same_labels(measured, record):
    measured("timeline")
    measured("rating-only", metrics=record["metrics"] | {"mae": record["metrics"]["mae"] + 0.05})
    app = opened(evaluation("timeline"), "Compare models")
    assert not app.exception
    assert app.selectbox(key="evaluation_other").value == "rating-only", "the first that can be compared"
    assert "timeline is better: its MAE is lower by 0.050" in texts(app).replace("**", "")
    assert "MAE −0.050" in chart_words(app)[0]
    assert "stay on the computer where a model was measured" in captions(app)
    app.selectbox(key="evaluation_other").select("classic").run()
    assert "classic · Demo world (simulated) has not been measured yet" in texts(app).replace("**", "")
    measured("classic", protocol="windows")
    app.run()
    assert "cannot be compared: they were measured under different protocols" in texts(app)
    assert not app.exception


def test_on_a_fresh_clone_two_models_can_be_compared():
    """With nothing but what is shipped of the demo world, and with real intervals."""
    for name, other, better in (("demo", "demo-compact", "demo"), ("demo-compact", "demo", "demo")):
        app = opened(evaluation(name), "Compare models")
        assert not app.exception
        assert app.selectbox(key="evaluation_other").value == other
        assert f"{better} is clearly better: its MAE is lower by 0.1" in texts(app).replace("**", "")
        assert "cannot be compared" not in texts(app)
        assert "Bars: 95% interval" in captions(app)


def test_measuring_for_the_worst_errors_has_one_bar_and_one_stop(measured, quick):
    measured("timeline")
    app = opened(evaluation("timeline"), "Worst errors")
    assert [button.key for button in app.button if button.key.startswith("measure_")] == ["measure_worst"]
    app.button(key="measure_worst").click().run()
    wait(app, lambda app: any(button.key.startswith("stop_") for button in app.button))
    assert [button.key for button in app.button if button.key.startswith("stop_")] == ["stop_worst"]
    # elsewhere it can be seen that it goes on
    app = opened(app, "Visitors")
    assert [button.key for button in app.button if button.key.startswith("stop_")] == ["stop_visitors"]
    app = opened(app, "Accuracy")
    assert app.button(key="measure_again").disabled
    assert not app.exception


# ---- lists against everything that is liked later


@pytest.fixture
def with_lists(measured, kinds):
    """Keep a record of lists with the timeline bundle."""
    measured("timeline")
    bundle = open_bundle(kinds / "timeline")
    sidecars.save(bundle, measure_lists.NAME, LISTS)
    yield bundle
    (bundle.folder / f"{measure_lists.NAME}.json").unlink()


def test_lists_lead_with_what_is_liked_later(with_lists):
    app = opened(evaluation("timeline"), "Ranked lists")
    assert not app.exception
    assert (
        "Of ten movies listed after 5 ratings, **4.2** were liked later; of the ten most liked movies, the same for "
        "everybody, **3.6**. This model is ahead by 0.6 (95% interval +0.3 – +0.9). The best simple recommender, Ridge "
        "on first ratings, finds 4.1. That is no clear difference (+0.1, 95% interval −0.2 – +0.4)."
    ) in texts(app)
    words = chart_words(app)
    assert words[0].startswith(
        "Precision@10 by known ratings: This model: 0.380 at 1, 0.420 at 5; Most liked: 0.370 at 1"
    )
    assert "This model 0.420 with 120 titles" in words[1]
    assert "popularity weight 0: 0.200 with 400" in words[1]
    table = app.dataframe[0].value
    assert table["Precision@10"].tolist() == ["0.420", "0.310", "0.360", "0.410"]
    assert table["Titles"].tolist() == ["120", "150", "11", "60"]
    assert table["Difference (95% interval)"].tolist()[2] == "+0.060 (+0.030 – +0.090)"
    assert "Implicit ALS is missing: the package “implicit” is not installed." in captions(app)
    app.selectbox(key="evaluation_known_2").select(1).run()
    assert app.dataframe[0].value["Precision@10"].tolist()[0] == "0.380"
    assert "This model 0.380 with 90 titles" in chart_words(app)[1]


def test_the_headline_is_followed_by_how_good_the_lists_are(with_lists):
    app = evaluation("timeline")
    assert (
        "Of ten movies that it lists after 5 ratings, people liked **4.2** later; of the best simple recommender’s ten "
        "4.1 (no clear difference); of one list for everybody 3.6."
    ) in texts(app)
    app = opened(app, "Groups and fairness")
    assert "This is about equal error, not equal lists." in texts(app)


def test_lists_are_measured_from_the_page(measured, kinds, quick, monkeypatch):
    measured("timeline")

    def made_up(bundle, split, on_progress):
        while not quick.wait(0.02):
            on_progress(0.4, "predicting by hand")
        return ListRecord.from_dict(LISTS)

    monkeypatch.setattr(evaluation_job.measure_lists, "measure", made_up)
    app = opened(evaluation("timeline"), "Ranked lists")
    assert "has not been measured yet" in texts(app)
    app.button(key="measure_lists").click().run()
    wait(app, measuring)
    assert [button.key for button in app.button if button.key.startswith("stop_")] == ["stop_lists"]
    assert app.button(key="measure_again").disabled, "one at a time"
    quick.set()
    wait(app, lambda app: "were liked later" in texts(app))
    assert not app.exception
    (kinds / "timeline" / "lists.json").unlink()


def test_lists_of_a_model_that_knows_the_users_are_not_measured(measured):
    measured("classic", protocol="windows")
    app = opened(evaluation("classic"), "Ranked lists")
    assert "--preset compact --protocol visitor" in captions(app)
    assert not [button for button in app.button if button.key == "measure_lists"]
