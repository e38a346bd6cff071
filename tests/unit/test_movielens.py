"""Parsing and validation, against folders small enough to read by eye."""

import numpy as np
import pandas as pd
import pytest
from handmade import CSV, FORMATS, ONE_HUNDRED_K, ONE_M, changed, write
from hypothesis import given, settings
from hypothesis import strategies as st

from bst.datasets import movielens
from bst.datasets.titles import clean_genres, display_title, year_of
from bst.domain import AGES, GENRES, OCCUPATIONS, SEXES
from bst.errors import DatasetError
from bst.schema import HALF_STARS, WHOLE_STARS


def ratings_frame(rows):
    frame = pd.DataFrame(rows, columns=["user", "movie", "rating", "timestamp"])
    return frame.astype({"user": "int32", "movie": "int32", "rating": "float32", "timestamp": "int64"})


def movies_frame(rows):
    ids, titles, years, genres = zip(*rows, strict=True)
    year = pd.array(list(years), dtype="Int16")
    return pd.DataFrame({"movie_id": np.array(ids), "title": titles, "year": year, "genres": genres})


def users_frame(ids, sexes, ages, occupations):
    return pd.DataFrame(
        {
            "user_id": np.array(ids),
            "sex": pd.Categorical(sexes, SEXES),
            "age": pd.Categorical(ages, AGES),
            "occupation": pd.Categorical(occupations, OCCUPATIONS),
        }
    )


def same(dataset, users, movies, ratings):
    pd.testing.assert_frame_equal(dataset.users, users)
    pd.testing.assert_frame_equal(dataset.movies, movies)
    pd.testing.assert_frame_equal(dataset.ratings, ratings)


ONE_M_FRAMES = (
    users_frame([7, 3, 9], ["F", "M", "M"], [1, 56, 25], ["K-12 student", "self-employed", "other"]),
    movies_frame(
        [
            (10, "The Lantern (1999)", 1999, "Action|Sci-Fi"),
            (40, "Béchamel: A Story (1984) (2000)", 2000, "Children's|Comedy"),
            (20, "Sea (La Mer) (2001)", 2001, "Drama"),
            (30, "Nobody Rated Me (1950)", 1950, "Film-Noir"),
        ]
    ),
    ratings_frame(
        [
            (0, 0, 5, 978300760),
            (0, 1, 3, 978302109),
            (1, 2, 1, 978301968),
            (2, 0, 4, 978300760),
            (1, 1, 2, 978300275),
        ]
    ),
)


def test_1m_by_hand(tmp_path):
    dataset = movielens.read(write(tmp_path / "mine", ONE_M))
    same(dataset, *ONE_M_FRAMES)
    assert (dataset.name, dataset.title, dataset.levels, dataset.simulated) == ("mine", "mine", WHOLE_STARS, False)
    assert dataset.users[["sex", "age", "occupation"]].notna().any(axis=None)


@pytest.mark.parametrize(
    ("encoding", "bom"), [("latin-1", b""), ("utf-8", b""), ("utf-8", b"\xef\xbb\xbf")], ids=["latin-1", "utf-8", "bom"]
)
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\n\n"], ids=["lf", "crlf", "blank-lines"])
def test_1m_in_other_encodings_and_line_ends(tmp_path, encoding, newline, bom):
    same(movielens.read(write(tmp_path, ONE_M, encoding=encoding, newline=newline, bom=bom)), *ONE_M_FRAMES)


def test_last_line_without_a_line_end(tmp_path):
    write(tmp_path, ONE_M)
    for file in ONE_M:
        (tmp_path / file).write_bytes((tmp_path / file).read_bytes().rstrip(b"\n"))
    same(movielens.read(tmp_path), *ONE_M_FRAMES)


