"""Story mode: every step of every story, on every kind of model; links that cannot be read; the editor."""

import json
from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from bst.datasets import load_movies
from bst.schema import Visitor
from bst.stories import STORIES, RatingChange, Step, link
from bst.stories.file import read_story, write_story
from pages.shared import pages
from pages.story import state
from tests.app.conftest import captions, headline, set_visitor, shown_list, shown_titles, start, visitor

pytestmark = pytest.mark.timeout(180)

ONE_STAR = STORIES["one-star"]


def movie_id(title: str) -> int:
    movies = load_movies("demo")
    return int(movies.loc[movies["title"] == title, "movie_id"].item())


def story(app: AppTest, **parameters: str) -> AppTest:
    """Open the page of stories at an address with these parameters."""
    app.query_params.clear()
    for name, value in ({"bundle": "demo"} | parameters).items():
        app.query_params[name] = value
    app.switch_page(pages.STORY)
    for name, value in ({"bundle": "demo"} | parameters).items():
        app.query_params[name] = value
    return app.run()


def address(app: AppTest) -> str:
    """What the address says of the story."""
    value = app.query_params["story"]
    return value[0] if isinstance(value, list) else value


def drawn(app: AppTest, name: str) -> dict:
    """What a component of the page shows, found by a name that only its data has."""
    components = (json.loads(one.proto.json) for one in app.get("bidi_component"))
    return next(data for data in components if isinstance(data, dict) and name in data)


@pytest.mark.parametrize("name", STORIES)
def test_every_step_of_a_story_says_something_of_its_own(app, name):
    said = []
    for step in range(len(STORIES[name].steps)):
        story(app, story=name, step=str(step + 1))
        assert not app.exception
        assert not app.error
        said.append((headline(app), captions(app)))
    assert len({sentence for sentence, _ in said}) == 7
    assert all(sentence and caption for sentence, caption in said)


def test_the_list_changes_between_its_two_steps_and_names_the_moves(app):
    story(app, step="2")
    before = shown_titles(app)
    story(app, step="3")
    assert shown_titles(app) == before, "nothing has moved yet"
    assert all("move" not in row for row in shown_list(app)["rows"])
    story(app, step="4")
    rows = shown_list(app)["rows"]
    after = [row["title"] for row in rows]
    assert after != before
    for place, row in enumerate(rows):
        if row["title"] in before:
            by = before.index(row["title"]) - place
            assert row["move"]["sign"] == (f"▲{by}" if by > 0 else f"▼{-by}" if by < 0 else "=")
        else:
            assert row["move"]["sign"] == "new"


def test_the_star_that_changes_is_shown_with_both_values(app):
    story(app, step="3")
    assert headline(app) == ("Now one rating changes: The Matrix (1999), from 5 ★ to 1 ★")
    (changed,) = [movie for movie in drawn(app, "movies")["movies"] if movie["changed"]]
    assert (changed["title"], changed["was"], changed["rating"]) == ("The Matrix (1999)", 5, 1)
    story(app, step="1")
    assert not any(movie["changed"] for movie in drawn(app, "movies")["movies"])


def test_evidence_is_what_was_measured_of_the_lists(app):
    story(app, step="7")
    assert headline(app).startswith("Does it hold? Of ten movies it lists after 5 ratings, people liked ")
    bars = drawn(app, "signed")["bars"]
    assert [bar["label"] for bar in bars] == ["This model", "Best simple recommender: EASE", "One list for everybody"]
    assert [bar["marked"] for bar in bars] == [True, False, False]
    said = [float(bar["text"].removesuffix(" of ten")) for bar in bars]
    assert said == sorted(said, reverse=True)
    assert "These people are simulated." in captions(app)


def test_where_it_looked_shows_the_same_effects_as_why(app):
    story(app, step="5")
    effects = {bar["poster"]["title"]: bar["text"] for bar in drawn(app, "signed")["bars"] if bar["poster"]}
    story(app, step="6")
    strip = drawn(app, "frames")
    shown = {frame["title"]: frame["effect"] for frame in strip["frames"] if frame.get("effect")}
    assert shown
    assert shown.items() <= effects.items()
    assert len(strip["looks"]) == 1, "no choice of heads"


def test_after_the_last_step_there_are_ways_on(app):
    story(app, step="8")
    assert headline(app) == "What next?"
    app.button(key="story_other_2").click().run()
    assert headline(app).startswith("Alex:")
    story(app, step="8")
    app.button(key="story_again").click().run()
    assert headline(app).startswith("Sam:")


