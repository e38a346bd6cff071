"""Stories: as data, as a file and in a link; whom they are about in a dataset; and what they say."""

import base64
import json
import re
import zlib
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bst.datasets import load_movies
from bst.datasets.catalogue import Catalogue, normalise
from bst.domain import AGES, OCCUPATIONS, SEXES
from bst.errors import StoryError
from bst.evaluation.list_record import ListQuality, ListRecord
from bst.evaluation.records import EvaluationRecord, Interval, Metrics
from bst.explanation.sentences import Explanation, explain
from bst.inference.recommender import Recommender
from bst.schema import HALF_STARS, WHOLE_STARS, Event, Visitor
from bst.stories import (
    KINDS,
    STORIES,
    DemographicChange,
    Person,
    RatingChange,
    Step,
    Story,
    evidence,
    link,
    make_cast,
    reasons,
    telling,
)
from bst.stories.file import MOST_BYTES, read_story, to_json, write_story
from bst.what_if import compare
from tests.unit.handmade_catalogue import catalogue_of

DOCUMENT = Path(__file__).parents[2] / "docs" / "stories.md"

characters = st.characters(exclude_categories=["C", "Zl", "Zp"])
texts = st.text(characters, max_size=40)
titles = st.text(characters, max_size=39).map("A{}".format)  # a person's name has at most 40 characters
ratings = st.sampled_from(HALF_STARS)
people = st.builds(
    Person,
    titles,
    st.fixed_dictionaries(
        {},
        optional={
            "sex": st.sampled_from(SEXES),
            "age": st.sampled_from(AGES),
            "occupation": st.sampled_from(OCCUPATIONS),
        },
    ),
    st.lists(
        st.tuples(titles, ratings), max_size=10, unique_by=lambda event: normalise(" ".join(event[0].split()))
    ).map(tuple),
)
changes = st.builds(RatingChange, titles, ratings) | st.sampled_from(
    [DemographicChange("sex", "F"), DemographicChange("age", 56), DemographicChange("occupation", None)]
)
steps = st.lists(st.builds(Step, st.sampled_from(KINDS), texts, texts), min_size=1, max_size=20).map(tuple)
stories = st.builds(Story, titles, people, changes, texts, steps)

SAM = Person("Sam", {"sex": "M", "age": 25, "occupation": "programmer"}, (("Alpha (1999)", 4), ("Beta (2000)", 5)))
STORY = Story("One star", SAM, RatingChange("Beta (2000)", 1))


# ---- file and link


@settings(max_examples=40)
@given(stories)
def test_a_story_survives_file_and_link(story):
    assert read_story(write_story(story)) == story
    assert read_story(write_story(story).encode()) == story
    text = link.encode(story)
    if text is not None:
        assert len(text) <= link.MOST_CHARACTERS
        assert re.fullmatch(r"1\.[A-Za-z0-9_-]+", text)
        assert link.decode(text) == story


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@given(st.text() | st.binary())
def test_any_file_gives_a_story_error_and_nothing_else(content):
    with pytest.raises(StoryError):
        read_story(content)


@settings(max_examples=200)
@given(st.data())
def test_any_value_in_place_of_any_field_gives_a_story_or_a_story_error(data):
    values = to_json(STORY)
    place: dict | list = values
    while True:
        key = data.draw(st.sampled_from(list(place) if isinstance(place, dict) else range(len(place))))
        if isinstance(place[key], dict | list) and place[key] and data.draw(st.booleans()):
            place = place[key]
            continue
        place[key] = data.draw(json_values)
        break
    with suppress(StoryError):
        assert isinstance(read_story(json.dumps(values)), Story)


