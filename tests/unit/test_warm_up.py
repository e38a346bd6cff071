"""Whether visitors can be sent to a server: not before the model that they meet has predicted."""

import json
import threading
from types import SimpleNamespace

import pytest

from bst.errors import BundleError
from pages.shared import resources, warm_up
from tests import asynchronous


@pytest.fixture(autouse=True)
def fresh_server(monkeypatch):
    monkeypatch.setattr(warm_up, "_is_ready", threading.Event())
    monkeypatch.setattr(warm_up, "SECONDS_UNTIL_THEN", 0)
    monkeypatch.setattr(warm_up, "THEN", ())


def ready() -> int:
    answer = asynchronous.run(warm_up.ready(None))
    assert json.loads(answer.body) == {"ready": answer.status_code == 200}
    return answer.status_code


def test_a_server_is_ready_once_its_model_has_predicted():
    assert ready() == 503
    warm_up._prepare()
    assert ready() == 200


@pytest.mark.parametrize("problem", [BundleError("damaged"), KeyError("Alien (1979)")])
def test_a_model_that_cannot_predict_is_not_ready(problem, monkeypatch):
    def fail(visitor):
        raise problem

    monkeypatch.setattr(resources, "load", lambda bundle: SimpleNamespace(rank=fail))
    warm_up._prepare()
    assert ready() == 503


def test_without_a_usable_model_a_server_is_not_ready(monkeypatch):
    monkeypatch.setattr(resources, "choices", dict)
    warm_up._prepare()
    assert ready() == 503
