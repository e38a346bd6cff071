"""The Replay page: whose ratings are replayed, what each step shows, and how it plays."""

import json
import shutil

import numpy as np
import pytest

from bst.datasets import load, load_movies
from bst.inference.ranking import RankOptions
from bst.inference.recommender import Recommender
from bst.settings import get_settings
from bst.text import percent
from tests.app.conftest import captions, chart_words, headline, shown_list, shown_strip, shown_titles, start, trigger

pytestmark = pytest.mark.timeout(180)
PAGE = "pages/replay/replay.py"
HELD_OUT = sorted(np.random.default_rng(0).permutation(2000)[:200].tolist())
TITLES = load_movies("demo").set_index("movie_id")["title"].to_dict()


@pytest.fixture(scope="module")
def dataset():
    return load("demo")


@pytest.fixture(scope="module")
def folder(kinds_dir, tmp_path_factory):
    """The small models; those of timelines claim to be trained on the 2,000 users of the demo world."""
    folder = shutil.copytree(kinds_dir, tmp_path_factory.mktemp("replayed"), dirs_exist_ok=True)
    for file in folder.glob("*/bundle.json"):
        metadata = json.loads(file.read_text("utf-8"))
        if metadata["config"]["preset"] == "timeline":
            metadata["sizes"]["users"] = 2000
            file.write_text(json.dumps(metadata), "utf-8")
    return folder


@pytest.fixture
def kinds(folder, override_settings):
    """Let the app see those, and no others."""
    override_settings(bundles=folder)


def open_page(bundle: str, **state):
    app = start(bundle)
    for name, value in state.items():
        app.session_state[name] = value
    app.switch_page(PAGE).run()
    assert not app.exception
    return app


def shown_replay(app):
    """The replay that the page shows."""
    (scene,) = app.session_state["cached_replay"].values()
    return scene.replay


def timeline(dataset, user: int) -> list[tuple[str, float]]:
    rated = dataset.ratings[dataset.ratings["user"] == user].sort_values("timestamp", kind="stable")
    ids = dataset.movies["movie_id"].to_numpy()
    return [(TITLES[int(ids[m])], float(r)) for m, r in zip(rated["movie"], rated["rating"], strict=True)]


def page_text(app) -> str:
    return " ".join(text.value for text in app.markdown).replace("\\", "")


def test_a_newcomer_sees_a_user_at_a_quarter_of_the_steps(kinds):
    app = open_page("timeline")
    user, step = app.session_state["replay_user"], app.session_state["replay_step"]
    assert user in HELD_OUT
    total = len(shown_replay(app).actual)
    assert 30 <= total <= 80
    assert step == total // 4
    assert headline(app).startswith(f"After {step} of {total} movies, the model is off by ")
    assert headline(app).count("stars on average; the item mean by ") == 1
    assert len(app.selectbox(key="replay_picker").options) == 200
    assert "These users are simulated" in captions(app)


def test_each_step_shows_the_expected_and_the_given_rating(kinds, dataset):
    user = HELD_OUT[3]
    events = timeline(dataset, user)
    assert len(events) > 12
    app = open_page("timeline", replay_user=user, replay_step=12)
    replay = shown_replay(app)
    assert [event.rating for event in replay.visitor.history] == [stars for _, stars in events[:200]]
    ours = np.abs(replay.predicted[:12] - replay.actual[:12]).mean()
    theirs = np.abs(replay.item_mean[:12] - replay.actual[:12]).mean()
    sentence = f"the model is off by {ours:.2f} stars on average; the item mean by {theirs:.2f}"
    assert sentence in headline(app)
    title, stars = events[12]
    candidate = shown_strip(app)["candidate"]
    assert (candidate["lead"], candidate["label"]) == ("Next, they rated", title)
    outcome = candidate["value"].replace("\N{NO-BREAK SPACE}", " ")
    assert outcome.startswith(f"They gave {stars:.0f} ★. The model expected {replay.predicted[12]:.1f} ★")
    first, second = chart_words(app)
    assert first.startswith("Stars expected and given, movie by movie. The latest: ")
    assert first.endswith(f"{events[11][0]}: expected {replay.predicted[11]:.1f}, given {events[11][1]:.0f}")
    assert f"after 12 movies, model {ours:.2f} stars, item mean {theirs:.2f} stars" in second


