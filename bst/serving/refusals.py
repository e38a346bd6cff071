"""How a request ends that is not answered: one shape for all, with one line that says what to do."""

import json
from typing import Any

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from bst import error_log
from bst.errors import BSTError, VisitorError, one_line
from bst.text import shorten

BAD_REQUEST, NOT_FOUND, TOO_SLOW, CONFLICT, TOO_LARGE, UNPROCESSABLE = 400, 404, 408, 409, 413, 422
FAULT, BUSY, TOO_LATE = 500, 503, 504
KINDS = {
    BAD_REQUEST: "bad_request",
    NOT_FOUND: "not_found",
    405: "method_not_allowed",
    TOO_SLOW: "too_slow",
    CONFLICT: "conflict",
    TOO_LARGE: "too_large",
    UNPROCESSABLE: "unprocessable",
    FAULT: "fault",
    BUSY: "busy",
    TOO_LATE: "too_late",
}
# seconds after which one may ask again
RETRY_AFTER_S = 1
# of the place of a value in a request
MOST_OF_A_PLACE = 80


class Refusal(Exception):  # noqa: N818 — no error of the program
    """A request that is not answered: the status of HTTP, and why."""

    def __init__(self, status: int, message: str):
        super().__init__(message)
        self.status, self.message = status, one_line(message)


def response(status: int, message: str, request_id: str, **more: Any) -> Response:
    """Return the answer to a request that is refused."""
    kind = KINDS.get(status, "refused")
    error = {"kind": kind, "message": message, "request_id": request_id} | more
    headers = {"Retry-After": str(RETRY_AFTER_S)} if status in (BUSY, TOO_LATE) else None
    # escaped, as a message may quote halves of characters
    return Response(json.dumps({"error": error}), status, headers, "application/json")


def fault(error: Exception, path: str, request_id: str) -> Response:
    """Log an unexpected error; return an answer with the id under which the log has it."""
    error_log.report(error, task=path)
    number = error_log.error_id(error)
    message = f"something went wrong; error {number}. The server's log has the rest."
    return response(FAULT, message, request_id, error=number)


async def of_refusal(request: Request, error: Exception) -> Response:
    """Answer a request that was refused."""
    assert isinstance(error, Refusal)
    return response(error.status, error.message, request_id(request))


async def of_bst(request: Request, error: Exception) -> Response:
    """Answer a request about what the dataset does not have, or what this server lacks an answer to."""
    assert isinstance(error, BSTError)
    status = UNPROCESSABLE if isinstance(error, VisitorError) else FAULT
    return response(status, str(error), request_id(request))


async def of_http(request: Request, error: Exception) -> Response:
    """Answer a request for an address or with a body that means nothing."""
    assert isinstance(error, HTTPException)
    return response(error.status_code, one_line(str(error.detail)), request_id(request))


async def of_validation(request: Request, error: Exception) -> Response:
    """Answer a request whose body has not the form that ``/docs`` describes: the first thing that is wrong."""
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    if first["type"] == "json_invalid":
        return response(UNPROCESSABLE, "the body is not JSON", request_id(request))
    place = ".".join(str(part) for part in first["loc"] if part != "body")
    message = f"{shorten(place, MOST_OF_A_PLACE) or 'the body'}: {first['msg']}"
    return response(UNPROCESSABLE, one_line(message), request_id(request))


def request_id(request: Request) -> str:
    """Return the id of a request, which the log has, too."""
    return request.scope.get("state", {}).get("request_id", "")
