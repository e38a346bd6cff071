"""The kinds of models there are."""

from importlib import import_module

from bst.bundles.bundle import Bundle
from bst.models.config import Config, TimelineConfig
from bst.scoring.scorer import RowsOf, Scorer


def kind(config: Config):
    """Return the module that trains and measures models of a configuration."""
    return import_module(f"bst.models.{'timeline' if isinstance(config, TimelineConfig) else 'classic'}.trainer")


def make_scorer(bundle: Bundle, model, rows_of: RowsOf) -> Scorer:
    """Return the scorer of a bundle's model. ``rows_of``: ``Catalogue.rows`` of its movies."""
    if isinstance(bundle.config, TimelineConfig):
        from bst.models.timeline.scorer import TimelineScorer

        return TimelineScorer(bundle, model, rows_of)
    from bst.models.classic.scorer import ClassicScorer

    return ClassicScorer(bundle, model)
