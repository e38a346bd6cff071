"""Dates of an export: each way to write them, which of day and month comes first, and the order that follows."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bst.visitors.imports.dates import read_dates
from tests.unit.export_samples import read, titles

HEADER = "Const,Your Rating,Date Rated,Title,Title Type,Year\n"


def imdb(*rows: tuple[str, str], **options):
    return read(HEADER + "".join(f"tt1,8,{date},{title},Movie,1979\n" for date, title in rows), **options)


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("2024-03-02", datetime(2024, 3, 2)),
        ("2024-03-02T20:30:05", datetime(2024, 3, 2, 20, 30, 5)),
        ("2024-03-02T20:30:05.000Z", datetime(2024, 3, 2, 20, 30, 5)),
        ("2024-03-02 20:30:05+01:00", datetime(2024, 3, 2, 20, 30, 5)),
        ("2024/3/2", datetime(2024, 3, 2)),
        ("18/04/2026", datetime(2026, 4, 18)),
        ("18.4.2026", datetime(2026, 4, 18)),
        ("18-04-26", datetime(2026, 4, 18)),
        ("4/18/2026 0:00", datetime(2026, 4, 18)),
        ("4/18/26 2:05 PM", datetime(2026, 4, 18, 14, 5)),
        ("4/18/1998, 12:05:09 am", datetime(1998, 4, 18, 0, 5, 9)),
        ("18-Apr-26", datetime(2026, 4, 18)),
        ("18 April 2026", datetime(2026, 4, 18)),
        ("Apr 18, 2026", datetime(2026, 4, 18)),
        ("Sat Dec 31 00:00:00 2016", datetime(2016, 12, 31)),
        ("Fri Jan  1 10:00:00 2010", datetime(2010, 1, 1, 10)),
        ("978300760", datetime(2000, 12, 31, 22, 12, 40)),
        ("", None),
        ("yesterday", None),
        ("31/31/2020", None),
        ("2024-02-30", None),
        ("18 Foo 2026", None),
        ("1/2-2020", None),
    ],
)
def test_date_formats(text, date):
    assert read_dates([text]).dates == [date]


def test_month_first_with_the_newest_on_top():
    export = imdb(("4/18/2026", "Terminator"), ("1/22/2026", "Alien"), ("12/1/2025", "Casablanca"))
    assert titles(export) == ["Casablanca", "Alien", "Terminator"]
    assert (export.dated, export.remarks, export.ambiguous_date) == (True, (), "")


@pytest.mark.parametrize("sign", ["/", ".", "-"])
def test_a_day_above_twelve_settles_the_column(sign):
    dates = [date.replace("/", sign) for date in ("2/1/2026", "3/12/2025", "25/4/2026")]
    # day first: 2 January 2026, 3 December 2025, 25 April 2026
    assert titles(imdb(*zip(dates, "ABC", strict=True))) == ["B", "A", "C"]
    dates[2] = f"4{sign}25{sign}2026"
    # month first: February 1st 2026, March 12th 2025, April 25th 2026
    assert titles(imdb(*zip(dates, "ABC", strict=True))) == ["B", "A", "C"]
    assert read_dates(dates).dates[0] == datetime(2026, 2, 1)


def test_an_unsettled_column_is_ambiguous():
    rows = ("4/3/2026", "A"), ("3/5/2026", "B")  # March 4th and May 3rd, or April 3rd and March 5th
    export = imdb(*rows)
    assert export.ambiguous_date == "4/3/2026"
    for order, expected in (("day-first", ["A", "B"]), ("month-first", ["B", "A"])):
        answered = imdb(*rows, date_order=order)
        assert (titles(answered), answered.ambiguous_date) == (expected, "")


def test_dates_of_unrated_movies_are_not_ambiguous():
    text = "Date,Name,Year,Letterboxd URI\n4/3/2026,A,1979,u\n3/5/2026,B,1979,u\n"
    assert read(text).ambiguous_date == ""


def test_dates_with_the_same_order_either_way_are_not_ambiguous():
    assert imdb(("1/2/2026", "A"), ("1/2/2024", "B"), ("5/6/2025", "C")).ambiguous_date == ""
    assert titles(imdb(("1/2/2026", "A"), ("1/2/2024", "B"), ("5/6/2025", "C"))) == ["B", "C", "A"]


def test_the_option_does_not_overrule_the_file():
    export = imdb(("4/18/2026", "A"), ("5/1/2026", "B"), date_order="day-first")
    assert titles(export) == ["A", "B"]


def test_rows_that_are_in_order_one_way_settle_it():
    # day first: 1 May, 2 April, 5 March, 3 February, 4 January, so newest on top; month first: no order
    dates = ["1/5/2026", "2/4/2026", "5/3/2026", "3/2/2026", "4/1/2026"]
    export = imdb(*zip(dates, "ABCDE", strict=True))
    assert titles(export) == ["E", "D", "C", "B", "A"]
    assert export.remarks == ("Dates such as 1/5/2026 are read day first, as the rows are then in order.",)
    # too few to be no accident
    assert imdb(*zip(dates[1:], "BCDE", strict=True)).ambiguous_date


def test_dots_mean_that_the_day_comes_first():
    export = imdb(("04.03.2026", "A"), ("03.05.2026", "B"))
    assert titles(export) == ["A", "B"]
    assert export.remarks == ("Dates such as 04.03.2026 are read day first, as they are written with dots.",)


def test_rows_of_one_day_keep_the_order_of_the_file_which_may_run_either_way():
    def in_order(*rows):
        text = "Date,Name,Year,Letterboxd URI,Rating\n" + "".join(f"{day},{name},1979,u,4\n" for day, name in rows)
        return titles(read(text))

    up = ("2024-01-01", "A"), ("2024-01-02", "B"), ("2024-01-02", "C"), ("2024-01-03", "D")
    assert in_order(*up) == ["A", "B", "C", "D"]
    assert in_order(*up[::-1]) == ["A", "B", "C", "D"]
    assert in_order(("2024-01-02", "B"), ("2024-01-01", "A"), ("2024-01-03", "C")) == ["A", "B", "C"]
    # IMDb lists the newest first, also where all are of one day
    assert titles(imdb(("2024-01-02", "B"), ("2024-01-02", "A"))) == ["A", "B"]


def test_a_row_without_a_date_stays_next_to_its_neighbours():
    export = imdb(("4/18/2026", "D"), ("", "C"), ("1/22/2026", "B"), ("12/1/2025", "A"))
    assert titles(export) == ["A", "B", "C", "D"]
    assert not export.dated
    assert export.remarks == ("1 of 4 rows have no date that can be read; they stay next to their neighbours.",)


def test_imdb_without_dates_is_read_newest_first():
    export = imdb(("", "C"), ("", "B"), ("", "A"))
    assert titles(export) == ["A", "B", "C"]
    assert "the newest on top" in " ".join(export.remarks)
    others = read("Date,Name,Year,Letterboxd URI,Rating\n,A,1979,u,4\n,B,1979,u,4\n")
    assert titles(others) == ["A", "B"]
    assert "newest last" in " ".join(others.remarks)


DAYS = st.lists(st.dates(datetime(2001, 1, 1).date(), datetime(2029, 12, 31).date()), min_size=1, max_size=20)


@given(
    DAYS, st.sampled_from(["{0.day}/{0.month}/{0.year}", "{0.month}/{0.day}/{0.year}", "{0.day}.{0.month}.{0.year}"])
)
def test_a_column_that_is_not_ambiguous_is_read_in_the_right_order(days, form):
    texts = [form.format(day) for day in days]
    result = read_dates(texts)
    if result.ambiguous:
        order = "month-first" if form.startswith("{0.month}") else "day-first"
        result = read_dates(texts, order)
    if result.assumed and "in order" in result.assumed:
        return  # evidence, and no proof
    assert sorted(range(len(days)), key=lambda row: result.dates[row]) == sorted(
        range(len(days)), key=lambda row: days[row]
    )


@given(st.permutations(range(8)), st.sampled_from(["%Y-%m-%d", "%d %b %Y", "%b %d, %Y", "%m/%d/%Y"]))
def test_entries_come_in_order_of_their_dates(places, form):
    start = datetime(2024, 2, 20)
    rows = [((start + timedelta(days=place)).strftime(form).replace(",", ""), chr(65 + place)) for place in places]
    assert titles(imdb(*rows)) == list("ABCDEFGH")
