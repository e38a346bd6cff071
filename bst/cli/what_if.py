"""Commands about a changed visitor: ``whatif`` and ``counterfactual``."""

import argparse
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Literal

import pandas as pd

from bst.cli.commands import Commands
from bst.cli.options import add_list_options, add_order_options, add_visitor_options
from bst.cli.terminal import Answer, Options, progress_bar
from bst.cli.visitor import order_of, rank_options, read_rating, read_request, split_pair
from bst.datasets.catalogue import Catalogue
from bst.domain import AGES, DEMOGRAPHICS, MOVIES, UNKNOWN, Domain
from bst.errors import VisitorError
from bst.schema import Visitor
from bst.text import ordinal, quoted
from bst.visitors.export import visitor_as_json
from bst.what_if import Counterfactual, Goal, compare, find_counterfactuals
from bst.what_if.edits import Add, Drop, Edit, Forget, Move, Rate, SetDemographic, Swap, describe_edits
from bst.wording import Title, reword, reword_around

# the options that change a visitor, in the order in which they are listed: what each takes, and what it does
CHANGES = {
    "set": ("NAME=VALUE", "set sex, age or occupation, or what else is known; unknown is a value too"),
    "rate": ("'TITLE=STARS'", "change the rating of a movie in the history"),
    "add": ("'TITLE=STARS'", "add a movie as the newest"),
    "drop": ("TITLE", "remove a movie"),
    "swap": ("TITLE", "swap the positions of two movies"),
    "move": ("'TITLE=POSITION'", "move a movie to another position; 1 is the newest"),
    "forget": ("COUNT", "remove the COUNT oldest movies"),
}
MOST_DIGITS = 9
EXAMPLE_CHANGES = ("--add TITLE or --drop TITLE", "--rate 'Alien (1979)=2' or --set sex=F")


def what_if(options: Options) -> Answer:
    """Show what moves when something about a visitor changes."""
    request = read_request(options)
    ranked_by = rank_options(options, request.bundle)
    if not options.changes:
        example = EXAMPLE_CHANGES[request.bundle.domain == MOVIES]
        raise VisitorError(f"nothing is changed; name a change, such as {example}")
    changed, descriptions = request.visitor, []
    title, domain = request.catalogue.title, request.bundle.domain
    for name, *texts in options.changes:
        edit = _edit(request.catalogue, request.bundle.levels, changed, name, texts)
        before, changed = changed, edit.apply(changed)  # raises for an edit that does not fit
        descriptions.append(_reworded(partial(edit.describe, before), title, domain))
    recommender = request.load_recommender()
    comparison = compare(recommender, request.visitor, changed, options.k, ranked_by)
    answer = {
        "bundle": request.bundle.name,
        "visitor": visitor_as_json(request.catalogue, request.visitor),
        "changed": visitor_as_json(request.catalogue, changed),
        "edits": descriptions,
        "sentence": reword_around(comparison.describe, title, domain),
        "moves": _records(comparison.moves),
        "gains": _records(comparison.gains()),
        "losses": _records(comparison.losses()),
    }
    if "like" in recommender.orders:
        answer |= {"like_gains": _records(comparison.gains("like")), "like_losses": _records(comparison.losses("like"))}
    if comparison.order != "rating":
        answer |= {"next_gains": _records(comparison.gains("next")), "next_losses": _records(comparison.losses("next"))}
    return answer, partial(_comparison_text, domain=domain)


def _comparison_text(answer: dict, domain: Domain) -> str:
    likes = "like_gains" in answer
    columns = ["expected rating"] * domain.rated + [reword("watched and liked", domain)] * likes
    lines = [answer["sentence"], "", "  ".join(["  A →   B ", *columns])]
    for row in answer["moves"]:
        ranks = (f"{row[f'rank_{side}'] or 'seen':>4}" for side in "ab")
        stars = f"{row['expected_a']:.2f} → {row['expected_b']:.2f} ★" if domain.rated else ""
        liked = f"    {row['like_a']:5.1%} → {row['like_b']:5.1%}" if likes else ""
        lines.append(f"{' →'.join(ranks)}   {stars}{liked}  {row['title']}")
    for name, label in (("gains", "gains most"), ("losses", "loses most")) if domain.rated else ():
        rows = answer[name][:1]
        lines += [f"{label}: {row['title']}, {row['a']:.2f} → {row['b']:.2f} ★" for row in rows]
    return "\n".join(lines)


