"""What if: a visitor compared with a changed copy, one setting varied, and the search for the smallest change."""

import json
import re

import pytest

from bst.bundles import user_groups
from bst.bundles.bundle import open_bundle
from bst.datasets import load_movies
from bst.domain import AGES, DEMOGRAPHICS, OCCUPATIONS, SEXES
from bst.inference.recommender import Filters, RankOptions, Recommender
from bst.schema import Event, Visitor
from bst.text import percent
from pages.what_if import counterfactual
from tests.app.conftest import captions, chart_words, edit, headline, set_visitor, start, visitor

pytestmark = pytest.mark.timeout(240)

MOVIES = load_movies("demo")
TITLES = MOVIES.set_index("movie_id")["title"]


def movie_id(title: str) -> int:
    return int(MOVIES.loc[MOVIES["title"] == title, "movie_id"].item())


ALIEN, BLADE_RUNNER = movie_id("Alien (1979)"), movie_id("Blade Runner (1982)")


def what_if(bundle: str, who: Visitor | None = None, **settings):
    app = start(bundle)
    if who is not None:
        set_visitor(app, who)
    for name, value in settings.items():
        app.session_state[name] = value
    app.switch_page("pages/what_if/what_if.py").run()
    assert not app.exception
    return app


def look_at(app, view: str):
    app.segmented_control(key="what_if_view").select(view).run()
    assert not app.exception
    return app


def lists(app) -> tuple[list[str], list[str]]:
    """The titles of both lists."""
    components = [json.loads(component.proto.json) for component in app.get("bidi_component")]
    first, second = ([row["title"] for row in data["rows"]] for data in components if "heads" in data)
    return first, second


def copy(app) -> Visitor:
    """Slot "b", which is None while it follows the visitor."""
    return visitor(app, slot="b") or visitor(app)


def labels(app, prefix: str) -> list[str]:
    return [b.label.replace("\\", "") for b in app.button if b.key and re.fullmatch(rf"{prefix}_\d", b.key)]


def ranks(app) -> dict[str, tuple[str, str]]:
    """The text of the chart of ranks: each movie's ranks in A and in B."""
    words = chart_words(app)[0].removeprefix("Ranks in A and in B: ")
    return {m[1]: (m[2], m[3]) for m in (re.fullmatch(r"(.*) (\S+) → (\S+)", text) for text in words.split("; "))}


@pytest.fixture
def model(kinds) -> Recommender:
    """The model behind the app's bundle "timeline", to work out by other means what a page must say."""
    return Recommender.load(kinds / "timeline")


# ---- compare


def test_a_newcomer_finds_changes_to_try_and_two_lists_that_are_the_same(kinds):
    app = what_if("timeline")
    first, second = lists(app)
    assert first == second
    assert headline(app).startswith(f"{first[0]} leads this visitor’s list with ")
    assert len(labels(app, "start")) == 4
    assert labels(app, "start")[1] == "Sex: male instead of female"
    assert labels(app, "start")[2] == "Forget all but the newest 2"
    assert ranks(app) == {title: (str(rank), str(rank)) for rank, title in enumerate(first, start=1)}
    assert all(app.button(key=f"what_if_{way}").disabled for way in ("swap", "keep", "again"))
    assert any("How this works" in text.value for text in app.main.markdown)


