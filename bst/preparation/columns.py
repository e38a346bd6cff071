"""Which column of a table holds what: our own names, and those that other programs use for the same."""

import re
from collections.abc import Mapping

from bst.errors import DatasetError
from bst.text import listed

# the first name is ours; case and punctuation do not matter: userId, USER_ID and user_id are one
INTERACTIONS = {
    "user_id": ("userid", "user"),
    "item_id": ("itemid", "item", "movieid", "movie"),
    "timestamp": ("timestamp", "datetime", "time"),
    "rating": ("rating", "weight"),
    "row": ("row",),
}
ITEMS = {
    "item_id": ("itemid", "item", "movieid", "movie"),
    "title": ("title", "name"),
    "tags": ("tags", "genres"),
    "year": ("year",),
}
USERS = {"user_id": ("userid", "user")}


def find_columns(
    names: list[str], roles: Mapping[str, tuple[str, ...]], required: tuple[str, ...], where: str
) -> dict[str, str]:
    """Return the column of each role that a table has, by role.

    Raises ``DatasetError``, which names the file ``where``, for a required role without a column or a column twice.
    """
    plain = [re.sub(r"[\W_]", "", name.partition(":")[0]).casefold() for name in names]
    columns = {}
    for role, aliases in roles.items():
        alias = next((alias for alias in aliases if alias in plain), None)
        if alias is None:
            continue
        if plain.count(alias) > 1:
            raise DatasetError(f"{where} has the column {role} twice: keep one of them")
        columns[role] = names[plain.index(alias)]
    if missing := [role for role in required if role not in columns]:
        raise DatasetError(
            f"{where} has no column {listed(missing)}: rename the one that is meant; it has {', '.join(names[:12])}"
        )
    return columns
