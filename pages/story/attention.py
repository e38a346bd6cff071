"""Where the model looked: lines from the movies of the history to the movie whose rating is predicted."""

from bst.explanation.sentences import Explanation
from bst.inference.recommender import Recommender
from bst.presentation import charts
from pages.shared.widgets import chart_view
from pages.why import heads


def render(recommender: Recommender, explanation: Explanation) -> None:
    """Draw the attention, the mean of all heads."""
    if not explanation.events:
        return
    title = recommender.catalogue.title(explanation.movie_id)
    rows = heads.weights(recommender, explanation).assign(weight=lambda frame: frame[heads.MEAN])[["label", "weight"]]
    in_words = "; ".join(f"{label} {weight:.0%}" for label, weight in rows.itertuples(index=False))
    chart_view.show(
        charts.attention_links(rows, title, chart_view.text_and_background()[0]), f"Where {title} looked: {in_words}"
    )
