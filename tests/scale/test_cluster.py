"""Ray: joined, started, closed to strangers, and said in one line where it is missing."""

import os
import subprocess
import sys
from types import SimpleNamespace

import pytest

from bst import cluster
from bst.errors import MissingPackageError, ScoringError

# stands for whoever can reach this computer over a network
STRANGER = "import ray, sys; ray.init(address=sys.argv[1], log_to_driver=False); print(ray.get(ray.put('in')))"


class Ray(SimpleNamespace):
    """Starts, once ``problems`` have been raised."""

    def __init__(self, *problems, running=False):
        super().__init__(problems=list(problems), running=running, options=[], ended=0)

    def is_initialized(self):
        return self.running

    def init(self, **options):
        self.options.append(options)
        if self.problems:
            raise self.problems.pop(0)

    def shutdown(self):
        self.ended += 1


@pytest.fixture
def ray_of(monkeypatch):
    """Put a Ray in the place of the package."""
    for name in ("RAY_ADDRESS", *cluster.ALONE):
        monkeypatch.setenv(name, "")  # so that what is set in a test is taken back
        monkeypatch.delenv(name)

    def ray_of(*problems, **more):
        ray = Ray(*problems, **more)
        monkeypatch.setitem(sys.modules, "ray", ray)
        return ray

    return ray_of


def join():
    return cluster.joined("Scoring with --engine ray", ScoringError, processors=3)


def test_a_ray_of_this_computer_ends_with_the_block(ray_of):
    ray = ray_of()
    with join():
        assert not ray.ended
        assert os.environ["RAY_AUTH_TOKEN"]
    assert ray.ended == 1
    assert ray.options[0]["num_cpus"] == 3


def test_a_cluster_is_joined_as_it_is(ray_of, monkeypatch):
    ray = ray_of()
    monkeypatch.setenv("RAY_ADDRESS", "10.0.0.5:6379")
    with join():
        assert "num_cpus" not in ray.options[0]
        assert "RAY_AUTH_TOKEN" not in os.environ


def test_a_connection_that_is_there_stays(ray_of):
    ray = ray_of(running=True)
    with join():
        pass
    assert (ray.options, ray.ended) == ([], 0)


def test_a_start_that_takes_too_long_is_tried_again(ray_of):
    ray = ray_of(*[RuntimeError("The current node timed out during startup.")] * (cluster.MOST_STARTS - 1))
    with join():
        pass
    assert len(ray.options) == cluster.MOST_STARTS


@pytest.mark.parametrize(
    ("address", "message"), [("", "Ray does not start on this computer: no"), ("far:1", r"no Ray \(far:1\): no")]
)
def test_without_a_ray_that_answers_there_is_one_line(ray_of, monkeypatch, address, message):
    ray = ray_of(ConnectionError("no\nanswer"))
    monkeypatch.setenv("RAY_ADDRESS", address)
    with pytest.raises(ScoringError, match=message) as error, join():
        pass
    assert "\n" not in str(error.value)
    assert len(ray.options) == 1


def test_without_the_package_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with (
        pytest.raises(MissingPackageError, match=r"--engine ray needs the package ray.*requirements-scale\.txt"),
        join(),
    ):
        pass


@pytest.mark.slow
@pytest.mark.parametrize("own", [{"RAY_AUTH_TOKEN": "0" * 64}, {}])
def test_only_who_has_the_token_gets_in(ray_cluster, own):
    command = [sys.executable, "-c", STRANGER, ray_cluster.get_runtime_context().gcs_address]
    tried = subprocess.run(command, env=os.environ | own, capture_output=True, text=True, timeout=120)
    assert (tried.returncode, tried.stdout.strip()) == ((1, "") if own else (0, "in"))
