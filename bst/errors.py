"""Errors that a person can act on. Each message says what was wrong, where, and what to do.

The command line turns any of them into one line and exit code 2; the app shows them as a notice.
Everything else that escapes is a fault of ours.
"""


class BSTError(Exception):
    """Base of all errors that the person in front of the program can mend."""


class DatasetError(BSTError):
    """A dataset is missing, damaged or not what it claims to be.

    Where a file is at fault the message names file, line, value and the mend.
    """


class VisitorError(BSTError):
    """A visitor or an event of theirs is outside the words of the dataset."""


class ConfigError(BSTError):
    """A preset, protocol or hyper-parameter is unknown or out of range."""


class BundleError(BSTError):
    """A bundle is missing, damaged, from another version, or its dataset does not fit."""


class TrainingError(BSTError):
    """A run cannot start or go on."""


class ReportError(BSTError):
    """A report cannot be written where it is wanted."""
