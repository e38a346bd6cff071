"""The command line: ``python -m bst COMMAND``.

Answers go to standard output, as text or, with ``--json``, as one JSON object; everything else goes to standard error.
Exit code 0; 2 with one clear line for input that cannot be used; 1 for a bug; 130 when interrupted.
"""

import io
import json
import os
import sys
from typing import NoReturn

from bst import error_log
from bst.cli.parser import make_parser
from bst.errors import BSTError, one_line
from bst.text import MOST_OF_A_PATH, shorten


def console() -> NoReturn:
    """Run the command that a terminal names, as ``bst`` or ``python -m bst``."""
    sys.exit(main())


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code."""
    # TensorFlow's start-up messages mean nothing to a person
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # a terminal or pipe that cannot encode a star must not end a command that has its answer
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    options = make_parser().parse_args(arguments)
    error_log.install()
    try:
        answer, text = options.run(options)
        print(json.dumps(answer, ensure_ascii=False) if options.json else text(answer))
    except KeyboardInterrupt:
        print("\nstopped", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader of a pipe has closed it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except BSTError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except OSError as error:  # an invalid file name, no permission, a full disk: nothing that a traceback would explain
        where = f"{shorten(str(error.filename), MOST_OF_A_PATH)}: " if error.filename else ""
        print(f"error: {one_line(f'{where}{error.strerror or error}')}", file=sys.stderr)
        return 2
    except Exception as error:
        known_as = error_log.report(error, command=options.command)
        print(f"error: something went wrong; error {known_as}, which the line above describes", file=sys.stderr)
        return 1
    return 0