@given(st.text(max_size=200))
def test_any_text_in_a_link_gives_a_story_error_and_nothing_else(text):
    for link_text in (text, f"1.{text}"):
        with pytest.raises(StoryError):
            link.decode(link_text)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": "x"}, "format: this is no story"),
        ({"version": 2}, "version: 2 cannot be read here"),
        ({"title": ""}, "title: it is empty"),
        ({"title": "x" * 81}, "title: 81 characters are too many; use at most 80"),
        ({"title": 5}, "title: it must be a text, not 5"),
        ({"titel": "x"}, "the story: 'titel' is unknown; use: format"),
        ({"person": {"watched": []}}, "person.name: it is missing"),
        ({"person": {"name": "Sam", "age": 26}}, "person.age: age 26 is unknown; choose one of: 1, 18"),
        ({"person": {"name": "Sam", "sex": True}}, "person.sex: it must be a text or a whole number"),
        ({"person": {"name": "Sam", "watched": [{"movie": "A", "rating": 6}]}}, "watched.0..rating: 6 is not a rating"),
        ({"person": {"name": "Sam", "watched": [{"movie": "A", "rating": "5"}]}}, "must be a number of stars"),
        (
            {"person": {"name": "Sam", "watched": [{"movie": "A", "rating": 5}] * 2}},
            "watched.1..movie: “A” is there twice",
        ),
        ({"change": {"movie": "A"}}, "change: give “movie” and “rating”, or one of: sex, age, occupation"),
        ({"change": {"sex": "X"}}, "change.sex: sex 'X' is unknown"),
        ({"change": None}, "change: step “change” shows a change, and there is none"),
        ({"steps": []}, "steps: a story has 1 to 20 steps, not 0"),
        ({"steps": [{"show": "person"}] * 21}, "not 21"),
        ({"steps": [{"show": "person"}, {"show": "wy"}]}, "steps.1..show: 'wy' is unknown; choose one of: person"),
        ({"steps": [{"show": "list", "headline": "x" * 161}]}, "steps.0..headline: 161 characters are too many"),
        ({"steps": [{"show": "list", "caption": 1}]}, "steps.0..caption: it must be a text, not 1"),
        ({"steps": ["list"]}, "steps.0.: it must be an object"),
        ({"explained": ["A"]}, "explained: it must be a text, not a list"),
    ],
)
def test_an_error_names_the_field_and_the_mend(change, message):
    with pytest.raises(StoryError, match=message):
        read_story(json.dumps(to_json(STORY) | change))


def test_files_that_are_no_json():
    with pytest.raises(StoryError, match="no JSON: line 2, column 1"):
        read_story("{\n")
    with pytest.raises(StoryError, match="not UTF-8 at byte 1"):
        read_story(b'"\xff"')
    with pytest.raises(StoryError, match="no story has more than 100,000"):
        read_story(b" " * (MOST_BYTES + 1))


