"""The About page: the model card, the architecture, the glossary, and how to get the data."""

import re

import pytest
from streamlit.testing.v1 import AppTest

from bst import datasets
from bst.bundles.bundle import open_bundle
from bst.presentation.glossary import GLOSSARY
from pages.about import report
from pages.shared import resources
from tests.app.conftest import APP, captions, chart_words


def opened(section: str = "Model card", bundle: str = "demo", **state) -> AppTest:
    """The page at a section, as a link opens it; ``state``: widgets as a visitor left them."""
    resources.look_again()
    app = AppTest.from_file(str(APP), default_timeout=120)
    app.query_params["bundle"] = bundle
    app.switch_page("pages/about/about.py")
    for name, value in ({"about_tabs": section} | state).items():
        app.session_state[name] = value
    app.run()
    assert not app.exception
    return app


def text(app: AppTest) -> str:
    """All paragraphs of the page, without their escapes and emphasis."""
    return " ".join(part.value for part in app.main.markdown).replace("\\", "").replace("**", "")


def test_the_card_of_the_chosen_bundle():
    page, bundle = opened(), open_bundle("demo")
    assert [tab.label for tab in page.tabs] == ["Model card", "Architecture", "Glossary", "Data and licences"]
    metrics = {metric.label: metric.value for metric in page.metric}
    assert metrics["Parameters"] == f"{bundle.parameters['parameters']:,}"
    assert metrics["MAE"] == f"{bundle.metrics['metrics']['mae']:.3f} ★"
    (card,) = (part.value for part in page.main.markdown if part.value.lstrip().startswith(("#", "A Behavior")))
    assert re.findall(r"^#+ .*$", card, re.MULTILINE) == [
        "## What it is",
        "## What it is for",
        "## Data",
        "## Figures",
    ], "without the model's name, which the page shows already"
    assert "It must not decide anything about a person" in card.replace("\n", " ")
    assert f"| **This model** | {bundle.metrics['metrics']['mae']:.3f} |" in card
    assert {button.label for button in page.get("download_button")} == {"Save a report", "Save the card"}


@pytest.mark.parametrize("kind", ["timeline", "rating-only", "next-only", "classic"])
def test_every_kind_of_model_is_drawn_and_described(kinds, kind):
    page = opened("Architecture", kind)
    drawing = " ".join(chart_words(page))
    assert ("The tower that predicts ratings" in drawing) == (kind in ("timeline", "rating-only"))
    assert ("The tower that predicts the next movie" in drawing) == (kind in ("timeline", "next-only"))
    assert ("Transformer block" in drawing) == (kind == "classic")
    assert "The same in words" in [part.label for part in page.expander]
    assert "The NumPy engine" in text(page), "what answers"
    parts, every = (table.value for table in page.dataframe)
    assert parts["Parameters"].sum() == every["Parameters"].sum()
    assert re.search(r"[\d,]+ parameters, of which [\d,]+ are trained", text(page))


def test_the_glossary_can_be_searched():
    page = opened("Glossary")
    assert all(word.word in text(page) for word in GLOSSARY)
    page = opened("Glossary", about_glossary="ndcg")
    assert "NDCG@K" in text(page)
    assert "Counterfactual" not in text(page)
    assert "No term matches “qqq”." in text(opened("Glossary", about_glossary="qqq"))


def test_how_to_get_the_data_and_whom_to_cite(monkeypatch):
    find = datasets.find
    monkeypatch.setattr(datasets, "find", lambda name: None if name == "ml-1m" else find(name))
    page = opened("Data and licences")
    assert "Accept and download (6 MB)" in [button.label for button in page.button]
    assert "python -m bst download ml-1m" in captions(page)
    for phrase in ("Harper", "Chen", "MIT", "GroupLens", "The chosen model was trained with"):
        assert phrase in text(page)


def test_the_report_to_save_is_the_whole_one(monkeypatch):
    monkeypatch.setattr("bst.presentation.report.parts.inline", lambda chart: "<svg></svg>")
    html = report._make(open_bundle("demo")).decode()
    assert html.startswith("<!DOCTYPE html>")
    assert "Error by length of history" in html
    assert "300,000 ratings" in html  # the data are described, too
