"""The command ``recommend``, and how the options of all commands about a visitor become a visitor and a list."""

from dataclasses import dataclass, replace

from bst import datasets
from bst.bundles.bundle import Bundle, open_bundle
from bst.cli.import_file import import_file
from bst.cli.terminal import Answer, Options, load_tensorflow, say
from bst.datasets.catalogue import Catalogue
from bst.errors import VisitorError
from bst.inference import engines
from bst.inference.ranking import POPULARITY_BANDS, Filters, Order, RankOptions, orders_of
from bst.inference.recommender import Recommender
from bst.schema import Event, Visitor
from bst.text import quoted
from bst.visitors.export import as_json


@dataclass(frozen=True)
class VisitorRequest:
    """The visitor of a command, and the model that it asks. ``dataset``: where the bundle's own name does not lead."""

    bundle: Bundle
    catalogue: Catalogue
    visitor: Visitor
    dataset: str | None

    def load_recommender(self) -> Recommender:
        """Load the model."""
        if engines.chosen() == "keras":
            load_tensorflow()
        return Recommender.load(self.bundle, self.dataset)


def read_request(options: Options) -> VisitorRequest:
    """Return what the visitor's options mean. Whatever is wrong with them is raised before the model is loaded."""
    bundle = open_bundle(options.bundle)
    dataset = options.dataset or bundle.dataset
    catalogue = Catalogue(datasets.load_movies(dataset))
    bundle.check_movies(catalogue.movies)
    visitor = Visitor(options.sex, options.age, options.occupation)
    if not options.import_file and (options.take_unsure or options.day_first or options.month_first):
        raise VisitorError("--take-unsure, --day-first and --month-first are about a file; name it with --import")
    if options.import_file:
        visitor = import_file(visitor, options, catalogue, str(dataset), bundle.levels)
    watched = tuple(Event(*read_rating(catalogue, text, "--watched")) for text in options.watched)
    # a movie of the file that is rated again counts by its newest rating
    rated_again = {event.movie_id for event in watched}
    imported = tuple(event for event in visitor.history if event.movie_id not in rated_again)
    seen = (catalogue.find(text) for text in options.seen)
    visitor = replace(visitor, history=imported + watched).with_seen(*seen)
    return VisitorRequest(
        bundle, catalogue, visitor.limited() if options.import_file else visitor, options.dataset or None
    )


def order_of(options: Options, bundle: Bundle) -> Order:
    """Return the order that was asked for, or else the default of the bundle's model."""
    return options.order or orders_of(bundle.config.tasks)[0]


def rank_options(options: Options, bundle: Bundle) -> RankOptions:
    """Return how a list of a bundle's model is ranked. Raises ``VisitorError``."""
    filters = Filters(tuple(options.genre), _years(options.years), popularity=POPULARITY_BANDS.get(options.fame))
    return RankOptions(filters, order_of(options, bundle), options.weight, options.diversity, options.fame_weight)


def recommend(options: Options) -> Answer:
    """Rank the movies that a visitor has not seen."""
    request = read_request(options)
    ranked_by = rank_options(options, request.bundle)
    recommender = request.load_recommender()
    rows = recommender.rank(request.visitor, options.k, ranked_by)
    if note := recommender.list_note(ranked_by):
        say(note)
    return as_json(request.bundle.name, request.catalogue, request.visitor, rows, ranked_by), _text


def _text(answer: dict) -> str:
    lines = []
    for row in answer["recommendations"]:
        will_like = "" if row["will_like"] is None else f"  {row['will_like']:5.1%} like"
        watch_next = "" if row["watch_next"] is None else f"  {row['watch_next']:6.2%} next"
        lines.append(f"{row['rank']:3}  {row['expected_rating']:.2f} ★{will_like}{watch_next}  {row['title']}")
    return "\n".join(lines) or "no movie passes these filters"


def read_rating(catalogue: Catalogue, text: str, option: str) -> tuple[int, float]:
    """Return the movie and stars that 'TITLE=STARS' names. Raises ``VisitorError``."""
    title, sign, stars = text.rpartition("=")
    try:
        rating = float(stars)
    except ValueError:
        rating = None
    if not sign or not title.strip() or rating is None:
        raise VisitorError(f"{option} {quoted(text)} is not of the form 'TITLE=STARS', such as 'Alien (1979)=5'")
    return catalogue.find(title), rating


def _years(text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    first, _, last = text.partition("-")
    try:
        years = int(first), int(last or first)
    except ValueError:
        raise VisitorError(f"--years {quoted(text)} is not of the form FROM-TO, such as 1980-1999") from None
    if years[0] > years[1]:
        raise VisitorError(f"--years {text}: the first year is after the last")
    return years
