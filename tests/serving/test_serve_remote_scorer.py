"""A scorer that asks another process: the same answers, bit for bit; and whatever is answered, one clear line."""

from contextlib import suppress

import numpy as np
import pytest

from bst.errors import ModelServerError
from bst.schema import Event, Visitor
from bst.scoring.remote.answers import METHODS, answer
from bst.scoring.remote.message import pack, unpack
from bst.scoring.remote.scorer import RemoteScorer
from bst.scoring.remote.visitors import read_visitors, write_visitors

EVENTS = (Event(387, 5.0, 978300000), Event(69, 3.0), Event(143, 4.0, 978400000))
SOMEONE = Visitor({"sex": "F", "age": 25}, EVENTS, {486})
OTHERS = [Visitor(), SOMEONE, SOMEONE.rated(69, 1), SOMEONE.without(387)]


@pytest.fixture(scope="module", params=["demo", "demo-compact"])
def scorers(request):
    """A scorer, the same asked over messages, and how it reads a history."""
    from bst.inference.recommender import Recommender

    recommender = Recommender.load(request.param, engine="numpy")
    local, movies = recommender.scorer, len(recommender.catalogue)

    def ask(method, question):
        return answer(local, recommender.history_rows, movies, method, question)

    remote = RemoteScorer(ask, local.levels, local.max_history, local.tasks, movies)
    return local, remote, recommender.history_rows


def same(one, other) -> None:
    """Assert that two answers are equal to the last bit."""
    if one is None or isinstance(one, str | tuple | float):
        assert one == other
    elif isinstance(one, np.ndarray):
        assert one.dtype == other.dtype or one.dtype.kind != "f"
        np.testing.assert_array_equal(one, other)
    else:
        fields = set(vars(one)) if type(one).__name__ != "LazyPredictions" else {"expected", "distribution"}
        for name in fields:
            same(getattr(one, name), getattr(other, name))


def test_every_question_has_the_same_answer(scorers):
    local, remote, rows_of = scorers
    one, many = (SOMEONE, rows_of(SOMEONE)), (OTHERS, [rows_of(visitor) for visitor in OTHERS])
    movies, positions = np.array([5, 3, 700]), [2, 0]
    questions = [
        ("predict_many", (*many, movies, local.tasks)),
        ("predict_many", ([], [], movies)),
        ("retrieve", (*one, local.tasks)),
        ("score_movie", (*many, 7)),
        ("score_movie_without_each", (*one, 7)),
        ("score_movie_without_each", (*one, 7, False)),
        ("score_movie_without_each", (Visitor(), np.zeros(0, np.int32), 7)),
        ("expected_without_each", (*one, movies)),
        ("expected_without_each", (*one, movies, positions)),
        ("expected_if_rated", (*one, 7)),
        ("expected_if_rated", (*one, 7, positions)),
        ("movie_vectors", ()),
        ("integrated_gradients", (*one, 7)),
        ("integrated_gradients", (*one, 7, 8)),
        ("gradient_times_input", (*one, 7)),
        ("attention_weights", (*one, 7)),
    ]
    if "like" in local.tasks:
        questions += [
            ("like_logit_without_each", (*one, movies)),
            ("like_logit_without_each", (*one, movies, positions)),
            ("catalogue_logits", (*many, "next")),
            ("catalogue_logits", (*many, "like", movies)),
            ("tower_attention", (*one, "like")),
            ("integrated_gradients", (*one, 7, None, "next")),
            ("gradient_times_input", (*one, 7, "like")),
        ]
    for name, arguments in questions:
        same(getattr(local, name)(*arguments), getattr(remote, name)(*arguments))


def test_predictions_are_the_same_part_by_part(scorers):
    local, remote, rows_of = scorers
    some = np.array([3, 1, 800])
    ours, theirs = (scorer.predict(SOMEONE, rows_of(SOMEONE)) for scorer in (local, remote))
    if hasattr(ours, "ratings_of"):
        for one, other in zip(ours.ratings_of(some), theirs.ratings_of(some), strict=True):
            same(one, other)
    else:
        same(ours.expected[some], theirs.ratings_of(some)[0])
    for name in ("watch_next", "like_logit", "popularity_logit", "expected", "distribution", "will_like"):
        same(getattr(ours, name), getattr(theirs, name))


def test_what_a_model_does_not_predict_is_an_error_on_both_sides(scorers):
    for scorer in scorers[:2]:
        if "like" in scorer.tasks:
            continue
        with pytest.raises(ValueError, match="tower"):
            scorer.catalogue_logits([SOMEONE], [scorers[2](SOMEONE)], "next")
        with pytest.raises(ValueError, match="tower"):
            scorer.integrated_gradients(SOMEONE, scorers[2](SOMEONE), 7, None, "like")


