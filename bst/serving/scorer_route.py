"""The private address by which an app with ``BST_MODEL_URL`` asks a model of this server instead of its own weights."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from fastapi import APIRouter, Request, Response

from bst.scoring.remote.answers import METHODS, answer
from bst.scoring.remote.message import MEDIA_TYPE, VERSION
from bst.serving.limits import Limits
from bst.serving.models import ServedModels
from bst.serving.refusals import CONFLICT, NOT_FOUND, UNPROCESSABLE, Refusal
from bst.text import quoted

CONTENT_TYPE = f"{MEDIA_TYPE}; version={VERSION}"
# computes in a thread, within so many seconds
Compute = Callable[[Callable[[], Any], float], Awaitable[Any]]


def router(models: ServedModels, compute: Compute, limits: Limits) -> APIRouter:
    """Return the address. It is not in the documentation: its messages change with the program."""
    routes = APIRouter(prefix="/v1/scorer", include_in_schema=False)

    @routes.post("/{bundle}/{method}")
    async def ask(bundle: str, method: str, request: Request) -> Response:
        """Answer a question about a scorer: see ``scoring.remote``."""
        model = models.get(bundle)
        request.state.bundle = model.name
        if method not in METHODS:
            raise Refusal(NOT_FOUND, f"a scorer has no question {quoted(method)}")
        request.state.question = method
        if request.headers.get("content-type") != CONTENT_TYPE:
            raise Refusal(CONFLICT, "app and model server are of different versions; install the same one for both")
        if request.headers.get("x-bst-weights") != model.version:
            raise Refusal(
                CONFLICT, f"this server has another training of bundle {model.name}; start it again with the new one"
            )
        message, recommender = await request.body(), model.recommender
        put = partial(answer, recommender.scorer, recommender.history_rows, len(recommender.catalogue), method, message)
        try:
            content = await compute(put, limits.scorer_timeout_s)
        except ValueError as error:
            raise Refusal(UNPROCESSABLE, f"the question {method} is malformed: {error}") from error
        return Response(content, media_type=CONTENT_TYPE)

    return routes
