"""A page of a real server that fails: whatever fails, a sentence with the id that the server's log has."""

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from playwright.sync_api import expect

from bst.error_log import LINE_START
from tests.browser.conftest import clone, serving, settled

pytestmark = pytest.mark.timeout(600)
FAULTS = """
import streamlit as st

def fail():
    title = "Alien (1979)".upper()
    raise KeyError(title)

@st.fragment
def part():
    st.button("Callback of a part", on_click=fail)
    if st.button("Part"):
        fail()

st.button("Callback", on_click=fail)
part()
if st.button("Page"):
    fail()
"""


@pytest.fixture(scope="module")
def faulty(tmp_path_factory) -> Iterator[tuple[str, Path]]:
    """The address of a server whose page About can fail in every way, and its log."""
    folder = tmp_path_factory.mktemp("faulty")
    root = clone(folder / "project")
    about = root / "pages" / "about" / "about.py"
    about.write_text(about.read_text("utf-8") + FAULTS, "utf-8")
    with serving(folder / "log", root) as address:
        yield address, folder / "log"


def errors(log: Path) -> list[dict]:
    return [json.loads(line) for line in log.read_text("utf-8").splitlines() if line.startswith(LINE_START)]


@pytest.mark.parametrize("what", ["Page", "Part", "Callback", "Callback of a part"])
def test_the_page_shows_the_id_that_the_log_has(what, browser, faulty):
    address, log = faulty
    page = browser.new_page(base_url=address)
    page.goto("/about?bundle=demo")
    settled(page)
    before = len(errors(log))
    page.get_by_role("button", name=what, exact=True).click()
    notice = page.get_by_test_id("stAlert").or_(page.get_by_test_id("stToast"))
    expect(notice).to_contain_text("Something went wrong; error ")
    expect(notice).to_be_in_viewport()
    shown = re.search(r"error (\w{4}-\w{4})\.", notice.inner_text()).group(1)
    expect(page.get_by_test_id("stException")).to_have_count(0)
    page.close()
    (line,) = errors(log)[before:]
    assert (line["error"], line["page"], line["type"]) == (shown, "about", "KeyError")
    assert line["place"].startswith("pages/about/about.py:")
    assert "ALIEN" not in log.read_text("utf-8")


def test_a_server_becomes_ready(faulty):
    """That it is not before, ``unit/test_warm_up.py`` shows."""
    for _ in range(300):
        answer = requests.get(f"{faulty[0]}/ready", timeout=60)
        assert answer.json() == {"ready": answer.status_code == 200}
        if answer.ok:
            return
        time.sleep(0.4)
    pytest.fail("not ready within two minutes")
