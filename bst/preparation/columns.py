"""Which column of a table holds what, by the names that ``own.spellings`` knows."""

import re
from collections.abc import Sequence

from bst.datasets.own.spellings import COLUMNS
from bst.errors import DatasetError
from bst.text import listed, shorten

INTERACTIONS = ("user_id", "item_id", "timestamp", "rating", "row")
ITEMS = ("item_id", "title", "tags", "year")
USERS = ("user_id",)


def find_columns(names: list[str], roles: Sequence[str], required: tuple[str, ...], where: str) -> dict[str, str]:
    """Return the column of each role that a table has, by role.

    Raises ``DatasetError``, which names the file ``where``, for a required role without a column or a column twice.
    """
    # case and punctuation do not matter: userId, USER_ID and user_id are one
    plain = [re.sub(r"[\W_]", "", name.partition(":")[0]).casefold() for name in names]
    columns = {}
    for role in roles:
        aliases = (alias.replace("_", "") for alias in COLUMNS[role])
        alias = next((alias for alias in aliases if alias in plain), None)
        if alias is None:
            continue
        if plain.count(alias) > 1:
            raise DatasetError(f"{where} has the column {role} twice: keep one of them")
        columns[role] = names[plain.index(alias)]
    if missing := [role for role in required if role not in columns]:
        raise DatasetError(
            f"{where} has no column {listed(missing)}: rename the one meant; it has {shorten(', '.join(names), 120)}"
        )
    return columns
