"""The README's pictures: each shows what its words say, and ``make pictures`` writes them anew into ``docs/``.

python -m pytest -n 0 tests/browser/test_pictures.py --pictures docs
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from docs import record_story
from tests.browser.conftest import ROOT, settled
from tests.browser.test_journeys import described, headline, rows, watched

pytestmark = pytest.mark.timeout(600)
WIDTH, HEIGHT = 1440, 900
STORY = "story"


def in_sight(page: Page, part: Locator, share: float = 1.0) -> None:
    """Raise ``AssertionError`` unless this share of a part's height is in the picture, and its whole width."""
    expect(part).to_be_visible()
    box = part.bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= WIDTH
    assert box["y"] >= 0
    assert box["y"] + share * box["height"] <= HEIGHT, f"{part} ends at {box['y'] + box['height']:.0f}"


def recommend(page: Page) -> None:
    assert headline(page).startswith("After 5 movies, the best bet for this visitor is ")
    editor = page.get_by_role("heading", name="What they watched").bounding_box()
    tiles = [tile.bounding_box() for tile in rows(page).all()]
    assert len(tiles) == 10
    assert all(tile["x"] > editor["x"] + editor["width"] for tile in tiles), "the visitor is on the left"
    for place in range(5):
        in_sight(page, rows(page).nth(place))
        in_sight(page, watched(page, place))
        expect(rows(page).nth(place).locator(".picture")).to_be_visible()


def what_if(page: Page) -> None:
    page.locator(".st-key-start_0").get_by_role("button").click()
    settled(page)
    page.mouse.move(WIDTH - 40, HEIGHT - 20)  # off the button, so that no hint covers the page
    page.keyboard.press("Escape")
    settled(page)
    page.mouse.move(WIDTH - 60, HEIGHT - 40)  # once more, as the button was drawn anew under the first move
    changed = re.search(r"because (.+) was rated (\d) instead of (\d)$", headline(page))
    assert changed, headline(page)
    in_sight(page, described(page, "Ranks in A and in B"))
    row = page.locator(".history li").filter(has_text=changed[1])
    in_sight(page, row)
    expect(row.get_by_role("radio", checked=True)).to_have_accessible_name(re.compile(f"^{changed[2]} "))


def why(page: Page) -> None:
    assert re.match(r"Expecting [\d.]+ ★ for .+ raised most by ", headline(page))
    in_sight(page, page.locator(".strip").first)
    in_sight(page, page.get_by_text("What moved the rating", exact=True))
    in_sight(page, page.get_by_text("What it looked at", exact=True))


def evaluation(page: Page) -> None:
    assert re.match(r"Off by 0\.\d\d stars on average for people it has never seen", headline(page))
    chart = page.get_by_test_id("stVegaLiteChart").first
    in_sight(page, chart)
    for name in ("This model", "Item mean", "Global mean"):
        expect(chart.get_by_text(name, exact=True)).to_be_visible()
    in_sight(page, page.get_by_text("bars the 95% interval"))


@dataclass(frozen=True)
class Picture:
    """A page's address, and what prepares the view and looks whether it is what the README says."""

    path: str
    show: Callable[[Page], None]


PICTURES = {
    "recommend": Picture("/", recommend),
    "what_if": Picture("/what_if", what_if),
    "why": Picture("/why", why),
    "evaluation": Picture("/evaluation", evaluation),
}


@pytest.mark.long
@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_shows_what_the_readme_says(browser, server, name, pictures):
    context = browser.new_context(viewport={"width": WIDTH, "height": HEIGHT}, base_url=server, color_scheme="light")
    page = context.new_page()
    page.goto(f"{PICTURES[name].path}?bundle=demo")
    settled(page)
    PICTURES[name].show(page)
    expect(page.get_by_test_id("stException")).to_have_count(0)
    for cover in ("stTooltipContent", "stToast", "stSpinner"):
        expect(page.get_by_test_id(cover)).to_have_count(0)
    if pictures:
        page.wait_for_timeout(1000)  # charts are drawn after the script has run
        page.screenshot(path=pictures / f"{name}.png")
    context.close()


def test_the_story_is_recorded(browser, server, pictures):
    if not pictures:
        pytest.skip("takes minutes; make pictures records it")
    page = browser.new_context(viewport=record_story.VIEWPORT).new_page()
    record_story.write(record_story.record(page, server), pictures / f"{STORY}.webp")
    page.context.close()


def test_these_are_all_pictures_of_the_readme():
    named = re.findall(r"!\[[^\]]+\]\(docs/(\w+)\.(?:png|webp)\)", (ROOT / "README.md").read_text("utf-8"))
    assert sorted(named) == sorted([*PICTURES, STORY])
    assert all(any(Path(ROOT / "docs").glob(f"{name}.*")) for name in named)
