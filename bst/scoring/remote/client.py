"""The connection to a model server: with time limits, and one more try where a connection breaks."""

import json
import time
from functools import cache, partial
from typing import Any
from urllib.parse import quote

import urllib3
from urllib3.exceptions import (
    HTTPError,
    MaxRetryError,
    NewConnectionError,
    ProtocolError,
    ReadTimeoutError,
    TimeoutError,
)

from bst.errors import ModelServerAwayError, ModelServerError
from bst.scoring.remote.message import MEDIA_TYPE, VERSION
from bst.scoring.remote.scorer import Transport

# seconds: until a server must have taken the connection, and until it must have answered the longest question
CONNECT_S, ANSWER_S = 2.0, 70.0
# of a question that was not answered for want of a connection; and what is waited for of a server that is busy
RETRY_AFTER_S, MOST_RETRY_AFTER_S = 0.25, 2.0
# is it there? A page waits for the answer
READY_S = 1.0
# connections that are kept open: one for each session that asks at the same time
CONNECTIONS = 32
# the largest answer: the logits of 2,000 visitors for 100,000 movies
MOST_BYTES = 2**30
MOST_OF_A_MESSAGE = 2**16
OK, CONFLICT, BUSY = 200, 409, (429, 503, 504)


class ModelServer:
    """A model server by its address. Thread-safe."""

    def __init__(self, url: str):
        self.url = url
        self._pool = urllib3.PoolManager(num_pools=1, maxsize=CONNECTIONS, retries=False)

    def transport(self, bundle: str, weights_sha256: str) -> Transport:
        """Return what carries questions to a model of the server: the one with these weights, or none."""
        return partial(self._ask, bundle, weights_sha256)

    def check_served(self, bundle: str, weights_sha256: str) -> None:
        """Raise ``ModelServerError`` unless the server has this model, and ``ModelServerAwayError`` if it is away."""
        answer = self._json(self._request("GET", f"/v2/models/{quote(bundle, safe='')}"))
        if answer.get("parameters", {}).get("weights_sha256") != weights_sha256:
            raise ModelServerError(self._other_weights(bundle))

    def is_ready(self) -> bool:
        """Return whether the server answers that it is ready, now."""
        try:
            response = self._pool.request("GET", f"{self.url}/v2/health/ready", timeout=READY_S)
        except HTTPError:
            return False
        return response.status == OK

    def _ask(self, bundle: str, weights_sha256: str, method: str, question: bytes) -> bytes:
        headers = {"Content-Type": f"{MEDIA_TYPE}; version={VERSION}", "X-BST-Weights": weights_sha256}
        return self._request("POST", f"/v1/scorer/{quote(bundle, safe='')}/{method}", question, headers)

    def _request(self, verb: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None) -> bytes:
        """Return what is answered. Questions change nothing, so that they can be asked twice."""
        try:
            status, content, wait_s = self._try(verb, path, body, headers)
        except ModelServerAwayError:
            time.sleep(RETRY_AFTER_S)
            status, content, wait_s = self._try(verb, path, body, headers)
        if status in BUSY:
            time.sleep(wait_s)
            status, content, _ = self._try(verb, path, body, headers)
        if status == OK:
            return content
        if status in BUSY:
            raise ModelServerAwayError(f"the model server at {self.url} is busy")
        raise ModelServerError(f"the model server at {self.url} refuses: {_reason(status, content)}")

    def _try(
        self, verb: str, path: str, body: bytes | None, headers: dict[str, str] | None
    ) -> tuple[int, bytes, float]:
        timeout = urllib3.Timeout(connect=CONNECT_S, read=ANSWER_S)
        try:
            response = self._pool.request(
                verb, self.url + path, body=body, headers=headers, timeout=timeout, preload_content=False
            )
            try:
                content = response.read(MOST_BYTES + 1)
                if len(content) > MOST_BYTES:
                    response.close()  # what is left of it must not be taken for the next answer
            finally:
                response.release_conn()
        except ReadTimeoutError as error:
            raise ModelServerError(
                f"the model server at {self.url} took more than {ANSWER_S:.0f} seconds; ask about less"
            ) from error
        except (MaxRetryError, NewConnectionError, ProtocolError, TimeoutError) as error:
            raise ModelServerAwayError(f"the model server at {self.url} is away ({type(error).__name__})") from error
        except HTTPError as error:
            raise ModelServerError(f"the model server at {self.url} cannot be asked ({error})") from error
        if len(content) > MOST_BYTES:
            raise ModelServerError(f"the model server at {self.url} answers with more than {MOST_BYTES:,} bytes")
        return response.status, content, _retry_after(response.headers.get("Retry-After"))

    def _json(self, content: bytes) -> dict[str, Any]:
        try:
            answer = json.loads(content[:MOST_OF_A_MESSAGE])
        except (ValueError, RecursionError):
            answer = None
        if not isinstance(answer, dict) or not isinstance(answer.get("parameters", {}), dict):
            raise ModelServerError(f"what answers at {self.url} is no model server of BST Studio")
        return answer

    def _other_weights(self, bundle: str) -> str:
        return (
            f"the model server at {self.url} has another training of bundle {bundle}; give both the same folder of the "
            "bundle, and start the server again"
        )


@cache
def model_server(url: str) -> ModelServer:
    """Return the server at an address; its connections are shared by all models and sessions."""
    return ModelServer(url)


def _reason(status: int, content: bytes) -> str:
    """Return what a server says of a refusal, or else the status."""
    try:
        reason = json.loads(content[:MOST_OF_A_MESSAGE])["error"]["message"]
    except (ValueError, KeyError, TypeError, RecursionError):
        reason = None
    return reason if isinstance(reason, str) else f"HTTP status {status}"


def _retry_after(text: str | None) -> float:
    try:
        return min(max(float(text or RETRY_AFTER_S), 0.0), MOST_RETRY_AFTER_S)
    except ValueError:
        return RETRY_AFTER_S
