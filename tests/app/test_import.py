"""Bring your own ratings: the dialog, from the file to the visitor."""

import pytest

from bst.datasets import load_movies
from bst.schema import MAX_HISTORY, Visitor
from bst.visitors.imports.names import split_year
from pages.shared import streamlit_private
from pages.shared.state import uploads
from tests.app.conftest import captions, shown_titles

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


def open_dialog(app):
    app.button(key="import_history").click().run()
    assert not app.exception
    return app


def upload(app, name: str, data: bytes):
    app.file_uploader[0].upload(name, data, "text/csv").run()
    assert not app.exception
    return app


def matches(app):
    return next(table.value for table in app.dataframe if "take" in table.value)


def unmatched(app):
    return next(table.value for table in app.dataframe if "why" in table.value and "there" in table.value)


def dialog_text(app) -> str:
    return " ".join(element.value for element in [*app.markdown, *app.caption, *app.error]).replace("\\", "")


def test_nothing_is_replaced_before_the_matches_are_reviewed(app):
    before = current(app)
    upload(open_dialog(app), "ratings.csv", LETTERBOXD)
    assert current(app) == before
    assert "Letterboxd: 6 rows, 4 matched, 1 to decide, 1 not taken" in dialog_text(app)
    table = matches(app)
    # the uncertain match first, then the newest
    assert table["there"].tolist() == [
        "The Godfather (1974)",
        "Gilda (1946)",
        "Three Colors: Red (1994)",
        "Jaws (1975)",
        "Alien (1979)",
    ]
    assert table["here"].tolist() == [
        "The Godfather (1972)",
        "Gilda (1946)",
        "Three Colours: Red (1994)",
        "Jaws (1975)",
        "Alien (1979)",
    ]
    assert table["stars"].tolist() == ["4 → 4 ★", "seen", "5 → 5 ★", "3.5 → 4 ★", "2 → 2 ★"]
    assert table["take"].tolist() == [False, True, True, True, True]
    other = "sure · another name of the same film"
    assert table["sure"].tolist() == ["is it this one? · 1972 here", "sure", other, "sure", "sure"]
    assert unmatched(app)["there"].tolist() == ["A *Film* That $Nobody$ Made (1999)"]
    assert unmatched(app)["why"].tolist() == ["not in this catalogue"]
    assert "1 movie without a rating counts as seen" in dialog_text(app)
    assert "This model knows whole stars: 3.5 becomes 4, 2.5 becomes 3." in dialog_text(app)
    app.button(key="import_take").click().run()
    assert not app.exception
    assert watched(app) == [("Alien (1979)", 2), ("Jaws (1975)", 4), ("Three Colours: Red (1994)", 5)]
    assert (current(app).demographic("sex"), current(app).demographic("occupation")) == ("F", "artist")
    assert {TITLES[movie_id] for movie_id in current(app).seen} == {"Gilda (1946)"}
    assert "Imported from Letterboxd: 4 movies. 1 movie without a rating counts as seen" in captions(app)
    assert not app.file_uploader
    undo(app)
    assert current(app) == before


def test_adding_to_what_is_there(app):
    upload(open_dialog(app), "ratings.csv", LETTERBOXD)
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


def test_a_history_that_was_made_by_hand_is_not_replaced_unasked(app):
    upload(open_dialog(app), "ratings.csv", LETTERBOXD)
    assert app.segmented_control(key="import_how").value == "replace", "the example is nobody's work"
    app.button(key="import_take").click().run()
    upload(open_dialog(app), "ratings.csv", LETTERBOXD)
    assert app.segmented_control(key="import_how").value == "replace", "what was imported as it is"
    app.button(key="import_cancel").click().run()
    app.selectbox(key="add_movie").select(next(i for i in TITLES if TITLES[i] == "Fargo (1996)")).run()
    app.run()
    upload(open_dialog(app), "ratings.csv", LETTERBOXD)
    assert app.segmented_control(key="import_how").value == "add"
    app.button(key="import_take").click().run()
    assert "Fargo (1996)" in [title for title, _ in watched(app)]


def table_key(app) -> str:
    """The key of the table with ticks: what its id ends with."""
    table = next(table for table in app.dataframe if "take" in table.value)
    return table.proto.id[table.proto.id.index("import_table_") :]


