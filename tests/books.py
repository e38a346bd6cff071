"""The simulated library of examples/books as a dataset and small models of it, for tests of another domain."""

import importlib.util
from pathlib import Path

from bst import settings
from bst.datasets import load, own
from bst.schema import Dataset

SCRIPT = Path(__file__).parents[1] / "examples" / "books" / "simulate.py"
USERS = 140


def simulate(folder: Path, users: int = USERS, **options: bool) -> Path:
    """Write the files of a small library as the example does."""
    spec = importlib.util.spec_from_file_location("simulate_books", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.write(folder, users, **options)
    return folder


def dataset(data: Path, name: str, ratings: bool = True) -> Dataset:
    """Import such a library under a name into a folder of datasets, and read it from there."""
    source = simulate(data.parent / f"{name}-files", ratings=ratings)
    own.write_stored(own.read_own(source, name, own.read_names(source)), data / name)
    with settings.override_settings(data=data):
        return load(name)
