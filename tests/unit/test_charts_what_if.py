"""The charts of What-if: every movie in its place, both ends named, nothing told by colour alone."""

import numpy as np
import pandas as pd
import pytest

from bst.domain import DEMOGRAPHICS
from bst.presentation import charts
from bst.presentation.charts.what_if import _apart

INK = "#111111"
LEVELS = (1.0, 2.0, 3.0, 4.0, 5.0)


def moves(*rows) -> pd.DataFrame:
    """Rows of (title, rank in A, rank in B)."""
    return pd.DataFrame(rows, columns=["title", "rank_a", "rank_b"]).assign(expected_a=4.0, expected_b=3.5)


def rows_of(spec: dict, *columns: str) -> list[dict]:
    return [row for data in spec["datasets"].values() for row in data if set(columns) <= set(row)]


def by_title(spec: dict) -> dict[str, dict]:
    return {row["title"]: row for row in spec["data"]["values"] if row["title"]}


def texts(chart) -> list[str]:
    return [row["text"] for row in rows_of(chart.to_dict(), "text")]


def heads(spec: dict) -> list[str]:
    """What stands over the left list, and over what is beyond it."""
    return [row["shown_a"] or row["title_a"] for row in spec["data"]["values"] if row["way"] == "none"]


# ---- ranks


def test_a_movie_stands_at_its_rank_on_both_sides_and_rises_falls_or_stays():
    placed = by_title(charts.bump(moves(("Up", 3, 1), ("Down", 1, 3), ("Still", 2, 2)), 3, INK))
    assert [(row["slot_a"], row["slot_b"], row["way"]) for row in placed.values()] == [
        (3, 1, "rises"),
        (1, 3, "falls"),
        (2, 2, "stays"),
    ]


def test_what_enters_or_leaves_the_list_stands_beyond_it_in_the_order_of_rank():
    frame = moves(("In", 900, 1), ("In too", 14, 2), ("Out", 1, 1204), ("Out too", 2, 3))
    placed = by_title(charts.bump(frame, 2, INK))
    # one row is left free between the list and what is beyond it
    assert {title: (row["slot_a"], row["slot_b"]) for title, row in placed.items()} == {
        "In": (5, 1),
        "In too": (4, 2),
        "Out": (1, 5),
        "Out too": (2, 4),
    }
    assert (placed["In"]["shown_a"], placed["Out"]["shown_b"]) == ("900", "1,204")
    assert heads(charts.bump(frame, 2, INK)) == ["A: as they are", "beyond the first 2"]
    assert heads(charts.bump(moves(("Same", 1, 1)), 3, INK)) == ["A: as they are"]


def test_a_movie_that_is_watched_has_no_rank_and_stands_last():
    placed = by_title(charts.bump(moves(("Seen", 1, np.nan), ("Far", 2, 5000), ("Unseen", np.nan, 1)), 2, INK))
    assert placed["Seen"]["slot_b"] > placed["Far"]["slot_b"]
    assert (placed["Seen"]["shown_b"], placed["Seen"]["way"]) == ("seen", "falls")
    assert (placed["Unseen"]["shown_a"], placed["Unseen"]["way"]) == ("seen", "rises")


def test_ranks_tell_the_way_by_dash_and_shape_and_name_both_ends():
    layers = charts.bump(moves(("Up", 2, 1), ("Down", 1, 2)), 2, INK)["layer"]
    encoded = [layer["encoding"] for layer in layers]
    assert any(e.get("strokeDash", {}).get("field") == "way" for e in encoded)
    assert any(e.get("shape", {}).get("field") == "way" for e in encoded)
    assert {e["text"]["field"] for e in encoded if "text" in e} == {"shown_a", "title_a", "shown_b", "title_b"}


def test_the_bump_chart_is_as_high_as_it_has_rows():
    few = charts.bump(moves(("Same", 1, 1), ("Still", 2, 2)), 2, INK)["height"]
    many = charts.bump(moves(*((f"In {i}", 100 + i, i + 1) for i in range(10))), 10, INK)["height"]
    assert many > 20 * 20 > few


# ---- sweeps


def sweep(expected: dict[str, list[float]], current: int | None = 0, distribution=None) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "title": title,
                "setting": f"{place + 1} ★",
                "place": place,
                "current": place == current,
                "expected": value,
                "distribution": distribution,
            }
            for title, values in expected.items()
            for place, value in enumerate(values)
        ]
    )


@pytest.mark.parametrize("draw", [charts.sweep_lines, charts.sweep_points])
def test_movies_are_told_apart_without_colour(draw):
    spec = draw(sweep({"Alpha": [3.0, 4.0], "Beta": [4.0, 3.0]}), LEVELS, "Rating", INK).to_dict()
    assert any(layer["encoding"].get("shape", {}).get("field") == "title" for layer in spec["layer"])


