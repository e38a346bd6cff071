"""The report: one file that holds all that is known of a model, and nothing of anybody."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from bst.bundles.bundle import open_bundle
from bst.bundles.parameters import by_purpose, weights
from bst.datasets import load, load_movies
from bst.datasets.profile import dataset_profile
from bst.errors import ReportError
from bst.evaluation import measure, measure_lists
from bst.evaluation.list_record import ListRecord
from bst.models.classic.config import ClassicConfig
from bst.models.config import Sizes
from bst.models.diagram import LEFT, RIGHT
from bst.models.registry import family_of, preset
from bst.models.timeline.config import TimelineConfig, TowerConfig
from bst.presentation.glossary import GLOSSARY, PARTS, meaning
from bst.presentation.report import make_report, write_report
from tests.lists import LISTS


class Page(HTMLParser):
    """What a browser would make of a report: its texts, what it would fetch, and what each picture tells."""

    VOID = ("meta", "br", "hr", "img", "link", "input")

    def __init__(self, html: str):
        super().__init__()
        self.open, self.wrong, self.fetched, self.told, self.names, self.text = [], [], [], [], [], []
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag not in self.VOID:
            self.open.append(tag)
        self.fetched += [attributes[name] for name in ("src", "data", "srcset") if attributes.get(name)]
        if tag in ("script", "iframe", "object", "embed", "link", "img"):
            self.wrong.append(tag)
        if attributes.get("role") == "img":
            self.told.append(attributes.get("aria-label", ""))
        if "id" in attributes:
            self.names.append(attributes["id"])

    def handle_startendtag(self, tag, attributes):
        pass

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.wrong.append(f"/{tag}")

    def handle_data(self, data):
        self.text.append(data)

    @property
    def words(self) -> str:
        return " ".join(" ".join(self.text).split())


@pytest.fixture(scope="module")
def demo():
    return open_bundle("demo")


@pytest.fixture(scope="module")
def report(demo) -> str:
    return make_report(demo, dataset_profile(load("demo")))


@pytest.fixture
def undrawn(monkeypatch):
    """Leave out the drawing, which takes most of the time, where only words matter."""
    monkeypatch.setattr("bst.presentation.report.parts.inline", lambda chart: "<svg></svg>")


def test_a_report_needs_no_network_and_no_script(report):
    page = Page(report)
    assert page.open == []
    assert page.wrong == []
    assert page.fetched == []
    assert not re.search(r"@import|url\((?!#)", report)
    assert "default-src 'none'" in report


def test_every_picture_is_told_in_words_and_no_two_share_a_name(report):
    page = Page(report)
    assert report.count("<svg") == len(page.told) >= 15
    assert all(len(told) > 20 for told in page.told)
    assert len(page.names) == len(set(page.names))


def test_pictures_take_the_colours_of_the_page(report):
    pictures = "".join(re.findall(r"<svg.*?</svg>", report, re.S))
    assert "var(--ink)" in pictures
    assert "var(--c2)" in pictures
    assert not re.search(r"#01[0-9a-f]{4}", pictures)  # what is put in their place
    assert 'fill="#000' not in pictures


def test_it_says_what_was_measured(report, demo):
    words, record = Page(report).words, measure.read(demo)
    assert f"{record.metrics.mae:.3f}" in words
    assert f"protocol “{demo.protocol}”, seed {demo.seed}" in words
    assert f"{record.labels:,}" in words
    assert f"{demo.parameters['parameters']:,}" in words
    for heading in ("How it learnt", "Error by length of history", "Groups and fairness", "Model card", "Words"):
        assert heading in words
    assert "2,000 simulated users gave 300,000 ratings to 1,350 movies" in words
    assert "No real person rated anything" in words


def test_it_names_no_movie(report):
    titles = [title for title in load_movies("demo")["title"] if len(title) > 14]
    assert [title for title in titles if title in report] == []


def test_without_an_evaluation_it_says_how_to_make_one(demo, monkeypatch, undrawn):
    monkeypatch.setattr(measure, "read", lambda bundle: None)
    words = Page(make_report(demo)).words
    assert "python -m bst evaluate --bundle demo" in words
    assert "SVD fold-in" in words
    assert "Error by length of history" not in words
    assert "not available" in words


def test_lists_that_were_measured_are_in_it(demo, monkeypatch):
    monkeypatch.setattr(measure_lists, "read", lambda bundle: ListRecord.from_dict(LISTS))
    page = Page(make_report(demo))
    assert "Of ten movies listed after 5 ratings, 4.2 were liked later; of the ten most liked movies" in page.words
    assert "Every metric with 5 ratings known. Lists Precision@10 NDCG@10" in page.words
    assert "Ridge on first ratings 0.410" in page.words
    assert any(told.startswith("Precision@10 and distinct titles: This model 0.420") for told in page.told)
    assert page.wrong == []


def test_a_classic_model_has_a_report(undrawn):
    words = Page(make_report(open_bundle("ml-1m-seed"))).words
    assert "951,801" in words
    assert "Transformer block" in words


def test_what_others_wrote_is_shown_as_it_is(demo, monkeypatch, undrawn):
    title = '<script>alert("x")</script> & "é" $5'
    strange = replace(demo, title=title, dataset_title="<b>bold</b>")
    card = "# <img src=x onerror=1>\n\n![p](http://e.x/p.png) <script>y</script> [l](javascript:z)\n"
    monkeypatch.setattr(type(demo), "model_card", property(lambda self: card))
    html = make_report(strange)
    page = Page(html)
    assert page.wrong == []
    assert page.fetched == []
    assert title in page.words
    assert 'href="javascript' not in html


def test_a_report_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    target = tmp_path / "report.html"
    write_report(target, "one")
    with pytest.raises(ReportError, match="already exists; give another name, or --overwrite"):
        write_report(target, "two")
    assert target.read_text() == "one"
    write_report(target, "two", overwrite=True)
    assert target.read_text() == "two"
    with pytest.raises(ReportError, match="is a folder"):
        write_report(tmp_path, "three")
    with pytest.raises(ReportError, match="is not a folder"):
        write_report(tmp_path / "nowhere" / "report.html", "three")

    def full(*arguments, **how):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("bst.files.os.fdopen", full)
    with pytest.raises(ReportError, match="No space left"):
        write_report(target, "three", overwrite=True)
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]
    assert target.read_text() == "two"


def test_the_command(answer, refused, tmp_path, undrawn):
    target = tmp_path / "demo.html"
    found = answer("report", "--bundle", "demo", "--out", target)
    assert found == {
        "bundle": "demo",
        "out": str(target),
        "bytes": target.stat().st_size,
        "evaluation": True,
        "data": True,
    }
    assert Page(target.read_text("utf-8")).wrong == []
    assert "already exists" in refused("report", "--bundle", "demo", "--out", target)
    assert "there is no bundle 'nothing'" in refused("report", "--bundle", "nothing", "--out", tmp_path / "x.html")
    assert "--out" in refused("report", "--bundle", "demo")


def test_a_dataset_that_is_not_here_is_left_out(answer, tmp_path, override_settings, undrawn):
    override_settings(data=tmp_path, project_data=tmp_path / "data")
    found = answer("report", "--bundle", "ml-1m-seed", "--out", tmp_path / "seed.html")
    assert found["data"] is False


# ---- what a report and the About page draw


def test_weights_of_the_published_system():
    """Shapes as they are documented for the classic model on MovieLens 1M: 951,801 parameters, 881,139 trained."""
    table = weights(open_bundle("ml-1m-seed"))
    assert table["parameters"].sum() == 951_801
    assert table.loc[table["trained"], "parameters"].sum() == 881_139
    parts = by_purpose(table).set_index("purpose")["parameters"]
    assert parts["User ids"] == 6040 * 77
    assert parts["Attention"] == 50_902
    assert parts[["User ids", "Movies", "Events", "Demographics"]].sum() == 781_090
    assert parts["Output"] == 85_248 + 1_024 + 32_896 + 512 + 129


@pytest.mark.parametrize("name", ["demo", "ml-1m"])
def test_weights_add_up_to_what_the_bundle_says(name):
    bundle = open_bundle(name)
    table = weights(bundle)
    assert table["parameters"].sum() == bundle.parameters["parameters"]
    assert table.loc[table["trained"], "parameters"].sum() == bundle.parameters["trainable"]
    assert by_purpose(table)["share"].sum() == pytest.approx(1)


@pytest.mark.parametrize(
    "config",
    [
        preset("user-features"),
        preset("compact"),
        preset("keras-example"),
        preset("timeline"),
        TimelineConfig("timeline", TowerConfig(layers=1), TowerConfig(epochs=0)),
        TimelineConfig("timeline", TowerConfig(epochs=0), TowerConfig(layers=1)),
        TimelineConfig("timeline", TowerConfig(layers=9)),
    ],
)
def test_every_architecture_can_be_drawn(config):
    for drawing in family_of(config).diagrams(config, Sizes(6040, 3883), 5):
        names = [box.name for box in drawing.boxes]
        assert len(set(names)) == len(names)
        # no two boxes in one place, and no arrow upwards, to itself or to nowhere
        places = [(box.row, side) for box in drawing.boxes for side in (LEFT, RIGHT) if box.side in (side, "wide")]
        assert len(set(places)) == len(places)
        at = {box.name: box for box in drawing.boxes}
        for start, end in drawing.arrows:
            assert (at[start].row, at[start].side != LEFT) < (at[end].row, at[end].side != LEFT)
        # everything leads to the answer
        assert {start for start, _ in drawing.arrows} == set(names) - {"answer"}
        assert all(box.label in drawing.text for box in drawing.boxes)


def test_the_drawing_has_the_numbers_of_the_model():
    config = preset("user-features")
    words = family_of(config).diagrams(config, Sizes(6040, 3883), 5)[0].text
    assert "4 × 62 = 248 numbers" in words
    assert "77 + 1 + 2 + 4 = 84 numbers" in words
    bare = ClassicConfig("keras-example", user_id=False, demographics=False)
    assert "Who the user is" not in family_of(bare).diagrams(bare, Sizes(6040, 3883), 5)[0].text


def test_the_glossary_explains_each_word_once():
    words = [entry.word for entry in GLOSSARY]
    assert len(set(words)) == len(words)
    assert {entry.part for entry in GLOSSARY} == set(PARTS)
    assert all(entry.meaning.endswith(".") for entry in GLOSSARY)
    assert "stars" in meaning("MAE")
