"""The Recommend page: what a newcomer sees, and what each control does."""

import math
import shutil

import pytest

from bst.bundles import sidecars
from bst.bundles.bundle import open_bundle
from bst.datasets import load_movies
from bst.domain import GENRES
from bst.errors import BundleError, DatasetError
from bst.inference import movie_data
from bst.inference.ranking import RankOptions
from bst.inference.recommender import Recommender
from bst.models.timeline.config import TimelineConfig, TowerConfig
from bst.schema import Event, Visitor
from bst.text import percent
from pages.shared import resources
from tests.app.conftest import (
    RATING_CURVES,
    RATING_FIGURES,
    TASK,
    captions,
    chart_words,
    curve_rows,
    edit,
    headline,
    make_bundle,
    set_visitor,
    shown_history,
    shown_list,
    shown_titles,
    start,
    visitor,
)

pytestmark = pytest.mark.timeout(180)


def movie_id(title: str) -> int:
    movies = load_movies("demo")
    return int(movies.loc[movies["title"] == title, "movie_id"].item())


def history(app):
    return visitor(app).history


def rows(app) -> list[dict]:
    return shown_list(app)["rows"]


def ratings(app) -> list[float]:
    return [float(row["rating"].removesuffix(" ★")) for row in rows(app)]


def test_a_newcomer_sees_a_result_at_once(app):
    assert not app.exception
    titles = shown_titles(app)
    assert len(titles) == 10
    assert headline(app).startswith(f"After 5 movies, the best bet for this visitor is {titles[0]}: ")
    watched = {"Toy Story (1995)", "Casablanca (1942)", "Blade Runner (1982)", "The Terminator (1984)", "Alien (1979)"}
    assert not watched & set(titles)
    shares = [row["like_share"] for row in rows(app)]
    assert shares == sorted(shares, reverse=True)
    assert all(1 <= stars <= 5 for stars in ratings(app))


def test_the_simulated_audience_is_named_as_such(app):
    assert any("simulated" in caption.value for caption in app.sidebar.caption)


def test_adding_a_movie_makes_it_the_newest_event_and_takes_it_off_the_list(app):
    best = shown_titles(app)[0]
    app.selectbox(key="add_movie").select(movie_id(best)).run()
    assert not app.exception
    assert history(app)[-1].movie_id == movie_id(best)
    assert headline(app).startswith("After 6 movies")
    assert best not in shown_titles(app)
    assert app.selectbox(key="add_movie").value is None


def test_adding_a_movie_that_is_there_already_says_so(app):
    before = history(app)
    app.selectbox(key="add_movie").select(movie_id("Alien (1979)")).run()
    assert history(app) == before
    assert "is in the history already" in app.toast[0].value
    assert not app.exception


def test_a_change_leaves_what_it_does_not_concern(app):
    edit(app, movie_id("Alien (1979)"), "rate", 1)
    assert shown_history(app)[0]["rating"] == 1
    assert shown_titles(app)
    assert headline(app).startswith("After 5 movies")
    assert not app.button(key="undo").disabled
    assert "s" in app.query_params, "the address has the change"
    assert not app.segmented_control, "the order of the list is not drawn again"
    assert not app.sidebar.selectbox
    app.button(key="undo").click().run()
    assert shown_history(app)[0]["rating"] == 5
    assert "s" not in app.query_params
    app.run()
    assert app.segmented_control(key="order_choice").value == "like"


def test_what_needs_no_model_is_drawn_before_it_is_loaded(kinds, monkeypatch):
    def fail(*arguments):
        raise BundleError("the weights are gone")

    monkeypatch.setattr(resources, "loaded", lambda bundle: None)
    monkeypatch.setattr(resources, "load", fail)
    app = start("rating-only")
    assert headline(app) == "What would they like to watch?"
    assert shown_history(app)[0]["title"] == "Alien (1979)"
    assert app.button(key="undo").disabled
    assert "the weights are gone" in app.error[0].value


def test_rating_a_movie_changes_the_expected_ratings(app):
    before = ratings(app)
    alien = movie_id("Alien (1979)")
    edit(app, alien, "rate", 1)
    assert not app.exception
    assert history(app)[-1].rating == 1
    assert ratings(app) != before