def test_a_stranger_is_shown_by_what_is_unknown(app):
    story(app, story="a-stranger", step="1")
    shelf = drawn(app, "movies")
    assert [fact["value"] for fact in shelf["facts"]] == ["Sex: ?", "Age group: ?", "Occupation: ?"]
    assert shelf["empty"] == 5
    assert shelf["nothing"] == "Nothing watched yet"


def test_a_slide_of_words_and_a_step_without_a_caption(app):
    mine = replace(ONE_STAR, steps=(Step("text", "Our ask", "–"), Step("list", caption="–"), Step("text")))
    text = link.encode(mine)
    story(app, story=text)
    assert headline(app) == "Our ask"
    assert "–" not in captions(app)
    story(app, story=text, step="2")
    assert "that Sam has not seen" not in captions(app)
    story(app, story=text, step="3")
    assert headline(app) == "One star"


def test_the_visitor_of_the_lab_is_left_alone(app):
    mine = Visitor({"sex": "F", "age": 56}).watched(movie_id("Alien (1979)"), 2)
    set_visitor(app, mine)
    for step in ("1", "4", "7"):
        story(app, step=step)
    assert visitor(app) == mine


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"story": "1.abc"}, "This link of a story is damaged"),
        ({"story": "no-such-story"}, "This link of a story is damaged"),
        ({"story": "2.abc"}, "This link of a story is from another version"),
        ({"story": "own"}, "This story was too long for a link"),
    ],
)
def test_a_link_that_cannot_be_read_gives_one_clear_error_and_the_first_story(app, parameters, message):
    story(app, **parameters)
    assert not app.exception
    assert [message in error.value for error in app.error] == [True]
    assert headline(app).startswith("Sam: male, 25–34, programmer")


@pytest.mark.parametrize(("step", "shown"), [("0", "Sam: male"), ("99", "What next?"), ("x", "Sam: male"), ("", "Sam")])
def test_a_step_that_does_not_exist_is_the_nearest_one(app, step, shown):
    story(app, step=step)
    assert not app.exception
    assert headline(app).startswith(shown)


def test_own_texts_travel_in_the_link(app):
    mine = replace(ONE_STAR, steps=(Step("list", "Look at this", "And at that"), *ONE_STAR.steps))
    text = link.encode(mine)
    story(app, story=text)
    assert headline(app) == "Look at this"
    assert captions(app).count("And at that") == 1
    assert address(app) == text


def test_a_movie_that_the_dataset_lacks_is_one_clear_error(app):
    mine = replace(ONE_STAR, change=RatingChange("No Such Movie (1999)", 1))
    story(app, story=link.encode(mine), step="3")
    assert not app.exception
    (error,) = app.error
    assert "change.movie: “No Such Movie (1999)” is not in this dataset" in error.value.replace("\\", "")
    story(app, story=link.encode(mine), step="3", edit="1")
    assert any("No Such Movie" in warning.value for warning in app.warning)


# ---- models of each kind


@pytest.mark.parametrize("bundle", ["timeline", "rating-only", "classic"])
def test_models_of_each_kind_tell_it(kinds, bundle):
    app = start(bundle)
    for step in range(1, 8):
        story(app, bundle=bundle, step=str(step))
        assert not app.exception
        assert not app.error, (step, [error.value for error in app.error])
        assert headline(app)


def test_a_model_without_ratings_says_that_it_cannot(kinds):
    app = start("next-only")
    story(app, bundle="next-only")
    assert not app.exception
    assert headline(app) == "This model predicts no ratings"


# ---- the editor


@pytest.fixture
def editor(app) -> AppTest:
    return story(app, edit="1")


def edited(app: AppTest):
    """The story in the address."""
    text = address(app)
    return STORIES[text] if text in STORIES else link.decode(text)


def test_texts_person_and_change_are_edited(editor):
    assert not editor.exception
    assert headline(editor) == "Edit “One star”"
    editor.text_input(key="story_title").set_value("Mine").run()
    editor.text_input(key="story_name").set_value("Robin").run()
    editor.selectbox(key="story_sex").select("F").run()
    editor.selectbox(key="story_rating_0").select(2.0).run()
    editor.selectbox(key="story_new_rating").select(3.0).run()
    editor.text_area(key="story_headline_1").set_value("Look").run()
    assert not editor.exception
    mine = edited(editor)
    assert (mine.title, mine.person.name, mine.person.demographics.get("sex")) == ("Mine", "Robin", "F")
    assert mine.person.watched[0] == ("The Matrix (1999)", 2)
    assert mine.change == RatingChange("The Matrix (1999)", 3)
    assert mine.steps[1] == Step("list", "Look")


