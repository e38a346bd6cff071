"""Protocol ``last-timed``: the next movie of models trained under ``last``, where the time of the request is known."""

import numpy as np

from bst.bundles.bundle import Bundle
from bst.errors import ConfigError
from bst.evaluation.records import Interval
from bst.metrics import Bootstrap, hit_rate, interval, ndcg
from bst.models.registry import family_of
from bst.timelines.splits import EvaluationSplit

PROTOCOL, TRAINED_UNDER = "last-timed", "last"
PROTOCOL_MEANING = (
    "as “last”, and the model knows the time of the request, as a website does: how long after the latest "
    "rating, and in which month"
)
K = 10


def check(bundle: Bundle) -> None:
    """Raise ``ConfigError`` for a bundle that cannot be measured so."""
    if bundle.protocol != TRAINED_UNDER:
        raise ConfigError(
            f"bundle {bundle.name} was trained under protocol {bundle.protocol}; {PROTOCOL} measures models trained "
            f"under {TRAINED_UNDER}. Train one: python -m bst train --protocol {TRAINED_UNDER}"
        )
    if not bundle.config.reads_requests:
        raise ConfigError(
            f"bundle {bundle.name} cannot read the time of the request: it has no next tower, or was trained "
            "by an earlier version. Train it anew: python -m bst train --overwrite"
        )


def measure(bundle: Bundle, split: EvaluationSplit) -> dict[str, Interval]:
    """Return ``ndcg@10`` and ``hr@10`` of each test user's last movie, with 95% intervals (users resampled).

    ``split``: the bundle's own (``measure.own_split``). Raises ``ConfigError`` as ``check`` does.
    """
    check(bundle)
    ranks = family_of(bundle.config).predict_test(bundle.load_model(split.dataset.movies), split).timed_ranks
    assert ranks is not None
    bootstrap = Bootstrap(np.arange(len(ranks)))
    gains = np.where(ranks <= K, 1 / np.log2(ranks + 1), 0)
    return {
        f"ndcg@{K}": Interval(ndcg(ranks, K), *interval(bootstrap.means(gains))),
        f"hr@{K}": Interval(hit_rate(ranks, K), *interval(bootstrap.means(ranks <= K))),
    }
