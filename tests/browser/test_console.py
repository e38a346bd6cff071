"""What the browser's console says: nothing of ours on any view of any page."""

import pytest

from tests.browser.tour import PATHS, views

pytestmark = pytest.mark.timeout(300)

# Streamlit looks for its server below the page's own address first, finds nothing there, and goes on with the address
# above. That nothing is there is how it tells the two apart, so an app must not answer (its ``baseUriPartsList``).
LOOKED_FOR = ("/_stcore/health", "/_stcore/host-config")


@pytest.mark.parametrize("path", PATHS)
def test_the_console_stays_silent(browser, server, path):
    context = browser.new_context(viewport={"width": 1440, "height": 900}, base_url=server)
    page = context.new_page()
    expected = {f"{server}/{path}{end}" for end in LOOKED_FOR} if path else set()
    said = []
    page.on("console", lambda m: None if m.location["url"] in expected else said.append(f"{m.type}: {m.text}"))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on(
        "response", lambda r: said.append(f"{r.status} {r.url}") if r.status >= 400 and r.url not in expected else None
    )
    for view in views(page, path):
        page.wait_for_timeout(500)
        said[:] = [line if line.startswith("/") else f"{view}: {line}" for line in said]
    context.close()
    assert not said, "\n".join(said)