def test_one_click_changes_the_copy_and_the_page_says_what_moved_and_why(kinds, model):
    app = what_if("timeline")
    before = visitor(app)
    app.button(key="start_0").click().run()
    assert not app.exception
    changed = re.fullmatch(r"Rate (.*) (\d) instead of (\d)", labels(app, "start")[0])
    assert visitor(app) == before
    assert copy(app) == before.rated(movie_id(changed[1]), float(changed[2]))
    assert re.search(rf"because {re.escape(changed[1])} was rated {changed[2]} instead of {changed[3]}$", headline(app))
    assert f"Compared with A: rated {changed[1]} {changed[3]} → {changed[2]}." in captions(app)

    # the chart has all movies of both lists, each with its rank in the whole catalogue
    first, second = lists(app)
    assert set(ranks(app)) == {*first, *second}
    for rows, side, who in ((first, 0, before), (second, 1, copy(app))):
        everything = [row.title for row in model.rank(who, None)]
        assert rows == everything[:10]
        assert all(pair[side] == str(everything.index(title) + 1) for title, pair in ranks(app).items())

    # and the tables the largest changes of what neither has seen
    app.segmented_control(key="compare_by_choice").select("rating").run()
    change = model.expected_ratings(copy(app)) - model.expected_ratings(before)
    unseen = ~MOVIES["movie_id"].isin([event.movie_id for event in before.history])
    best = MOVIES["title"][unseen].iloc[change[unseen].argsort()[::-1][:5]].tolist()
    gains, losses = (table.value for table in app.dataframe)
    assert gains["title"].tolist() == best
    assert gains["change"][0] == f"▲ {change[unseen].max():.2f} ★"
    assert losses["change"][0] == f"▼ {-change[unseen].min():.2f} ★"

    app.segmented_control(key="compare_by_choice").select("next").run()
    assert all(text.endswith(" points") for table in app.dataframe for text in table.value["change"])
    assert all(text.endswith("%") for table in app.dataframe for text in table.value["values"])

    app.segmented_control(key="compare_by_choice").select("like").run()
    change = model.predict(copy(app)).will_like - model.predict(before).will_like
    best = MOVIES["title"][unseen].iloc[change[unseen].argsort()[::-1][:5]].tolist()
    gains, losses = (table.value for table in app.dataframe)
    assert gains["title"].tolist() == best
    assert gains["change"][0] == f"▲ {percent(change[unseen].max())[:-1]} points"


def test_the_copy_can_be_kept_swapped_and_begun_again(kinds):
    app = what_if("timeline")
    before = visitor(app)
    edit(app, ALIEN, "remove", slot="b")
    changed = before.without(ALIEN)
    assert (visitor(app), copy(app)) == (before, changed)
    first, second = lists(app)
    app.button(key="what_if_swap").click().run()
    assert (visitor(app), copy(app)) == (changed, before)
    assert lists(app) == (second, first)
    app.button(key="what_if_again").click().run()
    assert (visitor(app), copy(app)) == (changed, changed)
    app.selectbox(key="b_visitor_occupation").select("programmer").run()
    app.button(key="what_if_keep").click().run()
    assert not app.exception
    assert visitor(app) == copy(app)
    assert visitor(app).demographic("occupation") == "programmer"
    assert "B is the visitor now" in app.toast[0].value


def test_everything_before_a_movie_can_be_forgotten(kinds):
    app = what_if("timeline")
    assert app.selectbox(key="b_forget").options[1] == "Blade Runner (1982) · keeps 3"
    app.selectbox(key="b_forget").select_index(1).run()
    assert not app.exception
    assert copy(app).history == visitor(app).history[-3:]
    assert copy(app).history[0].movie_id == BLADE_RUNNER
    assert app.selectbox(key="b_forget").value is None


def test_a_movie_that_the_copy_has_seen_is_in_no_list(kinds):
    app = what_if("timeline")
    best = lists(app)[0][0]
    app.selectbox(key="b_add_movie").select(movie_id(best)).run()
    assert not app.exception
    assert ranks(app)[best] == ("1", "seen")
    assert best not in lists(app)[1]


def test_lists_follow_the_controls_of_the_recommend_page(kinds, model):
    app = what_if("timeline", filter_genres=["Western"])
    assert "Filters of the Recommend page apply: Western." in captions(app)
    westerns = set(MOVIES.loc[MOVIES["genres"].str.contains("Western"), "title"])
    assert set(lists(app)[0]) <= westerns
    app.segmented_control(key="what_if_order").select("next").run()
    assert not app.exception
    best = model.rank(visitor(app), 1, RankOptions(Filters(genres=("Western",)), "next"))[0]
    assert headline(app).startswith(f"{best.title} leads this visitor’s list with ")
    assert " likely to be next: change something" in headline(app)
    app.switch_page("pages/recommend/recommend.py").run()
    assert app.segmented_control(key="order_choice").value == "next"