def test_100k_values_become_those_of_1m(tmp_path):
    dataset = movielens.read(write(tmp_path, ONE_HUNDRED_K))
    users = users_frame(
        [1, 2, 3, 4, 5, 6],
        ["M", "F", "F", "M", "M", "F"],
        [1, 18, 45, 50, 50, 56],
        [
            "K-12 student",
            "college/grad student",
            "academic/educator",
            "unemployed",
            "doctor/health care",
            "sales/marketing",
        ],
    )
    movies = movies_frame(
        [
            (1, "The Lantern (1995)", 1995, "Action|Sci-Fi"),
            (2, "unknown", None, ""),
            (3, "Crème (1996)", 1996, "Children's|Comedy|Western"),
        ]
    )
    ratings = ratings_frame(
        [
            (4, 1, 4, 881250949),
            (0, 0, 3, 891717742),
            (3, 1, 5, 878887116),
            (1, 2, 1, 880606923),
            (2, 0, 2, 886397596),
            (5, 0, 2, 886397597),
        ]
    )
    same(dataset, users, movies, ratings)
    assert dataset.levels == WHOLE_STARS


@pytest.mark.parametrize(
    ("age", "group"),
    [
        (1, 1),
        (17, 1),
        (18, 18),
        (24, 18),
        (25, 25),
        (34, 25),
        (35, 35),
        (44, 35),
        (45, 45),
        (49, 45),
        (50, 50),
        (55, 50),
        (56, 56),
    ],
)
def test_100k_ages_become_groups_of_1m(tmp_path, age, group):
    files = changed(ONE_HUNDRED_K, "u.user", 1, f"1|{age}|M|writer|00001")
    assert movielens.read(write(tmp_path, files)).users["age"].iloc[0] == group


def test_csv_has_half_stars_and_no_demographics(tmp_path):
    dataset = movielens.read(write(tmp_path, CSV))
    nobody = [None, None]
    movies = movies_frame(
        [
            (1, "Lantern (1995)", 1995, "Adventure|Children's|IMAX"),
            (7, "The Owl (Le Hibou) (1996)", 1996, ""),
            (2, 'Say "Now" (1997)', 1997, "Comedy"),
            (5, "夜 (2003–2004)", None, "Sci-Fi"),
        ]
    )
    ratings = ratings_frame(
        [(0, 1, 4.5, 964982703), (0, 0, 0.5, 964981247), (1, 2, 3, 964982224), (0, 2, 5, 964983815)]
    )
    same(dataset, users_frame([2, 1], nobody, nobody, nobody), movies, ratings)
    assert dataset.levels == HALF_STARS
    assert dataset.users[["sex", "age", "occupation"]].isna().all(axis=None)


@pytest.mark.parametrize("files", FORMATS.values(), ids=FORMATS)
def test_read_movies_equals_movies_of_the_dataset(tmp_path, files):
    folder = write(tmp_path, files)
    pd.testing.assert_frame_equal(movielens.read_movies(folder), movielens.read(folder).movies)


def test_a_folder_with_world_json_is_simulated(tmp_path):
    write(tmp_path, ONE_M)
    (tmp_path / "world.json").write_text("{}")
    assert movielens.read(tmp_path).simulated


