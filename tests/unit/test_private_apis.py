"""What the app uses beyond the public APIs of Streamlit and Keras is as it was when it was checked.

A failure here after an update: see what has changed in the library, mend ``pages/shared/streamlit_private.py`` or
``pages/shared/keras_private.py``, and only then write the new version there.
"""

import logging
from importlib.metadata import version
from inspect import signature
from types import SimpleNamespace

import pytest
import streamlit.logger
from streamlit.runtime import Runtime
from streamlit.runtime.pages_manager import PagesManager
from streamlit.runtime.scriptrunner import script_runner
from streamlit.runtime.scriptrunner_utils.script_run_context import ScriptRunContext
from streamlit.testing.v1 import AppTest

from pages.shared import keras_private, streamlit_private


@pytest.mark.parametrize(("package", "module"), [("streamlit", streamlit_private), ("keras", keras_private)])
def test_the_installed_version_is_the_one_that_was_checked(package, module):
    assert version(package) == module.CHECKED_VERSION


# ---- Streamlit


def test_outside_of_a_run_there_is_nothing_to_know():
    assert streamlit_private.query_string() == ""
    assert not streamlit_private.is_history_navigation()


def test_the_query_string_is_that_of_the_address():
    def script():
        import streamlit as st

        from pages.shared import streamlit_private

        st.text(streamlit_private.query_string())
        st.text(streamlit_private.is_history_navigation())

    app = AppTest.from_function(script, default_timeout=60)
    app.query_params["s"] = "1.abc"
    app.run()
    assert not app.exception
    assert [text.value for text in app.text] == ["s=1.abc", "False"]


def test_a_run_knows_whether_it_was_caused_by_back_or_forward(monkeypatch):
    # the browser reports it with the request, and Streamlit passes it on under this name
    assert "is_history_navigation" in ScriptRunContext.__dataclass_fields__
    assert "is_history_navigation" in script_runner.RerunData.__dataclass_fields__
    context = SimpleNamespace(is_history_navigation=True)
    monkeypatch.setattr(streamlit_private, "get_script_run_ctx", lambda: context)
    assert streamlit_private.is_history_navigation()


def test_a_folder_called_pages_is_not_looked_through_once_the_server_has_started(monkeypatch, tmp_path):
    (tmp_path / "pages").mkdir()
    # what Streamlit decides for an app with such a folder …
    monkeypatch.setattr(PagesManager, "uses_pages_directory", None)
    PagesManager(str(tmp_path / "studio.py"))
    assert PagesManager.uses_pages_directory is True
    # … unless it was told before the first session
    monkeypatch.setattr(PagesManager, "uses_pages_directory", None)
    streamlit_private.pages_are_registered()
    PagesManager(str(tmp_path / "studio.py"))
    assert PagesManager.uses_pages_directory is False


def test_the_server_hands_messages_and_goodbyes_to_these_functions():
    # what the websocket's handler calls; ``tests/hostile`` sees that it does
    handle, disconnect = signature(Runtime.handle_backmsg), signature(Runtime.disconnect_session)
    assert list(handle.parameters) == ["self", "session_id", "msg", "client"]
    assert list(disconnect.parameters) == ["self", "session_id", "client"]


def test_uploaded_files_are_given_back():
    def script():
        import streamlit as st
        from streamlit.runtime.scriptrunner import get_script_run_ctx

        from pages.shared import streamlit_private

        st.file_uploader("File")
        for _ in range(2):
            sessions = get_script_run_ctx().uploaded_file_mgr.file_storage.values()
            st.text([len(file.data) for files in sessions for file in files.values()])
            streamlit_private.forget_uploads()

    app = AppTest.from_function(script, default_timeout=60).run()
    app.file_uploader[0].upload("x.csv", b"123", "text/csv").run()
    assert not app.exception
    assert [text.value for text in app.text] == ["[3]", "[]"]


def test_streamlit_and_its_server_log_through_the_root_logger(monkeypatch, caplog):
    monkeypatch.setattr(streamlit.logger, "setup_formatter", streamlit.logger.setup_formatter)
    before = streamlit.logger.get_logger("streamlit.made before")
    assert not before.propagate, "by itself it has a handler of its own"
    try:
        streamlit_private.use_root_logger()
        made = [before, streamlit.logger.get_logger("streamlit.made later"), logging.getLogger("uvicorn.error")]
        for logger in made:
            assert logger.handlers == []
            logger.warning("from %s", logger.name)
        assert [record.name for record in caplog.records] == [logger.name for logger in made]
    finally:
        monkeypatch.undo()
        streamlit.logger.update_formatter()


def test_a_run_knows_its_page_and_a_callback_of_a_part_what_it_is(monkeypatch):
    assert {"fragment_ids_this_run", "_has_script_started"} <= ScriptRunContext.__dataclass_fields__.keys()
    assert streamlit_private.page_name() is None
    assert not streamlit_private.is_callback_of_part()
    pages = SimpleNamespace(get_pages=lambda: {"a": {"script_path": "/somewhere/pages/why/why.py"}})
    for page, fragments, started, name, is_callback in (
        ("a", ["f"], False, "why", True),
        ("a", ["f"], True, "why", False),
        ("?", [], False, None, False),
    ):
        context = SimpleNamespace(
            page_script_hash=page, pages_manager=pages, fragment_ids_this_run=fragments, _has_script_started=started
        )
        monkeypatch.setattr(streamlit_private, "get_script_run_ctx", lambda context=context, **_: context)
        assert (streamlit_private.page_name(), streamlit_private.is_callback_of_part()) == (name, is_callback)


# ---- Keras


def test_streamlit_no_longer_clears_the_session_of_keras(monkeypatch):
    import keras

    cleared = []
    monkeypatch.setattr(keras.backend, "clear_session", lambda: cleared.append(True))
    script_runner._clean_problem_modules()
    assert cleared == [True], "Streamlit does clear it, by this name"
    keras_private.disable_clear_session()
    script_runner._clean_problem_modules()
    assert cleared == [True]
