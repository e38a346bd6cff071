"""The log: one line an unexpected error, with an id, and nothing that an error or a message knows of a visitor."""

import io
import json
import logging
import sys
import threading

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bst import error_log
from bst.cli import main
from bst.errors import VisitorError
from bst.training import background

ROOT = logging.getLogger()
# not in the lines of code that fail, as these are in the log
TITLE = "Alien (1979)"


@pytest.fixture(autouse=True)
def log():
    """What a program installs when it starts, until the test ends."""
    before, hook = ROOT.handlers[:], threading.excepthook
    error_log.install(lambda: {"page": "why"})
    yield
    ROOT.handlers[:], threading.excepthook = before, hook


def lines(text: str) -> list[dict]:
    return [json.loads(line) for line in text.splitlines()]


def fail(knows: str) -> Exception:
    """An error that has been raised, and knows something in every way that an error can."""
    try:
        try:
            raise FileNotFoundError(2, knows, f"{knows}.csv")
        except FileNotFoundError as error:
            error.add_note(knows)
            raise KeyError(knows) from error
    except KeyError as error:
        return error


def test_a_line_says_what_happened_where_and_with_which_versions(capsys):
    known_as = error_log.report(fail("x"), task="measuring")
    (line,) = lines(capsys.readouterr().err)
    assert (line["level"], line["page"], line["task"], line["type"]) == ("ERROR", "why", "measuring", "KeyError")
    assert line["error"] == known_as
    assert line["place"].startswith("tests/unit/test_error_log.py:")
    frames = line["traceback"].splitlines()
    assert frames[1] == "FileNotFoundError"
    assert frames[2] == "which led to:"
    assert "in fail: raise KeyError(knows) from error" in frames[3]
    assert frames[4] == "KeyError"
    assert {"python", "bst-studio", "streamlit", "numpy"} <= line["versions"].keys()
    assert line["time"].endswith("+00:00")


def test_an_error_keeps_its_id_and_another_has_another():
    error = fail("x")
    assert error_log.error_id(error) == error_log.error_id(error) != error_log.error_id(fail("x"))


def said_of(knows: str) -> list[dict]:
    """The lines about errors and messages that know something, but for their times and ids."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stderr", io.StringIO())
        error_log.report(fail(knows))
        ROOT.error("cannot read %s of %s", knows, knows, exc_info=fail(knows))
        ROOT.error(fail(knows))
        ROOT.warning("%s is not a movie", knows)
        ROOT.warning(f"task failed\n{knows}")
        written = sys.stderr.getvalue()
    assert written.count("\n") == 5
    return [{**line, "time": "", "error": ""} for line in lines(written)]


@pytest.fixture(scope="module")
def of_a_title() -> list[dict]:
    before = ROOT.handlers[:]
    error_log.install(lambda: {"page": "why"})
    said = said_of(TITLE)
    ROOT.handlers[:] = before
    return said


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(knows=st.text(st.characters(exclude_categories=["Cs"])))
def test_a_line_is_the_same_whatever_the_error_and_the_message_know(knows, of_a_title):
    """A title, a name, an address: a line that depends on none of them gives none of them away."""
    assert said_of(knows) == of_a_title


def test_in_a_terminal_it_is_said_in_words(capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    known_as = error_log.report(fail(TITLE), task="measuring")
    ROOT.warning("%s is not a movie", TITLE)
    said = capsys.readouterr().err.splitlines()
    assert f" ERROR error {known_as}: KeyError at tests/unit/test_error_log.py:" in said[0]
    assert said[0].endswith(", page why, task measuring")
    assert said[-1].endswith(" WARNING root: %s is not a movie")
    assert "Alien" not in "".join(said)


def test_an_expected_error_is_not_logged(capsys):
    ROOT.error("page ended", exc_info=VisitorError("Alien (1979) was rated 9"))
    assert capsys.readouterr().err == ""


def test_what_ends_a_thread_is_logged(capsys):
    thread = threading.Thread(target=lambda: {}[TITLE])
    thread.start()
    thread.join()
    (line,) = lines(capsys.readouterr().err)
    assert line["type"] == "KeyError"


def test_nobody_has_to_read_it(monkeypatch):
    closed = io.StringIO()
    closed.close()
    for stream in (None, closed):
        monkeypatch.setattr(sys, "stderr", stream)
        error_log.report(fail("x"))


def test_a_command_that_fails_by_our_fault_says_the_id_of_its_line(capsys, monkeypatch):
    monkeypatch.setattr("bst.cli.data.list_datasets", lambda options: {}[TITLE])
    assert main(["datasets"]) == 1
    out, err = capsys.readouterr()
    first, last = err.splitlines()
    assert out == ""
    assert (json.loads(first)["command"], json.loads(first)["type"]) == ("datasets", "KeyError")
    assert last.startswith(f"error: something went wrong; error {json.loads(first)['error']}")
    assert "Alien" not in err


def test_a_training_that_fails_by_our_fault_tells_the_id_of_its_line(own_folders, small_settings, monkeypatch):
    """Its line is in the run's own log; who looks at the run sees the sentence."""
    folder = own_folders.runs / "mine"
    folder.mkdir(parents=True)
    (folder / "run.json").write_text(json.dumps(small_settings.to_dict()), "utf-8")
    monkeypatch.setattr(background, "train", lambda *_, **__: {}[TITLE])
    monkeypatch.setattr(background, "NICENESS", 0)
    with (folder / "log.txt").open("w") as file, pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdout", file)
        patch.setattr(sys, "stderr", file)
        assert background.main(str(folder), str(own_folders.bundles)) == 1
    line = json.loads((folder / "log.txt").read_text("utf-8").splitlines()[0])
    assert (line["task"], line["type"]) == ("training", "KeyError")
    (folder / "process.json").write_text("{}", "utf-8")
    status = background.status("mine")
    assert status.ending.startswith(f"something went wrong; error {line['error']}. Resume the run")
    assert not any(said.startswith("{") for said in status.log)
