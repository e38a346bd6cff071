"""Public mode: what strangers may not do is refused where it begins, and they read no paths."""

import json
from pathlib import Path

import pytest

from bst import public_mode
from bst.errors import SwitchedOffError
from bst.models.registry import preset
from bst.public_mode import Feature
from bst.training import background
from bst.training.runs import RunSettings

SETTINGS = RunSettings("demo", preset("compact"))


@pytest.mark.parametrize("feature", Feature)
def test_everything_is_offered_in_private_and_refused_in_public_with_the_sentence_that_a_page_shows(
    feature, override_settings
):
    assert public_mode.refusal(feature) is None
    public_mode.require(feature)
    override_settings(public=True)
    assert public_mode.refusal(feature) == f"{feature.value} is switched off on this public server."
    with pytest.raises(SwitchedOffError, match=f"^{feature.value} is switched off on this public server.$"):
        public_mode.require(feature)


def test_no_run_is_started_resumed_ended_or_deleted(own_folders, override_settings):
    folder = own_folders.runs / "mine"
    folder.mkdir(parents=True)
    (folder / "run.json").write_text(json.dumps(SETTINGS.to_dict()), "utf-8")
    override_settings(public=True)
    for action in (background.resume, background.cancel, background.discard):
        with pytest.raises(SwitchedOffError, match="Ending, resuming or deleting a run is switched off"):
            action("mine")
    with pytest.raises(SwitchedOffError, match="Training a model is switched off"):
        background.start(SETTINGS, "another")
    assert [path.name for path in own_folders.runs.rglob("*")] == ["mine", "run.json"]
    assert background.status("mine").state == "died"  # and it can still be watched


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("/srv/data/ml-1m/ratings.dat, line 3: x", "ratings.dat, line 3: x"),
        ("cannot read '/home/some.one/x.csv' (in /a/b/)", "cannot read 'x.csv' (in )"),
        (r"C:\Users\somebody\data\x.csv is missing", "x.csv is missing"),
        ("it is in {data}/ml-1m; see {project}", "it is in ml-1m; see project"),
        ("unzip {data}", "unzip my data"),
        ("50/50, and/or, 3 / 4, Face/Off, 1990/12/31", "50/50, and/or, 3 / 4, Face/Off, 1990/12/31"),
        ("https://files.grouplens.org/datasets/x.zip", "https://files.grouplens.org/datasets/x.zip"),
    ],
)
def test_of_a_path_strangers_read_the_last_part(text, shown, override_settings, monkeypatch):
    folders = {"data": Path("/srv/my data"), "project": Path("/opt/project")}
    monkeypatch.setattr(public_mode, "PROJECT", folders["project"])
    text = text.format(**folders)
    override_settings(data=folders["data"])
    assert public_mode.without_paths(text) == text
    override_settings(public=True)
    assert public_mode.without_paths(text) == shown
