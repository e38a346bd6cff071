"""For those who hear the app, who need contrast, and who are made ill by motion: every view in light and dark."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.browser.conftest import DEMO, settled
from tests.browser.tour import PATHS, views

pytestmark = pytest.mark.timeout(300)

# the list of pages in the sidebar is Streamlit's own: sections between its items, over which an app has no say
NAVIGATION, ITS_RULES = "[data-testid=stSidebarNav]", ("list", "listitem")
SERIOUS = ("serious", "critical")
# besides: a rule of axe that it calls moderate
ALSO = ("heading-order",)
# how Material's icons are called, "arrow_upward icon", and what Streamlit calls any row of stars
ICON_OR_GENERIC = re.compile(r"^(\w+ icon|[a-z]+(_[a-z]+)+|Feedback rating)?$")

CONTROLS = "button|radiogroup|checkbox|combobox|slider|textbox|tab|link|switch|spinbutton"
NAMED = rf'- (?:{CONTROLS})\b(?: "((?:[^"\\]|\\.)*)")?'


def faults(page: Page, where: str) -> list[str]:
    """What axe-core finds on the page that is not Streamlit's own."""
    found = []
    for rule in Axe().run(page).response["violations"]:
        if rule["impact"] not in SERIOUS and rule["id"] not in ALSO:
            continue
        for node in rule["nodes"]:
            where_it_is = page.locator(node["target"][0]).first if isinstance(node["target"][0], str) else None
            own = where_it_is and where_it_is.evaluate("(e, its) => e.closest(its) !== null", NAVIGATION)
            if not (rule["id"] in ITS_RULES and own):
                found.append(f"{where}: {rule['id']}: {node['html'][:160]} {node['failureSummary']}")
    return found


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", PATHS)
def test_axe_finds_nothing_serious(browser, server, path, scheme):
    context = browser.new_context(viewport={"width": 1440, "height": 900}, base_url=server, color_scheme=scheme)
    page = context.new_page()
    found = [fault for view in views(page, path) for fault in faults(page, f"{view} {scheme}")]
    context.close()
    assert not found, "\n".join(found[:20])


@pytest.mark.parametrize("path", PATHS)
def test_no_control_is_called_by_its_icon(browser, server, path):
    context = browser.new_context(viewport={"width": 1440, "height": 900}, base_url=server)
    page = context.new_page()
    nameless = []
    for view in views(page, path):
        # Streamlit's own buttons at a table's corner have their names in a tooltip alone
        page.evaluate("document.querySelectorAll('[data-testid=stElementToolbar]').forEach(e => (e.ariaHidden = true))")
        heard = page.get_by_test_id("stMain").aria_snapshot()
        nameless += [f"{view}: {name!r}" for name in re.findall(NAMED, heard) if ICON_OR_GENERIC.match(name)]
    context.close()
    assert not nameless, "\n".join(nameless[:20])


def test_a_row_of_the_history_names_its_movie(page):
    heard = page.locator(".st-key-event_1").aria_snapshot()
    for name in (
        'radiogroup "Rating of The Terminator (1984)"',
        'button "Move The Terminator (1984) later"',
        'button "Move The Terminator (1984) earlier"',
        'button "Remove The Terminator (1984)"',
    ):
        assert name in heard
    page.get_by_role("button", name="Remove The Terminator (1984)").click()
    settled(page)
    # what moves up takes its own name along
    assert 'radiogroup "Rating of Blade Runner (1982)"' in page.locator(".st-key-event_1").aria_snapshot()


RUNNING = "() => document.getAnimations().filter(a => a.playState === 'running').map(a => a.effect?.target?.outerHTML)"


def test_who_asks_for_less_motion_gets_none(browser, server):
    context = browser.new_context(base_url=server, reduced_motion="reduce")
    page = context.new_page()
    page.goto(DEMO)
    settled(page)
    # looked for in every frame from now on, as fades are short
    page.evaluate(
        f"""() => {{
            window.moved = [];
            const look = () => {{ window.moved.push(...({RUNNING})()); requestAnimationFrame(look) }};
            look();
        }}"""
    )
    page.get_by_role("radio", name="1 out of 5 stars").first.click()
    page.wait_for_timeout(1500)
    settled(page)
    page.get_by_role("button", name="Filters").click()
    page.wait_for_timeout(500)
    page.keyboard.press("Escape")
    page.get_by_role("link", name="Why").click()
    page.wait_for_timeout(1500)
    settled(page)
    assert page.evaluate("window.moved.map(html => String(html).slice(0, 120))") == []
    context.close()
