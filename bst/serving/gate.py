"""What every request goes through first: an id, limits, a line in the log, and no traceback for anybody outside."""

import asyncio
import json
import re
import secrets
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bst.serving import refusals
from bst.serving.limits import Limits
from bst.serving.refusals import BUSY, TOO_LARGE, TOO_SLOW

# of another program's id, which is taken over
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
KB, MS = 1000, 1000
RECOMMEND = "/v1/recommend"
# what is always answered: whoever asks wants to know how the server is
HEALTH = "/v2/health"
# paths below it carry questions of an app
SCORER = "/v1/scorer/"
# in the log, of a request for an address that there is not: the address may say anything
UNKNOWN = "unknown"


class Gate:
    """Middleware around the application. ``state`` of each request gets its ``request_id``, and ``has_come``, which is
    to be called when a request for a list was read.
    """

    def __init__(self, app: ASGIApp, limits: Limits, arriving: Callable[[int], None], log_requests: bool):
        """``arriving``: is told of requests for lists, +1, and −1 when they are read or have ended."""
        self._app, self._limits, self._arriving, self._log_requests = app, limits, arriving, log_requests
        self._in_progress = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on a request, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start = time.perf_counter()
        given = dict(scope["headers"]).get(b"x-request-id", b"").decode("latin-1")
        request_id = given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(8)
        state = scope.setdefault("state", {})
        state["request_id"], state["has_come"] = request_id, self._announce(scope)
        status = 0

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), (b"x-request-id", request_id.encode())]
            await send(message)

        limited = not scope["path"].startswith(HEALTH)
        self._in_progress += limited
        try:
            await self._within_limits(scope, receive, answer, request_id, limited)
        except Exception as error:
            refusal = refusals.fault(error, _route(scope), request_id)
            if not status:
                await refusal(scope, receive, answer)
        finally:
            state["has_come"]()
            self._in_progress -= limited
            if self._log_requests and limited:
                _log(scope, status, (time.perf_counter() - start) * MS)

    def _announce(self, scope: Scope) -> Callable[[], None]:
        """Say that a list is going to be asked for; return what takes that back, once."""
        if scope["path"] != RECOMMEND:
            return lambda: None
        self._arriving(1)
        announced = [-1]
        return lambda: self._arriving(announced.pop()) if announced else None

    async def _within_limits(self, scope: Scope, receive: Receive, send: Send, request_id: str, limited: bool) -> None:
        if limited and self._in_progress > self._limits.requests:
            message = f"{self._limits.requests} requests are in progress; ask again in a second"
            await refusals.response(BUSY, message, request_id)(scope, receive, send)
            return
        of_app = scope["path"].startswith(SCORER)
        most = KB * (self._limits.scorer_body_kb if of_app else self._limits.body_kb)
        too_large = f"the request is larger than {most:,} bytes; ask about less"
        length = dict(scope["headers"]).get(b"content-length", b"")
        if length.isdigit() and int(length) > most:
            await refusals.response(TOO_LARGE, too_large, request_id)(scope, receive, send)
            return
        try:
            async with asyncio.timeout(self._limits.timeout_s):
                body = await _read(receive, most)
        except TimeoutError:
            message = f"the body did not arrive within {self._limits.timeout_s:g} seconds; send it again"
            await refusals.response(TOO_SLOW, message, request_id)(scope, receive, send)
            return
        if body is None:
            await refusals.response(TOO_LARGE, too_large, request_id)(scope, receive, send)
            return
        messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive_read() -> Message:
            return messages.pop() if messages else await receive()

        await self._app(scope, receive_read, send)


async def _read(receive: Receive, most: int) -> bytes | None:
    """Return the body of a request; None for one of more than so many bytes."""
    parts, size, more = [], 0, True
    while more:
        message = await receive()
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > most:
            return None
        more = message.get("more_body", False)
    return b"".join(parts)


def _route(scope: Scope) -> str:
    """Return the pattern of the address that was asked for: what stands in the place of names is not in it."""
    return getattr(scope.get("route"), "path", UNKNOWN)


def _log(scope: Scope, status: int, milliseconds: float) -> None:
    """Write a line about a request: which one, when, how it ended. Nothing of what was asked or answered."""
    state = scope["state"]
    fields = {
        "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "level": "INFO",
        "logger": "bst.serving",
        "request": state["request_id"],
        "method": scope["method"] if scope["method"].isalpha() else UNKNOWN,
        "route": _route(scope),
        "status": status,
        "ms": round(milliseconds, 1),
    }
    fields |= {name: state[name] for name in ("bundle", "question", "batch") if name in state}
    with suppress(OSError, AttributeError):  # standard error was closed
        sys.stderr.write(f"{json.dumps(fields)}\n")
        sys.stderr.flush()