@pytest.mark.parametrize(
    ("filed", "shown"),
    [
        ("Matrix, The (1999)", "The Matrix (1999)"),
        ("Seventh Seal, The (Sjunde inseglet, Det) (1957)", "The Seventh Seal (Det sjunde inseglet) (1957)"),
        ("Convent, The (Convento, O) (1995)", "The Convent (O Convento) (1995)"),
        ("Children Look, The (Bambini guardano, I) (1942)", "The Children Look (I Bambini guardano) (1942)"),
        ("Blue Angel, The (Blaue Engel, Der) (1930)", "The Blue Angel (Der Blaue Engel) (1930)"),
        ("Man, A (Man, En) (1990)", "A Man (En man) (1990)"),
        ("Fourth Man, The (Vierde man, De) (1983)", "The Fourth Man (De vierde man) (1983)"),
        ("Stockholm Song (Stora Stockholm, Det) (1970)", "Stockholm Song (Det Stora Stockholm) (1970)"),
        ("Owl (Gufo, Un') (1970)", "Owl (Un'Gufo) (1970)"),
        ("McFarland, USA (2015)", "McFarland, USA (2015)"),
        ("Me, Myself & I (1992)", "Me, Myself & I (1992)"),
        ("Withnail & I (1987)", "Withnail & I (1987)"),
        ("Henry Five, I (1990)", "Henry Five, I (1990)"),
        ("Go, Diego, Go (2005)", "Go, Diego, Go (2005)"),
        ("Enfer, L' (1994)", "L'Enfer (1994)"),
        ("Postman, Il (The Postman) (1994)", "Il Postman (The Postman) (1994)"),
        ("Hate (Haine, La) (1995)", "Hate (La Haine) (1995)"),
        ("Owl, the Cat, and I, The (Hibou, le chat, Le) (1966)", "The Owl, the Cat, and I (Le Hibou, le chat) (1966)"),
        ("Pro (a.k.a. Professional, The) (1994)", "Pro (a.k.a. The Professional) (1994)"),
        ("Bye Bye, Love (1995)", "Bye Bye, Love (1995)"),
        ("301, 302 (1995)", "301, 302 (1995)"),
        ("Thesis, A", "A Thesis"),
        ("Maybe, Theodore (1990)", "Maybe, Theodore (1990)"),
        ("  Padded (2001) ", "Padded (2001)"),
    ],
)
def test_articles_move_to_the_front(filed, shown):
    assert display_title(filed) == shown


@pytest.mark.parametrize(
    ("title", "year"),
    [("A (1999)", 1999), ("B (1984) (2000)", 2000), ("unknown", None), ("C (2003–2004)", None), ("2001", None)],
)
def test_year_is_the_last_one_in_parentheses(title, year):
    assert year_of(title) == year


def test_genres_become_those_of_1m():
    assert clean_genres("Adventure|Children|IMAX") == "Adventure|Children's|IMAX"
    assert clean_genres("(no genres listed)") == ""
    assert clean_genres("|".join(GENRES)) == "|".join(GENRES)


