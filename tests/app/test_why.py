"""Why: what moved a prediction, what could be changed about it, and what the page shows where little is known."""

import json
import re
from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from bst.bundles.bundle import open_bundle
from bst.datasets import load_movies
from bst.explanation.agreement import spearman
from bst.explanation.insights import save_insights
from bst.inference.recommender import Recommender
from bst.schema import Event, Visitor
from bst.text import percent
from bst.what_if.edits import Drop, Rate, SetDemographic
from pages.why import contributions
from tests.app.conftest import captions, chart_words, headline, set_visitor, shown_strip, start, visitor
from tests.insights import insights_record, spread

pytestmark = pytest.mark.timeout(300)

IDS = load_movies("demo")["movie_id"].tolist()


def why(bundle: str, who: Visitor | None = None):
    app = start(bundle)
    if who is not None:
        set_visitor(app, who)
    app = app.switch_page("pages/why/why.py").run()
    assert not app.exception
    return app


@lru_cache
def recommender(folder) -> Recommender:
    return Recommender.load(folder)


def shown(app) -> dict[str, str]:
    """The bars of the first picture: label → text of its values, in the order of the rows."""
    words = chart_words(app)[0].split(": ", 1)[1]
    # "Sex: female" has a colon of its own; a label ends where a figure begins
    rows = (re.match(r"(.*?) ((?:[▲▼±] |looked at ).*)$", row).groups() for row in words.split("; "))
    return dict(rows)


def effect(text: str) -> float:
    sign, value = re.match(r"([▲▼±]) ([\d.]+) ★", text).groups()
    return -float(value) if sign == "▼" else float(value)


@pytest.mark.parametrize("bundle", ["timeline", "classic"])
def test_the_page_leads_with_what_moved_the_rating_most_and_every_way_to_change_it(kinds, bundle):
    app = why(bundle)
    who, movie = visitor(app), app.selectbox(key="why_choice").value
    model = recommender(kinds / bundle)
    events = model.read_events(who)
    expected = model.expected_ratings(who, [movie])[0]
    without = {event: model.expected_ratings(who.without(event.movie_id), [movie])[0] for event in events}

    # every event that is read has its row, with what leaving it out changes
    rows = shown(app)
    for event in events:
        (label,) = [name for name in rows if name.endswith(model.catalogue.title(event.movie_id))]
        assert f"{event.rating:g} ★ · " in label
        assert effect(rows[label]) == pytest.approx(expected - without[event], abs=0.0051)
    looks = (re.search(r"looked at (?:under )?([\d.]+)%", text) for text in rows.values())
    looked = [float(match.group(1)) for match in looks if match]
    assert sum(looked) == pytest.approx(100, abs=3)
    assert len(looked) == len(events) + 1
    if bundle == "classic":
        assert "reads the newest 3; 2 older movies of the history are not read." in captions(app)
        assert "why_measure_choice" not in [control.key for control in app.segmented_control]

    # the sentence names the strongest of all, and the first button takes it away
    title = model.catalogue.title
    parts = {row: effect(text) for row, text in rows.items() if row.split(":")[0] in ("Sex", "Age group", "Occupation")}
    strongest = max(events, key=lambda event: abs(expected - without[event]))
    if abs(expected - without[strongest]) >= max([abs(by) for by in parts.values()], default=0):
        either = f"{expected:.1f}|{expected:.2f}"
        assert re.match(rf"Expecting ({either}) ★ for {re.escape(title(movie))}, ", headline(app))
        assert f"{title(strongest.movie_id)}, rated {strongest.rating:g} ★: without it, " in headline(app)
    button = app.button(key="why_change_0")
    assert button.label.replace("\\", "") == f"Remove {title(strongest.movie_id)}"
    button.click().run()
    assert not app.exception
    assert "because" in headline(app) or title(strongest.movie_id) in headline(app)
    assert visitor(app) == who, "the visitor stays"
    assert visitor(app, slot="b") == Drop(strongest.movie_id).apply(who)
    assert app.segmented_control(key="what_if_view").value == "compare"

    # whoever comes back may look at the copy's reasons
    app.switch_page("pages/why/why.py").run()
    assert app.segmented_control(key="why_of_choice").value == "a"
    app.segmented_control(key="why_of_choice").select("b").run()
    assert not any(name.endswith(title(strongest.movie_id)) for name in shown(app))
    # and another change goes on from the copy
    other = app.button(key="why_change_0").label.replace("\\", "").removeprefix("Remove ")
    app.button(key="why_change_0").click().run()
    assert len(visitor(app, slot="b").history) == len(who.history) - 2
    assert other not in [title(event.movie_id) for event in visitor(app, slot="b").history]


