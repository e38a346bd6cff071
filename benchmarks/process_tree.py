"""What a command and all processes that it starts take: processor seconds, memory, time."""

import subprocess
import time
from dataclasses import dataclass

import psutil

INTERVAL_S = 0.5


@dataclass(frozen=True)
class Cost:
    """``processor_s`` and ``wall_s`` in seconds; ``peak_mb``: the largest sum of the processes' PSS, in 10^6 bytes.

    PSS counts memory that several processes share once. ``code``: the command's exit code.
    """

    processor_s: float
    wall_s: float
    peak_mb: float
    code: int


def measure(command: list[str], environment: dict[str, str] | None = None) -> Cost:
    """Run a command and return what it and its descendants took; a process that lives under 0.5 s may be missed."""
    began = time.monotonic()
    process = subprocess.Popen(command, env=environment)
    spent: dict[tuple[int, float], float] = {}
    known: dict[int, psutil.Process] = {process.pid: psutil.Process(process.pid)}
    peak = 0
    while process.poll() is None:
        peak = max(peak, _sample(known, spent))
        time.sleep(INTERVAL_S)
    # the command's own figures are exact: it has been waited for
    return Cost(sum(spent.values()), time.monotonic() - began, peak / 1e6, process.returncode)


def _sample(known: dict[int, psutil.Process], spent: dict[tuple[int, float], float]) -> int:
    """Note what each process has taken so far, and return the bytes that they hold now."""
    for parent in list(known.values()):
        try:
            known |= {child.pid: child for child in parent.children(recursive=True) if child.pid not in known}
        except psutil.Error:
            continue
    held = 0
    for pid, one in list(known.items()):
        try:
            times = one.cpu_times()
            spent[pid, one.create_time()] = times.user + times.system
            held += one.memory_full_info().pss
        except psutil.Error:
            known.pop(pid)
    return held