def test_moving_and_removing_events(app):
    alien = movie_id("Alien (1979)")
    edit(app, alien, "earlier")
    assert history(app)[-2].movie_id == alien
    edit(app, alien, "later")
    assert history(app)[-1].movie_id == alien
    edit(app, alien, "remove")
    assert alien not in [event.movie_id for event in history(app)]
    assert headline(app).startswith("After 4 movies")


def test_an_empty_visitor_still_gets_a_list_and_can_go_back_to_the_example(app):
    app.button(key="start_empty").click().run()
    assert not app.exception
    assert history(app) == ()
    assert headline(app).startswith("With an empty history, the best bet for this visitor is ")
    assert len(shown_titles(app)) == 10
    app.button(key="example").click().run()
    assert len(history(app)) == 5


def test_demographics_reach_the_visitor_and_can_be_unknown(app):
    app.selectbox(key="visitor_occupation").select("programmer").run()
    app.selectbox(key="visitor_sex").select(None).run()
    demographics = visitor(app)
    assert (
        demographics.demographic("sex"),
        demographics.demographic("age"),
        demographics.demographic("occupation"),
    ) == (None, 25, "programmer")
    assert not app.exception


def test_filters_narrow_the_list(app):
    app.multiselect(key="filter_genres").set_value(["Western"]).run()
    movies = load_movies("demo").set_index("title")
    assert all("Western" in movies.loc[title, "genres"] for title in shown_titles(app))
    app.slider[0].set_value((1960, 1969)).run()
    assert all("(196" in title for title in shown_titles(app))
    assert not app.exception


def test_filters_without_a_result_say_what_to_do(app):
    app.multiselect(key="filter_genres").set_value(["Western"]).run()
    app.slider[0].set_value((1920, 1920)).run()
    assert "No movie passes these filters" in app.info[0].value
    assert not app.exception


def test_any_movie_can_be_asked_about_even_a_seen_one(app):
    app.selectbox(key="any_movie_demo").select(movie_id("Alien (1979)")).run()
    assert app.metric[0].value.endswith("★")
    assert "Alien (1979) is not on the list because they have seen it." in plain(app)


def plain(app) -> str:
    """All of the page's text, without its escapes."""
    return " ".join(text.value for text in app.markdown).replace("\\", "")


def test_a_movie_off_the_list_says_where_it_stands_and_what_would_bring_it_in(app):
    model = Recommender.load(resources.choices()["demo"].bundle)
    ranked = model.rank(visitor(app), 30, RankOptions(order="like"))
    asked = ranked[24]
    app.selectbox(key="any_movie_demo").select(asked.movie_id).run()
    said = plain(app)
    assert f"{asked.title} is number 25 of 1,345." in said
    assert f"number 10 on the list, {ranked[9].title}, has {ranked[9].will_like:.0%}" in said
    # a filter that leaves it out is named instead
    other = next(genre for genre in GENRES if genre not in asked.genres.split("|"))
    app.multiselect(key="filter_genres").set_value([other]).run()
    assert f"The filters leave {asked.title} out. Without them it is number 25 of 1,345." in plain(app)
    app.multiselect(key="filter_genres").set_value([]).run()
    app.button(key="bring_in").click().run()
    assert headline(app) == f"What would it take to bring {asked.title} into the top 10?"


def test_the_list_for_anyone_shows_what_personalisation_changes(app):
    own = shown_titles(app)
    app.button(key="try_for_anyone").click().run()
    assert not app.exception
    model = Recommender.load(resources.choices()["demo"].bundle)
    anyone = model.rank(Visitor(seen=visitor(app).all_seen), 10, RankOptions(order="like"))
    assert shown_titles(app) == [row.title for row in anyone] != own
    shared = len({*own} & {row.title for row in anyone})
    assert headline(app) == (
        f"Knowing nothing about the visitor, the model would lead with {anyone[0].title}: {shared} of these 10 are on "
        "the visitor’s own list"
    )
    # ranks up and down are against the visitor's own list
    moved = {row["title"]: row["move"]["sign"] for row in rows(app)}
    new = [title for title, sign in moved.items() if sign == "new"]
    assert set(new) == set(moved) - set(own)
    app.button(key="try_for_anyone").click().run()
    assert shown_titles(app) == own


