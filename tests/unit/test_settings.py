"""The folders of the installation: from the environment, or replaced for a while."""

from contextlib import suppress
from pathlib import Path

import pytest

from bst.errors import ConfigError
from bst.installation import PROJECT
from bst.settings import Settings, get_settings, override_settings

FOLDERS = ("BST_DATA_DIR", "BST_CACHE_DIR", "BST_DOWNLOAD_URL")
VARIABLES = (*FOLDERS, "BST_PUBLIC", "BST_MAX_RUNS", "BST_MAX_BUNDLES", "BST_MAX_DISK_GB")


@pytest.fixture(autouse=True)
def empty_environment(monkeypatch):
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


def test_everything_is_in_the_project_unless_the_environment_says_otherwise():
    assert (PROJECT / "bst" / "settings.py").is_file()
    data = PROJECT / "data"
    assert Settings.from_environment() == Settings(
        data=data,
        project_data=data,
        bundles=data / "bundles",
        runs=PROJECT / "runs",
        cache=data / ".cache",
        evaluation_cache=data / ".cache" / "evaluation",
        results=PROJECT / "benchmarks" / "results",
        download_url=None,
    )


def test_the_environment_names_folders_and_a_mirror(monkeypatch):
    for name, value in zip(FOLDERS, ("~/movies", "relative/cache", "https://mirror.example"), strict=True):
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("HOME", "/home/somebody")
    settings = Settings.from_environment()
    assert (settings.data, settings.cache) == (Path("/home/somebody/movies"), Path("relative/cache"))
    assert settings.download_url == "https://mirror.example"
    assert settings.project_data == PROJECT / "data"


def test_an_empty_variable_counts_as_unset_and_nobodys_home_stays_as_it_is(monkeypatch):
    monkeypatch.setenv("BST_DATA_DIR", "~nobody-of-this-name/x")
    monkeypatch.setenv("BST_CACHE_DIR", "")
    monkeypatch.setenv("BST_DOWNLOAD_URL", "")
    settings = Settings.from_environment()
    assert settings.data == Path("~nobody-of-this-name/x")
    assert settings.cache == PROJECT / "data" / ".cache"
    assert settings.download_url is None


def test_overrides_nest_and_end_even_after_an_error(tmp_path):
    before = get_settings()
    with override_settings(runs=tmp_path / "outer", cache=tmp_path / "cache"):
        with suppress(RuntimeError), override_settings(runs=tmp_path / "inner"):
            assert get_settings().runs == tmp_path / "inner"
            assert get_settings().cache == tmp_path / "cache"
            raise RuntimeError
        assert get_settings().runs == tmp_path / "outer"
        assert get_settings().bundles == before.bundles
    assert get_settings() == before


def test_a_setting_that_does_not_exist_is_refused():
    with pytest.raises(TypeError, match="unexpected keyword argument 'folder'"), override_settings(folder=Path()):
        pass


@pytest.mark.parametrize(
    ("value", "public"), [("1", True), ("Yes", True), (" on ", True), ("0", False), ("off", False)]
)
def test_public_mode_is_switched_on_by_a_word_for_yes(monkeypatch, value, public):
    assert not Settings.from_environment().public
    monkeypatch.setenv("BST_PUBLIC", value)
    assert Settings.from_environment().public is public


@pytest.mark.parametrize("value", ["2", "ture", "y e s", "none"])
def test_a_typing_error_does_not_leave_an_app_open(monkeypatch, value):
    monkeypatch.setenv("BST_PUBLIC", value)
    with pytest.raises(ConfigError, match=f"BST_PUBLIC must be 1 or 0 .*not '{value}'"):
        Settings.from_environment()


def test_quotas_are_numbers(monkeypatch):
    for name, value in (("BST_MAX_RUNS", "3"), ("BST_MAX_BUNDLES", ""), ("BST_MAX_DISK_GB", "0.5")):
        monkeypatch.setenv(name, value)
    settings = Settings.from_environment()
    assert (settings.max_runs, settings.max_bundles, settings.max_disk_gb) == (3, 200, 0.5)


@pytest.mark.parametrize("value", ["-1", "many", "inf", "nan", "1 GB"])
@pytest.mark.parametrize("name", ["BST_MAX_RUNS", "BST_MAX_BUNDLES", "BST_MAX_DISK_GB"])
def test_a_quota_that_is_no_number_is_refused(monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigError, match=f"{name} must be a number, 0 or more, not '{value}'"):
        Settings.from_environment()


@pytest.mark.parametrize("name", ["BST_MAX_RUNS", "BST_MAX_BUNDLES"])
def test_half_a_run_is_refused_and_not_taken_for_none(monkeypatch, name):
    monkeypatch.setenv(name, "0.5")
    with pytest.raises(ConfigError, match=f"{name} must be a whole number, not '0.5'"):
        Settings.from_environment()
    monkeypatch.setenv(name, "2.0")
    assert 2 in (Settings.from_environment().max_runs, Settings.from_environment().max_bundles)