def test_the_chances_have_sentences_and_bars_of_their_own(kinds):
    app = why("timeline")
    model, who, movie = recommender(kinds / "timeline"), visitor(app), app.selectbox(key="why_choice").value
    app.segmented_control(key="why_measure_choice").select("liked").run()
    liked = sum(model.recommendation(who, movie).distribution[3:])
    assert headline(app).startswith(f"A chance of {percent(liked)} that ")
    assert all("★" not in text for text in shown(app).values())
    app.segmented_control(key="why_measure_choice").select("next_logit").run()
    assert not app.exception
    assert " is next" in headline(app)
    assert "The next tower reads the history once" in shown_strip(app)["note"]
    # a seen movie is never next, nor does anybody come to like it
    app.selectbox(key="why_choice").select(who.history[0].movie_id).run()
    for measure in ("next_logit", "like_logit"):
        app.segmented_control(key="why_measure_choice").select(measure).run()
        assert not app.exception
        assert "is in the history already" in headline(app)


def test_what_they_would_come_to_like_has_odds_for_bars_and_chances_for_changes(kinds):
    app = why("timeline")
    model, who, movie = recommender(kinds / "timeline"), visitor(app), app.selectbox(key="why_choice").value
    assert app.segmented_control(key="why_measure_choice").options == [
        "Expected rating", "Would come to like", "Chance of 4–5 ★", "Watch next",
    ]  # fmt: skip
    app.segmented_control(key="why_measure_choice").select("like_logit").run()
    assert not app.exception
    logit = model.predict(who).like_logit[model.catalogue.row(movie)]
    shown_value = re.match(r"([\d.]+)% likely to watch .+ some time and like it", headline(app)).group(1)
    assert float(shown_value) == pytest.approx(100 / (1 + np.exp(-logit)), rel=0.06)
    # where the like tower looked
    looks = model.tower_attention(who, "like")
    frames = shown_strip(app)["frames"]
    assert [frame["weights"][1:] for frame in frames[1:]] == [pytest.approx(w) for w in looks.to_events.T.tolist()]
    assert "The like tower reads the history once" in shown_strip(app)["note"]
    # each bar is a factor of the odds
    without_each = [who, *(who.without(event.movie_id) for event in who.history)]
    logits = model.score_movie(without_each, movie).like_logit.astype(float)
    for event, without in zip(who.history, logits[1:], strict=True):
        (text,) = [text for name, text in shown(app).items() if name.endswith(model.catalogue.title(event.movie_id))]
        sign, factor = re.match(r"([▲▼±]) [×÷]([\d.]+)", text).groups()
        effect = logits[0] - without
        assert float(factor) == pytest.approx(np.exp(abs(effect)), rel=0.06)
        assert sign == "±" or (sign == "▲") == (effect > 0)
    # what each change makes of it is a chance
    texts = [text.value.replace("\\", "") for text in app.markdown]
    assert sum(bool(re.match(r"\*\*(under )?[\d.]+%\*\* [▲▼±]", text)) for text in texts) >= 3


def test_a_long_history_has_the_same_movies_in_strip_and_bars(kinds):
    app = why("timeline", Visitor(history=tuple(Event(i, 3.0) for i in IDS[:60])))
    titles = load_movies("demo").set_index("movie_id")["title"]
    frames = {titles[int(frame["id"].split()[1])] for frame in shown_strip(app)["frames"] if "genres" in frame}
    named = {name.removeprefix(f"{contributions.PLANTED} ").removeprefix("3 ★ · ") for name in list(shown(app))[:12]}
    assert named == frames