def test_each_thing_to_try_changes_the_list_and_can_be_undone(app):
    before, first = shown_titles(app), visitor(app)
    # the reason of most movies of the list gets the opposite rating, and the same button takes that back
    stars, title = app.button(key="try_star").label.split(" ★ for ")
    titles = load_movies("demo").set_index("movie_id")["title"]
    event = next(event for event in first.history if titles[event.movie_id].startswith(title))
    assert float(stars) == (5.0 if event.rating <= 3 else 1.0)
    app.button(key="try_star").click().run()
    tried = first.rated(event.movie_id, float(stars))
    assert visitor(app) == tried
    assert shown_titles(app) != before
    assert app.button(key="try_star").label == f"{event.rating:g} ★ for {title} again"
    app.button(key="try_star").click().run()
    assert (visitor(app), shown_titles(app)) == (first, before)
    app.button(key="try_star").click().run()
    app.button(key="try_persona").click().run()
    assert (visitor(app).demographic("age"), visitor(app).demographic("occupation")) == (35, "homemaker")
    assert app.button(key="try_persona").label == "Be a film student", "the other one"
    app.button(key="undo").click().run()
    assert visitor(app) == tried
    app.button(key="reset").click().run()
    assert visitor(app) == first
    app.button(key="start_empty").click().run()
    assert "try_star" not in [button.key for button in app.button], "there is nothing to rate"


def test_somebody_else_has_no_ranks_up_and_down(app):
    app.button(key="try_persona").click().run()
    app.button(key="try_persona").click().run()
    assert visitor(app).demographic("occupation") == "college/grad student"
    assert not any("move" in row for row in rows(app)), "the two have no movie in common"
    edit(app, history(app)[0].movie_id, "rate", 3).run()
    assert all("move" in row for row in rows(app))


def test_posters_and_numbers_show_the_same_movies(app):
    assert shown_list(app)["view"] == "tiles"
    posters = shown_titles(app)
    app.segmented_control(key="list_view").select("rows").run()
    assert shown_list(app)["view"] == "rows"
    assert shown_titles(app) == posters
    first = rows(app)[0]["poster"]
    assert first == {"title": posters[0].rpartition(" (")[0], "year": int(posters[0][-5:-1]), "genres": first["genres"]}


def test_in_a_full_history_the_oldest_movie_gives_way_and_is_still_seen(app):
    ids = load_movies("demo")["movie_id"].tolist()
    set_visitor(app, Visitor(history=tuple(Event(i, 3.0) for i in ids[:300])))
    app.run()
    assert not app.exception
    assert headline(app).startswith("After 300 movies")
    app.selectbox(key="add_movie").select(ids[400]).run()
    assert not app.exception
    assert [event.movie_id for event in history(app)] == [*ids[1:300], ids[400]]
    assert visitor(app).seen == {ids[0]}
    assert headline(app).startswith("After 300 of 301 movies")
    title = load_movies("demo").set_index("movie_id")["title"][ids[0]]
    assert f"{title} was seen without a rating or before the newest 300: it is not recommended" in captions(app)
    app.button(key="forget_seen").click().run()
    assert visitor(app).seen == frozenset()
    assert headline(app).startswith("After 300 movies")


@pytest.mark.parametrize("events", [(), (Event(1, 4.0),)])
def test_movies_seen_without_a_rating_are_named_or_counted(events, app):
    def said(seen: tuple[int, ...]) -> str:
        set_visitor(app, Visitor(history=events, seen=frozenset(seen)))
        app.run()
        return captions(app)

    more = "more " if events else ""
    end = "were seen without a rating: they are not recommended, and the model cannot read them."
    titles = load_movies("demo").set_index("movie_id")["title"]
    assert f"{titles[11]} and {titles[12]} {end}" in said((12, 11)).replace("\\", "")
    assert f"4 {more}movies {end}" in said((11, 12, 13, 14))


