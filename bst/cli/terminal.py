"""What a person at the terminal sees beside the answer. All of it goes to standard error."""

import argparse
import os
import sys
import tempfile
from collections.abc import Callable
from typing import Any

from bst import backend

# what a command returns: the answer, and a function that formats it as text
Answer = tuple[dict[str, Any], Callable[[dict[str, Any]], str]]
Options = argparse.Namespace


def say(message: str) -> None:
    """Print a message to standard error."""
    print(message, file=sys.stderr, flush=True)


def load_tensorflow() -> None:
    """Load TensorFlow without its start-up messages, which no setting turns off.

    C++ code writes them straight to file descriptor 2, some with the import and some with the first operation.
    """
    say("loading TensorFlow")
    sys.stderr.flush()
    stderr = os.dup(2)
    try:
        with tempfile.TemporaryFile() as messages:
            os.dup2(messages.fileno(), 2)
            backend.load()
            import tensorflow as tf

            tf.add(1, 1)
    finally:
        os.dup2(stderr, 2)
        os.close(stderr)


def progress_bar(label: str, unit: str, scale: bool = False) -> Any:
    """Return a progress bar of ``tqdm``. ``scale``: whether large numbers are shortened, such as 1.2M."""
    from tqdm import tqdm

    # no bar unless a person is watching: in a file it would be noise
    return tqdm(desc=label, unit=unit, unit_scale=scale, leave=False, file=sys.stderr, disable=None)
