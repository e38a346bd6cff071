"""The command ``serve``: models over HTTP."""

from dataclasses import fields

from bst import optional
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
    """Serve bundles until the process is asked to end."""
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
