"""In front of replicas: each request goes to one of them, and to another one if that one dies before it has answered.

Every answer follows from the request alone, and nothing is kept of it: so it may be asked again, and no program that
asks ever sees that a replica has died.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bst.serving import refusals
from bst.serving.refusals import BUSY, TOO_LATE

# a request that kills the replica that answers it must not end all of them
MOST_TRIES = 3
REQUEST_ID = b"x-request-id"
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Asked:
    """A request of HTTP, read whole."""

    method: str
    path: str
    query: bytes
    headers: list[tuple[bytes, bytes]]
    body: bytes


@dataclass(frozen=True)
class Answered:
    """What is to be sent back."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes


class Dispatcher:
    """The application in front. It stands within a ``Gate``, which has read the request and given it an id."""

    def __init__(
        self, ask: Callable[[Asked], Awaitable[Answered]], lost: tuple[type[Exception], ...], timeout_s: float
    ):
        """``ask``: lets any replica answer, and raises one of ``lost`` if that has died."""
        self._ask, self._lost, self._timeout_s = ask, lost, timeout_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        request_id = scope["state"]["request_id"]
        others = [pair for pair in scope["headers"] if pair[0] != REQUEST_ID]
        asked = Asked(
            scope["method"],
            scope["path"],
            scope["query_string"],
            [*others, (REQUEST_ID, request_id.encode())],
            (await receive())["body"],
        )
        try:
            async with asyncio.timeout(self._timeout_s):
                answered = await self._answer(asked)
        except TimeoutError:
            message = f"no replica has answered within {self._timeout_s:g} seconds; ask again later"
            await refusals.response(TOO_LATE, message, request_id)(scope, receive, send)
            return
        if answered is None:
            message = f"{MOST_TRIES} replicas have ended while they answered this; ask again in a second"
            await refusals.response(BUSY, message, request_id)(scope, receive, send)
            return
        # the gate in front names the request, as that of the replica did
        headers = [pair for pair in answered.headers if pair[0] != REQUEST_ID]
        await send({"type": "http.response.start", "status": answered.status, "headers": headers})
        await send({"type": "http.response.body", "body": answered.body})

    async def _answer(self, asked: Asked) -> Answered | None:
        for _ in range(MOST_TRIES):
            try:
                return await self._ask(asked)
            except self._lost:
                log.warning("a replica has ended while it answered: another one is asked")
        return None


async def answer(app: ASGIApp, asked: Asked) -> Answered:
    """Let an application answer a request, as a server would."""
    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "scheme": "http",
        "root_path": "",
        "client": None,
        "server": None,
        "method": asked.method,
        "path": asked.path,
        "raw_path": asked.path.encode(),
        "query_string": asked.query,
        "headers": asked.headers,
    }
    unread: list[Message] = [{"type": "http.request", "body": asked.body, "more_body": False}]
    status, headers, parts = 0, [], []

    async def receive() -> Message:
        if unread:
            return unread.pop()
        return await asyncio.Future()  # the client is connected to the server in front, so no disconnect arrives here

    async def send(message: Message) -> None:
        nonlocal status, headers
        if message["type"] == "http.response.start":
            status, headers = message["status"], [(bytes(name), bytes(value)) for name, value in message["headers"]]
        else:
            parts.append(bytes(message.get("body", b"")))

    await app(scope, receive, send)
    return Answered(status, headers, b"".join(parts))
