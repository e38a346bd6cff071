"""Workers as processes of this computer: started, watched, and started anew if one of them dies.

TensorFlow's collective operations wait for every worker, and a cluster that has lost one cannot take it back. So all of
them end with the first that does, and start again from the snapshot of the last complete epoch.
"""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path

from bst.errors import TrainingError
from bst.settings import PROJECT, get_settings
from bst.training.messages import FOLDER, MessageReader

HOST = "127.0.0.1"
# how often all workers start again after a death, before the run is given up
MOST_RESTARTS = 3
POLL_S = 0.2
# seconds that workers have to end when they are asked to, before they are killed
PATIENCE_S = 3.0
# the exit code of a worker that reported a problem in one line: another try would not help
EXPLAINED = 2
LOG_TAIL_BYTES = 20_000


def run(
    run_folder: Path, bundles: Path, workers: int, messages: MessageReader, on_stage: Callable[[str], None]
) -> None:
    """Train with ``workers`` processes what a run's folder defines, and return when the bundle is complete.

    Raises ``TrainingError`` with the message of a worker, or after too many restarts. However it ends, no worker is
    left.
    """
    for attempt in range(1 + MOST_RESTARTS):
        processes = _start(run_folder, bundles, workers)
        try:
            ended = _watch(processes, messages)
        finally:
            _end(processes)
            messages()
        if ended is None:
            return
        number, code = ended
        log = run_folder / FOLDER / f"{number}.log"
        if code == EXPLAINED:
            raise TrainingError(_last_error(log))
        how = f"was stopped from outside (signal {-code})" if code < 0 else f"ended with exit code {code}"
        if attempt < MOST_RESTARTS:
            on_stage(f"worker {number} {how}; all start again after the last complete epoch")
    raise TrainingError(
        f"worker {number} {how}, after {MOST_RESTARTS} new starts: {_last_error(log)}; look into {log}, then continue "
        "with --resume"
    )


def _start(run_folder: Path, bundles: Path, workers: int) -> list[subprocess.Popen]:
    settings, processors = get_settings(), os.cpu_count() or 1
    threads = str(max(1, processors // workers))
    environment = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "2", "PYTHONUNBUFFERED": "1"}
    environment |= {"BST_DATA_DIR": str(settings.data.absolute()), "BST_CACHE_DIR": str(settings.cache.absolute())}
    # else each worker would have as many threads as there are processors
    environment |= {"TF_NUM_INTRAOP_THREADS": threads, "TF_NUM_INTEROP_THREADS": threads, "OMP_NUM_THREADS": threads}
    cluster = {"worker": [f"{HOST}:{port}" for port in free_ports(workers)]}
    processes: list[subprocess.Popen] = []
    try:
        for index in range(workers):
            task = {"cluster": cluster, "task": {"type": "worker", "index": index}}
            with (run_folder / FOLDER / f"{index + 1}.log").open("ab") as log:
                processes.append(
                    subprocess.Popen(
                        [
                            sys.executable,
                            "-m",
                            "bst.training.worker",
                            str(run_folder.resolve()),
                            str(bundles.resolve()),
                        ],
                        cwd=PROJECT,
                        stdin=subprocess.PIPE,  # closed when this process ends, however it does
                        stdout=log,
                        stderr=log,
                        env=environment | {"TF_CONFIG": json.dumps(task)},
                        # Ctrl-C reaches this process alone, which ends the workers
                        start_new_session=os.name == "posix",
                    )
                )
    except BaseException:
        _end(processes)
        raise
    return processes


def _watch(processes: list[subprocess.Popen], messages: MessageReader) -> tuple[int, int] | None:
    """Return the number and the exit code of the first worker that failed; None when all have ended well."""
    while True:
        messages()
        codes = [process.poll() for process in processes]
        failed = [(number, code) for number, code in enumerate(codes, start=1) if code]
        if failed:
            # the others fail soon after the one that is to blame; one that gives a reason comes first
            return next(((number, code) for number, code in failed if code == EXPLAINED), failed[0])
        if None not in codes:
            return None
        time.sleep(POLL_S)


def _end(processes: list[subprocess.Popen]) -> None:
    running = [process for process in processes if process.poll() is None]
    for process in running:
        process.terminate()
    deadline = time.monotonic() + PATIENCE_S
    for process in running:
        with suppress(subprocess.TimeoutExpired):
            process.wait(max(0.0, deadline - time.monotonic()))
    for process in running:
        if process.poll() is None:
            process.kill()
            process.wait()
    for process in processes:
        if process.stdin:
            with suppress(OSError):
                process.stdin.close()


def free_ports(count: int) -> list[int]:
    """Return ports of this computer that no process listens on. Raises ``TrainingError`` if there are none."""
    with ExitStack() as stack:
        try:
            # all are open at the same time, so that no two are the same
            listeners = [stack.enter_context(socket.socket()) for _ in range(count)]
            for listener in listeners:
                listener.bind((HOST, 0))
            return [listener.getsockname()[1] for listener in listeners]
        except OSError as error:
            raise TrainingError(
                f"{count} workers need {count} free ports on {HOST}, and there are none ({error}); use fewer --workers"
            ) from error


def _last_error(log: Path) -> str:
    """Return the last line of a log that says what went wrong."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - LOG_TAIL_BYTES))
            lines = [line.strip() for line in file.read().decode("utf-8", "replace").splitlines() if line.strip()]
    except OSError:
        lines = []
    explained = [line.removeprefix("error: ") for line in lines if line.startswith("error: ")]
    return (explained or [line for line in lines if "Error" in line] or lines or ["it printed nothing"])[-1]
