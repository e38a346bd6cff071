"""A run started in the browser: followed, reloaded, cancelled, resumed; and its model recommends."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import clone, serving, settled

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def workshop(tmp_path_factory) -> Iterator[str]:
    """The address of a server on a copy of the project, as a run writes its model among the bundles."""
    folder = tmp_path_factory.mktemp("workshop")
    root = clone(folder / "project")
    with serving(folder / "log", root) as address:
        yield address


def choose(page: Page, label: str, option: str) -> None:
    page.get_by_role("combobox", name=label).click()
    page.get_by_role("option", name=option, exact=True).click()
    page.wait_for_timeout(700)


def press(page: Page, label: str, key: str, times: int = 1) -> None:
    """Move a slider by its keys."""
    page.get_by_role("slider", name=label).first.focus()
    for _ in range(times):
        page.keyboard.press(key)
    page.wait_for_timeout(700)


@pytest.mark.long
def test_a_run_from_start_to_recommendations(browser, workshop: str, tmp_path: Path):
    context = browser.new_context(viewport={"width": 1440, "height": 1100}, base_url=workshop)
    page = context.new_page()
    page.goto("/training?bundle=demo")
    settled(page)
    page.get_by_role("button", name="Train a model").click()
    page.get_by_role("dialog").get_by_text("Full", exact=True).click()
    choose(page, "Preset", "Compact BST")
    press(page, "Share of its users to train on", "ArrowLeft", 4)
    press(page, "Epochs", "End")
    press(page, "Epochs", "ArrowLeft", 16)
    page.get_by_text("More settings").click()
    press(page, "Learning rate", "Home")  # small steps: it does not stop early
    page.get_by_role("textbox", name="Name of the model").fill("journey")
    page.keyboard.press("Tab")
    page.wait_for_timeout(700)
    page.get_by_role("button", name="Start training").click()

    # progress moves
    bar = page.get_by_role("progressbar")
    expect(page.get_by_text("Epoch 1 of 14").or_(page.get_by_text("Epoch 2 of 14"))).to_be_visible(timeout=120_000)
    expect(page.get_by_role("button", name="Train a model")).to_be_disabled()
    first = float(bar.get_attribute("aria-valuenow"))
    page.wait_for_function(
        "at => Number(document.querySelector('[role=progressbar]').getAttribute('aria-valuenow')) > at", arg=first
    )

    # a reload keeps it
    page.reload()
    expect(page.get_by_text("Compact BST on demo, protocol windows, seed 0, 5% of the users")).to_be_visible()
    expect(page.get_by_role("progressbar")).to_be_visible()

    # and it is still theirs; whoever else looks on would have to confirm that it is to end
    expect(page.get_by_text("Started by you at")).to_be_visible()
    stranger = browser.new_context(base_url=workshop)
    other = stranger.new_page()
    other.goto("/training?bundle=demo")
    expect(other.get_by_text("Started by someone else at")).to_be_visible()
    other.get_by_role("button", name="Cancel").click()
    expect(other.get_by_text("Cancel it all the same?")).to_be_visible()
    other.wait_for_timeout(2500)  # the question stays while the run goes on
    expect(other.get_by_role("button", name="Cancel it")).to_be_visible()
    stranger.close()

    # cancel does not wait for the end of the training; what was learnt is kept
    page.get_by_role("button", name="Cancel").click()
    cancelled = page.get_by_text("Cancelled after")
    expect(cancelled).to_be_visible(timeout=60_000)
    kept = int(cancelled.inner_text().split()[2])
    assert 1 <= kept < 14

    # it goes on to its end, and is among the models
    settled(page)
    page.get_by_role("button", name="Resume").click()
    expect(page.get_by_text("has finished training")).to_be_visible(timeout=300_000)
    page.get_by_role("button", name="Use it").click()
    settled(page)
    expect(page.get_by_role("combobox", name="Model", exact=True)).to_have_value("journey · Compact BST · Demo world")
    page.get_by_role("link", name="Recommend").click()
    settled(page)
    expect(page.get_by_role("heading", level=1)).to_contain_text("After 5 movies, the model expects")
    assert page.get_by_role("row").count() + page.get_by_role("listitem").count() >= 10
    context.close()
