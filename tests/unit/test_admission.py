"""Runs are admitted a few at a time, in the order in which they were asked for, and nobody keeps a place for long."""

import asyncio

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from pages.shared import admission
from pages.shared.admission import Admission
from tests import asynchronous

PATIENCE_S = 30
STATUS = ForwardMsg.ScriptFinishedStatus


def rerun():
    message = BackMsg()
    message.rerun_script.query_string = ""
    return {"type": "websocket.receive", "bytes": message.SerializeToString()}


def finished(status=STATUS.FINISHED_SUCCESSFULLY):
    return {"type": "websocket.send", "bytes": ForwardMsg(script_finished=status).SerializeToString()}


class Sessions:
    """Connections to an app that notes whose request came through, and ends a run when it is told to."""

    def __init__(self):
        self.came, self.end = [], {}
        self.gate = Admission(self._app)

    async def _app(self, scope, receive, send):
        name = scope["name"]
        while (message := await receive())["type"] != "websocket.disconnect":
            if message.get("bytes") == rerun()["bytes"]:
                self.came.append(name)
                await send(await self.end[name].get())
            else:
                self.came.append(f"{name} other")

    def connect(self, name, *messages):
        self.end[name] = asyncio.Queue()
        incoming = asyncio.Queue()
        for message in (*messages, {"type": "websocket.disconnect"}):
            incoming.put_nowait(message)

        async def send(_):
            pass

        return asyncio.create_task(self.gate({"type": "websocket", "name": name}, incoming.get, send))


@pytest.fixture
def play(monkeypatch):
    """Play a scene with sessions, of which so many short runs are admitted at a time."""

    def play(scene, most_runs: int = 1, short_s: float = 1000.0):
        monkeypatch.setattr(admission, "MOST_RUNS", most_runs)
        monkeypatch.setattr(admission, "SHORT_S", short_s)

        async def with_sessions():
            await asyncio.wait_for(scene(Sessions()), PATIENCE_S)

        asynchronous.run(with_sessions())

    return play


async def settle():
    for _ in range(20):
        await asyncio.sleep(0)


def test_so_many_at_a_time_in_the_order_of_asking(play):
    async def scene(sessions):
        tasks = [sessions.connect(name, rerun()) for name in "abcd"]
        await settle()
        assert sessions.came == ["a", "b"]
        sessions.end["b"].put_nowait(finished())
        await settle()
        assert sessions.came == ["a", "b", "c"]
        for name in "acd":
            sessions.end[name].put_nowait(finished())
        await asyncio.gather(*tasks)
        assert sessions.came == ["a", "b", "c", "d"]

    play(scene, most_runs=2)


def test_other_messages_do_not_wait(play):
    async def scene(sessions):
        heartbeat = {"type": "websocket.receive", "bytes": BackMsg(app_heartbeat=True).SerializeToString()}
        tasks = [sessions.connect("a", rerun()), sessions.connect("b", heartbeat, {**heartbeat, "bytes": b"\xff"})]
        await settle()
        assert sessions.came == ["a", "b other", "b other"]
        sessions.end["a"].put_nowait(finished())
        await asyncio.gather(*tasks)

    play(scene)


def test_a_run_that_another_follows_keeps_its_place_and_one_who_leaves_does_not(play):
    async def scene(sessions):
        first = sessions.connect("a", rerun(), rerun())
        second = sessions.connect("b", rerun())
        await settle()
        assert sessions.came == ["a"]
        sessions.end["a"].put_nowait(finished(STATUS.FINISHED_EARLY_FOR_RERUN))
        await settle()
        assert sessions.came == ["a", "b"]  # asking again goes to the end of the line
        first.cancel()
        sessions.end["b"].put_nowait(finished())
        await asyncio.gather(second, return_exceptions=True)
        third = sessions.connect("c", rerun())
        await settle()
        assert sessions.came == ["a", "b", "c"]
        sessions.end["c"].put_nowait(finished())
        await third

    play(scene)


def test_long_runs_do_not_keep_others_waiting(play):
    async def scene(sessions):
        tasks = [sessions.connect(name, rerun()) for name in "ab"]
        while sessions.came != ["a", "b"]:
            await asyncio.sleep(0.005)
        for name in "ab":
            sessions.end[name].put_nowait(finished())
        await asyncio.gather(*tasks)

    play(scene, short_s=0.01)