def test_a_movie_that_was_seen_and_not_rated_leaves_the_list(app):
    first = shown_titles(app)[0]
    before = ratings(app)
    app.selectbox(key="any_movie_demo").select(movie_id(first)).run()
    app.button(key="seen_any").click().run()
    assert not app.exception
    assert visitor(app).seen == {movie_id(first)}
    assert len(history(app)) == 5
    assert first not in shown_titles(app)
    assert ratings(app)[:9] == before[1:], "no model reads it"
    seen = f"{first} was seen without a rating: it is not recommended, and the model cannot read it."
    assert seen in captions(app).replace("\\", "")
    assert headline(app).startswith("After 5 of 6 movies")
    assert app.button(key="seen_any").disabled
    # rated after all, it is a movie of the history like any other
    app.run().selectbox(key="add_movie").select(movie_id(first)).run()
    assert visitor(app).seen == frozenset()
    app.button(key="undo").click().run()
    app.button(key="undo").click().run()
    assert shown_titles(app)[0] == first


def test_a_long_history_is_folded_until_asked_for(app):
    ids = load_movies("demo")["movie_id"].tolist()[:30]
    set_visitor(app, Visitor(history=tuple(Event(i, 3.0) for i in ids)))
    app.run()
    assert len(shown_history(app)) == 20
    app.button(key="show_whole_history").click().run()
    assert len(shown_history(app)) == 30
    assert not app.exception


# ---- why a movie is there, and where it was before


WATCHED = ("Toy Story (1995), 4 ★", "Casablanca (1942), 3 ★", "Blade Runner (1982), 5 ★", "Alien (1979), 5 ★")
WATCHED += ("The Terminator (1984), 4 ★",)


def reasons(app) -> list[str]:
    """Why each movie is in the list, in its order; without what differs from list to list."""
    return [row["because"].replace("\N{NO-BREAK SPACE}", " ") for row in rows(app)]


def test_each_row_names_the_main_cause_of_its_rating(kinds):
    app = start("timeline")
    app.segmented_control(key="order_choice").select("rating").run()
    of_a_movie = [because for because in reasons(app) if because != "no single movie moves it"]
    assert of_a_movie
    assert all(because.startswith(tuple(f"because of {event}: +" for event in WATCHED)) for because in of_a_movie)
    assert all(float(because.rpartition("+")[2]) >= 0.05 for because in of_a_movie)


def test_in_the_list_for_this_visitor_the_cause_is_what_makes_a_movie_likelier(kinds):
    app = start("timeline")
    model, who = Recommender.load(kinds / "timeline"), visitor(app)
    titles = load_movies("demo").set_index("movie_id")["title"]
    for row, because in zip(rows(app), reasons(app), strict=True):
        # log-odds with the whole history, then without each of its movies
        whole, *without = (
            model.score_movie([one], row["movie_id"]).like_logit[0]
            for one in (who, *(who.without(event.movie_id) for event in who.history))
        )
        least = min(range(len(without)), key=without.__getitem__)
        if whole - without[least] < 0.05:
            assert because == "no single movie moves it"
        else:
            event = who.history[least]
            assert because == f"likelier because of {titles[event.movie_id]}, {event.rating:.0f} ★"
            assert f" would say {percent(1 / (1 + math.exp(-without[least])))} instead of " in row["because_tooltip"]
    assert "Of the movies watched, " in captions(app) or "No single movie of the history moves " in captions(app)
    # without a history there is nothing to rest on
    app.button(key="start_empty").click().run()
    assert not any("because" in row for row in rows(app))
    assert "the list follows at once" in captions(app)


def test_movements_are_those_since_the_latest_change(kinds):
    app = start("timeline")
    assert not any("move" in row for row in rows(app)), "nothing was changed yet"
    before = shown_titles(app)
    edit(app, movie_id("Alien (1979)"), "rate", 1)
    after = shown_titles(app)
    assert after != before
    for rank, row in enumerate(rows(app), start=1):
        was = before.index(row["title"]) + 1 if row["title"] in before else None
        sign = "new" if was is None else "=" if was == rank else f"{'▲' if was > rank else '▼'}{abs(was - rank)}"
        assert row["move"]["sign"] == sign
        assert row["move"]["tooltip"]
    # another order is no change of the visitor: it has movements, too
    app.run()
    app.segmented_control(key="order_choice").select("next").run()
    assert all(row["move"]["sign"][0] in "▲▼=n" for row in rows(app))
    app.button(key="undo").click().run().run()
    app.segmented_control(key="order_choice").select("like").run()
    assert shown_titles(app) == before
    assert {row["move"]["sign"] for row in rows(app)} != {"="}, "against the state that was undone"


