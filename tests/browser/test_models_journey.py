"""Two models on one visitor, and the table of users held out: as somebody shows them to others."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import DEMO, settled
from tests.browser.test_journeys import headline

pytestmark = pytest.mark.timeout(300)

# of a table on the screen, in pixels
HEAD, ROW, BOX = 35, 35, 18


def titles(page: Page, number: int) -> list[str]:
    rows = page.locator(f".st-key-models_list_{number} ol > li .title")
    expect(rows).to_have_count(10)
    return rows.all_inner_texts()


def select_row(page: Page, row: int) -> None:
    """Tick the box in front of a row: a table is drawn on a canvas."""
    box = page.get_by_test_id("stDataFrame").bounding_box()
    page.mouse.click(box["x"] + BOX, box["y"] + HEAD + (row + 0.5) * ROW)
    settled(page)


def test_another_model_is_asked_and_its_lead_is_measured(page):
    page.goto(f"/what_if{DEMO[1:]}")
    settled(page)
    page.get_by_test_id("stButtonGroup").get_by_text("Another model", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile(r"^Of the 10 movies that each model lists"))
    settled(page)
    first, second = titles(page, 0), titles(page, 1)
    assert first != second
    page.get_by_text("Highest rated", exact=True).first.click()
    settled(page)
    assert titles(page, 0) != first
    assert titles(page, 1) == second, "the other model was ordered by ratings before"
    # a reload shows the same
    said = headline(page)
    page.reload()
    settled(page)
    assert headline(page) == said
    page.get_by_role("button", name="Compare them on the Evaluation page").click()
    expect(page.get_by_role("tab", name="Compare models")).to_have_attribute("aria-selected", "true")
    expect(page.get_by_text("is clearly better: its MAE is lower by")).to_be_visible()


@pytest.mark.long
def test_from_all_users_to_one_and_to_why_the_model_was_wrong(page):
    page.goto(f"/evaluation{DEMO[1:]}")
    settled(page)
    page.get_by_role("tab", name="Visitors").click()
    expect(page.get_by_text("200 users of 200 shown.")).to_be_visible()
    page.get_by_test_id("stButtonGroup").get_by_text("Worst tenth", exact=True).click()
    expect(page.get_by_text("20 users of 200 shown.")).to_be_visible()
    settled(page)
    card = page.locator(".st-key-visitors_user_card")
    worst = card.get_by_role("heading").inner_text()
    select_row(page, 1)
    expect(card.get_by_role("heading")).not_to_have_text(worst)
    user = re.search(r"User \d+", card.get_by_role("heading").inner_text())[0]
    movie = re.search(r"Furthest off: (.+? \(\d{4}\))", card.inner_text())[1]
    card.get_by_role("button", name="Open in Why").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(movie, timeout=60_000)
    expect(page.get_by_text(re.compile(f"{user.lower()} after"))).to_be_visible()


@pytest.mark.long
def test_a_bar_shows_its_users(page):
    page.goto(f"/evaluation{DEMO[1:]}")
    settled(page)
    page.get_by_role("tab", name="Visitors").click()
    settled(page)
    bar = page.get_by_test_id("stVegaLiteChart").locator("[aria-roledescription=bar]").nth(5)
    users = re.search(r"Users: (\d+)", bar.get_attribute("aria-label"))[1]
    for _ in range(2):  # after “All errors” the same bar can be clicked again
        bar.click()
        expect(page.get_by_text(f"{users} users of 200 shown.")).to_be_visible()
        settled(page)
        page.get_by_role("button", name="All errors").click()
        expect(page.get_by_text("200 users of 200 shown.")).to_be_visible()
        settled(page)