@pytest.mark.parametrize("draw", [charts.sweep_lines, charts.sweep_points])
def test_settings_keep_their_order(draw):
    frame = sweep({"Alpha": [3.0] * 12})
    spec = draw(frame.sample(frac=1, random_state=1), LEVELS, "Rating", INK).to_dict()
    axis = "x" if draw is charts.sweep_lines else "y"
    sort = next(layer["encoding"][axis]["sort"] for layer in spec["layer"] if axis in layer["encoding"])
    assert [name.removesuffix(" (now)") for name in sort] == [f"{i} ★" for i in range(1, 13)]  # "10" after "9"


def test_what_is_so_now_is_said_in_words():
    frame = sweep({"Alpha": [3.0, 4.0], "Beta": [4.0, 3.0]}, current=1)
    assert texts(charts.sweep_lines(frame, LEVELS, "Rating", INK)) == ["now"]
    rows = rows_of(charts.sweep_points(frame, LEVELS, "Rating", INK).to_dict(), "name")
    assert {row["name"] for row in rows} == {"1 ★", "2 ★ (now)"}


def test_a_setting_that_is_unknown_now_is_marked_nowhere():
    frame = sweep({"Alpha": [3.0, 4.0]}, current=None)
    assert texts(charts.sweep_lines(frame, LEVELS, "Sex", INK)) == []
    assert "(now)" not in str(charts.sweep_points(frame, LEVELS, "Sex", INK).to_dict())


@pytest.mark.parametrize("draw", [charts.sweep_lines, charts.sweep_points])
def test_the_distribution_is_told_on_hover_the_most_stars_first_and_left_out_where_there_is_none(draw):
    def tips(distribution) -> tuple[list[str], list[dict]]:
        spec = draw(sweep({"Alpha": [3.6]}, distribution=distribution), LEVELS, "Rating", INK).to_dict()
        (layer,) = [layer for layer in spec["layer"] if layer["mark"]["type"] == "point" and "tooltip" in str(layer)][
            :1
        ]
        return [tip["title"] for tip in layer["encoding"]["tooltip"]], rows_of(spec, "expected")

    titles, rows = tips([0.0, 0.125, 0.25, 0.5, 0.125])
    assert titles == ["Movie", "Rating", "Expected rating", "5 ★", "4 ★", "3 ★", "2 ★", "1 ★"]
    assert rows[0]["share_3"] == "██████ 50%"
    assert rows[0]["share_0"].endswith(" 0%")
    assert tips(None)[0] == ["Movie", "Rating", "Expected rating"]


def test_a_change_that_nobody_would_notice_does_not_fill_the_picture():
    spec = charts.sweep_lines(sweep({"Alpha": [3.50, 3.52]}), LEVELS, "Rating", INK).to_dict()
    low, high = next(
        layer["encoding"]["y"]["scale"]["domain"] for layer in spec["layer"] if layer["mark"]["type"] == "line"
    )
    assert (low, high) == pytest.approx((3.01, 4.01))


def test_titles_at_the_ends_of_lines_are_pushed_apart_and_stay_in_the_picture():
    assert _apart(np.array([3.0, 1.0, 3.01]), 0.5, 0.0, 4.0) == pytest.approx([3.0, 1.0, 3.5])
    top = _apart(np.array([4.0, 4.0, 3.9]), 0.5, 0.0, 4.0)
    assert top.max() <= 4.0
    assert np.diff(np.sort(top)) == pytest.approx([0.5, 0.5])
    assert _apart(np.array([2.0]), 0.5, 0.0, 4.0) == pytest.approx([2.0])


# ---- everyone that a visitor could be


def grid(current: bool) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "title": "Alpha",
            "column": ["Under 18", "18–24"],
            "row": "artist",
            "current": [current, False],
            "expected": [3.0, 4.0],
            "distribution": None,
        }
    )


def axes(*occupations: str) -> charts.GridAxes:
    return charts.GridAxes("Age group", tuple(DEMOGRAPHICS["age"].labels.values()), "Occupation", occupations)


def test_each_cell_says_its_rating_and_a_frame_marks_the_visitor():
    spec = charts.demographic_grid(grid(current=True), axes("artist", "writer"), LEVELS, (3.0, 4.0)).to_dict()
    rects = [layer for layer in spec["layer"] if layer["mark"]["type"] == "rect"]
    text = next(layer for layer in spec["layer"] if layer["mark"]["type"] == "text")
    assert text["encoding"]["text"]["format"] == ".2f"
    assert [rect["mark"].get("stroke") for rect in rects] == [None, "#ffffff", "#000000"]
    # also of those that the frame has no cell for
    assert rects[0]["encoding"]["y"]["scale"]["domain"] == ["artist", "writer"]
    assert rects[0]["encoding"]["x"]["scale"]["domain"] == list(DEMOGRAPHICS["age"].labels.values())
    assert len(charts.demographic_grid(grid(current=False), axes("artist"), LEVELS, (3.0, 4.0)).to_dict()["layer"]) == 2
