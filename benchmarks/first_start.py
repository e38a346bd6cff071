"""From nothing to the first list: a bare clone, the README's first command, and a browser that waits for ten movies.

    python benchmarks/first_start.py

The clone and all that is installed go into a folder that is removed at the end. It prints the seconds of each step, how
much the network brought (packages from an index on this computer are not counted), what the environment takes on disk,
and the server's memory.
"""

import os
import signal
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import psutil

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.live_app import free_port
from tests.browser.conftest import chromium

ROOT = Path(__file__).resolve().parent.parent
STEPS = ("clone", "install", "server", "list")
PATIENCE_S = 900
MB = 1e6


def main() -> None:
    """Measure, and print one line for each figure."""
    port = free_port()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("BST_")}
    environment |= {"STREAMLIT_SERVER_HEADLESS": "true", "STREAMLIT_SERVER_PORT": str(port), "PYTHON": sys.executable}
    with tempfile.TemporaryDirectory(prefix="first-start-") as folder, chromium() as browser:
        clone, received = Path(folder) / "studio", _received()
        times = [time.monotonic()]
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
        times.append(time.monotonic())
        command = ["make", "--environment-overrides", "run"]
        server = subprocess.Popen(
            command,
            cwd=clone,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            _wait(lambda: (clone / ".venv" / "run.done").exists())
            times.append(time.monotonic())
            _wait(lambda: _answers(port))
            times.append(time.monotonic())
            page = browser.new_page()
            page.goto(f"http://localhost:{port}")
            rows = page.get_by_role("list", name="Movies for this visitor").get_by_role("listitem")
            rows.nth(9).wait_for(timeout=PATIENCE_S * 1000)
            times.append(time.monotonic())
            memory = sum(child.memory_info().rss for child in psutil.Process(server.pid).children(recursive=True))
        finally:
            os.killpg(server.pid, signal.SIGTERM)
            server.wait()
        disk = sum(file.lstat().st_size for file in (clone / ".venv").rglob("*"))
        steps = dict(zip(STEPS, (later - earlier for earlier, later in pairwise(times)), strict=True))
        for name, seconds in steps.items():
            print(f"{name:12}{seconds:8.1f} s")
        own = steps["server"] + steps["list"]
        print(f"{'all':12}{sum(steps.values()):8.1f} s, of which without the installation {own:.1f}")
        print(f"{'network':12}{(_received() - received) / MB:8.0f} MB")
        print(f"{'environment':12}{disk / MB:8.0f} MB")
        print(f"{'memory':12}{memory / MB:8.0f} MB")


def _wait(is_there) -> None:
    end = time.monotonic() + PATIENCE_S
    while not is_there():
        if time.monotonic() > end:
            raise SystemExit(f"nothing after {PATIENCE_S} seconds")
        time.sleep(0.05)


def _answers(port: int) -> bool:
    try:
        with urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=1) as answer:
            return answer.status == 200
    except (URLError, OSError):
        return False


def _received() -> int:
    return sum(card.bytes_recv for name, card in psutil.net_io_counters(pernic=True).items() if name != "lo")


if __name__ == "__main__":
    main()