def asked():
    """Why is asked about a movie of lists in several orders: what is explained after each."""
    from types import SimpleNamespace

    import streamlit as st

    from pages.shared.state import explained, settings

    st.session_state["choice"] = SimpleNamespace(bundle=SimpleNamespace(dataset="demo"))
    for order in ("next", "like", None, "rating"):
        explained.request(1, order=order)
        st.text(settings.get("why_measure"))
    settings.update(why_measure="liked")
    for order in ("rating", None, "like"):
        explained.request(1, order=order)
        st.text(settings.get("why_measure"))


def test_the_list_that_leads_here_says_what_is_explained():
    shown = [text.value for text in AppTest.from_function(asked, default_timeout=60).run().text]
    # without a list what was explained last stays; another list leaves the visitor's own choice
    assert shown == ["expected", "like_logit", "like_logit", "expected", "liked", "liked", "like_logit"]


def test_ratings_and_parts_can_be_changed_too(kinds):
    app = why("timeline")
    model, who = recommender(kinds / "timeline"), visitor(app)
    labels = [app.button(key=f"why_change_{i}").label.replace("\\", "") for i in range(5)]
    number, text = next((i, label) for i, label in enumerate(labels) if label.startswith("Rate "))
    title, new, old = re.match(r"Rate (.+) (\d) instead of (\d)", text).groups()
    event = next(event for event in who.history if model.catalogue.title(event.movie_id) == title)
    assert event.rating == float(old)
    app.button(key=f"why_change_{number}").click().run()
    assert visitor(app, slot="b") == Rate(event.movie_id, float(new)).apply(who)
    # the heatmap says the same of it
    app.switch_page("pages/why/why.py").run()
    assert chart_words(app)[1].startswith("Expected rating if one movie had another rating: from ")
    hidden = next(i for i, label in enumerate(labels) if label.startswith("Hide their "))
    part = {"sex": "sex", "age group": "age", "occupation": "occupation"}[labels[hidden].removeprefix("Hide their ")]
    app.button(key=f"why_change_{hidden}").click().run()
    assert visitor(app, slot="b") == SetDemographic(part, None).apply(who)


def test_a_long_history_has_bars_for_what_matters_and_one_for_the_rest(kinds):
    app = why("timeline", Visitor(history=tuple(Event(i, 3.0) for i in IDS[:60])))
    rows = list(shown(app).items())
    assert len(rows) == 14, "twelve movies, the others, and who the visitor is"
    assert rows[12][0] == "48 other movies, added up"
    sizes = [abs(effect(text)) for _, text in rows[:12]]
    assert sizes == sorted(sizes, reverse=True)
    app.segmented_control(key="why_order").select("time").run()
    titles = load_movies("demo").set_index("movie_id")["title"]
    order = [titles[i] for i in IDS[:60]]
    named = [
        name.removeprefix(f"{contributions.PLANTED} ").removeprefix("3 ★ · ")
        for name, _ in list(shown(app).items())[:12]
    ]
    assert [order.index(name) for name in named] == sorted(order.index(name) for name in named)


@pytest.mark.parametrize("bundle", ["timeline", "classic"])
@pytest.mark.parametrize("events", [0, 1, 2])
def test_little_is_known(kinds, bundle, events):
    app = why(bundle, Visitor({"sex": "F"}, history=tuple(Event(i, 4.0) for i in IDS[:events])))
    assert headline(app).startswith("Expecting ")
    for part in ("trust", "heads", "general", "ratings"):
        app.segmented_control(key="why_part").select(part).run()
        assert not app.exception
        assert not app.error
    set_visitor(app, Visitor())
    app.run()
    assert not app.exception
    assert "Nothing is known about this visitor" in app.info[0].value
    assert "from what everybody thinks of it" in headline(app)


def test_every_head_and_every_look_between_movies_is_shown(kinds):
    app = why("timeline")
    app.segmented_control(key="why_part").select("heads").run()
    _, heads, between = chart_words(app)
    assert heads == "Attention of each of 4 heads; every head’s weights sum to 100%"
    assert between.startswith("How 6 tokens look at each other, mean of all heads")
    app.selectbox(key="why_head").select("Layer 1, head 2").run()
    assert chart_words(app)[2].endswith("layer 1, head 2")


