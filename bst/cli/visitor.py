"""Commands about a visitor: ``recommend``; and how the options of all of them become a visitor and a list."""

from dataclasses import replace
from typing import NamedTuple

from bst import datasets
from bst.bundles.bundle import Bundle, open_bundle
from bst.cli.import_file import import_file
from bst.cli.terminal import Answer, Options, load_tensorflow
from bst.datasets.catalogue import Catalogue
from bst.errors import VisitorError
from bst.inference.ranking import POPULARITY_BANDS, Filters, RankOptions
from bst.inference.recommender import Recommender
from bst.schema import Event, Visitor
from bst.visitors.export import as_json


class Asked(NamedTuple):
    """Whom a command is about, and the model that it asks."""

    bundle: Bundle
    catalogue: Catalogue
    visitor: Visitor


def asked(options: Options) -> Asked:
    """Return what the visitor's options say. All that can be wrong with them is told before TensorFlow is loaded."""
    bundle = open_bundle(options.bundle)
    catalogue = Catalogue(datasets.load_movies(options.dataset or bundle.dataset))
    bundle.check_movies(catalogue.movies)
    visitor = Visitor(options.sex, options.age, options.occupation)
    if not options.import_file and (options.take_unsure or options.day_first or options.month_first):
        raise VisitorError("--take-unsure, --day-first and --month-first are about a file; name it with --import")
    if options.import_file:
        dataset = str(options.dataset or bundle.dataset)
        visitor = import_file(visitor, options, catalogue, dataset, bundle.levels)
    events = tuple(Event(*rated(catalogue, text, "--watched")) for text in options.watched)
    again = {event.movie_id for event in events}  # rated anew, so that this is the newest rating
    before = tuple(event for event in visitor.history if event.movie_id not in again)
    visitor = replace(visitor, history=before + events).with_seen(*(catalogue.find(text) for text in options.seen))
    return Asked(bundle, catalogue, visitor.limited() if options.import_file else visitor)


def rank_options(options: Options) -> RankOptions:
    """Return how a list is ranked. Raises ``VisitorError``."""
    filters = Filters(tuple(options.genre), _years(options.years), popularity=POPULARITY_BANDS.get(options.fame))
    return RankOptions(filters, options.order, options.weight, options.diversity)


def load(wanted: Asked, options: Options) -> Recommender:
    """Load the model."""
    load_tensorflow()
    return Recommender.load(wanted.bundle, options.dataset)


def recommend(options: Options) -> Answer:
    """Rank the movies that a visitor has not seen."""
    wanted, ranked_by = asked(options), rank_options(options)
    rows = load(wanted, options).rank(wanted.visitor, options.k, ranked_by)
    answer = as_json(wanted.bundle.name, wanted.catalogue, wanted.visitor, rows, ranked_by)

    def text(answer: dict) -> str:
        lines = []
        for r in answer["recommendations"]:
            chance = "" if r["watch_next"] is None else f"  {r['watch_next']:6.2%} next"
            lines.append(f"{r['rank']:3}  {r['expected_rating']:.2f} ★{chance}  {r['title']}")
        return "\n".join(lines) or "no movie passes these filters"

    return answer, text


def rated(catalogue: Catalogue, text: str, option: str) -> tuple[int, float]:
    """Return the movie and stars that 'TITLE=STARS' names. Raises ``VisitorError``."""
    title, sign, stars = text.rpartition("=")
    try:
        rating = float(stars)
    except ValueError:
        rating = None
    if not sign or not title.strip() or rating is None:
        raise VisitorError(f"{option} {text!r} is not of the form 'TITLE=STARS', such as 'Alien (1979)=5'")
    return catalogue.find(title), rating


def _years(text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    low, _, high = text.partition("-")
    try:
        years = int(low), int(high or low)
    except ValueError:
        raise VisitorError(f"--years {text!r} is not of the form FROM-TO, such as 1980-1999") from None
    if years[0] > years[1]:
        raise VisitorError(f"--years {text}: the first year is after the last")
    return years
