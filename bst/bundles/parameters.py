"""The weights of a bundle in a table, by what they are for."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from bst.bundles.bundle import Bundle
from bst.models.registry import family_of

# the purpose of all other weights: those of the last layers
_OUTPUT = "Output"


def weights(bundle: Bundle) -> pd.DataFrame:
    """Return a bundle's weights: ``tower`` ("" of a model without towers), ``purpose``, ``weight``, ``shape`` (a
    tuple), ``parameters``, ``trained`` bool.

    Weights that come from the dataset when a model is loaded are included; those that a bundle of an earlier version
    does not have are not.
    """
    family = family_of(bundle.config)
    shapes = family.weight_shapes(bundle.config, bundle.sizes, len(bundle.levels))
    total = sum(int(np.prod(shape)) for shape in shapes.values())
    if total > bundle.parameters["parameters"]:
        shapes = {name: shape for name, shape in shapes.items() if name not in family.later_weight_paths(bundle.config)}
    rows = []
    for name, shape in shapes.items():
        tower, rest = _split(name, family.tower_titles)
        word = rest.split("/")[0]
        fixed = family.is_fixed(word) or rest.split("/")[-1].startswith("moving_")
        rows.append((tower, _purpose(word, family.weight_purposes), name, shape, int(np.prod(shape)), not fixed))
    table = pd.DataFrame(rows, columns=["tower", "purpose", "weight", "shape", "parameters", "trained"])
    purposes = [*dict.fromkeys((*family.weight_purposes.values(), _OUTPUT))]
    towers = ["", *family.tower_titles.values()]
    order = np.lexsort((np.arange(len(table)), table["purpose"].map(purposes.index), table["tower"].map(towers.index)))
    return table.iloc[order].reset_index(drop=True)


def by_purpose(table: pd.DataFrame) -> pd.DataFrame:
    """Sum ``weights`` by purpose: ``tower``, ``purpose``, ``parameters``, how many are ``trained``, ``share``."""
    table = table.assign(trained=table["parameters"] * table["trained"])
    summed = table.groupby(["tower", "purpose"], sort=False)[["parameters", "trained"]].sum().reset_index()
    return summed.assign(share=summed["parameters"] / summed["parameters"].sum())


def _split(name: str, titles: Mapping[str, str]) -> tuple[str, str]:
    """Return the title of the tower that a weight is in ("" for none), and its name there."""
    tower, _, rest = name.partition("/")
    return (titles[tower], rest) if tower in titles else ("", name)


def _purpose(word: str, purposes: Mapping[str, str]) -> str:
    starts = (word, word.rsplit("_", 1)[0], word.split("_")[0])
    return next((purposes[start] for start in starts if start in purposes), _OUTPUT)
