"""What the proxy's headers forbid a page is nothing that our pages do: in Chromium, on every view of every page."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page

from tests.browser.tour import PATHS, views
from tests.conftest import some_now

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
REPORT = """document.addEventListener('securitypolicyviolation',
    event => violated(`${event.effectiveDirective}: ${event.blockedURI} ${event.sample}`))"""
INLINE_SCRIPT = """() => {
    const script = document.createElement('script')
    script.textContent = 'window.ran = true'
    document.body.append(script)
    return window.ran
}"""


@pytest.fixture
def violations() -> list[str]:
    """What the browser reports while the test goes on."""
    return []


@pytest.fixture
def page(browser, proxy, violations) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1440, "height": 1000}, base_url=proxy)
    context.expose_function("violated", lambda what: violations.append(what))
    context.add_init_script(REPORT)
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("path", some_now(PATHS, ("", "why")))
def test_no_view_needs_what_is_forbidden(page, violations, path):
    failed = []
    page.on("requestfailed", lambda request: failed.append(f"{request.url} {request.failure}"))
    for view in views(page, path):
        assert not violations, view
    assert not [each for each in failed if "ERR_BLOCKED" in each]


def test_a_script_that_got_into_a_page_does_not_run(page, violations):
    page.goto("/about?bundle=demo")
    assert not page.evaluate(INLINE_SCRIPT)
    page.wait_for_timeout(100)  # the report comes a moment later
    assert [each for each in violations if each.startswith("script-src")]


def test_nothing_is_sent_to_another_address(page, violations):
    page.goto("/about?bundle=demo")
    page.evaluate("() => fetch('https://elsewhere.example/').catch(() => null)")
    page.wait_for_timeout(100)
    assert "connect-src: https://elsewhere.example/ " in violations
