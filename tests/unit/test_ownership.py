"""Whoever starts a run owns it; others end or delete it only after they have confirmed that."""

import time

import pytest

from bst.errors import TrainingError
from bst.models.registry import preset
from bst.training import background
from bst.training.ownership import Owner
from bst.training.runs import RunSettings, write_settings

SETTINGS = RunSettings("demo", preset("compact"))


@pytest.fixture
def unlaunched(own_folders, monkeypatch):
    """The folder of runs, whose processes are not started."""
    monkeypatch.setattr(background, "launch", lambda folder: None)
    return own_folders.runs


def test_a_run_is_its_starters_even_when_somebody_else_resumes_it(unlaunched):
    before = time.time()
    background.start(SETTINGS, "mine", "ann")
    background.resume("mine")
    owner = background.status("mine").owner
    assert owner.key == "ann"
    assert before <= owner.started <= time.time()


@pytest.mark.parametrize("asker", ["bob", ""])
def test_another_browser_has_to_confirm(asker, unlaunched):
    background.start(SETTINGS, "mine", "ann")
    for action in (background.cancel, background.discard):
        with pytest.raises(TrainingError, match="run mine was started by someone else; confirm"):
            action("mine", asker)
        assert background.status("mine")
    background.discard("mine", asker, confirmed=True)
    assert background.status("mine") is None


@pytest.mark.parametrize("asker", ["ann", None])
def test_its_owner_and_programs_need_not(asker, unlaunched):
    background.start(SETTINGS, "mine", "ann")
    background.cancel("mine", asker)
    background.discard("mine", asker)
    assert background.status("mine") is None


@pytest.mark.parametrize("content", [None, "", "[]", '{"key": "ann"}', '{"key": "ann", "started": "soon"}'])
def test_a_run_of_the_command_line_is_no_browsers(content, unlaunched):
    """Nor is one whose owner cannot be read."""
    (unlaunched / "mine").mkdir(parents=True)
    write_settings(unlaunched / "mine", SETTINGS)
    if content is not None:
        (unlaunched / "mine" / "owner.json").write_text(content, "utf-8")
    assert background.status("mine").owner == Owner()
    with pytest.raises(TrainingError, match="someone else"):
        background.discard("mine", "")
