"""The parser of the command line, to which each module of this package adds its commands."""

import argparse
from collections.abc import Callable
from typing import NoReturn

from bst.cli.terminal import Answer, Options
from bst.errors import one_line

Run = Callable[[Options], Answer]
# characters of a message about an argument, which quotes what was typed
MOST_SHOWN = 250


class Parser(argparse.ArgumentParser):
    """Reports an error in one line; the usage is one ``--help`` away."""

    def error(self, message: str) -> NoReturn:
        """End the program with exit code 2."""
        self.exit(2, f"error: {one_line(message, MOST_SHOWN)}; see: {self.prog} --help\n")


class Commands:
    """The commands of a parser."""

    def __init__(self, parser: argparse.ArgumentParser):
        self._subparsers = parser.add_subparsers(title="commands", dest="command", metavar="COMMAND", required=True)

    def add(self, name: str, run: Run, summary: str, example: str = "") -> argparse.ArgumentParser:
        """Add a command and return its parser. ``summary``: what it does, without a capital and a full stop."""
        description = summary[0].upper() + summary[1:] + "."
        epilog = f"Example: python -m bst {example}" if example else ""
        parser = self._subparsers.add_parser(name, help=summary, description=description, epilog=epilog)
        parser.add_argument("--json", action="store_true", help="print one JSON object")
        parser.set_defaults(run=run)
        return parser
