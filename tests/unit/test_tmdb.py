"""Posters from The Movie Database: what is asked, and that nothing goes wrong where nothing is found."""

import json
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs, urlsplit

import pandas as pd
import pytest

from bst.datasets.catalogue import Catalogue
from bst.datasets.tmdb import PosterPictures, search
from pages.shared.widgets import posters

FOUND = {"results": [{"title": "Harbour", "poster_path": "/abc.jpg"}, {"title": "Harbour 2", "poster_path": "/d.jpg"}]}


class Server(ThreadingHTTPServer):
    """Answers every request with ``answer``, text with a status, and notes what was asked."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.answer, self.status, self.asked = json.dumps(FOUND), 200, []


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked.append(urlsplit(self.path))
        self.send_response(self.server.status)
        self.end_headers()
        self.wfile.write(self.server.answer.encode())

    def log_message(self, *_):
        pass


@pytest.fixture
def server(override_settings):
    server = Server()
    Thread(target=server.serve_forever, daemon=True).start()
    override_settings(tmdb_key="secret", tmdb_url=f"http://127.0.0.1:{server.server_port}/3")
    yield server
    server.shutdown()
    server.server_close()


def wait_for(find, seconds=20):
    end = time.monotonic() + seconds
    while (found := find()) is None and time.monotonic() < end:
        time.sleep(0.01)
    return found


def test_a_movie_is_asked_for_by_title_and_year(server):
    assert search("Harbour & Sons", 2000) == "/abc.jpg"
    (asked,) = server.asked
    assert asked.path == "/3/search/movie"
    assert parse_qs(asked.query) == {
        "api_key": ["secret"],
        "query": ["Harbour & Sons"],
        "primary_release_year": ["2000"],
    }
    search("Harbour", None)
    assert "primary_release_year" not in parse_qs(server.asked[1].query)


@pytest.mark.parametrize(
    "answer",
    [
        '{"results": []}',
        '{"results": [{"poster_path": null}]}',
        '{"results": [{"poster_path": "javascript:alert(1)"}]}',
    ],
)
def test_no_poster_is_none(server, answer):
    server.answer = answer
    assert search("Harbour", 2000) is None


@pytest.mark.parametrize("answer", ["[]", "{}", "no JSON", '{"results": 3}', '{"results": [3]}'])
def test_an_answer_of_another_shape_is_a_value_error(server, answer):
    server.answer = answer
    with pytest.raises(ValueError, match=r"."):
        search("Harbour", 2000)


def test_nobody_waits_and_each_movie_is_asked_for_once(server):
    pictures = PosterPictures()
    assert wait_for(lambda: pictures.address("Harbour", 2000)) == "https://image.tmdb.org/t/p/w342/abc.jpg"
    assert pictures.address("Harbour", 2000)
    assert len(server.asked) == 1


def test_a_refused_key_ends_the_asking(server):
    server.status = 401
    pictures = PosterPictures()
    for number in range(20):
        assert pictures.address(f"Movie {number}", 2000) is None
        wait_for(lambda asked=number + 1: len(server.asked) >= min(asked, 5) or None)
    time.sleep(0.1)
    assert 5 <= len(server.asked) <= 6, "two ask side by side"


def test_a_poster_has_the_short_title_and_no_picture_without_a_key():
    movies = pd.DataFrame(
        {
            "movie_id": [1, 2],
            "title": ["The Harbour (Le Port) (2000)", "Untitled"],
            "year": pd.array([2000, None], "Int16"),
            "genres": ["Drama|Crime", ""],
        }
    )
    catalogue = Catalogue(movies)
    assert posters.data(catalogue, 1) == {"title": "The Harbour", "year": 2000, "genres": ["Drama", "Crime"]}
    assert posters.data(catalogue, 2) == {"title": "Untitled", "year": None, "genres": []}
