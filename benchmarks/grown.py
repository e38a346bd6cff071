"""A trained bundle grown to a large catalogue, with a dataset of made-up items on disk: what large catalogues are
measured on.

Each further item has the weights of an item of the bundle, with noise of half of their standard deviation, and few
ratings. Titles, years and ratings are made up.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np

NOISE = 0.5
# tables with a row, or a column, for each movie
ROW_TABLES = ("movie/embeddings", "output", "bias", "factors", "factor_base", "popularity", "facts", "mean_rating")
COLUMN_TABLES = ("fame",)
FIXED = ("facts", "mean_rating", "factor_base")  # copied without noise
GENRES = ("Action", "Comedy", "Drama", "Horror", "Romance", "Sci-Fi", "Thriller", "War")
WORDS = ("Amber", "Birch", "Cedar", "Delta", "Ember", "Fjord", "Grove", "Haven", "Inlet", "Juniper", "Karst", "Lagoon")
FEW = 30  # ratings of a further item


def grow(weights: dict[str, np.ndarray], movies: int, size: int, seed: int = 0) -> dict[str, np.ndarray]:
    """Return the weights of a model of ``size`` movies, given those of one of ``movies``."""
    rng = np.random.default_rng(seed)
    source = np.concatenate([np.arange(movies), rng.integers(0, movies, size - movies)])
    grown = dict(weights)
    for path, values in weights.items():
        name = path.split("/", 1)[1]
        if name in COLUMN_TABLES:
            grown[path] = values[:, source]
        elif name in ROW_TABLES:
            grown[path] = values[source]
            if name not in FIXED:
                noise = rng.standard_normal(grown[path].shape, np.float32) * np.float32(NOISE) * values.std(axis=0)
                noise[:movies] = 0
                grown[path] += noise
    return grown


def write_dataset(folder: Path, items: int, users: int = 500, events: int = 40, seed: int = 0) -> Path:
    """Write a dataset of made-up items in the format of MovieLens 1M; popular items have most ratings."""
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    first, second = rng.integers(0, len(WORDS), (2, items))
    years, genres = rng.integers(1930, 2001, items), rng.integers(0, len(GENRES), (2, items))
    with (folder / "movies.dat").open("w") as file:
        for i in range(items):
            title = f"{WORDS[first[i]]} {WORDS[second[i]]} {i + 1} ({years[i]})"
            file.write(f"{i + 1}::{title}::{'|'.join(sorted({GENRES[genres[0, i]], GENRES[genres[1, i]]}))}\n")
    with (folder / "users.dat").open("w") as file:
        file.writelines(f"{u + 1}::{'FM'[u % 2]}::25::{u % 21}::00000\n" for u in range(users))
    with (folder / "ratings.dat").open("w") as file:
        for u in range(users):
            # by a power law, each once
            chosen = np.unique((items * rng.random(events * 2) ** 3).astype(int))
            for at, item in enumerate(rng.permutation(chosen)[:events]):
                file.write(f"{u + 1}::{item + 1}::{rng.integers(1, 6)}::{1_000_000_000 + 86_400 * at}\n")
    return folder


def write_bundle(target: Path, bundle: str, dataset: Path) -> Path:
    """Write a bundle grown from another one to the catalogue of the dataset in a folder."""
    from bst.bundles.bundle import fingerprint, open_bundle
    from bst.bundles.header import FORMAT
    from bst.bundles.storage import checksums
    from bst.datasets import load_movies
    from bst.models.registry import family_of

    opened = open_bundle(bundle)
    small, movies = load_movies(opened.dataset), load_movies(dataset)
    stored = family_of(opened.config).dataset_weight_paths(opened.config)
    weights = {path: values for path, values in opened.load_weights(small).items() if path not in stored}
    grown = grow(weights, len(small), len(movies))
    target.mkdir(parents=True)
    np.savez(target / "weights.npz", **grown)
    for name in ("history.csv", "metrics.json", "README.md"):
        (target / name).write_bytes((opened.folder / name).read_bytes())
    header: dict[str, Any] = json.loads((opened.folder / "bundle.json").read_text())
    header |= {
        "format": FORMAT,
        "title": f"Grown to {len(movies):,} items",
        "dataset": dataset.name,
        "dataset_title": "Made-up items",
        "simulated": True,
        "movies_fingerprint": fingerprint(movies),
        "sizes": header["sizes"] | {"movies": len(movies)},
        "sha256": checksums(target),
    }
    (target / "bundle.json").write_text(json.dumps(header, indent=2) + "\n")
    counts = np.full(len(movies), FEW)
    counts[: len(small)] = json.loads((opened.folder / "rating_counts.json").read_text())["rating_counts"]["counts"]
    sidecar = {"weights": header["sha256"]["weights.npz"], "rating_counts": {"counts": counts.tolist()}}
    (target / "rating_counts.json").write_text(json.dumps(sidecar))
    return target
