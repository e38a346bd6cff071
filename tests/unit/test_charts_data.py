"""Charts of data and of architecture: that they draw what they are given."""

import altair as alt
import pytest

from bst.datasets import load
from bst.datasets.profile import RatingsByMovie, dataset_profile, movie_summary
from bst.datasets.profile.planted import planted_tastes
from bst.models.config import Sizes
from bst.models.registry import family_of, preset
from bst.presentation.charts import data as drawn
from bst.presentation.charts.architecture import architecture
from bst.presentation.charts.files import Style, as_file

STYLE = Style("#111111", "#ffffff", ("#0f766e", "#c2410c", "#6d28d9", "#a16207"), ("#eeeeee", "#0f766e"))


@pytest.fixture(scope="module")
def dataset():
    return load("demo")


@pytest.fixture(scope="module")
def seen(dataset):
    return dataset_profile(dataset)


def picture(chart: alt.TopLevelMixin, width: int = 400) -> str:
    return as_file(chart, "svg", STYLE, width=width).decode()


def test_every_chart_of_a_dataset_can_be_drawn(seen, dataset):
    genres = seen.genres["genre"].tolist()
    found = movie_summary(RatingsByMovie.of(dataset), 0)
    pictures = {
        "stars": (drawn.given_ratings(seen.stars), "5 ★"),
        "time": (drawn.ratings_over_time(seen.time), "Ratings"),
        "tail": (drawn.long_tail(seen.tail), "20% have"),
        "activity": (drawn.activity(seen.activity), "Ratings that come from them"),
        "years": (drawn.release_years(seen.years, "ratings"), "Year of release"),
        "mean": (drawn.release_years(seen.years, "mean"), "Mean stars"),
        "steps": (drawn.time_gaps(seen.ties.steps), "The same second"),
        "map": (drawn.genre_map(seen.tastes["age"], genres, "taste", "group"), "Film-Noir"),
        "movie": (drawn.movie_groups(found["sex"], 3.5, (1.0, 5.0), "#111111"), "everyone 3.50"),
        "planted": (drawn.planted_tastes(planted_tastes(seen.tastes), "#111111"), "Female: Romance"),
    }
    for name, (chart, words) in pictures.items():
        assert words in picture(chart), name


def test_cells_have_their_sign_and_little_support_is_faint(tiny_dataset):
    table = dataset_profile(tiny_dataset).tastes["sex"]
    chart = drawn.genre_map(table, ["Drama", "Comedy", "Action", "Sci-Fi", "Romance"], "taste", "group")
    cells = chart.to_dict()["datasets"]
    rows = next(rows for rows in cells.values() if rows and "sign" in rows[0])
    drama = next(row for row in rows if (row["value"], row["genre"]) == ("F", "Drama"))
    # (10/3 − 4) − (18/5 − 51/14) = −0.62
    assert (drama["text"], drama["sign"]) == ("−.62", "below")
    assert max(row["strength"] for row in rows) <= 0.18


def test_narrow_cells_have_a_sign_alone(seen):
    chart = drawn.genre_map(seen.tastes["occupation"], seen.genres["genre"].tolist(), "taste")
    wide, narrow = picture(chart, 900), picture(chart, 200)
    assert ">+.0" in wide
    assert ">+.0" not in narrow
    assert ">+<" in narrow


def test_percentages_are_whole_and_signed():
    assert [drawn._cell(value, "watching") for value in (0.256, -0.04, 0.001)] == ["+26", "−4", "0"]
    assert [drawn._cell(value, "taste") for value in (0.123, -1.5, 0.004)] == ["+.12", "−1.50", "0"]


@pytest.mark.parametrize("name", ["timeline", "user-features"])
def test_an_architecture_can_be_drawn_narrow(name):
    config = preset(name)
    for drawing in family_of(config).diagrams(config, Sizes(6040, 3883), 5):
        found = picture(architecture(drawing, "#111111"), 300)
        assert all(box.label in found for box in drawing.boxes)  # none is cut off on a phone
