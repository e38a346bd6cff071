"""Where visitors come from: made-up people, users of the dataset, a person's own ratings."""

import pytest

from bst.datasets import load_movies
from bst.errors import DatasetError
from bst.schema import Visitor
from bst.visitors.personas import PERSONAS
from pages.recommend import visitor_sources
from pages.shared import real_users
from tests.app.conftest import captions, headline, start

pytestmark = pytest.mark.timeout(180)
TITLES = load_movies("demo").set_index("movie_id")["title"].to_dict()


def current(app) -> Visitor:
    return app.session_state["changes"]["a"]["demo"].current


def watched(app) -> list[tuple[str, float]]:
    return [(TITLES[event.movie_id], event.rating) for event in current(app).history]


def undo(app) -> None:
    app.button(key="undo").click().run()


# ---- personas


def test_each_persona_becomes_the_visitor_and_can_be_undone(app):
    before = current(app)
    app.button(key="personas").click().run()
    assert [f"persona_{persona.slug}" for persona in PERSONAS] == [
        button.key for button in app.button if str(button.key).startswith("persona_")
    ]
    text = " ".join(text.value for text in app.markdown).replace("\\", "")
    assert all(persona.name in text and persona.story in text for persona in PERSONAS)
    student = next(persona for persona in PERSONAS if persona.slug == "film_student")
    app.button(key="persona_film_student").click().run()
    assert not app.exception
    assert watched(app) == list(student.watched)
    assert (
        current(app).demographic("sex"),
        current(app).demographic("age"),
        current(app).demographic("occupation"),
    ) == ("F", 18, "college/grad student")
    assert "“Film student”, a made-up person." in captions(app)
    # the dialog is closed
    assert not [button for button in app.button if str(button.key).startswith("persona_")]
    undo(app)
    assert current(app) == before
    assert "a made-up person" not in captions(app)


# ---- users


def forget_users() -> None:
    """Empty the caches that all sessions share."""
    real_users._users.clear()
    real_users._datasets.clear()


def test_a_real_user_is_one_held_out_of_training(app, monkeypatch):
    pools = []
    monkeypatch.setattr(visitor_sources.random, "choice", lambda users: pools.append(list(users)) or users[1])
    app.button(key="real_user").click().run()
    assert not app.exception
    (held_out,) = pools
    # a tenth of 2,000
    assert len(held_out) == 200
    history = current(app).history
    assert 0 < len(history) <= 300
    assert all(event.timestamp is None for event in history)
    caption = captions(app)
    assert "A simulated user of Demo world, held out of training: " in caption
    assert f"{len(history)} movies" in caption
    assert headline(app).startswith(f"After {len(history)} ")
    app.button(key="start_empty").click().run()
    assert "held out of training" not in captions(app)


def test_without_held_out_users_it_says_so(kinds):
    app = start("classic")
    app.button(key="real_user").click().run()
    assert not app.exception
    assert "A simulated user of Demo world, whom the model may have been trained on: " in captions(app)
    assert current(app).history


def test_a_dataset_that_cannot_be_read_is_an_error_on_the_page(app, monkeypatch):
    def broken(name):
        raise DatasetError("ratings.dat, line 3: the rating is *empty*; fill it in")

    before = current(app)
    forget_users()
    monkeypatch.setattr(real_users.datasets, "load", broken)
    app.button(key="real_user").click().run()
    assert not app.exception
    assert app.error[0].value.replace("\\", "") == "ratings.dat, line 3: the rating is *empty*; fill it in"
    assert current(app) == before
    app.switch_page("pages/replay/replay.py").run()
    assert not app.exception
    assert app.error[0].value.replace("\\", "").startswith("ratings.dat, line 3")