def test_taste_alone_orders_both_lists_and_the_goal(kinds, model):
    app = what_if("timeline", popularity_weight=0)
    taste = RankOptions(order="like", popularity_weight=0)
    assert lists(app)[0] == [row.title for row in model.rank(visitor(app), 10, taste)]
    assert " likely to be watched and liked: change something" in headline(app)
    assert "What suits their taste" in captions(app)
    look_at(app, "find")
    assert TITLES[app.selectbox(key="goal_movie").value] == model.rank(visitor(app), 15, taste)[-1].title
    assert app.metric[1].value == "15th of 1,345"
    assert "In the list “Best bets” with a popularity weight of 0%" in captions(app)


def test_the_page_says_when_no_movie_passes_the_filters(kinds):
    app = what_if("timeline", filter_genres=["Western"], **{f"filter_years_{_years()[0]}_{_years()[1]}": (1921, 1921)})
    assert "There is nothing to rank" in app.info[0].value


def _years() -> tuple[int, int]:
    known = MOVIES["year"].dropna()
    return int(known.min()), int(known.max())


# ---- one setting varied


VALUES = {
    "rating": ([f"{stars} ★" for stars in range(1, 6)], "Rating of Alien (1979)"),
    "position": (["5", "4", "3", "2", "1"], "Position of Alien (1979) in the history"),
    "last": (["0", "1", "2", "3", "4", "5"], "Newest movies that are kept"),
    "sex": (["Unknown", "Female", "Male"], "Sex"),
    "age": (8, "Age group"),
    "occupation": (22, "Occupation"),
}


@pytest.mark.parametrize("bundle", ["timeline", "classic"])
def test_each_setting_shows_what_is_expected_at_all_its_values(kinds, bundle):
    app = look_at(what_if(bundle, sweep_event=ALIEN), "sweep")
    model, who = Recommender.load(kinds / bundle), visitor(app)
    best = [row.movie_id for row in model.rank(who, 50)]
    for setting, (wanted, axis) in VALUES.items():
        app.selectbox(key="sweep_parameter").select(setting).run()
        assert not app.exception
        rows = app.dataframe[0].value
        shown = rows["title"].drop_duplicates().tolist()
        assert shown[0] == TITLES[best[0]]
        assert len(shown) == 3
        assert set(shown) <= {TITLES[i] for i in best}
        values = rows["setting"].drop_duplicates().tolist()
        if bundle == "classic" and setting == "last":
            wanted = ["0", "1", "2", "3"]  # it reads the newest three
        assert values == wanted if isinstance(wanted, list) else len(values) == wanted
        assert chart_words(app)[0].startswith(f"Expected ratings by {axis}: ")
        assert headline(app) in chart_words(app)[0]
        assert ("Point at a dot" in captions(app)) == (bundle == "timeline")
        if setting == "rating":
            ids = [movie_id(title) for title in shown]
            expected = rows.loc[rows["setting"] == "2 ★", "expected"].tolist()
            assert expected == pytest.approx(model.expected_ratings(who.rated(ALIEN, 2.0), ids).tolist(), abs=1e-4)
            # of the first fifty, the one that a better rating raises most, and the one that it raises least or lowers
            low, high = (model.expected_ratings(who.rated(ALIEN, stars), best) for stars in (1.0, 5.0))
            change = (high - low).tolist()
            assert {best[change.index(max(change))], best[change.index(min(change))]} <= set(ids)


