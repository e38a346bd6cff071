"""Charts of the Evaluation page: what is drawn where, and that colour alone never carries a meaning."""

import pandas as pd
import pytest

from bst.presentation import charts

INK = "#123456"


def marks(chart) -> list[dict]:
    """All marks of a chart's layers."""
    return [layer["mark"] for layer in chart.to_dict()["layer"]]


def found(chart, channel: str) -> list[dict]:
    """What stands on a channel, layer by layer."""
    layers = chart.to_dict()["layer"]
    return [layer["encoding"][channel] for layer in layers if channel in layer.get("encoding", {})]


def frame(**columns) -> pd.DataFrame:
    return pd.DataFrame({"value": [0.7, 0.8], "low": [0.6, 0.7], "high": [0.75, 0.9], **columns})


HISTORY = frame(length=["0", "0"], name=["This model", "SVD"], labels=[10, 10])
GROUPS = frame(name=["a", "b"], labels=[9, 8], users=[7, 6], sign=["▲", "●"], baseline=[0.72, None])
BINS = frame(**{"from": [0.0, 0.5], "to": [0.5, 1.0], "predicted": [0.3, 0.7], "labels": [3, 4]})


LISTS = frame(name=["This model", "EASE"], distinct=[12, 400])
CURVE = frame(popularity_weight=[0.0, 1.0], distinct=[900, 12])


@pytest.mark.parametrize(
    ("chart", "ends"),
    [
        (charts.precision_by_titles(LISTS, CURVE, "Precision@10", INK), ("y", "y2")),
        (charts.baseline_errors(frame(name=["ours", "theirs"], ours=[True, False]), "MAE", INK), ("x", "x2")),
        (charts.group_errors(GROUPS, 0.7, "MAE", INK), ("x", "x2")),
        (charts.differences(frame(name=["MAE", "RMSE"]), "a", "b", INK), ("x", "x2")),
        (charts.calibration(BINS, charts.LIKED_CALIBRATION, INK), ("y", "y2")),
        (charts.rank_curves(frame(k=["1", "5"], name=["next", "next"]), "HR@K", True), ("y", "y2")),
        (charts.by_history(HISTORY, "MAE", INK), ("y", "y2")),
    ],
)
def test_intervals_are_drawn(chart, ends):
    fields = [tuple(layer["encoding"].get(end, {}).get("field") for end in ends) for layer in chart.to_dict()["layer"]]
    assert ("low", "high") in fields


@pytest.mark.parametrize(
    "chart", [charts.by_history(HISTORY, "MAE", INK), charts.rank_curves(HISTORY.assign(k="1"), "HR@K", True)]
)
def test_series_differ_in_dash_and_shape(chart):
    assert [dash["scale"]["range"] for dash in found(chart, "strokeDash")] == [[[1, 0], [6, 3]]]
    assert [shape["scale"]["range"] for shape in found(chart, "shape")] == [["circle", "square"]]


def test_lengths_and_names_keep_the_order_of_the_frame():
    for x in found(charts.by_history(HISTORY, "MAE", INK), "x"):
        assert x["sort"] is None, "10 is not to stand before 5"
    assert {tuple(color["sort"]) for color in found(charts.by_history(HISTORY, "MAE", INK), "color")} == {
        ("This model", "SVD")
    }


def test_lists_differ_in_shape_and_the_curve_is_drawn_where_there_is_one():
    whole, bare = (charts.precision_by_titles(LISTS, curve, "Precision@10", INK) for curve in (CURVE, CURVE[:0]))
    assert [shape["scale"]["range"] for shape in found(whole, "shape")] == [["circle", "square"]]
    assert "line" in [mark["type"] for mark in marks(whole)]
    assert "line" not in [mark["type"] for mark in marks(bare)]
    (low, high), *_ = (x["scale"]["domain"] for x in found(whole, "x"))
    assert low < 12 < 900 < high


def test_errors_of_baselines_have_their_values_as_text():
    drawn = charts.baseline_errors(frame(name=["ours", "theirs"], ours=[True, False]), "MAE", INK)
    assert marks(drawn)[-1]["type"] == "text"
    assert found(drawn, "text") == [{"field": "value", "format": ".3f", "type": "quantitative"}]
    shapes = [mark["shape"] for mark in marks(drawn) if mark["type"] == "point"]
    assert shapes == ["circle", "diamond"], "the model and the baseline"


def test_signs_of_groups_have_shapes_of_their_own():
    (shape,) = found(charts.group_errors(GROUPS, 0.7, "MAE", INK), "shape")
    assert shape["scale"] == {"domain": ["●", "▲", "▼"], "range": ["circle", "triangle-up", "triangle-down"]}


def test_nothing_is_cut_off_at_the_ends():
    x = found(charts.group_errors(GROUPS, 0.7, "MAE", INK), "x")
    low, high = next(one["scale"]["domain"] for one in x if "scale" in one)
    assert low < 0.6
    assert high > 0.9
    low, high = next(
        one["scale"]["domain"]
        for one in found(charts.differences(frame(name=["a", "b"]), "a", "b", INK), "x")
        if "scale" in one
    )
    assert low == -high < -0.9, "0 stands in the middle"


def test_what_was_given_are_bars_and_what_was_predicted_points():
    shares = pd.DataFrame({"level": ["1 ★"] * 3, "series": ["Given", "Chances", "Rounded"], "share": [0.1, 0.2, 0.3]})
    assert [mark["type"] for mark in marks(charts.rating_shares(shares))] == ["bar", "point"]


def test_bin_counts_have_the_scale_of_the_calibration_above_them():
    above, below = (
        charts.calibration(BINS, charts.LIKED_CALIBRATION, INK),
        charts.bin_counts(BINS, charts.LIKED_CALIBRATION),
    )
    assert {str(x["scale"]["domain"]) for x in (*found(above, "x"), *found(below, "x")) if "scale" in x} == {
        "[0.0, 1.0]"
    }
    assert found(below, "y")[0]["field"] == "labels"


def test_next_movie_figures_name_the_best_of_the_others():
    rows = [("last", "Ours", 0.2), ("last", "A", 0.18), ("last", "B", 0.19), ("temporal", "A", 0.1)]
    figures = pd.DataFrame(
        [(*row, 0.3, "a source") for row in rows], columns=["protocol", "model", "ndcg", "hr", "source"]
    )
    chart = charts.next_movie_figures(figures, "Ours", "#000")
    data = pd.DataFrame(chart.to_dict()["datasets"][chart.to_dict()["data"]["name"]])
    assert data.loc[data["ours"], "model"].tolist() == ["Ours"]
    assert data.loc[data["best"], ["protocol", "model"]].to_numpy().tolist() == [["last", "B"], ["temporal", "A"]]
