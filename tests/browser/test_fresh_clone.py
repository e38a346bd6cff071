"""A copy of the project on a machine of its own: started from elsewhere, Training first, models that come and go."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import clone, serving, settled
from tests.browser.test_training_journey import choose, press
from tests.unit.conftest import write_world

pytestmark = pytest.mark.timeout(600)


def train(root: Path, name: str, *options: str) -> None:
    """Train the smallest model there is, on the made-up ``ml-1m`` of a project."""
    command = [sys.executable, "-m", "bst", "train", "--dataset", "ml-1m", "--preset", "compact"]
    subprocess.run([*command, "--epochs", "1", "--name", name, *options], cwd=root, check=True, capture_output=True)


def sidebar(page: Page) -> str:
    return page.get_by_test_id("stSidebar").inner_text()


def go(page: Page, name: str) -> None:
    page.get_by_test_id("stSidebarNav").get_by_role("link", name=name, exact=True).click()
    settled(page)


@pytest.fixture
def context(browser):
    opened = browser.new_context(viewport={"width": 1440, "height": 1100})
    yield opened
    opened.close()


@pytest.mark.long
def test_training_may_be_the_first_page_that_anybody_opens(context, tmp_path, monkeypatch):
    monkeypatch.delenv("BST_DATA_DIR", raising=False)
    root = clone(tmp_path / "project")
    with serving(tmp_path / "log", root) as address:
        page = context.new_page()
        page.goto(f"{address}/training")
        settled(page)
        page.get_by_role("button", name="Train a model").click()
        dialog = page.get_by_role("dialog")
        expect(dialog.get_by_role("combobox", name="Dataset")).to_have_value(re.compile("Demo world"))
        dialog.get_by_text("Full", exact=True).click()
        choose(page, "Preset", "Compact BST")
        press(page, "Share of its users to train on", "ArrowLeft", 4)
        expect(dialog.get_by_role("textbox", name="Name of the model")).to_have_value("demo-compact-2")
        dialog.get_by_role("button", name="Start training").click()
        # the demo world is simulated on the way
        under_way = page.get_by_text(re.compile(r"Epoch \d+ of")).or_(
            page.get_by_text("is trained, and among the models")
        )
        expect(under_way).to_be_visible(timeout=180_000)
    assert (root / "data" / "demo" / "world" / "ratings.dat").is_file()


def test_the_app_starts_wherever_it_is_and_from_wherever(context, tmp_path):
    root = clone(tmp_path / "Büro Filme")
    with serving(tmp_path / "log", Path("/"), root / "app.py") as address:
        page = context.new_page()
        page.goto(f"{address}/?bundle=demo")
        settled(page)
        expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("^After 5 movies"))
        for name in ("Why", "Training"):
            go(page, name)
            expect(page.get_by_role("heading", level=1)).to_be_visible()
            expect(page.get_by_test_id("stException")).to_have_count(0)
        # the project's own settings hold, not those of the folder of the start
        primary = page.get_by_role("button", name="Train a model").evaluate("e => getComputedStyle(e).borderRadius")
        assert primary == "8px", "baseRadius of the project's theme"
    assert "Traceback" not in (tmp_path / "log").read_text()


@pytest.fixture(scope="module")
def two_datasets(tmp_path_factory) -> Iterator[tuple[str, Path]]:
    """A server on a project with another dataset beside the demo world, whose model is the default.

    Its address, and the folder of its bundles.
    """
    folder = tmp_path_factory.mktemp("two-datasets")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("BST_DATA_DIR", raising=False)
        root = clone(folder / "project")
        write_world(root / "data" / "ml-1m")
        train(root, "ml-1m")
        with serving(folder / "log", root) as address:
            yield address, root / "data" / "bundles"


@pytest.mark.long
def test_with_two_datasets_the_chosen_model_stays_from_page_to_page(context, two_datasets):
    address, _ = two_datasets
    tour = ("About", "Recommend", "Data", "Recommend", "What if", "Training", "Recommend", "Evaluation")
    page = context.new_page()
    page.goto(address)
    settled(page)
    assert "simulated users" not in sidebar(page), "the other one is the default"
    page.goto(f"{address}/?bundle=demo")
    settled(page)
    stayed = 0
    for step in range(2 * len(tour)):
        go(page, tour[step % len(tour)])
        stayed += "simulated users" in sidebar(page)
    assert stayed == 2 * len(tour)

    # what was chosen by hand stays, too
    page.get_by_role("combobox", name="Model").click()
    page.get_by_role("option", name=re.compile("MovieLens 1M")).first.click()
    settled(page)
    for name in ("About", "Recommend"):
        go(page, name)
        assert "simulated users" not in sidebar(page)


@pytest.mark.long
@pytest.mark.fault(
    "a model is removed, damaged or replaced while it is shown", "one notice, and another model or the new one"
)
def test_models_that_go_break_or_change_while_they_are_shown(context, two_datasets):
    address, bundles = two_datasets
    for name in ("deleted", "damaged", "replaced"):
        shutil.copytree(bundles / "ml-1m", bundles / name)
    page = context.new_page()

    def shown(name: str) -> None:
        page.goto(f"{address}/about?bundle={name}")
        settled(page)
        assert "simulated users" not in sidebar(page)

    def noticed(words: str) -> None:
        expect(page.get_by_test_id("stToast").get_by_text(re.compile(words))).to_have_count(1)
        expect(page.get_by_test_id("stException")).to_have_count(0)
        expect(page.get_by_role("heading", level=1)).to_be_visible()

    shown("deleted")
    shutil.rmtree(bundles / "deleted")
    go(page, "Training")
    noticed("is no longer on this computer")

    shown("damaged")
    (bundles / "damaged" / "weights.npz").write_bytes(b"not the weights")
    go(page, "Training")
    noticed("can no longer be used")

    shown("replaced")
    train(bundles.parents[1], "replaced", "--overwrite", "--seed", "1")
    go(page, "Training")
    noticed("was replaced by a newer training")
