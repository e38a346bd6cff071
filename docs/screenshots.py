"""Take the README's screenshots of the running app: ``python docs/screenshots.py http://localhost:8501``.

They show the demo bundle, whatever else is there.
"""

import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.browser.conftest import FLAGS, chromium_path, settled


def main(address: str) -> None:
    """Write one picture a page into this folder."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=FLAGS)
        page = browser.new_page(viewport={"width": 1440, "height": 900}, color_scheme="light")
        for name in ("recommend", "what_if", "why", "evaluation"):
            page.goto(f"{address}/{name}?bundle=demo" if name != "recommend" else f"{address}/?bundle=demo")
            settled(page)
            if name == "what_if":  # with the first of the ready changes made
                page.locator(".st-key-start_0").get_by_role("button").click()
                page.mouse.move(1400, 880)  # off the button, so that no hint covers the page
                page.keyboard.press("Escape")
                settled(page)
                page.mouse.move(1380, 860)  # once more, as the button was drawn anew under the first move
            page.wait_for_timeout(1000)  # charts are drawn after the script has run
            page.screenshot(path=Path(__file__).with_name(f"{name}.png"))
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "http://localhost:8501")
