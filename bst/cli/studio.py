"""``bst-studio``: starts the app, from any folder."""

import os
import sys

from bst.installation import PROJECT


def main() -> None:
    """Replace this process by Streamlit's; arguments go to it, such as ``--server.port 8502``."""
    command = [sys.executable, "-m", "streamlit", "run", str(PROJECT / "app.py"), *sys.argv[1:]]
    os.execv(sys.executable, command)
