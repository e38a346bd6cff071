"""What each kind of model makes of one visitor, behind one interface: the inner side of the recommender's door.

A scorer has ``horizon``, ``orders``, ``predict``, ``predict_many``, ``attend``, and what explanations ask: ``answer``,
``without_each`` and ``attribute``. Only here is a visitor turned into a model's inputs.
"""

from bst.bundle import Bundle
from bst.models.config import TimelineConfig
from bst.scoring.classic import ClassicScorer
from bst.scoring.results import Answers, Attributed, Between, Looks, Predictions
from bst.scoring.scorer import RowsOf, Scorer, passes
from bst.scoring.timeline import TimelineScorer
from bst.scoring.watched import Watched, together, watched

__all__ = [
    "Answers",
    "Attributed",
    "Between",
    "ClassicScorer",
    "Looks",
    "Predictions",
    "RowsOf",
    "Scorer",
    "TimelineScorer",
    "Watched",
    "make_scorer",
    "passes",
    "together",
    "watched",
]


def make_scorer(bundle: Bundle, model, rows_of: RowsOf) -> Scorer:
    """Return the scorer of a bundle's model. ``rows_of``: ``Catalogue.rows`` of its movies."""
    if isinstance(bundle.config, TimelineConfig):
        return TimelineScorer(bundle, model, rows_of)
    return ClassicScorer(bundle, model)
