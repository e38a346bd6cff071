"""A model server in a process of its own, on a free port of this machine."""

import os
import re
import signal
import subprocess
import sys
import time

from bst.installation import PROJECT

START_S = 60


class ServerProcess:
    """``python -m bst serve`` on a port of 127.0.0.1, which a later start takes again."""

    def __init__(self, *options: str, environment: dict[str, str] | None = None):
        self._options, self._environment, self.port = options, environment or {}, 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> "ServerProcess":
        command = [sys.executable, "-m", "bst", "serve", "--port", str(self.port), *self._options]
        environment = os.environ | {"BST_MODEL_URL": ""} | self._environment
        self._process = subprocess.Popen(command, cwd=PROJECT, env=environment, stderr=subprocess.PIPE, text=True)
        assert self._process.stderr
        self.first_line = self._process.stderr.readline()
        found = re.search(r"http://127\.0\.0\.1:(\d+)", self.first_line)
        assert found, self.first_line + self._process.stderr.read()
        self.port = int(found[1])
        self._wait()
        return self

    def _wait(self) -> None:
        from bst.scoring.remote.client import ModelServer

        end, server = time.monotonic() + START_S, ModelServer(self.url)
        while not server.is_ready():
            assert time.monotonic() < end
            assert self._process.poll() is None
            time.sleep(0.1)

    def stop(self) -> None:
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(30)
        assert self._process.stderr
        self.log = self._process.stderr.read()
        self._process.stderr.close()
