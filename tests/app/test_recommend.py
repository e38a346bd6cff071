"""The Recommend page: what a newcomer sees, and what each control does."""

import pytest

from bst.datasets import load_movies
from tests.app.conftest import headline, shown_titles

pytestmark = pytest.mark.timeout(180)


def movie_id(title: str) -> int:
    movies = load_movies("demo")
    return int(movies.loc[movies["title"] == title, "movie_id"].item())


def history(app):
    return app.session_state["visitors"]["demo"].history


def test_a_newcomer_sees_a_result_at_once(app):
    assert not app.exception
    assert headline(app).startswith("After 5 movies, the model expects this visitor to ")
    titles = shown_titles(app)
    assert len(titles) == 10
    assert titles[0] in headline(app)
    watched = {"Toy Story (1995)", "Casablanca (1942)", "Blade Runner (1982)", "The Terminator (1984)", "Alien (1979)"}
    assert not watched & set(titles)
    expected = app.dataframe[0].value["expected"].tolist()
    assert expected == sorted(expected, reverse=True)
    assert all(1 <= stars <= 5 for stars in expected)


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


def test_rating_a_movie_changes_what_is_expected(app):
    before = app.dataframe[0].value["expected"].tolist()
    alien = movie_id("Alien (1979)")
    app.feedback(key=f"stars_{alien}").set_value(0).run()
    assert not app.exception
    assert history(app)[-1].rating == 1
    assert app.dataframe[0].value["expected"].tolist() != before


def test_moving_and_removing_events(app):
    alien = movie_id("Alien (1979)")
    app.button(key=f"earlier_{alien}").click().run()
    assert history(app)[-2].movie_id == alien
    app.button(key=f"later_{alien}").click().run()
    assert history(app)[-1].movie_id == alien
    app.button(key=f"remove_{alien}").click().run()
    assert alien not in [event.movie_id for event in history(app)]
    assert headline(app).startswith("After 4 movies")


def test_an_empty_visitor_still_gets_a_list_and_can_go_back_to_the_example(app):
    app.button(key="start_empty").click().run()
    assert not app.exception
    assert history(app) == ()
    assert headline(app).startswith("Knowing none of their movies, the model expects")
    assert len(shown_titles(app)) == 10
    app.button(key="example").click().run()
    assert len(history(app)) == 5


def test_demographics_reach_the_visitor_and_can_be_unknown(app):
    app.selectbox(key="visitor_occupation").select("programmer").run()
    app.selectbox(key="visitor_sex").select(None).run()
    visitor = app.session_state["visitors"]["demo"]
    assert (visitor.sex, visitor.age, visitor.occupation) == (None, 25, "programmer")
    assert not app.exception


def test_filters_narrow_the_list(app):
    app.multiselect(key="filter_genres").set_value(["Western"]).run()
    movies = load_movies("demo").set_index("title")
    assert all("Western" in movies.loc[title, "genres"] for title in shown_titles(app))
    app.slider[0].set_value((1960, 1969)).run()
    assert all("(196" in title for title in shown_titles(app))
    assert not app.exception


def test_filters_that_nothing_passes_say_what_to_do(app):
    app.multiselect(key="filter_genres").set_value(["Western"]).run()
    app.slider[0].set_value((1920, 1920)).run()
    assert "No movie passes these filters" in app.info[0].value
    assert not app.exception


def test_any_movie_can_be_asked_about_even_a_seen_one(app):
    app.selectbox(key="any_movie_demo").select(movie_id("Alien (1979)")).run()
    assert app.metric[0].value.endswith("★")
    assert any("already seen" in text.value for text in app.markdown)


def test_the_history_may_hold_two_hundred_movies_and_no_more(app):
    from bst.schema import Event, Visitor

    ids = load_movies("demo")["movie_id"].tolist()
    app.session_state["visitors"]["demo"] = Visitor(history=tuple(Event(i, 3.0) for i in ids[:200]))
    app.run()
    assert not app.exception
    app.selectbox(key="add_movie").select(ids[300]).run()
    assert len(history(app)) == 200
    assert "remove one first" in app.toast[0].value


def test_a_long_history_is_folded_until_asked_for(app):
    from bst.schema import Event, Visitor

    ids = load_movies("demo")["movie_id"].tolist()[:30]
    app.session_state["visitors"]["demo"] = Visitor(history=tuple(Event(i, 3.0) for i in ids))
    app.run()
    assert len(app.feedback) == 20
    app.button(key="show_whole_history").click().run()
    assert len(app.feedback) == 30
    assert not app.exception