def test_rows_can_be_ticked_and_unticked(app):
    upload(open_dialog(app), "ratings.csv", LETTERBOXD)
    table = table_key(app)
    # the one to decide, and not the one from France
    app.session_state[table] = {
        "edited_rows": {0: {"take": True}, 2: {"take": False}},
        "added_rows": [],
        "deleted_rows": [],
    }
    app.run()
    assert matches(app)["take"].tolist() == [False, True, True, True, True], "the table itself is as it was made"
    app.button(key="import_take").click().run()
    assert watched(app) == [("Alien (1979)", 2), ("Jaws (1975)", 4), ("The Godfather (1972)", 4)]


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"\x89PNG\r\n\x1a\n\0\0\0", "mine_*$.csv is not a text file, but something binary"),
        (b"", "mine_*$.csv is empty"),
        (b"a,b\n1,2\n", "mine_*$.csv has columns “a, b”, which are of no export known here; expected a ratings"),
    ],
)
def test_a_file_that_is_no_export_changes_nothing(data, says, app):
    before = current(app)
    upload(open_dialog(app), "mine_*$.csv", data)
    assert says in app.error[0].value.replace("\\", "")
    assert "Nothing was changed." in dialog_text(app)
    assert not app.get("progress")
    assert not [button for button in app.button if button.key == "import_take"]
    # another file in its place
    upload(app, "ratings.csv", LETTERBOXD)
    assert not app.error
    assert len(matches(app)) == 5
    app.button(key="import_cancel").click().run()
    assert current(app) == before
    assert not app.file_uploader


def letterboxd(titles: list[str], rating: str = "3") -> bytes:
    """An export of films, a dozen a day."""
    films = [split_year(title) for title in titles]
    rows = "".join(
        f'2024-{1 + index // 300:02}-{1 + index % 300 // 12:02},"{name}",{year},u,{rating}\n'
        for index, (name, year) in enumerate(films)
    )
    return f"Date,Name,Year,Letterboxd URI,Rating\n{rows}".encode()


def test_more_than_the_model_reads_counts_as_seen(app):
    films = list(TITLES.values())[: MAX_HISTORY + 53]
    upload(open_dialog(app), "ratings.csv", letterboxd(films))
    counts = (
        f"The model reads the newest {MAX_HISTORY} of {MAX_HISTORY + 53} ratings; the other 53 movies count as seen."
    )
    assert counts in dialog_text(app)
    assert app.button(key="import_take").label == f"Import {MAX_HISTORY + 53} movies"
    app.button(key="import_take").click().run()
    assert not app.exception
    assert [title for title, _ in watched(app)] == films[53:]
    assert {TITLES[movie_id] for movie_id in current(app).seen} == set(films[:53])
    assert f"Imported from Letterboxd: {MAX_HISTORY + 53} movies. {counts}" in captions(app)
    assert not set(shown_titles(app)) & set(films)


def test_adding_says_what_is_read_of_both_together(app):
    films = [title for title in TITLES.values() if title not in {title for title, _ in watched(app)}][:MAX_HISTORY]
    had = {title for title, _ in watched(app)}
    upload(open_dialog(app), "ratings.csv", letterboxd(films))
    assert "The model reads" not in dialog_text(app)
    app.segmented_control(key="import_how").select("add").run()
    assert f"the newest {MAX_HISTORY} of {MAX_HISTORY + len(had)} ratings" in dialog_text(app)
    app.button(key="import_take").click().run()
    assert {TITLES[movie_id] for movie_id in current(app).seen} == had


AMBIGUOUS = (
    b"Const,Your Rating,Date Rated,Title,Title Type,Year\n"
    b"tt1,8,4/3/2026,Jaws,Movie,1975\ntt2,6,3/5/2026,Alien,Movie,1979\n"
)


