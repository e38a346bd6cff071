"""A library of books, as somebody meets it who has never seen the app: nothing looks like an app about movies."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from bst import settings
from bst.models.timeline.config import TimelineConfig, TowerConfig
from bst.training import runs
from bst.training.runs import RunSettings
from tests import books
from tests.browser.conftest import clone, serving

OF_MOVIES = re.compile(r"\b(movie|film|genre|watch)\w*", re.IGNORECASE)
TOWER, NONE = TowerConfig(width=8, heads=2, layers=1, epochs=1), TowerConfig(epochs=0)
QUICK = {"train_length": 20, "max_history": 40, "batch_events": 1000, "factors": 2, "warm_up": 2, "negatives": 8}


@pytest.fixture(scope="module")
def library(tmp_path_factory) -> Iterator[str]:
    """The address of an app that has two libraries, one without ratings, each with a model trained for a moment."""
    import tensorflow as tf

    root = clone(tmp_path_factory.mktemp("app"))
    tf.config.run_functions_eagerly(True)  # nothing here runs often enough to be worth compiling
    with settings.override_settings(data=root / "data", bundles=root / "data" / "bundles", runs=root / "runs"):
        for name, towers in (("riverside", (TOWER, TOWER, TOWER)), ("clicks", (NONE, TOWER, NONE))):
            books.dataset(root / "data", name, ratings=name == "riverside")
            config = TimelineConfig("timeline", *towers, averaging=0.5, **QUICK)
            runs.train(RunSettings(name, config, "visitor" if name == "riverside" else "last", 1, 0), name)
    tf.config.run_functions_eagerly(False)
    with serving(root / "log", root, environment={"BST_DATA_DIR": str(root / "data")}) as address:
        yield address


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1440, "height": 1000})
    yield context.new_page()
    context.close()


def titles(page: Page) -> list[str]:
    # the list after the history: tiles have their title in words for screen readers
    return page.locator(".list li bdi.title").all_inner_texts()


def add(page: Page, text: str) -> None:
    box = page.get_by_role("combobox", name="Add a book")
    box.click()
    box.fill(text)
    page.get_by_role("option", name=re.compile(text)).first.click()


def test_a_book_is_added_and_the_list_changes(library: str, page: Page):
    page.goto(f"{library}/?bundle=riverside")
    expect(page.get_by_role("heading", level=1)).to_contain_text("After 5 books", timeout=60_000)
    expect(page.get_by_text("Who is borrowing")).to_be_visible()
    expect(page.get_by_role("combobox", name=re.compile("Membership"))).to_be_visible()
    before = page.locator(".list").inner_text()
    add(page, "Dune by Frank Herbert")
    expect(page.get_by_role("heading", level=1)).to_contain_text("After 6 books")
    expect(page.locator(".history li").first).to_contain_text("Dune by Frank Herbert")
    page.wait_for_function("before => document.body.innerText && true", arg=before)
    page.get_by_role("radio", name="2 out of 5 stars").first.check(force=True)
    assert not OF_MOVIES.search(page.locator("body").inner_text())


def test_without_ratings_there_are_no_stars(library: str, page: Page):
    page.goto(f"{library}/?bundle=clicks")
    heading = page.get_by_role("heading", level=1)
    expect(heading).to_contain_text("this visitor most likely borrows", timeout=60_000)
    add(page, "Emma by Jane Austen")
    expect(heading).to_contain_text("After 6 books")
    for name in ("What if", "Why"):
        page.get_by_role("link", name=name, exact=True).click()
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        expect(page.locator("[data-testid=stException]")).to_have_count(0)
        page.wait_for_load_state("networkidle")
        text = page.locator("[data-testid=stMain]").inner_text()
        assert "★" not in text, text[:400]
        assert not OF_MOVIES.search(text), text[:400]


@pytest.mark.long
def test_on_a_phone_the_library_fits(library: str, browser: Browser, tmp_path: Path):
    context = browser.new_context(viewport={"width": 390, "height": 844}, color_scheme="dark")
    page = context.new_page()
    page.goto(f"{library}/?bundle=riverside")
    expect(page.get_by_role("heading", level=1)).to_contain_text("After 5 books", timeout=60_000)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    context.close()
