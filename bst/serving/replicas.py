"""The server as replicas under Ray Serve: each is a process with the same application; one that dies is replaced.

Without ``RAY_ADDRESS`` a small cluster is started on this machine, which only this machine reaches. With it the
replicas run in that cluster, whose nodes need the project, the bundles and the datasets at the same paths.
"""

import os
import signal
import socket
import threading
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from starlette.types import ASGIApp

from bst.bundles.bundle import Bundle
from bst.errors import ConfigError
from bst.schema import Visitor
from bst.serving.app import create_app
from bst.serving.limits import Limits
from bst.serving.models import ServedModel

NAME = "bst"
# read by Ray when it is imported: this machine's own cluster neither asks for a token nor reports that it is used
LOCAL_ENVIRONMENT = {"RAY_AUTH_MODE": "disabled", "RAY_USAGE_STATS_ENABLED": "0"}
# of one replica; BLAS and the engine use one thread each, and lists of several requests are made together
CPUS = 0.5
OBJECT_STORE_BYTES = 100 * 2**20
# seconds: how often a replica is asked whether it works, and how long it may take
HEALTH_PERIOD_S, HEALTH_TIMEOUT_S = 2.0, 10.0
# a replica that cannot be made is not tried for ever; bundles and datasets were checked before
MOST_TRIES = 3


class Replica:
    """One process of the deployment."""

    def __init__(self, folders: list[str], limits: dict[str, Any], log_requests: bool):
        own = Limits(**limits)
        self._models = [ServedModel.load(Path(folder), own) for folder in folders]
        self._app = create_app(self._models, own, log_requests)

    def __serve_build_asgi_app__(self) -> ASGIApp:
        """Return the application, as Ray asks for it once the replica is made."""
        return self._app

    def check_health(self) -> None:
        """Raise unless the models answer; Ray then replaces the replica."""
        for model in self._models:
            model.recommender.rank(Visitor(), 1)


def start(
    bundles: Sequence[Bundle], host: str, port: int, replicas: int, limits: Limits, log_requests: bool = True
) -> str:
    """Start the replicas; return their address once all of them answer.

    ``port`` 0 is any that is free. Raises ``ConfigError`` if the address is taken or a replica cannot be made.
    """
    local = not os.environ.get("RAY_ADDRESS")
    if local:
        for name, value in LOCAL_ENVIRONMENT.items():
            os.environ.setdefault(name, value)
    import ray
    from ray import serve

    port = _free_port(host, port)
    if not ray.is_initialized():
        own: dict[str, Any] = {
            "_node_ip_address": "127.0.0.1",
            "num_cpus": max(2, replicas),
            "object_store_memory": OBJECT_STORE_BYTES,
            "include_dashboard": False,
        }
        ray.init(log_to_driver=log_requests, **(own if local else {}))
    serve.start(http_options={"host": host, "port": port, "request_timeout_s": limits.scorer_timeout_s})
    deployment: Any = serve.deployment(
        serve.ingress()(Replica),
        name=NAME,
        num_replicas=replicas,
        max_ongoing_requests=limits.requests,
        health_check_period_s=HEALTH_PERIOD_S,
        health_check_timeout_s=HEALTH_TIMEOUT_S,
        max_constructor_retry_count=MOST_TRIES,
        # processes of this machine's own cluster have the environment already
        ray_actor_options={"num_cpus": CPUS} | ({} if local else {"runtime_env": {"env_vars": _environment()}}),
    )
    folders = [str(bundle.folder) for bundle in bundles]
    try:
        serve.run(deployment.bind(folders, asdict(limits), log_requests), name=NAME, route_prefix="/")
    except RuntimeError as error:
        raise ConfigError(f"the replicas cannot be started: {error}; see Ray's log of the deployment") from error
    return f"http://{host}:{port}"


def _environment() -> dict[str, str]:
    """Return the variables that replicas need: the project's own, and one thread for each library of mathematics."""
    own = {name: value for name, value in os.environ.items() if name.startswith("BST_") and name != "BST_MODEL_URL"}
    return own | {"OMP_NUM_THREADS": "1", "TF_CPP_MIN_LOG_LEVEL": "3"}


def _free_port(host: str, port: int) -> int:
    """Return a port that is free. Ray would go on trying one that is taken, without a word."""
    try:
        with socket.create_server((host, port)) as listener:
            return listener.getsockname()[1]
    except (OSError, OverflowError, UnicodeError) as error:
        raise ConfigError(f"cannot listen at {host}, port {port} ({error}); choose another --port") from error


def wait() -> None:
    """Return when the process is asked to end, by SIGINT or SIGTERM."""
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    ended.wait()


def stop() -> None:
    """End the replicas; a cluster goes on."""
    from ray import serve

    serve.shutdown()
