"""How a replay plays: pure states, without a page and without waiting."""

from pages.replay.state import Playback


def test_a_step_is_made_when_the_one_before_was_seen():
    playback = Playback(step=3, steps=10).toggle(now=100.0)
    assert playback.playing
    seen = playback.shown(3, now=101.2)
    assert seen == Playback(4, 10, playing=True, stepped_at=101.2)
    assert seen.shown(3, now=101.3) == seen, "told twice"
    assert Playback(3, 10).shown(3, now=101.2) == Playback(3, 10), "paused meanwhile"


def test_it_pauses_at_the_end_and_plays_from_the_beginning_again():
    ended = Playback(9, 10, playing=True, stepped_at=0.0).shown(9, now=5.0)
    assert (ended.step, ended.playing) == (10, False)
    assert ended.shown(10, now=50.0) == ended
    again = ended.toggle(now=60.0)
    assert (again.step, again.playing) == (0, True)


def test_pausing_keeps_the_step():
    paused = Playback(4, 10, playing=True, stepped_at=1.0).toggle(now=2.0)
    assert (paused.step, paused.playing) == (4, False)


def test_going_to_a_step_pauses():
    assert Playback(4, 10, playing=True).jump(7) == Playback(7, 10)


def test_a_slider_that_lags_behind_was_not_moved():
    playing = Playback(6, 10, playing=True)
    assert playing.slide(6) == playing
    assert playing.slide(3) == playing
    assert playing.slide(2) == Playback(2, 10)
    assert playing.slide(7) == Playback(7, 10)
    assert Playback(6, 10).slide(5) == Playback(5, 10)
