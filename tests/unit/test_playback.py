"""How a replay plays: pure states, without a page and without waiting."""

from pages.replay.state import Playback


def test_a_step_is_made_when_it_is_time_and_not_before():
    playback = Playback(step=3, steps=10).toggle(now=100.0)
    assert playback.playing
    assert playback.tick(now=100.5) == playback
    assert playback.tick(now=101.2) == Playback(4, 10, playing=True, stepped_at=101.2)


def test_it_pauses_at_the_end_and_plays_from_the_beginning_again():
    ended = Playback(9, 10, playing=True, stepped_at=0.0).tick(now=5.0)
    assert (ended.step, ended.playing) == (10, False)
    assert ended.tick(now=50.0) == ended
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
