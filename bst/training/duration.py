"""How long a training will take on this computer, estimated before it starts; and a training that takes about a minute.

Each family knows how long its trainings take on a reference machine. The time of a matrix product shows how fast this
one is.
"""

import time
from functools import cache

import numpy as np
from threadpoolctl import threadpool_limits

from bst.datasets.sources import DEMO_RATINGS, SOURCES, load_domain
from bst.errors import DatasetError
from bst.models.config import Task
from bst.models.registry import family_of, preset
from bst.models.timeline.config import TimelineConfig
from bst.training.run_settings import RunSettings

# what the reference machine takes for the product, in seconds, and how often it is tried: the best counts, as small a
# product on one core is disturbed by little
REFERENCE_S, MATRIX, TRIES = 3.4e-5, 128, 200
# a computer is not taken for more times as fast or as slow
MOST_TIMES = 20.0
# of every training, in seconds: starting Python and TensorFlow and reading the dataset; and measuring a thousand test
# ratings, which are this share of all
START_S, MEASURING_S, TEST_SHARE = 8.0, 0.4, 0.1
# a quick look: shares of the users, of which the largest is taken that takes no longer than this in seconds
QUICK_SHARES, QUICK_S = (0.25, 0.1, 0.05), 75.0
QUICK_TASKS: tuple[Task, ...] = ("rating",)
UNRATED_QUICK_TASKS: tuple[Task, ...] = ("next",)  # of a dataset without ratings
QUICK_EPOCHS, QUICK_FACTORS, QUICK_WARM_UP = 6, 8, 60


def known_ratings(dataset: str) -> int | None:
    """Return how many ratings a known dataset has; None for any other."""
    if dataset == "demo":
        return DEMO_RATINGS
    return SOURCES[dataset].ratings if dataset in SOURCES else None


def estimated_seconds(settings: RunSettings) -> float | None:
    """Return about how long a training takes on this computer if it has little else to do; None if it is not known."""
    ratings = known_ratings(settings.dataset)
    if ratings is None:
        return None
    training = family_of(settings.config).training_seconds(settings.config, int(ratings * settings.share))
    return (START_S + training + MEASURING_S * TEST_SHARE * ratings / 1000) * slowness()


def quick_look(dataset: str, seed: int = 0) -> RunSettings:
    """Return the settings of a training of about a minute that ends well ahead of item means: ratings alone,
    or the next movie where there are no ratings.

    Measured on the demo world: a test MAE of 0.707 after 57 s, where the item mean has 0.834.
    """
    config = preset("timeline", factors=QUICK_FACTORS, warm_up=QUICK_WARM_UP)
    assert isinstance(config, TimelineConfig)
    tasks = QUICK_TASKS if _is_rated(dataset) else UNRATED_QUICK_TASKS
    config = config.with_tasks(tasks).with_epochs(QUICK_EPOCHS)
    for share in QUICK_SHARES:
        settings = RunSettings(dataset, config, "visitor", QUICK_EPOCHS, seed, share=share)
        seconds = estimated_seconds(settings)
        if seconds is None or seconds <= QUICK_S * slowness():
            break  # of an unknown size: it may be so small that fewer users are too few
    return settings


def _is_rated(dataset: str) -> bool:
    try:
        return load_domain(dataset).rated
    except DatasetError:  # it is not here yet; those that can be downloaded have ratings
        return True


@cache
def slowness() -> float:
    """Return how many times as long this computer takes as the reference machine."""
    matrix = np.random.default_rng(0).normal(size=(MATRIX, MATRIX)).astype(np.float32)
    best = np.inf
    with threadpool_limits(1):
        for _ in range(TRIES):
            began = time.perf_counter()
            matrix @ matrix
            best = min(best, time.perf_counter() - began)
    return float(np.clip(best / REFERENCE_S, 1 / MOST_TIMES, MOST_TIMES))
