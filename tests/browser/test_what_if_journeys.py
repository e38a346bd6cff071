"""Changing a visitor, taking it back, comparing, sharing, importing, replaying: as people do it."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import DEMO, settled
from tests.browser.test_journeys import described, headline, pick, star_buttons, watched

pytestmark = pytest.mark.timeout(300)

LETTERBOXD = """Date,Name,Year,Letterboxd URI,Rating
2024-01-05,Alien,1979,https://boxd.it/1,4.5
2024-02-01,"Amélie",2001,https://boxd.it/2,4
2024-03-01,A Film That Nobody Made,1987,https://boxd.it/3,2
"""
# the columns of such a file, in its order
IMDB = """Const,Your Rating,Date Rated,Title,URL,Title Type,IMDb Rating,Runtime (mins),Year,Genres,Num Votes,\
Release Date,Directors
tt0078748,9,2024-01-05,Alien,https://example.org/1,Movie,8.5,117,1979,"Horror, Sci-Fi",1,1979-05-25,Ridley Scott
tt0034583,6,2024-02-05,Casablanca,https://example.org/2,Movie,8.5,102,1942,Drama,1,1943-01-15,Michael Curtiz
tt0944947,9,2024-02-06,Game of Thrones,https://example.org/3,TV Series,9.2,57,2011,Drama,1,2011-04-17,
"""
MOVIELENS = """movie_id,imdb_id,tmdb_id,rating,average_rating,title
1214,0078748,348,4.5,4.1,Alien (1979)
912,0034583,289,3.0,4.2,Casablanca (1942)
"""


def listed(page: Page, key: str = "ranked_list") -> list[str]:
    """Every line of a ranked list, as it reads."""
    lines = page.locator(f".st-key-{key} ol > li")
    expect(lines).to_have_count(10)
    return [" ".join(text.split()) for text in lines.all_inner_texts()]


def history(page: Page) -> list[str]:
    return page.locator(".history .title").all_inner_texts()


def open_new(browser: Browser, link: str) -> Page:
    page = browser.new_context(viewport={"width": 1440, "height": 1000}).new_page()
    page.goto(link)
    settled(page)
    return page


def go(page: Page, name: str) -> None:
    page.keyboard.press("Escape")  # whatever is open above the page
    before = headline(page)
    page.get_by_role("link", name=name, exact=True).click()
    expect(page.get_by_role("heading", level=1)).not_to_have_text(before)
    settled(page)


def shared_link(page: Page) -> str:
    page.get_by_role("button", name="Share").click()
    link = page.get_by_test_id("stCode").inner_text().strip()
    page.keyboard.press("Escape")
    return link


def test_change_take_back_compare_share_and_open_elsewhere(page, browser):
    start, first_list = headline(page), listed(page)
    star_buttons(page, 2).nth(0).click()
    settled(page)
    changed = listed(page)
    assert changed != first_list
    assert any(sign in line for line in changed for sign in ("▲", "▼", "new"))
    page.get_by_role("button", name="Undo").click()
    settled(page)
    assert headline(page) == start
    page.keyboard.press("Control+Shift+Z")
    settled(page)
    assert listed(page) == changed
    page.get_by_role("button", name="Changes").click()
    page.get_by_text("the start").click()
    settled(page)
    assert headline(page) == start

    go(page, "What if")
    assert "leads this visitor’s list" in headline(page)
    page.locator(".st-key-start_0").get_by_role("button").click()
    settled(page)
    said = headline(page)
    assert re.search(r"because .+ was rated \d instead of \d", said)
    ranks = described(page, "Ranks in A and in B").get_attribute("aria-label")
    lists = listed(page, "what_if_list_a"), listed(page, "what_if_list_b")
    assert lists[0] != lists[1]

    other = open_new(browser, shared_link(page))
    assert "/what_if" in other.url
    assert headline(other) == said
    assert described(other, "Ranks in A and in B").get_attribute("aria-label") == ranks
    assert (listed(other, "what_if_list_a"), listed(other, "what_if_list_b")) == lists
    other.reload()
    settled(other)
    assert headline(other) == said

    # the copy becomes the visitor, on every page
    other.get_by_role("button", name="Keep B as A").or_(other.get_by_role("button", name="Keep")).first.click()
    settled(other)
    go(other, "Recommend")
    assert [line.split(" ", 1)[1][:12] for line in listed(other)] != [line.split(" ", 1)[1][:12] for line in first_list]
    other.context.close()


def test_the_smallest_change_is_found_and_applied(page):
    go(page, "What if")
    page.get_by_role("radio", name="Find a change").click()
    settled(page)
    page.get_by_role("button", name="Find the smallest change").click()
    settled(page)
    found = headline(page)
    assert re.match(r"(One change|2 changes together) would bring .+ into the top 10: ", found)
    movie = re.search(r"would bring (.+) into the top 10", found).group(1)
    page.get_by_role("button", name="Apply").first.click()
    settled(page)
    assert any(movie in line for line in listed(page, "what_if_list_b"))
    assert not any(movie in line for line in listed(page, "what_if_list_a"))


@pytest.mark.parametrize(
    ("name", "text", "watched", "said"),
    [
        ("ratings.csv", LETTERBOXD, ["Amélie (2001)", "Alien (1979)"], "Letterboxd: 3 rows, 2 matched, 1 not taken"),
        ("imdb.csv", IMDB, ["Casablanca (1942)", "Alien (1979)"], "IMDb: 3 rows, 2 matched, 1 not taken"),
        ("movielens-ratings.csv", MOVIELENS, ["Casablanca (1942)", "Alien (1979)"], "MovieLens: 2 rows, 2 matched"),
    ],
)
def test_bring_your_own_history(page, name, text, watched, said):
    page.get_by_role("button", name="Import your ratings").click()
    page.get_by_test_id("stFileUploader").locator("input[type=file]").set_input_files(
        {"name": name, "mimeType": "text/csv", "buffer": text.encode()}
    )
    expect(page.get_by_text(said)).to_be_visible()
    assert len(history(page)) == 5  # nothing is replaced before the last button
    page.get_by_role("button", name="Import 2 movies").click()
    expect(page.locator(".history li")).to_have_count(2)
    assert history(page) == watched
    page.get_by_role("button", name="Undo").click()
    settled(page)
    assert len(history(page)) == 5


@pytest.mark.parametrize("broken", ["1.abc", "9.eJwrAgA", "%00%ff", "x" * 20_000])
def test_a_broken_link_opens_the_app_with_a_notice(browser, server, broken):
    page = open_new(browser, f"{server}{DEMO}&s={broken}")
    expect(page.get_by_text("The app opened as it does for a newcomer")).to_be_visible()
    assert headline(page).startswith("After 5 movies")
    assert page.locator("[data-testid=stException]").count() == 0
    page.context.close()


def test_a_user_is_replayed_step_by_step(page):
    go(page, "Replay")
    number = re.match(r"After (\d+) of (\d+) movies, the model is off by", headline(page))
    at, of = int(number.group(1)), int(number.group(2))
    page.get_by_role("slider").focus()
    page.keyboard.press("ArrowRight")
    settled(page)
    assert headline(page).startswith(f"After {at + 1} of {of} movies")
    page.get_by_role("button", name="Play").click()
    # the headline is drawn anew at each step, and may be missing for a moment
    later = re.compile(rf"^After (?!{at + 1} of )\d+ of {of} movies")
    expect(page.get_by_role("heading", level=1)).to_have_text(later)
    page.get_by_role("button", name="Pause").click()
    settled(page)


def test_the_keyboard_alone_is_enough(page):
    page.get_by_role("combobox", name="Add a movie").focus()
    page.keyboard.type("jaws")
    page.wait_for_timeout(300)
    page.keyboard.press("Enter")
    settled(page)
    star_buttons(page, 0).nth(0).focus()
    page.keyboard.press("Space")
    settled(page)
    page.get_by_role("button", name="Changes").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("rated Jaws (1975) 4 → 1")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("Control+Z")
    settled(page)
    page.keyboard.press("Control+Z")
    settled(page)
    assert headline(page).startswith("After 5 movies")
    # from the list to its explanation
    page.locator(".st-key-ranked_list ol > li button").first.focus()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/why"), timeout=10_000)
    settled(page)


def test_the_keyboard_stays_with_the_movie_that_it_moves_or_rates(page):
    page.get_by_role("button", name="Move Blade Runner (1982) later").focus()
    page.keyboard.press("Enter")
    expect(watched(page, 1)).to_contain_text("Blade Runner (1982)")
    settled(page)
    page.keyboard.press("Enter")
    expect(watched(page, 0)).to_contain_text("Blade Runner (1982)")
    settled(page)
    # it is the newest now, and cannot be moved further; the keyboard is on its five stars
    page.keyboard.press("ArrowLeft")
    settled(page)
    expect(watched(page, 0).get_by_role("radio", name="4 out of 5 stars")).to_be_checked()
    expect(watched(page, 0).get_by_role("radio", name="4 out of 5 stars")).to_be_focused()
    page.get_by_role("button", name="Undo").click()
    settled(page)
    expect(watched(page, 0).get_by_role("radio", name="5 out of 5 stars")).to_be_checked()


def test_titles_with_signs_show_literally_in_every_place(page):
    pick(page, "Add a movie", "M*A*S*H")
    star_buttons(page, 0).nth(0).click()
    settled(page)
    page.get_by_role("button", name="Changes").click()
    expect(page.get_by_text("rated M*A*S*H (1970) 4 → 1")).to_be_visible()
