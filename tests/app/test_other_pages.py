"""Why, Training, and what the app says when a model cannot be used."""

import json
import shutil

import pytest

from bst import bundle as bundles
from bst.bundle import BUNDLES
from bst.datasets import load_movies
from bst.schema import Event, Visitor
from tests.app.conftest import captions, chart_words, headline, set_visitor, start

pytestmark = pytest.mark.timeout(180)

REST = {"timeline": "who the visitor is", "rating-only": "who the visitor is", "classic": "the movie itself"}


def why(bundle: str):
    return start(bundle).switch_page("pages/explain/why.py").run()


def training(bundle: str):
    return start(bundle).switch_page("pages/model/training.py").run()


def test_why_leads_with_what_the_model_looked_at(app):
    app.switch_page("pages/explain/why.py").run()
    assert not app.exception
    assert headline(app).startswith("Expecting ")
    assert "the model looked " in headline(app)
    # the sentence is about the movie that leads the list
    assert app.selectbox(key="why_choice").value is not None


@pytest.mark.parametrize("bundle", REST)
def test_why_shows_all_that_was_looked_at_in_the_order_it_was_watched(kinds, bundle):
    app = why(bundle)
    assert not app.exception
    bars, heads = chart_words(app)
    rows = bars.removeprefix("Attention while predicting: ").split("; ")
    labels, shares = zip(*(row.rsplit(" ", 1) for row in rows), strict=True)
    read = ["5 ★ · Blade Runner (1982)", "4 ★ · The Terminator (1984)", "5 ★ · Alien (1979)"]
    if bundle != "classic":  # which reads the newest three
        read = ["4 ★ · Toy Story (1995)", "3 ★ · Casablanca (1942)", *read]
    assert list(labels) == [*read, REST[bundle]]
    assert sum(float(share.rstrip("%")) for share in shares) == pytest.approx(100, abs=3)
    assert heads.startswith(f"Attention of each of {3 if bundle == 'classic' else 4} heads")
    if bundle == "classic":
        assert "reads the newest 3. 2 older movies of the history are not read." in captions(app)


@pytest.mark.parametrize("bundle", ["timeline", "classic"])
def test_why_names_what_was_looked_at_most(kinds, bundle):
    app = why(bundle)
    rows = chart_words(app)[0].removeprefix("Attention while predicting: ").split("; ")
    shares = {label: int(share.rstrip("%")) for label, share in (row.rsplit(" ", 1) for row in rows)}
    top = max(shares, key=shares.get)
    assert shares[top] > 125 / len(shares), "the made-up model should prefer something"
    title = top.split(" · ")[-1]
    assert f"the model looked most at {title}" in headline(app)
    assert f"{shares[top]}% of its attention" in headline(app)


def test_why_gathers_the_least_of_a_long_history_in_one_bar(kinds):
    app = start("timeline")
    ids = load_movies("demo")["movie_id"].tolist()[:60]
    set_visitor(app, Visitor(history=tuple(Event(i, 3.0) for i in ids)))
    app.switch_page("pages/explain/why.py").run()
    assert not app.exception
    rows = chart_words(app)[0].split("; ")
    assert len(rows) == 14
    assert rows[12].startswith("48 other movies ")
    assert rows[13].startswith("who the visitor is ")


@pytest.mark.parametrize("bundle", ["timeline", "classic"])
def test_why_without_a_history_says_so(kinds, bundle):
    app = start(bundle)
    set_visitor(app, Visitor(sex="F"))
    app.switch_page("pages/explain/why.py").run()
    assert not app.exception
    assert "from who the visitor is alone" in headline(app)
    assert f"With no history there is nothing to look at but {REST[bundle]}." in app.info[0].value
    set_visitor(app, Visitor())
    app.run()
    assert "knowing nothing of the visitor" in headline(app)


def test_training_shows_the_shipped_bundle(app):
    app.switch_page("pages/model/training.py").run()
    assert not app.exception
    bundle = bundles.open_bundle("demo")
    assert "the error on ratings it had not seen fell from" in headline(app)
    assert f"{bundle.metrics['labels']:,} test ratings" in captions(app)


def test_training_tells_the_progress_of_every_tower(kinds):
    rating = "n 4 epochs, the error on ratings it had not seen fell from 0.80 to 0.68 stars"
    following = "n 6 epochs, the share of next movies among its first ten rose from 5.0% to 20%"
    said = {bundle: headline(training(bundle)) for bundle in ("timeline", "rating-only", "next-only", "classic")}
    assert said["timeline"] == f"I{rating}, and i{following}"
    assert said["rating-only"] == said["classic"] == f"I{rating}; epoch 3 was the best"
    assert said["next-only"] == f"I{following}; epoch 5 was the best"


@pytest.mark.parametrize(
    ("bundle", "best"),
    [
        ("timeline", {"MAE": 3, "RMSE": 3, "Loss": 3, "NDCG@10": 5, "HR@10": 5, "Next loss": 5}),
        ("rating-only", {"MAE": 3, "RMSE": 3, "Loss": 3}),
        ("next-only", {"NDCG@10": 5, "HR@10": 5, "Next loss": 5}),
        ("classic", {"MAE": 3, "RMSE": 3, "Loss": 3}),
    ],
)
def test_each_curve_that_there_is_can_be_chosen_and_has_its_own_best_epoch(kinds, bundle, best):
    app = training(bundle)
    control = app.segmented_control[0]
    assert control.options == list(best)
    for label in best:
        app.segmented_control[0].set_value(NAMES[label]).run()
        assert not app.exception
        epochs = 4 if NAMES[label] in ("mae", "rmse", "loss") else 6
        assert chart_words(app)[0] == f"{label} over {epochs} epochs, best at epoch {best[label]}"


