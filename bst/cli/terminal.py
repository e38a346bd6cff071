"""What a person at the terminal sees beside the answer. All of it goes to standard error."""

import argparse
import os
import sys
import tempfile
from collections.abc import Callable

from bst import backend

# what a command returns: the answer, and how to say it in words
Answer = tuple[dict, Callable[[dict], str]]
Options = argparse.Namespace


def say(words: str) -> None:
    """Write a line."""
    print(words, file=sys.stderr, flush=True)


def load_tensorflow() -> None:
    """Load TensorFlow without the lines with which it greets, which say nothing to a person and obey no setting.

    They are written by C++ code straight to file descriptor 2, some with the import and some with the first operation.
    """
    say("loading TensorFlow")
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        with tempfile.TemporaryFile() as greeting:
            os.dup2(greeting.fileno(), 2)
            backend.load()
            import tensorflow as tf

            tf.add(1, 1)
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def bar(words: str, unit: str, scale: bool):
    """Return a progress bar."""
    from tqdm import tqdm

    # no bar where nobody sees it: in a file it would be noise
    return tqdm(desc=words, unit=unit, unit_scale=scale, leave=False, file=sys.stderr, disable=None)
