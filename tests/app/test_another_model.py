"""What if, “Another model”: two models on the same visitor, side by side."""

import json

import pytest

from bst.inference.recommender import RankOptions, Recommender
from bst.schema import Event, Visitor
from bst.what_if import compare_models
from pages.shared import other_models, resources
from pages.shared.state.link import decode
from tests.app.conftest import captions, chart_words, headline, set_visitor, start
from tests.app.test_what_if import ALIEN, BLADE_RUNNER, lists

pytestmark = pytest.mark.timeout(240)

WHO = Visitor({"sex": "M", "age": 35, "occupation": "scientist"}, (Event(ALIEN, 5), Event(BLADE_RUNNER, 2)))


def another_model(bundle: str, who: Visitor | None = None, **settings):
    app = start(bundle)
    if who is not None:
        set_visitor(app, who)
    for name, value in ({"what_if_view": "models"} | settings).items():
        app.session_state[name] = value
    app.switch_page("pages/what_if/what_if.py").run()
    assert not app.exception
    return app


def texts(app) -> str:
    return (
        " ".join(text.value for text in app.main.markdown)
        .replace("\\", "")
        .replace("**", "")
        .replace("\N{NO-BREAK SPACE}", " ")
    )


def test_on_a_fresh_clone_the_demo_world_has_another_model():
    """Both lists, the sentence in numbers, and which of the two is right more often: with what is shipped."""
    app = another_model("demo", WHO)
    assert app.selectbox(key="other_model").value == "demo-compact"
    expected = compare_models(Recommender.load("demo"), Recommender.load("demo-compact"), WHO, 10)
    assert headline(app) == expected.describe()
    first, second = lists(app)
    assert first == [row.title for row in expected.first]
    assert second == [row.title for row in expected.second]
    # what is on both lists is marked, with its rank on the other one
    drawn = [json.loads(component.proto.json) for component in app.get("bidi_component")]
    marks = [{row["movie_id"]: row.get("mark") for row in data["rows"]} for data in drawn if "heads" in data]
    ranks = [{row.movie_id: row.rank for row in rows} for rows in (expected.second, expected.first)]
    for marked, there in zip(marks, ranks, strict=True):
        assert {movie for movie, mark in marked.items() if mark} == set(expected.shared)
        for movie in expected.shared:
            assert marked[movie].startswith(f"both: {there[movie]}")
    assert "Compact BST cannot order like that, so its list is ordered by “Highest rated”" in captions(app)
    assert "Timeline BST is clearly better, by 0.1" in texts(app)
    assert "by people whom neither model has seen" in texts(app)


def test_where_both_can_both_are_ordered_alike():
    app = another_model("demo", WHO, order="rating")
    both = [Recommender.load(name).rank(WHO, 10, RankOptions(order="rating")) for name in ("demo", "demo-compact")]
    assert list(lists(app)) == [[row.title for row in rows] for rows in both]
    assert "cannot order like that" not in captions(app)
    assert "Ranks by Timeline BST and by Compact BST: " in chart_words(app)[0]


def test_the_largest_disagreement_is_the_movie_that_both_explain():
    app = another_model("demo", WHO)
    row = compare_models(Recommender.load("demo"), Recommender.load("demo-compact"), WHO).disagreements(1).iloc[0]
    assert app.selectbox(key="models_movie").value == row["movie_id"]
    assert app.dataframe[0].value["movie"].iloc[0] == row["title"]
    assert f"Timeline BST expects {row['a']:.2f} ★" in texts(app)
    assert f"Compact BST expects {row['b']:.2f} ★" in texts(app)
    assert "This model predicts one number, and not how likely each rating is." in captions(app)
    app.selectbox(key="models_movie").select(ALIEN).run()
    assert "How likely each rating of Alien (1979) is: " in chart_words(app)[1]
    state = decode(app.query_params["s"])
    assert (state.settings["models_movie"], state.settings["other_model"]) == (ALIEN, "demo-compact")


def test_a_name_in_a_link_that_is_no_model_is_replaced():
    app = another_model("demo", WHO, other_model="long-gone")
    assert app.selectbox(key="other_model").value == "demo-compact"


def test_a_model_without_ratings_is_no_choice_and_presets_that_are_the_same_go_by_their_names(kinds):
    app = another_model("timeline", WHO)
    assert set(app.selectbox(key="other_model").options) == {"Compact BST · classic", "Timeline BST · rating-only"}
    app.selectbox(key="other_model").select("rating-only").run()
    assert not app.exception
    assert "timeline against rating-only" in texts(app), "both are of the preset “timeline”"
    assert "That is not known: timeline has not been measured" in texts(app)


def test_alone_a_model_says_which_command_trains_another(kinds, tmp_path, override_settings):
    (tmp_path / "classic").symlink_to(kinds / "classic")
    override_settings(bundles=tmp_path)
    app = another_model("classic", WHO)
    assert "There is no other model of Demo world" in app.info[0].value.replace("\\", "")
    assert app.code[-1].value == (
        "python -m bst train --dataset demo --preset timeline --protocol windows --seed 0 --name demo-timeline"
    )


def test_where_nothing_passes_the_filters_it_says_so():
    first, last = resources.catalogue("demo").years
    noir = {"filter_genres": ["Film-Noir"], f"filter_years_{first}_{last}": (first, first + 1)}
    app = another_model("demo", WHO, **noir)
    assert headline(app) == "There is no movie left to recommend"
    assert "There is nothing to rank" in app.info[0].value


def test_evaluation_opens_at_the_comparison_that_was_asked_for():
    app = another_model("demo", WHO)
    app.button(key="models_evaluate").click().run()
    assert not app.exception
    assert app.selectbox(key="evaluation_other").value == "demo-compact"


def test_the_first_choice_is_the_most_different_that_can_be_compared():
    demo = resources.choices()["demo"].bundle
    assert next(iter(other_models.others(demo))) == "demo-compact"
    assert other_models.reason(demo, resources.choices()["demo-compact"].bundle) is None
    assert "--preset compact --protocol visitor --seed 0" in other_models.how_to_train(demo)
