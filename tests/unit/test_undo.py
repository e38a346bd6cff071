"""Undo and redo: what a person relies on, and that no order of steps breaks it."""

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from pages.shared.state.undo import MAX_STATES, Changes


def changes_of(*states: str) -> Changes[str]:
    changes = Changes.begin(states[0])
    for state in states[1:]:
        changes = changes.do(state)
    return changes


def test_undo_and_redo_go_back_and_forth():
    changes = changes_of("a", "b", "c")
    assert changes.current == "c"
    assert changes.undo().current == "b"
    assert changes.undo().undo().current == "a"
    assert changes.undo().undo().redo().redo() == changes.undo().redo()
    assert changes.undo().redo().current == "c"


def test_at_either_end_nothing_happens():
    changes = changes_of("a", "b")
    assert not changes.can_redo
    assert changes.redo() is changes
    start = changes.undo()
    assert not start.can_undo
    assert start.undo() is start
    assert start.can_redo


def test_a_change_after_undo_drops_what_was_undone():
    changes = changes_of("a", "b", "c").undo().do("d")
    assert changes.states == ("a", "b", "d")
    assert not changes.can_redo


def test_no_change_is_not_recorded():
    changes = changes_of("a", "b").undo()
    assert changes.do("a") is changes
    assert changes.can_redo


def test_jumping_to_any_state_keeps_all_of_them():
    changes = changes_of("a", "b", "c", "d").jump(1)
    assert changes.current == "b"
    assert changes.jump(3).current == "d"
    assert changes.jump(7) is changes
    assert changes.jump(-1) is changes


def test_reset_is_a_change_that_can_be_undone():
    changes = changes_of("a", "b", "c").reset()
    assert changes.current == "a"
    assert changes.undo().current == "c"


def test_reset_still_finds_the_beginning_when_it_is_no_longer_listed():
    changes = changes_of(*(str(i) for i in range(MAX_STATES + 50)))
    assert len(changes.states) == MAX_STATES
    assert changes.states[0] == "50"
    assert changes.reset().current == "0"


def test_what_was_in_sight_before_the_latest_step_is_known():
    assert changes_of("a").left == ()
    assert changes_of("a", "b").left == ("a",)
    assert changes_of("a", "b").undo().left == ("b",)
    assert changes_of("a", "b", "c").jump(0).left == ("c",)
    assert changes_of("a", "b").do("b").left == ("a",)


@given(st.lists(st.integers(0, 3), max_size=MAX_STATES - 1))
def test_as_many_undos_as_changes_lead_back_to_the_start(states):
    changes = Changes.begin(0)
    for state in states:
        changes = changes.do(state)
    steps = len(changes.states) - 1
    assert steps == sum(before != after for before, after in zip([0, *states], states, strict=False))
    for _ in range(steps):
        changes = changes.undo()
    assert changes.current == 0
    for _ in range(steps):
        changes = changes.redo()
    assert changes.current == ([0, *states])[-1]


class Editing(RuleBasedStateMachine):
    """Random steps against two plain lists: what can be undone, and what can be redone."""

    def __init__(self):
        super().__init__()
        self.changes, self.past, self.now, self.future = Changes.begin(0), [], 0, []

    @rule(state=st.integers(0, 5))
    def do(self, state):
        self.changes = self.changes.do(state)
        if state != self.now:
            self.past, self.now, self.future = [*self.past, self.now][-(MAX_STATES - 1) :], state, []

    @rule()
    def undo(self):
        self.changes = self.changes.undo()
        if self.past:
            self.future, self.now, self.past = [self.now, *self.future], self.past[-1], self.past[:-1]

    @rule()
    def redo(self):
        self.changes = self.changes.redo()
        if self.future:
            self.past, self.now, self.future = [*self.past, self.now], self.future[0], self.future[1:]

    @invariant()
    def agrees(self):
        assert self.changes.states == (*self.past, self.now, *self.future)
        assert self.changes.current == self.now
        assert (self.changes.can_undo, self.changes.can_redo) == (bool(self.past), bool(self.future))


TestEditing = Editing.TestCase
TestEditing.settings = settings(max_examples=30, deadline=None)
