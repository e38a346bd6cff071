"""Several people on one server, without a browser: nobody sees anything of another's, nothing fails."""

import argparse

import pytest

from benchmarks import load
from benchmarks.live_app import served
from benchmarks.load_people import Clicker, visitors
from bst.datasets import load_movies
from bst.datasets.catalogue import Catalogue
from tests import asynchronous

pytestmark = pytest.mark.slow
SECONDS = 6


def test_people_who_click_side_by_side_see_their_own_and_no_error():
    options = argparse.Namespace(bundle="demo", sessions=3, minutes=SECONDS / 60, heavy=2, rounds=0, seed=0)
    with served() as server:
        server.wait()
        result = asynchronous.run(load.measure(server, options))
    assert result["errors"] == 0, result["error_examples"]
    seen = result["isolation"]
    assert (seen["wrong_histories"], seen["wrong_lists"]) == (0, 0), seen["examples"]
    assert result["clicks"] >= 3
    assert seen["checked_lists"] >= 3


def test_what_belongs_to_somebody_else_is_noticed():
    catalogue = Catalogue(load_movies("demo"))
    mine, another = visitors(catalogue, 2, seed=0)
    assert not mine.all_seen & another.all_seen

    async def arrive() -> tuple[list[str], list[str]]:
        person = Clicker("person", mine, 0)
        await person.arrive(server.address.removeprefix("http://"), "demo")
        own, person.visitor = person.check(), another
        wrong = [*person.check(), *load.compare_lists([person], argparse.Namespace(bundle="demo"))]
        await person.session.close()
        return own, wrong

    with served() as server:
        server.wait()
        own, wrong = asynchronous.run(arrive())
    assert own == []
    assert ["history_rows shows" in wrong[0], "the list" in wrong[1]] == [True, True]
