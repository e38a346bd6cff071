"""``explain``: one prediction in numbers and in a few lines."""

import pytest

from bst.explanation.leave_one_out import demographics_unknown, leave_one_out, rating_changes
from bst.explanation.sentences import explain, sentence
from bst.schema import Event, Visitor

VISITOR = Visitor(
    {"sex": "F", "age": 25}, tuple(Event(100 + 3 * i, stars) for i, stars in ((4, 5.0), (7, 2.0), (12, 4.0)))
)
WHO = ["--sex", "F", "--age", 25]
WHO += [part for e in VISITOR.history for part in ("--watched", f"{e.movie_id}={e.rating:g}")]
MOVIE = 160


@pytest.fixture
def bundle(timeline_bundle, data_here):
    return timeline_bundle.folder


@pytest.fixture
def classic(small_bundle, data_here):
    return small_bundle.folder


def test_a_prediction_is_explained_as_json(answer, bundle, timeline_recommender):
    said = answer("explain", "--bundle", bundle, *WHO, "--movie", MOVIE)
    assert list(said) == [
        "bundle", "visitor", "movie_id", "title", "expected", "liked", "next_logit", "watch_next", "like_logit",
        "will_like", "sentence", "trust", "events", "attention", "rating_changes", "demographics", "interactions",
        "gradients", "agreement",
    ]  # fmt: skip
    made = leave_one_out(timeline_recommender, VISITOR, MOVIE)
    assert said["expected"] == pytest.approx(made.scores.expected, abs=1e-4)
    assert said["like_logit"] == pytest.approx(made.scores.like_logit, abs=1e-4)
    row = timeline_recommender.recommendation(VISITOR, MOVIE)
    assert said["will_like"] == pytest.approx(row.will_like, abs=1e-6)
    assert said["movie_id"] == MOVIE
    assert [event["movie_id"] for event in said["events"]] == [event.movie_id for event in VISITOR.history]
    for place, event in enumerate(said["events"]):
        assert list(event["effect"]) == ["expected", "liked", "next_logit", "like_logit"]
        for measure, value in event["effect"].items():
            assert value == pytest.approx(getattr(made.event_effects, measure)[place], abs=1e-4)
    # what is looked at is shared out whole, by each head
    for weights, rest in zip(said["attention"]["to_events"], said["attention"]["to_rest"], strict=True):
        assert sum(weights) + rest == pytest.approx(1, abs=1e-3)
    mean = [
        sum(column) / len(said["attention"]["heads"]) for column in zip(*said["attention"]["to_events"], strict=True)
    ]
    assert [event["attention"] for event in said["events"]] == pytest.approx(mean, abs=1e-3)
    # integrated gradients add up to what there is to explain
    total = sum(event["gradient"] for event in said["events"]) + said["gradients"]["rest"]
    difference = said["expected"] - said["gradients"]["baseline"]
    assert total == pytest.approx(difference, abs=0.01 * abs(difference) + 2e-3)
    table = rating_changes(timeline_recommender, VISITOR, MOVIE)
    assert said["rating_changes"]["levels"] == [1, 2, 3, 4, 5]
    assert said["rating_changes"]["expected"] == [pytest.approx(row.tolist(), abs=1e-4) for row in table]
    parts = demographics_unknown(timeline_recommender, VISITOR, MOVIE)
    assert list(said["demographics"]) == ["sex", "age"] == list(parts)
    assert said["demographics"]["age"]["expected"] == pytest.approx(parts["age"].expected, abs=1e-4)
    stars = said["interactions"]["stars"]
    assert [stars[i][i] for i in range(3)] == [0, 0, 0]
    assert stars[0][1] == stars[1][0]
    assert said["agreement"]["heads"].keys() == set(said["attention"]["heads"])
    title = timeline_recommender.catalogue.title
    assert said["sentence"] == sentence(explain(timeline_recommender, VISITOR, MOVIE), "expected", title)


def test_a_prediction_is_explained_in_a_few_lines(run, bundle, timeline_recommender):
    code, out, _ = run("explain", "--bundle", bundle, *WHO, "--movie", "Story Number 20")
    lines = out.rstrip().split("\n")
    made = explain(timeline_recommender, VISITOR, MOVIE)
    assert code == 0
    assert lines[0] == sentence(made, "expected", timeline_recommender.catalogue.title)
    assert lines[2].split() == ["effect", "attention", "gradients"]
    strongest = VISITOR.history[int(abs(made.event_effects("expected")).argmax())]
    assert lines[3].endswith(
        f"{timeline_recommender.catalogue.title(strongest.movie_id)}, rated {strongest.rating:g} ★"
    )
    assert any(line.endswith("they are female") for line in lines)
    assert lines[-1], "the last word is how far attention may be trusted"
    assert len(lines) <= 12


def test_a_classic_model_tells_of_the_rating_alone_and_of_what_it_reads(answer, classic):
    four = [*WHO, "--watched", "103=3"]
    said = answer("explain", "--bundle", classic, *four, "--movie", MOVIE)
    for name in ("liked", "next_logit", "watch_next", "like_logit", "will_like"):
        assert said[name] is None
    assert [event["movie_id"] for event in said["events"]] == [121, 136, 103], "the newest three"
    assert said["attention"]["rest"] == "the movie itself"


def test_of_nobody_there_is_little_to_tell(run, answer, bundle):
    said = answer("explain", "--bundle", bundle, "--movie", MOVIE)
    assert (said["events"], said["demographics"], said["interactions"]["stars"]) == ([], {}, [])
    assert "from what everybody thinks of it" in said["sentence"]
    code, out, _ = run("explain", "--bundle", bundle, "--movie", MOVIE)
    assert code == 0
    assert len(out.rstrip().split("\n")) == 1


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (["--movie", "No such film"], "no movie is called 'No such film'"),
        (["--movie", MOVIE, "--watched", "Story Number 4"], "is not of the form 'TITLE=STARS'"),
        (["--movie", MOVIE, "--watched", "112=2.5"], "cannot be rated 2.5"),
        ([], "--movie"),
    ],
)
def test_what_cannot_be_explained(asked, words, refused, eager, bundle):
    assert words in refused("explain", "--bundle", bundle, *asked)


def test_the_command_explains_itself(run):
    code, out, err = run("explain", "--help")
    assert (code, err) == (0, "")
    assert "python -m bst explain" in out
