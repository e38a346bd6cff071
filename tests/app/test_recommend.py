"""The Recommend page: what a newcomer sees, and what each control does."""

import pytest

from bst.datasets import load_movies
from bst.errors import DatasetError
from bst.inference import recommender
from bst.schema import Event, Visitor
from tests.app.conftest import captions, chart_words, headline, set_visitor, shown_list, shown_titles, start, visitor

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
    assert headline(app).startswith("After 5 movies, the model expects this visitor to ")
    titles = shown_titles(app)
    assert len(titles) == 10
    assert titles[0] in headline(app)
    watched = {"Toy Story (1995)", "Casablanca (1942)", "Blade Runner (1982)", "The Terminator (1984)", "Alien (1979)"}
    assert not watched & set(titles)
    assert ratings(app) == sorted(ratings(app), reverse=True)
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


def test_rating_a_movie_changes_the_expected_ratings(app):
    before = ratings(app)
    alien = movie_id("Alien (1979)")
    app.feedback(key=f"stars_{alien}").set_value(0).run()
    assert not app.exception
    assert history(app)[-1].rating == 1
    assert ratings(app) != before


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
    assert headline(app).startswith("With an empty history, the model expects")
    assert len(shown_titles(app)) == 10
    app.button(key="example").click().run()
    assert len(history(app)) == 5


def test_demographics_reach_the_visitor_and_can_be_unknown(app):
    app.selectbox(key="visitor_occupation").select("programmer").run()
    app.selectbox(key="visitor_sex").select(None).run()
    demographics = visitor(app)
    assert (demographics.sex, demographics.age, demographics.occupation) == (None, 25, "programmer")
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
    assert any("already seen" in text.value for text in app.markdown)


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
    assert "Also seen: **1** more movie" in captions(app)
    app.button(key="forget_seen").click().run()
    assert visitor(app).seen == frozenset()
    assert headline(app).startswith("After 300 movies")


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
    assert headline(app).startswith("After 5 of 6 movies")
    assert app.button(key="seen_any").disabled
    # rated after all, it is a movie of the history like any other
    app.selectbox(key="add_movie").select(movie_id(first)).run()
    assert visitor(app).seen == frozenset()
    app.button(key="undo").click().run()
    app.button(key="undo").click().run()
    assert shown_titles(app)[0] == first


def test_a_long_history_is_folded_until_asked_for(app):
    ids = load_movies("demo")["movie_id"].tolist()[:30]
    set_visitor(app, Visitor(history=tuple(Event(i, 3.0) for i in ids)))
    app.run()
    assert len(app.feedback) == 20
    app.button(key="show_whole_history").click().run()
    assert len(app.feedback) == 30
    assert not app.exception


# ---- why a movie is there, and where it was before


def test_each_row_names_the_main_cause_of_its_rating(kinds):
    app = start("timeline")
    reasons = [row["because"] for row in rows(app) if "because" in row]
    watched = ("Toy Story (1995), 4 ★", "Casablanca (1942), 3 ★", "Blade Runner (1982), 5 ★", "Alien (1979), 5 ★")
    watched += ("The Terminator (1984), 4 ★",)
    assert reasons
    for because in reasons:
        assert because.replace("\N{NO-BREAK SPACE}", " ").startswith(
            tuple(f"because of {event}: +0." for event in watched)
        )
    assert "Mainly because of" in captions(app)
    # without a history there is nothing to rest on
    app.button(key="start_empty").click().run()
    assert not any("because" in row for row in rows(app))
    assert "the list follows at once" in captions(app)


def test_movements_are_those_since_the_latest_change(kinds):
    app = start("timeline")
    assert not any("move" in row for row in rows(app)), "nothing was changed yet"
    before = shown_titles(app)
    app.feedback(key=f"stars_{movie_id('Alien (1979)')}").set_value(0).run()
    after = shown_titles(app)
    assert after != before
    for rank, row in enumerate(rows(app), start=1):
        was = before.index(row["title"]) + 1 if row["title"] in before else None
        sign = "new" if was is None else "=" if was == rank else f"{'▲' if was > rank else '▼'}{abs(was - rank)}"
        assert row["move"]["sign"] == sign
        assert row["move"]["tooltip"]
    # another order is no change of the visitor: it has movements, too
    app.segmented_control(key="order").select("next").run()
    assert all(row["move"]["sign"][0] in "▲▼=n" for row in rows(app))
    app.button(key="undo").click().run()
    app.segmented_control(key="order").select("rating").run()
    assert shown_titles(app) == before
    assert {row["move"]["sign"] for row in rows(app)} != {"="}, "against the state that was undone"