def test_the_list_as_it_was_then_marks_what_they_rated_later(kinds, dataset):
    user = HELD_OUT[3]
    events = timeline(dataset, user)
    app = open_page("timeline", replay_user=user, replay_step=5, replay_order="next")
    rows = shown_list(app)["rows"]
    seen, later = [title for title, _ in events[:5]], dict(events[5:])
    titles = shown_titles(app)
    assert not set(seen) & set(titles)
    positions = {title: position for position, (title, _) in enumerate(events[5:], start=1)}
    wanted = [
        f"✓ {later[title]:.0f} ★ {'next' if positions[title] == 1 else f'after {positions[title] - 1} more'}"
        if title in later
        else ""
        for title in titles
    ]
    assert [row["note"] for row in rows] == wanted
    hits = sum(title in later for title in titles)
    assert f"{hits} of these 10 are among the {len(events) - 5} movies that they rated later." in captions(app)
    replay, recommender = shown_replay(app), Recommender.load(get_settings().bundles / "timeline")
    then = [row.title for row in recommender.rank(replay.at(5), 10, RankOptions(order="next"))]
    assert titles == then
    app.segmented_control(key="replay_order_choice").select("rating").run()
    assert not app.exception
    then = recommender.rank(replay.at(5), 10, RankOptions(order="rating"))
    assert shown_titles(app) == [row.title for row in then]
    assert [row["rating"] for row in shown_list(app)["rows"]] == [f"{row.expected_rating:.2f} ★" for row in then]


def test_the_list_is_for_this_user_unless_another_order_is_chosen(kinds):
    app = open_page("timeline", replay_user=HELD_OUT[3], replay_step=5)
    assert app.segmented_control(key="replay_order_choice").value == "like"
    replay, recommender = shown_replay(app), Recommender.load(get_settings().bundles / "timeline")
    then, rows = recommender.rank(replay.at(5), 10), shown_list(app)
    assert shown_titles(app) == [row.title for row in then]
    assert rows["by"] == ["like"]
    assert [row["like"] for row in rows["rows"]] == [percent(row.will_like) for row in then]
    app.segmented_control(key="replay_order_choice").select("next").run()
    assert shown_list(app)["by"] == ["next"]


def test_going_from_step_to_step(kinds):
    app = open_page("timeline", replay_user=HELD_OUT[3], replay_step=2)
    app.button(key="replay_on").click().run()
    assert headline(app).startswith("After 3 of ")
    app.slider(key="replay_slider").set_value(0).run()
    assert headline(app).startswith("Before the first of ")
    assert app.button(key="replay_back").disabled
    total = shown_replay(app).steps
    app.slider(key="replay_slider").set_value(total).run()
    assert not app.exception
    assert app.button(key="replay_on").disabled
    assert shown_strip(app)["candidate"]["lead"].startswith("That was the last movie.")


def test_the_strip_grows_with_each_step_and_shows_where_the_model_looked(kinds, dataset):
    user = HELD_OUT[3]
    events = timeline(dataset, user)
    app = open_page("timeline", replay_user=user, replay_step=0)
    strip = shown_strip(app)
    assert [frame["id"] for frame in strip["frames"]] == ["rest"]
    assert strip["frames"][0]["weights"] == [1] * 5, "with no history there is nothing else to look at"
    for step in (1, 2):
        app.button(key="replay_on").click().run()
        strip = shown_strip(app)
        assert strip["candidate"]["label"] == events[step][0]
        assert [frame["label"].split(", rated ")[0] for frame in strip["frames"][1:]] == [t for t, _ in events[:step]]
    replay, recommender = shown_replay(app), Recommender.load(get_settings().bundles / "timeline")
    movie = replay.visitor.history[2].movie_id
    weights = recommender.attention(replay.at(2), movie)
    for i, frame in enumerate(strip["frames"][1:]):
        assert frame["weights"][1:] == pytest.approx(weights.to_events[:, i].tolist())
        without = replay.at(2).without(replay.visitor.history[i].movie_id)
        effect = float(np.subtract(*(recommender.expected_ratings(who, [movie])[0] for who in (replay.at(2), without))))
        assert frame["direction"] == ("none" if abs(effect) < 0.03 else "up" if effect > 0 else "down")


