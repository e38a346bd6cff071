"""The film strip in the browser: heads change without the server, by mouse and keyboard, at every width; replays play
every step.
"""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import settled
from tests.browser.test_what_if_journeys import go

pytestmark = pytest.mark.timeout(300)


def open_why(browser: Browser, server: str, width: int = 1440, **options) -> tuple[Page, list]:
    """Open Why; the list fills with what is sent to the server."""
    context = browser.new_context(viewport={"width": width, "height": 900}, base_url=server, **options)
    page, sent = context.new_page(), []
    page.on("websocket", lambda socket: socket.on("framesent", lambda data: sent.append(data)))
    page.goto("/why?bundle=demo")
    settled(page)
    expect(strip(page)).to_be_visible()
    return page, sent


def strip(page: Page):
    return page.get_by_role("group", name=re.compile("^Where .+ looked"))


def frames(page: Page):
    return strip(page).get_by_role("list", name="What they watched").get_by_role("button")


def detail(page: Page) -> str:
    return strip(page).locator("[aria-live]").inner_text()


def arcs(page: Page) -> list[float]:
    """The widths of all arcs, as they are at this moment."""
    return strip(page).locator(".rays path").evaluate_all("all => all.map(e => Number(e.getAttribute('stroke-width')))")


def test_heads_change_without_the_server(browser, server):
    page, sent = open_why(browser, server)
    assert detail(page).startswith("Mean of all heads: mostly ")
    before, said, asked = arcs(page), frames(page).last.get_attribute("aria-label"), len(sent)
    strip(page).get_by_role("radio", name="Layer 2, head 2").check(force=True)
    page.wait_for_timeout(900)
    assert detail(page).startswith("Layer 2, head 2: mostly ")
    assert arcs(page) != before
    assert frames(page).last.get_attribute("aria-label") != said
    # all at once as wide as 100%, whichever head it is
    assert sum(arcs(page)) == pytest.approx(sum(before), rel=0.05)
    # head by head, until all were shown
    strip(page).get_by_role("button", name="Head by head").click()
    expect(strip(page).get_by_role("button", name="Stop")).to_be_visible()
    expect(strip(page).get_by_role("radio", name="Mean of all heads")).to_be_checked()
    expect(strip(page).get_by_role("button", name="Head by head")).to_be_visible()
    assert len(sent) == asked, "the server was not asked"
    page.context.close()


@pytest.mark.long
def test_the_keyboard_goes_from_frame_to_frame(browser, server):
    page, _ = open_why(browser, server)
    last = frames(page).last
    last.focus()
    assert detail(page) == last.get_attribute("aria-label")
    assert re.match(r"Alien \(1979\), rated 5.★: \d+% of the attention\. Without it, ", detail(page))
    page.keyboard.press("ArrowLeft")
    assert detail(page).startswith("The Terminator (1984)")
    page.keyboard.press("Home")
    assert detail(page).startswith("Who the visitor is: ")
    page.keyboard.press("ArrowLeft")
    assert detail(page).startswith("Who the visitor is: "), "there is nothing before it"
    page.keyboard.press("Tab")
    assert detail(page).startswith("Mean of all heads"), "one step of Tab leaves the film"
    page.context.close()


@pytest.mark.long
@pytest.mark.parametrize("width", [390, 768, 1024])
def test_the_film_scrolls_by_itself_and_ends_with_the_newest_movie(browser, server, width):
    page, _ = open_why(browser, server, width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    film = strip(page).locator(".film").bounding_box()
    newest = frames(page).last.bounding_box()
    assert film["x"] + film["width"] <= width
    assert newest["x"] + newest["width"] <= film["x"] + film["width"] + 1
    # what is out of sight is reached by the keyboard
    frames(page).last.focus()
    page.keyboard.press("Home")
    page.wait_for_timeout(400)
    assert frames(page).first.bounding_box()["x"] >= film["x"] - 1
    page.context.close()


@pytest.mark.long
def test_nothing_moves_for_those_who_asked_for_less_motion(browser, server):
    page, _ = open_why(browser, server, reduced_motion="reduce")
    strip(page).get_by_role("radio", name="Layer 1, head 1").check(force=True)
    at_once = arcs(page)
    page.wait_for_timeout(900)
    assert arcs(page) == at_once
    page.context.close()


# which steps the headline has shown, one after the other
RECORD = """() => {
    window.steps = []
    setInterval(() => {
        const step = document.querySelector('h1')?.innerText.match(/^After (\\d+) of/)?.[1]
        if (step && step !== window.steps.at(-1)) window.steps.push(step)
    }, 20)
}"""


def test_a_replay_shows_every_step(page):
    go(page, "Replay")
    page.evaluate(RECORD)
    lead = page.get_by_text("Next, they rated")
    expect(lead).to_be_visible()
    page.get_by_role("button", name="Play").click()
    page.wait_for_function("window.steps.length >= 6", timeout=60_000)
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_role("button", name="Play")).to_be_visible()
    settled(page)
    steps = [int(step) for step in page.evaluate("window.steps")]
    assert steps == list(range(steps[0], steps[-1] + 1)), "none was left out"
    # the movie that was next is the newest frame now
    shown = frames(page).last.get_attribute("aria-label")
    movie = strip(page).get_attribute("aria-label").removeprefix("Where ").split(" looked")[0]
    page.get_by_role("button", name="One movie forward").click()
    settled(page)
    newest = frames(page).last.get_attribute("aria-label")
    assert newest.startswith(f"{movie}, rated ")
    assert newest != shown
