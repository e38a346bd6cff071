"""What buttons and answers tell somebody to do."""

import pytest

from bst.schema import Event, Visitor
from bst.what_if.edits import Add, Drop, Forget, Rate, Reorder, SetDemographic, Swap
from bst.what_if.instructions import instruction, instructions

TITLES = {1: "Alien (1979)", 2: "Casablanca (1942)", 3: "M (1931)"}
VISITOR = Visitor({"sex": "F", "age": 25}, history=(Event(1, 5.0), Event(2, 3.0), Event(3, 4.0)))


@pytest.mark.parametrize(
    ("edit", "text"),
    [
        (Rate(1, 2.0), "rate Alien (1979) 2 instead of 5"),
        (Add(9, 5.0), "add Brazil (1985) with 5 ★"),
        (Drop(3), "remove M (1931)"),
        (Swap(1, 3), "swap Alien (1979) and M (1931)"),
        (Forget(2), "forget all but the newest 1"),
        (SetDemographic("sex", None), "hide their sex"),
        (SetDemographic("age", 56), "set their age group to 56 and over"),
    ],
)
def test_every_edit_that_a_button_makes_has_an_instruction(edit, text):
    assert instruction(edit, VISITOR, {**TITLES, 9: "Brazil (1985)"}.get) == text


def test_each_of_several_is_described_as_the_visitor_is_by_then():
    edits = (Rate(1, 2.0), Rate(1, 4.0))
    assert instructions(edits, VISITOR, TITLES.get) == (
        "rate Alien (1979) 2 instead of 5 and rate Alien (1979) 4 instead of 2"
    )


def test_others_have_none():
    with pytest.raises(TypeError, match="no instruction"):
        instruction(Reorder((3, 2, 1)), VISITOR, TITLES.get)