@pytest.mark.parametrize("bundle", ["timeline", "classic"])
def test_the_strip_shows_where_each_head_looked_and_what_each_movie_does(kinds, bundle):
    app = why(bundle)
    model, who, movie = recommender(kinds / bundle), visitor(app), app.selectbox(key="why_choice").value
    strip, weights = shown_strip(app), model.attention(who, movie)
    title, events = model.catalogue.title, model.read_events(who)
    assert strip["label"] == f"Where {title(movie)} looked"
    assert [look["name"] for look in strip["looks"]] == ["Mean of all heads", *weights.heads]
    rest, *frames = strip["frames"]
    assert rest["label"] == ("Who the visitor is" if bundle == "timeline" else "The movie itself")
    assert [frame["label"].split(", rated ")[0] for frame in frames] == [title(event.movie_id) for event in events]
    for i in range(len(weights.heads)):
        assert [frame["weights"][1 + i] for frame in frames] == pytest.approx(weights.to_events[i].tolist())
        assert rest["weights"][1 + i] == pytest.approx(weights.to_rest[i])
    expected = model.expected_ratings(who, [movie])[0]
    for event, frame in zip(events, frames, strict=True):
        by = expected - model.expected_ratings(who.without(event.movie_id), [movie])[0]
        assert frame["direction"] == ("none" if abs(by) < 0.03 else "up" if by > 0 else "down")


def test_without_insights_the_page_says_how_to_get_them(kinds):
    app = why("timeline")
    app.segmented_control(key="why_part").select("general").run()
    assert app.code[0].value == "python -m bst insights --bundle timeline"


@pytest.fixture
def with_insights(kinds):
    """The timeline bundle with made-up insights."""
    insights = insights_record(spread(-0.5, 0.5), IDS[7], len(IDS))
    bundle = open_bundle(kinds / "timeline")
    save_insights(bundle, insights)
    yield insights
    (bundle.folder / "insights.json").unlink()


def test_trust_stands_beside_the_sample_and_the_controls(with_insights):
    app = why("timeline")
    rows = list(shown(app).values())[:5]
    app.segmented_control(key="why_part").select("trust").run()
    assert not app.exception
    _, faithful, agreement, causes, views = chart_words(app)
    looked = [float(re.search(r"looked at ([\d.]+)%", text).group(1)) for text in rows]
    moved = [abs(effect(text)) for text in rows]
    # figures as shown are rounded: of two that look equal either may be the larger
    breaks = [np.arange(5) * step for step in (1e-6, -1e-6)]
    possible = [spearman(np.add(looked, a), np.add(moved, b)) for a in breaks for b in breaks]
    here = re.search(r"Mean of all heads: here ([+-][\d.]+), median visitor \+0\.00", agreement).group(1)
    assert min(possible) - 0.005 <= float(here) <= max(possible) + 0.005
    assert "Uniform attention: median visitor +0.00" in agreement
    assert "Shuffled order" not in agreement, "it was not measured"
    assert faithful == (
        "Believe “Leaving movies out”, which comes first on this page; no other view does clearly better: without the "
        "2 movies that it names first, the expected rating of the movie at the top falls by 0.36 ★ on average, against "
        "0.40 ★ for “Integrated gradients”, 0.10 ★ for “Attention”, and 0.02 ★ for movies chosen at random."
    )
    assert any(text.value.replace("\\", "") == faithful for text in app.markdown), "the sentence stands above it, too"
    assert causes == (
        "Share of true causes among the first three: Leaving movies out: 61% (0.1 to 0.3 ★), 83% (0.3 ★ or more); "
        "Attention: 42% (0.1 to 0.3 ★); Guessing: 20% (0.3 ★ or more)"
    )
    assert "from 0.1 ★ on an effect counts as noticeable, from 0.3 ★ on as a reason" in captions(app)
    assert views.count(", gradients ") == len(views.split("; "))
    assert "would change by 0.17 ★" in " ".join(text.value for text in app.markdown)


def test_insights_from_before_fidelity_still_open_and_say_how_to_get_it(with_insights, kinds):
    save_insights(open_bundle(kinds / "timeline"), replace(with_insights, fidelity=None, planted=None))
    app = why("timeline")
    app.segmented_control(key="why_part").select("trust").run()
    assert not app.exception
    assert any("which view is faithful to the model cannot be shown" in info.value for info in app.info)
    assert app.code[0].value == "python -m bst insights --bundle timeline"
    agreement = chart_words(app)[1]
    assert agreement.startswith("Rank correlation of attention and effect")