def test_a_link_that_is_cut_too_long_or_of_another_version():
    text = link.encode(STORY)
    assert text is not None
    for cut in (text[:-3], text[: len(text) // 2], "1.", ""):
        with pytest.raises(StoryError, match="damaged"):
            link.decode(cut)
    with pytest.raises(StoryError, match="another version"):
        link.decode("2" + text[1:])
    with pytest.raises(StoryError, match="far too long: it has 6,001"):
        link.decode("1." + "A" * 5_999)
    bomb = base64.urlsafe_b64encode(zlib.compress(b" " * 3_000_000)).decode().rstrip("=")
    with pytest.raises(StoryError, match="damaged"):
        link.decode(f"1.{bomb}")


def test_a_story_too_long_for_a_link_has_none():
    rng = np.random.default_rng(0)

    def noise(length: int) -> str:  # compresses badly
        return "".join(rng.choice(list("abcdefghijklmnopqrstuvwxyz0123456789"), length))

    wordy = replace(STORY, steps=tuple(Step("list", noise(160), noise(300)) for _ in range(20)))
    assert link.encode(wordy) is None
    assert read_story(write_story(wordy)) == wordy


def test_built_in_stories_have_short_links():
    assert all(len(link.encode(story)) < 500 for story in STORIES.values())


def test_the_example_of_the_documentation_is_a_story():
    (example,) = re.findall(r"```json\n(.*?)```", DOCUMENT.read_text("utf-8"), re.DOTALL)
    story = read_story(example)
    assert story.change == RatingChange("The Matrix (1999)", 1)
    assert [step.kind for step in story.steps] == list(KINDS)
    assert story.steps[4].headline == "One star, and this is what it does"
    assert telling.Telling("computed", "computed").overridden(story.steps[2]).caption == ""


# ---- in a dataset


def cast_of(story: Story, *more: str, levels=WHOLE_STARS):
    return make_cast(story, catalogue_of("Alpha (1999)", "Beta (2000)", "Gamma (2001)", *more), levels)


def test_a_rating_changes_in_its_place():
    cast = cast_of(STORY)
    assert cast.before == Visitor({"sex": "M", "age": 25, "occupation": "programmer"}, (Event(1, 4.0), Event(2, 5.0)))
    assert cast.after == Visitor({"sex": "M", "age": 25, "occupation": "programmer"}, (Event(1, 4.0), Event(2, 1.0)))
    assert (cast.changed, cast.explained, cast.missing) == (2, None, ())


def test_a_movie_that_was_not_watched_is_added_as_the_newest():
    cast = cast_of(replace(STORY, change=RatingChange("Gamma (2001)", 3)))
    assert cast.after.history == (Event(1, 4.0), Event(2, 5.0), Event(3, 3.0))
    assert cast.changed == 3


def test_a_demographic_changes():
    cast = cast_of(replace(STORY, change=DemographicChange("sex", "F"), explained="Gamma (2001)"))
    assert cast.after == cast.before.with_demographic("sex", "F")
    assert (cast.changed, cast.explained) == (None, 3)


def test_movies_that_a_dataset_lacks_are_left_out_and_named():
    person = replace(SAM, watched=(("Omega (1950)", 3), *SAM.watched))
    cast = cast_of(replace(STORY, person=person, explained="Psi (1951)"))
    assert [event.movie_id for event in cast.before.history] == [1, 2]
    assert cast.missing == ("Omega (1950)", "Psi (1951)")
    assert cast.explained is None


def test_without_the_movie_that_changes_there_is_nothing_to_tell():
    with pytest.raises(StoryError, match=r"change.movie: “Bet \(2000\)” is not in this dataset.*Beta \(2000\)"):
        make_cast(
            replace(STORY, change=RatingChange("Bet (2000)", 1)),
            catalogue_of("Alpha (1999)", "Beta (2000)"),
            WHOLE_STARS,
        )


def test_ratings_are_rounded_to_those_of_the_dataset():
    person = replace(SAM, watched=(("Alpha (1999)", 3.5), ("Beta (2000)", 0.5)))
    cast = cast_of(replace(STORY, person=person))
    assert [event.rating for event in cast.before.history] == [4.0, 1.0]


def test_a_title_is_found_with_the_subtitle_that_a_dataset_gives_it():
    story = replace(STORY, change=RatingChange("Star Wars (1977)", 5))
    assert cast_of(story, "Star Wars: Episode IV - A New Hope (1977)").changed == 4


# ---- what is said


@pytest.fixture(scope="module")
def recommender():
    return Recommender.load("demo")


@pytest.mark.parametrize("name", STORIES)
def test_built_in_stories_move_the_list_of_the_demo_world_visibly(name, recommender):
    cast = make_cast(STORIES[name], recommender.catalogue, recommender.bundle.levels)
    assert cast.missing == ()
    comparison = compare(recommender, cast.before, cast.after, 8)
    first, second = ([row.movie_id for row in rows] for rows in (comparison.first, comparison.second))
    assert len(set(second) - set(first)) >= 2
    assert sum(was != now for was, now in zip(first, second, strict=True)) >= 5
    told = telling.tell_moves(comparison, recommender.catalogue.title)
    places = sum(was != now for was, now in zip(first, second, strict=True))
    assert told.headline.startswith(f"{places} of 8 places change: ")
    assert f"{len(set(second) - set(first))} movies are new on the list" in told.caption


def test_what_changes_is_said_with_both_values():
    title = {1: "Alpha (1999)", 2: "Beta (2000)", 3: "Gamma (2001)"}.__getitem__
    assert telling.tell_change(cast_of(STORY), title).headline == "Now one rating changes: Beta (2000), from 5 ★ to 1 ★"
    added = replace(STORY, change=RatingChange("Gamma (2001)", 3))
    assert telling.tell_change(cast_of(added), title).headline == "Now Sam rates one more movie: Gamma (2001), 3 ★"
    same = replace(STORY, change=RatingChange("Beta (2000)", 5))
    assert telling.tell_change(cast_of(same), title).headline == "Beta (2000) keeps its 5 ★: nothing changes"
    older = replace(STORY, change=DemographicChange("age", 56))
    assert (
        telling.tell_change(cast_of(older), title).headline
        == "Now one thing changes: Sam’s age group, from 25–34 to 56 and over"
    )


def test_the_person_is_described_by_what_is_known():
    title = {1: "Alpha (1999)", 2: "Beta (2000)"}.__getitem__
    told = telling.tell_person(cast_of(STORY), title)
    assert told.headline == "Sam: male, 25–34, programmer, 2 movies rated, Beta (2000) highest with 5 ★"
    nobody = cast_of(Story("A stranger", Person("Alex"), RatingChange("Beta (2000)", 5)))
    assert telling.tell_person(nobody, title).headline == (
        "Alex: no sex, age or occupation known, and not one movie rated"
    )


def test_texts_of_the_story_replace_the_computed_ones():
    told = telling.Telling("computed", "computed, too")
    assert told.overridden(Step("list")) == told
    assert told.overridden(Step("list", "Mine")) == telling.Telling("Mine", "computed, too")
    assert told.overridden(Step("list", caption="Mine")) == telling.Telling("computed", "Mine")
    assert told.overridden(Step("list", caption=" – ")) == telling.Telling("computed", "")


def test_evidence_compares_with_the_best_simple_methods_and_the_most_naive():
    errors = {"global_mean": 0.95, "item_mean": 0.8, "bias": 0.72, "svd": 0.7, "svd_fold_in": 0.68}
    record = EvaluationRecord(
        1234, Metrics({"mae": 0.66}), {name: Metrics({"mae": error}) for name, error in errors.items()}, users=40
    )
    bars = evidence.evidence_bars(record, None)
    assert [(bar.label, bar.text) for bar in bars] == [
        ("This model", "0.66 ★"),
        ("SVD fold-in", "0.68 ★"),
        ("SVD", "0.70 ★"),
        ("User + item bias", "0.72 ★"),
        ("Global mean", "0.95 ★"),
    ]
    assert [bar.marked for bar in bars] == [True, False, False, False, False]


def lists_of(ours: float, **rivals: tuple[float, Interval]) -> ListRecord:
    """A record of lists of 80 people, five of whose ratings are known: precision@10, and how far ours is ahead."""

    def quality(precision: float, difference: Interval | None = None) -> ListQuality:
        values = {"precision@10": Interval(precision, precision - 0.1, precision + 0.1)}
        return ListQuality(80, 50, values, {"precision@10": difference} if difference else {})

    measured = {name: {5: quality(*values)} for name, values in rivals.items()}
    return ListRecord(0, 90, "like", {"like": {5: quality(ours)}}, measured)


def test_evidence_is_about_lists_where_they_were_measured(recommender):
    lists = lists_of(
        0.54,
        most_liked=(0.41, Interval(0.13, 0.1, 0.16)),
        ease=(0.52, Interval(0.02, -0.01, 0.04)),
        als=(0.3, Interval(0.24, 0.2, 0.28)),
    )
    record = EvaluationRecord(1234, Metrics({"mae": 0.654}), {"svd": Metrics({"mae": 0.676})}, users=40)
    told = evidence.tell_evidence(recommender.bundle, record, lists)
    assert told.headline == (
        "Does it hold? Of ten movies it lists after 5 ratings, people liked 5.4 later; of one list for everybody, 4.1"
    )
    assert told.caption == (
        "That is for 80 people it has never seen: clearly more than one list for everybody, and no clear difference to "
        "the best simple recommender, EASE. Its ratings are off by 0.65 ★ on average; the best simple method’s by "
        "0.68 ★. These people are simulated. Whether real people would be glad of its lists, only a trial with them "
        "can say."
    )
    assert [(bar.label, bar.text, bar.marked) for bar in evidence.evidence_bars(record, lists)] == [
        ("This model", "5.4 of ten", True),
        ("Best simple recommender: EASE", "5.2 of ten", False),
        ("One list for everybody", "4.1 of ten", False),
    ]


def test_evidence_says_when_one_list_for_everybody_is_better(recommender):
    lists = lists_of(0.26, most_liked=(0.42, Interval(-0.16, -0.19, -0.13)))
    told = evidence.tell_evidence(recommender.bundle, EvaluationRecord(0, Metrics({})), lists)
    assert told.caption.startswith(
        "That is for 80 people it has never seen: clearly fewer than one list for everybody. "
    )
    assert [bar.label for bar in evidence.evidence_bars(EvaluationRecord(0, Metrics({})), lists)] == [
        "This model",
        "One list for everybody",
    ]


def test_evidence_without_lists_is_about_ratings_in_plain_words(recommender):
    record = EvaluationRecord(1234, Metrics({"mae": 0.654}), {"svd": Metrics({"mae": 0.676})}, users=40)
    told = evidence.tell_evidence(recommender.bundle, record, None)
    assert told.headline == "Does it hold? Its ratings are off by 0.65 ★ on average for 40 people it has never seen"
    assert told.caption.startswith(
        "The best simple method’s, SVD, by 0.68 ★. Shorter bars are better. These people are"
    )
    nothing = evidence.tell_evidence(recommender.bundle, EvaluationRecord(0, Metrics({})), None)
    assert nothing.headline == "Does it hold? It has not been measured yet"


@pytest.mark.parametrize(
    ("old", "new", "clause", "direction"),
    [
        (0.4, -0.2, "M now speaks against it", -1),
        (0.4, 0.01, "M no longer speaks for it", -1),
        (-0.4, 0.0, "M no longer speaks against it", 1),
        (0.4, 0.2, "M speaks less for it than before", -1),
        (-0.4, -0.2, "M speaks less against it than before", 1),
        (0.2, 0.4, "M speaks more for it than before", 1),
        (-0.2, -0.4, "M speaks more against it than before", -1),
        (0.2, 0.21, "M still speaks for it", 0),
        (0.0, 0.2, "M now speaks for it", 1),
        (None, 0.2, "M speaks for it", 1),
        (0.01, 0.02, "M by itself hardly matters", 0),
    ],
)
def test_what_was_changed_speaks_for_or_against(old, new, clause, direction):
    assert reasons.voice("M", "M", old, new, least=0.05) == (clause, direction)


def explained_twice(story: Story, movie: str, recommender) -> tuple:
    cast = make_cast(story, recommender.catalogue, recommender.bundle.levels)
    movie_id = recommender.catalogue.named(movie)
    return cast, *(explain(recommender, visitor, movie_id) for visitor in (cast.before, cast.after))


def told_why(story: Story, movie: str, recommender) -> str:
    cast, was, now = explained_twice(story, movie, recommender)
    return reasons.tell_why(cast, was, now, "like_logit", recommender.catalogue.short_title).headline


def test_why_says_from_what_to_what_and_what_the_change_has_to_do_with_it(recommender):
    pattern = r"Why Terminator 2: Judgment Day drops from \d+% to \d+%: The Matrix no longer speaks for it"
    assert re.fullmatch(pattern, told_why(STORIES["one-star"], "Terminator 2: Judgment Day (1991)", recommender))
    age = "(under 18 no longer speaks for|56 and over now speaks against)"
    pattern = rf"Why Toy Story 2 drops from \d+% to \d+%: the age group {age} it"
    assert re.fullmatch(pattern, told_why(STORIES["who-you-are"], "Toy Story 2 (1999)", recommender))


def attention_of(recommender, weights: list[float], effects: list[float]) -> str:
    """What is said of looks and effects, over the movies of the first story."""
    cast, _, now = explained_twice(STORIES["one-star"], "Aliens (1986)", recommender)
    looks = replace(
        now.attention_weights("like_logit"), to_events=np.array([weights]), to_rest=np.array([0.1]), heads=("one",)
    )

    class Given(Explanation):
        def event_effects(self, measure):
            return np.array(effects)

    given = Given(
        **{name: getattr(now, name) for name in now.__dataclass_fields__} | {"tower_attention": {"like_logit": looks}}
    )
    return reasons.tell_attention(cast, given, "like_logit", recommender.catalogue.short_title).headline


def test_where_it_looked_is_not_always_what_counts(recommender):
    start = "Of Sam’s movies it looked most at Casablanca (50%)"
    weights = [0.1, 0.5, 0.2, 0.1]
    assert attention_of(recommender, weights, [0.9, 0.1, 0, 0]) == f"{start}; what moves Aliens most is The Matrix"
    assert attention_of(recommender, weights, [0.1, -0.9, 0, 0]) == f"{start}, and that moves Aliens most"
    assert attention_of(recommender, weights, [0.01, 0, 0, 0]) == start


@pytest.mark.real_data
def test_built_in_stories_are_whole_on_movielens(ml_1m):
    catalogue = Catalogue(ml_1m.movies)
    assert all(not make_cast(story, catalogue, ml_1m.levels).missing for story in STORIES.values())


def test_built_in_stories_are_whole_on_the_demo_world():
    catalogue = Catalogue(load_movies("demo"))
    assert all(not make_cast(story, catalogue, WHOLE_STARS).missing for story in STORIES.values())
