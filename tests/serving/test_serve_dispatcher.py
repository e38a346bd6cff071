"""In front of replicas: the answers are theirs, and one that dies is not noticed by whoever asks."""

import asyncio

import pytest

TestClient = pytest.importorskip("fastapi.testclient", reason="needs requirements-scale.txt").TestClient

from bst.serving.app import create_app  # noqa: E402 - it needs FastAPI
from bst.serving.dispatcher import MOST_TRIES, Dispatcher, answer  # noqa: E402
from bst.serving.gate import Gate  # noqa: E402
from bst.serving.limits import Limits  # noqa: E402
from bst.serving.models import ServedModel  # noqa: E402

LIMITS = Limits(body_kb=10)
BODY = {"visitor": {"history": [{"title": "Alien (1979)", "rating": 5}]}, "k": 3}


class DiedError(Exception):
    """What stands for the death of a replica."""


class Replica:
    """Answers, once it has died as often as it is told to; ``asked`` is what it was asked."""

    def __init__(self, app, deaths=0):
        self._app, self._deaths, self.asked = app, deaths, []

    async def __call__(self, asked):
        self.asked.append(asked)
        if len(self.asked) <= self._deaths:
            raise DiedError
        return await answer(self._app, asked)


@pytest.fixture(scope="module")
def app():
    return create_app([ServedModel.load("demo", LIMITS)], LIMITS, log_requests=False)


def client_of(replica, timeout_s=60.0):
    front = Gate(Dispatcher(replica, (DiedError,), timeout_s), LIMITS, arriving=lambda _: None, log_requests=False)
    return TestClient(front, raise_server_exceptions=False)


@pytest.mark.parametrize("deaths", [0, 1, MOST_TRIES - 1])
def test_the_answer_is_that_of_a_replica_that_lives(app, deaths):
    expected = TestClient(app).post("/v1/recommend", json=BODY)
    replica = Replica(app, deaths)
    found = client_of(replica).post("/v1/recommend", json=BODY, headers={"X-Request-Id": "one"})
    assert found.status_code == expected.status_code == 200
    assert found.content == expected.content
    assert found.headers.get_list("x-request-id") == ["one"]
    assert len(replica.asked) == deaths + 1
    assert all(asked == replica.asked[0] for asked in replica.asked)


def test_a_request_that_kills_its_replicas_is_given_up(app):
    replica = Replica(app, deaths=100)
    found = client_of(replica).post("/v1/recommend", json=BODY)
    assert found.status_code == 503
    assert "replicas have ended" in found.json()["error"]["message"]
    assert "Retry-After" in found.headers
    assert len(replica.asked) == MOST_TRIES


def test_refusals_and_addresses_are_those_of_the_replica(app):
    client, alone = client_of(Replica(app)), TestClient(app)
    asked = [
        ("POST", "/v1/recommend", BODY | {"k": 0}),
        ("GET", "/v2/models/demo", None),
        ("GET", "/nowhere?x=1", None),
        ("PUT", "/v1/predict", {}),
    ]
    for verb, path, body in asked:
        same = {"headers": {"X-Request-Id": "one"}, "json": body}
        found, expected = client.request(verb, path, **same), alone.request(verb, path, **same)
        assert (found.status_code, found.text) == (expected.status_code, expected.text)


def test_what_is_too_large_is_refused_in_front(app):
    replica = Replica(app)
    found = client_of(replica).post("/v1/recommend", content=b"x" * 10_001)
    assert found.status_code == 413
    assert not replica.asked


def test_without_a_replica_that_answers_there_is_an_end():
    async def never(asked):
        await asyncio.Event().wait()

    found = client_of(never, timeout_s=0.01).post("/v1/recommend", json=BODY)
    assert found.status_code == 504
    assert found.json()["error"]["kind"] == "too_late"


def test_another_fault_is_one_of_ours(app):
    async def broken(asked):
        raise ZeroDivisionError

    assert client_of(broken).post("/v1/recommend", json=BODY).status_code == 500
