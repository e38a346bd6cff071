"""The command ``serve``: models over HTTP."""

from dataclasses import fields

from bst import optional
from bst.cli.commands import Commands
from bst.cli.terminal import Answer, Options, say
from bst.errors import ConfigError
from bst.text import listed

NEEDS = "A model server"
MOST_WORKERS = 64
# of ``serving.limits.Limits``, those that are options: name, type, meaning
LIMITS = (
    ("body_kb", int, "thousands of bytes of a request (1000)"),
    ("history", int, "events of a history (5000)"),
    ("seen", int, "items that were seen (20000)"),
    ("candidates", int, "candidates (1000)"),
    ("k", int, "items of a list (1000)"),
    ("requests", int, "requests in progress (64)"),
    ("timeout_s", float, "seconds until a list or a prediction must be there (10)"),
    ("explain_timeout_s", float, "seconds until an explanation must be there (60)"),
    ("batch", int, "lists that are made together (16)"),
)


def serve(options: Options) -> Answer:
    """Serve bundles until the process is terminated."""
    for module in ("fastapi", "uvicorn", *(["ray.serve"] if options.engine == "ray" else [])):
        optional.require(module, NEEDS)
    from bst.serving import local, models
    from bst.serving.limits import Limits

    given = {one.name: getattr(options, f"max_{one.name}", None) for one in fields(Limits)}
    limits = Limits(**{name: value for name, value in given.items() if value is not None})
    for name in ("workers", "replicas"):
        if not 1 <= getattr(options, name) <= MOST_WORKERS:
            raise ConfigError(f"--{name} must be from 1 to {MOST_WORKERS}, not {getattr(options, name)}")
    bundles = models.check(options.bundle or ["demo"])
    names = [bundle.name for bundle in bundles]
    if options.engine == "ray":
        from bst.serving import replicas

        with replicas.running(
            bundles, options.host, options.port, options.replicas, limits, options.request_log
        ) as address:
            say(f"serving {listed(names)} at {address} with {options.replicas} replicas; end with Ctrl+C")
            replicas.wait()
    else:
        with local.listen(options.host, options.port) as listener:
            address = local.address(listener)
            say(f"serving {listed(names)} at {address} (documentation: {address}/docs); end with Ctrl+C")
            local.serve(bundles, listener, options.workers, limits, options.request_log)
    return {"bundles": names, "address": address}, lambda answer: f"{answer['address']} has ended"


# ---- options


def add_serve(commands: Commands) -> None:
    """Add the command ``serve``."""
    parser = commands.add(
        "serve",
        serve,
        "answer over HTTP: recommendations, predictions, explanations, and the questions of an app with BST_MODEL_URL",
        "serve --bundle demo --bundle demo-compact --port 8600",
    )
    parser.add_argument("--bundle", action="append", help="a bundle's name, or its folder; as often as needed (demo)")
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen at; this computer only (127.0.0.1)")
    parser.add_argument("--port", type=int, default=8600, help="the port; 0 for any that is free (8600)")
    parser.add_argument(
        "--engine", choices=("local", "ray"), default="local", help="processes of this machine, or Ray Serve (local)"
    )
    parser.add_argument("--workers", type=int, default=1, help="local: how many processes (1)")
    parser.add_argument("--replicas", type=int, default=2, help="ray: how many replicas (2)")
    parser.add_argument(
        "--no-request-log", dest="request_log", action="store_false", help="log no line for each request"
    )
    limits = parser.add_argument_group("limits", "of each process; what is beyond one is refused")
    for name, kind, meaning in LIMITS:
        limits.add_argument(f"--max-{name.replace('_', '-')}", type=kind, dest=f"max_{name}", metavar="N", help=meaning)
