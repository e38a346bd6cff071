"""Finding and loading datasets by name, and the errors for missing ones."""

import json
import shutil
from types import SimpleNamespace

import pandas as pd
import pytest
from handmade import CSV, ONE_HUNDRED_K, ONE_M, write

from bst import datasets
from bst.datasets import simulation, sources
from bst.errors import DatasetError


@pytest.fixture
def places(tmp_path, override_settings):
    """Two empty data folders: the chosen one and the project's."""
    folders = tmp_path / "chosen", tmp_path / "project" / "data"
    override_settings(data=folders[0], project_data=folders[1], cache=tmp_path / "cache")
    return folders


def test_every_source_states_where_it_comes_from_and_its_terms():
    assert list(datasets.SOURCES) == [
        "demo",
        "ml-100k",
        "ml-1m",
        "ml-10m",
        "ml-latest-small",
        "ml-20m",
        "ml-25m",
        "ml-32m",
    ]
    for name, source in datasets.SOURCES.items():
        assert source.name == name
        if name == "demo":
            continue
        assert source.url == f"https://files.grouplens.org/datasets/movielens/{name}.zip"
        terms = datasets.licence_text(name)
        for word in ("research", "redistribute", "commercial", "Harper", "Konstan", "2015", "grouplens.org/datasets"):
            assert word in terms
        if source.known_hash:
            algorithm, _, digest = source.known_hash.partition(":")
            assert len(digest) == {"md5": 32, "sha256": 64}[algorithm]


def test_find_prefers_the_chosen_folder_and_skips_empty_ones(places):
    chosen, project = places
    assert datasets.find("ml-1m") is None
    write(project / "ml-1m", ONE_M)
    (chosen / "ml-1m").mkdir(parents=True)
    assert datasets.find("ml-1m") == project / "ml-1m"
    write(chosen / "ml-1m", ONE_M)
    assert datasets.find("ml-1m") == chosen / "ml-1m"


def test_find_takes_the_path_of_a_folder(places, tmp_path):
    folder = write(tmp_path / "elsewhere", ONE_M)
    assert datasets.find(folder) == folder
    assert datasets.find(str(folder)) == folder
    assert datasets.find(tmp_path / "nowhere") is None
    for nonsense in ("", "x" * 5000, "~nobody-of-this-name/x", "\0"):
        assert datasets.find(nonsense) is None


def test_ml_10m_is_found_in_the_folder_that_its_zip_creates(places):
    chosen, _ = places
    files = {name: lines for name, lines in ONE_M.items() if name != "users.dat"}
    write(chosen / "ml-10M100K", files)
    assert datasets.find("ml-10m") == chosen / "ml-10M100K"
    dataset = datasets.load("ml-10m")
    assert (dataset.name, dataset.title) == ("ml-10m", "MovieLens 10M")


def test_a_registered_folder_is_found_by_name(places, tmp_path):
    chosen, _ = places
    folder = write(tmp_path / "elsewhere" / "mine", CSV)
    dataset = datasets.load(folder)
    with pytest.raises(DatasetError, match=r"unknown dataset 'mine'.*--dataset FOLDER"):
        datasets.load("mine")
    datasets.register_folder(folder, dataset)
    assert datasets.find("mine") == folder
    pd.testing.assert_frame_equal(datasets.load("mine").ratings, dataset.ratings)
    assert datasets.usable() == {"demo": "Demo world (simulated)", "mine": "mine"}
    # a known place goes first
    write(chosen / "mine", CSV)
    assert datasets.find("mine") == chosen / "mine"
    shutil.rmtree(chosen / "mine")
    # and where it is gone, its place is named
    folder.rename(tmp_path / "moved")
    assert datasets.find("mine") is None
    assert "mine" not in datasets.usable()
    with pytest.raises(DatasetError) as caught:
        datasets.load_movies("mine")
    assert str(folder) in str(caught.value)
    assert "--dataset FOLDER" in str(caught.value)
    datasets.register_folder(tmp_path / "moved", dataset)
    assert datasets.find("mine") == tmp_path / "moved"


