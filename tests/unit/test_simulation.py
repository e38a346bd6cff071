"""The demo world: same seed same bytes, exact sizes, and planted effects that are in the data."""

import hashlib
import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bst.datasets import simulation
from bst.datasets.demo_truth import Effects, Truth, planted
from bst.datasets.simulation import MIN_RATINGS, simulate, write
from bst.domain import AGES, GENRES, OCCUPATIONS, SEXES
from bst.errors import DatasetError
from bst.schema import genre_matrix

SIZE = {"users": 60, "ratings": 3_000}


@pytest.fixture(scope="module")
def small():
    return simulate(**SIZE, seed=3)


@pytest.fixture(scope="module")
def middle():
    return simulate(users=1000, ratings=100_000, seed=5)


def digests(folder):
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(folder.iterdir())}


def handmade(**changes) -> Truth:
    """Three films: two of one franchise, and one of the opposite mood."""
    movies = pd.DataFrame(
        {
            "movie_id": [1, 2, 3],
            "title": ["One", "Two", "Far"],
            "year": [2000, 2001, 2002],
            "genres": ["Action", "Action|Drama", "Drama"],
            "franchise": ["saga", "saga", ""],
            "mood": ["dark", "dark", "feel-good"],
            "fame": [3, 3, 3],
            "quality": [3.5, 4.5, 2.5],
        }
    )
    numbers = {"franchise_stars": 0.8, "franchise_decay": 0.5, "mood_stars": 0.4, "mood_decay": 0.5} | changes
    return Truth(movies, Effects(**numbers))


def test_same_seed_same_bytes(tmp_path, small):
    first = write(small, tmp_path / "first")
    second = write(simulate(**SIZE, seed=3), tmp_path / "second")
    other = write(simulate(**SIZE, seed=4), tmp_path / "other")
    assert digests(first) == digests(second)
    assert digests(first)["movies.dat"] == digests(other)["movies.dat"]
    assert digests(first)["ratings.dat"] != digests(other)["ratings.dat"]
    assert digests(first)["users.dat"] != digests(other)["users.dat"]


def test_frames_are_those_of_a_dataset(small):
    data = small.dataset
    assert data.simulated
    assert data.users["user_id"].tolist() == list(range(1, 61))
    assert [list(data.users[c].cat.categories) for c in ("sex", "age", "occupation")] == [
        list(SEXES),
        list(AGES),
        list(OCCUPATIONS),
    ]
    assert not data.users.isna().any(axis=None)
    assert [str(data.ratings[c].dtype) for c in data.ratings] == ["int32", "int32", "float32", "int64"]
    assert list(data.ratings) == ["user", "movie", "rating", "timestamp"]
    assert data.movies["title"].str.match(r".+ \(\d{4}\)$").all()
    assert str(data.movies["year"].dtype) == "Int16"


def test_occupations_fit_ages(middle):
    users = middle.dataset.users
    assert set(users.loc[users["age"] == 1, "occupation"]) <= {"K-12 student", "other"}
    assert set(users.loc[users["occupation"] == "retired", "age"]) == {56}


@pytest.mark.parametrize(
    ("users", "ratings"),
    [(1, 20), (1, 21), (7, 400), (60, 60 * MIN_RATINGS), (1001, 21_000), (2, 2 * len(planted().movies))],
)
def test_sizes_are_exact_and_each_film_is_rated_once(users, ratings):
    world = simulate(users, ratings, seed=2)
    table = world.dataset.ratings
    assert len(table) == ratings
    assert not table.duplicated(["user", "movie"]).any()
    counts = np.bincount(table["user"], minlength=users)
    assert len(counts) == users
    assert counts.min() >= MIN_RATINGS
    assert set(table["rating"]) <= {1, 2, 3, 4, 5}
    assert len(world.truth.strictness) == users
    assert len(world.truth.expected_ratings) == ratings


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_counts_add_up(data):
    users = data.draw(st.integers(1, 80))
    films = data.draw(st.integers(MIN_RATINGS, 200))
    ratings = data.draw(st.integers(users * MIN_RATINGS, users * films))
    counts = simulation._draw_counts(np.random.default_rng(0), users, ratings, films)
    assert counts.sum() == ratings
    assert counts.min() >= MIN_RATINGS
    assert counts.max() <= films


def test_activity_has_a_long_tail(middle):
    counts = np.bincount(middle.dataset.ratings["user"])
    assert counts.mean() > 1.25 * np.median(counts)
    assert counts.max() > 5 * np.median(counts)


