"""What is called while a run goes on, from the process that trains or, of several workers, from the one that waits."""

from collections.abc import Callable
from dataclasses import dataclass

from bst.models.trainer import OnProgress

OnStage = Callable[[str], None]
OnRow = Callable[[dict[str, float]], None]


@dataclass(frozen=True)
class Listeners:
    """``on_stage`` gets a sentence about what is being done, ``on_epoch`` each finished row of the learning curves,
    ``on_progress`` a ``Progress`` several times a second.
    """

    on_stage: OnStage = lambda message: None
    on_epoch: OnRow = lambda row: None
    on_progress: OnProgress = lambda progress: None
