"""Files that are there whole or not at all."""

import os
import tempfile
from pathlib import Path


def write_whole(path: Path, content: bytes | str) -> None:
    """Write a file beside its place and rename it: whoever reads finds the old or the new content, never a part.

    Two processes that write the same file do not meet. Text is written as UTF-8. Raises ``OSError`` if it cannot be
    written; the old file is then as it was, and nothing is left beside it.
    """
    handle, work = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content.encode("utf-8") if isinstance(content, str) else content)
        Path(work).chmod(0o644)  # mkstemp makes it private; what is written here may be shared
        Path(work).replace(path)
    except BaseException:
        Path(work).unlink(missing_ok=True)
        raise
