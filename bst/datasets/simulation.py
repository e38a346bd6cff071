"""Simulate the demo world's audience and write it in MovieLens 1M's own format.

The films are real, the audience is not. Expected ratings and the effects planted in them are defined in
``bst.datasets.demo_truth``; this module draws which users watch what, and when.

Users: sex, age and occupation are drawn with roughly MovieLens 1M's marginals. A user's taste for a genre is the
sum of the genre's mean, the demographic shifts and N(0, taste_sd²); the taste for new films is N(0, era_sd²). Every
``drift_every`` events each taste moves by N(0, drift_sd²). strictness ~ N(0, strictness_sd²),
spread = exp(N(0, spread_sd²)).

Number of ratings: a log-normal long tail, at least ``MIN_RATINGS`` each, scaled to exactly the requested total.

Next film: a user who saw part of a franchise within the last 20 events continues the latest such franchise with
probability ``choice_continue``, if any of it is left. Otherwise, and among the parts left, an unseen film is drawn in
proportion to ::

    exp(choice_fame · (popularity_i − 3) + choice_stars · own_ui
        + choice_mood · Σ_{lag ≤ 3} mood_decay^(lag−1) · [the event's mood is the film's])

(without the mood term among parts of a franchise).

Rating: clip(round(expected + N(0, noise_sd²)), 1, 5).

Time: sessions of a few ratings, within minutes or in the same second, days apart, in 2020–2024.

Users are drawn in blocks of ``BLOCK``, each with its own seed: bytes depend on seed and sizes only.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from bst.datasets.demo_catalogue import fingerprint
from bst.datasets.demo_choice import MovieChoice
from bst.datasets.demo_truth import GENRE_TASTES, MAX_STARS, SHIFTS, Effects, Truth, planted
from bst.domain import AGES, GENRES, OCCUPATIONS, SEXES
from bst.errors import DatasetError
from bst.files import draft_of, replace_folder
from bst.schema import Dataset

VERSION = 2  # raise it with any change that changes the bytes
MIN_RATINGS = 20  # of a user, as in MovieLens 1M
BLOCK = 1000  # users; part of what fixes the bytes
FIRST_SECOND, LAST_SECOND = 1_577_836_800, 1_735_689_599  # 2020-01-01 and 2024-12-31 23:59:59, UTC
WRITE_ROWS = 500_000

DAY = 86_400
SAME_SECOND_SHARE, NEW_SESSION_SHARE = 0.3, 0.1  # of the steps from one rating of a user to the next
SESSION_GAP_SECONDS = (5, 180)  # between two ratings of one session that do not share a second
MEAN_DAYS_APART = 5.0
MAX_SPAN = 0.95  # of the whole period; longer timelines are squeezed to it

SEX_SHARES = (0.28, 0.72)
AGE_SHARES = (0.04, 0.18, 0.35, 0.20, 0.09, 0.08, 0.06)
OCCUPATION_SHARES = (12, 9, 4, 3, 13, 2, 4, 11, 0.5, 1.5, 3, 2, 6, 2.5, 5, 2.5, 4, 8, 1, 1, 5)
# Ages at which people have an occupation; one that is not listed has no limits.
OCCUPATION_AGES: dict[str, tuple[int, ...]] = {
    "K-12 student": (1,),
    "college/grad student": (18, 25),
    "retired": (56,),
}
ADULT_OCCUPATIONS_FROM = 18  # under that age only these two:
YOUNG_OCCUPATIONS = ("K-12 student", "other")


@dataclass(frozen=True, eq=False)
class World:
    """A simulated audience: its ``dataset``, the ``truth`` planted in it, and its ``seed``."""

    dataset: Dataset
    truth: Truth
    seed: int


def simulate(
    users: int = 2000,
    ratings: int = 300_000,
    seed: int = 1,
    on_progress: Callable[[int, int], None] | None = None,
) -> World:
    """Draw an audience of ``users`` people who rate exactly ``ratings`` times.

    The same arguments give the same world. ``on_progress(done, total)`` counts ratings. It needs about 40
    bytes of memory a rating. Raises ``DatasetError`` for sizes that no audience of this catalogue can have.
    """
    truth = planted()
    films = len(truth.movies)
    _check_sizes(users, ratings, seed, films)
    blocks = -(-users // BLOCK)
    first, *seeds = np.random.SeedSequence(seed).spawn(1 + blocks)
    rng = np.random.default_rng(first)
    people = _draw_people(rng, users)
    counts = _draw_counts(rng, users, ratings, films)
    simulated: list[_Block] = []
    for block, block_seed in enumerate(seeds):
        rows = slice(block * BLOCK, (block + 1) * BLOCK)
        simulated.append(_simulate_block(truth, people.iloc[rows], counts[rows], np.random.default_rng(block_seed)))
        if on_progress:
            on_progress(int(counts[: rows.stop].sum()), ratings)
    movie, rating, timestamp, expected, strictness = (np.concatenate(arrays) for arrays in zip(*simulated, strict=True))
    columns = {
        "user": np.repeat(np.arange(users, dtype=np.int32), counts),
        "movie": movie,
        "rating": rating,
        "timestamp": timestamp,
    }
    dataset = Dataset(
        name="demo",
        title="Demo world (simulated audience)",
        users=people,
        movies=_movies(truth.movies),
        ratings=pd.DataFrame(columns, copy=False),
        simulated=True,
    )
    return World(dataset, replace(truth, strictness=strictness, expected_ratings=expected), seed)


def _check_sizes(users: int, ratings: int, seed: int, films: int) -> None:
    if users < 1:
        raise DatasetError(f"a world of {users:,} users cannot be simulated; ask for at least 1")
    if seed < 0:
        raise DatasetError(f"seed {seed} is negative; choose 0 or more")
    if ratings < users * MIN_RATINGS:
        raise DatasetError(
            f"{ratings:,} ratings are too few for {users:,} users, who rate at least {MIN_RATINGS} films each; "
            f"ask for at least {users * MIN_RATINGS:,} ratings or at most {max(ratings, 0) // MIN_RATINGS:,} users"
        )
    if ratings > users * films:
        raise DatasetError(
            f"{ratings:,} ratings are too many for {users:,} users, who rate each of {films:,} films "
            f"at most once; ask for at most {users * films:,} ratings or at least "
            f"{-(-ratings // films):,} users"
        )


def _draw_people(rng: np.random.Generator, users: int) -> pd.DataFrame:
    """Draw the frame of users: an occupation that fits the age, everything else independent."""
    sex = rng.choice(len(SEXES), users, p=SEX_SHARES)
    age = rng.choice(len(AGES), users, p=AGE_SHARES)
    quantile = rng.random(users)
    occupation = np.empty(users, np.int64)
    for code, age_group in enumerate(AGES):
        members = age == code
        shares = np.array(OCCUPATION_SHARES) * [_is_possible(name, age_group) for name in OCCUPATIONS]
        edges = np.cumsum(shares)
        occupation[members] = np.searchsorted(edges, quantile[members] * edges[-1], side="right")
    return pd.DataFrame(
        {
            "user_id": np.arange(1, users + 1),
            "sex": pd.Categorical.from_codes(sex, categories=SEXES),
            "age": pd.Categorical.from_codes(age, categories=AGES),
            "occupation": pd.Categorical.from_codes(occupation, categories=OCCUPATIONS),
        }
    )


def _is_possible(occupation: str, age: int) -> bool:
    if age < ADULT_OCCUPATIONS_FROM:
        return occupation in YOUNG_OCCUPATIONS
    return age in OCCUPATION_AGES.get(occupation, AGES)


def _draw_counts(rng: np.random.Generator, users: int, ratings: int, films: int) -> np.ndarray:
    """Draw how often each user rates: (users,) int64, MIN_RATINGS…films each, summing to ``ratings``."""
    activity = np.exp(rng.normal(0.0, 1.0, users))

    def scaled(scale: float) -> np.ndarray:
        return np.minimum(MIN_RATINGS + scale * activity, films)

    low, high = 0.0, films / activity.min()
    for _ in range(100):  # halve the interval until its ends are the same double
        middle = (low + high) / 2
        low, high = (middle, high) if np.floor(scaled(middle)).sum() <= ratings else (low, middle)
    counts = np.floor(scaled(low)).astype(np.int64)
    missing = ratings - counts.sum()
    below_limit = np.flatnonzero(counts < films)[:missing]
    counts[below_limit] += 1
    return counts


def _draw_taste(rng: np.random.Generator, people: pd.DataFrame, effects: Effects) -> np.ndarray:
    """Draw (users, 19) tastes for genres and the era: means, the shifts of their demographics, a personal part."""
    mean = np.array([*(GENRE_TASTES.get(genre, 0.0) for genre in GENRES), 0.0])
    sd = np.array([*[effects.taste_sd] * len(GENRES), effects.era_sd])
    taste = rng.normal(mean, sd, (len(people), len(mean)))
    for column, value, genre, shift in SHIFTS:
        taste[(people[column] == value).to_numpy(), GENRES.index(genre)] += shift
    return taste


class _Block(NamedTuple):
    """What some users did, user by user in time order: four arrays (ratings,), and (users,) ``strictness``."""

    movie: np.ndarray
    rating: np.ndarray
    timestamp: np.ndarray
    expected: np.ndarray
    strictness: np.ndarray


def _simulate_block(truth: Truth, people: pd.DataFrame, counts: np.ndarray, rng: np.random.Generator) -> _Block:
    """Simulate some users completely.

    All users take their t-th step together. The most active come first inside, so that the users who are still going
    are always the leading rows.
    """
    e = truth.effects
    order = np.argsort(-counts, kind="stable")
    people, lengths = people.iloc[order], counts[order]
    size, steps = len(lengths), int(lengths[0])
    strictness = rng.normal(0.0, e.strictness_sd, size)
    spread = np.exp(rng.normal(0.0, e.spread_sd, size))
    taste = _draw_taste(rng, people, e)
    choice = MovieChoice(truth, size)
    movies = np.zeros((size, steps), np.int32)
    ratings = np.zeros((size, steps), np.float32)
    expected = np.zeros((size, steps), np.float32)
    for step in range(steps):
        n = int(np.searchsorted(-lengths, -step, side="left"))  # users with more than ``step`` ratings
        if step % e.drift_every == 0:
            if step:
                taste[:n] += rng.normal(0.0, e.drift_sd, taste[:n].shape)
            own_stars = truth.own_stars(taste[:n])
            choice.set_own_stars(own_stars)
        movie = choice.draw(rng, n, step)
        past = slice(max(0, step - e.franchise_window), step)
        effect = truth.event_effects(movies[:n, past], ratings[:n, past], movie).sum(axis=1)
        mean = e.centre + strictness[:n] + spread[:n] * own_stars[np.arange(n), movie] + effect
        movies[:n, step] = movie
        expected[:n, step] = mean
        ratings[:n, step] = np.clip(np.round(mean + rng.normal(0.0, e.noise_sd, n)), 1, MAX_STARS)
    original = np.argsort(order)
    valid = np.arange(steps) < counts[:, None]
    return _Block(
        movies[original][valid],
        ratings[original][valid],
        _draw_times(rng, steps, counts)[valid],
        expected[original][valid],
        strictness[original],
    )


def _draw_times(rng: np.random.Generator, steps: int, counts: np.ndarray) -> np.ndarray:
    """Draw (users, steps) seconds since 1970, never falling along a row; only the first counts[u] count."""
    shape = (len(counts), steps)
    quantile = rng.random(shape)
    within_session = np.where(quantile < SAME_SECOND_SHARE, 0, rng.integers(*SESSION_GAP_SECONDS, shape))
    between_sessions = rng.exponential(MEAN_DAYS_APART * DAY, shape)
    gaps = np.where(quantile > 1 - NEW_SESSION_SHARE, between_sessions, within_session)
    gaps[:, 0] = 0
    elapsed = np.cumsum(gaps, axis=1)
    span = elapsed[np.arange(len(counts)), counts - 1]
    squeeze = np.minimum(1.0, (LAST_SECOND - FIRST_SECOND) * MAX_SPAN / np.maximum(span, 1.0))
    slack = LAST_SECOND - FIRST_SECOND - span * squeeze
    start = FIRST_SECOND + rng.random(len(counts)) * slack
    return (start[:, None] + elapsed * squeeze[:, None]).astype(np.int64)


def _movies(catalogue: pd.DataFrame) -> pd.DataFrame:
    """Return the catalogue as the movies of a ``Dataset``."""
    return pd.DataFrame(
        {
            "movie_id": catalogue["movie_id"],
            "title": catalogue["title"] + " (" + catalogue["year"].astype(str) + ")",
            "year": catalogue["year"].astype("Int16"),
            "genres": catalogue["genres"],
        }
    )


def write(world: World, folder: Path) -> Path:
    """Write a world as MovieLens 1M's three files plus ``world.json`` and a README; return the folder.

    Ratings are written user by user, oldest first. All or nothing: files are written beside the folder and moved in at
    the end. Raises ``DatasetError`` where the folder exists and is not empty.
    """
    folder = Path(folder)
    try:
        with draft_of(folder) as draft:
            if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
                raise DatasetError(f"{folder} exists and is not empty; delete it or choose another folder")
            for name, text in _files(world):
                with (draft / name).open("w", encoding="latin-1", newline="\n") as file:
                    file.writelines(text)
            replace_folder(folder, draft)
    except OSError as error:
        fix = "free some space or choose another folder"
        raise DatasetError(f"{folder} cannot be written ({error}); {fix}") from error
    return folder


def _files(world: World) -> Iterator[tuple[str, Iterator[str]]]:
    """Yield each file's name and its text in pieces."""
    data = world.dataset
    yield "movies.dat", _lines(data.movies[["movie_id", "title", "genres"]])
    users = data.users[["user_id", "sex", "age"]].assign(
        occupation=data.users["occupation"].cat.codes, zip_code="00000"
    )
    yield "users.dat", _lines(users)
    yield "ratings.dat", _rating_lines(data)
    description = {
        "simulated": True,
        "version": VERSION,
        "seed": world.seed,
        "users": len(data.users),
        "movies": len(data.movies),
        "ratings": len(data.ratings),
        "effects": world.truth.effects.as_dict(),
        "genre_tastes": GENRE_TASTES,
        "taste_shifts": [list(shift) for shift in SHIFTS],
        "catalogue_sha256": fingerprint(),
    }
    yield "world.json", iter([json.dumps(description, indent=1) + "\n"])
    yield "README", iter([_README.format(**description)])


