"""The command ``explain``: what moved one prediction, what the model attended to, and how far the two agree."""

import numpy as np

from bst.cli.terminal import Answer, Options
from bst.cli.visitor import read_request
from bst.explanation.answer import explanation_as_json
from bst.explanation.sentences import Explanation, demographic_clause, explain, signed

# events that the text names
MOST_NAMED = 8


def explain_one(options: Options) -> Answer:
    """Explain one prediction: see ``explanation_as_json``."""
    request = read_request(options)
    movie_id = request.catalogue.find(options.movie)
    recommender = request.load_recommender()
    explanation = explain(recommender, request.visitor, movie_id)
    return explanation_as_json(recommender, explanation), lambda answer: _text(answer, explanation)


def _text(answer: dict, explanation: Explanation) -> str:
    """Return the sentence, then a table of effects beside attention and gradients, then how far these agree."""
    lines = [answer["sentence"], ""]
    events = sorted(answer["events"], key=lambda event: -abs(event["effect"]["expected"]))
    shown, others = events[:MOST_NAMED], events[MOST_NAMED:]
    if shown or answer["demographics"]:
        lines.append("   effect  attention  gradients")
    for event in shown:
        label = f"{event['title']}, rated {event['rating']:g} ★"
        lines.append(_line(event["effect"]["expected"], label, event["attention"], event["gradient"]))
    if others:
        effect = sum(event["effect"]["expected"] for event in others)
        attention, gradient = (sum(event[name] for event in others) for name in ("attention", "gradient"))
        label = f"{len(others)} other {'movie' if len(others) == 1 else 'movies'} in total"
        lines.append(_line(effect, label, attention, gradient))
    for name, value in explanation.visitor.demographics.items():
        lines.append(_line(answer["demographics"][name]["expected"], demographic_clause(name, value)))
    if answer["events"]:
        attention = float(np.mean(answer["attention"]["to_rest"]))
        lines.append(_line(None, answer["attention"]["rest"], attention, answer["gradients"]["rest"]))
        lines += ["", answer["trust"]]
    return "\n".join(lines).rstrip()


def _line(effect: float | None, label: str, attention: float | None = None, gradient: float | None = None) -> str:
    cells = (
        "" if effect is None else signed("expected", effect),
        "" if attention is None else f"{attention:.1%}",
        "" if gradient is None else signed("expected", gradient),
    )
    return f"{cells[0]:>9}  {cells[1]:>9}  {cells[2]:>9}  {label}"