def test_playing_makes_a_step_when_the_browser_has_shown_one_and_pauses_at_the_end(kinds):
    app = open_page("timeline", replay_user=HELD_OUT[3], replay_step=0)
    total = shown_replay(app).steps
    app.session_state["replay_step"] = total - 2
    app.run()
    assert shown_strip(app)["playing"] is None
    app.button(key="replay_play").click().run()
    assert app.button(key="replay_play").label == "Pause"
    assert app.session_state["replay_step"] == total - 2, "not before it was seen"
    assert shown_strip(app)["playing"]["step"] == total - 2

    def shown(step):
        trigger(app, "replay_strip", "shown", step)
        assert not app.exception
        return app.session_state["replay_step"]

    assert shown(total - 2) == total - 1
    assert shown(total - 2) == total - 1, "told twice"
    assert app.button(key="replay_play").label == "Pause"
    assert shown(total - 1) == total
    assert app.button(key="replay_play").label == "Play"
    # from the beginning again
    app.button(key="replay_play").click().run()
    assert app.session_state["replay_step"] == 0
    app.button(key="replay_play").click().run()
    assert app.button(key="replay_play").label == "Play"
    # whoever went away meanwhile finds it paused
    app.button(key="replay_play").click().run()
    app.session_state["replay_stepped_at"] -= 100
    app.run()
    assert app.button(key="replay_play").label == "Play"


def test_a_slider_that_lags_behind_does_not_pause(kinds):
    app = open_page("timeline", replay_user=HELD_OUT[3], replay_step=6)
    app.button(key="replay_play").click().run()
    app.slider(key="replay_slider").set_value(5).run()
    assert (app.session_state["replay_step"], app.session_state["replay_playing"]) == (6, True)
    # a slider that was moved further counts
    app.slider(key="replay_slider").set_value(20).run()
    assert (app.session_state["replay_step"], app.session_state["replay_playing"]) == (20, False)


def test_another_user_starts_at_the_beginning(kinds):
    app = open_page("timeline", replay_user=HELD_OUT[3], replay_step=6)
    app.button(key="replay_another").click().run()
    assert not app.exception
    other = app.session_state["replay_user"]
    assert other in HELD_OUT
    assert other != HELD_OUT[3]
    assert app.session_state["replay_step"] == 0
    app.selectbox(key="replay_picker").select(HELD_OUT[7]).run()
    assert shown_replay(app).user == HELD_OUT[7]


def test_any_state_shows_a_held_out_user_at_a_valid_step(kinds):
    app = open_page("timeline")
    for user in (-5, 10**9, "7", None, True, HELD_OUT[0] + 0.5, HELD_OUT[0] + 1, HELD_OUT[3]):
        app.session_state["replay_user"] = user
        app.session_state["replay_order"] = "nonsense"
        app.run()
        assert not app.exception
        assert app.session_state["replay_user"] in HELD_OUT
    for step in (-3, 10**9, "x", None, 2.5, True):
        app.session_state["replay_step"] = step
        app.run()
        assert not app.exception
        assert 0 <= app.session_state["replay_step"] <= shown_replay(app).steps


def test_a_model_without_held_out_users_says_so_and_offers_others(kinds):
    app = open_page("classic")
    assert headline(app) == "This model has seen every user"
    assert "protocol “windows”, which holds out single ratings but no whole user" in page_text(app)
    offered = [button.key for button in app.button if str(button.key).startswith("replay_with_")]
    assert sorted(offered) == ["replay_with_rating-only", "replay_with_timeline"]
    app.button(key="replay_with_rating-only").click().run()
    assert not app.exception
    assert headline(app).startswith("After ")
    # a model without a next and a like tower has one order
    assert not app.segmented_control


def test_a_dataset_with_other_users_than_were_trained_on(kinds_dir, override_settings):
    override_settings(bundles=kinds_dir)
    app = open_page("timeline")
    assert headline(app) == "This model has seen every user"
    assert "has other users here, so it is unknown whom the model has not seen" in page_text(app)


def test_a_model_of_the_next_movie_alone(kinds):
    assert headline(open_page("next-only")) == "This model predicts no ratings"