def test_the_sentence_names_the_movie_that_moves_most(kinds, model):
    app = what_if("timeline")
    app.session_state["sweep_movies"] = [movie_id("Aliens (1986)"), movie_id("Toy Story 2 (1999)")]
    look_at(app, "sweep")
    app.selectbox(key="sweep_parameter").select("age").run()
    who, chosen = visitor(app), app.multiselect(key="sweep_movies").value
    by_age = {age: model.expected_ratings(who.with_demographic("age", age), chosen) for age in (None, *AGES)}
    spread = [max(e[i] for e in by_age.values()) - min(e[i] for e in by_age.values()) for i in range(2)]
    most = spread.index(max(spread))
    if max(spread) < 0.05:
        assert "hardly matters here" in headline(app)
    else:
        low, high = (pick(e[most] for e in by_age.values()) for pick in (min, max))
        assert headline(app).startswith(f"Their age moves {TITLES[chosen[most]]} most: from {low:.1f} ★ (")
        assert f" to {high:.1f} ★ (" in headline(app)


def test_all_combinations_of_demographics(kinds, model):
    app = what_if("timeline", sweep_movies=[movie_id("Aliens (1986)")], sweep_parameter="everyone")
    look_at(app, "sweep")
    women, men = chart_words(app)
    assert women.startswith("Expected rating of Aliens (1986) by age group and occupation, Female")
    assert ", Male: " in men
    # the sentence is about people that there are at least five of
    groups = {group: number for group, number in user_groups.read(open_bundle(kinds / "timeline")).items() if number}
    found = re.search(r"from (\d\.\d+) ★ \((.*); (\d+) people\) to (\d\.\d+) ★ \((.*); (\d+) people\)", headline(app))
    history, aliens = visitor(app).history, movie_id("Aliens (1986)")
    expected = {
        group: float(model.expected_ratings(Visitor(dict(zip(DEMOGRAPHICS, group, strict=True)), history), [aliens])[0])
        for group, number in groups.items()
        if number >= 5
    }
    for worst, value, who, people in ((min, 1, 2, 3), (max, 4, 5, 6)):
        group = worst(expected, key=expected.get)
        assert float(found[value]) == pytest.approx(expected[group], abs=0.051)
        assert found[who].endswith(f", {group[2]}")
        assert int(found[people]) == groups[group]
    assert f"The dataset has people of {len(groups)} of the 294 combinations" in captions(app)
    assert "The frame marks the visitor" in captions(app)
    assert len(SEXES) * len(AGES) * len(OCCUPATIONS) == 294


def test_settings_that_do_not_fit_are_replaced(kinds):
    app = what_if("timeline", sweep_movies=(-5, ALIEN), sweep_event=-7, goal_movie=-9)
    look_at(app, "sweep")
    assert app.multiselect(key="sweep_movies").value == [ALIEN]
    assert app.selectbox(key="sweep_event").value in [event.movie_id for event in visitor(app).history]
    look_at(app, "find")
    assert app.selectbox(key="goal_movie").value in MOVIES["movie_id"].tolist()


# ---- the smallest change


@pytest.mark.parametrize("bundle", ["timeline", "classic"])
def test_the_smallest_change_is_found_and_made_in_the_copy_with_one_click(kinds, bundle):
    app = look_at(what_if(bundle), "find")
    model, before = Recommender.load(kinds / bundle), visitor(app)
    wanted = model.rank(before, 12)[-1]
    app.selectbox(key="goal_movie").select(wanted.movie_id).run()
    assert headline(app) == f"What would it take to bring {wanted.title} into the top 10?"
    assert [metric.value for metric in app.metric] == [f"{wanted.expected_rating:.2f} ★", "12th of 1,345"]
    app.button(key="goal_find").click().run()
    assert not app.exception
    assert re.match(rf"(One change|2 changes together) would bring {re.escape(wanted.title)} into ", headline(app))
    assert "changes tried. These are the smallest that are enough, the best first." in captions(app)
    app.button(key="apply_0").click().run()
    assert not app.exception
    assert visitor(app) == before != copy(app)
    first, second = lists(app)
    assert wanted.title in second
    assert wanted.title not in first
    # the sentence goes on speaking of the movie that was searched for, as long as the copy is the one that was found
    assert headline(app).startswith(f"{wanted.title} rises from 12th to ")
    app.button(key="start_0").click().run()
    assert not headline(app).startswith(f"{wanted.title} rises from 12th to ")