def test_a_movie_taken_out_of_the_history_is_new_in_the_list(kinds):
    app = start("timeline")
    best = movie_id(shown_titles(app)[0])
    app.selectbox(key="add_movie").select(best).run()
    edit(app, best, "remove")
    first = rows(app)[0]
    assert (first["movie_id"], first["move"]["sign"]) == (best, "new")
    assert first["move"]["tooltip"] == "New here: it was in the history"


# ---- filters, diversity, files


def test_popularity_narrows_the_list(kinds):
    app = start("timeline")
    everything = set(shown_titles(app))
    app.select_slider(key="filter_popularity").set_value((4, 4)).run()
    assert not app.exception
    caption = next(caption.value for caption in app.main.caption if "each in Demo world" in caption.value)
    # 1,350 movies, of which 5 % have more ratings than the rest
    assert 60 <= int(caption.split()[0]) <= 68
    assert "blockbusters" in captions(app)
    blockbusters = set(shown_titles(app))
    app.select_slider(key="filter_popularity").set_value((0, 0)).run()
    assert not blockbusters & set(shown_titles(app))
    app.select_slider(key="filter_popularity").set_value((0, 4)).run()
    assert set(shown_titles(app)) == everything


def test_popularity_without_the_ratings_to_count(kinds, monkeypatch):
    def gone(dataset):
        raise DatasetError("ratings.dat is missing; get it again")

    monkeypatch.setattr(movie_data, "load", gone)
    monkeypatch.setattr(movie_data.rating_counts, "read", lambda bundle: None)
    app = start("rating-only")
    app.select_slider(key="filter_popularity").set_value((0, 0)).run()
    assert not app.exception
    assert "Popularity is not known: ratings.dat is missing" in app.warning[0].value.replace("\\", "")
    assert len(rows(app)) == 10


def test_diversity_keeps_the_best_and_changes_what_follows(kinds):
    app = start("timeline")
    plain = shown_titles(app)
    app.slider(key="diversity").set_value(60).run()
    assert not app.exception
    varied = shown_titles(app)
    assert varied[0] == plain[0]
    assert varied != plain
    assert "diversity 60%" in captions(app)
    app.slider(key="diversity").set_value(0).run()
    assert shown_titles(app) == plain


def test_the_list_and_the_visitor_can_be_downloaded(kinds):
    for bundle in ("timeline", "classic"):
        app = start(bundle)
        buttons = [button for button in app.get("download_button") if button.key.startswith("download_")]
        assert len(buttons) == 3
        assert not app.exception


# ---- models that predict more than one number


def test_each_model_offers_the_orders_that_it_supports(kinds, tmp_path, override_settings):
    orders = ["Best bets", "Highest rated", "Likely next", "Both"]
    assert start("timeline").segmented_control(key="order_choice").options == orders
    for other in ("classic", "rating-only"):
        app = start(other)
        assert not app.exception
        assert "order_choice" not in [control.key for control in app.segmented_control]
        assert not any("next" in row or "like" in row for row in rows(app))
        assert "rated next" not in captions(app)
    tower = TowerConfig(width=8, heads=2, layers=2)
    config = TimelineConfig("timeline", tower, tower, TowerConfig(epochs=0), factors=4)
    make_bundle(tmp_path / "two-towers", config, curve_rows(RATING_CURVES), TASK | RATING_FIGURES)
    override_settings(bundles=tmp_path)
    app = start("two-towers")
    assert not app.exception
    assert app.segmented_control(key="order_choice").options == orders[1:]
    assert app.segmented_control(key="order_choice").value == "rating", "its first one"
    assert headline(app).startswith("After 5 movies, the model expects this visitor to ")
    assert not any("like" in row for row in rows(app))


