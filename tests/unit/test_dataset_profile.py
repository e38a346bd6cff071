"""The profile of a dataset, against values worked out by hand on the three users and six movies of ``tiny_dataset``.

User 0 (F, 25, artist): movie 2 ★3, 0 ★5, 1 ★4. User 1 (M, 1, K-12): movies 0–4 ★1 2 3 4 5. User 2 (F, 56, retired):
movies 0–5 ★5 5 4 4 3 3. Fourteen ratings, 51 stars.
"""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from bst.datasets import load
from bst.datasets.profile import (
    RatingsByMovie,
    activity,
    counts,
    dataset_profile,
    genres,
    long_tail,
    movie_summary,
    over_time,
    release_years,
    star_shares,
    tastes,
    telling_movie,
    timestamp_ties,
)
from bst.datasets.profile.planted import planted_tastes
from bst.errors import DatasetError


def test_counts(tiny_dataset):
    figures = counts(tiny_dataset)
    assert (figures.users, figures.movies, figures.ratings, figures.rated) == (3, 6, 14, 6)
    # ratings a movie: 3 3 3 2 2 1; the first two have 6, the first three 9 of 14
    assert figures.half == 3
    assert figures.half_share == 0.5
    assert figures.mean == pytest.approx(51 / 14)
    assert figures.density == pytest.approx(14 / 18)
    assert figures.ratings_per_user == (3, 5.0, 6)
    assert figures.ratings_per_movie == (1, 2.5, 3)
    assert figures.first == figures.last == pd.Timestamp("1970-01-01")


def test_half_counts_the_movie_that_reaches_half_of_the_ratings(tiny_dataset):
    # movies with 2, 1 and 1 ratings: the first alone has half
    kept = tiny_dataset.ratings.iloc[[0, 1, 2, 3]]
    assert counts(replace(tiny_dataset, ratings=kept)).half == 1


def test_star_shares(tiny_dataset):
    shares = star_shares(tiny_dataset)
    assert shares["level"].tolist() == [1, 2, 3, 4, 5]
    assert shares["ratings"].tolist() == [1, 1, 4, 4, 4]
    assert shares["share"].sum() == pytest.approx(1)


def test_ratings_over_time_by_day_and_by_month(tiny_dataset):
    days = over_time(tiny_dataset)
    assert days["ratings"].tolist() == [14]
    day = 86_400
    # January, nothing in February, April: longer than is counted by day
    later = tiny_dataset.ratings.assign(timestamp=[0, day, 100 * day] + [130 * day] * 11)
    months = over_time(replace(tiny_dataset, ratings=later))
    assert months["from"].dt.strftime("%Y-%m-%d").tolist() == [f"1970-0{m}-01" for m in range(1, 6)]
    assert months["ratings"].tolist() == [2, 0, 0, 1, 11]
    assert months["users"].tolist() == [1, 0, 0, 1, 2]
    assert months["mean"].iloc[0] == pytest.approx(4.0)
    assert months["mean"].isna().tolist() == [False, True, True, False, False]


def test_the_long_tail_rises_from_0_to_1(tiny_dataset):
    tail = long_tail(tiny_dataset).set_index("movies")
    assert tail["share"].loc[0] == 0
    assert tail["share"].loc[1] == 1
    assert tail["share"].loc[0.5] == pytest.approx(9 / 14)  # the three best known
    assert (tail["share"].diff().dropna() >= 0).all()
    assert tail["ratings"].loc[1] == 1


def test_activity(tiny_dataset):
    classes = activity(tiny_dataset)
    assert classes["length"].tolist() == ["2–4", "5–9"]
    assert classes["users"].tolist() == [1, 2]
    assert classes["ratings"].tolist() == pytest.approx([3 / 14, 11 / 14])


def test_release_years_with_one_unknown(tiny_dataset):
    movies = tiny_dataset.movies.assign(year=pd.array([1999, 1999, 2001, None, 2003, 2004], dtype="Int16"))
    years = release_years(replace(tiny_dataset, movies=movies)).set_index("year")
    assert years.index.tolist() == [1999, 2001, 2003, 2004]
    assert years.loc[1999].tolist() == pytest.approx([2, 6, 22 / 6])  # 5+1+5 and 4+2+5 stars


def test_genres(tiny_dataset):
    table = genres(tiny_dataset).set_index("genre")
    # Drama: movies 2 and 4, with 3 + 2 ratings and 10 + 8 stars
    assert table.loc["Drama"].tolist() == pytest.approx([2, 5, 5 / 14, 18 / 5])
    assert "Western" not in table.index


def test_timestamp_ties(tiny_dataset):
    measured = timestamp_ties(tiny_dataset)
    # two of user 0's three ratings; steps from one to the next: 2 + 4 + 5, one of them takes no time
    assert measured.tied == pytest.approx(2 / 14)
    assert measured.next_tied == pytest.approx(1 / 11)
    assert measured.minute == 1.0
    assert (measured.one_day, measured.largest) == (1.0, 2)
    assert measured.steps["share"].tolist() == pytest.approx([1 / 11, 10 / 11, 0, 0, 0])


