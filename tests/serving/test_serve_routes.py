"""Each address of the server: its answers are those of the command line, and every refusal has one form."""

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from bst.cli import main

TestClient = pytest.importorskip("fastapi.testclient", reason="needs requirements-scale.txt").TestClient

from bst.serving.app import create_app  # noqa: E402 - it needs FastAPI
from bst.serving.limits import Limits  # noqa: E402
from bst.serving.models import ServedModel, check  # noqa: E402

HISTORY = [{"title": "Alien (1979)", "rating": 5}, {"title": "Casablanca", "rating": 3}, {"item_id": 143, "rating": 4}]
VISITOR = {"demographics": {"sex": "F", "age": 25}, "history": HISTORY, "seen": ["M", 486]}
OPTIONS = ["--sex", "F", "--age", "25", "--watched", "Alien (1979)=5", "--watched", "Casablanca=3"]
OPTIONS += ["--watched", "143=4", "--seen", "M", "--seen", "486"]


@pytest.fixture(scope="module")
def models():
    limits = Limits()
    return [ServedModel.load(name, limits) for name in ("demo", "demo-compact")]


@contextmanager
def client_of(models, log_requests=False, **limits):
    own = Limits(**limits)
    models = [ServedModel(model.recommender, own) for model in models]
    with TestClient(create_app(models, own, log_requests), raise_server_exceptions=False) as client:
        yield client


@pytest.fixture(scope="module")
def client(models):
    with client_of(models) as client:
        yield client


@pytest.fixture
def printed(capsys):
    """What a command prints with ``--json``, but for the line break at the end."""

    def printed(*arguments):
        assert main([*arguments, "--json"]) == 0
        return capsys.readouterr().out.removesuffix("\n")

    return printed