def _records(frame: pd.DataFrame) -> list[dict]:
    """Return rows for JSON: None for missing values."""
    rounded = frame.astype({name: float for name in frame.columns if frame[name].dtype == "float32"}).round(6)
    return rounded.astype(object).where(rounded.notna(), None).to_dict("records")


def _reworded(describe: Callable[..., str], title: Title, domain: Domain) -> str:
    """Return what an edit's ``describe`` returns, in the words of the dataset."""
    return reword_around(lambda name: describe(name, domain=domain), title, domain)


# ---- edits


def _edit(catalogue: Catalogue, levels: Sequence[float], visitor: Visitor, name: str, texts: list[str]) -> Edit:
    """Return the edit that an option of ``CHANGES`` names; ``visitor``: the visitor before it."""
    text = texts[0]
    match name:
        case "set":
            return _set_demographic(text, catalogue.domain)
        case "rate" if not catalogue.domain.rated:
            raise VisitorError("this dataset has no ratings; name another change, such as --add or --drop")
        case "rate":
            movie_id, rating = read_rating(catalogue, text, "--rate", levels)
            return Rate(_in_history(catalogue, visitor, movie_id), rating)
        case "add":
            return Add(*read_rating(catalogue, text, "--add", levels))
        case "drop":
            return Drop(_in_history(catalogue, visitor, catalogue.find(text)))
        case "swap":
            first, second = (_in_history(catalogue, visitor, catalogue.find(each)) for each in texts)
            return Swap(first, second)
        case "move":
            movie, sign, position = text.rpartition("=")
            if not sign:
                raise VisitorError(
                    f"--move {quoted(text)} is not of the form 'TITLE=POSITION', such as 'Alien (1979)=1'"
                )
            movie_id = _in_history(catalogue, visitor, catalogue.find(movie))
            return Move(movie_id, len(visitor.history) - _number(position, f"--move {quoted(text)}: the position"))
        case "forget":
            return Forget(_number(text, "--forget"))
    raise ValueError(f"no change {quoted(name)}")


def _set_demographic(text: str, domain: Domain) -> SetDemographic:
    name, value = split_pair(text, "--set", domain)
    if value == UNKNOWN:
        return SetDemographic(name, None)
    if domain.demographics[name] == DEMOGRAPHICS["age"]:
        age = _number(value, f"--set {quoted(text)}: the age group")
        if age not in AGES:
            raise VisitorError(
                f"--set {quoted(text)}: age groups are named by their lowest age: {', '.join(map(str, AGES))}"
            )
        return SetDemographic(name, age)
    return SetDemographic(name, domain.demographic(name).read(value))


def _number(text: str, subject: str) -> int:
    if not (text.isdecimal() and len(text) <= MOST_DIGITS and int(text) > 0):
        raise VisitorError(f"{subject} must be a whole number from 1 on, not {quoted(text)}")
    return int(text)


def _in_history(catalogue: Catalogue, visitor: Visitor, movie_id: int) -> int:
    if movie_id not in visitor.ratings:
        raise VisitorError(f"{catalogue.title(movie_id)} is not in the history; give it with --watched")
    return movie_id


# ---- the smallest change


