"""For those who hear the app, who see it in the dark, and who are made ill by motion; ``test_views`` has the rest."""

import pytest

from tests.browser.checks import HEIGHT, WIDTHS, axe_faults
from tests.browser.conftest import DEMO, settled
from tests.browser.test_journeys import watched
from tests.browser.tour import PATHS, views
from tests.conftest import some_now

pytestmark = pytest.mark.timeout(300)


@pytest.mark.parametrize("path", some_now(PATHS, ("", "evaluation")))
def test_axe_finds_nothing_serious_in_the_dark(browser, server, path):
    viewport = {"width": WIDTHS[-1], "height": HEIGHT}
    # without motion, as what fades in has no contrast yet
    context = browser.new_context(viewport=viewport, base_url=server, color_scheme="dark", reduced_motion="reduce")
    page = context.new_page()
    found = [fault for view in views(page, path) for fault in axe_faults(page, view)]
    context.close()
    assert not found, "\n".join(found[:20])


# of the words beside a chart's marks, 0 to 255
LIGHTNESS = r"""() => {
    const words = [...document.querySelectorAll('[data-testid=stVegaLiteChart] svg text')];
    const value = words.find(e => /^0\.\d{3}$/.test(e.textContent));
    return value && getComputedStyle(value).fill.match(/\d+/g).reduce((sum, part) => sum + part / 3, 0);
}"""


def test_charts_follow_the_colours_of_the_system(browser, server):
    context = browser.new_context(base_url=server, color_scheme="light", reduced_motion="reduce")
    page = context.new_page()
    page.goto("/evaluation?bundle=demo")
    settled(page)
    assert page.evaluate(LIGHTNESS) < 100
    for scheme, is_right in (("dark", "> 150"), ("light", "< 100")):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        page.wait_for_function(f"() => ({LIGHTNESS})() {is_right}")
    context.close()


def test_a_row_of_the_history_names_its_movie(page):
    heard = watched(page, 1).aria_snapshot()
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
    assert 'radiogroup "Rating of Blade Runner (1982)"' in watched(page, 1).aria_snapshot()


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
