"""A server that is killed while a page is open: the page says so, and is as it was when the server is back."""

import psutil
import pytest
from playwright.sync_api import expect

from tests.browser.conftest import DEMO, free_port, serving, settled
from tests.browser.test_journeys import headline, star_buttons

pytestmark = pytest.mark.timeout(300)


def kill_server(port: int) -> None:
    """End the server on a port as the system does when memory runs out."""
    listening = [
        c.pid for c in psutil.net_connections("tcp") if c.laddr.port == port and c.status == psutil.CONN_LISTEN
    ]
    for pid in set(listening):
        psutil.Process(pid).kill()


@pytest.mark.fault("kill -9 of the server with a page open", "the page says so; after a restart it is as it was")
def test_the_page_says_so_and_comes_back(browser, tmp_path):
    port = free_port()
    with serving(tmp_path / "first", port=port) as address:
        page = browser.new_context(viewport={"width": 1440, "height": 1000}).new_page()
        page.goto(address + DEMO)
        settled(page)
        title, newcomer = page.get_by_role("heading", level=1), headline(page)
        star_buttons(page, 0).nth(0).click()
        expect(title).not_to_have_text(newcomer)
        settled(page)
        before = headline(page), page.url
        kill_server(port)
        notice = page.get_by_role("dialog").filter(has_text="Connection error")
        expect(notice).to_contain_text("server is not responding", timeout=60_000)
    with serving(tmp_path / "second", port=port):
        expect(notice).to_have_count(0, timeout=60_000)  # it comes back by itself
        settled(page)
        expect(page.get_by_test_id("stException")).to_have_count(0)
        assert (headline(page), page.url) == before
        star_buttons(page, 2).nth(0).click()  # and it answers
        expect(title).not_to_have_text(before[0])
    page.context.close()
