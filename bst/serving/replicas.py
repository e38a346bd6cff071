"""The server as replicas under Ray Serve: each is a process with the same application; one that dies is replaced.

Without ``RAY_ADDRESS`` a small cluster is started on this machine, for this process alone. With it the
replicas run in that cluster, whose nodes need the project, the bundles and the datasets at the same paths. Requests
come to this process, which hands them on: Ray's own proxy answers those with status 500 whose replica dies.
"""

import logging
import os
import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from socket import socket
from typing import Any

import uvicorn

from bst import cluster
from bst.bundles.bundle import Bundle
from bst.errors import ConfigError
from bst.schema import Visitor
from bst.serving import dispatcher, local
from bst.serving.app import create_app
from bst.serving.dispatcher import Answered, Asked, Dispatcher
from bst.serving.gate import Gate
from bst.serving.limits import Limits
from bst.serving.models import ServedModel

PURPOSE = "A model server with --engine ray"
NAME = "bst"
# of one replica; BLAS and the engine use one thread each, and lists of several requests are made together
CPUS = 0.5
# seconds: how often a replica is asked whether it works, and how long it may take
HEALTH_PERIOD_S, HEALTH_TIMEOUT_S = 2.0, 10.0
# a replica that cannot be made is not tried for ever; bundles and datasets were checked before
MOST_CONSTRUCTIONS = 3
# each request has its line already
_LOGS = {"log_level": "WARNING", "enable_access_log": False}


class Replica:
    """One process of the deployment."""

    def __init__(self, folders: list[str], limits: dict[str, Any], log_requests: bool):
        own = Limits(**limits)
        self._models = [ServedModel.load(Path(folder), own) for folder in folders]
        self._app = create_app(self._models, own, log_requests)

    async def answer(self, asked: Asked) -> Answered:
        """Answer a request."""
        return await dispatcher.answer(self._app, asked)

    def check_health(self) -> None:
        """Raise unless the models answer; Ray then replaces the replica."""
        for model in self._models:
            model.recommender.rank(Visitor(), 1)


@contextmanager
def running(
    bundles: Sequence[Bundle], host: str, port: int, replicas: int, limits: Limits, log_requests: bool = True
) -> Iterator[str]:
    """Start the replicas, and give their address once all of them answer; at the end they end, and a cluster goes on.

    ``port`` 0 is any that is free. Raises ``ConfigError`` if the address is taken or a replica cannot be made.
    """
    serve: Any = cluster.load("ray.serve", PURPOSE)
    with local.listen(host, port) as listener, cluster.joined(PURPOSE, ConfigError, max(2, replicas), log=log_requests):
        logging.getLogger("ray.serve").setLevel(logging.WARNING)
        serve.start(proxy_location="Disabled", logging_config=_LOGS)
        try:
            handle = _deploy(serve, bundles, replicas, limits, log_requests)
            with _listening(listener, _front(handle, limits, replicas)):
                yield local.address(listener)
        finally:
            serve.shutdown()


def _deploy(serve: Any, bundles: Sequence[Bundle], replicas: int, limits: Limits, log_requests: bool) -> Any:
    deployment = serve.deployment(
        Replica,
        name=NAME,
        num_replicas=replicas,
        max_ongoing_requests=limits.requests,
        health_check_period_s=HEALTH_PERIOD_S,
        health_check_timeout_s=HEALTH_TIMEOUT_S,
        max_constructor_retry_count=MOST_CONSTRUCTIONS,
        logging_config=_LOGS,
        # processes of this machine's own cluster have the environment already
        ray_actor_options={"num_cpus": CPUS}
        | ({} if cluster.is_of_this_computer() else {"runtime_env": {"env_vars": _environment()}}),
    )
    folders = [str(bundle.folder) for bundle in bundles]
    try:
        return serve.run(deployment.bind(folders, asdict(limits), log_requests), name=NAME, route_prefix=None)
    except RuntimeError as error:
        raise ConfigError(f"the replicas cannot be started: {error}; see Ray's log of the deployment") from error


def _environment() -> dict[str, str]:
    """Return the variables that replicas need: the project's own, and one thread for each library of mathematics."""
    own = {name: value for name, value in os.environ.items() if name.startswith("BST_") and name != "BST_MODEL_URL"}
    return own | {"OMP_NUM_THREADS": "1", "TF_CPP_MIN_LOG_LEVEL": "3"}


def _front(handle: Any, limits: Limits, replicas: int) -> Gate:
    """Return the application that hands requests on; the replicas log them."""
    from ray.exceptions import ObjectLostError, RayActorError
    from ray.serve.exceptions import ReplicaUnavailableError

    async def ask(asked: Asked) -> Answered:
        return await handle.answer.remote(asked)

    longest = max(limits.timeout_s, limits.explain_timeout_s, limits.scorer_timeout_s)
    lost = (RayActorError, ObjectLostError, ReplicaUnavailableError)
    of_all = replace(limits, requests=limits.requests * replicas)
    return Gate(Dispatcher(ask, lost, longest), of_all, arriving=lambda _: None, log_requests=False)


@contextmanager
def _listening(listener: socket, app: Gate) -> Iterator[None]:
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            lifespan="off",
            ws="none",
            log_level="warning",
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=local.GRACE_S,
        )
    )
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="front", daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.should_exit = True
        thread.join()


def wait() -> None:
    """Return when the process is asked to end, by SIGINT or SIGTERM."""
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    ended.wait()
