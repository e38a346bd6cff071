"""Where visitors come from: made-up people, users of the dataset, a person's own ratings."""

import pytest

from bst.datasets import load_movies
from bst.errors import DatasetError
from bst.personas import PERSONAS
from bst.schema import Visitor
from pages.shared import real_users, visitor_sources
from tests.app.conftest import captions, headline, start

pytestmark = pytest.mark.timeout(180)
TITLES = load_movies("demo").set_index("movie_id")["title"].to_dict()

LETTERBOXD = b"""Date,Name,Year,Letterboxd URI,Rating
2024-01-01,Alien,1979,u,2
2024-01-02,Jaws,1975,u,3.5
2024-01-03,Three Colors: Red,1994,u,5
2024-01-04,The Godfather,1974,u,4
2024-01-05,A *Film* That $Nobody$ Made,1999,u,4
2024-01-06,Gilda,1946,u,
"""


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
    shown = " ".join(text.value for text in app.markdown).replace("\\", "")
    assert all(persona.name in shown and persona.story in shown for persona in PERSONAS)
    student = next(persona for persona in PERSONAS if persona.slug == "film_student")
    app.button(key="persona_film_student").click().run()
    assert not app.exception
    assert watched(app) == list(student.watched)
    assert (current(app).sex, current(app).age, current(app).occupation) == ("F", 18, "college/grad student")
    assert "“Film student”, a made-up person." in captions(app)
    # the cards are put away
    assert not [button for button in app.button if str(button.key).startswith("persona_")]
    undo(app)
    assert current(app) == before
    assert "a made-up person" not in captions(app)


# ---- users


def test_a_user_whom_the_model_has_not_seen(app, monkeypatch):
    asked = []
    monkeypatch.setattr(visitor_sources.random, "choice", lambda users: asked.append(list(users)) or users[1])
    app.button(key="real_user").click().run()
    assert not app.exception
    (held_out,) = asked
    # a tenth of 2,000
    assert len(held_out) == 200
    history = current(app).history
    assert 0 < len(history) <= 300
    assert all(event.timestamp is None for event in history)
    said = captions(app)
    assert "A simulated user of Demo world, held out of training: " in said
    assert f"{len(history)} movies" in said
    assert headline(app).startswith(f"After {len(history)} ")
    app.button(key="start_empty").click().run()
    assert "held out of training" not in captions(app)


def test_where_nobody_is_held_out_it_says_so(kinds):
    app = start("classic")
    app.button(key="real_user").click().run()
    assert not app.exception
    assert "A simulated user of Demo world, whom the model may have been trained on: " in captions(app)
    assert current(app).history


# ---- a person's own ratings


def opened(app):
    app.button(key="import_history").click().run()
    assert not app.exception
    return app


def given(app, name: str, data: bytes):
    app.file_uploader[0].upload(name, data, "text/csv").run()
    assert not app.exception
    return app


def found(app):
    return next(table.value for table in app.dataframe if "take" in table.value)


def missed(app):
    return next(table.value for table in app.dataframe if "why" in table.value and "there" in table.value)


def dialog_words(app) -> str:
    return " ".join(element.value for element in [*app.markdown, *app.caption, *app.error]).replace("\\", "")


def test_nothing_is_replaced_before_the_person_has_seen_what_was_made_of_the_file(app):
    before = current(app)
    given(opened(app), "ratings.csv", LETTERBOXD)
    assert current(app) == before
    assert "Letterboxd: 6 rows, 3 matched, 1 to decide, 2 not taken" in dialog_words(app)
    table = found(app)
    # what is to be decided first, then the surest last; the newest first
    assert table["there"].tolist() == [
        "The Godfather (1974)",
        "Three Colors: Red (1994)",
        "Jaws (1975)",
        "Alien (1979)",
    ]
    assert table["here"].tolist() == [
        "The Godfather (1972)",
        "Three Colours: Red (1994)",
        "Jaws (1975)",
        "Alien (1979)",
    ]
    assert table["stars"].tolist() == ["4 → 4 ★", "5 → 5 ★", "3.5 → 4 ★", "2 → 2 ★"]
    assert table["take"].tolist() == [False, True, True, True]
    assert table["sure"].tolist() == ["is it this one? · 1972 here", "likely · spelt differently", "sure", "sure"]
    assert missed(app)["there"].tolist() == ["A *Film* That $Nobody$ Made (1999)", "Gilda (1946)"]
    assert missed(app)["why"].tolist() == ["not in this catalogue", "not rated"]
    assert "halves are rounded up, 3.5 becomes 4" in dialog_words(app)
    app.button(key="import_take").click().run()
    assert not app.exception
    assert watched(app) == [("Alien (1979)", 2), ("Jaws (1975)", 4), ("Three Colours: Red (1994)", 5)]
    assert (current(app).sex, current(app).occupation) == ("F", "artist")
    assert "Imported from Letterboxd: 3 movies." in captions(app)
    assert not app.file_uploader
    undo(app)
    assert current(app) == before


