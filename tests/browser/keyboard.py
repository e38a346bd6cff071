"""A visitor without a mouse: Tab, Enter, arrows, Escape, and what they see of where they are."""

import io
import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PIL import Image
from playwright.sync_api import Page

from tests.browser.conftest import settled

# more than any page has
MOST_TABS = 250
# around an element, where its focus ring is drawn
MARGIN = 4
# pixels that a ring changes at least; a blinking cursor changes fewer
RING_PIXELS = 60
# where the focus is, in custom components too, whose elements are in a tree of their own
FOCUSED = """() => {
    let e = document.activeElement;
    while (e?.shadowRoot?.activeElement) e = e.shadowRoot.activeElement;
    window.focusedElement = e;
    window.visited ??= new Map();
    if (!window.visited.has(e)) window.visited.set(e, window.visited.size);
    const box = e.getBoundingClientRect();
    const labels = [...(e.labels ?? [])].map(label => label.innerText);
    const text = ['A', 'BUTTON'].includes(e.tagName) ? e.innerText : '';
    const name = e.getAttribute('aria-label') || e.title || labels[0] || text;
    const [x, y, width, height] = [box.x, box.y, box.width, box.height];
    return {tag: e.tagName, name, number: window.visited.get(e), x, y, width, height};
}"""
# a hint that comes with the focus is no sign of where it is
LET_GO = "() => window.focusedElement.blur()"
HINTS = "[role=tooltip], :has(> [data-testid=stTooltipContent]) { visibility: hidden !important }"
WITHOUT_HINTS = """(style) => {
    if (document.getElementById('without-hints')) return;
    const sheet = document.createElement('style');
    [sheet.id, sheet.textContent] = ['without-hints', style];
    document.head.append(sheet);
}"""
# as Tab does, with its ring
TAKE = "() => window.focusedElement.focus({focusVisible: true, preventScroll: true})"


@dataclass(frozen=True)
class Focus:
    """An element that has the focus. ``name``: what it is called; ``number``: by the order of the first visit."""

    tag: str
    name: str
    number: int
    x: float
    y: float
    width: float
    height: float


def focused(page: Page) -> Focus:
    """Return where the focus is."""
    return Focus(**page.evaluate(FOCUSED))


def tab_to(page: Page, name: str, key: str = "Tab") -> Focus:
    """Press Tab, or Shift+Tab, until something of this name (a regular expression) has the focus."""
    seen = []
    for _ in range(MOST_TABS):
        page.keyboard.press(key)
        place = focused(page)
        if re.search(name, place.name):
            return place
        seen.append(place.name[:30])
    raise AssertionError(f"{name} is not reached by {key}: {seen}")


def press(page: Page, *keys: str) -> None:
    """Press keys one after another, and wait until the page has settled."""
    for key in keys:
        page.keyboard.press(key)
    settled(page)


def walk(page: Page, visit: Callable[[Focus], None]) -> None:
    """Go through the whole page with Tab, to its end. Raises ``AssertionError`` where the focus is caught."""
    page.evaluate("() => window.visited = new Map()")
    numbers: list[int] = []
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        place = focused(page)
        if place.tag == "BODY" or (place.number == 0 and len(numbers) > 1):
            return
        assert numbers[-3:] != [place.number] * 3, f"the focus does not leave {place.name}"
        numbers.append(place.number)
        visit(place)
    raise AssertionError(f"the focus goes round: {numbers[-20:]}")


def is_visible(page: Page, place: Focus) -> bool:
    """Whether one sees that an element has the focus: its pixels, or those around it, change when it loses it."""
    page.evaluate(WITHOUT_HINTS, HINTS)
    size = page.viewport_size or {"width": 0, "height": 0}
    left, top = max(0.0, place.x - MARGIN), max(0.0, place.y - MARGIN)
    right = min(size["width"], place.x + place.width + MARGIN)
    bottom = min(size["height"], place.y + place.height + MARGIN)
    if right <= left or bottom <= top:
        return False
    clip = {"x": left, "y": top, "width": right - left, "height": bottom - top}
    having = _pixels(page, clip)
    page.evaluate(LET_GO)
    without = _pixels(page, clip)
    page.evaluate(TAKE)
    return int((having != without).any(axis=2).sum()) >= RING_PIXELS


def _pixels(page: Page, clip: dict) -> np.ndarray:
    page.wait_for_timeout(20)
    return np.asarray(Image.open(io.BytesIO(page.screenshot(clip=clip, animations="disabled"))).convert("RGB"))
