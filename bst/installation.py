"""Where the project lies: in a checkout, or where pip installed it; data are then in a folder of the user's own."""

import os
import shutil
import tomllib
from importlib.metadata import version
from pathlib import Path

from bst.files import draft_of, replace_folder, write_whole

PACKAGE = Path(__file__).resolve().parent
# a wheel has app.py, pages and data in a package of their own, as any other package may have a name like "pages"
INSTALLED = PACKAGE.parent / "bst_studio"
IS_CHECKOUT = not INSTALLED.is_dir()
PROJECT = PACKAGE.parent if IS_CHECKOUT else INSTALLED
# another program may be copying at the same time: some megabytes
COPY_WAIT_S = 60.0


def home() -> Path:
    """Return the folder that is written to: the checkout, or ``$BST_HOME``, or the user's folder for application data.

    What is not a checkout gets a copy of the data that are installed, again after each change of the version: the demo
    world's catalogue and the trained models, which replace those of the same names. Raises ``OSError`` if that cannot
    be written.
    """
    if IS_CHECKOUT:
        return PROJECT
    folder = _own_folder()
    copied = folder / "data" / ".version"
    if not copied.is_file() or copied.read_text("utf-8") != project_version():
        for source in (PROJECT / "data" / "demo", *(PROJECT / "data" / "bundles").iterdir()):
            target = folder / source.relative_to(PROJECT)
            with draft_of(target, COPY_WAIT_S) as draft:
                replace_folder(target, Path(shutil.copytree(source, draft / source.name)))
        write_whole(copied, project_version())
    return folder


def _own_folder() -> Path:
    if chosen := os.environ.get("BST_HOME"):
        # os.path, as pathlib raises where "~name" is no user's home
        return Path(os.path.expanduser(chosen))  # noqa: PTH111
    from platformdirs import user_data_path  # here, because a checkout needs none

    return user_data_path("bst-studio", appauthor=False)


def project_version() -> str:
    """Return the version of the project, as in ``pyproject.toml``; "unknown" if neither that nor a wheel is here."""
    if not IS_CHECKOUT:
        return version("bst-studio")
    try:
        return tomllib.loads((PROJECT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    except OSError:  # the container has no such file
        return "unknown"