def _lines(frame: pd.DataFrame) -> Iterator[str]:
    columns = [frame[name].tolist() for name in frame]
    return ("::".join(map(str, row)) + "\n" for row in zip(*columns, strict=True))


def _rating_lines(data: Dataset) -> Iterator[str]:
    user_ids, movie_ids = data.users["user_id"].to_numpy(), data.movies["movie_id"].to_numpy()
    for start in range(0, len(data.ratings), WRITE_ROWS):
        part = data.ratings.iloc[start : start + WRITE_ROWS]
        yield from _lines(
            pd.DataFrame(
                {
                    "user": user_ids[part["user"]],
                    "movie": movie_ids[part["movie"]],
                    "rating": part["rating"].astype("int8"),
                    "timestamp": part["timestamp"],
                }
            )
        )


_README = """SIMULATED DATA: the films are real, the audience is not.

{users} made-up users rate {movies} films {ratings} times (seed {seed}, simulator version {version}).
No person's rating is in here. The format is MovieLens 1M's: latin-1, fields separated by '::'.

users.dat    UserID::Sex::Age::Occupation::Zip (every zip is 00000)
movies.dat   MovieID::Title (Year)::Genre|Genre
ratings.dat  UserID::MovieID::Rating::Timestamp
world.json   sizes, seed and the planted effects, which are described in bst/datasets/demo_truth.py
"""
