"""What the session caches."""

import pytest

from pages.shared.state import session_cache


@pytest.fixture(autouse=True)
def session(monkeypatch):
    monkeypatch.setattr("streamlit.session_state", {})


def test_an_answer_is_computed_once_for_a_question():
    computed = []
    for question in ("a", "a", "b", "a"):
        session_cache.cached("part", question, lambda question=question: computed.append(question))
    assert computed == ["a", "b", "a"], "of one part, only the newest is kept"


def test_as_many_answers_are_kept_as_are_asked_for():
    for question in "abc":
        session_cache.cached("part", question, question.upper, max_entries=2)
    assert [session_cache.get("part", question) for question in "abc"] == [None, "B", "C"]


def test_an_error_is_not_kept():
    def fail():
        raise OSError("no")

    with pytest.raises(OSError, match="no"):
        session_cache.cached("part", "a", fail)
    assert session_cache.cached("part", "a", lambda: 1) == 1


def test_parts_are_kept_apart_and_can_be_freed():
    session_cache.cached("one", "a", lambda: 1)
    session_cache.cached("two", "a", lambda: 2)
    session_cache.clear("one")
    assert (session_cache.get("one", "a"), session_cache.get("two", "a")) == (None, 2)