FAULTS = [
    # format, file, line, its text, fragments of the message
    ("1m", "ratings.dat", 3, "3\t20\t1\t978301968", ["1 field instead of 4", "tabs"]),
    ("1m", "ratings.dat", 3, "3,20,1,978301968", ["1 field instead of 4", "commas"]),
    ("1m", "ratings.dat", 3, "3:20:1:978301968", ["1 field instead of 4", "single colons"]),
    ("1m", "ratings.dat", 3, "3::20::1", ["3 fields instead of 4", "cut off"]),
    ("1m", "ratings.dat", 3, "3::20::1::978301968::5", ["5 fields instead of 4"]),
    ("1m", "ratings.dat", 3, "3:x:20::1::978301968", ["fields instead of 4"]),
    ("1m", "ratings.dat", 3, "x::20::1::978301968", ["user id 'x'", "digits"]),
    ("1m", "ratings.dat", 3, "3::2.5::1::978301968", ["movie id '2.5'"]),
    ("1m", "ratings.dat", 3, "::20::1::978301968", ["user id is empty"]),
    ("1m", "ratings.dat", 3, "3::20::::978301968", ["rating is empty"]),
    ("1m", "ratings.dat", 3, "3::20::good::978301968", ["rating 'good'"]),
    ("1m", "ratings.dat", 3, "3::20::1::", ["timestamp is empty"]),
    ("1m", "ratings.dat", 3, "3::20::1::yesterday", ["timestamp 'yesterday'"]),
    ("1m", "ratings.dat", 3, "0::20::1::978301968", ["user id 0", "out of range|start at 1"]),
    ("1m", "ratings.dat", 3, "-3::20::1::978301968", ["user id -3"]),
    ("1m", "ratings.dat", 3, "99999999999::20::1::978301968", ["user id 99999999999 is out of range"]),
    ("1m", "ratings.dat", 3, "4::20::1::978301968", ["user 4 is not in users.dat"]),
    ("1m", "ratings.dat", 3, "3::50::1::978301968", ["movie 50 is not in movies.dat"]),
    ("1m", "ratings.dat", 3, "3::20::0::978301968", ["rating 0 is not allowed", "1, 2, 3, 4, 5"]),
    ("1m", "ratings.dat", 3, "3::20::6::978301968", ["rating 6 is not allowed"]),
    ("1m", "ratings.dat", 3, "3::20::3.3::978301968", ["rating 3.3 is not allowed", "1, 2, 3, 4, 5"]),
    ("1m", "ratings.dat", 3, "3+20+1+978301968", ["1 field instead of 4", "separator seems to be '+'"]),
    ("1m", "ratings.dat", 3, "3##20##1##978301968", ["1 field instead of 4", "separator seems to be '#'"]),
    ("1m", "users.dat", 2, "3+M+56+16+00002", ["1 field instead of 5", "separator seems to be '+'"]),
    ("1m", "ratings.dat", 3, "3::20::nan::978301968", ["rating nan is not allowed"]),
    ("1m", "ratings.dat", 3, "3::20::1::788918399", ["timestamp 788918399", "1995"]),
    ("1m", "ratings.dat", 3, "3::20::1::4102444800", ["timestamp 4102444800", "2099"]),
    ("1m", "ratings.dat", 5, "3::40::2::97830027", ["timestamp 97830027", "cut off"]),
    ("1m", "ratings.dat", 4, "7::10::2::978301968", ["user 7 rates movie 10 again", "line 1"]),
    ("1m", "users.dat", 2, "3,M,56,16,00002", ["1 field instead of 5", "commas"]),
    ("1m", "users.dat", 2, "3::X::56::16::00002", ["sex 'X'", "F or M"]),
    ("1m", "users.dat", 2, "3::::56::16::00002", ["sex ''"]),
    ("1m", "users.dat", 2, "3::M::30::16::00002", ["age 30", "1, 18, 25"]),
    ("1m", "users.dat", 2, "3::M::56::21::00002", ["occupation 21", "0 to 20"]),
    ("1m", "users.dat", 2, "3::M::56::::00002", ["occupation is empty"]),
    ("1m", "users.dat", 2, "0::M::56::16::00002", ["user id 0"]),
    ("1m", "users.dat", 3, "7::M::25::0::00003", ["user id 7 is a duplicate", "line 1"]),
    ("1m", "movies.dat", 2, "40::No genres", ["2 fields instead of 3"]),
    ("1m", "movies.dat", 2, "forty::Title::Drama", ["movie id 'forty'"]),
    ("1m", "movies.dat", 2, "40::  ::Drama", ["title is empty"]),
    ("1m", "movies.dat", 2, "-1::Title::Drama", ["movie id '-1'"]),
    ("1m", "movies.dat", 3, "10::Again (2001)::Drama", ["movie id 10 is a duplicate", "line 1"]),
    ("100k", "u.data", 2, "1 1 3 891717742", ["1 field instead of 4", "<tab>"]),
    ("100k", "u.data", 2, "1\t9\t3\t891717742", ["movie 9 is not in u.item"]),
    ("100k", "u.data", 2, "9\t1\t3\t891717742", ["user 9 is not in u.user"]),
    ("100k", "u.user", 2, "2|0|F|student|00002", ["age 0"]),
    ("100k", "u.user", 2, "2|121|F|student|00002", ["age 121"]),
    ("100k", "u.user", 2, "2|18|F|wizard|00002", ["occupation 'wizard'"]),
    ("100k", "u.item", 2, "2|unknown||||1|0", ["7 fields instead of 24"]),
    ("100k", "u.item", 2, "2|unknown||||2|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0", ["'2'", "unknown", "0 or 1"]),
    ("csv", "ratings.csv", 1, "2,7,4.5,964982703", ["header", "userId,movieId,rating,timestamp"]),
    ("csv", "ratings.csv", 3, "2,1,3.3,964981247", ["rating 3.3 is not allowed", "0.5, 1, 1.5"]),
    ("csv", "ratings.csv", 3, "2,1,0,964981247", ["rating 0 is not allowed"]),
    ("csv", "ratings.csv", 3, "0,1,0.5,964981247", ["user id 0"]),
    ("csv", "ratings.csv", 3, "2;1;0.5;964981247", ["1 field instead of 4", "semicolons"]),
    ("csv", "ratings.csv", 3, "2,7,0.5,964981247", ["user 2 rates movie 7 again", "line 2"]),
    ("csv", "movies.csv", 1, "1,Lantern (1995),Adventure", ["header", "movieId,title,genres"]),
    ("csv", "movies.csv", 3, "7,Owl, The (1996),Drama", ["4 fields instead of 3"]),
    ("csv", "movies.csv", 3, '7,"Owl, The (1996),Drama', ["quoting"]),
    ("csv", "movies.csv", 3, "1,Again (1996),Drama", ["movie id 1 is a duplicate", "line 2"]),
]