def test_usual_folders_are_not_registered(places, tmp_path):
    chosen, _ = places
    write(chosen / "ml-1m", ONE_M)
    for name in ("ml-1m", chosen / "ml-1m"):
        datasets.register_folder(name, datasets.load(name))
    assert not (tmp_path / "cache").exists()


@pytest.mark.parametrize("content", ["", "[]", "{", '{"mine": 7}', '{"mine": "\\u0000"}', "[" * 100_000, "\ud800"])
def test_a_damaged_registry_is_ignored(places, tmp_path, content):
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "folders.json").write_text(content, "utf-8", "surrogatepass")
    assert datasets.find("mine") is None
    assert datasets.usable() == {"demo": "Demo world (simulated)"}
    folder = write(tmp_path / "mine", CSV)
    datasets.register_folder(folder, datasets.load(folder))
    assert datasets.find("mine") == folder


def test_a_registry_that_cannot_be_written_is_ignored(places, tmp_path):
    (tmp_path / "cache").write_text("a file where the folder should be")
    folder = write(tmp_path / "mine", CSV)
    datasets.register_folder(folder, datasets.load(folder))
    assert datasets.find("mine") is None


def test_load_by_name_and_by_path(places, tmp_path):
    chosen, _ = places
    write(chosen / "ml-1m", ONE_M)
    by_name = datasets.load("ml-1m")
    assert (by_name.name, by_name.title, len(by_name.ratings)) == ("ml-1m", "MovieLens 1M", 5)
    assert datasets.load(chosen / "ml-1m").title == "MovieLens 1M"
    by_path = datasets.load(write(tmp_path / "mine", CSV))
    assert (by_path.name, by_path.title) == ("mine", "mine")
    pd.testing.assert_frame_equal(datasets.load_movies("ml-1m"), by_name.movies)


@pytest.mark.parametrize("load", [datasets.load, datasets.load_movies])
def test_error_for_a_missing_dataset_names_folders_and_command(places, load):
    chosen, project = places
    with pytest.raises(DatasetError) as caught:
        load("ml-1m")
    for part in (str(chosen / "ml-1m"), str(project / "ml-1m"), "python -m bst download ml-1m"):
        assert part in str(caught.value)


def test_error_for_an_unknown_name_suggests_similar_ones(places):
    with pytest.raises(DatasetError, match=r"'ml-1n'.*did you mean ml-1m"):
        datasets.load("ml-1n")
    with pytest.raises(DatasetError, match=r"'zzz'.*known are demo, ml-100k"):
        datasets.load("zzz")
    with pytest.raises(DatasetError, match="not a folder"):
        datasets.load("some/where")
    with pytest.raises(DatasetError, match="unknown dataset ''"):
        datasets.load("")


def test_available_datasets(places):
    chosen, _ = places
    write(chosen / "ml-1m", ONE_M)
    status = {s.source.name: s for s in datasets.available()}
    assert list(status) == list(datasets.SOURCES)
    assert (status["ml-1m"].present, status["ml-1m"].folder, status["ml-1m"].hint) == (True, chosen / "ml-1m", "")
    assert (status["ml-32m"].present, status["ml-32m"].folder) == (False, None)
    assert "python -m bst download ml-32m" in status["ml-32m"].hint
    assert status["demo"].present
    assert "python -m bst simulate" in status["demo"].hint


def test_datasets_command_lists_datasets_and_assumptions(places, tmp_path, run):
    chosen, _ = places
    write(chosen / "ml-100k", {name: lines for name, lines in ONE_HUNDRED_K.items() if name != "u.user"})
    write(chosen / "ml-1m", ONE_M | {"users.dat": ["?"]})
    folder = write(tmp_path / "mine", CSV)
    datasets.register_folder(folder, datasets.load(folder))
    code, out, err = run("datasets", "--json")
    assert code == 0
    rows = {row["dataset"]: row for row in json.loads(out)["datasets"]}
    assert rows["mine"] == {
        "dataset": "mine",
        "title": "mine",
        "present": True,
        "folder": str(folder),
        "ratings": None,
        "hint": "",
    }
    lines = err.splitlines()
    assert lines[0] == "ml-100k: There is no u.user: nothing is known about the users."
    assert lines[1].startswith(f"ml-1m: {chosen / 'ml-1m' / 'users.dat'}, line 1: ")
    assert len(lines) == 2


