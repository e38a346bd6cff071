"""The state of the app: undo and redo of both visitors, the address, and links that others open."""

import base64
import json
import random
import zlib
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bst.datasets import load_movies
from bst.datasets.catalogue import Catalogue
from bst.domain import Domain
from bst.schema import WHOLE_STARS, Event, Visitor
from pages.shared import streamlit_private
from pages.shared.state import link, visitor_state
from pages.shared.state.link import State, decode, encode
from pages.shared.widgets import toolbar
from pages.what_if import sweep
from tests.app.conftest import edit, headline, start, visitor

MOVIES = load_movies("demo")
IDS = MOVIES["movie_id"].tolist()


def movie_id(title: str) -> int:
    return int(MOVIES.loc[MOVIES["title"] == title, "movie_id"].item())


ALIEN, CASABLANCA, TOY_STORY = (movie_id(t) for t in ("Alien (1979)", "Casablanca (1942)", "Toy Story (1995)"))

# ---- both visitors, without pages


@pytest.fixture
def session():
    with fresh_session() as patched:
        yield patched


def fresh_session() -> pytest.MonkeyPatch:
    """A session of its own on the demo world, without a page."""
    patch = pytest.MonkeyPatch()
    patch.setattr("streamlit.session_state", {})
    bundle = SimpleNamespace(name="demo", dataset="demo", dataset_title="Demo world", levels=WHOLE_STARS)
    catalogue = Catalogue(MOVIES)
    patch.setattr(visitor_state.chosen_model, "bundle", lambda: bundle)
    patch.setattr(visitor_state.resources, "catalogue", lambda dataset: catalogue)
    return _Session(patch)


class _Session:
    def __init__(self, patch: pytest.MonkeyPatch):
        self.patch = patch

    def __enter__(self) -> pytest.MonkeyPatch:
        return self.patch

    def __exit__(self, *_):
        self.patch.undo()


def test_the_copy_follows_the_visitor_until_it_is_changed(session):
    assert visitor_state.current("b") == visitor_state.current()
    visitor_state.replace(Visitor({"sex": "M"}))
    assert visitor_state.current("b") == Visitor({"sex": "M"})
    visitor_state.replace(Visitor({"sex": "M", "age": 25}), "b")
    visitor_state.replace(Visitor())
    assert visitor_state.current("b") == Visitor({"sex": "M", "age": 25})
    visitor_state.reset_copy()
    assert visitor_state.current("b") == Visitor()
    visitor_state.replace(Visitor({"sex": "F"}))
    assert visitor_state.current("b") == Visitor({"sex": "F"})
    visitor_state.undo("b")
    assert visitor_state.current("b") == Visitor({"sex": "M", "age": 25})


def test_each_visitor_has_changes_of_their_own(session):
    visitor_state.add(IDS[50])
    visitor_state.add(IDS[60], "b")
    visitor_state.undo()
    assert visitor_state.current() == visitor_state.newcomer()
    assert [event.movie_id for event in visitor_state.current("b").history[-2:]] == [IDS[50], IDS[60]]
    visitor_state.undo("b")
    assert visitor_state.current("b") == visitor_state.newcomer()


def test_promoting_the_copy_is_one_change_of_the_visitor(session):
    before = visitor_state.current()
    visitor_state.replace(Visitor({"age": 56}), "b")
    visitor_state.promote_copy()
    assert visitor_state.current() == visitor_state.current("b") == Visitor({"age": 56})
    visitor_state.undo()
    assert (visitor_state.current(), visitor_state.current("b")) == (before, Visitor({"age": 56}))


def test_swapping_changes_both(session):
    a, b = visitor_state.current(), Visitor({"age": 56})
    visitor_state.replace(b, "b")
    visitor_state.swap()
    assert (visitor_state.current(), visitor_state.current("b")) == (b, a)
    visitor_state.swap()
    assert (visitor_state.current(), visitor_state.current("b")) == (a, b)
    visitor_state.undo()
    visitor_state.undo("b")
    assert (visitor_state.current(), visitor_state.current("b")) == (b, a)


def test_the_state_before_the_latest_step_is_known(session):
    assert visitor_state.previous() is None
    first = visitor_state.current()
    visitor_state.replace(Visitor())
    assert visitor_state.previous() == first
    visitor_state.replace(Visitor())
    assert visitor_state.previous() == first
    visitor_state.undo()
    assert visitor_state.previous() == Visitor()