# ---- messages


def test_visitors_come_back_equal():
    visitors = [*OTHERS, Visitor({"occupation": "writer"}, seen=frozenset(range(50)))]
    assert read_visitors(*unpack(pack(*write_visitors(visitors)))) == visitors
    assert read_visitors(*unpack(pack(*write_visitors([])))) == []


def test_a_message_is_laid_out_as_safetensors():
    """The same bytes as the format's description asks for, worked out by hand."""
    message = pack({"a": 1}, {"x": np.array([[1.0, 2.0]], np.float32)})
    length = int.from_bytes(message[:8], "little")
    header = message[8 : 8 + length].decode()
    assert header.strip() == (
        '{"__metadata__":{"values":"{\\"a\\": 1}"},"x":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]}}'
    )
    assert message[8 + length :] == b"\x00\x00\x80?\x00\x00\x00@"


def test_damaged_messages_are_value_errors():
    message, rng = bytearray(pack(*write_visitors(OTHERS))), np.random.default_rng(0)
    read = 0
    for _ in range(3000):
        damaged = bytearray(message)
        for at in rng.integers(0, len(message), rng.integers(1, 4)):
            damaged[at] = rng.integers(256)
        damaged = bytes(damaged[: rng.integers(len(damaged) + 1)]) if rng.random() < 0.3 else bytes(damaged)
        try:
            unpack(damaged)
            read += 1
        except ValueError:
            pass
    assert read  # numbers in the data may be any


def test_an_array_cannot_claim_more_than_there_is():
    message = pack({}, {"x": np.zeros(4, np.float32)}).replace(b'"shape":[4]', b'"shape":[9]')
    with pytest.raises(ValueError, match="not as long as its shape says"):
        unpack(message)


@pytest.mark.parametrize(
    ("answered", "words"),
    [
        (b"", "cannot be read"),
        (b"<html>", "cannot be read"),
        (pack({}, {}), "expected is missing"),
        (pack({}, {"expected": np.zeros(9, np.float32)}), "has shape (9,), not (10,)"),
        (pack({}, {"expected": np.full(10, np.nan, np.float32)}), "not numbers"),
        (pack({}, {"expected": np.full(10, -np.inf, np.float32)}), "not numbers"),
        (pack({}, {"expected": np.zeros(10, np.int64)}), "expected is missing"),
        (pack({}, {"expected": np.zeros(10), "distribution": np.zeros((10, 4))}), "distribution has shape (10, 4)"),
    ],
)
def test_answers_that_cannot_be_are_refused(answered, words):
    scorer = RemoteScorer(lambda *_: answered, (1.0, 2.0, 3.0, 4.0, 5.0), 300, ("rating",), 10)
    with pytest.raises(ModelServerError) as refused:
        _ = scorer.predict(Visitor(), np.zeros(0, np.int32)).expected
    assert words in str(refused.value)


@pytest.mark.parametrize("label", [7, "x" * 101, "a\nb", None])
def test_labels_that_a_page_could_not_show_are_refused(label):
    arrays = {"to_events": np.zeros((1, 0), np.float32), "to_rest": np.zeros(1, np.float32)}
    answered = pack({"heads": [label], "rest": "who"}, arrays)
    scorer = RemoteScorer(lambda *_: answered, (1.0, 5.0), 300, ("rating",), 10)
    with pytest.raises(ModelServerError, match="labels are malformed"):
        scorer.attention_weights(Visitor(), np.zeros(0, np.int32), 3)


@pytest.mark.parametrize("method", METHODS)
def test_questions_that_cannot_be_are_value_errors(scorers, method):
    """The other way round: a server does not trust an app either."""
    local, _, rows_of = scorers
    who, arrays = write_visitors([SOMEONE])
    for values, more in (
        ({}, {}),
        ({"movie": -1}, {"movies": np.array([99999]), "positions": np.array([9])}),
        ({"movie": 10**6, "task": "sing"}, {"movies": np.array([-1]), "positions": np.array([-1])}),
        ({"movie": 3, "steps": 10**9, "task": []}, {"movies": np.zeros((2, 2), np.int64)}),
    ):
        with suppress(ValueError):
            answer(local, rows_of, 1350, method, pack(who | values, arrays | more))
    if method not in ("movie_vectors", "popularity_logit"):  # these are about nobody
        with pytest.raises(ValueError, match="visitors"):
            answer(local, rows_of, 1350, method, pack({"demographics": [{}, {}]}, {}))
