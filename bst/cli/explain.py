"""The command ``explain``: what moved one prediction, what the model attended to, and how far the two agree."""

from functools import partial

import numpy as np

from bst.cli.commands import Commands
from bst.cli.options import add_visitor_options
from bst.cli.terminal import Answer, Options
from bst.cli.visitor import read_request
from bst.explanation.answer import explanation_as_json
from bst.explanation.measures import Measure
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
    lines, measure, domain = [answer["sentence"], ""], explanation.measures[0], explanation.domain
    line = partial(_line, measure)
    events = sorted(answer["events"], key=lambda event: -abs(event["effect"][measure]))
    shown, others = events[:MOST_NAMED], events[MOST_NAMED:]
    if shown or answer["demographics"]:
        lines.append("   effect  attention  gradients")
    for event in shown:
        label = event["title"] + (f", rated {event['rating']:g} ★" if domain.rated else "")
        lines.append(line(event["effect"][measure], label, event["attention"], event["gradient"]))
    if others:
        effect = sum(event["effect"][measure] for event in others)
        attention, gradient = (sum(event[name] for event in others) for name in ("attention", "gradient"))
        label = f"{len(others)} other {domain.item if len(others) == 1 else domain.items} in total"
        lines.append(line(effect, label, attention, gradient))
    for name, value in domain.known(explanation.visitor.demographics).items():
        lines.append(line(answer["demographics"][name][measure], demographic_clause(name, value, domain)))
    if answer["events"]:
        attention = float(np.mean(answer["attention"]["to_rest"]))
        lines.append(line(None, answer["attention"]["rest"], attention, answer["gradients"]["rest"]))
        lines += ["", answer["trust"]]
    return "\n".join(lines).rstrip()


def _line(
    measure: Measure, effect: float | None, label: str, attention: float | None = None, gradient: float | None = None
) -> str:
    cells = (
        "" if effect is None else signed(measure, effect),
        "" if attention is None else f"{attention:.1%}",
        "" if gradient is None else signed(measure, gradient),
    )
    return f"{cells[0]:>9}  {cells[1]:>9}  {cells[2]:>9}  {label}"


# ---- options


def add_explain(commands: Commands) -> None:
    """Add the command ``explain``."""
    parser = commands.add(
        "explain",
        explain_one,
        "explain one prediction: movies left out, other ratings, attention, gradients, and whether they agree",
        "explain --watched 'Alien (1979)=5' --watched 'Casablanca=3' --movie 'Aliens'",
    )
    add_visitor_options(parser)
    parser.add_argument("--movie", required=True, metavar="TITLE", help="the movie to explain, by title or id")