@pytest.mark.parametrize(("form", "file", "line", "text", "fragments"), FAULTS, ids=[f"{f[1]}-{f[3]}" for f in FAULTS])
def test_fault_names_file_line_and_value(tmp_path, form, file, line, text, fragments):
    folder = write(tmp_path, changed(FORMATS[form], file, line, text))
    with pytest.raises(DatasetError) as caught:
        movielens.read(folder)
    message = str(caught.value)
    assert message.startswith(f"{folder / file}, line {line}: ")
    assert repr(text) in message
    for fragment in fragments:
        assert any(alternative in message for alternative in fragment.split("|")), message
    assert "\n" not in message


@pytest.mark.parametrize(("form", "file"), [(form, file) for form, files in FORMATS.items() for file in files])
@pytest.mark.parametrize("content", [b"", b"\n\n", b"\xef\xbb\xbf"])
def test_empty_file(tmp_path, form, file, content):
    (write(tmp_path, FORMATS[form]) / file).write_bytes(content)
    with pytest.raises(DatasetError, match=rf"{file}, line 1: .*"):
        movielens.read(tmp_path)


@pytest.mark.parametrize(
    ("form", "file"),
    [(form, file) for form, files in FORMATS.items() for file in files if file not in ("users.dat", "u.user")],
)
def test_missing_file(tmp_path, form, file):
    (write(tmp_path, FORMATS[form]) / file).unlink()
    with pytest.raises(DatasetError, match=rf"{file} is missing.*unzip"):
        movielens.read(tmp_path)


@pytest.mark.parametrize("file", ["ratings.csv", "movies.csv"])
def test_header_without_rows(tmp_path, file):
    write(tmp_path, {**CSV, file: CSV[file][:1]})
    with pytest.raises(DatasetError, match=rf"{file}, line 1: there are no"):
        movielens.read(tmp_path)


def test_user_without_rating(tmp_path):
    write(tmp_path, changed(ONE_M, "ratings.dat", 4, None))
    with pytest.raises(DatasetError, match=r"users\.dat, line 3: user 9 has no rating in ratings\.dat"):
        movielens.read(tmp_path)


def test_long_text_is_shortened(tmp_path):
    write(tmp_path, changed(ONE_M, "ratings.dat", 2, "7" * 5000))
    with pytest.raises(DatasetError) as caught:
        movielens.read(tmp_path)
    assert len(str(caught.value)) < 350 + len(str(tmp_path))


def test_the_first_fault_is_reported(tmp_path):
    # A repeat, an impossible time, a forbidden rating, an unknown movie, a broken line: one after the other.
    sound = [*ONE_M["ratings.dat"], "9::20::4::978300761"]
    broken = ["7::10::3::978302109", "3::20::1::12", "9::10::6::978300760", "3::99::2::978300275", "9::20::4"]
    lines = [sound[0], *broken]
    for at in range(1, len(lines)):
        write(tmp_path, {**ONE_M, "ratings.dat": lines})
        with pytest.raises(DatasetError, match=rf"ratings\.dat, line {at + 1}: "):
            movielens.read(tmp_path)
        lines[at] = sound[at]
    write(tmp_path, {**ONE_M, "ratings.dat": lines})
    assert len(movielens.read(tmp_path).ratings) == 6


