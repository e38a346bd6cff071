"""The weights of a bundle one by one, without making the model: names and shapes alone are read."""

import zipfile

import numpy as np
import pandas as pd

from bst.bundles.bundle import Bundle
from bst.errors import BundleError
from bst.models.config import TimelineConfig
from bst.schema import DECADES, GENRES

# what weights are for, by the first word of their name that is here, in the order of a table
_PURPOSES: dict[str, str] = {
    "user": "User ids",
    "movie": "Movies",
    "movie_and_genres": "Movies",
    "facts_to_movie": "Movies",
    "genres": "Movies",
    "facts": "Movies",
    "level": "Events",
    "gap": "Events",
    "month": "Events",
    "surprise": "Events",
    "position": "Events",
    "sex": "Who they are",
    "age": "Who they are",
    "occupation": "Who they are",
    "visitor_token": "Who they are",
    "content": "Attention",
    "query": "Attention",
    "transformer_block": "Attention",
    "factors": "What ratings alone tell",
    "factor_base": "What ratings alone tell",
    "factor_prior": "What ratings alone tell",
    "mean_rating": "What ratings alone tell",
    "stars": "What ratings alone tell",
    "popularity": "Answer",
}
_TOWERS = {"rating": "Rating tower", "next": "Next tower"}
_FIXED = {"genres", "facts", "factors", "factor_base", "factor_prior", "mean_rating", "stars"}


def weights(bundle: Bundle) -> pd.DataFrame:
    """Return a bundle's weights: ``tower`` ("" of a classic model), ``purpose``, ``weight``, ``shape`` (a tuple),
    ``parameters``, ``trained`` bool.

    What is put back from the dataset when a model is loaded is there, too. Raises ``BundleError`` for a damaged file.
    """
    shapes = _shapes(bundle) | _from_dataset(bundle)
    rows = []
    for name, shape in shapes.items():
        tower, rest = _split(name, isinstance(bundle.config, TimelineConfig))
        word = rest.split("/")[0]
        fixed = word in _FIXED or rest.split("/")[-1].startswith("moving_")
        rows.append((tower, _purpose(word), name, shape, int(np.prod(shape)), not fixed))
    table = pd.DataFrame(rows, columns=["tower", "purpose", "weight", "shape", "parameters", "trained"])
    order = [*dict.fromkeys(_PURPOSES.values())]
    place = table["purpose"].map(lambda purpose: order.index(purpose))
    towers = table["tower"].map(lambda tower: list(_TOWERS.values()).index(tower) if tower else 0)
    return table.iloc[np.lexsort((np.arange(len(table)), place, towers))].reset_index(drop=True)


def by_purpose(table: pd.DataFrame) -> pd.DataFrame:
    """Add up ``weights``: ``tower``, ``purpose``, ``parameters``, how many of these are ``trained``, ``share``."""
    table = table.assign(trained=table["parameters"] * table["trained"])
    summed = table.groupby(["tower", "purpose"], sort=False)[["parameters", "trained"]].sum().reset_index()
    return summed.assign(share=summed["parameters"] / summed["parameters"].sum())


def _split(name: str, timeline: bool) -> tuple[str, str]:
    if not timeline:
        return "", name
    tower, rest = name.split("/", 1)
    return _TOWERS.get(tower, tower), rest


def _purpose(word: str) -> str:
    for start in (word, word.rsplit("_", 1)[0], word.split("_")[0]):
        if start in _PURPOSES:
            return _PURPOSES[start]
    return "Answer"


def _shapes(bundle: Bundle) -> dict[str, tuple[int, ...]]:
    path = bundle.folder / "weights.npz"
    shapes = {}
    try:
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                with archive.open(name) as file:
                    version = np.lib.format.read_magic(file)
                    read = {(1, 0): np.lib.format.read_array_header_1_0}.get(
                        version, np.lib.format.read_array_header_2_0
                    )
                    shapes[name.removesuffix(".npy")] = tuple(read(file)[0])
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise BundleError(f"{path} cannot be read ({error}); get the bundle again") from error
    return shapes


def _from_dataset(bundle: Bundle) -> dict[str, tuple[int, ...]]:
    movies = bundle.sizes.movies
    if isinstance(bundle.config, TimelineConfig):
        return {f"{name}/facts": (movies, len(GENRES) + len(DECADES)) for name in bundle.config.towers}
    return {"genres/embeddings": (movies, len(GENRES))} if bundle.config.genres else {}
