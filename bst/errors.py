"""Errors that a person can act on. Each message says what was wrong, where, and what to do.

The command line turns any of them into one line and exit code 2; the app shows them as a notice.
Every other exception that escapes is a bug.
"""

from bst.text import UNPRINTABLE

# what a message may take on a screen, with the paths in it; an input that it quotes may be of any length
MOST_CHARACTERS = 500


def one_line(message: str, most: int = MOST_CHARACTERS) -> str:
    """Return a message as one line of at most ``most`` characters: its beginning says what is wrong, its end the fix.

    >>> one_line("no\\nbreaks")
    'no breaks'
    >>> len(one_line("9" * 5000))
    500
    """
    line = UNPRINTABLE.sub(" ", message)
    if len(line) <= most:
        return line
    start = most // 2
    return f"{line[:start]} … {line[len(line) - (most - start - 3) :]}"


class BSTError(Exception):
    """Base of all errors that the person in front of the program can fix. Its message is one line."""

    def __init__(self, message: str = ""):
        super().__init__(one_line(str(message)))


class DatasetError(BSTError):
    """A dataset is missing, damaged or not what it claims to be.

    Where a file is at fault the message names file, line, value and the fix.
    """


class VisitorError(BSTError):
    """A visitor or one of their events does not fit the dataset."""


class ConfigError(BSTError):
    """A preset, protocol or hyper-parameter is unknown or out of range."""


class BundleError(BSTError):
    """A bundle is missing, damaged, from another version, or its dataset does not fit."""


class TrainingError(BSTError):
    """A run cannot start or go on."""


class InstallationError(BSTError):
    """A package that a model needs is missing, broken or not the right one."""


class MissingPackageError(BSTError):
    """A package that only some commands need is not installed: see ``optional``."""


class ReportError(BSTError):
    """A report cannot be written where it is wanted."""


class ScoringError(BSTError):
    """A batch of lists cannot be finished; what is written stays, and the same command goes on."""


class StoryError(BSTError):
    """A story cannot be opened or shown: the message names the field and the fix."""


class ModelServerError(BSTError):
    """The model server of ``BST_MODEL_URL`` refuses a question, or answers with what cannot be used."""


class ModelServerAwayError(ModelServerError):
    """The model server cannot be reached, or does not answer in time: the same question may be asked again."""


class SwitchedOffError(BSTError):
    """A feature is not offered on a public server."""