def refused(response, status: int) -> str:
    """The message of a refusal, which has the form of all refusals."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/json"
    (error,) = response.json().values()
    assert error["request_id"] == response.headers["x-request-id"]
    assert "\n" not in error["message"]
    return error["message"]


# ---- the command line's answers


@pytest.mark.parametrize(
    ("bundle", "asked", "options"),
    [
        ("demo", {}, []),
        ("demo", {"k": 3, "order": "rating"}, ["-k", "3", "--order", "rating"]),
        ("demo", {"order": "blend", "weight": 0.3}, ["--order", "blend", "--weight", "0.3"]),
        ("demo", {"popularity_weight": 0.5, "diversity": 0.4}, ["--popularity-weight", "0.5", "--diversity", "0.4"]),
        ("demo", {"genres": ["Horror"], "years": [1960, 1990]}, ["--genre", "Horror", "--years", "1960-1990"]),
        ("demo", {"popularity": [0.0, 0.25]}, ["--fame", "Hidden gems"]),
        ("demo", {"candidates": ["Aliens", "Vertigo", 63]}, ["--candidate", "Vertigo", "--candidate", "63"]),
        ("demo-compact", {}, []),
    ],
)
def test_recommend_is_what_the_command_prints(client, printed, bundle, asked, options):
    if "candidates" in asked:  # a seen one is not listed
        options = ["--candidate", "Aliens", *options]
    answer = client.post("/v1/recommend", json={"bundle": bundle, "visitor": VISITOR} | asked)
    assert answer.status_code == 200, answer.text
    assert answer.text == printed("recommend", "--bundle", bundle, *OPTIONS, *options)


@pytest.mark.parametrize("bundle", ["demo", "demo-compact"])
def test_predict_and_explain_are_what_the_commands_print(client, printed, bundle):
    about = {"bundle": bundle, "visitor": VISITOR}
    answer = client.post("/v1/predict", json=about | {"candidates": ["Vertigo", 486]})
    assert answer.text == printed("predict", "--bundle", bundle, *OPTIONS, "--movie", "Vertigo", "--movie", "486")
    assert [row["seen"] for row in answer.json()["predictions"]] == [False, True]
    answer = client.post("/v1/explain", json=about | {"candidate": "Vertigo"})
    assert answer.text == printed("explain", "--bundle", bundle, *OPTIONS, "--movie", "Vertigo")


def test_timestamps_are_read(client):
    def watch_next(*times):
        history = [event | {"timestamp": time} for event, time in zip(HISTORY, times, strict=True)]
        body = {"bundle": "demo", "visitor": {"history": history}, "candidates": ["Vertigo"]}
        answer = client.post("/v1/predict", json=body).json()
        assert [event["timestamp"] for event in answer["visitor"]["history"]] == list(times)
        return answer["predictions"][0]["watch_next"]

    assert watch_next(978300000, 978300060, 978300120) != watch_next(978300000, 988300060, 1078300120)


def test_the_only_model_needs_no_name(models):
    with client_of(models[:1]) as client:
        assert client.post("/v1/recommend", json={}).json()["bundle"] == "demo"


# ---- refusals


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({}, 422, "bundle is missing; choose one of: demo, demo-compact"),
        ({"bundle": "none"}, 404, "this server has no bundle 'none'"),
        ({"visitor": {"history": [{"title": "Alienz", "rating": 5}]}}, 422, "no movie is called 'Alienz'; the nearest"),
        ({"visitor": {"history": [{"item_id": 999999, "rating": 5}]}}, 422, "there is no movie 999999"),
        ({"visitor": {"history": [{"rating": 5}]}}, 422, "needs an item_id or a title, one of them"),
        ({"visitor": {"history": [{"item_id": 143, "title": "M", "rating": 5}]}}, 422, "one of them"),
        ({"visitor": {"history": [{"item_id": 143}]}}, 422, "has no rating; give one, or list it under seen"),
        ({"visitor": {"history": [{"item_id": 143, "rating": 4.5}]}}, 422, "cannot be rated 4.5"),
        ({"visitor": {"history": [{"item_id": 143, "rating": 4}] * 2}}, 422, "is in the history twice"),
        ({"visitor": {"history": [{"item_id": 143, "rating": 4, "timestamp": -1}]}}, 422, "history.0.timestamp: "),
        ({"visitor": {"history": [{"item_id": True, "rating": 4}]}}, 422, "history.0.item_id: "),
        ({"visitor": {"demographics": {"sex": "X"}}}, 422, "sex 'X' is unknown; choose one of: F, M"),
        ({"visitor": {"demographics": {"shoes": 38}}}, 422, "shoes"),
        ({"visitor": {"seen": ["Alienz"]}}, 422, "no movie is called"),
        ({"k": 0}, 422, "k: "),
        ({"k": 1001}, 422, "k may be at most 1,000 here, not 1,001"),
        ({"candidates": []}, 422, "candidates: "),
        ({"candidates": [143] * 1001}, 422, "candidates may be at most 1,000 here"),
        ({"order": "best"}, 422, "order: "),
        ({"weight": 2}, 422, "weight: "),
        ({"years": [1990, 1980]}, 422, "the first year is after the last"),
        ({"genres": ["Soap"]}, 422, "unknown genre 'Soap'"),
        ({"popularity": [0.5, 0.1]}, 422, "popularity goes from a lower to a higher share"),
        ({"ordr": "like"}, 422, "ordr: "),
    ],
)
def test_what_means_nothing_is_refused_in_one_line(client, body, status, words):
    body = body if body == {} else {"bundle": "demo"} | body
    assert words in refused(client.post("/v1/recommend", json=body), status)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"1", b'"\xff"', b"[" * 100_000, b'{"k": NaN}', b'{"k": 1e999}'])
def test_what_is_no_question_is_refused(client, body):
    response = client.post("/v1/recommend", content=body, headers={"Content-Type": "application/json"})
    assert response.status_code in (400, 422)
    refused(response, response.status_code)


def test_an_order_that_the_model_lacks(client):
    message = refused(client.post("/v1/recommend", json={"bundle": "demo-compact", "order": "like"}), 422)
    assert message == "model demo-compact cannot order by 'like'; it can by: rating"


def test_unknown_addresses_and_methods(client):
    refused(client.get("/v1/nothing"), 404)
    refused(client.get("/v1/recommend"), 405)
    refused(client.get("/v2/models/none"), 404)


def test_a_fault_has_an_id_and_says_nothing(models, monkeypatch, capsys):
    def fail(*_):
        raise KeyError("Alien (1979), rated 5")

    with client_of(models) as client:
        monkeypatch.setattr(ServedModel, "explain", fail)
        response = client.post("/v1/explain", json={"bundle": "demo", "candidate": 143})
    message = refused(response, 500)
    assert response.json()["error"]["error"] in message
    assert "Alien" not in message


# ---- limits


def test_a_body_that_is_too_large(models):
    with client_of(models, body_kb=1) as client:
        body = {"bundle": "demo", "visitor": {"seen": [143] * 400}}
        assert "larger than 1,000 bytes" in refused(client.post("/v1/recommend", json=body), 413)
        # without its length in front
        parts = iter([json.dumps(body).encode()])
        assert "larger than 1,000 bytes" in refused(client.post("/v1/recommend", content=parts), 413)


def test_longer_histories_than_allowed(models):
    with client_of(models, history=2, seen=1, candidates=1) as client:
        for visitor, words in (
            ({"history": HISTORY}, "the history may be at most 2"),
            ({"seen": [1, 2]}, "seen may be"),
        ):
            assert words in refused(client.post("/v1/recommend", json={"bundle": "demo", "visitor": visitor}), 422)


def test_more_requests_at_once_than_allowed(models, monkeypatch):
    begun, end = threading.Event(), threading.Event()

    def wait(*_):
        begun.set()
        end.wait(30)
        return {}

    with client_of(models, requests=1) as client, ThreadPoolExecutor() as pool:
        monkeypatch.setattr(ServedModel, "explain", wait)
        slow = pool.submit(client.post, "/v1/explain", json={"bundle": "demo", "candidate": 143})
        assert begun.wait(30)
        response = client.post("/v1/recommend", json={"bundle": "demo"})
        assert "ask again in a second" in refused(response, 503)
        assert response.headers["retry-after"] == "1"
        assert client.get("/v2/health/ready").status_code == 200  # always answered
        end.set()
        assert slow.result().status_code == 200
        assert client.post("/v1/recommend", json={"bundle": "demo"}).status_code == 200


def test_what_takes_too_long(models, monkeypatch):
    end = threading.Event()
    with client_of(models, timeout_s=0.2, explain_timeout_s=0.2) as client:
        monkeypatch.setattr(ServedModel, "explain", lambda *_: end.wait(30))
        monkeypatch.setattr(ServedModel, "recommend", lambda *_: end.wait(30) and [{}])
        for address, body in (("explain", {"candidate": 143}), ("recommend", {})):
            response = client.post(f"/v1/{address}", json={"bundle": "demo"} | body)
            assert "takes more than 0.2 seconds" in refused(response, 504)
            assert response.headers["retry-after"] == "1"
        end.set()


# ---- the log


def test_the_log_has_a_line_for_each_request_and_nothing_of_the_visitor(models, capsys):
    with client_of(models, log_requests=True) as client:
        headers = {"X-Request-Id": "from-a-proxy-1"}
        assert client.post("/v1/recommend", json={"bundle": "demo", "visitor": VISITOR}, headers=headers).is_success
        client.post("/v1/recommend", json={"bundle": "demo", "visitor": {"seen": ["Alien's secret"]}})
        client.get("/v1/Alien", headers={"X-Request-Id": "not an id\t"})
        client.get("/v2/health/live")
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [(line["route"], line["status"]) for line in lines] == [
        ("/v1/recommend", 200),
        ("/v1/recommend", 422),
        ("unknown", 404),
    ]
    assert lines[0]["request"] == "from-a-proxy-1"
    assert (lines[0]["bundle"], lines[0]["batch"]) == ("demo", 1)
    assert lines[2]["request"].isalnum()
    text = json.dumps(lines)
    assert not any(word in text for word in ("Alien", "Casablanca", "143", '"F"', "testclient"))


# ---- health and metadata


def test_health_and_metadata(client, models):
    assert client.get("/v2/health/live").json() == {"live": True}
    assert client.get("/v2/health/ready").json() == {"ready": True}
    assert client.get("/v2").json()["name"] == "bst-studio"
    version = models[0].version
    metadata = client.get("/v2/models/demo").json()
    assert metadata["versions"] == [version]
    assert [one["name"] for one in metadata["inputs"]] == ["item_id", "rating", "timestamp", "candidates"]
    assert [one["name"] for one in metadata["outputs"]] == ["expected", "distribution", "next_logit", "like_logit"]
    assert metadata["parameters"]["max_history"] == 300
    assert [one["name"] for one in client.get("/v2/models/demo-compact").json()["outputs"]] == ["expected"]
    assert client.get("/v2/models/demo/ready").json() == {"name": "demo", "ready": True}
    assert client.get(f"/v2/models/demo/versions/{version}").json() == metadata
    refused(client.get("/v2/models/demo/versions/1/ready"), 404)


def test_the_documentation_has_all_questions_with_examples(client):
    schema = client.get("/openapi.json").json()
    assert {"/v1/recommend", "/v1/predict", "/v1/explain", "/v2/health/ready"} <= set(schema["paths"])
    assert not any("scorer" in path for path in schema["paths"])  # private
    for name in ("RecommendBody", "PredictBody", "ExplainBody"):
        (example,) = schema["components"]["schemas"][name]["examples"]
        path = f"/v1/{name.removesuffix('Body').lower()}"
        assert client.post(path, json={"bundle": "demo"} | example).status_code == 200


# ---- what cannot be served


def test_what_cannot_be_served_is_said_before_it_listens(capsys, own_bundles):
    assert main(["serve", "--bundle", "none"]) == 2
    assert "there is no bundle 'none'" in capsys.readouterr().err
    assert main(["serve", "--bundle", "demo", "--bundle", "demo"]) == 2
    assert "two bundles are called demo" in capsys.readouterr().err
    assert main(["serve", "--workers", "0"]) == 2
    assert main(["serve", "--max-k", "0"]) == 2
    assert main(["serve", "--port", "99999"]) == 2
    assert "cannot listen at 127.0.0.1" in capsys.readouterr().err


@pytest.fixture
def own_bundles(override_settings, tmp_path):
    override_settings(data=tmp_path)


def test_titles_that_are_not_here_are_named_before_it_listens(capsys, own_bundles):
    assert main(["serve", "--bundle", "ml-1m"]) == 2
    assert "ml-1m is not here" in capsys.readouterr().err
    with pytest.raises(Exception, match="ml-1m is not here"):
        check(["ml-1m"])


# ---- requests at the same time


def test_requests_at_the_same_time_are_answered_together_and_alike(models):
    """Lists of many visitors at once are those that each gets alone, but for rounding."""
    titles = models[0].recommender.catalogue.titles
    ids = list(titles)
    visitors = [
        {"history": [{"item_id": ids[(7 * i + 13 * j) % len(ids)], "rating": 1 + (i + j) % 5} for j in range(3 + i)]}
        for i in range(24)
    ]
    bodies = [
        {"bundle": "demo", "visitor": visitor, "k": 10, "order": order, "candidates": ids[:200]}
        for visitor in visitors
        for order in ("like", "next")
    ]
    gate = threading.Barrier(len(bodies))

    with client_of(models, log_requests=False) as client:
        alone = [client.post("/v1/recommend", json=body).json() for body in bodies]

        def ask(body):
            gate.wait()
            return client.post("/v1/recommend", json=body).json()

        with ThreadPoolExecutor(len(bodies)) as pool:
            together = list(pool.map(ask, bodies))
    for one, other in zip(alone, together, strict=True):
        assert one["visitor"] == other["visitor"]
        for row, same in zip(one["recommendations"], other["recommendations"], strict=True):
            for name in ("expected_rating", "watch_next", "will_like"):
                assert row[name] == pytest.approx(same[name], abs=2e-4)


def test_an_error_in_a_batch_is_its_own():
    from bst.serving.batching import BatchQueue

    class Number(int):
        kind = "number"

    taken = []

    def invert(numbers):
        time.sleep(0.05)
        taken.append(len(numbers))
        return [1 / number for number in numbers]

    queue = BatchQueue(invert, 8, 0.01)
    futures = [queue.submit(Number(number)) for number in (1, 2, 0, 4)]
    assert [future.result(10)[0] for future in (futures[0], futures[1], futures[3])] == [1, 0.5, 0.25]
    with pytest.raises(ZeroDivisionError):
        futures[2].result(10)
    cancelled = [queue.submit(Number(1)) for _ in range(3)]
    assert all(future.cancel() for future in cancelled[1:])
    queue.close()


def test_a_batch_has_one_kind_and_the_oldest_first():
    from bst.serving.batching import BatchQueue

    class Letter(str):
        __slots__ = ()

        @property
        def kind(self):
            return self.isupper()

    begun, go = threading.Event(), threading.Event()
    batches = []

    def spell(letters):
        begun.set()
        go.wait(10)
        batches.append("".join(letters))
        return letters

    queue = BatchQueue(spell, 3, 0.0)
    futures = [queue.submit(Letter("x"))]
    assert begun.wait(10)
    futures += [queue.submit(Letter(letter)) for letter in "aBcDefg"]
    go.set()
    for future in futures:
        future.result(10)
    queue.close()
    assert batches == ["x", "ace", "BD", "fg"]
