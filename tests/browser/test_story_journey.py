"""A story told to an audience: by keys, by links, on a projector; and edited beforehand."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.checks import listen
from tests.browser.conftest import settled

pytestmark = pytest.mark.timeout(300)

PROJECTOR = {"width": 1024, "height": 768}
# what each step of the first story begins with, on the demo world
SAID = (
    r"Sam: male, 25–34, programmer, 4 movies rated",
    r"At the top of Sam’s list: .+ likely to be watched and liked",
    r"Now one rating changes: The Matrix \(1999\), from 5\s★ to 1\s★",
    r"\d+ of 10 places change: .+ (falls|rises) from \w+ to \w+",
    r"Why .+ drops from \d+% to \d+%: The Matrix no longer speaks for it",
    r"Of Sam’s movies it looked most at .+%\)",
    r"Does it hold\? Of ten movies it lists after 5 ratings, people liked \d\.\d later",
)


@pytest.fixture
def story(browser, server) -> Page:
    """The first step of the first story, on a projector."""
    context = browser.new_context(viewport=PROJECTOR, base_url=server)
    page = context.new_page()
    page.goto("/story?bundle=demo")
    settled(page)
    yield page
    context.close()


def says(page: Page, step: int) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile(f"^{SAID[step - 1]}"))
    expect(page.get_by_role("button", name=f"Step {step} of 7")).to_have_attribute("aria-current", "step")


def press(page: Page, key: str) -> None:
    page.keyboard.press(key)
    settled(page)


def test_the_arrow_keys_tell_the_whole_story(story):
    said = listen(story, "", "")
    for step in range(1, 8):
        says(story, step)
        assert f"step={step}" in story.url
        expect(story.get_by_test_id("stSidebar")).to_be_hidden()
        press(story, "ArrowRight")
    expect(story.get_by_role("heading", level=1)).to_have_text("What next?")
    expect(story.get_by_role("button", name="Next")).to_be_disabled()
    expect(story.get_by_role("button", name="A stranger")).to_be_visible()
    press(story, "ArrowLeft")
    says(story, 7)
    press(story, "Home")
    says(story, 1)
    press(story, "PageDown")
    says(story, 2)
    press(story, "PageUp")
    says(story, 1)
    press(story, "End")
    says(story, 7)
    assert said == []


def test_nothing_scrolls_sideways_and_the_way_on_is_in_sight(story):
    for step in range(1, 8):
        assert story.evaluate("document.documentElement.scrollWidth") <= PROJECTOR["width"], f"step {step}"
        box = story.get_by_role("button", name="Next").bounding_box()
        assert box["y"] + box["height"] <= PROJECTOR["height"], f"step {step}"
        assert box["x"] + box["width"] <= PROJECTOR["width"], f"step {step}"
        press(story, "ArrowRight")


def test_the_list_is_the_same_one_while_it_moves(story):
    press(story, "ArrowRight")
    posters = story.get_by_role("list", name="Movies for this visitor").get_by_role("listitem")
    expect(posters).to_have_count(10)
    before = posters.locator(".title").all_inner_texts()
    host = "document.querySelector('.st-key-story_right').querySelector(':scope [data-testid^=stBidi]')"
    story.evaluate(f"() => {{ window.kept = {host} }}")
    press(story, "ArrowRight")
    assert posters.locator(".title").all_inner_texts() == before
    press(story, "ArrowRight")
    assert posters.locator(".title").all_inner_texts() != before
    assert story.evaluate(f"() => window.kept !== null && window.kept === {host}"), "so movies glide"


def test_a_link_to_a_step_shows_the_same_to_others(story, browser, server):
    story.get_by_role("button", name="Step 4 of 7").click()
    settled(story)
    says(story, 4)
    headline, address = story.get_by_role("heading", level=1).inner_text(), story.url
    context = browser.new_context(viewport=PROJECTOR, base_url=server)
    other = context.new_page()
    other.goto(address)
    settled(other)
    assert other.get_by_role("heading", level=1).inner_text() == headline
    titles = [
        page.get_by_role("list", name="Movies for this visitor").locator(".title").all_inner_texts()
        for page in (story, other)
    ]
    assert titles[0] == titles[1]
    context.close()


def test_back_forward_and_reload_keep_the_step(story):
    press(story, "ArrowRight")
    press(story, "ArrowRight")
    says(story, 3)
    story.go_back()
    says(story, 2)
    story.go_back()
    says(story, 1)
    story.go_forward()
    says(story, 2)
    story.reload()
    settled(story)
    says(story, 2)


def test_the_button_on_the_first_page_tells_it_and_back_returns(page):
    before = page.get_by_role("heading", level=1).inner_text()
    page.get_by_role("button", name="Show me in two minutes").click()
    page.wait_for_url("**/story**")
    settled(page)
    says(page, 1)
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_have_text(before)


def test_escape_leaves_and_the_visitor_is_as_before(page):
    page.get_by_role("radio", name="1 out of 5 stars").first.click()
    settled(page)
    before = page.get_by_role("heading", level=1).inner_text()
    page.get_by_role("link", name="Story").click()
    settled(page)
    says(page, 1)
    press(page, "ArrowRight")
    page.go_back()
    says(page, 1)
    press(page, "Escape")
    expect(page.get_by_role("heading", level=1)).to_have_text(before)
    expect(page.get_by_test_id("stSidebar")).to_be_visible()


def test_the_lab_opens_with_what_the_step_shows(story):
    press(story, "End")
    press(story, "ArrowLeft")
    press(story, "ArrowLeft")
    says(story, 5)
    movie = re.match(r"Why (.+) drops from", story.get_by_role("heading", level=1).inner_text()).group(1)
    story.get_by_role("button", name="Open in Why").click()
    story.wait_for_url("**/why**")
    settled(story)
    expect(story.get_by_role("heading", level=1)).to_contain_text(movie)
    story.get_by_role("link", name="Recommend").click()
    settled(story)
    expect(story.get_by_text("Sam, of the story “One star”.")).to_be_visible()
    expect(story.locator(".history li").last).to_contain_text("The Matrix (1999)")
    expect(story.get_by_text("Sam is now the visitor; Undo on Recommend brings yours back.")).to_be_visible()
    story.get_by_role("button", name="Back to “One star”").click()
    story.wait_for_url("**/story**")
    settled(story)
    says(story, 5)


def test_a_headline_of_ones_own(story):
    story.get_by_role("button", name="Edit this story").click()
    settled(story)
    expect(story.get_by_test_id("stSidebar")).to_be_visible()
    box = story.get_by_role("textbox", name="Headline of 1. A person")
    box.fill("Meet Sam")
    box.press("ArrowLeft")  # moves in the text, not in the story
    box.press("Tab")
    settled(story)
    story.get_by_role("button", name="Present", exact=True).click()
    settled(story)
    expect(story.get_by_role("heading", level=1)).to_have_text("Meet Sam")
    press(story, "Escape")  # back to where it was written
    expect(story.get_by_role("textbox", name="Headline of 1. A person")).to_have_value("Meet Sam")
    story.get_by_role("button", name="Present", exact=True).click()
    settled(story)
    story.reload()
    settled(story)
    expect(story.get_by_role("heading", level=1)).to_have_text("Meet Sam")


def test_who_asks_for_less_motion_gets_none(browser, server):
    context = browser.new_context(viewport=PROJECTOR, base_url=server, reduced_motion="reduce")
    page = context.new_page()
    page.goto("/story?bundle=demo")
    settled(page)
    page.evaluate(
        """() => {
            window.moved = 0;
            const look = () => {
                window.moved += document.getAnimations().filter(a => a.playState === 'running').length;
                requestAnimationFrame(look);
            };
            look();
        }"""
    )
    for _ in range(6):
        press(page, "ArrowRight")
    assert page.evaluate("window.moved") == 0
    context.close()
