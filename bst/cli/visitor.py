"""Commands about a visitor: ``recommend``."""

from bst import datasets
from bst.cli.terminal import Answer, Options, load_tensorflow
from bst.errors import VisitorError
from bst.schema import Event, Visitor


def recommend(options: Options) -> Answer:
    """Rank the movies that a visitor has not seen."""
    from bst.bundle import open_bundle
    from bst.catalogue import Catalogue
    from bst.recommender import Filters, Recommender, genre_columns

    # everything that can be wrong is looked at before TensorFlow is loaded
    bundle = open_bundle(options.bundle)
    catalogue = Catalogue(datasets.load_movies(options.dataset or bundle.dataset))
    bundle.check_movies(catalogue.movies)
    history = tuple(_watched(catalogue, text) for text in options.watched)
    visitor = Visitor(options.sex, options.age, options.occupation, history)
    filters = Filters(tuple(options.genre), _years(options.years))
    genre_columns(filters.genres)
    load_tensorflow()
    recommender = Recommender(bundle, catalogue, bundle.load_model(catalogue.movies))
    rows = recommender.rank(visitor, options.k, filters, options.order)
    answer = {
        "bundle": bundle.name,
        "visitor": {
            "sex": visitor.sex,
            "age": visitor.age,
            "occupation": visitor.occupation,
            "history": [
                {"movie_id": e.movie_id, "title": catalogue.title(e.movie_id), "rating": e.rating} for e in history
            ],
        },
        "recommendations": [
            {
                "rank": row.rank,
                "movie_id": row.movie_id,
                "title": row.title,
                "expected_rating": round(row.expected_rating, 4),
                "distribution": None if row.distribution is None else [round(p, 4) for p in row.distribution],
                "watch_next": None if row.watch_next is None else round(row.watch_next, 6),
            }
            for row in rows
        ],
    }

    def text(answer: dict) -> str:
        lines = []
        for r in answer["recommendations"]:
            chance = "" if r["watch_next"] is None else f"  {r['watch_next']:6.2%} next"
            lines.append(f"{r['rank']:3}  {r['expected_rating']:.2f} ★{chance}  {r['title']}")
        return "\n".join(lines) or "no movie passes these filters"

    return answer, text


def _watched(catalogue, text: str) -> Event:
    title, sign, stars = text.rpartition("=")
    try:
        rating = float(stars)
    except ValueError:
        rating = None
    if not sign or not title.strip() or rating is None:
        raise VisitorError(f"--watched {text!r} is not of the form 'TITLE=STARS', such as 'Alien (1979)=5'")
    return Event(catalogue.find(title), rating)


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