NAMES = {
    "MAE": "mae",
    "RMSE": "rmse",
    "Loss": "loss",
    "NDCG@10": "ndcg@10",
    "HR@10": "hr@10",
    "Next loss": "next_loss",
}


def test_training_holds_the_model_against_its_peers(kinds):
    app = training("timeline")
    peers = chart_words(app)[1]
    assert peers == (
        "This model: 0.660; This model, gaps unknown: 0.670; SVD fold-in: 0.680; User + item bias: 0.720; "
        "Global mean: 0.930"
    )
    app.segmented_control[0].set_value("rmse").run()
    assert chart_words(app)[1].startswith("This model: 0.850; This model, gaps unknown: 0.860; SVD fold-in: 0.860")
    assert "1,234 test ratings" in captions(app)
    classic = training("classic")
    assert chart_words(classic)[1] == (
        "User + item bias: 0.720; This model, user known: 0.740; This model, visitor: 0.750; Global mean: 0.930"
    )
    assert not classic.metric


def test_training_says_at_which_lengths_of_history_the_model_is_ahead(kinds):
    app = training("timeline")
    sentence = "Ahead of SVD fold-in at 2 of 3 history lengths, clearly at 1; clearly behind at 1."
    assert sentence in [text.value for text in app.markdown]
    assert "−0.020 stars (95% interval −0.030 to −0.010" in captions(app)
    assert chart_words(app)[2].startswith(sentence)
    assert "SVD fold-in 0.84, 0.79, 0.73" in chart_words(app)[2]


def test_training_shows_how_well_the_next_movie_is_named(kinds):
    for bundle in ("timeline", "next-only"):
        app = training(bundle)
        shown = {metric.label: (metric.value, metric.delta) for metric in app.metric}
        assert shown["HR@10"] == ("25%", "popularity 8.0%")
        assert shown["NDCG@10"] == ("0.123", "popularity 0.045")
        assert ("Calibration error" in shown) == (bundle == "timeline")
        assert "Hit rate (HR@10): how often" in captions(app)
    assert [metric.label for metric in training("rating-only").metric] == ["Calibration error"]


def test_a_newcomer_meets_movielens_where_it_is_and_the_demo_world_otherwise(kinds, tmp_path, monkeypatch):
    for name in ("classic", "timeline"):
        shutil.copytree(kinds / name, tmp_path / "bundles" / {"classic": "demo", "timeline": "ml-1m"}[name])
    shutil.copytree(kinds / "classic", tmp_path / "bundles" / "another")
    monkeypatch.setattr(bundles, "BUNDLES", tmp_path / "bundles")

    app = start()  # here both are of the demo world, which is always there
    assert app.selectbox(key="bundle").value == "ml-1m"
    # two of the same title can be told apart
    assert app.selectbox(key="bundle").options == [
        "timeline · Demo world",
        "classic · Demo world · demo",
        "classic · Demo world · another",
    ]
    assert "bundle" not in app.query_params
    app.selectbox(key="bundle").select("demo").run()
    assert app.query_params["bundle"] == "demo"

    path = tmp_path / "bundles" / "ml-1m" / "bundle.json"
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | {"dataset": "ml-1m"}), "utf-8")
    monkeypatch.setenv("BST_DATA_DIR", str(tmp_path))
    monkeypatch.setattr("bst.datasets.sources.PROJECT", tmp_path)
    app = start()
    assert not app.exception
    assert app.selectbox(key="bundle").value == "demo"
    assert "bundle" not in app.query_params
    assert "After 5 movies" in headline(app)


@pytest.fixture
def other_bundles(tmp_path, monkeypatch):
    """A folder of bundles that the test may spoil, with the demo bundle in it."""
    shutil.copytree(BUNDLES / "demo", tmp_path / "bundles" / "demo")
    monkeypatch.setattr(bundles, "BUNDLES", tmp_path / "bundles")
    return tmp_path / "bundles"


def test_a_bundle_without_its_dataset_says_how_to_get_it(other_bundles, tmp_path, monkeypatch):
    monkeypatch.setenv("BST_DATA_DIR", str(tmp_path))
    monkeypatch.setattr("bst.datasets.sources.PROJECT", tmp_path)
    shutil.copytree(other_bundles / "demo", other_bundles / "away")
    path = other_bundles / "away" / "bundle.json"
    said = json.loads(path.read_text("utf-8")) | {"dataset": "ml-100k", "dataset_title": "MovieLens 100K"}
    path.write_text(json.dumps(said), "utf-8")
    app = start()
    app.selectbox(key="bundle").select("away").run()
    assert not app.exception
    assert headline(app) == "This model cannot be used yet"
    assert any("MovieLens 100K" in text.value for text in app.markdown)
    assert any("download" in button.label for button in app.button)


def test_a_damaged_bundle_is_explained_and_the_others_go_on(other_bundles):
    shutil.copytree(other_bundles / "demo", other_bundles / "spoilt")
    (other_bundles / "spoilt" / "weights.npz").write_bytes(b"not weights")
    app = start()
    assert "After 5 movies" in headline(app)
    app.selectbox(key="bundle").select("spoilt").run()
    assert not app.exception
    assert any("damaged" in text.value for text in app.markdown)


def test_without_any_bundle_the_app_says_how_to_make_one(other_bundles):
    shutil.rmtree(other_bundles / "demo")
    app = start()
    assert not app.exception
    assert "python -m bst train" in app.error[0].value
