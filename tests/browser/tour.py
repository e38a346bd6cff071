"""A way through every page and every view of it, on the demo world."""

from collections.abc import Iterator

from playwright.sync_api import Page

from tests.browser.conftest import settled

PATHS = ("", "what_if", "replay", "story", "why", "training", "evaluation", "data", "about")
# what the views of a page are called where they are no tabs
VIEWS = {
    "what_if": ("Vary one setting", "Find a change", "Another model"),
    "why": ("Can attention be trusted?", "Head by head", "What it looks at in general"),
}


def views(page: Page, path: str) -> Iterator[str]:
    """Open a page by its address and then view after view of it; yields what each is called once it is there."""
    page.goto(f"/{path}?bundle=demo")
    settled(page)
    yield f"/{path}"
    if path == "what_if":
        page.locator(".st-key-start_0 button").first.click()
        settled(page)
        yield "/what_if after a change"
    if path == "story":
        yield from _steps(page)
    for name in VIEWS.get(path, ()):
        page.get_by_test_id("stButtonGroup").get_by_text(name, exact=True).click()
        settled(page)
        yield f"/{path}: {name}"
    for tab in page.get_by_role("tab").all()[1:]:
        tab.click()
        settled(page)
        yield f"/{path}: {tab.inner_text()}"


def _steps(page: Page) -> Iterator[str]:
    """Go through the steps of the story that is shown, then into its editor."""
    steps = page.get_by_role("button", name="Step ").count()
    for step in range(2, steps + 1):
        page.get_by_role("button", name="Next").click()
        settled(page)
        yield f"/story: step {step}"
    page.get_by_role("button", name="Edit this story").click()
    settled(page)
    yield "/story: the editor"