def test_changes_are_described(session):
    visitor_state.replace(visitor_state.current().rated(ALIEN, 2.0))
    visitor_state.replace(visitor_state.current().without(TOY_STORY))
    assert [toolbar.change_text("a", position) for position in range(3)] == [
        "the start",
        "rated Alien (1979) 5 → 2",
        "removed Toy Story (1995)",
    ]
    visitor_state.replace(visitor_state.current().rated(ALIEN, 4.0), "b")
    visitor_state.reset_copy()
    assert [toolbar.change_text("b", position) for position in range(3)] == [
        "the same as the visitor",
        "rated Alien (1979) 2 → 4",
        "the same as the visitor again",
    ]


steps = st.tuples(st.sampled_from("ab"), st.sampled_from(["rate", "move", "add", "drop", "sex", "none", "same"]))


@settings(deadline=None, max_examples=60)
@given(st.lists(steps, max_size=40), st.integers(0, 9))
def test_any_changes_and_as_many_undos_give_the_same_visitors(steps, seed):
    rng = random.Random(seed)
    with fresh_session():
        begin = visitor_state.current()
        for slot, what in steps:
            now = visitor_state.current(slot)
            ids = [event.movie_id for event in now.history] or [IDS[0]]
            if what == "rate":
                visitor_state.replace(now.rated(rng.choice(ids), float(rng.randint(1, 5))), slot)
            elif what == "move":
                visitor_state.replace(now.moved(rng.choice(ids), rng.randint(-3, 3)), slot)
            elif what == "add":
                visitor_state.add(rng.choice(IDS), slot)
            elif what == "drop":
                visitor_state.replace(now.without(rng.choice(ids)), slot)
            elif what == "sex":
                visitor_state.replace(Visitor({"sex": rng.choice(["F", "M", None])}, history=now.history), slot)
            elif what == "same":
                visitor_state.reset_copy()
            else:
                visitor_state.replace(now, slot)
        ends = visitor_state.current(), visitor_state.current("b")
        taken = {slot: visitor_state.changes(slot).position for slot in "ab"}
        for slot in "ab":
            for _ in range(taken[slot]):
                visitor_state.undo(slot)
        assert visitor_state.current() == visitor_state.current("b") == begin
        for slot in "ab":
            for _ in range(taken[slot]):
                visitor_state.redo(slot)
        assert (visitor_state.current(), visitor_state.current("b")) == ends


# ---- with pages


def history(app) -> list[tuple[int, float]]:
    return [(event.movie_id, event.rating) for event in visitor(app).history]


def listed(app) -> list[str]:
    """The list of changes, newest first, without its icons."""
    return [option.replace("\\", "").split(": ", 1)[1] for option in app.menu_button(key="jump").options]


def open_link(text: str, page: str | None = None):
    """Open a link in a new browser."""
    app = start(parameters={"s": text})
    return app.switch_page(page).run() if page else app


@pytest.mark.timeout(300)
def test_undo_redo_jump_and_reset_on_the_page(kinds):
    app = start("timeline")
    assert app.button(key="undo").disabled
    assert app.button(key="redo").disabled
    assert app.button(key="reset").disabled
    first = history(app)
    sentence = headline(app)
    edit(app, ALIEN, "rate", 1)
    edit(app, TOY_STORY, "remove")
    assert [event[0] for event in history(app)].count(TOY_STORY) == 0
    assert app.button(key="undo").help == "Undo\\: removed Toy Story \\(1995\\) \\(Ctrl\\+Z\\)"
    assert listed(app) == ["2. **Now:** removed Toy Story (1995)", "1. rated Alien (1979) 5 → 1", "0. the start"]

    app.button(key="undo").click().run()
    assert (ALIEN, 1.0) in history(app)
    assert TOY_STORY in [event[0] for event in history(app)]
    assert listed(app)[:2] == ["2. Undone: removed Toy Story (1995)", "1. **Now:** rated Alien (1979) 5 → 1"]
    app.button(key="redo").click().run()
    assert TOY_STORY not in [event[0] for event in history(app)]
    app.menu_button(key="jump").click(0).run()
    assert history(app) == first
    assert headline(app) == sentence
    app.menu_button(key="jump").click(2).run()
    app.button(key="reset").click().run()
    assert history(app) == first
    app.button(key="undo").click().run()
    assert TOY_STORY not in [event[0] for event in history(app)]
    assert not app.exception


