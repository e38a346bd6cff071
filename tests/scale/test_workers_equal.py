"""Several workers compute what one process computes of the same batches, and all of them the same."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from bst.training.local_workers import free_ports
from tests.unit.conftest import write_world

pytestmark = [pytest.mark.slow, pytest.mark.long]
SCRIPT = Path(__file__).with_name("fit_alone.py")


def start(name: str, folder: Path, *arguments: str, **environment: str) -> subprocess.Popen:
    values = os.environ | {"PYTHONPATH": str(SCRIPT.parents[2]), "TF_CPP_MIN_LOG_LEVEL": "2", "NAME": name}
    return subprocess.Popen(
        [sys.executable, str(SCRIPT), str(folder / "world"), str(folder), *arguments],
        env=values | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def finish(process: subprocess.Popen) -> str:
    output, _ = process.communicate(timeout=900)
    assert process.returncode == 0, output
    return output


def variables(folder: Path, name: str, epoch: int) -> dict[str, np.ndarray]:
    """What a process kept, without the states of random generators: each worker has its own."""
    with np.load(folder / f"{name}-{epoch}.npz") as stored:
        return {key: stored[key] for key in stored.files if "seed" not in key}


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """Two epochs of all towers: by two workers, by one that takes the batches of both, and by two replicas in one."""
    folder = tmp_path_factory.mktemp("equal")
    write_world(folder / "world")
    cluster = {"worker": [f"127.0.0.1:{port}" for port in free_ports(2)]}
    tasks = [json.dumps({"cluster": cluster, "task": {"type": "worker", "index": i}}) for i in range(2)]
    two = [start(f"worker{i}", folder, "1", "0", TF_CONFIG=task) for i, task in enumerate(tasks)]
    histories = [finish(process) for process in two]
    histories.append(finish(start("accumulated", folder, "2", "0")))
    histories.append(finish(start("devices", folder, "1", "0", "2")))
    return folder, histories


def test_two_workers_hold_the_same_weights_to_the_last_bit(results):
    for epoch in (1, 2):
        first, second = (variables(results[0], f"worker{i}", epoch) for i in range(2))
        assert all(np.array_equal(first[name], second[name]) for name in first)


def test_two_workers_equal_one_that_accumulates_their_batches(results):
    for epoch in (1, 2):
        one, two = variables(results[0], "accumulated", epoch), variables(results[0], "worker0", epoch)
        assert one.keys() == two.keys()
        for name in one:
            np.testing.assert_allclose(two[name], one[name], rtol=0, atol=1e-6, err_msg=name)


def test_two_devices_of_one_process_equal_two_workers(results):
    """``MirroredStrategy`` on two logical devices of the processor, which stand for two GPUs."""
    one, two = variables(results[0], "devices", 2), variables(results[0], "worker0", 2)
    for name in one:
        np.testing.assert_allclose(two[name], one[name], rtol=0, atol=1e-6, err_msg=name)


def test_all_see_the_same_history(results):
    """Losses are those of all workers, and validation is the chief's."""
    first, second, accumulated, _ = (without_seconds(text) for text in results[1])
    assert first == second == accumulated


def without_seconds(output: str) -> list[str]:
    rows = [line.rsplit("'seconds'", 1)[0] for line in output.splitlines() if line.startswith("{'epoch'")]
    assert len(rows) == 2
    return rows
