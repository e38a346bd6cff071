"""Bring your own ratings: from the file to a list that names none of them, on a desk and on a phone."""

import io
import re
import zipfile

import pytest
from playwright.sync_api import Page, expect

from bst.datasets import load_movies
from bst.schema import MAX_HISTORY
from bst.visitors.imports.names import split_year
from tests.browser import test_journeys
from tests.browser.conftest import DEMO, settled

pytestmark = pytest.mark.timeout(300)
FILMS = load_movies("demo")["title"].tolist()

AMBIGUOUS = (
    "Const,Your Rating,Date Rated,Title,Title Type,Year\n"
    "tt1,8,4/3/2026,Jaws,Movie,1975\ntt2,6,3/5/2026,Alien,Movie,1979\ntt3,6,3/5/2026,Psycho,Short,1960\n"
)


def rows(films: list[str], rating: str = "") -> str:
    return "".join('2024-01-01,"{}",{},u{}\n'.format(*split_year(title), rating) for title in films)


def letterboxd(rated: list[str], watched: list[str]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("ratings.csv", "Date,Name,Year,Letterboxd URI,Rating\n" + rows(rated, ",4"))
        archive.writestr("watched.csv", "Date,Name,Year,Letterboxd URI\n" + rows(watched))
    return packed.getvalue()


def give(page: Page, name: str, data: bytes):
    """Open the dialog, give it a file, and return the dialog."""
    page.get_by_role("button", name="Import your ratings").click()
    dialog = page.get_by_role("dialog")
    dialog.locator("input[type=file]").set_input_files({"name": name, "mimeType": "text/csv", "buffer": data})
    expect(dialog.get_by_title(name)).to_be_visible()
    settled(page)
    return dialog


def listed(page: Page) -> set[str]:
    """The titles of the ranked list."""
    items = page.get_by_role("list", name="Movies for this visitor").get_by_role("listitem")
    expect(items.first).to_be_visible()
    asking = [
        button.get_attribute("aria-label") for button in items.get_by_role("button", name=re.compile("^Why ")).all()
    ]
    return {label.removeprefix("Why ").removesuffix("?") for label in asking}


def test_none_of_ones_own_ratings_is_recommended(page):
    rated, watched = FILMS[: MAX_HISTORY + 53], FILMS[MAX_HISTORY : MAX_HISTORY + 100]
    dialog = give(page, "letterboxd.zip", letterboxd(rated, watched))
    counts = (
        f"The model reads the newest {MAX_HISTORY} of {MAX_HISTORY + 53} ratings; the other 53 movies count as seen."
    )
    expect(dialog.get_by_text(counts)).to_be_visible()
    dialog.get_by_role("button", name=f"Import {MAX_HISTORY + 100} movies").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    settled(page)
    expect(page.get_by_text(f"Imported from Letterboxd: {MAX_HISTORY + 100} movies. {counts}")).to_be_visible()
    headline = page.get_by_role("heading", level=1).inner_text()
    assert headline.startswith(f"After {MAX_HISTORY} of {MAX_HISTORY + 100} movies")
    best = listed(page)
    assert best <= set(FILMS)
    assert len(best) >= 5
    assert not best & {*rated, *watched}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_on_a_phone_it_asks_which_of_day_and_month_comes_first(browser, server, theme):
    context = browser.new_context(
        viewport={"width": 390, "height": 844}, base_url=server, has_touch=True, color_scheme=theme
    )
    page = context.new_page()
    page.goto(DEMO)
    settled(page)
    dialog = give(page, "ratings.csv", AMBIGUOUS.encode())
    expect(dialog.get_by_text("dates such as 4/3/2026")).to_be_visible()
    expect(dialog.get_by_role("button", name=re.compile("^.*Import "))).to_have_count(0)
    dialog.get_by_text("The day comes first").click()
    settled(page)
    expect(dialog.get_by_text("IMDb: 3 rows, 2 matched, 1 to decide")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    take = dialog.get_by_role("button", name="Import 2 movies")
    expect(take).to_be_in_viewport(ratio=1)
    take.click()
    settled(page)
    # the 4th of March comes before the 3rd of May
    expect(test_journeys.watched(page, 0)).to_contain_text("Alien (1979)")
    expect(test_journeys.watched(page, 1)).to_contain_text("Jaws (1975)")
    context.close()
