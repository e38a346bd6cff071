"""The garbage collector goes on when the last one who paused it is done, also after an error."""

import gc

import pytest

from bst.visitors.imports import ImportProblem, read_export
from bst.visitors.imports.collector import paused_collector


def test_the_collector_resumes_after_the_last_pause():
    assert gc.isenabled()
    with paused_collector():
        with paused_collector():
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()


def test_the_collector_resumes_after_an_error():
    with pytest.raises(ImportProblem):
        read_export(b"a,b\n1,2\n")
    assert gc.isenabled()


def test_a_disabled_collector_stays_disabled():
    gc.disable()
    try:
        with paused_collector():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
