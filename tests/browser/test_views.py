"""Every view of every page: whole at every width, named, silent. ``test_accessibility``: in the dark."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Browser

from tests.browser.checks import HEIGHT, WIDTHS, axe_faults, layout_faults, listen, unnamed_controls
from tests.browser.tour import PATHS, views

pytestmark = pytest.mark.timeout(300)

Findings = dict[str, list[str]]


@pytest.fixture(scope="module")
def findings(browser: Browser, server: str) -> Callable[[str], Findings]:
    """What is found on a page, by kind; all is looked for in one visit, as opening a view takes longer."""
    known: dict[str, Findings] = {}

    def find(path: str) -> Findings:
        # without motion, as what fades in has no contrast yet
        viewport = {"width": WIDTHS[-1], "height": HEIGHT}
        context = browser.new_context(viewport=viewport, base_url=server, reduced_motion="reduce")
        page = context.new_page()
        found: Findings = {"layout": [], "axe": [], "names": [], "console": listen(page, server, path)}
        for view in views(page, path):
            page.wait_for_timeout(500)
            found["axe"] += axe_faults(page, view)
            found["names"] += unnamed_controls(page, view)
            found["layout"] += layout_faults(page, view)
        context.close()
        return found

    def find_once(path: str) -> Findings:
        if path not in known:
            known[path] = find(path)
        return known[path]

    return find_once


@pytest.mark.parametrize("kind", ["layout", "axe", "names", "console"])
@pytest.mark.parametrize("path", PATHS)
def test_nothing_is_wrong_with_any_view(path, kind, findings):
    assert not findings(path)[kind], "\n".join(findings(path)[kind][:20])


@pytest.mark.long
@pytest.mark.parametrize("path", PATHS)
def test_every_view_is_whole_at_widths_between(path, browser, server):
    context = browser.new_context(base_url=server, reduced_motion="reduce")
    page = context.new_page()
    found = [fault for view in views(page, path) for fault in layout_faults(page, view, WIDTHS[1:-1])]
    context.close()
    assert not found, "\n".join(found[:20])


def test_on_a_projector_the_list_stands_beside_the_editor(browser, server):
    context = browser.new_context(viewport={"width": 1024, "height": 768}, base_url=server)
    page = context.new_page()
    next(views(page, ""))
    editor = page.get_by_role("heading", name="What they watched").bounding_box()
    ranked = page.get_by_role("list", name="Movies for this visitor").bounding_box()
    assert ranked["x"] > editor["x"] + editor["width"] / 2
    second = page.get_by_role("list", name="Movies for this visitor").get_by_role("listitem").nth(1).bounding_box()
    assert second["y"] + second["height"] < 768, "the first rows are in sight"
    context.close()
