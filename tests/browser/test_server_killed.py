"""A server that is killed while a page is open: the page says so, and is as it was when the server is back."""

import re

import psutil
import pytest
from playwright.sync_api import expect

from tests.browser.conftest import free_port, serving, settled

pytestmark = pytest.mark.timeout(300)


def kill_server(port: int) -> None:
    """End the server on a port as the system does when memory runs out."""
    listening = [c.pid for c in psutil.net_connections("tcp") if c.laddr.port == port and c.status == psutil.CONN_LISTEN]
    for pid in set(listening):
        psutil.Process(pid).kill()


@pytest.mark.fault("kill -9 of the server with a page open", "the page says so; after a restart it is as it was")
def test_the_page_says_so_and_comes_back(browser, tmp_path):
    port = free_port()
    with serving(tmp_path / "first", port=port) as address:
        page = browser.new_context(viewport={"width": 1440, "height": 1000}).new_page()
        page.goto(f"{address}/?bundle=demo-compact&watched=1.5~2.4")
        settled(page)
        before = page.get_by_role("heading", level=1).inner_text(), page.url
        kill_server(port)
        notice = page.get_by_text(re.compile("connection|connecting", re.IGNORECASE)).first
        expect(notice).to_be_visible(timeout=60_000)
        print("NOTICE", notice.inner_text(), flush=True)
        page.screenshot(path="/work/wt/scratch-faults/killed.png")
    with serving(tmp_path / "second", port=port):
        settled(page)
        expect(page.get_by_test_id("stException")).to_have_count(0)
        assert (page.get_by_role("heading", level=1).inner_text(), page.url) == before
    page.context.close()