def test_a_movie_taken_out_of_the_history_is_new_in_the_list(kinds):
    app = start("timeline")
    best = movie_id(shown_titles(app)[0])
    app.selectbox(key="add_movie").select(best).run()
    app.button(key=f"remove_{best}").click().run()
    first = rows(app)[0]
    assert (first["movie_id"], first["move"]["sign"]) == (best, "new")
    assert first["move"]["tooltip"] == "New here: it was in the history"


# ---- filters, diversity, files


def test_popularity_narrows_the_list(kinds):
    app = start("timeline")
    everything = set(shown_titles(app))
    app.select_slider(key="filter_fame").set_value((4, 4)).run()
    assert not app.exception
    caption = next(caption.value for caption in app.main.caption if "each in Demo world" in caption.value)
    # 1,350 movies, of which 5 % have more ratings than the rest
    assert 60 <= int(caption.split()[0]) <= 68
    assert "blockbusters" in captions(app)
    blockbusters = set(shown_titles(app))
    app.select_slider(key="filter_fame").set_value((0, 0)).run()
    assert not blockbusters & set(shown_titles(app))
    app.select_slider(key="filter_fame").set_value((0, 4)).run()
    assert set(shown_titles(app)) == everything


def test_popularity_without_the_ratings_to_count(kinds, monkeypatch):
    def gone(dataset):
        raise DatasetError("ratings.dat is missing; get it again")

    app = start("rating-only")
    monkeypatch.setattr(recommender, "load", gone)
    app.select_slider(key="filter_fame").set_value((0, 0)).run()
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


def test_a_model_that_names_the_next_movie_offers_three_orders_and_others_none(kinds):
    assert start("timeline").segmented_control(key="order").options == ["By rating", "Likely next", "Both"]
    for other in ("classic", "rating-only"):
        app = start(other)
        assert not app.exception
        assert "order" not in [control.key for control in app.segmented_control]
        assert not any("next" in row for row in rows(app))
        assert "rated next" not in captions(app)


def test_each_row_shows_the_distribution_whose_mean_is_the_expected_rating(kinds):
    app = start("timeline")
    for row, expected in zip(rows(app), ratings(app), strict=True):
        assert sum(row["bars"]) == pytest.approx(1, abs=1e-4)
        assert sum(stars * p for stars, p in enumerate(row["bars"], start=1)) == pytest.approx(expected, abs=0.006)
        assert f"5 ★ {row['bars'][4]:.0%}" in row["bars_tooltip"]
    assert not any("bars" in row for row in rows(start("classic")))


def test_ordering_by_likely_next(kinds):
    app = start("timeline")
    by_rating = shown_titles(app)
    app.segmented_control(key="order").select("next").run()
    assert not app.exception
    shares = [row["next_share"] for row in rows(app)]
    assert shares[0] == 1
    assert shares == sorted(shares, reverse=True)
    assert shown_titles(app) != by_rating
    assert shown_list(app)["by"] == ["next"], "the number that the list is ordered by stands out"
    sentence = headline(app)
    assert sentence.startswith(f"After 5 movies, this visitor most likely watches {shown_titles(app)[0]} next (")
    assert rows(app)[0]["next"] in sentence
    assert f"the model expects {ratings(app)[0]:.1f} ★" in sentence
    assert "rated next in the simulation: nobody watched a film" in captions(app)


def test_ordering_by_both_weighs_the_two_chances(kinds):
    app = start("timeline")
    app.segmented_control(key="order").select("blend").run()
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
    app.segmented_control(key="order").select("next").run()
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
    app.segmented_control(key="order").select("next").run()
    app.button(key="start_empty").click().run()
    assert not app.exception
    assert headline(app).startswith("With an empty history, this visitor most likely watches ")


def test_any_movie_of_a_timeline_model_has_its_distribution_and_its_chances(kinds):
    app = start("timeline")
    best = rows(app)[0]
    app.selectbox(key="any_movie_demo").select(best["movie_id"]).run()
    assert not app.exception
    expected, liked, following = app.metric
    assert expected.value == best["rating"]
    assert (liked.label, liked.value) == ("4 ★ or more", f"{sum(best['bars'][3:]):.0%}")
    assert following.value == best["next"]
    assert any("The chance that they watch it next: **" in text.value for text in app.markdown)
    assert any("Rank **1** of 1,350" in text.value for text in app.markdown)
    (alt_text,) = chart_words(app)
    assert alt_text.startswith(f"How likely each rating of {best['title']} is: 1 stars ")
    assert "5 stars" in alt_text


def test_a_seen_movie_cannot_be_the_next(kinds):
    app = start("timeline")
    app.selectbox(key="any_movie_demo").select(movie_id("Alien (1979)")).run()
    assert app.metric[2].value == "seen"
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
