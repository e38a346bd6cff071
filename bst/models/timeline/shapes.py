"""The shapes of a timeline BST's weights, known without TensorFlow: what a bundle must hold."""

from bst.baselines.drift import Drift
from bst.models.config import Sizes, Task
from bst.models.timeline.config import TimelineConfig, TowerConfig
from bst.models.timeline.definition import (
    CALIBRATION,
    CONTENT_EXPANSION,
    HEAD_NUMBERS,
    HIDDEN_UNITS,
    QUERY_EXPANSION,
    bucket_count,
    item_feature_count,
)
from bst.timelines.segments import GAPS, MONTHS

Shapes = dict[str, tuple[int, ...]]


def weight_shapes(config: TimelineConfig, sizes: Sizes, levels: int) -> Shapes:
    """Return the shape of each weight of ``TimelineBST`` by its path; ``levels``: how many different ratings there are.

    A test holds it against the Keras model.
    """
    shapes: Shapes = {}
    for name, tower in config.towers.items():
        own = _tower(tower, sizes, levels) | _special(config, name, tower, sizes, levels)
        shapes |= {f"{name}/{path}": shape for path, shape in own.items()}
    return shapes


def _tower(tower: TowerConfig, sizes: Sizes, levels: int) -> Shapes:
    """Return what all towers have: ``Tower``."""
    width, movies, features = tower.width, sizes.movies, item_feature_count(sizes)
    return {
        "movie/embeddings": (movies, width),
        "facts_to_movie/kernel": (features, width),
        "level/embeddings": (levels, width),
        "gap/embeddings": (GAPS, width),
        "surprise/kernel": (1, width),
        **{f"{name}/embeddings": (size, width) for name, size in sizes.demographics.items()},
        "norm/scale": (width,),
        "visitor_token": (width,),
        "facts": (movies, features),
        "mean_rating": (movies,),
        "stars": (levels,),
    }


def _special(config: TimelineConfig, name: Task, tower: TowerConfig, sizes: Sizes, levels: int) -> Shapes:
    """Return what only this tower has."""
    width, movies, buckets = tower.width, sizes.movies, bucket_count(config.train_length)
    content = [(f"content_{i}", CONTENT_EXPANSION) for i in range(tower.layers)]
    if name == "rating":
        query = [(f"query_{i}", QUERY_EXPANSION) for i in range(tower.layers)]
        return {
            **_blocks([*query, *content[:-1]], tower, buckets),
            **{f"content_norm_{i}/scale": (width,) for i in range(tower.layers)},
            "hidden/kernel": (2 * width + len(HEAD_NUMBERS), HIDDEN_UNITS),
            "hidden/bias": (HIDDEN_UNITS,),
            "logits/kernel": (HIDDEN_UNITS, levels),
            "logits/bias": (levels,),
            "query_token": (width,),
            "bias": (movies,),
            "factors": (movies, config.factors),
            "factor_base": (movies,),
            "factor_prior": (config.factors + 1,),
            "prior_mean": (config.factors + 1,),
            **{f"prior_of_{name}": (size, config.factors + 1) for name, size in sizes.demographics.items()},
            "drift": (len(Drift._fields),),
        }
    common = {**_blocks(content, tower, buckets), "popularity": (movies,)}
    if name == "next":
        request = {"request_gap/embeddings": (GAPS, width), "request_month/embeddings": (MONTHS, width)}
        return {**common, "month/embeddings": (MONTHS, width), **(request if config.reads_requests else {})}
    return {**common, "output": (movies, width), "fame": (buckets, movies), "calibration": (len(CALIBRATION),)}


def _blocks(blocks: list[tuple[str, int]], tower: TowerConfig, buckets: int) -> Shapes:
    """Return the weights of blocks, given by name and how much wider their feed-forward layer is: ``Block``."""
    width = tower.width
    shapes: Shapes = {}
    for name, expansion in blocks:
        shapes |= {f"{name}/attention/{part}/kernel": (width, width) for part in ("query", "key", "value", "out")}
        shapes |= {f"{name}/attention/distance": (tower.heads, buckets)}
        shapes |= {f"{name}/{norm}/scale": (width,) for norm in ("norm_1", "norm_2")}
        wide = expansion * width
        shapes |= {f"{name}/widen/kernel": (width, wide), f"{name}/widen/bias": (wide,)}
        shapes |= {f"{name}/narrow/kernel": (wide, width), f"{name}/narrow/bias": (width,)}
    return shapes
