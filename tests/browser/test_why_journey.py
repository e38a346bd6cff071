"""From a list to the reason, from the reason to a change; and from the map of movies into the history."""

import json
import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import settled
from tests.browser.test_journeys import described, headline, rows
from tests.browser.test_what_if_journeys import go, listed

pytestmark = pytest.mark.timeout(300)


def look_closer(page: Page, part: str) -> None:
    page.get_by_text(part, exact=True).click()
    settled(page)


def test_from_a_row_to_its_reason_to_the_change(page):
    why = rows(page).nth(1).get_by_role("button", name=re.compile("^Why "))
    title = why.get_attribute("aria-label").removeprefix("Why ").removesuffix("?")
    why.focus()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/why"), timeout=10_000)
    settled(page)
    # a list of what they would come to like leads to the reasons for that
    liking = rf"\d+% likely to watch {re.escape(title)} some time and like it, (raised|held down) most by "
    assert re.match(liking, headline(page))
    expect(described(page, "What moved the chance")).to_be_visible()
    change = page.locator(".st-key-why_change_0 button")
    movie = re.match(r"Remove (.+)", " ".join(change.inner_text().split("\n")[-1:])).group(1)
    assert f"because of {movie}" in headline(page) or f"by {movie}" in headline(page)
    change.click()
    expect(page).to_have_url(re.compile("/what_if"), timeout=10_000)
    settled(page)
    assert headline(page).startswith(f"Without {movie}") or movie in headline(page)
    expect(page.get_by_text(f"Compared with A: removed {movie}")).to_be_visible()
    # the copy's own list leads to the copy's reasons, and one click to the visitor's
    page.locator(".st-key-what_if_list_b ol > li button").first.focus()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/why"), timeout=10_000)
    settled(page)
    words = described(page, "What moved the ").get_attribute("aria-label")
    assert movie not in words
    page.get_by_text("A: the visitor", exact=True).click()
    settled(page)
    assert movie in described(page, "What moved the ").get_attribute("aria-label")


def test_what_a_chart_asks_for_leaves_the_screen_with_it(page):
    page.set_viewport_size({"width": 390, "height": 500})
    page.get_by_role("button", name="Open sidebar").or_(page.get_by_test_id("stExpandSidebarButton")).first.click()
    page.get_by_role("link", name="Why").click()
    settled(page)
    hint = page.get_by_text("Choose a cell to try it")
    hint.scroll_into_view_if_needed()
    expect(hint).to_be_in_viewport()
    # what is said below the chart goes to the top of the screen
    below = page.get_by_text("a frame marks the rating that they gave")
    below.evaluate(
        "e => document.querySelector('[data-testid=stMain]').scrollBy(0, e.getBoundingClientRect().top - 10)"
    )
    expect(hint).not_to_be_in_viewport()


def test_a_chart_is_saved_as_it_is_seen(page):
    page.get_by_role("link", name="Why").click()
    settled(page)
    page.get_by_role("button", name="Save charts").click()
    with page.expect_download() as download:
        page.locator(".st-key-save_svg_what_moved_it button").first.click()
    text = download.value.path().read_text("utf-8")
    assert download.value.suggested_filename == "what-moved-it.svg"
    assert text.startswith("<svg")
    assert "Alien (1979)" in text
    with page.expect_download() as download:
        page.locator(".st-key-save_png_what_moved_it button").first.click()
    assert download.value.path().read_bytes().startswith(b"\x89PNG")


def test_why_of_a_step_of_replay_is_about_that_user(page):
    go(page, "Replay")
    page.get_by_role("slider").press("End")
    settled(page)
    page.locator(".st-key-replay_list li button").first.click()
    expect(page).to_have_url(re.compile("/why"), timeout=10_000)
    settled(page)
    expect(page.get_by_text(re.compile(r"This is about the user of Replay after \d+ movies"))).to_be_visible()
    page.get_by_role("button", name="Back to the visitor").click()
    settled(page)
    expect(described(page, "What moved the ")).to_be_visible()


def test_a_movie_of_the_map_joins_the_history(page):
    page.get_by_role("link", name="Why").click()
    settled(page)
    look_closer(page, "What it looks at in general")
    if page.get_by_text("python -m bst insights").count():
        pytest.skip("the demo bundle has no insights: python -m bst insights --bundle demo")
    # found by name, as a point is a few pixels wide
    page.get_by_role("combobox", name="Find a movie on the map").fill("jaws")
    page.get_by_role("option", name="Jaws (1975)").click()
    settled(page)
    page.get_by_role("button", name="Add with 4 ★").click()
    settled(page)
    expect(page.get_by_role("button", name="In the history already")).to_be_disabled()
    words = described(page, "What moved the ").get_attribute("aria-label")
    assert "4 ★ · Jaws (1975)" in words
    # the map is a canvas: a click on what it circles names it
    chart = described(page, "Map of")
    assert "Jaws (1975)" in json.dumps(chart.get_attribute("aria-label"))
    go(page, "Recommend")
    assert headline(page).startswith("After 6 movies")
    assert len(listed(page)) == 10
    # its name may stand in the list as the reason for another movie
    assert page.locator(".st-key-ranked_list").get_by_role("button", name="Why Jaws (1975)?").count() == 0


def within_sight(page: Page, locator) -> bool:
    box = locator.bounding_box()
    return box is not None and box["y"] >= 0 and box["y"] + box["height"] <= page.viewport_size["height"]


def test_a_clicked_cell_is_ringed_and_answered_in_sight(browser, server):
    context = browser.new_context(viewport={"width": 1440, "height": 900}, base_url=server)
    page = context.new_page()
    page.goto("/why?bundle=demo")
    settled(page)
    chart = page.locator('[data-testid=stVegaLiteChart][aria-label^="Expected rating if one movie"]')
    cells = chart.locator("g.mark-rect path")
    cells.first.scroll_into_view_if_needed()
    cells.first.click(force=True)  # its number stands above it, and belongs to it
    settled(page)
    button = page.locator(".st-key-why_try_cell button").first
    expect(button).to_be_visible()
    assert within_sight(page, button)
    assert within_sight(page, cells.first)
    assert chart.locator('path[stroke="#f97316"]').count() == 1, "the cell is ringed"
    context.close()


def test_a_clicked_movie_of_the_map_is_ringed_and_answered_in_sight(browser, server):
    context = browser.new_context(viewport={"width": 1440, "height": 900}, base_url=server)
    page = context.new_page()
    page.goto("/why?bundle=demo")
    settled(page)
    page.get_by_test_id("stButtonGroup").get_by_text("What it looks at in general", exact=True).click()
    settled(page)
    chart = page.locator('[data-testid=stVegaLiteChart][aria-label^="Map of"]')
    points = chart.locator("g.mark-symbol.role-mark path")
    expect(points.first).to_be_attached()
    # the lowest movie, far below the words above the map
    lowest = points.evaluate_all(
        "all => all.map((e, at) => [e.getBoundingClientRect().y, at]).sort((a, b) => b[0] - a[0])[0][1]"
    )
    points.nth(lowest).scroll_into_view_if_needed()
    points.nth(lowest).click(force=True)
    settled(page)
    button = page.locator(".st-key-why_map_explain button").first
    expect(button).to_be_visible()
    assert within_sight(page, button)
    assert chart.locator('path[stroke="#f97316"]').count() >= 1, "the movie is ringed"
    context.close()
