"""What somebody sees and does in the first minute: what this is, something to try, and movies that move."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import DEMO, settled
from tests.browser.test_journeys import headline, pick, rows

pytestmark = pytest.mark.timeout(300)

# notes the movies of the list that are moving, in every frame from now on, as they move for half a second
WATCH_MOVES = """() => {
    window.moved = new Set();
    const list = document.querySelector('.st-key-ranked_list [data-testid=stBidiComponentRegular]')?.shadowRoot
        ?? [...document.querySelectorAll('.st-key-ranked_list *')].find(e => e.shadowRoot).shadowRoot;
    const look = () => {
        for (const item of list.querySelectorAll('li'))
            if (item.getAnimations().length) window.moved.add(item.dataset.movie);
        requestAnimationFrame(look);
    };
    look();
}"""


def titles(page: Page) -> list[str]:
    expect(rows(page)).to_have_count(10)
    return rows(page).locator("bdi.title").all_inner_texts()


def first_star(page: Page) -> Locator:
    """The button that gives a movie, the reason of most of the list, the opposite rating."""
    return page.get_by_role("button", name=re.compile("^[15] ★ for "))


@pytest.mark.parametrize("width", [390, 1024])
def test_the_first_screen_says_what_this_is_and_that_it_may_be_touched(browser, server, width):
    context = browser.new_context(viewport={"width": width, "height": 768}, base_url=server)
    page = context.new_page()
    page.goto(DEMO)
    settled(page)
    for text in ("Simulated: it learned from invented ratings", "Change anything"):
        box = page.get_by_test_id("stMain").get_by_text(text).bounding_box()
        assert box["y"] + box["height"] < 768, f"{text} is in sight"
    expect(first_star(page)).to_be_visible()
    for name in ("Be a family", "Everybody’s list", "Show me in two minutes"):
        expect(page.get_by_role("button", name=name)).to_be_visible()
    context.close()


def test_one_star_moves_the_posters(page):
    before = titles(page)
    page.evaluate(WATCH_MOVES)
    stars, title = re.search(r"(\d) ★ for (.+)", first_star(page).inner_text()).groups()
    first_star(page).click()
    settled(page)
    after = titles(page)
    assert after != before
    moved = set(page.evaluate("[...window.moved]"))
    changed = {
        row.get_attribute("data-movie") for place, row in enumerate(rows(page).all()) if after[place] != before[place]
    }
    assert moved == changed, "those that changed their places, and no other"
    given = page.get_by_role("radiogroup", name=f"Rating of {title}").get_by_role("radio")
    expect(given.nth(int(stars) - 1)).to_be_checked()


def test_everybodys_list_is_a_click_away_and_so_is_the_way_back(page):
    own, sentence = titles(page), headline(page)
    page.get_by_role("button", name="Everybody’s list").click()
    settled(page)
    assert headline(page).startswith("Knowing nothing about the visitor, the model would lead with ")
    assert titles(page) != own
    # the list stays while the visitor changes, as it does not depend on them
    page.get_by_role("button", name="Back to the visitor").click()
    settled(page)
    assert (titles(page), headline(page)) == (own, sentence)


def test_a_movie_that_is_not_on_the_list_says_why_and_what_would_bring_it_in(page):
    pick(page, "Any movie", "pretty woman")
    said = page.get_by_text(re.compile(r"^Pretty Woman \(1990\) is number [\d,]+ of 1,345\."))
    expect(said).to_be_visible()
    page.get_by_role("button", name="What would bring it in?").click()
    settled(page)
    assert headline(page) == "What would it take to bring Pretty Woman (1990) into the top 10?"


def test_posters_become_lines_with_all_numbers(page):
    posters = titles(page)
    page.get_by_test_id("stButtonGroup").get_by_text("Numbers", exact=True).click()
    settled(page)
    assert titles(page) == posters
    expect(rows(page).first).to_contain_text(re.compile(r"\d\.\d\d ★"))
    page.reload()
    settled(page)
    assert page.locator(".st-key-ranked_list .heads").count() == 1, "as it was chosen"


@pytest.fixture
def phone(browser, server):
    context = browser.new_context(
        viewport={"width": 390, "height": 844}, base_url=server, has_touch=True, is_mobile=True
    )
    page = context.new_page()
    page.goto(DEMO)
    settled(page)
    yield page
    context.close()


def sidebar_is_open(page: Page) -> bool:
    return page.get_by_test_id("stSidebar").evaluate("element => element.getBoundingClientRect().right > 0")


def test_on_a_phone_the_sidebar_closes_once_a_page_is_chosen_or_with_a_tap_beside_it(phone):
    assert not sidebar_is_open(phone)
    phone.get_by_test_id("stExpandSidebarButton").tap()
    phone.get_by_role("link", name="What if").tap()
    settled(phone)
    phone.wait_for_timeout(500)
    assert not sidebar_is_open(phone)
    assert "change something" in headline(phone)
    phone.get_by_test_id("stExpandSidebarButton").tap()
    phone.wait_for_timeout(500)
    assert sidebar_is_open(phone)
    before = headline(phone)
    phone.touchscreen.tap(370, 400)
    phone.wait_for_timeout(500)
    assert not sidebar_is_open(phone)
    settled(phone)
    assert headline(phone) == before, "the tap does nothing else"


def test_on_a_phone_a_long_history_is_folded_and_the_list_comes_before_who_is_watching(phone):
    phone.get_by_role("button", name="Be a family").tap()
    settled(phone)
    movies = phone.locator(".history li[data-movie]:visible")
    expect(movies).to_have_count(5)
    first = rows(phone).first.bounding_box()["y"]
    assert first < phone.get_by_role("heading", name="Who is watching").bounding_box()["y"]
    phone.get_by_role("button", name="Show all 8 movies").tap()
    expect(movies).to_have_count(8)