def test_tastes_by_sex(tiny_dataset):
    table = tastes(tiny_dataset)["sex"].set_index(["value", "genre"])
    cell = table.loc[("F", "Drama")]
    # women: Drama 3, 4, 3 of 9 ratings with 36 stars; everyone: Drama 18 of 5, 51 of 14
    assert (cell["users"], cell["ratings"]) == (2, 3)
    assert cell["stars"] == pytest.approx(10 / 3 - 36 / 9)
    assert cell["taste"] == pytest.approx((10 / 3 - 4) - (18 / 5 - 51 / 14))
    assert cell["watching"] == pytest.approx((3 / 9) / (5 / 14) - 1)
    assert cell["taste_low"] < cell["taste"] < cell["taste_high"]
    assert table["few"].all()
    # the man never rated movie 5, the only other one with Romance is movie 4
    assert table.loc[("M", "Romance"), "ratings"] == 1
    assert set(tastes(tiny_dataset)) == {"sex", "age", "occupation"}


def test_an_attribute_that_is_unknown_for_all_users_has_no_groups(tiny_dataset):
    unknown = tiny_dataset.users.assign(sex=pd.Categorical([None] * 3, ["F", "M"]))
    assert "sex" not in tastes(replace(tiny_dataset, users=unknown))


def test_intervals_of_taste_have_the_stated_coverage():
    """With groups drawn at random there is no difference, so about 95 of 100 intervals contain 0."""
    dataset, rng, contains_0 = load("demo"), np.random.default_rng(0), []
    for _ in range(8):
        sex = pd.Categorical(rng.permutation(dataset.users["sex"].astype(str)), ["F", "M"])
        table = tastes(replace(dataset, users=dataset.users.assign(sex=sex)))["sex"]
        contains_0 += ((table["taste_low"] <= 0) & (table["taste_high"] >= 0)).tolist()
    assert 0.9 < np.mean(contains_0) < 0.99


def test_one_movie_by_group(tiny_dataset):
    tables = movie_summary(RatingsByMovie.of(tiny_dataset), 2)  # Gamma: 3, 3 and 4 stars
    everyone = tables["all"].iloc[0]
    assert (everyone["ratings"], everyone["mean"]) == (3, pytest.approx(10 / 3))
    # Student's t with two degrees of freedom: 4.303 · 0.5774 / √3
    assert everyone["high"] - everyone["mean"] == pytest.approx(1.434, abs=1e-3)
    assert tables["sex"]["name"].tolist() == ["Female", "Male"]
    assert tables["sex"]["mean"].tolist() == [3.5, 3.0]
    assert tables["sex"]["low"].isna().tolist() == [False, True]
    assert tables["levels"]["ratings"].tolist() == [0, 0, 2, 1, 0]
    assert tables["age"]["name"].tolist() == ["Under 18", "25–34", "56 and over"]


def test_a_movie_that_nobody_rated(tiny_dataset):
    kept = tiny_dataset.ratings[tiny_dataset.ratings["movie"] != 5]
    tables = movie_summary(RatingsByMovie.of(replace(tiny_dataset, ratings=kept)), 5)
    assert tables["all"].empty
    assert "sex" not in tables
    assert tables["levels"]["share"].sum() == 0


def test_the_first_movie_shown_is_the_one_that_women_and_men_rate_most_differently(tiny_dataset):
    stars = {
        (0, "F"): [3, 4] * 20, (0, "M"): [3, 4] * 20,  # the same
        (1, "F"): [4, 5] * 20, (1, "M"): [2, 3] * 20,  # two stars apart
        (2, "F"): [1, 5] * 20, (2, "M"): [1, 3] * 20,  # one star apart, and less certain
        (3, "F"): [5] * 29, (3, "M"): [1] * 29,  # four stars apart, of 29 people each
    }  # fmt: skip
    rows = [(movie, sex, rating) for (movie, sex), ratings in stars.items() for rating in ratings]
    ratings = RatingsByMovie(
        np.arange(len(rows), dtype=np.int32),
        np.array([rating for *_, rating in rows], np.float32),
        np.array([0, 80, 160, 240, 298]),
        {"sex": np.array(["FM".index(sex) for _, sex, _ in rows], np.int8)},
        (1.0, 2.0, 3.0, 4.0, 5.0),
    )
    assert telling_movie(ratings) == 1
    # nobody's sex is known: the most rated one
    unknown = replace(ratings, codes={"sex": np.full(298, -1, np.int8)}, offsets=np.array([0, 80, 160, 298]))
    assert telling_movie(unknown) == 2


def test_a_dataset_without_ratings_is_refused(tiny_dataset):
    with pytest.raises(DatasetError, match="Tiny has no ratings"):
        dataset_profile(replace(tiny_dataset, ratings=tiny_dataset.ratings[:0]))


def test_planted_tastes_are_detected_in_the_demo_world():
    shifts = planted_tastes(dataset_profile(load("demo")).tastes)
    assert len(shifts) == 32
    romance = shifts[(shifts["group"] == "Female") & (shifts["genre"] == "Romance")].iloc[0]
    # a shift of 0.35: 0.6 · 0.35 = 0.21 by taste; quality 4 is worth 0.85 · (4 − 3.5) · 2 / (1 + e^(−0.7)) = 0.568
    # instead of 0.425
    assert romance["planted"] == pytest.approx(0.353, abs=0.001)
    assert 0 < romance["low"] < romance["measured"] < romance["planted"]
    assert romance["detected"] == "▲"
    # most are detected, and none clearly in the wrong direction
    assert shifts["detected"].isin(["▲", "▼"]).sum() >= 24
    assert not (shifts["detected"] == "✕").any()


@pytest.mark.real_data
def test_movielens_1m(ml_1m):
    figures = counts(ml_1m)
    assert (figures.users, figures.movies, figures.ratings, figures.rated) == (6040, 3883, 1_000_209, 3706)
    assert 0.1 < figures.half_share < 0.13
    assert 0.7 < timestamp_ties(ml_1m).tied < 0.85
