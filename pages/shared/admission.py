"""Few runs of the script at a time, first come first served: many at once hand Python's lock to each other all day."""

import asyncio
from collections.abc import Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

# this many short runs at a time; what runs longer than this, in seconds, counts no more, as everybody would wait for it
MOST_RUNS, SHORT_S = 1, 0.2
# the message that a run has ended is short; others need not be read
MOST_BYTES = 1000
EARLY = ForwardMsg.ScriptFinishedStatus.FINISHED_EARLY_FOR_RERUN


class Admission:
    """ASGI middleware: a request to run waits until fewer than ``MOST_RUNS`` short runs are under way."""

    def __init__(self, app: ASGIApp):
        self._app = app
        self._free: asyncio.Semaphore | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request; only those of sessions wait."""
        if scope["type"] != "websocket":
            await self._app(scope, receive, send)
            return
        free = self._free = self._free or asyncio.Semaphore(MOST_RUNS)
        release: Callable[[], None] = _nothing

        async def admit() -> Message:
            nonlocal release
            message = await receive()
            if asks_to_run(message):
                release()
                await free.acquire()
                release = _once(free.release)
                asyncio.get_running_loop().call_later(SHORT_S, release)
            return message

        async def watch(message: Message) -> None:
            if ends_run(message):
                release()
            await send(message)

        try:
            await self._app(scope, admit, watch)
        finally:
            release()


def asks_to_run(message: Message) -> bool:
    """Whether a message from a browser asks for a run."""
    data = message.get("bytes")
    if message["type"] != "websocket.receive" or not data:
        return False
    try:
        return BackMsg.FromString(data).WhichOneof("type") == "rerun_script"
    except Exception:  # not a message: Streamlit closes the connection
        return False


def ends_run(message: Message) -> bool:
    """Whether a message to a browser says that a run has ended, and no other follows at once."""
    data = message.get("bytes")
    if message["type"] != "websocket.send" or not data or len(data) > MOST_BYTES:
        return False
    forward = ForwardMsg.FromString(data)
    return forward.WhichOneof("type") == "script_finished" and forward.script_finished != EARLY


def _nothing() -> None:
    pass


def _once(action: Callable[[], None]) -> Callable[[], None]:
    done = False

    def act() -> None:
        nonlocal done
        if not done:
            done = True
            action()

    return act
