"""Commands about a changed visitor: ``whatif`` and ``counterfactual``."""

import pandas as pd

from bst.cli.terminal import Answer, Options, bar
from bst.cli.visitor import asked, load, rank_options, rated
from bst.datasets.catalogue import Catalogue
from bst.errors import VisitorError
from bst.schema import AGES, Visitor
from bst.visitors.export import visitor_as_json
from bst.what_if import Comparison, Goal, compare, find
from bst.what_if.edits import PARTS, Add, Drop, Edit, Forget, Move, Rate, SetPart, Swap, describe, ordinal

# the options that change a visitor, in the order in which they are explained: what each takes, and what it does
CHANGES = {
    "set": ("PART=VALUE", "say who they are: sex, age or occupation; unknown is a value too"),
    "rate": ("'TITLE=STARS'", "rate a movie of the history otherwise"),
    "add": ("'TITLE=STARS'", "add a movie as the newest"),
    "drop": ("TITLE", "remove a movie"),
    "swap": ("TITLE", "let two movies change places"),
    "move": ("'TITLE=PLACE'", "move a movie to another place; 1 is the newest"),
    "forget": ("COUNT", "remove so many of the oldest movies"),
}


def what_if(options: Options) -> Answer:
    """Say what moves when something about a visitor changes."""
    wanted, ranked_by = asked(options), rank_options(options)
    if not options.changes:
        raise VisitorError("nothing is changed; name a change, such as --rate 'Alien (1979)=2' or --set sex=F")
    visitor, changed, told = wanted.visitor, wanted.visitor, []
    title = wanted.catalogue.title
    for name, *texts in options.changes:
        edit = _edit(wanted.catalogue, changed, name, texts)
        before, changed = changed, edit.apply(changed)  # which refuses what does not fit
        told.append(edit.words(before, title))
    made = compare(load(wanted, options), visitor, changed, options.k, ranked_by)
    answer = {
        "bundle": wanted.bundle.name,
        "visitor": visitor_as_json(wanted.catalogue, visitor),
        "changed": visitor_as_json(wanted.catalogue, changed),
        "edits": told,
        "sentence": made.words(title),
        "moves": _records(made.moves),
        "gains": _records(made.gains()),
        "losses": _records(made.losses()),
    }
    if made.order != "rating":
        answer |= {"next_gains": _records(made.gains("next")), "next_losses": _records(made.losses("next"))}
    return answer, lambda answer: _comparison_text(answer, made)


def _comparison_text(answer: dict, made: Comparison) -> str:
    lines = [answer["sentence"], "", "  A →   B   expected rating"]
    for row in answer["moves"]:
        ranks = (f"{row[f'rank_{side}'] or 'seen':>4}" for side in "ab")
        stars = f"{row['expected_a']:.2f} → {row['expected_b']:.2f} ★"
        lines.append(f"{' →'.join(ranks)}   {stars}  {row['title']}")
    for name, word in (("gains", "gains most"), ("losses", "loses most")):
        rows = answer[name][:1]
        lines += [f"{word}: {row['title']}, {row['a']:.2f} → {row['b']:.2f} ★" for row in rows]
    return "\n".join(lines)


def _records(frame: pd.DataFrame) -> list[dict]:
    """Return rows as JSON has them: nothing for what is missing."""
    rounded = frame.astype({name: float for name in frame.columns if frame[name].dtype == "float32"}).round(6)
    return rounded.astype(object).where(rounded.notna(), None).to_dict("records")


def _edit(catalogue: Catalogue, visitor: Visitor, name: str, texts: list[str]) -> Edit:
    """Return the edit that an option of ``CHANGES`` names, for a visitor who has it before them."""
    text = texts[0]
    match name:
        case "set":
            return _part(text)
        case "rate":
            movie_id, rating = rated(catalogue, text, "--rate")
            return Rate(_watched(catalogue, visitor, movie_id), rating)
        case "add":
            return Add(*rated(catalogue, text, "--add"))
        case "drop":
            return Drop(_watched(catalogue, visitor, catalogue.find(text)))
        case "swap":
            return Swap(*(_watched(catalogue, visitor, catalogue.find(each)) for each in texts))
        case "move":
            movie, sign, place = text.rpartition("=")
            if not sign:
                raise VisitorError(f"--move {text!r} is not of the form 'TITLE=PLACE', such as 'Alien (1979)=1'")
            movie_id = _watched(catalogue, visitor, catalogue.find(movie))
            return Move(movie_id, len(visitor.history) - _number(place, f"--move {text!r}: the place"))
        case "forget":
            return Forget(_number(text, "--forget"))