class Simulator:
    """Replaces the simulator: counts simulations and writes the hand-made world."""

    def __init__(self, dataset):
        self.simulations, self.dataset = 0, dataset

    def simulate(self, **_):
        self.simulations += 1
        return SimpleNamespace(dataset=self.dataset)

    def write(self, _, folder):
        if folder.exists():
            raise DatasetError(f"{folder} already exists")
        write(folder, ONE_M)
        about = {"catalogue_sha256": sources.fingerprint(), "version": simulation.VERSION}
        (folder / "world.json").write_text(json.dumps(about))
        return folder


@pytest.fixture
def simulator(monkeypatch, tmp_path):
    stand_in = Simulator(datasets.read(write(tmp_path / "simulated", ONE_M), name="demo"))
    monkeypatch.setattr(simulation, "simulate", stand_in.simulate)
    monkeypatch.setattr(simulation, "write", stand_in.write)
    return stand_in


def test_demo_is_simulated_once_and_kept(places, simulator):
    _, project = places
    assert datasets.find("demo") is None
    dataset = datasets.load("demo")
    assert (dataset.name, dataset.simulated, len(dataset.ratings)) == ("demo", True, 5)
    assert datasets.find("demo") == project / "demo" / "world"
    datasets.load("demo")
    assert simulator.simulations == 1
    assert [p.name for p in (project / "demo").iterdir()] == ["world"]


def test_remains_of_a_killed_simulation_are_removed(places, simulator):
    _, project = places
    (project / "demo" / ".world.bst-draft" / "world").mkdir(parents=True)
    (project / "demo" / ".world.bst-lock").touch()
    (project / "demo" / ".world-of-mine").mkdir()
    datasets.load("demo")
    assert sorted(p.name for p in (project / "demo").iterdir()) == [".world-of-mine", "world"]


@pytest.mark.parametrize("about", [{"catalogue_sha256": "old", "version": simulation.VERSION}, {"version": 0}, [], "?"])
def test_demo_is_simulated_again_when_catalogue_or_simulator_changed(places, simulator, about):
    _, project = places
    datasets.load("demo")
    (project / "demo" / "world" / "world.json").write_text(json.dumps(about))
    datasets.load("demo")
    datasets.load("demo")
    assert simulator.simulations == 2


def test_demo_needs_no_writable_project(places, simulator, monkeypatch):
    _, project = places
    project.parent.mkdir()
    project.write_text("a file where the folder should be")
    dataset = datasets.load("demo")
    assert (dataset.name, dataset.title, len(dataset.ratings)) == ("demo", "Demo world (simulated)", 5)
    assert project.is_file()
    assert simulator.simulations == 1


def test_error_for_a_damaged_demo_world_names_the_mend(places, simulator):
    _, project = places
    datasets.load("demo")
    (project / "demo" / "world" / "ratings.dat").write_text("7::10::9::978300760\n")
    with pytest.raises(DatasetError, match=r"ratings\.dat, line 1: rating 9.*delete"):
        datasets.load("demo")


def test_demo_catalogue_needs_no_simulation(places, simulator):
    movies = datasets.load_movies("demo")
    assert simulator.simulations == 0
    assert len(movies) >= 500
    assert movies["movie_id"].is_unique
    assert (movies["title"].str.extract(r"\((\d{4})\)$")[0].astype(int) == movies["year"]).all()


def test_demo_catalogue_equals_that_of_the_simulated_world(tmp_path):
    world = simulation.simulate(users=25, ratings=1_000, seed=3)
    written = simulation.write(world, tmp_path / "world")
    pd.testing.assert_frame_equal(datasets.load_movies("demo"), datasets.read_movies(written))