@pytest.mark.timeout(300)
def test_a_link_opens_just_what_was_on_the_screen(kinds):
    app = start("timeline")
    assert "s" not in app.query_params
    edit(app, ALIEN, "rate", 1).run()
    app.selectbox(key="visitor_sex").select(None).run().run()
    app.segmented_control(key="order_choice").select("next").run()
    app.multiselect(key="filter_genres").set_value(["Drama", "Comedy"]).run()
    app.slider[0].set_value((1960, 2000)).run()
    app.segmented_control(key="length").select(25).run()
    sent = address_of(app)
    assert "bundle" not in app.query_params
    assert any(sent in code.value for code in app.code)
    assert len(sent) < 200

    other = open_link(sent)
    assert not other.exception
    assert headline(other) == headline(app)
    assert other.segmented_control(key="length").value == 25
    assert history(other) == history(app)
    assert other.selectbox(key="bundle").value == "timeline"
    assert other.selectbox(key="visitor_sex").value is None
    assert other.multiselect(key="filter_genres").value == ["Drama", "Comedy"]
    assert not other.toast
    assert address_of(other) == sent
    # going on from there: nothing to undo yet, and the settings are still those of the link elsewhere
    assert other.button(key="undo").disabled
    other.switch_page("pages/why/why.py").run()
    assert decode(address_of(other)).settings["order"] == "next"
    other.switch_page("pages/recommend/recommend.py").run()
    assert headline(other) == headline(app)


def address_of(app) -> str:
    return app.query_params["s"][0] if isinstance(app.query_params["s"], list) else app.query_params["s"]


@pytest.mark.timeout(300)
def test_an_old_address_does_not_undo_later_changes(kinds, monkeypatch):
    app = start("timeline")
    edit(app, ALIEN, "rate", 1)
    old = address_of(app)
    edit(app, TOY_STORY, "remove")
    newest = address_of(app)
    # a browser that was too busy to notice the new address sends the old one along with the next click
    app.query_params["s"] = old
    edit(app, CASABLANCA, "rate", 1)
    assert TOY_STORY not in [event[0] for event in history(app)]
    assert (CASABLANCA, 1.0) in history(app)

    # Back is different: the address counts, and its state is found among the changes
    monkeypatch.setattr(streamlit_private, "is_history_navigation", lambda: True)
    for text, changed in ((newest, 3.0), (old, 3.0)):
        app.query_params["s"] = text
        app.run()
        assert dict(history(app))[CASABLANCA] == changed
    assert TOY_STORY in [event[0] for event in history(app)]
    assert not app.button(key="redo").disabled
    del app.query_params["s"]
    app.query_params["bundle"] = "timeline"
    app.run()
    assert visitor(app) == Visitor({"sex": "F", "age": 25, "occupation": "artist"}, visitor(app).history)
    assert dict(history(app))[ALIEN] == 5.0
    assert "s" not in app.query_params


@pytest.mark.timeout(600)
def test_links_that_cannot_be_opened_say_so_and_the_app_goes_on(kinds):
    good = encode(State("timeline", Visitor({"age": 1}, history=(Event(ALIEN, 2.0),))))
    for text, word in (
        ("", "damaged"),
        ("garbage", "damaged"),
        (good[:-8], "damaged"),
        ("7" + good[1:], "another version"),
        ("1." + "A" * 1_000_000, "far too long"),
        (encode(State("no *such* model")), "The model of this link, no *such* model, is not on this computer"),
        (encode(State("no\nsuch\x03model")), "The model of this link, no such model, is not on this computer"),
    ):
        app = open_link(text)
        assert not app.exception
        (notice,) = app.toast
        assert word in notice.value.replace("\\", "")
        assert "opened as it does for a newcomer" in notice.value
        assert len(history(app)) == 5
        assert "s" not in app.query_params


@pytest.mark.timeout(300)
def test_a_link_with_unknown_movies_and_odd_ratings_says_what_it_lost(kinds):
    app = open_link(
        encode(State("timeline", Visitor(history=(Event(10**6, 4.0), Event(ALIEN, 2.5), Event(10**7, 1.0)))))
    )
    assert not app.exception
    assert history(app) == [(ALIEN, 3.0)]
    notice = app.toast[0].value.replace("\\", "")
    assert notice.startswith(
        "2 movies of the link are not in this dataset and were left out. 1 rating of the link was rounded"
    )


@pytest.mark.timeout(300)
def test_a_former_link_opens_a_list_by_rating_as_it_was(kinds):
    """Version 1, written when lists were ordered by rating unless something else was said."""
    packed = zlib.compress(json.dumps(["timeline", [None, None, None, [ALIEN], "a"]]).encode())
    app = open_link(f"1.{base64.urlsafe_b64encode(packed).rstrip(b'=').decode()}")
    assert not app.exception
    assert not app.toast
    assert history(app) == [(ALIEN, 5.0)]
    assert app.segmented_control(key="order_choice").value == "rating"
    assert headline(app).startswith("After 1 movie, the model expects this visitor to ")
    # a newcomer's list is for this visitor
    assert start("timeline").segmented_control(key="order_choice").value == "like"