def test_goals_that_are_reached_out_of_reach_or_make_no_sense(kinds, model, monkeypatch):
    app = what_if("timeline")
    best, title = model.rank(visitor(app), 1)[0].movie_id, lists(app)[0][0]
    app.session_state["goal_movie"] = best
    look_at(app, "find")
    app.button(key="goal_find").click().run()
    assert headline(app) == f"Nothing needs to change to bring {title} into the top 10: that is already the case"
    assert "That is already the case" in app.success[0].value

    monkeypatch.setattr(counterfactual, "BUDGET", 3)
    app.radio(key="goal_direction").set_value(("stars", False)).run()
    app.number_input(key="goal_stars").set_value(1.1).run()
    assert headline(app) == f"What would it take to push {title} below 1.1 ★?"
    app.button(key="goal_find").click().run()
    assert not app.exception
    assert headline(app) == f"No small change would push {title} below 1.1 ★: 3 changes tried"
    assert "None of 3 changes was enough" in app.warning[0].value
    assert "Ask for more stars, or choose another movie." in app.warning[0].value

    app.radio(key="goal_direction").set_value(("top", False)).run()
    app.selectbox(key="goal_movie").select(ALIEN).run()
    assert headline(app) == "They have watched Alien (1979), so no list has it"
    assert "No list has a movie that was watched" in app.info[0].value
    assert app.button(key="goal_find").disabled


# ---- all kinds of models and visitors


@pytest.mark.parametrize("bundle", ["timeline", "classic"])
def test_without_a_history_there_is_still_something_to_try(kinds, bundle):
    app = what_if(bundle, Visitor())
    proposals = labels(app, "start")
    assert re.fullmatch(r"Add .* with 5 ★", proposals[0])
    assert re.fullmatch(r"Add .* with 1 ★", proposals[1])
    assert proposals[2:] == ["Sex: female", "Age group: 56 and over"]
    app.button(key="start_0").click().run()
    assert not app.exception
    assert [event.rating for event in copy(app).history] == [5.0]
    look_at(app, "sweep")
    assert app.selectbox(key="sweep_parameter").options == [
        "Sex",
        "Age group",
        "Occupation",
        "All 294 combinations of sex, age and occupation",
    ]
    app.selectbox(key="sweep_parameter").select("everyone").run()
    assert not app.exception
    assert "not all known" in captions(app)
    look_at(app, "find")
    app.button(key="goal_find").click().run()
    assert not app.exception


def test_a_model_that_only_rates_offers_no_orders_and_no_next(kinds):
    app = what_if("classic")
    keys = [control.key for control in app.segmented_control]
    assert "what_if_order" not in keys
    assert "compare_by_choice" not in keys
    app.button(key="start_0").click().run()
    assert not app.exception


def test_a_history_of_two_hundred_movies(kinds):
    ids = MOVIES["movie_id"].tolist()[:200]
    app = what_if("timeline", Visitor(history=tuple(Event(i, float(1 + i % 5)) for i in ids)))
    assert "Forget all but the newest 10" in labels(app, "start")
    app.button(key="start_2").click().run()
    assert not app.exception
    assert len(copy(app).history) == 10
    look_at(app, "sweep")
    app.selectbox(key="sweep_parameter").select("last").run()
    assert not app.exception
    assert app.dataframe[0].value["setting"].nunique() == 201


def test_a_model_of_the_next_movie_alone_says_that_it_predicts_no_ratings(kinds):
    app = start("next-only").switch_page("pages/what_if/what_if.py").run()
    assert not app.exception
    assert headline(app) == "This model predicts no ratings"
