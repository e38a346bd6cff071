"""Everything by keyboard alone: what can be done is reached, one sees where one is, and nothing holds the focus."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import settled
from tests.browser.keyboard import MOST_TABS, focused, is_visible, press, tab_to, walk
from tests.browser.test_journeys import headline, watched
from tests.browser.tour import PATHS
from tests.conftest import some_now

pytestmark = pytest.mark.timeout(300)
# it is the whole page that scrolls: one sees where one is by what scrolls
SCROLLED = ("MAIN", "SECTION")
# pages that between them have every kind of control; the others are walked, too, but not in each run
BUSIEST = ("", "why")


@pytest.mark.parametrize("path", some_now(PATHS, BUSIEST))
def test_tab_goes_through_the_page_and_is_seen(page, path):
    page.goto(f"/{path}?bundle=demo")
    settled(page)
    unseen = []

    def visit(place) -> None:
        if place.tag not in SCROLLED and not is_visible(page, place):
            unseen.append(f"{place.tag} {place.name[:60]!r}")

    walk(page, visit)
    assert not unseen


def test_a_focus_that_is_not_shown_is_found(page):
    page.add_style_tag(content="button { all: unset !important }")
    assert not is_visible(page, tab_to(page, "Be a family"))


def test_a_newcomer_finds_a_list_changes_it_and_asks_why(page):
    press(page, "Tab")
    assert focused(page).name == "Skip to main content"
    press(page, "Enter")
    assert focused(page).tag == "MAIN"

    tab_to(page, "Start empty")
    press(page, "Enter")
    assert headline(page).startswith("With an empty history")

    tab_to(page, "^Add a movie$", "Shift+Tab")
    for typed, title in (("jaws", "Jaws (1975)"), ("casablanca", "Casablanca (1942)")):
        page.keyboard.type(typed)
        expect(page.get_by_role("option").first).to_contain_text(title)
        press(page, "Enter")
        expect(watched(page, 0)).to_contain_text(title)
        assert focused(page).name == "Add a movie", "the next one can be typed at once"
    assert headline(page).startswith("After 2 movies")

    # stars: arrows, as in any group of choices
    rated = tab_to(page, r"\d out of 5 stars")
    before = int(rated.name[0])
    press(page, "ArrowLeft", "ArrowLeft")
    assert int(focused(page).name[0]) == before - 2
    stars = watched(page, 0).get_by_role("radio", checked=True)
    assert stars.get_attribute("aria-label").startswith(str(before - 2))
    tab_to(page, r"Move Casablanca \(1942\) earlier")
    press(page, "Enter")
    expect(watched(page, 0)).to_contain_text("Jaws (1975)")
    expect(watched(page, 1)).to_contain_text("Casablanca (1942)")
    expect(watched(page, 1).locator(":focus")).to_have_count(1)

    tab_to(page, "^Why .+ \\(\\d{4}\\)\\?$")
    title = focused(page).name.removeprefix("Why ").removesuffix("?")
    press(page, "Enter")
    expect(page).to_have_url(re.compile("/why"))
    settled(page)
    assert title in headline(page)


def test_what_if_by_keyboard(page):
    tab_to(page, "What if")
    press(page, "Enter")
    expect(page).to_have_url(re.compile("/what_if"))
    settled(page)
    before = headline(page)
    # the copy is to the right of the visitor, and so comes later
    places = []
    for _ in range(120):
        place = tab_to(page, r"\d out of 5 stars|^Remove |^Any movie$")
        places.append(place.name)
        if place.x > 700 and "stars" in place.name:
            break
    press(page, "ArrowLeft" if focused(page).name[0] != "1" else "ArrowRight")
    expect(page.get_by_role("heading", level=1)).not_to_have_text(before)
    assert "stars" in focused(page).name


@pytest.mark.parametrize("name", [r"\bFilters\b", "Download the list"])
def test_a_popover_is_entered_and_left(page, name):
    opener = tab_to(page, name)
    press(page, "Enter")
    inside = page.get_by_test_id("stPopoverBody")
    expect(inside).to_be_focused()
    walked = 0
    while inside.count() and walked < MOST_TABS:
        page.keyboard.press("Tab")
        walked += 1
        page.wait_for_timeout(100)
    assert 1 < walked < MOST_TABS
    assert focused(page).number == opener.number
    press(page, "Enter")
    expect(inside).to_be_focused()
    press(page, "Shift+Tab")
    expect(inside).to_have_count(0)
    assert focused(page).number == opener.number


def test_share_by_keyboard(page):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    tab_to(page, r"\bShare\b")
    press(page, "Enter")
    expect(page.get_by_text("A link to exactly what you see")).to_be_visible()
    assert is_visible(page, tab_to(page, "[Cc]opy"))
    press(page, "Enter")
    assert page.evaluate("navigator.clipboard.readText()").startswith("http")
    press(page, "Escape")
    expect(page.get_by_text("A link to exactly what you see")).to_have_count(0)
    assert "Share" in focused(page).name, "back where it was opened"
