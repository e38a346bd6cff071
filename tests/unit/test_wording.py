"""Our sentences about movies in the words of another dataset."""

import pytest

from bst.domain import MOVIES, Demographic, Domain
from bst.presentation import charts
from bst.presentation.charts.wording import reword_titles
from bst.presentation.glossary import GLOSSARY, words
from bst.wording import present_participle, reword, reword_around, third_person

BRANCH = Demographic("branch", "branch", {"harbour": "Harbour", "centre": "Centre"})
BOOKS = Domain("book", "books", "borrow", "borrowed", "subject", "subjects", ("Poetry",), {"branch": BRANCH})
ALBUMS = Domain("album", "albums", "listen to", "listened to", "style", "styles", (), {}, rated=False)


@pytest.mark.parametrize(
    ("text", "books"),
    [
        ("Add a movie", "Add a book"),
        ("Movies that gain; no film loses", "Books that gain; no book loses"),
        ("What they watched, newest first", "What they borrowed, newest first"),
        ("Who is watching", "Who is borrowing"),
        ("this visitor most likely watches", "this visitor most likely borrows"),
        ("Watch-next probability", "Borrow-next probability"),
        ("including seen movies", "including borrowed books"),
        ("All genres", "All subjects"),
        ("5 ratings, rated 4 ★", "5 ratings, rated 4 ★"),
        ("for people it has never seen", "for people it has never seen"),
        ("the visitor’s sex, age group and occupation", "the visitor’s branch"),
        ("Sex, age or occupation", "Branch"),
        ("MovieLens 1M", "MovieLens 1M"),
    ],
)
def test_a_text_of_ours_in_the_words_of_a_library(text, books):
    assert reword(text) == text
    assert reword(text, BOOKS) == books


def test_articles_and_verbs_of_several_words():
    assert reword("A movie that somebody watches", ALBUMS) == "An album that somebody listens to"
    assert present_participle("put on") == "putting on"
    assert third_person("go to") == "goes to"


def test_without_ratings_a_rating_is_an_event():
    assert reword("140 people gave 5,618 ratings", ALBUMS) == "140 people gave 5,618 events"
    assert reword("Nobody rated it", ALBUMS) == "Nobody listened to it"


def test_a_title_in_a_sentence_stays_as_it_is():
    titles = {1: "The Film Club", 2: "Movie, Watched"}
    text = reword_around(lambda title: f"{title(1)} was watched before the movie {title(2)}", titles.get, BOOKS)
    assert text == "The Film Club was borrowed before the book Movie, Watched"


def test_the_glossary_of_a_library_has_no_movies():
    assert words() == GLOSSARY
    assert words(MOVIES) == GLOSSARY
    texts = " ".join(f"{word.word} {word.meaning} {word.part}" for word in words(BOOKS)).casefold()
    assert not any(word in texts for word in ("movie", "film", "genre", "watch"))
    assert {"Borrow-next probability", "Subject calibration"} <= {word.word for word in words(BOOKS)}
    assert "Demo world" not in {word.word for word in words(BOOKS)}


def test_titles_in_a_chart_are_reworded_and_its_data_are_not():
    import pandas as pd

    points = pd.DataFrame(
        {
            **{"x": [0.0, 1.0], "y": [0.0, 1.0], "movie_id": [1, 2], "title": ["Movie Tales", "Odes"]},
            **{"genres": ["Poetry", "Poetry"], "genre": ["Poetry", "Poetry"], "faint": False, "mark": "", "first": 0},
        }
    )
    chart = charts.movie_map(points, "#000000", "#ffffff", tags=("Poetry",))
    assert reword_titles(chart) is chart
    spec = reword_titles(chart, BOOKS).to_dict()
    tips = [tip["title"] for tip in spec["layer"][0]["encoding"]["tooltip"]]
    assert tips == ["Book", "Subjects"]
    assert "Movie Tales" in str(spec["datasets"])
    assert reword_titles(chart.to_dict(), BOOKS)["layer"][0]["encoding"]["tooltip"][0]["title"] == "Book"
    assert chart.to_dict()["layer"][0]["encoding"]["tooltip"][0]["title"] == "Movie"
