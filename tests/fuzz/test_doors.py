"""A few inputs for each way in, always the same ones; ``make fuzz`` tries ten thousand of each."""

import pytest

from tests.fuzz.doors import DOORS
from tests.fuzz.runner import fuzz

# as many as take a few seconds on an idle machine
INPUTS = {
    "datasets": 150,
    "own data": 60,
    "downloads": 150,
    "imports": 150,
    "links": 200,
    "stories": 200,
    "bundles": 40,
    "weights": 60,
    "command line": 60,
    "environment": 30,
    "report": 6,
    "CSV export": 100,
    "logs": 40,
    "stores": 100,
}


def test_each_door_is_tried():
    assert INPUTS.keys() == DOORS.keys()


@pytest.mark.parametrize("name", DOORS)
def test_any_input_is_taken_or_refused_in_a_line(name, tmp_path):
    with DOORS[name](tmp_path) as door:
        # how long an input takes depends on the machine
        result = fuzz(door, INPUTS[name], hang_s=None)
    assert not result.failures, "\n".join(map(str, result.failures.values()))
    assert result.inputs == INPUTS[name]
    assert 0 < result.taken < result.inputs or name == "CSV export"
