"""The garbage collector goes on when the last one who paused it is done, also after an error."""

import gc

import pytest

from bst.visitors.imports import ImportProblem, read_export
from bst.visitors.imports.collector import paused_collector


def test_it_is_on_again_when_the_last_is_done():
    assert gc.isenabled()
    with paused_collector():
        with paused_collector():
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()


def test_it_is_on_again_after_an_error():
    with pytest.raises(ImportProblem):
        read_export(b"a,b\n1,2\n")
    assert gc.isenabled()


def test_it_stays_off_where_it_was_off():
    gc.disable()
    try:
        with paused_collector():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
