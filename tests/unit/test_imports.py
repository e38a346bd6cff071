"""What the server and the first page import: on a fresh server, a visitor waits for each of these packages."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from pages.shared import warm_up

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
# our own; what reads a catalogue and ranks it; and what these import themselves
EXPECTED = {"bst", "pages", "numpy", "pandas", "pyarrow", "dateutil", "cython_runtime", "cloudpickle", "threadpoolctl"}
SCRIPTS = ("app.py", "studio.py", "pages/recommend/recommend.py")


def imports(script: str) -> list[str]:
    """The import statements of a script, which cannot be imported itself: it would draw a page."""
    tree = ast.parse((ROOT / script).read_text("utf-8"))
    return [ast.unparse(line) for line in tree.body if isinstance(line, ast.Import | ast.ImportFrom)]


def imported(*lines: str) -> set[str]:
    """The packages beside Python's own and Streamlit's that these lines import."""
    before = [
        "import sys, streamlit.web.bootstrap, streamlit.web.server.starlette.starlette_server, starlette.routing",
        "before = set(sys.modules)",
    ]
    after = ["print(*{name.partition('.')[0] for name in set(sys.modules) - before})"]
    code = "\n".join([*before, *lines, *after])
    process = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return {name for name in process.stdout.split() if not name.startswith("_")} - sys.stdlib_module_names


def test_the_first_page_imports_nothing_heavy():
    assert imported(*(line for script in SCRIPTS for line in imports(script))) <= EXPECTED


def test_nor_does_what_is_imported_while_the_browser_opens():
    assert imported(*(f"import {module}" for module in warm_up.FIRST)) <= EXPECTED
