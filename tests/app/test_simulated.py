"""A simulated world says so on every page, and nothing speaks of its ratings as if MovieLens had collected them."""

import json
import shutil

import pytest

from bst.bundles.bundle import list_bundles, locate, open_bundle
from bst.evaluation import measure
from bst.presentation.model_card import write_card
from bst.presentation.report import make_report
from pages.shared.widgets.page_frame import SIMULATED
from tests.app.conftest import captions, start

PAGES = {
    "pages/recommend/recommend.py": None,
    "pages/what_if/what_if.py": ("what_if_view", ["compare", "sweep", "find", "models"]),
    "pages/replay/replay.py": None,
    "pages/why/why.py": ("why_part", ["ratings", "trust", "heads", "general"]),
    "pages/training/training.py": None,
    "pages/evaluation/evaluation.py": (
        "evaluation_tabs_8",
        ["Accuracy", "Groups and fairness", "Ranked lists", "Visitors", "Worst errors", "Compare models"],
    ),
    "pages/data/data.py": (
        "data_tabs_6",
        ["Ratings", "Movies", "Who likes what", "Timestamps and order", "One movie", "Ground truth"],
    ),
    # not "Glossary" and "Data and licences", which are about more than the chosen model
    "pages/about/about.py": ("about_tabs", ["Model card", "Architecture"]),
}


# whose export of one's own ratings can be imported
IMPORT = "Letterboxd, IMDb, MovieLens, Trakt"


def said(app) -> str:
    """All that the page says, to those who see it and those who do not, but for what can be imported."""
    whole = "\n".join(str(element.proto) for element in app.main if hasattr(element, "proto"))
    return whole.replace(IMPORT, "")


@pytest.mark.parametrize("path", PAGES)
def test_every_page_says_that_its_people_are_simulated_and_nothing_of_movielens(path):
    app = start("demo").switch_page(path).run()
    key, views = PAGES[path] or ("", [None])
    for view in views:
        if view is not None:
            app.session_state[key] = view
            app.run()
        assert not app.exception
        assert sum(SIMULATED in text.value for text in app.main.markdown) == 1
        assert app.title
        assert "MovieLens" not in said(app)


def test_what_is_next_is_explained_by_what_the_data_are():
    app = start("demo")
    assert "rated next in the simulation" not in captions(app), "where nothing is said of it"
    app.segmented_control(key="order_choice").select("next").run()
    assert "rated next in the simulation" in captions(app)


def test_where_people_are_real_nothing_says_that_they_are_simulated(tmp_path, override_settings):
    shutil.copytree(locate("demo"), tmp_path / "demo")
    override_settings(bundles=tmp_path)
    path = tmp_path / "demo" / "bundle.json"
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | {"simulated": False}), "utf-8")
    app = start("demo")
    assert not app.exception
    assert SIMULATED not in said(app)
    app.segmented_control(key="order_choice").select("next").run()
    assert "the data record when a rating was entered, not when a film was watched" in captions(app)


@pytest.mark.parametrize("bundle", [b for b in list_bundles() if getattr(b, "simulated", False)], ids=lambda b: b.name)
def test_cards_of_simulated_worlds_do_not_speak_of_movielens(bundle):
    assert "MovieLens" not in bundle.model_card
    assert "MovieLens" not in write_card(bundle, measure.summary(bundle))


def test_the_report_of_the_demo_world_does_not_speak_of_movielens():
    assert "MovieLens" not in make_report(open_bundle("demo"))
