"""What a server takes on: a question beyond it is refused at once, in one line."""

from dataclasses import dataclass, fields
from typing import Any

from bst.errors import ConfigError


@dataclass(frozen=True)
class Limits:
    """Of each process. ``body_kb``: of a request, in thousands of bytes; ``history``, ``seen``, ``candidates``, ``k``:
    of a question; ``requests``: how many may be in progress; ``timeout_s`` and ``explain_timeout_s``: until an answer
    must be there, in seconds; ``batch``: how many lists are made together; ``batch_wait_ms``: how long one that could
    begin waits for others that have arrived, but are not read yet; ``scorer_body_kb`` and ``scorer_timeout_s``: of the
    questions of an app.
    """

    body_kb: int = 1_000
    history: int = 5_000
    seen: int = 20_000
    candidates: int = 1_000
    k: int = 1_000
    requests: int = 64
    timeout_s: float = 10.0
    explain_timeout_s: float = 60.0
    batch: int = 16
    batch_wait_ms: float = 2.0
    scorer_body_kb: int = 64_000
    scorer_timeout_s: float = 60.0

    def __post_init__(self) -> None:
        """Raise ``ConfigError`` for a limit that would refuse everything."""
        for name in (one.name for one in fields(self)):
            value: Any = getattr(self, name)
            if not 0 < value < float("inf") and not (name == "batch_wait_ms" and value == 0):
                raise ConfigError(f"the limit {name.replace('_', ' ')} must be above 0, not {value}")