def _part(text: str) -> SetPart:
    part, sign, value = (piece.strip() for piece in text.partition("="))
    if part not in PARTS or not sign:
        raise VisitorError(f"--set {text!r} is not of the form PART=VALUE, such as sex=F; parts are {', '.join(PARTS)}")
    if value == "unknown":
        return SetPart(part, None)
    if part == "age":
        age = _number(value, f"--set {text!r}: the age group")
        if age not in AGES:
            raise VisitorError(f"--set {text!r}: age groups are told by their lowest age: {', '.join(map(str, AGES))}")
        return SetPart(part, age)
    return SetPart(part, value)


def _number(text: str, what: str) -> int:
    if not (text.isdecimal() and len(text) < 10 and int(text) > 0):
        raise VisitorError(f"{what} must be a whole number from 1 on, not {text!r}")
    return int(text)


def _watched(catalogue: Catalogue, visitor: Visitor, movie_id: int) -> int:
    if movie_id not in visitor.ratings:
        raise VisitorError(f"{catalogue.title(movie_id)} is not in the history; give it with --watched")
    return movie_id


def counterfactual(options: Options) -> Answer:
    """Find the smallest changes of a history that bring a movie where one wants it."""
    wanted = asked(options)
    movie_id = wanted.catalogue.find(options.movie)
    kind, value, above = _goal(options)
    goal = Goal(movie_id, kind, value, above, options.order, options.weight)
    for name in ("budget", "results"):
        if getattr(options, name) < 1:
            raise VisitorError(f"--{name} must be at least 1, not {getattr(options, name)}")
    recommender = load(wanted, options)
    with bar("searching", " edits", False) as shown:

        def on_progress(done: int, total: int) -> None:
            shown.total = total
            shown.update(done - shown.n)

        search = find(recommender, wanted.visitor, goal, options.budget, options.results, on_progress)
    title = wanted.catalogue.title
    answer = {
        "bundle": wanted.bundle.name,
        "visitor": visitor_as_json(wanted.catalogue, wanted.visitor),
        "movie_id": movie_id,
        "title": title(movie_id),
        "goal": {"kind": kind, "value": value, "above": above, "order": options.order},
        "expected_rating": round(search.expected, 4),
        "rank": search.rank,
        "already": search.already,
        "tried": search.tried,
        "found": [
            {
                "edits": [edit.words(wanted.visitor, title) for edit in one.edits],
                "words": describe(wanted.visitor, one.edits, title),
                "size": one.size,
                "expected_rating": round(one.expected, 4),
                "rank": one.rank,
                "changed": visitor_as_json(wanted.catalogue, one.visitor),
            }
            for one in search.found
        ],
    }
    return answer, lambda answer: _search_text(answer, _goal_words(kind, value, above))


def _goal(options: Options) -> tuple[str, float, bool]:
    """Return kind, value and direction of the one goal that was named."""
    goals = {
        "into_top": ("top", True),
        "out_of_top": ("top", False),
        "above": ("stars", True),
        "below": ("stars", False),
    }
    name = next(name for name in goals if getattr(options, name) is not None)
    kind, above = goals[name]
    return kind, getattr(options, name), above


def _goal_words(kind: str, value: float, above: bool) -> str:
    if kind == "top":
        return f"{'into' if above else 'out of'} the top {value}"
    return f"to {value:g} ★ or more" if above else f"below {value:g} ★"


def _search_text(answer: dict, goal: str) -> str:
    now = f"{answer['title']} is {ordinal(answer['rank'])} with {answer['expected_rating']:.2f} ★"
    if answer["already"]:
        return f"{now}: there is nothing to change"
    if not answer["found"]:
        return f"{now}; none of {answer['tried']:,} changes brings it {goal}"
    lines = [f"{now}; of {answer['tried']:,} changes the smallest that bring it {goal}:"]
    lines += [f"  {one['words']}: {ordinal(one['rank'])}, {one['expected_rating']:.2f} ★" for one in answer["found"]]
    return "\n".join(lines)
