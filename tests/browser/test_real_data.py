"""With MovieLens 1M at hand: its model is what a newcomer meets, and the demo world stays when it was asked for."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import serving, settled

pytestmark = [pytest.mark.timeout(600), pytest.mark.real_data]


def test_movielens_is_the_default_and_the_demo_world_stays_where_it_was_asked_for(browser, ml_1m_dir, tmp_path):
    with serving(tmp_path / "log") as address:
        page = browser.new_context(viewport={"width": 1440, "height": 1000}).new_page()
        sidebar = page.get_by_test_id("stSidebar")
        page.goto(address)
        settled(page)
        expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("^After 5 movies"))
        expect(sidebar.get_by_text("6,040 users")).to_be_visible()
        page.goto(f"{address}/?bundle=demo")
        settled(page)
        for name in ("About", "Recommend", "Data", "Recommend", "What if", "Recommend"):
            page.get_by_test_id("stSidebarNav").get_by_role("link", name=name, exact=True).click()
            settled(page)
            expect(sidebar.get_by_text(re.compile("2,000 simulated users"))).to_be_visible()
        page.context.close()