def test_the_list_for_this_visitor_has_the_likeliest_to_be_watched_and_liked_first(kinds):
    app = start("timeline")
    shares = [row["like_share"] for row in rows(app)]
    assert shares[0] == 1
    assert shares == sorted(shares, reverse=True)
    assert shown_list(app)["by"] == ["like"], "the number that the list is ordered by stands out"
    best = rows(app)[0]
    assert headline(app) == (
        f"After 5 movies, the best bet for this visitor is {best['title']}: {best['like']} likely to watch it some "
        "time and like it"
    )
    app.slider(key="popularity_weight").set_value(50).run()
    assert "What they are most likely to watch and like some time. A movie’s popularity counts 50%." in captions(app)


def test_less_weight_of_popularity_leaves_what_suits_the_visitor_more_than_others(kinds):
    app = start("timeline")
    model = Recommender.load(kinds / "timeline")
    as_predicted = shown_titles(app)
    app.slider(key="popularity_weight").set_value(0).run()
    assert not app.exception
    taste = model.rank(visitor(app), 10, RankOptions(order="like", fame=0))
    assert shown_titles(app) == [row.title for row in taste] != as_predicted
    assert headline(app).startswith(f"After 5 movies, what suits this visitor more than others is {taste[0].title}: ")
    assert "What suits their taste" in captions(app)
    app.slider(key="popularity_weight").set_value(50).run()
    half = model.rank(visitor(app), 10, RankOptions(order="like", fame=0.5))
    assert shown_titles(app) == [row.title for row in half]
    assert "popularity counts 50%" in captions(app)
    # the other orders have no such slider
    app.segmented_control(key="order_choice").select("rating").run()
    assert "popularity_weight" not in [slider.key for slider in app.slider]


def test_a_movie_that_hardly_anybody_rated_says_so(kinds, tmp_path, override_settings):
    """Here every movie has 0, 1, 19 or 1,234 ratings: fewer than 20 are few."""
    kind = open_bundle(shutil.copytree(kinds / "timeline", tmp_path / "timeline"))
    numbers = [(0, 1, 19, 1234)[row % 4] for row in range(kind.sizes.movies)]
    sidecars.save(kind, "rating_counts", {"counts": numbers})
    override_settings(bundles=tmp_path)
    of_title = dict(zip(load_movies("demo")["title"], numbers, strict=True))
    few = {0: "no ratings", 1: "only 1 rating", 19: "only 19 ratings"}
    app = start("timeline")
    app.segmented_control(key="length").select(100).run()
    assert len(rows(app)) == 100
    for row in rows(app):
        assert row["ratings"] == few.get(of_title[row["title"]], "")
    # in the list to which it matters, all say how many there are
    app.segmented_control(key="order_choice").select("rating").run()
    for row in rows(app):
        assert row["ratings"] == (few | {1234: "1,234 ratings"})[of_title[row["title"]]]


def test_each_row_shows_the_distribution_whose_mean_is_the_expected_rating(kinds):
    app = start("timeline")
    for row, expected in zip(rows(app), ratings(app), strict=True):
        assert sum(row["bars"]) == pytest.approx(1, abs=1e-4)
        assert sum(stars * p for stars, p in enumerate(row["bars"], start=1)) == pytest.approx(expected, abs=0.006)
        assert f"5 ★ {row['bars'][4]:.0%}" in row["bars_tooltip"]
    assert not any("bars" in row for row in rows(start("classic")))


def test_ordering_by_likely_next(kinds):
    app = start("timeline")
    by_default = shown_titles(app)
    app.segmented_control(key="order_choice").select("next").run()
    assert not app.exception
    shares = [row["next_share"] for row in rows(app)]
    assert shares[0] == 1
    assert shares == sorted(shares, reverse=True)
    assert shown_titles(app) != by_default
    assert shown_list(app)["by"] == ["next"], "the number that the list is ordered by stands out"
    sentence = headline(app)
    assert sentence.startswith(f"After 5 movies, this visitor most likely watches {shown_titles(app)[0]} next (")
    assert rows(app)[0]["next"] in sentence
    assert f"the model expects {ratings(app)[0]:.1f} ★" in sentence
    assert "rated next in the simulation: no one watched a film" in captions(app)


