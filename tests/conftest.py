"""What all tests share: a dataset small enough to check by hand, and MovieLens 1M where it is there."""

import os
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from bst import settings
from bst.domain import AGES, OCCUPATIONS, SEXES
from bst.schema import Dataset


def some_now(values: Iterable[Any], now: Collection[Any]) -> list[Any]:
    """Return values for ``parametrize``: those of ``now`` in each run, the others as ``long``."""
    return [value if value in now else pytest.param(value, marks=pytest.mark.long) for value in values]


def pytest_xdist_auto_num_workers() -> int:
    """Use three processes on two cores, as a browser test mostly waits, and four at most, as each takes about 2 GB."""
    return min(max(os.cpu_count() or 1, 3), 4)


def pytest_collection_modifyitems(items):
    """Mark what trains a model, opens a page or starts a process as slow: ``make check`` leaves it out."""
    for item in items:
        # a fixture may also be requested by its name, as a parameter
        parameters = item.callspec.params.values() if hasattr(item, "callspec") else ()
        fixtures = {*item.fixturenames, *(value for value in parameters if isinstance(value, str))}
        if item.path.parent.name in ("app", "browser", "hostile") or fixtures & TRAINED or item.path.stem in SLOW_FILES:
            item.add_marker(pytest.mark.slow)
        if "fault" in fixtures:
            item.add_marker(pytest.mark.fault)
        if "ray_cluster" in fixtures:  # it takes most of a minute to start
            item.add_marker(pytest.mark.long)


# ---- faults: ``python -m pytest -m fault`` prints them as a table, which is in docs/reliability.md


def pytest_configure(config):
    config.addinivalue_line(
        "markers", "fault(fault, outcome): something that breaks, and what is right then; printed as a row of a table"
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Let a test's report carry its rows."""
    report = yield
    if report.when == "call":
        marked = [mark.args for mark in item.iter_markers("fault") if mark.args]
        report.user_properties += [("fault", row) for row in marked]
    return report


@pytest.fixture
def fault(record_property) -> Callable[[str, str], None]:
    """Add a row to the table of faults: what broke, and the outcome, with what was counted."""
    return lambda broken, outcome: record_property("fault", (broken, outcome))


def pytest_terminal_summary(terminalreporter, config):
    """Print the table, if faults were asked for."""
    if "fault" not in (config.option.markexpr or ""):
        return
    write = terminalreporter.write_line
    write("\n| fault | outcome | |\n| --- | --- | --- |")
    rows = [
        (broken, outcome, word)
        for word, reports in terminalreporter.stats.items()
        for report in reports
        for name, (broken, outcome) in getattr(report, "user_properties", ())
        if name == "fault" and report.when == "call"
    ]
    for broken, outcome, word in sorted(rows):
        write(f"| {broken} | {outcome} | {word} |")


# how long an example takes on a busy machine is not what is tested
hypothesis_settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
hypothesis_settings.load_profile("unhurried")

# fixtures that train a model, or make a trainer, whose graphs take seconds
TRAINED = {"trained", "trained_timeline", "_timeline_trainer", "tiny_preset", "still"}
SLOW_FILES = {
    *("test_background", "test_backend", "test_cli", "test_doors", "test_formats_end_to_end"),
    *("test_interrupted", "test_planted", "test_report"),
}


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory) -> Iterator[None]:
    """Let no test, nor a process that it starts, remember a folder of its own in the project's ``data/.cache``."""
    cache = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch, settings.override_settings(cache=cache, download_url=None):
        patch.setenv("BST_CACHE_DIR", str(cache))
        yield


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """A headless Chromium, one for all tests of a process: Playwright does not start twice in one."""
    from tests.browser.conftest import chromium

    with chromium() as launched:
        yield launched


def pytest_addoption(parser):
    parser.addoption("--pictures", metavar="FOLDER", type=Path, help="write the README's pictures into this folder")


@pytest.fixture
def pictures(request) -> Path | None:
    """The folder to write the README's pictures into; None: they are only looked at."""
    return request.config.getoption("--pictures")


@pytest.fixture
def override_settings() -> Iterator[Callable[..., settings.Settings]]:
    """``bst.settings.override_settings`` until the test ends: ``override_settings(data=tmp_path)`` returns them."""
    with ExitStack() as stack:
        yield lambda **changes: stack.enter_context(settings.override_settings(**changes))


TITLES = ("Alpha (1999)", "Beta (2000)", "Gamma (2001)", "Delta (2002)", "Épsilon (2003)", "Zeta (2004)")
GENRES = ("Action|Sci-Fi", "Comedy", "Drama", "Action", "Drama|Romance", "Comedy|Romance")


@pytest.fixture(scope="session")
def tiny_dataset() -> Dataset:
    """Three users and six movies with made-up titles; user 0's last two ratings tie in time."""
    rows = [(0, 2, 3, 10), (0, 0, 5, 20), (0, 1, 4, 20)]
    rows += [(1, movie, rating, 100 + movie) for movie, rating in zip(range(5), (1, 2, 3, 4, 5), strict=True)]
    rows += [(2, movie, rating, 300 - movie) for movie, rating in zip(range(6), (5, 5, 4, 4, 3, 3), strict=True)]
    ratings = pd.DataFrame(rows, columns=["user", "movie", "rating", "timestamp"]).astype(
        {"user": "int32", "movie": "int32", "rating": "float32", "timestamp": "int64"}
    )
    users = pd.DataFrame(
        {
            "user_id": [1, 2, 3],
            "sex": pd.Categorical(["F", "M", "F"], SEXES),
            "age": pd.Categorical([25, 1, 56], AGES),
            "occupation": pd.Categorical(["artist", "K-12 student", "retired"], OCCUPATIONS),
        }
    )
    movies = pd.DataFrame(
        {
            "movie_id": [10, 20, 30, 40, 50, 60],
            "title": TITLES,
            "year": pd.array([1999, 2000, 2001, 2002, 2003, 2004], dtype="Int16"),
            "genres": GENRES,
        }
    )
    return Dataset("tiny", "Tiny", users, movies, ratings)


@pytest.fixture(scope="session")
def ml_1m_dir() -> Path:
    """The folder of MovieLens 1M; its tests are skipped, with a hint, where it is absent."""
    folder = settings.get_settings().data / "ml-1m"
    if not (folder / "ratings.dat").is_file():
        pytest.skip(f"MovieLens 1M is not at {folder}: python -m bst download ml-1m, or set BST_DATA_DIR")
    return folder


@pytest.fixture(scope="session")
def ml_1m(ml_1m_dir) -> Dataset:
    """MovieLens 1M, loaded once for all tests."""
    from bst.datasets import load

    return load(ml_1m_dir)
