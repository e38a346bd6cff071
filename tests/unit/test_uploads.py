"""How many uploaded files are read, and when the next one is."""

from types import SimpleNamespace

import pytest

from bst.errors import BSTError
from pages.shared.state import uploads
from pages.shared.state.uploads import WINDOW_S, RateLimit


def test_a_limit_allows_so_many_uses_within_any_window():
    limit = RateLimit(2)
    for now in (0.0, 100.0):
        assert limit.wait(now) == 0
        limit.use(now)
    assert limit.wait(150.0) == WINDOW_S - 150
    assert limit.wait(WINDOW_S) == 0  # the first is out of the window
    limit.use(WINDOW_S)
    assert limit.wait(WINDOW_S + 1) == 99


def test_many_sessions_are_no_way_around_the_limit(monkeypatch, override_settings):
    override_settings(public=True)
    monkeypatch.setattr(uploads, "_all_sessions", RateLimit(3))
    clock = SimpleNamespace(monotonic=lambda: 0.0)
    monkeypatch.setattr(uploads, "time", clock)
    for _ in range(3):
        monkeypatch.setattr("streamlit.session_state", {})
        uploads.note_reading()
    monkeypatch.setattr("streamlit.session_state", {})
    clock.monotonic = lambda: 60.0
    with pytest.raises(BSTError, match="try again in 10 minutes"):
        uploads.note_reading()
    clock.monotonic = lambda: float(WINDOW_S)
    uploads.note_reading()