def test_planted_causes_are_marked_in_the_demo_world(kinds):
    ids = load_movies("demo").set_index("title")["movie_id"]
    app = start("timeline")
    set_visitor(app, Visitor(history=(Event(int(ids["Alien (1979)"]), 5.0), Event(int(ids["Toy Story (1995)"]), 3.0))))
    app.switch_page("pages/why/why.py").run()
    app.selectbox(key="why_choice").select(int(ids["Aliens (1986)"])).run()
    marked = [name for name in shown(app) if name.startswith(contributions.PLANTED)]
    assert marked == ["◆ 5 ★ · Alien (1979)"], "the same series, and 3 stars move nothing"
    assert "◆ marks what truly moves this movie by the demo world’s own rules" in captions(app)
    app.segmented_control(key="why_part").select("trust").run()
    causes = next(
        text.value.replace("\\", "") for text in app.markdown if "What truly moves this movie most" in text.value
    )
    assert re.search(r"Alien \(1979\) \(▲ 0\.\d\d ★\)", causes)


def test_the_map_leads_to_any_movie_and_into_the_history(with_insights):
    app = why("timeline")
    app.segmented_control(key="why_part").select("general").run()
    assert not app.exception
    marked = chart_words(app)[1]
    assert marked.startswith("Map of 1,350 movies; marked: ")
    assert "Alien (1979)" in marked
    app.selectbox(key="why_map_movie_demo").select(IDS[7]).run()
    title = load_movies("demo").set_index("movie_id")["title"][IDS[7]]
    assert title in chart_words(app)[1]
    app.button(key="why_map_add").click().run()
    assert visitor(app).history[-1] == Event(IDS[7], 4.0)
    assert app.button(key="why_map_add").disabled
    app.button(key="why_map_explain").click().run()
    assert app.selectbox(key="why_choice").value == IDS[7]
    app.selectbox(key="why_map_genre").select("Western").run()
    assert not app.exception
    # the lists: what is near, and what matters in general
    tables = [json.loads(frame.value.to_json(orient="records")) for frame in app.dataframe]
    assert [len(table) for table in tables] == [10, 1]
    assert tables[1][0]["title"] == title
    assert chart_words(app)[-1] == "Genres compared with an average movie: Horror moves ×0.80, looked at ×1.20"


def test_somebody_else_may_be_explained_until_one_goes_back(kinds):
    app = why("timeline")
    mine = chart_words(app)[0]
    guest = Visitor({"sex": "M", "age": 56}, (Event(IDS[3], 5.0), Event(IDS[4], 1.0)))
    app.session_state["why_guest"] = ("demo", guest, "the user of Replay after 2 movies")
    app.run()
    assert "3 ★ · Casablanca (1942)" not in chart_words(app)[0]
    assert any("the user of Replay after 2 movies" in text.value for text in app.markdown)
    app.button(key="why_change_0").click().run()
    assert visitor(app) == guest, "what is compared in What if is them and their copy"
    assert len(visitor(app, slot="b").history) in (1, 2)
    app.switch_page("pages/why/why.py").run()
    assert chart_words(app)[0] != mine
    assert "why_guest" not in app.session_state


def test_a_movie_asked_about_one_visitor_is_not_explained_for_the_next():
    app = start("demo")
    ids = load_movies("demo").set_index("title")["movie_id"]
    app.selectbox(key="any_movie_demo").select(int(ids["Jaws (1975)"])).run()
    app.button(key="why_any").click().run()
    assert "Jaws" in headline(app)
    app.switch_page("pages/recommend/recommend.py").run()
    app.selectbox(key="add_movie").select(int(ids["Fargo (1996)"])).run()
    app.switch_page("pages/why/why.py").run()
    assert "Jaws" in headline(app), "the same visitor, after one movie more"
    app.switch_page("pages/recommend/recommend.py").run()
    app.button(key="personas").click().run()
    app.button(key="persona_film_student").click().run()
    app.switch_page("pages/why/why.py").run()
    assert not app.exception
    assert "Jaws" not in headline(app)