def test_times_ascend_in_sessions(small):
    table = small.dataset.ratings
    assert table["user"].is_monotonic_increasing
    gaps = table.groupby("user")["timestamp"].diff().dropna()
    assert gaps.min() == 0
    assert 0.2 < (gaps == 0).mean() < 0.4
    assert 0.05 < (gaps > 21_600).mean() < 0.15
    assert pd.to_datetime(table["timestamp"], unit="s").dt.year.between(2020, 2024).all()


def test_progress_reaches_the_total():
    calls = []
    simulate(1500, 30_000, on_progress=lambda done, total: calls.append((done, total)))
    assert [total for _, total in calls] == [30_000, 30_000]
    assert 0 < calls[0][0] < calls[1][0] == 30_000


@pytest.mark.parametrize(
    ("users", "ratings", "seed", "message"),
    [
        (0, 1000, 1, "at least 1"),
        (-5, 1000, 1, "at least 1"),
        (100, 1999, 1, "at least 2,000 ratings or at most 99 users"),
        (100, -1, 1, "at least 2,000 ratings"),
        (10, 10**6, 1, "at most once"),
        (10, 1000, -1, "seed -1 is negative"),
    ],
)
def test_impossible_sizes_are_refused(users, ratings, seed, message):
    with pytest.raises(DatasetError, match=message):
        simulate(users, ratings, seed)


def test_contributions_by_hand():
    truth = handmade()
    # Film 0 (saga, dark) with 5 stars, then film 2 (feel-good) with 2; candidate 1 (saga, dark).
    # Film 0 at lag 2, weight 1: franchise 0.8 · 0.5 + mood 0.4 · 0.5 = 0.6.
    # Film 2 at lag 1, weight −0.5, opposite mood: 0.4 · (−1) · (−0.5) = 0.2.
    assert truth.contributions([0, 2], [5, 2], 1) == pytest.approx([0.6, 0.2])
    # Candidate 2 is in no franchise: film 1 (dark, 4 stars, weight 0.5) at lag 1 takes 0.4 · 0.5 away.
    assert truth.contributions([0, 1], [3, 4], 2) == pytest.approx([0.0, -0.2])
    assert truth.contributions([], [], 1).shape == (0,)


def test_quality_counts_for_those_who_care():
    truth = handmade(quality_stars=0.8, interest_slope=2.0, taste_stars=0.5, offset_sd=0.0)
    tastes = np.zeros((3, len(GENRES) + 1))
    tastes[1, GENRES.index("Drama")], tastes[2, GENRES.index("Drama")] = 1.0, -1.0
    # Film 2 is a drama of quality 2.5, one point below the middle, of 2002, for which nobody has a taste of era.
    # Interest: 1 without a taste, 2 / (1 + e^−2) = 1.762 for a devotee, 2 / (1 + e^2) = 0.238 for one who avoids drama.
    expected = [-0.8, -0.8 * 1.7616 + 0.5, -0.8 * 0.2384 - 0.5]
    assert truth.own_stars(tastes)[:, 2] == pytest.approx(expected, abs=1e-4)
    # Film 1 is a drama by half: its affinity is 1 / √2.
    affinity = 1 / np.sqrt(2)
    assert truth.own_stars(tastes)[1, 1] == pytest.approx(0.8 * 2 / (1 + np.exp(-2 * affinity)) + 0.5 * affinity)


def test_a_taste_for_new_films_orders_them_by_year():
    truth = handmade(quality_stars=0.0, taste_stars=0.5, offset_sd=0.0)
    tastes = np.zeros((1, len(GENRES) + 1))
    tastes[0, -1] = 1.5
    # 10, 11 and 12 of the 30 years after 1990
    assert truth.own_stars(tastes)[0] == pytest.approx([0.5 * 1.5 * years / 30 for years in (10, 11, 12)])


def test_effects_end_with_their_windows():
    truth = handmade(franchise_window=3, mood_window=2)
    effect = truth.contributions([0, 0, 0, 0], [5, 5, 5, 5], 1)
    # Lags 4, 3, 2, 1: nothing; franchise only; both; both.
    assert effect == pytest.approx([0.0, 0.8 * 0.25, 0.8 * 0.5 + 0.4 * 0.5, 0.8 + 0.4])


def test_three_stars_cause_nothing():
    assert handmade().contributions([0, 2], [3, 3], 1).tolist() == [0, 0]