def test_adding_to_what_is_there(app):
    given(opened(app), "ratings.csv", LETTERBOXD)
    app.segmented_control(key="import_how").select("add").run()
    app.button(key="import_take").click().run()
    assert not app.exception
    # Alien was there already: it has the new rating in its new place
    assert watched(app)[-4:] == [
        ("The Terminator (1984)", 4),
        ("Alien (1979)", 2),
        ("Jaws (1975)", 4),
        ("Three Colours: Red (1994)", 5),
    ]
    assert len(watched(app)) == 7


def test_rows_can_be_ticked_and_unticked(app):
    given(opened(app), "ratings.csv", LETTERBOXD)
    number = app.session_state["import_number"]
    # the first two rows the other way round
    app.session_state[f"import_table_{number}"] = {
        "edited_rows": {0: {"take": True}, 1: {"take": False}},
        "added_rows": [],
        "deleted_rows": [],
    }
    app.run()
    assert found(app)["take"].tolist() == [False, True, True, True], "the table itself is as it was made"
    app.button(key="import_take").click().run()
    assert watched(app) == [("Alien (1979)", 2), ("Jaws (1975)", 4), ("The Godfather (1972)", 4)]


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"\x89PNG\r\n\x1a\n\0\0\0", "mine_*$.csv is not a text file, but something binary"),
        (b"", "mine_*$.csv is empty"),
        (b"a,b\n1,2\n", "mine_*$.csv has columns “a, b”, which are of no export known here; expected Letterboxd's"),
    ],
)
def test_a_file_that_is_no_export_changes_nothing(data, says, app):
    before = current(app)
    given(opened(app), "mine_*$.csv", data)
    assert says in app.error[0].value.replace("\\", "")
    assert "Nothing was changed." in dialog_words(app)
    assert not [button for button in app.button if button.key == "import_take"]
    # another file in its place
    given(app, "ratings.csv", LETTERBOXD)
    assert not app.error
    assert len(found(app)) == 4
    app.button(key="import_cancel").click().run()
    assert current(app) == before
    assert not app.file_uploader


def test_more_than_a_history_holds(app):
    films = [title.rpartition(" (") for title in list(TITLES.values())[:230]]
    rows = "".join(
        f'2024-01-{1 + place // 24:02d},"{name}",{year.rstrip(")")},u,3\n'
        for place, (name, _, year) in enumerate(films)
    )
    given(opened(app), "ratings.csv", f"Date,Name,Year,Letterboxd URI,Rating\n{rows}".encode())
    assert "A history holds 200: of 230, the newest are taken." in dialog_words(app)
    app.button(key="import_take").click().run()
    assert [title for title, _ in watched(app)] == list(TITLES.values())[30:230]


def test_imdb_and_movielens_exports(app):
    imdb = b"Const,Your Rating,Date Rated,Title,Title Type,Year\ntt1,7,2024-01-02,Jaws,Movie,1975\n"
    given(opened(app), "ratings.csv", imdb)
    assert found(app)["stars"].tolist() == ["7/10 → 4 ★"]
    app.button(key="import_cancel").click().run()
    movielens = b'movie_id,imdb_id,tmdb_id,rating,average_rating,title\n2571,1,1,4.5,4,"Matrix, The (1999)"\n'
    given(opened(app), "movielens-ratings.csv", movielens)
    assert found(app)["here"].tolist() == ["The Matrix (1999)"]
    assert "The file has no date on every row" in dialog_words(app)
    app.button(key="import_take").click().run()
    assert watched(app) == [("The Matrix (1999)", 5)]
    assert "Imported from MovieLens: 1 movie." in captions(app)


def test_a_dataset_that_cannot_be_read_is_told_of(app, monkeypatch):
    def broken(name):
        raise DatasetError("ratings.dat, line 3: the rating is *empty*; fill it in")

    before, nothing = current(app), real_users._Kept()
    monkeypatch.setattr(real_users, "_kept", lambda: nothing)
    monkeypatch.setattr(real_users.datasets, "load", broken)
    app.button(key="real_user").click().run()
    assert not app.exception
    assert app.error[0].value.replace("\\", "") == "ratings.dat, line 3: the rating is *empty*; fill it in"
    assert current(app) == before
    app.switch_page("pages/explore/replay.py").run()
    assert not app.exception
    assert app.error[0].value.replace("\\", "").startswith("ratings.dat, line 3")
