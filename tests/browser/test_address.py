"""The address in a real browser: it follows every change, and Back, reload and another browser bring it back."""

import re
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import serving, settled
from tests.browser.test_journeys import headline, star_buttons

pytestmark = pytest.mark.timeout(300)


def went(page: Page, way: str, title: str) -> None:
    getattr(page, way)()
    expect(page.get_by_role("heading", level=1)).to_have_text(title)


def test_back_and_forward_go_through_the_changes(page):
    clean, start = page.url, headline(page)
    said = []
    for place in (0, 2):
        star_buttons(page, place).nth(0).click()
        settled(page)
        said.append(headline(page))
    assert len({start, *said}) == 3
    went(page, "go_back", said[0])
    went(page, "go_back", start)
    assert page.url == clean
    went(page, "go_forward", said[0])
    # Back is a step among the changes, so that nothing is lost by it
    page.get_by_role("button", name="Redo").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(said[1])
    went(page, "reload", said[1])


def test_the_state_goes_along_to_other_pages_and_back(page):
    star_buttons(page, 0).nth(0).click()
    settled(page)
    said, state = headline(page), re.search(r"s=([^&]+)", page.url).group(1)
    page.get_by_role("link", name="Why").click()
    page.wait_for_url(re.compile(f"/why.*{state[:20]}"))
    settled(page)
    explained = headline(page)
    page.reload()
    settled(page)
    assert headline(page) == explained
    page.get_by_role("link", name="Recommend").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(said)


@pytest.mark.parametrize("path", ["why", "training"])
def test_a_deep_link_as_the_very_first_request_of_a_server(browser, tmp_path, path):
    with serving(tmp_path / "log") as address:
        context = browser.new_context(base_url=address)
        page = context.new_page()
        page.goto(f"/{path}?bundle=demo")
        page.wait_for_url(re.compile(f"/{path}"))
        title = page.get_by_role("heading", level=1)
        said = {"why": r"^Expecting .+\s★ for ", "training": "epochs"}[path]
        expect(title).to_have_text(re.compile(said), timeout=120_000)
        expect(page.get_by_text("Page not found")).to_have_count(0)
        # the demo world's, whether or not another model would be the default here
        assert urlsplit(page.url).path == f"/{path}"
        expect(page.get_by_test_id("stSidebar").get_by_text(re.compile("simulated users"))).to_be_visible()
        context.close()


def test_back_leads_through_the_pages_to_the_first_state_and_no_further(browser, server):
    context = browser.new_context(base_url=server)
    page = context.new_page()
    page.goto("about:blank")
    page.goto("/?bundle=demo")
    settled(page)
    clean, start, said = page.url, headline(page), []
    for place in (0, 2):
        star_buttons(page, place).nth(0).click()
        settled(page)
        said.append(headline(page))
    page.get_by_role("link", name="Why").click()
    page.wait_for_url("**/why?*")
    settled(page)
    explained = headline(page)
    went(page, "go_back", said[1])
    went(page, "go_back", said[0])
    went(page, "go_back", start)
    settled(page)
    assert page.url == clean
    # and forward the same way
    for title in (*said, explained):
        went(page, "go_forward", title)
    for title in (said[1], said[0], start):
        went(page, "go_back", title)
    settled(page)
    page.go_back()
    assert page.url == "about:blank", "a fourth step leaves the app, as its history says"
    context.close()