def test_many_users_at_once_agree_with_one(small):
    truth = planted()
    rng = np.random.default_rng(0)
    movies = rng.integers(0, 40, (50, 23))
    ratings = rng.integers(1, 6, (50, 23))
    candidates = rng.integers(0, 40, 50)
    both = truth.event_effects(movies, ratings, candidates)
    each = [truth.contributions(m, r, c) for m, r, c in zip(movies, ratings, candidates, strict=True)]
    assert np.array_equal(both, each)


def test_planted_needs_no_simulation(small):
    truth = planted()
    assert truth.strictness is None
    assert truth.expected_ratings is None
    rows = small.dataset.ratings["movie"].to_numpy()[:30]
    assert np.array_equal(truth.contributions(rows, [5] * 30, 7), small.truth.contributions(rows, [5] * 30, 7))


def test_ratings_follow_their_expectation(middle):
    ratings = middle.dataset.ratings["rating"].to_numpy(np.float64)
    expected = middle.truth.expected_ratings
    inside = (expected > 2) & (expected < 4)  # away from the ends clipping hardly matters
    error = ratings[inside] - expected[inside]
    assert abs(error.mean()) < 0.03
    # Noise and rounding (variance 1/12) are independent.
    assert error.std() == pytest.approx(np.hypot(Effects().noise_sd, np.sqrt(1 / 12)), rel=0.05)


def without_user_and_film(values, users, films):
    """Subtract user and film means, alternately until both are gone."""
    values = values.astype(np.float64).copy()
    for _ in range(10):
        for groups in (users, films):
            values -= (np.bincount(groups, values) / np.maximum(np.bincount(groups), 1))[groups]
    return values


def fitted_slopes(truth, table, franchise_of, mood_of):
    """Regress ratings on franchise and mood features of earlier events, written as plain sums over lags."""
    e = truth.effects
    users, films = table["user"].to_numpy(), table["movie"].to_numpy()
    ratings = table["rating"].to_numpy(np.float64)
    franchise, mood = franchise_of[films], mood_of[films]
    opposite = {"feel-good": "dark", "tense": "romantic", "thoughtful": "thrilling"}
    opposite |= {b: a for a, b in opposite.items()}
    against = np.array([opposite[m] for m in mood])
    x = np.zeros((2, len(table)))
    for lag in range(1, e.franchise_window + 1):
        now, before = slice(lag, None), slice(None, -lag)
        weight = (ratings[before] - 3) / 2 * (users[now] == users[before])
        same = (franchise[now] == franchise[before]) & (franchise[now] != "")
        x[0, now] += e.franchise_decay ** (lag - 1) * weight * same
        if lag <= e.mood_window:
            match = (mood[now] == mood[before]).astype(int) - (mood[now] == against[before])
            x[1, now] += e.mood_decay ** (lag - 1) * weight * match
    # Where a whole series adds up, ratings stop at five stars and the slope with them.
    mild = np.abs(x[0]) <= 1
    users, films = users[mild], films[mild]
    x = np.stack([without_user_and_film(column[mild], users, films) for column in x], axis=1)
    y = without_user_and_film(ratings[mild], users, films)
    return np.linalg.lstsq(x, y, rcond=None)[0]


def test_planted_order_effects_are_in_the_ratings(middle):
    truth, table = middle.truth, middle.dataset.ratings
    movies = truth.movies
    franchise, mood = fitted_slopes(truth, table, movies["franchise"].to_numpy(), movies["mood"].to_numpy())
    assert franchise == pytest.approx(truth.effects.franchise_stars, rel=0.15)
    assert mood == pytest.approx(truth.effects.mood_stars, rel=0.25)
    # Random labels have no such effects, so these are not taste in disguise.
    rng = np.random.default_rng(0)
    random_labels = rng.integers(0, 40, len(movies)).astype(str), rng.permutation(movies["mood"].to_numpy())
    franchise, mood = fitted_slopes(truth, table, *random_labels)
    assert abs(franchise) < 0.25 * truth.effects.franchise_stars
    assert abs(mood) < 0.25 * truth.effects.mood_stars


@pytest.mark.parametrize(
    ("column", "value", "genre", "sign"),
    [
        ("sex", "F", "Romance", 1),
        ("sex", "F", "War", -1),
        ("age", 1, "Children's", 1),
        ("age", 56, "Western", 1),
        ("age", 56, "Horror", -1),
        ("occupation", "programmer", "Sci-Fi", 1),
    ],
)
def test_demographics_shift_ratings_and_choices(middle, column, value, genre, sign):
    data = middle.dataset
    table = data.ratings
    users, films = table["user"].to_numpy(), table["movie"].to_numpy()
    rest = without_user_and_film(table["rating"].to_numpy(), users, films)
    of_genre = genre_matrix(data.movies)[films, GENRES.index(genre)] > 0
    group = (data.users[column] == value).to_numpy()[users]
    assert sign * (rest[group & of_genre].mean() - rest[~group & of_genre].mean()) > 0.05
    assert sign * (of_genre[group].mean() - of_genre[~group].mean()) > 0


