"""What becomes of a visitor: the newest ratings are read, all else is seen, and no list names any of it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bst.schema import HALF_STARS, MAX_HISTORY, WHOLE_STARS, Event, Visitor, to_scale
from bst.visitors.imports import Confidence, Entry, Match, Matcher, history_note, import_history, read_export
from tests.unit.handmade_catalogue import catalogue_of


def match(movie_id: int, stars: float | None, *same: int) -> Match:
    return Match(Entry(1, "x", stars=stars), movie_id, Confidence.SURE, duplicate_ids=same)


@pytest.mark.parametrize(
    ("stars", "whole", "half"),
    [(0.5, 1, 0.5), (1, 1, 1), (1.5, 2, 1.5), (2.5, 3, 2.5), (3.5, 4, 3.5), (3.4, 3, 3.5), (4.5, 5, 4.5), (5, 5, 5)],
)
def test_stars_are_rounded_to_the_levels_of_the_dataset(stars, whole, half):
    assert to_scale(stars, WHOLE_STARS) == whole
    assert to_scale(stars, HALF_STARS) == half


def test_replacing_keeps_the_demographics():
    visitor = Visitor({"sex": "F", "age": 25, "occupation": "artist"}, (Event(9, 1.0),), frozenset({8}))
    after = import_history(visitor, [match(3, 3.5), match(1, 5)], WHOLE_STARS)
    assert after == Visitor({"sex": "F", "age": 25, "occupation": "artist"}, (Event(3, 4.0), Event(1, 5.0)))


def test_added_events_are_the_newest_and_movies_are_unique():
    visitor = Visitor(history=(Event(1, 1.0), Event(2, 2.0)), seen=frozenset({8}))
    after = import_history(
        visitor, [match(3, 3), match(1, 5), match(2, None), match(7, None)], WHOLE_STARS, replacing=False
    )
    assert after.history == (Event(2, 2.0), Event(3, 3.0), Event(1, 5.0))
    assert after.seen == {7, 8}


def test_the_newest_of_too_many_stay_in_the_history():
    many = [match(number, 3) for number in range(1, MAX_HISTORY + 54)]
    after = import_history(Visitor(), many, WHOLE_STARS)
    assert [event.movie_id for event in after.history] == list(range(54, MAX_HISTORY + 54))
    assert after.seen == set(range(1, 54))
    added = import_history(Visitor(history=(Event(999, 1.0),)), many[:MAX_HISTORY], WHOLE_STARS, replacing=False)
    assert (len(added.history), added.seen) == (MAX_HISTORY, {999})


def test_unrated_movies_and_duplicates_are_seen():
    after = import_history(Visitor(), [match(1, None), match(2, 4.0, 5, 6)], WHOLE_STARS)
    assert (after.history, after.seen) == ((Event(2, 4.0),), {1, 5, 6})


def test_history_note():
    assert history_note(MAX_HISTORY, 0) == ""
    assert history_note(353, 0) == "The model reads the newest 300 of 353 ratings; the other 53 movies count as seen."
    assert history_note(301, 1) == (
        "The model reads the newest 300 of 301 ratings; the other movie counts as seen. "
        "1 movie without a rating counts as seen: no list names it."
    )
    assert history_note(3, 1200) == "1,200 movies without a rating count as seen: no list names them."


ROWS = st.lists(
    st.tuples(st.integers(0, 39), st.sampled_from(["", "0.5", "3.5", "5", "eleven"]), st.integers(1, 28)), max_size=60
)


@settings(deadline=None)
@given(ROWS, st.booleans())
def test_no_movie_of_the_file_is_recommended(rows, replacing):
    """Whatever is matched is in the history or seen; the history is in order of date and no longer than it may be."""
    catalogue = catalogue_of(*(f"Made-up Story Number {place} ({1950 + place})" for place in range(40)))
    text = "Date,Name,Year,Letterboxd URI,Rating\n" + "".join(
        f"2024-01-{day:02},Made-up Story Number {place},{1950 + place},u,{rating}\n" for place, rating, day in rows
    )
    if not rows:
        return
    export = read_export(text.encode())
    matches = [each for each in Matcher(catalogue).match(export.entries) if each.movie_id is not None]
    before = Visitor(history=(Event(1, 2.0), Event(40, 3.0)))
    after = import_history(before, matches, HALF_STARS, replacing=replacing, max_history=10)
    assert {place + 1 for place, _, _ in rows} <= after.all_seen
    assert len(after.history) <= 10
    newest: dict[int, int] = {}
    for place, rating, day in rows:
        if rating in ("0.5", "3.5", "5"):
            newest[place + 1] = max(day, newest.get(place + 1, 0))
    days = [newest.get(event.movie_id, 0) for event in after.history]
    assert days == sorted(days)
    left_out = [newest[movie_id] for movie_id in set(newest) - {event.movie_id for event in after.history}]
    assert not left_out or not days or max(left_out) <= min(days) or not replacing