@pytest.mark.parametrize(("order", "titles"), [("day-first", ["Jaws", "Alien"]), ("month-first", ["Alien", "Jaws"])])
def test_dates_that_may_be_either_are_asked_about(order, titles, app):
    upload(open_dialog(app), "ratings.csv", AMBIGUOUS)
    assert "4/3/2026" in app.radio[0].label.replace("\\", "")
    assert app.radio[0].value is None
    assert not [button for button in app.button if button.key == "import_take"]
    app.radio[0].set_value(order).run()
    app.button(key="import_take").click().run()
    assert not app.exception
    assert [title.rpartition(" (")[0] for title, _ in watched(app)] == titles


def test_a_tick_stays_with_its_movie_when_the_order_changes(app):
    rows = b"tt3,5,3/5/2026,Psycho,Short,1960\ntt4,5,4/3/2026,Fargo,Short,1996\n"
    upload(open_dialog(app), "ratings.csv", AMBIGUOUS + rows)
    app.radio[0].set_value("day-first").run()
    app.session_state[table_key(app)] = {"edited_rows": {0: {"take": True}}, "added_rows": [], "deleted_rows": []}
    app.run()
    assert matches(app)["there"][0] == "Psycho (1960)"
    app.radio[0].set_value("month-first").run()
    assert matches(app)["there"][0] == "Fargo (1996)"
    app.button(key="import_take").click().run()
    assert "Fargo (1996)" not in {title for title, _ in watched(app)}


def test_a_list_of_watched_movies_leaves_no_history_and_none_of_it_is_recommended(app):
    best = shown_titles(app)[:5]
    rows = "".join('2024-01-01,"{}",{},u\n'.format(*split_year(title)) for title in best)
    upload(open_dialog(app), "watched.csv", f"Date,Name,Year,Letterboxd URI\n{rows}".encode())
    # without ratings it cannot replace the history
    assert app.segmented_control(key="import_how").value == "add"
    app.button(key="import_take").click().run()
    assert not app.exception
    assert len(watched(app)) == 5
    assert not set(shown_titles(app)) & set(best)


def test_imdb_and_movielens_exports(app):
    imdb = b"Const,Your Rating,Date Rated,Title,Title Type,Year\ntt1,7,2024-01-02,Jaws,Movie,1975\n"
    upload(open_dialog(app), "ratings.csv", imdb)
    assert matches(app)["stars"].tolist() == ["7/10 → 4 ★"]
    app.button(key="import_cancel").click().run()
    movielens = b'movie_id,imdb_id,tmdb_id,rating,average_rating,title\n2571,1,1,4.5,4,"Matrix, The (1999)"\n'
    upload(open_dialog(app), "movielens-ratings.csv", movielens)
    assert matches(app)["here"].tolist() == ["The Matrix (1999)"]
    assert "The file has no date on every row" in dialog_text(app)
    app.button(key="import_take").click().run()
    assert watched(app) == [("The Matrix (1999)", 5)]
    assert "Imported from MovieLens: 1 movie." in captions(app)


@pytest.mark.parametrize("leave", ["import_take", "import_cancel", "pages/about/about.py"])
def test_the_memory_of_a_file_is_given_back(leave, app, monkeypatch):
    dropped = []
    monkeypatch.setattr(streamlit_private, "forget_uploads", lambda: dropped.append(True))
    upload(open_dialog(app), "ratings.csv", LETTERBOXD)
    assert not dropped
    assert app.session_state["cached_import"]
    if leave in {button.key for button in app.button}:
        app.button(key=leave).click().run()
    else:
        app.switch_page(leave).run()
    assert dropped
    assert "cached_import" not in app.session_state


def test_a_stranger_has_so_many_files_read_and_no_more_for_a_while(app, monkeypatch, override_settings):
    monkeypatch.setattr(uploads, "MOST_OF_SESSION", 2)
    monkeypatch.setattr(uploads, "_all_sessions", uploads.RateLimit(3))
    override_settings(public=True)
    open_dialog(app)
    for rated in "12":
        upload(app, f"{rated}.csv", letterboxd(list(TITLES.values())[:3], rated))
        assert not app.error
        app.run()  # a tick reads nothing anew
    upload(app, "3.csv", letterboxd(list(TITLES.values())[:3], "3"))
    words = app.error[0].value.replace("\\", "")
    assert words == (
        "this public server reads 2 files of a visitor, and 120 of all, in 10 minutes; try again in 10 minutes."
    )
    override_settings(public=False)
    app.run()
    assert not app.error