def counterfactual(options: Options) -> Answer:
    """Find the smallest changes of a history that bring a movie where one wants it."""
    request = read_request(options)
    catalogue, visitor, title = request.catalogue, request.visitor, request.catalogue.title
    domain = request.bundle.domain
    movie_id = catalogue.find(options.movie)
    kind, value, above = _goal(options)
    if kind == "stars" and not domain.rated:
        raise VisitorError("this dataset has no ratings; name a goal with --into-top or --out-of-top")
    # a goal in stars is about no list
    order = order_of(options, request.bundle) if kind == "top" else options.order or "rating"
    goal = Goal(movie_id, kind, value, above, order, options.weight, options.popularity_weight)
    for name in ("budget", "results"):
        if getattr(options, name) < 1:
            raise VisitorError(f"--{name} must be at least 1, not {getattr(options, name)}")
    recommender = request.load_recommender()
    with progress_bar("searching", " edits") as bar:

        def on_progress(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        result = find_counterfactuals(recommender, visitor, goal, options.budget, options.results, on_progress)

    def plain(found: Counterfactual) -> dict[str, Any]:
        return {
            "edits": [_reworded(partial(edit.describe, visitor), title, domain) for edit in found.edits],
            "words": reword_around(
                lambda name: describe_edits(visitor, found.edits, name, domain=domain), title, domain
            ),
            "size": found.size,
            "expected_rating": round(found.expected, 4),
            "rank": found.rank,
            "changed": visitor_as_json(catalogue, found.visitor),
        }

    answer = {
        "bundle": request.bundle.name,
        "visitor": visitor_as_json(catalogue, visitor),
        "movie_id": movie_id,
        "title": title(movie_id),
        "goal": {
            "kind": kind,
            "value": value,
            "above": above,
            "order": order,
            "popularity_weight": options.popularity_weight,
        },
        "expected_rating": round(result.expected, 4),
        "rank": result.rank,
        "already": result.already_reached,
        "tried": result.tried,
        "found": [plain(found) for found in result.counterfactuals],
    }
    return answer, partial(_search_text, domain=domain)


def _goal(options: Options) -> tuple[Literal["top", "stars"], float, bool]:
    """Return kind, value and direction of the one goal that was named."""
    goals: dict[str, tuple[Literal["top", "stars"], bool]] = {
        "into_top": ("top", True),
        "out_of_top": ("top", False),
        "above": ("stars", True),
        "below": ("stars", False),
    }
    name = next(name for name in goals if getattr(options, name) is not None)
    kind, above = goals[name]
    return kind, getattr(options, name), above


def _goal_text(kind: str, value: float, above: bool) -> str:
    if kind == "top":
        return f"{'into' if above else 'out of'} the top {value}"
    return f"to {value:g} ★ or more" if above else f"below {value:g} ★"


def _search_text(answer: dict, domain: Domain) -> str:
    goal = _goal_text(*(answer["goal"][name] for name in ("kind", "value", "above")))
    stars = " with {:.2f} ★" if domain.rated else ""
    current = f"{answer['title']} is {ordinal(answer['rank'])}{stars.format(answer['expected_rating'])}"
    if answer["already"]:
        return f"{current}: there is nothing to change"
    if not answer["found"]:
        return f"{current}; none of {answer['tried']:,} changes brings it {goal}"
    lines = [f"{current}; of {answer['tried']:,} changes the smallest that bring it {goal}:"]
    lines += [
        f"  {found['words']}: {ordinal(found['rank'])}{stars.format(found['expected_rating'])}"
        for found in answer["found"]
    ]
    return "\n".join(lines)


# ---- options


def add_whatif(commands: Commands) -> None:
    """Add the command ``whatif``."""
    parser = commands.add(
        "whatif",
        what_if,
        "change something about a visitor and see what moves",
        "whatif --watched 'Alien (1979)=5' --watched 'M=4' --rate 'Alien=2' --set sex=F",
    )
    add_visitor_options(parser)
    changes = parser.add_argument_group("changes", "applied one after another, in the order in which they are given")
    for name, (metavar, summary) in CHANGES.items():
        changes.add_argument(
            f"--{name}",
            action=_AppendChange,
            dest="changes",
            default=[],
            metavar=metavar,
            help=summary,
            nargs=1 + (name == "swap"),
        )
    add_list_options(parser)


def add_counterfactual(commands: Commands) -> None:
    """Add the command ``counterfactual``."""
    parser = commands.add(
        "counterfactual",
        counterfactual,
        "find the smallest change of a history that brings a movie where you want it",
        "counterfactual --watched 'Alien (1979)=5' --movie 'Brazil' --into-top 10",
    )
    add_visitor_options(parser)
    parser.add_argument("--movie", required=True, metavar="TITLE", help="the movie to move, by title or id")
    goals = parser.add_mutually_exclusive_group(required=True)
    goals.add_argument("--into-top", type=int, metavar="RANKS", help="into the top RANKS of the list")
    goals.add_argument("--out-of-top", type=int, metavar="RANKS", help="out of the top RANKS of the list")
    goals.add_argument("--above", type=float, metavar="STARS", help="to an expected rating of STARS or more")
    goals.add_argument("--below", type=float, metavar="STARS", help="to an expected rating below STARS")
    add_order_options(parser)
    parser.add_argument("--budget", type=int, default=2000, help="how many changes to try at most (2000)")
    parser.add_argument("--results", type=int, default=5, help="how many to list (5)")


class _AppendChange(argparse.Action):
    """Collects the changes of all options in one list, as their order matters."""

    def __call__(
        self, parser: argparse.ArgumentParser, namespace: Options, values: Any, option_string: str | None = None
    ) -> None:
        change = [self.option_strings[0].removeprefix("--"), *values]
        setattr(namespace, self.dest, [*getattr(namespace, self.dest), change])
