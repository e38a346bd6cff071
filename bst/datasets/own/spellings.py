"""What the files and columns of a dataset may be called, here and in other programs.

Among these: MovieLens, Microsoft Recommenders, RecTools, Amazon Personalize, RecBole.
"""

import re
from collections.abc import Iterable

# by what a file holds, the names that it may have, without their endings
INTERACTIONS = ("interactions", "events", "ratings")
ITEMS = ("items", "movies", "books", "products")
USERS = ("users",)
ENDINGS = (".csv", ".csv.gz", ".tsv", ".tsv.gz", ".parquet")
# of RecBole's atomic files, NAME.inter, NAME.item and NAME.user
RECBOLE = {"interactions": ".inter", "items": ".item", "users": ".user"}

# by column, its names as ``normalised`` returns them
COLUMNS: dict[str, tuple[str, ...]] = {
    "user_id": ("user_id", "user", "userid", "visitor_id", "visitorid", "customer_id"),
    "item_id": ("item_id", "item", "itemid", "movie_id", "movie", "book_id", "product_id", "article_id", "track_id"),
    "rating": ("rating", "weight", "event_value", "stars"),
    "timestamp": ("timestamp", "time", "datetime", "unix_timestamp"),
    "row": ("row",),
    "title": ("title", "name", "item_name", "movie_title", "book_title", "product_title"),
    "tags": ("tags", "genres", "genre", "categories", "category", "class", "category_l1", "subjects"),
    "year": ("year", "release_year", "publication_year"),
}


def normalised(name: str) -> str:
    """Return a column's name in small letters, with _ between its words.

    >>> [normalised(name) for name in ("userId", "userID", "USER_ID", "Home country", "x:y")]
    ['user_id', 'user_id', 'user_id', 'home_country', 'x_y']
    """
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.strip())
    return re.sub(r"[^a-z0-9]+", "_", words.lower()).strip("_")


def column_of(names: Iterable[str], column: str) -> str | None:
    """Return which of a table's names stands for a column, None if none does; its own name goes before others.

    >>> column_of(["movieId", "item"], "item_id")
    'item'
    """
    by_normalised = {normalised(name): name for name in names}
    return next((by_normalised[alias] for alias in COLUMNS[column] if alias in by_normalised), None)
