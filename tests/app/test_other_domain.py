"""A library of books instead of movies: no page speaks of movies, and where nobody rates, none speaks of stars."""

import json
import re
from collections.abc import Iterator

import pytest
from streamlit.testing.v1 import AppTest

from bst import settings
from bst.evaluation import measure
from bst.models.timeline.config import TimelineConfig, TowerConfig
from bst.schema import Visitor
from bst.training import runs
from bst.training.runs import RunSettings
from pages.shared.state import link
from tests import books
from tests.app.conftest import edit, headline, set_visitor, shown_history, shown_list, shown_titles, start, visitor

PAGES = ("recommend", "what_if", "replay", "story", "why", "training", "evaluation", "data", "about")
OF_MOVIES = re.compile(r"\b(movie|film|genre|watch)\w*", re.IGNORECASE)
# what nobody sees: code of components, keys, and the names that a component or a chart gives to its data
HIDDEN = (
    "js_content",
    "css_content",
    "html_content",
    "component_name",
    "key",
    "id",
    "arrow_data",
    "name",
    "selection_mode",
)
NAMES_OF_DATA = re.compile(r'"(movie_id|genres|movie|genre|watching|field|data-movie)"')
TOWER = TowerConfig(width=8, heads=2, layers=1, epochs=1)
NONE = TowerConfig(epochs=0)
QUICK = {"train_length": 20, "max_history": 40, "batch_events": 1000, "factors": 2, "warm_up": 2, "negatives": 8}
RATED, CLICKS = "riverside", "clicks"
# of the same events without ratings, a model that also says what will be chosen some time
LATER = "clicks-later"


@pytest.fixture(scope="module")
def library(tmp_path_factory) -> Iterator[None]:
    """Both libraries, with a model of each that was trained for a moment, and measured."""
    import tensorflow as tf

    folder = tmp_path_factory.mktemp("library")
    tf.config.run_functions_eagerly(True)  # nothing here runs often enough to be worth compiling
    with settings.override_settings(
        data=folder / "data",
        bundles=folder / "bundles",
        runs=folder / "runs",
        cache=folder / "cache",
        evaluation_cache=folder / "evaluations",
    ) as here:
        for name, config in (
            (RATED, TimelineConfig("timeline", TOWER, TOWER, TOWER, averaging=0.5, **QUICK)),
            (CLICKS, TimelineConfig("timeline", NONE, TOWER, NONE, averaging=0.5, **QUICK)),
        ):
            dataset = books.dataset(here.data, name, ratings=name == RATED)
            bundle = runs.train(RunSettings(name, config, "visitor" if name == RATED else "last", 1, 0), name)
            measure.keep(bundle, measure.measure(bundle, measure.own_split(bundle, dataset)))
        later = TimelineConfig("timeline", NONE, TOWER, TOWER, averaging=0.5, **QUICK)
        runs.train(RunSettings(CLICKS, later, "visitor", 1, 0), LATER)
        yield
    tf.config.run_functions_eagerly(False)


@pytest.fixture
def shelf(library) -> None:
    """The libraries, for a test that opens the app."""


def strings(value) -> Iterator[str]:
    """All texts in a value of JSON, but for names of fields."""
    if isinstance(value, dict):
        for name, part in value.items():
            if name not in ("data", "datasets", "genres", "field", "fields", "param", "params", "signal", "id"):
                yield from strings(part)
    elif isinstance(value, list):
        for part in value:
            yield from strings(part)
    elif isinstance(value, str):
        yield value


def texts(node) -> Iterator[str]:
    """All that a page shows or says to a screen reader: labels, texts, help, options, titles in charts."""
    for child in getattr(node, "children", {}).values():
        yield from texts(child)
    proto = getattr(node, "proto", None)
    if proto is None:
        return
    for field, value in proto.ListFields() if hasattr(proto, "ListFields") else ():
        if field.name in HIDDEN:
            continue
        if field.name in ("json", "spec") and isinstance(value, str) and value.startswith("{"):
            yield from strings(json.loads(value))
        elif isinstance(value, str):
            yield value
        elif hasattr(value, "ListFields"):
            yield from (text for one, text in value.ListFields() if isinstance(text, str) and one.name not in HIDDEN)
        elif field.type == field.TYPE_STRING:
            yield from value


def check(app: AppTest, where: object, rated: bool) -> None:
    assert not app.exception, (where, app.exception[0].stack_trace)
    found = [text for text in texts(app._tree) if OF_MOVIES.search(NAMES_OF_DATA.sub("", text))]
    assert not found, (where, [text[:300] for text in found])
    if not rated:
        starred = [text for text in texts(app.main) if "★" in text]
        assert not starred, (where, [text[:300] for text in starred])


