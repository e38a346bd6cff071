"""Every page shows a model of each release's format: films without year or genres, people of whom nothing is known."""

import pytest
from streamlit.testing.v1 import AppTest

from bst import datasets
from bst.evaluation import measure
from bst.models.timeline.config import TimelineConfig, TowerConfig
from bst.schema import Visitor
from bst.settings import override_settings
from bst.timelines.arrays import TIE_ORDERS
from bst.training import runs
from bst.training.runs import RunSettings
from pages.shared import resources
from tests.app.conftest import APP, captions, headline, set_visitor
from tests.conftest import some_now
from tests.formats import FILMS, USERS, WRITERS, ratings

pytestmark = pytest.mark.timeout(180)

TOWER = TowerConfig(width=8, layers=1, dropout=0.1, learning_rate=0.02, epochs=1)
QUICK = {"train_length": 10, "max_history": 12, "batch_events": 200, "factors": 2, "warm_up": 2, "negatives": 8}
PAGES = (
    "recommend",
    "what_if",
    "replay",
    "why",
    "training",
    "evaluation",
    "data",
    "about",
)
FORMS = (*WRITERS, "no-times")
DRAWN = {"like-10m", "like-latest-small", "like-kaggle-20m"}
NO_USERS = {*DRAWN, "no-times"}
MEASURED = {"like-100k", "like-latest-small", "no-times"}
# what is said of how files were read
NOTES = {
    "like-10m": "There is no users.dat",
    "like-kaggle-20m": "read as dates in UTC",
    "no-times": "ratings.csv has no times",
}


def write_without_times(folder):
    """CSV as somebody may have it: other names, no times, rated in an order that means something."""
    folder.mkdir()
    films = "".join(f'{number};"{title.replace(chr(34), chr(34) * 2)}"\n' for number, title, _ in FILMS)
    rows = "".join(f"{user};{film};{stars:g}\n" for user, film, stars, _ in ratings())
    (folder / "movies.csv").write_text("id;name\n" + films, "utf-8")
    (folder / "ratings.csv").write_text("user_id;item_id;stars\n" + rows, "utf-8")
    return folder


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A folder with a bundle of each format, trained as the command line would; of some, their evaluation, too."""
    import tensorflow as tf

    base = tmp_path_factory.mktemp("formats")
    config = TimelineConfig("timeline", TOWER, TOWER, averaging=0.5, **QUICK)
    tf.config.run_functions_eagerly(True)  # nothing here runs often enough to be worth compiling
    with override_settings(
        data=base / "nothing",
        bundles=base / "bundles",
        runs=base / "runs",
        cache=base / "cache",
        evaluation_cache=base / "evaluations",
    ):
        for name, write in (WRITERS | {"no-times": write_without_times}).items():
            folder = write(base / name)
            settings = RunSettings(str(folder), config, "visitor", epochs=1, seed=0)
            bundle = runs.train(settings, name)
            if name in MEASURED:
                measure.keep(bundle, measure.measure(bundle, measure.own_split(bundle, datasets.load(name))))
        yield base / "bundles"
    tf.config.run_functions_eagerly(False)


def opened(bundle: str, page: str) -> AppTest:
    resources.look_again()
    app = AppTest.from_file(str(APP), default_timeout=120)
    app.query_params["bundle"] = bundle
    app.switch_page(f"pages/{page}/{page}.py").run()
    assert not app.exception, page
    assert not app.error, [error.value for error in app.error]
    assert app.title, page
    return app


@pytest.mark.parametrize("form", some_now(FORMS, ("like-1m", "no-times")))
def test_every_page(form, trained):
    for page in PAGES:
        app = opened(form, page)
        if page == "recommend":  # films without year or genres are watched like any other
            set_visitor(app, Visitor().watched(12, 4.0).watched(19, 2.0), form)
            assert not app.run().exception
        elif page == "evaluation" and form in MEASURED:
            check_evaluation(app, form)
        elif page == "data":
            check_data(app, form)


def test_a_model_is_trained_on_what_was_trained_on_before(trained):
    app = opened("like-10m", "training")
    app.button(key="train_button").click().run()
    assert not app.exception
    assert {"Demo world (simulated)", *FORMS} <= set(app.selectbox(key="train_dataset").options)


def check_evaluation(app: AppTest, form: str) -> None:
    for section in ("Error by length of history", "Calibration", "Groups and fairness", "Worst errors", "Ranked lists"):
        app.session_state["evaluation_tabs_8"] = section
        assert not app.run().exception, section
    assert (TIE_ORDERS["drawn"] in captions(app)) == (form in DRAWN)


def check_data(app: AppTest, form: str) -> None:
    assert f"{USERS} people gave" in headline(app)
    text = captions(app)
    assert ("Assumed when its files were read" in text) == (form in NOTES)
    assert NOTES.get(form, "") in text
    sections = 4 if form in NO_USERS else 5
    for section in ("Ratings", "Movies", "Timestamps and order", "One movie"):
        app.session_state[f"data_tabs_{sections}"] = section
        app.run()
        assert not app.exception, section
        if section == "Timestamps and order":
            words = " ".join(part.value for part in app.main.markdown)
            assert (TIE_ORDERS["drawn"] in words) == (form in DRAWN)
            assert ("When ratings were given is not known" in words) == (form == "no-times")
