"""The application: its addresses, and how a request becomes an answer."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from bst import parallel
from bst.errors import BSTError
from bst.serving import inference_protocol, refusals, scorer_route
from bst.serving.batching import BatchQueue
from bst.serving.gate import MS, Gate
from bst.serving.limits import Limits
from bst.serving.models import Json, ListQuestion, ServedModel, ServedModels
from bst.serving.refusals import TOO_LATE, Refusal
from bst.serving.schemas import (
    ErrorAnswer,
    ExplainAnswer,
    ExplainBody,
    PredictAnswer,
    PredictBody,
    RecommendAnswer,
    RecommendBody,
)

T = TypeVar("T")
# what takes long runs beside the lists: two at a time, so that one explanation does not keep another waiting
LONG_WORKERS = 2
# a visitor of more events and seen items is read in a thread, as others wait meanwhile
MOST_AT_ONCE = 500
REFUSALS: dict[int | str, dict[str, Any]] = {
    status: {"model": ErrorAnswer, "description": description}
    for status, description in (
        (404, "no such bundle"),
        (413, "the request is too large"),
        (422, "the request means nothing to this dataset: the message says what to change"),
        (503, "too many requests are in progress"),
        (504, "the answer would take too long"),
    )
}


class Service:
    """What the addresses share: the models, and the threads that ask them."""

    def __init__(self, models: Sequence[ServedModel], limits: Limits):
        self.models, self.limits = ServedModels(models), limits
        self.lists: BatchQueue[ListQuestion, Json] = BatchQueue(
            lambda questions: questions[0].model.recommend(questions), limits.batch, limits.batch_wait_ms / MS
        )
        self._long = ThreadPoolExecutor(LONG_WORKERS, "long")

    def close(self) -> None:
        """End the threads."""
        self.lists.close()
        self._long.shutdown(wait=False, cancel_futures=True)

    async def compute(self, work: Callable[[], T], timeout_s: float) -> T:
        """Return what ``work`` returns, in a thread beside the lists. Raises ``Refusal`` if it takes too long.

        Then it ends as soon as it predicts something.
        """
        given_up = False

        def check() -> None:
            if given_up:
                raise TimeoutError

        def run() -> T:
            with parallel.checking(check):
                return work()

        try:
            return await self.until(self._long.submit(run), timeout_s)
        finally:
            given_up = True

    @staticmethod
    async def until(future: "Future[T]", timeout_s: float) -> T:
        """Return what a thread will have computed by then. Raises ``Refusal`` if it has not."""
        try:
            return await asyncio.wait_for(asyncio.wrap_future(future), timeout_s)
        except TimeoutError:
            raise Refusal(TOO_LATE, f"the answer takes more than {timeout_s:g} seconds; ask about less") from None


def create_app(models: Sequence[ServedModel], limits: Limits | None = None, log_requests: bool = True) -> FastAPI:
    """Return the application that serves these models."""
    limits = limits or Limits()
    service = Service(models, limits)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        service.close()

    app = FastAPI(
        title="BST Studio model server",
        version="1",
        description="Recommendations, predictions and explanations of Behavior Sequence Transformers. Answers are "
        "those of the command line with `--json`. Every refusal has the same form, with one line that says what to do.",
        lifespan=lifespan,
    )
    app.state.service = service
    app.include_router(_questions(service))
    app.include_router(inference_protocol.router(service.models))
    app.include_router(scorer_route.router(service.models, service.compute, limits))
    app.add_middleware(Gate, limits=limits, arriving=service.lists.arriving, log_requests=log_requests)
    app.add_exception_handler(Refusal, refusals.of_refusal)
    app.add_exception_handler(BSTError, refusals.of_bst)
    app.add_exception_handler(HTTPException, refusals.of_http)
    app.add_exception_handler(RequestValidationError, refusals.of_validation)
    return app


def _questions(service: Service) -> APIRouter:
    router = APIRouter(prefix="/v1", tags=["questions"], responses=REFUSALS)
    limits = service.limits

    @router.post("/recommend", response_model=None, responses={200: {"model": RecommendAnswer}})
    async def recommend(body: RecommendBody, request: Request) -> Response:
        """Rank what a visitor has not seen. Lists that are asked for at the same time are made together."""
        model = _chosen(service, body.bundle, request)
        if len(body.visitor.history) + len(body.visitor.seen) > MOST_AT_ONCE:
            question = await run_in_threadpool(_list_question, model, body)
        else:
            question = _list_question(model, body)
        future = service.lists.submit(question)
        request.state.has_come()
        answer, together = await service.until(future, limits.timeout_s)
        request.state.batch = together
        return _json(answer)

    @router.post("/predict", response_model=None, responses={200: {"model": PredictAnswer}})
    async def predict(body: PredictBody, request: Request) -> Response:
        """Predict some items for a visitor."""
        model = _chosen(service, body.bundle, request)
        return _json(await service.compute(lambda: model.predict(body), limits.timeout_s))

    @router.post("/explain", response_model=None, responses={200: {"model": ExplainAnswer}})
    async def explain(body: ExplainBody, request: Request) -> Response:
        """Explain why a rating is expected of an item: what moved it, and how far that can be trusted."""
        model = _chosen(service, body.bundle, request)
        return _json(await service.compute(lambda: model.explain(body), limits.explain_timeout_s))

    return router


def _list_question(model: ServedModel, body: RecommendBody) -> ListQuestion:
    return ListQuestion(model, model.visitor(body.visitor), body.k, model.rank_options(body))


def _chosen(service: Service, bundle: str | None, request: Request) -> ServedModel:
    model = service.models.get(bundle)
    request.state.bundle = model.name
    return model


def _json(answer: Json) -> Response:
    return Response(json.dumps(answer, ensure_ascii=False).encode(), media_type="application/json")