def open_page(app: AppTest, page: str, **state: object) -> AppTest:
    for name, value in state.items():
        app.session_state[name] = value
    return app.switch_page(f"pages/{page}/{page}.py").run()


@pytest.mark.parametrize("name", [RATED, CLICKS])
def test_no_page_speaks_of_movies(name, shelf):
    app, rated = start(name), name == RATED
    views = {
        "recommend": [{"list_view": "rows"}, {"for_anyone": True}, {"for_anyone": False, "any_movie_" + name: 3}],
        "what_if": [{"what_if_view": view} for view in ("compare", "find", *(["sweep", "models"] * rated))],
        "why": [{"why_part": part} for part in ("heads", "general", *(["ratings", "trust"] * rated))],
        "about": [{"about_tabs": tab} for tab in ("Model card", "Architecture", "Glossary", "Data and licences")],
        "data": [
            {f"data_tabs_{5 if rated else 4}": tab}
            for tab in ("Books", "Who likes what", "Timestamps and order", *(["Ratings", "One book"] * rated))
        ],
        "evaluation": [
            {f"evaluation_tabs_{8 if rated else 3}": tab}
            for tab in ("Accuracy", "Ranked lists", "Compare models")
            + (("Error by length of history", "Calibration", "Groups and fairness", "Visitors") if rated else ())
        ],
    }
    if rated:
        views["what_if"] += [
            {"what_if_view": "sweep", "sweep_parameter": parameter}
            for parameter in ("position", "last", "about_branch", "everyone")
        ]
    for page in PAGES:
        check(open_page(app, page), page, rated)
        for state in views.get(page, ()):
            check(open_page(app, page, **state), (page, state), rated)


def test_a_newcomer_finds_well_known_books_and_adds_one(shelf):
    app = start(RATED)
    assert headline(app).startswith("After 5 books, the best bet for this visitor is ")
    assert [select.label for select in app.selectbox if select.key and select.key.startswith("visitor_")] == [
        "Membership",
        "Branch",
        "Age group",
    ]
    before = shown_titles(app)
    mort = next(option for option in app.selectbox(key="add_movie").options if option.startswith("Mort by"))
    app.selectbox(key="add_movie").select(mort).run()
    app.run()
    assert shown_history(app)[0]["title"] == "Mort by Terry Pratchett (1987)"
    assert shown_titles(app) != before
    assert headline(app).startswith("After 6 books")


def test_a_demographic_of_the_library_is_a_control_and_travels_in_the_link(shelf):
    app = start(RATED)
    app.selectbox(key="visitor_branch").set_value("Harbour").run()
    app.run()
    assert visitor(app, RATED).demographics == {"branch": "Harbour"}
    text = app.query_params["s"]
    again = start(parameters={"s": text if isinstance(text, str) else text[0]})
    assert visitor(again, RATED).demographics == {"branch": "Harbour"}


def test_what_another_library_knows_of_people_is_left_out_of_a_link(shelf):
    state = link.State(RATED, Visitor({"branch": "Harbour", "shoes": "blue"}).watched(1, 5.0))
    app = start(parameters={"s": link.encode(state)})
    assert visitor(app, RATED).demographics == {"branch": "Harbour"}
    assert any("The shoes of the link is not known here" in toast.value for toast in app.toast)


def test_where_nobody_rates_the_list_goes_by_what_comes_next(shelf):
    app = start(CLICKS)
    assert re.fullmatch(r"After 5 books, this visitor most likely borrows .* next: a chance of [\d.]+%", headline(app))
    drawn = shown_list(app)
    assert [head[0] for head in drawn["heads"]] == ["rank", "move", "main", "next"]
    assert all("rating" not in row for row in drawn["rows"])
    first = shown_history(app)[0]["movie_id"]
    before = shown_titles(app)
    edit(app, first, "remove")
    assert headline(app).startswith("After 4 books")
    assert shown_titles(app) != before


def test_where_nobody_rates_the_headline_says_what_the_list_goes_by(shelf):
    app = start(LATER)
    first = shown_list(app)["rows"][0]
    best = f"After 5 books, the best bet for this visitor is {first['title']}: "
    assert re.fullmatch(re.escape(best) + r"[\d.]+% likely to borrow it some time", headline(app))


def test_nothing_known_of_a_visitor(shelf):
    for name in (RATED, CLICKS):
        app = start(name)
        set_visitor(app, Visitor(), name)
        for page in PAGES:
            check(open_page(app, page), (name, page), name == RATED)
