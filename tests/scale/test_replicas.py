"""Two replicas behind the proxies of ``deploy/``: everybody keeps their own, and nothing is lost when one is killed."""

import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from benchmarks.load_people import WHAT_IF
from benchmarks.replicas import COOKIE, Browser, is_ready
from bst.datasets import load_movies
from bst.datasets.catalogue import Catalogue
from tests import asynchronous, proxies
from tests.browser.conftest import DEMO, free_port, serving, settled
from tests.browser.test_journeys import headline, star_buttons
from tests.browser.test_server_killed import kill_server

pytestmark = [
    pytest.mark.slow,
    pytest.mark.long,
    pytest.mark.timeout(600),
    pytest.mark.skipif(sys.platform != "linux", reason="elsewhere 127.0.0.2 and so on are not this computer's"),
]
PUBLIC = {"BST_PUBLIC": "1"}
PATIENCE_S = 120
RATINGS = b"Name,Year,Rating\nJaws,1975,4\nAlien,1979,5\nCasablanca,1942,3\n"


@dataclass
class Replicas:
    """``address``: of both together. ``ports``: of each, by the value of the cookie."""

    address: str
    ports: dict[str, int]
    folder: Path
    stack: ExitStack

    def start(self, name: str) -> None:
        """Start a replica, and return when it is ready."""
        log = self.folder / f"{name}-{time.monotonic_ns()}"
        address = self.stack.enter_context(serving(log, environment=PUBLIC, port=self.ports[name]))
        wait_for(lambda: is_ready(address))

    def kill(self, name: str) -> None:
        """Kill a replica."""
        kill_server(self.ports[name])


def wait_for(condition) -> None:
    until = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.2)


@pytest.fixture(scope="module")
def replicas(tmp_path_factory) -> Iterator[Replicas]:
    for name in proxies.PACKAGES:
        proxies.program(name)
    with ExitStack() as stack:
        made = Replicas("", {"1": free_port(), "2": free_port()}, tmp_path_factory.mktemp("replicas"), stack)
        for name in made.ports:
            made.start(name)
        balancer = stack.enter_context(proxies.haproxy([f"127.0.0.1:{port}" for port in made.ports.values()]))
        made.address = stack.enter_context(proxies.nginx(balancer))
        yield made


@pytest.fixture
def people() -> list[Browser]:
    from benchmarks.load_people import visitors

    return [Browser(f"person {i}", each, i) for i, each in enumerate(visitors(Catalogue(load_movies("demo")), 4, 0))]


async def act(person: Browser) -> list[str]:
    """Change something on two pages; return what is wrong with what is shown."""
    wrong = []
    for action in (person.rate, person.change_demographic, lambda: person.go(WHAT_IF), person.rate):
        run = await action()
        wrong += run.errors + person.check()
    return wrong


def test_everybody_stays_with_a_replica_and_comes_back_to_the_other_when_it_is_killed(replicas, people):
    where = urlsplit(replicas.address).netloc

    async def live() -> None:
        for number, person in enumerate(people):
            await person.arrive(where, "demo", number)
        before = {person.name: person.replica for person in people}
        assert sorted(before.values()) == ["1", "1", "2", "2"], "one each in turn"
        assert [await act(person) for person in people] == [[]] * 4
        assert {person.name: person.replica for person in people} == before
        replicas.kill("1")
        for person in people:
            if before[person.name] == "1":
                await person.come_back()
                assert person.returns[-1].wrong == []
                assert not person.returns[-1].undone
                assert "b_history_rows" in person.session.shown, "the page that was open"
        assert {person.replica for person in people} == {"2"}
        # those of the other one noticed nothing, and all go on
        assert [len(person.returns) for person in people] == [int(before[p.name] == "1") for p in people]
        assert [(await person.rate()).errors + person.check() for person in people] == [[]] * 4
        for person in people:
            await person.session.close()

    asynchronous.run(live())
    replicas.start("1")


def test_a_file_goes_where_its_session_is(replicas, people):
    where = urlsplit(replicas.address).netloc

    async def bring(person: Browser, number: int) -> list[str]:
        await person.arrive(where, "demo", 10 + number)
        await person.session.press("import_history")
        uploader = [key for key in person.session.shown if key.startswith("import_file_")][-1]
        run = await person.session.upload(uploader, "ratings.csv", RATINGS)
        shown = [each.message.label for each in person.session.shown.values() if each.kind == "button"]
        await person.session.close()
        return run.errors or [label for label in shown if label.startswith("Import 3")]

    async def all_of_them() -> list[list[str]]:
        return [await bring(person, number) for number, person in enumerate(people)]

    assert asynchronous.run(all_of_them()) == [["Import 3 movies"]] * 4


@pytest.mark.browser
@pytest.mark.fault(
    "kill -9 of one of two replicas with a page open", "the page comes back from the other one, with its state"
)
def test_a_browsers_page_comes_back_from_the_other_replica(browser, replicas):
    context = browser.new_context(viewport={"width": 1440, "height": 1000}, base_url=replicas.address)
    page = context.new_page()
    page.goto(DEMO)
    settled(page)
    title, newcomer = page.get_by_role("heading", level=1), headline(page)
    star_buttons(page, 0).nth(0).click()
    expect(title).not_to_have_text(newcomer)
    settled(page)

    def cookie() -> dict:
        return next(each for each in context.cookies() if each["name"] == COOKIE)

    before, own = (headline(page), page.url), cookie()["value"]
    assert (cookie()["httpOnly"], cookie()["sameSite"], cookie()["expires"]) == (True, "Lax", -1)
    replicas.kill(own)
    wait_for(lambda: cookie()["value"] != own)
    expect(page.get_by_role("dialog")).to_have_count(0, timeout=60_000)
    settled(page)
    assert (headline(page), page.url) == before
    star_buttons(page, 2).nth(0).click()
    expect(title).not_to_have_text(before[0])
    context.close()
    replicas.start(own)


def test_newcomers_are_sent_to_a_replica_that_is_back(replicas, people):
    where = urlsplit(replicas.address).netloc
    time.sleep(2.5)  # HAProxy looks every 2 s

    async def arrive() -> list[str]:
        for number, person in enumerate(people):
            await person.arrive(where, "demo", 20 + number)
        found = sorted(person.replica for person in people)
        for person in people:
            await person.session.close()
        return found

    assert asynchronous.run(arrive()) == ["1", "1", "2", "2"]
