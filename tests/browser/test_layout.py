"""From a phone over a projector to a desktop: everything is within the width, whole, and can be read."""

import pytest

from tests.browser.tour import PATHS, views

pytestmark = pytest.mark.timeout(300)

# phone, tablet or half a screen, projector, desktop
WIDTHS = (390, 720, 1024, 1440)

# what sticks out to the right, of what does not scroll by itself
STICKING_OUT = """(width) => {
    const within = e => e.getBoundingClientRect().right <= width + 1;
    const scrolls = e => e.dataset.testid !== 'stMain' && (
        within(e) && ['auto', 'scroll'].includes(getComputedStyle(e).overflowX) || scrolls(e.parentElement));
    return [...document.querySelectorAll('[data-testid=stMain] *')]
        .filter(e => !within(e) && e.getBoundingClientRect().width > 0 && !scrolls(e.parentElement))
        .filter(e => !e.closest('[data-testid=stDataFrame]') && !e.closest('canvas'))
        .filter(e => e.type !== 'range')  // nobody sees it: it hides in the slider's thumb
        .map(e => e.tagName + '.' + e.className)
}"""

# words that begin in one line and end in another; after a hyphen or a slash that is as it should be
BROKEN_WORDS = """() => {
    const broken = [], range = document.createRange();
    const texts = document.createTreeWalker(document.querySelector('[data-testid=stMain]'), NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
        const text = texts.currentNode, parent = text.parentElement;
        if (parent.closest('svg, code, style, script, [data-testid=stDataFrame]')) continue;
        if (!parent.checkVisibility()) continue;
        if (text.data.includes('://')) continue;  // an address has no words
        for (const word of text.data.matchAll(/[^\\s\\-–—/→]{2,}/g)) {
            range.setStart(text, word.index);
            range.setEnd(text, word.index + word[0].length);
            const tops = [...range.getClientRects()].filter(r => r.width > 0).map(r => Math.round(r.top));
            if (Math.max(...tops) - Math.min(...tops) > 4) broken.push(`${word[0]} in: ${text.data.slice(0, 60)}`);
        }
    }
    return broken
}"""

# buttons and choices whose words do not fit; what is for screen readers alone is as small as it is meant to be
CLIPPED = """() => [...document.querySelectorAll('[data-testid=stMain] button [data-testid=stMarkdownContainer]')]
    .filter(e => e.checkVisibility() && e.clientWidth > 1)
    .filter(e => !e.closest('[role=tablist]'))  // it scrolls
    .filter(e => {
        const text = e.getBoundingClientRect(), button = e.closest('button').getBoundingClientRect();
        return e.scrollWidth > e.clientWidth + 1 || text.left < button.left - 1 || text.right > button.right + 1;
    })
    .map(e => `${e.innerText.trim()}: ${e.scrollWidth} in ${e.clientWidth}`)"""


@pytest.mark.parametrize("path", PATHS)
def test_every_width_shows_every_view_whole(browser, server, path):
    context = browser.new_context(viewport={"width": WIDTHS[-1], "height": 900}, base_url=server)
    page = context.new_page()
    faults = []
    for view in views(page, path):
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            page.wait_for_timeout(600)  # charts are drawn anew
            where = f"{view} at {width}"
            if (whole := page.evaluate("document.documentElement.scrollWidth")) > width:
                faults.append(f"{where}: {whole} pixels wide")
            faults += [f"{where}: sticks out: {e}" for e in page.evaluate(STICKING_OUT, width)[:3]]
            faults += [f"{where}: broken: {e}" for e in page.evaluate(BROKEN_WORDS)[:3]]
            faults += [f"{where}: clipped: {e}" for e in page.evaluate(CLIPPED)[:3]]
        page.set_viewport_size({"width": WIDTHS[-1], "height": 900})
    context.close()
    assert not faults, "\n".join(faults)


def test_on_a_projector_the_list_stands_beside_the_editor(browser, server):
    context = browser.new_context(viewport={"width": 1024, "height": 768}, base_url=server)
    page = context.new_page()
    next(views(page, ""))
    editor = page.get_by_role("heading", name="What they watched").bounding_box()
    ranked = page.get_by_role("list", name="Movies for this visitor").bounding_box()
    assert ranked["x"] > editor["x"] + editor["width"] / 2
    assert ranked["y"] < 500, "the first rows are in sight"
    context.close()