@pytest.mark.timeout(300)
def test_a_link_carries_the_copy_of_what_if_and_the_movie_asked_about(kinds):
    a, b = (
        Visitor(history=(Event(ALIEN, 2.0),)),
        Visitor({"sex": "M"}, history=(Event(ALIEN, 4.0), Event(CASABLANCA, 1.0))),
    )
    app = open_link(encode(State("timeline", a, b, {"asked_about": TOY_STORY})), "pages/why/why.py")
    assert not app.exception
    assert (visitor(app), visitor(app, slot="b")) == (a, b)
    assert app.selectbox(key="why_choice").value == TOY_STORY
    assert decode(address_of(app)) == State("timeline", a, b, {"asked_about": TOY_STORY})


@pytest.mark.timeout(300)
def test_every_setting_comes_through_a_link_and_stays(kinds):
    settings = {
        "order": "blend",
        "popularity_weight": 40,
        "blend_weight": 35,
        "diversity": 20,
        "filter_genres": ("Drama", "Comedy"),
        "filter_years": (1950, 1999),
        "filter_popularity": (1, 3),
        "filter_seen": True,
        "for_anyone": True,
        "list_view": "rows",
        "length": 50,
        "any_movie": CASABLANCA,
        "asked_about": TOY_STORY,
        "what_if_view": "sweep",
        "compare_by": "next",
        "sweep_parameter": "position",
        "sweep_event": ALIEN,
        "sweep_movies": (CASABLANCA, TOY_STORY),
        "goal_movie": CASABLANCA,
        "goal_kind": "stars",
        "goal_above": False,
        "goal_top": 7,
        "goal_stars": 3.3,
        "other_model": "rating-only",
        "models_movie": ALIEN,
        "replay_user": 12,
        "replay_step": 3,
        "replay_order": "rating",
        "why_of": "b",
        "why_measure": "liked",
        "why_order": "time",
        "why_part": "heads",
    }
    assert settings.keys() == link.SETTINGS.keys()
    state = State("timeline", Visitor(history=(Event(IDS[0], 2.0), Event(ALIEN, 4.0))), None, settings)
    app = open_link(encode(state))
    for page in (None, "pages/what_if/what_if.py", "pages/why/why.py", "pages/recommend/recommend.py"):
        if page:
            app.switch_page(page).run()
        assert not app.exception
        assert not app.toast
        assert decode(address_of(app)) == state
    assert app.slider(key="blend_weight").value == 35
    assert app.select_slider(key="filter_popularity").value == (1, 3)
    assert app.selectbox(key="any_movie_demo").value == CASABLANCA


@pytest.mark.timeout(300)
def test_a_link_waits_for_the_dataset_that_its_model_needs(kinds, tmp_path, override_settings):
    path = kinds / "classic" / "bundle.json"
    original = path.read_text("utf-8")
    try:
        path.write_text(json.dumps(json.loads(original) | {"dataset": "ml-100k", "dataset_title": "ML 100K"}), "utf-8")
        override_settings(data=tmp_path, project_data=tmp_path / "data")
        text = encode(State("classic", Visitor(history=(Event(ALIEN, 2.0),))))
        app = open_link(text)
        assert headline(app) == "This model cannot be used yet"
        assert address_of(app) == text
    finally:
        path.write_text(original, "utf-8")
    start("timeline")  # verifies the models again, as after a download
    app.run()
    assert not app.exception
    assert history(app) == [(ALIEN, 2.0)]


def test_a_newcomers_address_stays_clean_and_a_lone_model_name_works(kinds):
    app = start()
    assert app.selectbox(key="bundle").value == "classic"
    assert not app.query_params
    app = start("timeline")
    assert app.selectbox(key="bundle").value == "timeline"
    assert list(app.query_params) == ["bundle"]
    app.button(key="start_empty").click().run()
    assert decode(address_of(app)) == State("timeline", Visitor())
    app.button(key="undo").click().run()
    assert list(app.query_params) == ["bundle"]


def test_links_know_all_settings_that_can_be_varied():
    assert tuple(sweep.parameters(Domain())) == link.SWEEPS


# ---- who can open a link


@pytest.mark.parametrize(
    ("host", "listens", "text"),
    [
        ("localhost", "localhost", "on this computer only"),
        ("127.0.0.1", "127.0.0.1", "on this computer only"),
        ("localhost", "0.0.0.0", "replace localhost with this computer’s name"),
        ("localhost", None, "replace localhost with this computer’s name"),
        ("films.example.org", "localhost", "for everybody who can open this app"),  # behind a proxy
    ],
)
def test_share_says_who_can_open_a_link(host, listens, text, monkeypatch):
    monkeypatch.setattr(toolbar.st, "get_option", lambda name: {"server.address": listens}[name])
    assert text in toolbar.reach(f"http://{host}:8501/?bundle=demo")