def test_blank_lines_do_not_shift_the_line_number(tmp_path):
    write(tmp_path, changed(ONE_M, "ratings.dat", 3, "\n\n3::99::1::978301968"))
    with pytest.raises(DatasetError, match=r"ratings\.dat, line 5: movie 99"):
        movielens.read(tmp_path)


@pytest.mark.parametrize("what", ["absent", "file", "empty"])
def test_not_a_dataset_folder(tmp_path, what):
    place = tmp_path / "there"
    if what == "file":
        place.write_text("x")
    elif what == "empty":
        place.mkdir()
    with pytest.raises(DatasetError, match="there"):
        movielens.read(place)


# Text without line breaks, separators, and parentheses or commas, which titles give a meaning to.
plain = st.text(
    st.characters(max_codepoint=255, exclude_categories=("Cc", "Zs", "Zl", "Zp"), exclude_characters=":(),"),
    min_size=1,
    max_size=12,
)


@st.composite
def small_datasets(draw):
    ids = st.integers(1, 2**31 - 1)
    users = draw(st.lists(ids, min_size=1, max_size=5, unique=True))
    movies = draw(st.lists(ids, min_size=1, max_size=5, unique=True))
    people = [
        (user, draw(st.sampled_from(SEXES)), draw(st.sampled_from(AGES)), draw(st.integers(0, 20))) for user in users
    ]
    films = [
        (movie, draw(plain), draw(st.integers(1900, 2030)), draw(st.lists(st.sampled_from(GENRES), unique=True)))
        for movie in movies
    ]
    pairs = [(u, draw(st.sampled_from(range(len(movies))))) for u in range(len(users))]
    extra = st.tuples(st.sampled_from(range(len(users))), st.sampled_from(range(len(movies))))
    pairs = draw(st.permutations(sorted({*pairs, *draw(st.lists(extra, max_size=10))})))
    rows = [(u, m, draw(st.integers(1, 5)), draw(st.integers(788_918_400, 4_102_444_799))) for u, m in pairs]
    return people, films, rows


@given(small_datasets())
@settings(max_examples=60, deadline=None)
def test_any_valid_dataset_round_trips(tmp_path_factory, content):
    people, films, rows = content
    folder = write(
        tmp_path_factory.mktemp("any"),
        {
            "users.dat": ["::".join(map(str, (*person, "00000"))) for person in people],
            "movies.dat": [f"{movie}::{title} ({year})::{'|'.join(genres)}" for movie, title, year, genres in films],
            "ratings.dat": [f"{people[u][0]}::{films[m][0]}::{stars}::{time}" for u, m, stars, time in rows],
        },
        encoding="utf-8",
    )
    dataset = movielens.read(folder)
    ids, sexes, ages, codes = zip(*people, strict=True)
    movies = movies_frame([(m, f"{title} ({year})", year, "|".join(genres)) for m, title, year, genres in films])
    same(dataset, users_frame(ids, sexes, ages, [OCCUPATIONS[c] for c in codes]), movies, ratings_frame(rows))


@pytest.mark.real_data
def test_real_ml_1m(ml_1m):
    assert (len(ml_1m.users), len(ml_1m.movies), len(ml_1m.ratings)) == (6_040, 3_883, 1_000_209)
    assert (ml_1m.ratings["user"] == 0).sum() == 53
    assert ml_1m.ratings["rating"].between(1, 5).all()
    assert ml_1m.movies["year"].notna().all()
    assert ml_1m.users.notna().all(axis=None)
    assert not ml_1m.movies["title"].str.contains(r", (?:The|A|An|La|L') ?\(").any()