def test_ordering_by_both_weighs_the_two_chances(kinds):
    app = start("timeline")
    app.segmented_control(key="order_choice").select("blend").run()
    assert not app.exception

    def chances():
        return [(row["next_share"], sum(row["bars"][3:])) for row in rows(app)]

    product = [following * liked for following, liked in chances()]
    assert product == sorted(product, reverse=True)
    assert headline(app).startswith(f"After 5 movies, the best bet is {shown_titles(app)[0]}: ")
    app.slider(key="blend_weight").set_value(0).run()
    assert [liked for _, liked in chances()] == sorted((liked for _, liked in chances()), reverse=True)
    app.slider(key="blend_weight").set_value(100).run()
    assert [share for share, _ in chances()] == sorted((share for share, _ in chances()), reverse=True)
    assert headline(app).startswith(f"After 5 movies, the best bet is {shown_titles(app)[0]}: ")


def test_the_order_lasts_while_other_pages_and_models_are_looked_at(kinds):
    app = start("timeline")
    app.segmented_control(key="order_choice").select("next").run()
    app.switch_page("pages/why/why.py").run()
    app.switch_page("pages/recommend/recommend.py").run()
    assert "most likely watches" in headline(app)
    app.selectbox(key="bundle").select("classic").run()
    assert not app.exception
    assert "the model expects this visitor to" in headline(app)
    app.selectbox(key="bundle").select("timeline").run()
    assert "most likely watches" in headline(app)


def test_likely_next_without_a_history(kinds):
    app = start("timeline")
    app.segmented_control(key="order_choice").select("next").run()
    app.button(key="start_empty").click().run()
    assert not app.exception
    assert headline(app).startswith("With an empty history, this visitor most likely watches ")


def test_any_movie_of_a_timeline_model_has_its_distribution_and_its_chances(kinds):
    app = start("timeline")
    best = rows(app)[0]
    app.selectbox(key="any_movie_demo").select(best["movie_id"]).run()
    assert not app.exception
    expected, liked, some_time, following = app.metric
    assert expected.value == best["rating"]
    assert (liked.label, liked.value) == ("4 ★ or more", f"{sum(best['bars'][3:]):.0%}")
    assert (some_time.label, some_time.value) == ("Will watch and like it", best["like"])
    assert following.value == best["next"]
    chances = next(text.value for text in app.markdown if "The chance that they watch it next: **" in text.value)
    assert "The chance that they ever watch and like it: **" in chances
    assert f"{best['title']} is on the list: number 1." in plain(app)
    (alt_text,) = chart_words(app)
    assert alt_text.startswith(f"How likely each rating of {best['title']} is: 1 stars ")
    assert "5 stars" in alt_text


def test_a_seen_movie_cannot_be_the_next(kinds):
    app = start("timeline")
    app.selectbox(key="any_movie_demo").select(movie_id("Alien (1979)")).run()
    assert [metric.label for metric in app.metric] == ["Expected rating", "4 ★ or more"]
    assert not any("The chance that" in text.value for text in app.markdown)


def test_a_model_of_the_next_movie_alone_says_that_it_predicts_no_ratings(kinds):
    app = start("next-only")
    for page in ("pages/recommend/recommend.py", "pages/why/why.py"):
        app.switch_page(page).run()
        assert not app.exception
        assert headline(app) == "This model predicts no ratings"


def test_the_sidebar_says_how_much_of_a_history_is_read(kinds):
    def facts(bundle: str) -> str:
        return " ".join(caption.value for caption in start(bundle).sidebar.caption)

    assert "reads the whole history, up to 300 movies" in facts("timeline")
    assert "reads the newest 3 movies" in facts("classic")


def test_unknown_is_called_unknown(app):
    app.button(key="start_empty").click().run()
    assert [app.selectbox(key=f"visitor_{part}").placeholder for part in ("sex", "age", "occupation")] == [
        "Unknown"
    ] * 3
