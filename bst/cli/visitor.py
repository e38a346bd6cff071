"""The commands ``recommend`` and ``predict``, and what the options of all commands about a visitor mean."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from bst import datasets
from bst.bundles.bundle import Bundle, open_bundle
from bst.cli.commands import Commands
from bst.cli.import_file import import_file
from bst.cli.options import add_list_options, add_visitor_options
from bst.cli.terminal import Answer, Options, load_tensorflow, say
from bst.datasets.catalogue import Catalogue
from bst.domain import MOVIES, DemographicName, DemographicValue, Domain, KnownDemographics
from bst.errors import VisitorError
from bst.inference import engines
from bst.inference.ranking import POPULARITY_BANDS, Filters, Order, RankOptions, genre_columns, orders_of
from bst.inference.recommender import Recommender
from bst.schema import Event, Visitor
from bst.text import quoted
from bst.visitors.export import as_json, predictions_as_json
from bst.wording import reword


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
    """Return the visitor of the options. Errors in them are raised before the model is loaded."""
    bundle = open_bundle(options.bundle)
    dataset = options.dataset or bundle.dataset
    catalogue = Catalogue(datasets.load_movies(dataset), bundle.domain)
    bundle.check_movies(catalogue.movies)
    visitor = Visitor(KnownDemographics(_demographics(options, bundle.domain)))
    if not options.import_file and (options.take_unsure or options.day_first or options.month_first):
        raise VisitorError("--take-unsure, --day-first and --month-first are about a file; name it with --import")
    if options.import_file:
        visitor = import_file(visitor, options, catalogue, str(dataset), bundle.levels)
    watched = tuple(Event(*read_rating(catalogue, text, "--watched", bundle.levels)) for text in options.watched)
    # a movie of the file that is rated again counts by its newest rating
    rated_again = {event.movie_id for event in watched}
    imported = tuple(event for event in visitor.history if event.movie_id not in rated_again)
    seen = (catalogue.find(text) for text in options.seen)
    visitor = replace(visitor, history=imported + watched).with_seen(*seen)
    return VisitorRequest(
        bundle, catalogue, visitor.limited() if options.import_file else visitor, options.dataset or None
    )


def _demographics(options: Options, domain: Domain) -> dict[str, DemographicValue | None]:
    """Return the visitor's demographics as the options give them. Raises ``VisitorError`` for what users of the dataset
    do not have.
    """
    known = {name: getattr(options, name) for name in MOVIES.demographics if getattr(options, name) is not None}
    domain.check(known)
    for text in options.about:
        name, value = split_pair(text, "--about", domain)
        known[name] = domain.demographic(name).read(value)
    return known


def split_pair(text: str, option: str, domain: Domain) -> tuple[DemographicName, str]:
    """Return name and value of NAME=VALUE. Raises ``VisitorError``, also for a name that users do not have."""
    name, sign, value = (piece.strip() for piece in text.partition("="))
    if name not in domain.demographics or not sign:
        names = ", ".join(domain.demographics)
        example = "" if not names else f", such as {_example(domain)}; names are {names}"
        nothing = "" if names else f"; nothing is known of the users of this dataset, so leave {option} out"
        raise VisitorError(f"{option} {quoted(text)} is not of the form NAME=VALUE{example}{nothing}")
    return name, value


def _example(domain: Domain) -> str:
    first = next(iter(domain.demographics.values()))
    return f"{first.name}={first.values[0]}"


def order_of(options: Options, bundle: Bundle) -> Order:
    """Return the requested order, or else the default of the bundle's model."""
    return options.order or orders_of(bundle.config.tasks)[0]


def rank_options(options: Options, bundle: Bundle, candidates: tuple[int, ...] | None = None) -> RankOptions:
    """Return how a list of a bundle's model is ranked. ``candidates``: of these alone. Raises ``VisitorError``."""
    genre_columns(options.genre, bundle.domain)
    popularity = POPULARITY_BANDS.get(options.popularity)
    filters = Filters(tuple(options.genre), _years(options.years), popularity=popularity, candidates=candidates)
    return RankOptions(filters, order_of(options, bundle), options.weight, options.diversity, options.popularity_weight)


def recommend(options: Options) -> Answer:
    """Rank the movies that a visitor has not seen."""
    request = read_request(options)
    candidates = tuple(request.catalogue.find(text) for text in options.candidate) or None
    ranked_by = rank_options(options, request.bundle, candidates)
    recommender = request.load_recommender()
    rows = recommender.rank(request.visitor, options.k, ranked_by)
    if note := recommender.list_note(ranked_by):
        say(reword(note, request.bundle.domain))
    answer = as_json(request.bundle.name, request.catalogue, request.visitor, rows, ranked_by)
    return answer, partial(_text, domain=request.bundle.domain)


def predict(options: Options) -> Answer:
    """Predict some movies for a visitor."""
    request = read_request(options)
    movie_ids = [request.catalogue.find(text) for text in options.movie]
    recommender = request.load_recommender()
    rows = [recommender.recommendation(request.visitor, movie_id) for movie_id in movie_ids]
    answer = predictions_as_json(request.bundle.name, request.catalogue, request.visitor, rows)
    return answer, lambda answer: _lines(answer["predictions"], request.bundle.domain)


def _text(answer: dict, domain: Domain) -> str:
    return _lines(answer["recommendations"], domain) or f"no {domain.item} passes these filters"


def _lines(rows: list[dict], domain: Domain) -> str:
    lines = []
    for row in rows:
        will_like = "" if row["will_like"] is None else f"  {row['will_like']:5.1%} like"
        watch_next = "" if row["watch_next"] is None else f"  {row['watch_next']:6.2%} next"
        stars = f"  {row['expected_rating']:.2f} ★" if domain.rated else ""
        lines.append(f"{row['rank']:3}{stars}{will_like}{watch_next}  {row['title']}")
    return "\n".join(lines)


def read_rating(catalogue: Catalogue, text: str, option: str, levels: Sequence[float]) -> tuple[int, float]:
    """Return the movie and stars that 'TITLE=STARS' names, or 'TITLE' alone where there are no ratings.

    Raises ``VisitorError``.
    """
    if not catalogue.domain.rated:
        return catalogue.find(text), levels[-1]
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


# ---- options


def add_recommend(commands: Commands) -> None:
    """Add the command ``recommend``."""
    parser = commands.add(
        "recommend",
        recommend,
        "rank the movies that a visitor has not seen",
        "recommend --bundle demo --sex F --age 25 --watched 'Alien (1979)=5' --watched 'M=4'",
    )
    add_visitor_options(parser)
    parser.add_argument(
        "--candidate",
        action="append",
        default=[],
        metavar="TITLE",
        help="rank only these movies, by title or id; as often as needed (the whole catalogue)",
    )
    add_list_options(parser)


def add_predict(commands: Commands) -> None:
    """Add the command ``predict``."""
    parser = commands.add(
        "predict",
        predict,
        "predict some movies for a visitor: their rating, and how likely they are watched next and liked",
        "predict --bundle demo --watched 'Alien (1979)=5' --movie 'Aliens' --movie 'Casablanca'",
    )
    add_visitor_options(parser)
    parser.add_argument(
        "--movie",
        action="append",
        required=True,
        metavar="TITLE",
        help="a movie to predict, by title or id; as often as needed",
    )
