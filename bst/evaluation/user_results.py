"""What an evaluation keeps of single users: their errors, and the predictions that are furthest off.

These are about rows of the dataset. Where the audience is simulated they go into the bundle; otherwise they stay on
this computer, in one file a bundle under ``data/.cache``, which git ignores, as a dataset's licence may forbid passing
them on. Evaluating the bundle again restores them.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from bst.bundles import sidecars
from bst.bundles.bundle import WAIT_S, Bundle
from bst.domain import DEMOGRAPHICS
from bst.errors import BundleError
from bst.evaluation.codec import from_json, to_json
from bst.evaluation.user_errors import UserErrors
from bst.evaluation.worst_errors import SIDES, WorstError, WorstErrors
from bst.files import locked, remove_temporaries, write_whole
from bst.settings import get_settings
from bst.strict_json import read_json

NAME = "users"
VERSION = 1


@dataclass(frozen=True)
class UserResults:
    """``users``: one row for each user who has test labels; ``worst_errors``: the largest errors on either side."""

    users: tuple[UserErrors, ...]
    worst_errors: WorstErrors = field(default_factory=lambda: {side: [] for side in SIDES})

    def user(self, user_id: int) -> UserErrors:
        """Return the row of a user. Raises ``KeyError`` if there is none."""
        return self._by_id[user_id]

    @cached_property
    def _by_id(self) -> dict[int, UserErrors]:
        return {row.user_id: row for row in self.users}

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, ready for JSON."""
        worst = {side: [error.to_row() for error in errors] for side, errors in self.worst_errors.items()}
        return {"version": VERSION, "users": to_json(self.users), "worst": worst}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "UserResults":
        """Return what ``to_dict`` gave. Raises ``ValueError`` for anything else, and for another version."""
        try:
            if values["version"] != VERSION:
                raise ValueError(f"version {values['version']}")
            worst: WorstErrors = {side: [WorstError.from_row(row) for row in values["worst"][side]] for side in SIDES}
            return cls(from_json(tuple[UserErrors, ...], [_with_demographics(row) for row in values["users"]]), worst)
        except (LookupError, TypeError, AttributeError, ValueError) as error:
            raise ValueError(f"incomplete or malformed results of users: {error!r}") from error


def _with_demographics(row: dict[str, Any]) -> dict[str, Any]:
    """Return the values of a user; files from before datasets had a domain hold MovieLens' three side by side."""
    if "demographics" in row:
        return row
    return {**row, "demographics": {name: row[name] for name in DEMOGRAPHICS if row[name] is not None}}


def keep(bundle: Bundle, results: UserResults) -> None:
    """Keep the results of a bundle's weights, completely or not at all.

    Raises ``BundleError`` if they cannot be written.
    """
    if bundle.simulated:
        sidecars.save(bundle, NAME, results.to_dict())
        return
    path = path_of(bundle)
    try:
        with locked(path, WAIT_S):
            remove_temporaries(path)
            write_whole(path, json.dumps(results.to_dict(), separators=(",", ":")))
    except OSError as error:
        raise BundleError(f"{path} cannot be written: {error}; make room or fix the folder's rights") from error


def read(bundle: Bundle) -> UserResults | None:
    """Return the results that were kept for a bundle's weights; None if there are none, or none that can be read."""
    try:
        values = sidecars.read(bundle, NAME) if bundle.simulated else read_json(path_of(bundle))
        return UserResults.from_dict(values or {})
    except (OSError, ValueError, AttributeError):
        return None


def path_of(bundle: Bundle) -> Path:
    """Return where the results of a bundle's weights are kept, whether they are there or not."""
    if bundle.simulated:
        return bundle.folder / f"{NAME}.json"
    return get_settings().evaluation_cache / f"{bundle.name}-{bundle.weights_sha256[:16]}.json"
