"""The Data page, on the demo world: what it says is what was counted or planted there."""

import re

import pytest
from streamlit.testing.v1 import AppTest

from bst import datasets
from bst.bundles.bundle import open_bundle
from bst.datasets.profile import RatingsByMovie, movie_summary
from bst.errors import DatasetError
from pages.data import group_tastes
from pages.shared import dataset_profiles, resources
from tests.app.conftest import APP, captions, chart_words, headline

SECTIONS = ["Ratings", "Movies", "Who likes what", "Timestamps and order", "One movie", "Ground truth"]


@pytest.fixture(scope="module")
def demo():
    return datasets.load("demo")


def opened(section: str = "Ratings", **state) -> AppTest:
    """The page at a section, as a link opens it; ``state``: widgets as a visitor left them."""
    resources.look_again()
    app = AppTest.from_file(str(APP), default_timeout=120)
    app.query_params["bundle"] = "demo"
    app.switch_page("pages/data/data.py")
    for name, value in ({"data_tabs_6": section} | state).items():
        app.session_state[name] = value
    app.run()
    assert not app.exception
    return app


def text(app: AppTest) -> str:
    """All paragraphs of the page, without their escapes and emphasis."""
    return " ".join(part.value for part in app.main.markdown).replace("\\", "").replace("**", "")


def test_the_sentence_and_one_section_at_a_time(demo):
    page = opened()
    assert headline(page) == (
        "2,000 simulated people gave 300,000 ratings to 1,350 movies; half of the ratings go to the best-known 20%"
    )
    assert [tab.label for tab in page.tabs] == SECTIONS
    assert [metric.label for metric in page.metric] == [
        "Mean rating",
        "Ratings per user",
        "Ratings per movie",
        "Density",
    ]
    assert page.metric[0].value == f"{demo.ratings['rating'].mean():.2f} ★"
    charts = chart_words(page)
    assert len(charts) == 3  # those of other sections are not drawn
    share = (demo.ratings["rating"] == 5).mean()
    assert f"5 stars {share:.0%}" in charts[0]
    assert "from 2 January 2020 to 30 December 2024" in charts[1]


def test_who_likes_what_names_the_strongest_planted_taste():
    page = opened("Who likes what")
    assert "Female, who rate Romance 0.17 stars higher than everyone does" in text(page)
    assert "Female, Romance +0.17" in chart_words(page)[0]
    page = opened("Who likes what", data_part_sex_age_occupation="occupation", data_view="watching")
    assert "genres by groups" in chart_words(page)[0]
    assert "Faint: fewer than 30 people" in captions(page)


def test_one_movie_by_group(demo):
    catalogue = datasets.load_movies("demo")
    row = int(catalogue.index[catalogue["title"] == "The Matrix (1999)"][0])
    page = opened("One movie", data_movie_demo=int(catalogue["movie_id"].iloc[row]))
    tables = movie_summary(RatingsByMovie.of(demo), row)
    everyone, (women, men) = tables["all"].iloc[0], tables["sex"]["mean"]
    assert f"{everyone['ratings']:,} people gave The Matrix (1999) {everyone['mean']:.2f} ★ on average" in text(page)
    assert f"women {women:.2f}, men {men:.2f}" in text(page)
    assert f"Female {women:.2f}" in chart_words(page)[1]


def test_one_movie_opens_with_one_that_women_and_men_rate_differently():
    page = opened("One movie")
    women, men = map(float, re.search(r"women (\d\.\d\d), men (\d\.\d\d)\.", text(page)).groups())
    assert abs(women - men) > 0.3
    assert "too close to call" not in text(page)


def test_a_movie_that_nobody_rated_and_a_title_with_signs(monkeypatch):
    profile = dataset_profiles.load_profile("demo")
    assert profile is not None
    monkeypatch.setattr("pages.data.movie.movie_summary", lambda ratings, row: {"all": profile.stars[:0]})
    page = opened("One movie", data_movie_demo=1)
    assert "Nobody in this dataset rated" in text(page)


def test_timestamps_and_ground_truth():
    page = opened("Timestamps and order")
    assert "51% of all ratings have the same timestamp, to the second, as another rating by the same person" in text(
        page
    )
    assert "imitates this on purpose" in text(page)
    mae = open_bundle("demo").metrics["metrics"]["mae"]
    assert f"its MAE is {mae:.3f} stars with them" in text(page)
    page = opened("Ground truth")
    assert "Of 32 planted group tastes" in text(page)
    assert "Female, Romance: planted +0.35" in chart_words(page)[0]
    # strengths as they are written in demo_truth: 0.8, 0.35, 0.3 and 0.7 stars
    for rule in ("lifts the others in it by 0.80 ★", "movies of its mood by 0.35 ★", "usually up to 0.30 ★", "0.70 ★"):
        assert rule in text(page)


def test_movies_section_names_the_long_tail():
    page = opened("Movies", data_years="mean")
    charts = chart_words(page)
    assert "50% of the movies have 81%" in charts[0]
    assert charts[1].startswith("Mean stars by year of release")


def test_a_dataset_that_cannot_be_read_is_a_notice(monkeypatch):
    def broken(name):
        raise DatasetError("ratings.dat, line 3: rating '9' is no rating; get the file again")

    dataset_profiles._profiles.clear()
    monkeypatch.setattr(datasets, "load", broken)
    page = opened()
    assert headline(page) == "What Demo world (simulated) looks like"
    assert "line 3: rating '9'" in page.error[0].value.replace("\\", "")


def test_the_page_says_when_no_difference_is_clear(demo):
    table = dataset_profiles.load_profile("demo").tastes["sex"].assign(taste_low=-1.0, taste_high=1.0)
    assert group_tastes.sentence(table, "taste") == "No group’s taste differs clearly from everyone’s."
    assert "fewer than 30 people" in group_tastes.sentence(table.assign(few=True), "taste")
