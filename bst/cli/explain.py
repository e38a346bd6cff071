"""The command ``explain``: what moved one prediction, what the model looked at, and how far the two agree."""

import math
from dataclasses import asdict

import numpy as np

from bst.bundles import sidecars
from bst.cli.terminal import Answer, Options
from bst.cli.visitor import asked, load
from bst.explanation.agreement import agreement, attention_verdict
from bst.explanation.gradients import integrated_gradients
from bst.explanation.leave_one_out import Change, interactions, rating_changes
from bst.explanation.sentences import Explanation, explain, part_words, sentence, signed
from bst.inference.recommender import Recommender
from bst.visitors.export import visitor_as_json

# movies whose pairs are looked at, and what the text names
MOST_PAIRED, MOST_NAMED = 5, 8


def explain_one(options: Options) -> Answer:
    """Explain one prediction.

    The answer: ``bundle``, ``visitor``, ``movie_id``, ``title``; ``expected`` stars, ``liked`` (the probability of 4
    stars or more), ``next_logit`` and ``watch_next``, the latter three None where the model has none; ``sentence`` and
    ``trust`` in plain words. ``events``, those that the model reads, oldest first: ``movie_id``, ``title``, ``rating``,
    ``effect`` on expected, liked and next_logit (the value with everything less that without the event),
    ``attention`` (mean of all heads) and ``gradient`` (integrated gradients, stars). ``attention``: ``heads``,
    ``to_events`` (a row a head), ``to_rest`` and ``rest``, what is looked at beside events. ``rating_changes``:
    ``levels``, and ``expected`` by event and level. ``demographics``: the effect of each known part. ``interactions``:
    of the events that matter most, ``movie_ids`` and ``stars`` (what a pair does beyond what each does alone).
    ``gradients``: ``baseline`` and ``rest``, in stars. ``agreement``: Spearman's rank correlations of attention and
    effect: ``mean``, ``layers`` and ``heads``.
    """
    wanted = asked(options)
    movie_id = wanted.catalogue.find(options.movie)
    recommender = load(wanted, options)
    told = explain(recommender, wanted.visitor, movie_id)
    answer = _answer(recommender, told)
    return answer, lambda answer: _text(answer, told)


def _answer(recommender: Recommender, told: Explanation) -> dict:
    title, visitor, movie_id = recommender.catalogue.title, told.visitor, told.movie_id
    event_effects, looks = told.influence.event_effects, told.attention.looks
    gradients = integrated_gradients(recommender, visitor, movie_id)
    agreed = agreement(told.attention, event_effects.expected)
    among = np.argsort(-np.abs(event_effects.expected), kind="stable")[:MOST_PAIRED].tolist()
    pairs = interactions(recommender, visitor, movie_id, among) if len(among) > 1 else np.zeros((len(among),) * 2)
    return {
        "bundle": recommender.bundle.name,
        "visitor": visitor_as_json(recommender.catalogue, visitor),
        "movie_id": movie_id,
        "title": title(movie_id),
        "expected": _round(told.influence.expected),
        "liked": _round(told.influence.liked),
        "next_logit": _round(told.influence.next_logit),
        "watch_next": _round(told.chance, 6),
        "sentence": sentence(told, "expected", title),
        "trust": attention_verdict(agreed, sidecars.read(recommender.bundle, "insights")),
        "events": [
            {
                "movie_id": event.movie_id,
                "title": title(event.movie_id),
                "rating": event.rating,
                "effect": {
                    name: None if values is None else _round(values[place])
                    for name, values in (
                        ("expected", event_effects.expected),
                        ("liked", event_effects.liked),
                        ("next_logit", event_effects.next_logit),
                    )
                },
                "attention": _round(looks.to_events[:, place].mean()),
                "gradient": _round(gradients.event_effects[place]),
            }
            for place, event in enumerate(told.events)
        ],
        "attention": {
            "heads": list(looks.heads),
            "to_events": _rows(looks.to_events),
            "to_rest": [_round(weight) for weight in looks.to_rest],
            "rest": looks.rest,
        },
        "rating_changes": {
            "levels": list(recommender.bundle.levels),
            "expected": _rows(rating_changes(recommender, visitor, movie_id)),
        },
        "demographics": {part: _change(change) for part, change in told.parts.items()},
        "interactions": {"movie_ids": [told.events[place].movie_id for place in among], "stars": _rows(pairs)},
        "gradients": {"baseline": _round(gradients.baseline), "rest": _round(gradients.rest)},
        "agreement": {
            "mean": _round(agreed.mean),
            "layers": {name: _round(value) for name, value in zip(agreed.layer_names, agreed.layers, strict=True)},
            "heads": {name: _round(value) for name, value in zip(agreed.names, agreed.heads, strict=True)},
        },
    }


def _change(change: Change) -> dict[str, float | None]:
    return {name: _round(value) for name, value in asdict(change).items()}


def _rows(table: np.ndarray) -> list[list[float | None]]:
    return [[_round(value) for value in row] for row in table]


def _round(value: float | None, digits: int = 4) -> float | None:
    return None if value is None or not math.isfinite(value) else round(float(value), digits)


def _text(answer: dict, told: Explanation) -> str:
    """Return the sentence, then what moves the rating most beside what was looked at, then how far the two agree."""
    lines = [answer["sentence"], ""]
    events = sorted(answer["events"], key=lambda event: -abs(event["effect"]["expected"]))
    shown = events[:MOST_NAMED]
    if shown or answer["demographics"]:
        lines.append("   effect   looked at  gradients")
    for event in shown:
        lines.append(_line(event["effect"]["expected"], f"{event['title']}, rated {event['rating']:g} ★", event))
    if rest := events[MOST_NAMED:]:
        added = {name: sum(event[name] for event in rest) for name in ("attention", "gradient")}
        effect = sum(event["effect"]["expected"] for event in rest)
        lines.append(_line(effect, f"{len(rest)} other {'movie' if len(rest) == 1 else 'movies'}, added up", added))
    for part, change in answer["demographics"].items():
        lines.append(_line(change["expected"], part_words(part, getattr(told.visitor, part))))
    if answer["events"]:
        rest = {"attention": np.mean(answer["attention"]["to_rest"]), "gradient": answer["gradients"]["rest"]}
        lines += [_line(None, answer["attention"]["rest"], rest), "", answer["trust"]]
    return "\n".join(lines).rstrip()


def _line(effect: float | None, words: str, more: dict | None = None) -> str:
    looked, gradient = (f"{more['attention']:.1%}", signed("expected", more["gradient"])) if more else ("", "")
    return f"{'' if effect is None else signed('expected', effect):>9}  {looked:>9}  {gradient:>9}  {words}"