def test_movies_come_and_go(editor):
    editor.selectbox(key="story_add").select(movie_id("Alien (1979)")).run()
    assert edited(editor).person.watched[-1] == ("Alien (1979)", 4)
    editor.button(key="story_remove_0").click().run()
    assert [title for title, _ in edited(editor).person.watched] == [
        "Casablanca (1942)",
        "Pulp Fiction (1994)",
        "Rear Window (1954)",
        "Alien (1979)",
    ]


def test_steps_are_moved_removed_and_added(editor):
    editor.button(key="story_down_0").click().run()
    editor.button(key="story_drop_6").click().run()
    assert [step.kind for step in edited(editor).steps] == ["list", "person", "change", "moves", "why", "attention"]


def test_a_change_that_is_not_allowed_changes_nothing_and_says_why(editor):
    editor.selectbox(key="story_change").select("nothing").run()
    assert edited(editor) == ONE_STAR
    (error,) = editor.error
    assert "step “change” shows a change, and there is none" in error.value.replace("\\", "")
    editor.text_input(key="story_title").set_value("").run()
    assert edited(editor) == ONE_STAR
    assert "title: it is empty" in editor.error[0].value.replace("\\", "")


def test_a_demographic_in_place_of_a_rating(editor):
    editor.selectbox(key="story_change").select("age").run()
    editor.selectbox(key="story_new_value").select(56).run()
    assert edited(editor).change.value == 56


def test_the_visitor_of_the_lab_becomes_the_person(app):
    mine = Visitor({"sex": "F", "age": 56}).watched(movie_id("Alien (1979)"), 2)
    set_visitor(app, mine)
    story(app, edit="1")
    app.button(key="story_visitor").click().run()
    person = edited(app).person
    assert (
        person.name,
        person.demographics.get("sex"),
        person.demographics.get("age"),
        person.demographics.get("occupation"),
    ) == ("Sam", "F", 56, None)
    assert person.watched == (("Alien (1979)", 2),)


def test_a_file_is_opened(editor):
    text = write_story(STORIES["a-stranger"]).replace("Alex", "Robin")
    editor.file_uploader(key="story_file").upload("mine.json", text.encode(), "application/json").run()
    assert not editor.error
    editor.button(key="story_take_file").click().run()
    assert edited(editor) == read_story(text)


def test_own_stories_stay_in_the_session(editor):
    editor.text_input(key="story_title").set_value("Mine").run()
    editor.text_input(key="story_name").set_value("Robin").run()
    assert "A file keeps one for longer." in captions(editor)
    story(editor, step="8")  # the first story again
    editor.button(key="story_other_3").click().run()
    assert headline(editor).startswith("Robin:")
    assert edited(editor).title == "Mine"
    story(editor, step="8")
    assert not [button for button in editor.button if button.key == "story_other_4"], "each is kept once"


def test_present_starts_at_the_first_step_or_at_the_one_that_was_open(app):
    story(app, step="4", edit="1")
    app.button(key="story_present").click().run()
    assert headline(app).startswith("Sam:")
    story(app, step="4", edit="1")
    app.button(key="story_present_here").click().run()
    assert "places change" in headline(app)


def test_the_link_to_share_opens_the_presentation_at_its_first_step(app):
    story(app, step="4", edit="1")
    (shared,) = [block.value for block in app.get("code")]
    assert "step=1" in shared
    assert "story=one-star" in shared
    assert "edit" not in shared
    assert "It works" in captions(app)


def test_a_bad_file_is_one_clear_error_and_loses_nothing(editor):
    editor.text_input(key="story_title").set_value("Mine").run()
    editor.file_uploader(key="story_file").upload(
        "bad.json", write_story(ONE_STAR).replace('"person"', '"persn"', 1).encode(), "application/json"
    ).run()
    assert not editor.exception
    (error,) = editor.error
    assert error.value.replace("\\", "").startswith("bad.json: the story: 'persn' is unknown")
    assert edited(editor).title == "Mine"


def test_a_story_too_long_for_a_link_lives_in_the_session(editor):
    for index in range(7):
        noise = "".join(chr(0x4E00 + (index * 7919 + place * 104729) % 20000) for place in range(300))
        editor.text_area(key=f"story_caption_{index}").set_value(noise)
    editor.run()
    assert not editor.exception
    assert address(editor) == state.OWN
    story(editor, story=state.OWN)
    assert headline(editor).startswith("Sam")