def test_niche_genres_are_for_those_who_like_them(middle):
    data = middle.dataset
    table, documentary = data.ratings, genre_matrix(data.movies)[:, GENRES.index("Documentary")] > 0
    counts = np.bincount(table["movie"], minlength=len(documentary))
    quality = middle.truth.movies["quality"].to_numpy()
    mean = np.bincount(table["movie"], table["rating"], len(documentary)) / np.maximum(counts, 1)
    fine, rated = quality == 4.5, counts >= 5
    # Of films of equal standing documentaries are watched less, and liked less even by those who do watch them.
    fame = middle.truth.movies["fame"].to_numpy() == 2
    assert counts[fine & fame & documentary].mean() < 0.5 * counts[fine & fame & ~documentary].mean()
    assert mean[fine & rated & documentary].mean() < mean[fine & rated & ~documentary].mean() - 0.2
    best = np.argsort(-np.where(rated, mean, 0))[:50]
    assert documentary[best].mean() <= documentary.mean()


def test_users_continue_a_franchise(middle):
    truth, table = middle.truth, middle.dataset.ratings
    codes = truth.franchise_codes[table["movie"].to_numpy()]
    next_too = (codes[1:] == codes[:-1])[codes[:-1] >= 0].mean()
    chance = (np.bincount(codes[codes >= 0]) / len(codes)).max()  # the largest series, order ignored
    assert next_too > 3 * chance


def test_written_files_have_movielens_format(tmp_path, small):
    folder = write(small, tmp_path / "deep" / "world")
    assert sorted(p.name for p in folder.iterdir()) == [
        "README",
        "movies.dat",
        "ratings.dat",
        "users.dat",
        "world.json",
    ]
    movies = (folder / "movies.dat").read_text(encoding="latin-1").splitlines()
    assert movies[0] == "1::The Cabinet of Dr. Caligari (1920)::Horror|Mystery"
    assert len(movies) == len(planted().movies)
    users = [line.split("::") for line in (folder / "users.dat").read_text().splitlines()]
    first = small.dataset.users.iloc[0]
    assert users[0] == [
        "1",
        first["sex"],
        str(first["age"]),
        str(OCCUPATIONS.index(first["occupation"])),
        "00000",
    ]
    ratings = [line.split("::") for line in (folder / "ratings.dat").read_text().splitlines()]
    table = small.dataset.ratings
    assert np.array_equal(
        np.array(ratings, dtype=np.int64),
        np.column_stack([table["user"] + 1, table["movie"] + 1, table["rating"], table["timestamp"]]),
    )
    about = json.loads((folder / "world.json").read_text())
    assert about["simulated"] is True
    assert (about["seed"], about["users"], about["ratings"]) == (3, 60, 3000)
    assert about["effects"]["franchise_stars"] == Effects().franchise_stars
    assert "SIMULATED" in (folder / "README").read_text()


def test_long_ratings_are_written_in_parts(tmp_path, small, monkeypatch):
    at_once = write(small, tmp_path / "at_once")
    monkeypatch.setattr(simulation, "WRITE_ROWS", 700)
    assert digests(write(small, tmp_path / "parts")) == digests(at_once)


@pytest.mark.parametrize("error", [OSError("disk full"), RuntimeError("broken")])
def test_a_failed_write_leaves_no_files(tmp_path, small, monkeypatch, error):
    def broken(data):
        yield "1::1::5::0\n"
        raise error

    monkeypatch.setattr(simulation, "_rating_lines", broken)
    with pytest.raises(DatasetError if isinstance(error, OSError) else RuntimeError):
        write(small, tmp_path / "world")
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_overwritten(tmp_path, small):
    (tmp_path / "mine.txt").write_text("keep")
    with pytest.raises(DatasetError, match="not empty"):
        write(small, tmp_path)
    with pytest.raises(DatasetError, match="choose another folder"):
        write(small, tmp_path / "mine.txt")
    assert (tmp_path / "mine.txt").read_text() == "keep"
    (tmp_path / "empty").mkdir()
    assert (write(small, tmp_path / "empty") / "ratings.dat").exists()
