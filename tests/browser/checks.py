"""What is looked for on every view of every page: layout, names, contrast, and what the console says."""

import re
from collections.abc import Sequence

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, Response

# phone, half a screen, tablet, projector, laptop, desktop
WIDTHS = (390, 720, 900, 1024, 1300, 1440)
NARROWEST_AND_WIDEST = (WIDTHS[0], WIDTHS[-1])
HEIGHT = 900

# what sticks out to the right, of what does not scroll by itself: out of the window, and out of a custom component,
# whose elements are in a tree of their own
STICKING_OUT = """(width) => {
    const within = (e, right) => e.getBoundingClientRect().right <= right + 1;
    const scrolls = (e, right) => e && e.dataset.testid !== 'stMain' && (
        within(e, right) && ['auto', 'scroll'].includes(getComputedStyle(e).overflowX)
        || scrolls(e.parentElement, right));
    const main = [...document.querySelectorAll('[data-testid=stMain] *')];
    const fixed = e => e && (getComputedStyle(e).position === 'fixed' || fixed(e.parentElement));
    const inside = main.filter(e => e.shadowRoot).flatMap(host =>
        [...host.shadowRoot.querySelectorAll('*')]
            .map(e => [e, fixed(e) ? width : host.getBoundingClientRect().right]));
    return [...main.map(e => [e, width]), ...inside]
        .filter(([e, right]) => !within(e, right) && e.getBoundingClientRect().width > 1)
        .filter(([e, right]) => !scrolls(e.parentElement, right))
        .map(([e]) => e)
        .filter(e => !e.ownerSVGElement)  // a drawing ends where its frame does
        .filter(e => !e.closest('[data-testid=stDataFrame]') && !e.closest('canvas'))
        .filter(e => e.type !== 'range')  // nobody sees it: it hides in the slider's thumb
        .map(e => e.tagName + '.' + e.className)
}"""

# words that begin in one line and end in another; after a hyphen or a slash that is as it should be
BROKEN_WORDS = """() => {
    const broken = [], range = document.createRange(), texts = [];
    const main = document.querySelector('[data-testid=stMain]');
    const hosts = [...main.querySelectorAll('*')].filter(e => e.shadowRoot);
    for (const root of [main, ...hosts.map(e => e.shadowRoot)]) {
        const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
        while (walker.nextNode()) texts.push(walker.currentNode);
    }
    for (const text of texts) {
        const parent = text.parentElement;
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


def layout_faults(page: Page, view: str, widths: Sequence[int] = NARROWEST_AND_WIDEST) -> list[str]:
    """Return what is not within the width, not whole or broken inside a word, at each of these widths."""
    faults = []
    for width in reversed(widths):
        page.set_viewport_size({"width": width, "height": HEIGHT})
        page.wait_for_timeout(400)  # charts are drawn anew
        where = f"{view} at {width}"
        if (whole := page.evaluate("document.documentElement.scrollWidth")) > width:
            faults.append(f"{where}: {whole} pixels wide")
        faults += [f"{where}: sticks out: {e}" for e in page.evaluate(STICKING_OUT, width)[:3]]
        faults += [f"{where}: broken: {e}" for e in page.evaluate(BROKEN_WORDS)[:3]]
        faults += [f"{where}: clipped: {e}" for e in page.evaluate(CLIPPED)[:3]]
    page.set_viewport_size({"width": WIDTHS[-1], "height": HEIGHT})
    return faults


# the list of pages in the sidebar is Streamlit's own: sections between its items, over which an app has no say
NAVIGATION, ITS_RULES = "[data-testid=stSidebarNav]", ("list", "listitem")
SERIOUS = ("serious", "critical")
# besides: a rule of axe that it calls moderate
ALSO = ("heading-order",)
# how Material's icons are called, "arrow_upward icon", and what Streamlit calls any row of stars
ICON_OR_GENERIC = re.compile(r"^(\w+ icon|[a-z]+(_[a-z]+)+|Feedback rating)?$")

CONTROLS = "button|radiogroup|checkbox|combobox|slider|textbox|tab|link|switch|spinbutton"
NAMED = rf'- (?:{CONTROLS})\b(?: "((?:[^"\\]|\\.)*)")?'


def axe_faults(page: Page, where: str) -> list[str]:
    """What axe-core finds on the page that is not Streamlit's own."""
    problems = []
    for rule in Axe().run(page).response["violations"]:
        if rule["impact"] not in SERIOUS and rule["id"] not in ALSO:
            continue
        for node in rule["nodes"]:
            where_it_is = page.locator(node["target"][0]).first if isinstance(node["target"][0], str) else None
            own = where_it_is and where_it_is.evaluate("(e, its) => e.closest(its) !== null", NAVIGATION)
            if not (rule["id"] in ITS_RULES and own):
                problems.append(f"{where}: {rule['id']}: {node['html'][:160]} {node['failureSummary']}")
    return problems


def unnamed_controls(page: Page, view: str) -> list[str]:
    """Return the controls that are called by their icon, by what they all are, or not at all."""
    # Streamlit's own buttons at a table's corner have their names in a tooltip alone
    page.evaluate("document.querySelectorAll('[data-testid=stElementToolbar]').forEach(e => (e.ariaHidden = true))")
    heard = page.get_by_test_id("stMain").aria_snapshot()
    return [f"{view}: {name!r}" for name in re.findall(NAMED, heard) if ICON_OR_GENERIC.match(name)]


# Streamlit looks for its server below the page's own address first, finds nothing there, and goes on with the address
# above. That nothing is there is how it tells the two apart, so an app must not answer (its ``baseUriPartsList``).
LOOKED_FOR = ("/_stcore/health", "/_stcore/host-config")


def listen(page: Page, server: str, path: str) -> list[str]:
    """Return a list that fills with what the console says from now on: messages, errors and failed requests."""
    expected = {f"{server}/{path}{end}" for end in LOOKED_FOR} if path else set()
    messages: list[str] = []
    page.on("console", lambda m: None if m.location["url"] in expected else messages.append(f"{m.type}: {m.text}"))
    page.on("pageerror", lambda error: messages.append(str(error)))

    def on_response(response: Response) -> None:
        if response.status >= 400 and response.url not in expected:
            messages.append(f"{response.status} {response.url}")

    page.on("response", on_response)
    return messages
