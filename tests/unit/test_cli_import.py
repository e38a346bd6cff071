"""The option ``--import``: a visitor from a file, the summary of it, and its combination with other options."""

import json

import pytest

from bst.datasets import load_movies
from bst.schema import MAX_HISTORY
from bst.visitors.imports.names import split_year

HEADER = "Date,Name,Year,Letterboxd URI,Rating\n"


def story(place: int, rating: str = "4", day: int | None = None) -> str:
    """A row about the film that the small world has in this place of its catalogue."""
    return f"2024-01-{(day or place):02},Story Number {place},{1970 + place},u,{rating}\n"


@pytest.fixture
def csv_file(tmp_path):
    """A function that writes a file and returns its path."""

    def write(text: str, name: str = "ratings.csv", encoding: str = "utf-8"):
        path = tmp_path / name
        path.write_bytes(text.encode(encoding))
        return path

    return write


@pytest.fixture
def bundle_options(small_bundle, world_dir):
    """The options of the small world's bundle."""
    return "--bundle", small_bundle.folder, "--dataset", world_dir


def ids(*numbers: int) -> list[int]:
    return [100 + 3 * number for number in numbers]


def test_recommend_leaves_out_the_movies_of_the_file(answer, bundle_options, csv_file):
    path = csv_file(HEADER + story(3, "3.5", 9) + story(1, "5") + story(5, "") + story(7))
    result = answer("recommend", *bundle_options, "--import", path, "-k", 100)
    assert [(e["movie_id"], e["rating"]) for e in result["visitor"]["history"]] == [(103, 5.0), (121, 4.0), (109, 4.0)]
    assert result["visitor"]["seen"] == ids(5)
    named = {row["movie_id"] for row in result["recommendations"]}
    assert named.isdisjoint(ids(1, 3, 5, 7))
    assert len(named) == 26


def test_seen_movies_without_a_rating_are_not_recommended(answer, refused, bundle_options):
    result = answer(
        "recommend", *bundle_options, "--watched", "Story Number 3=5", "--seen", "Story Number 1", "-k", 100
    )
    assert result["visitor"]["seen"] == ids(1)
    assert {row["movie_id"] for row in result["recommendations"]}.isdisjoint(ids(1, 3))
    assert len(result["recommendations"]) == 28
    assert "no movie is called 'Nothing'" in refused("recommend", *bundle_options, "--seen", "Nothing")


def test_a_summary_goes_to_standard_error(run, bundle_options, csv_file):
    path = csv_file(
        HEADER + story(1) + story(2, "") + "2024-01-03,Story Number 3,1975,u,4\n2024-01-04,Nowhere,1999,u,4\n"
    )
    code, out, err = run("recommend", *bundle_options, "--import", path, "-k", 1, "--json")
    assert code == 0
    assert "Letterboxd: 4 rows, 2 matched, 1 unsure and left out (--take-unsure), 1 not taken" in err
    assert "1 movie without a rating counts as seen" in err
    assert "Letterboxd" not in out
    assert len(json.loads(out)["visitor"]["history"]) == 1
    code, out, err = run("recommend", *bundle_options, "--import", path, "--take-unsure", "-k", 1, "--json")
    assert "1 unsure and taken" in err
    assert len(json.loads(out)["visitor"]["history"]) == 2


def test_watched_follows_the_file_and_overrules_it(answer, bundle_options, csv_file):
    path = csv_file(HEADER + story(1) + story(2) + story(3, ""))
    watched = "--watched", "Story Number 1=2", "--watched", "Story Number 3=5"
    history = answer("recommend", *bundle_options, "--import", path, *watched, "-k", 1)["visitor"]
    assert [(e["movie_id"], e["rating"]) for e in history["history"]] == [(106, 4.0), (103, 2.0), (109, 5.0)]
    assert "seen" not in history


def test_every_command_about_a_visitor_has_the_option(answer, bundle_options, csv_file):
    path = csv_file(HEADER + "".join(story(place) for place in range(1, 6)))
    given = (*bundle_options, "--import", path)
    assert len(answer("explain", *given, "--movie", "Story Number 9")["events"]) > 0
    assert answer("whatif", *given, "--drop", "Story Number 5")["visitor"]["history"][-1]["movie_id"] == 115
    result = answer("counterfactual", *given, "--movie", "Story Number 9", "--above", 1.5, "--budget", 5)
    assert len(result["visitor"]["history"]) == 5


def test_ambiguous_dates_need_an_option(answer, refused, bundle_options, csv_file):
    rows = "tt1,8,4/3/2026,Story Number 1,Movie,1971\ntt2,8,3/5/2026,Story Number 2,Movie,1972\n"
    path = csv_file("Const,Your Rating,Date Rated,Title,Title Type,Year\n" + rows)
    assert "4/3/2026 could be day first or month first" in (
        error := refused("recommend", *bundle_options, "--import", path)
    )
    assert error.endswith("add --day-first or --month-first")

    def order(*options):
        history = answer("recommend", *bundle_options, "--import", path, *options, "-k", 1)["visitor"]["history"]
        return [event["movie_id"] for event in history]

    assert order("--day-first") == ids(1, 2)
    assert order("--month-first") == ids(2, 1)


@pytest.mark.parametrize(
    ("text", "message"),
    [("a,b\n1,2\n", "are of no export known here"), ("", "is empty"), (HEADER, "no rows below them")],
)
def test_a_file_without_ratings_is_refused(text, message, refused, bundle_options, csv_file):
    assert message in refused("recommend", *bundle_options, "--import", csv_file(text))


@pytest.mark.parametrize("option", ["--take-unsure", "--day-first", "--month-first"])
def test_options_about_a_file_need_one(option, refused, bundle_options):
    assert "name it with --import" in refused("recommend", *bundle_options, option)


def test_a_file_that_cannot_be_read_is_refused(refused, bundle_options, tmp_path):
    assert "cannot be read" in refused("recommend", *bundle_options, "--import", tmp_path / "nowhere.csv")
    assert "cannot be read" in refused("recommend", *bundle_options, "--import", tmp_path)
    long = refused("recommend", *bundle_options, "--import", tmp_path / ("x" * 5000))
    assert "cannot be read" in long
    assert len(long) < 400


def test_more_ratings_than_a_model_reads_count_as_seen(run, csv_file):
    films = [split_year(title) for title in load_movies("demo")["title"][: MAX_HISTORY + 20]]
    path = csv_file(HEADER + "".join(f'2024-01-01,"{name}",{year},u,4\n' for name, year in films))
    code, out, err = run("recommend", "--import", path, "-k", 5, "--json")
    assert code == 0
    visitor = json.loads(out)["visitor"]
    assert (len(visitor["history"]), len(visitor["seen"])) == (MAX_HISTORY, 20)
    assert f"The model reads the newest {MAX_HISTORY} of {MAX_HISTORY + 20} ratings; the other 20 movies" in err
