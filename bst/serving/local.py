"""The server in processes of this machine: uvicorn, with one process or several that share an address."""

import json
import os
import socket
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import uvicorn
from fastapi import FastAPI
from uvicorn.supervisors import Multiprocess

from bst import error_log
from bst.bundles.bundle import Bundle
from bst.errors import ConfigError
from bst.serving.app import create_app
from bst.serving.limits import Limits
from bst.serving.models import ServedModel

# a process of several finds here what to serve, as it is started anew
_PLAN = "_BST_SERVE"
# connections that may wait until a process takes them
BACKLOG = 1024
# seconds that requests in progress have when the server is asked to end
GRACE_S = 10


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens; port 0 is any that is free. Raises ``ConfigError`` if the address is taken."""
    try:
        return socket.create_server((host, port), backlog=BACKLOG, family=_family(host))
    except (OSError, OverflowError, UnicodeError) as error:
        raise ConfigError(f"cannot listen at {host}, port {port} ({error}); choose another --port") from error


def address(listener: socket.socket) -> str:
    """Return where a socket listens, as an address of HTTP."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def serve(bundles: Sequence[Bundle], listener: socket.socket, workers: int, limits: Limits, log_requests: bool) -> None:
    """Serve until the process is asked to end, by SIGINT or SIGTERM; requests in progress are finished."""
    plan = {
        "bundles": [str(bundle.folder) for bundle in bundles],
        "limits": asdict(limits),
        "log_requests": log_requests,
    }
    os.environ[_PLAN] = json.dumps(plan)
    config = uvicorn.Config(
        f"{__name__}:from_plan",
        factory=True,
        workers=workers,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_S,
    )

    if workers == 1:
        uvicorn.Server(config).run(sockets=[listener])
    else:
        Multiprocess(config, sockets=[listener]).run()


def from_plan() -> FastAPI:
    """Return the application of one process."""
    error_log.install(lambda: {"command": "serve"})
    plan: dict[str, Any] = json.loads(os.environ[_PLAN])
    limits = Limits(**plan["limits"])
    return create_app([ServedModel.load(folder, limits) for folder in plan["bundles"]], limits, plan["log_requests"])
