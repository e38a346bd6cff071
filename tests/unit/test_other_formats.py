"""Datasets as other people have them: read where they can be, with what was assumed; else named for what they are."""

import gzip
import shutil

import numpy as np
import pytest
from handmade import CSV, FORMATS, ONE_HUNDRED_K, ONE_M, changed, write

from bst.datasets import movielens
from bst.datasets.tie_order import draw, is_numbering
from bst.errors import DatasetError
from bst.schema import HALF_STARS, WHOLE_STARS

# the ratings of handmade.CSV as (user id, movie id, stars, seconds)
RATINGS = [(2, 7, 4.5, 964982703), (2, 1, 0.5, 964981247), (1, 2, 3.0, 964982224), (2, 2, 5.0, 964983815)]
MOVIES = [(1, "Lantern (1995)"), (7, "The Owl (Le Hibou) (1996)"), (2, 'Say "Now" (1997)'), (5, "夜 (2003–2004)")]


def rows(dataset):
    """Ratings with ids, as they stand in the dataset."""
    table = dataset.ratings
    users = dataset.users["user_id"].to_numpy()[table["user"]].tolist()
    movies = dataset.movies["movie_id"].to_numpy()[table["movie"]].tolist()
    return list(zip(users, movies, table["rating"].tolist(), table["timestamp"].tolist(), strict=True))


def movies(dataset):
    return list(dataset.movies[["movie_id", "title"]].itertuples(index=False, name=None))


def refused(folder) -> str:
    with pytest.raises(DatasetError) as caught:
        movielens.read(folder)
    return str(caught.value)


# ---- "::" and 100K


def test_10m_has_half_stars_and_no_users(tmp_path):
    files = {name: lines for name, lines in ONE_M.items() if name != "users.dat"}
    files["ratings.dat"] = ["7::10::4.5::978300760", "7::40::3::978302109", "3::20::0.5::978301968"]
    dataset = movielens.read(write(tmp_path, files))
    assert rows(dataset) == [(7, 10, 4.5, 978300760), (7, 40, 3, 978302109), (3, 20, 0.5, 978301968)]
    assert dataset.levels == HALF_STARS
    assert dataset.users[["sex", "age", "occupation"]].isna().all(axis=None)
    assert dataset.notes == ("There is no users.dat: nothing is known about the users.",)


def test_half_stars_in_a_format_with_whole_stars(tmp_path):
    ratings = [ONE_M["ratings.dat"][0].replace("::5::", "::4.5::"), *ONE_M["ratings.dat"][1:]]
    dataset = movielens.read(write(tmp_path, ONE_M | {"ratings.dat": ratings}))
    assert rows(dataset)[0] == (7, 10, 4.5, 978300760)
    assert dataset.levels == HALF_STARS
    assert "half stars" in dataset.notes[0]
    assert movielens.read(write(tmp_path, ONE_M)).levels == WHOLE_STARS


def test_100k_without_users(tmp_path):
    full = movielens.read(write(tmp_path / "full", ONE_HUNDRED_K))
    files = {name: lines for name, lines in ONE_HUNDRED_K.items() if name != "u.user"}
    dataset = movielens.read(write(tmp_path / "part", files))
    assert rows(dataset) == rows(full)
    assert dataset.users["user_id"].tolist() == [5, 1, 4, 2, 3, 6]  # as they come in u.data
    assert dataset.users[["sex", "age", "occupation"]].isna().all(axis=None)
    assert dataset.notes == ("There is no u.user: nothing is known about the users.",)


@pytest.mark.parametrize(("factor", "unit"), [(1000, "milliseconds"), (10**6, "microseconds"), (10**9, "nanoseconds")])
@pytest.mark.parametrize("form", FORMATS)
def test_times_in_finer_units(tmp_path, form, factor, unit):
    file, mark = {"1m": ("ratings.dat", "::"), "100k": ("u.data", "\t"), "csv": ("ratings.csv", ",")}[form]
    header = FORMATS[form][file][: form == "csv"]
    lines = [line.split(mark) for line in FORMATS[form][file][len(header) :]]
    finer = [mark.join([*fields[:3], str(int(fields[3]) * factor + 7)]) for fields in lines]
    dataset = movielens.read(write(tmp_path / "fine", FORMATS[form] | {file: header + finer}))
    usual = movielens.read(write(tmp_path / "usual", FORMATS[form]))
    assert sorted(rows(dataset)) == sorted(rows(usual))
    assert unit in " ".join(dataset.notes)


def test_order_within_a_second_is_kept(tmp_path):
    lines = ["7::10::5::978300760900", "7::40::3::978300760100", "3::20::1::978301968000", "9::10::4::978300760000"]
    dataset = movielens.read(write(tmp_path, ONE_M | {"ratings.dat": lines}))
    assert [row[:2] for row in rows(dataset) if row[0] == 7] == [(7, 40), (7, 10)]
    assert set(dataset.ratings["timestamp"]) == {978300760, 978301968}


# ---- where the files are


@pytest.mark.parametrize("form", FORMATS)
def test_unzipped_one_level_too_deep(tmp_path, form):
    usual = movielens.read(write(tmp_path / "usual", FORMATS[form]))
    write(tmp_path / "outer" / "ml", FORMATS[form])
    (tmp_path / "outer" / "__MACOSX").mkdir()
    dataset = movielens.read(tmp_path / "outer")
    assert rows(dataset) == rows(usual)
    assert dataset.name == "outer"
    assert dataset.notes == ("The files are in the folder ml within outer.",)
    write(tmp_path / "outer" / "second", FORMATS[form])
    assert "several datasets; name one of its folders: ml, second" in refused(tmp_path / "outer")


@pytest.mark.parametrize("form", FORMATS)
def test_files_compressed_by_gzip(tmp_path, form):
    folder = write(tmp_path / "packed", FORMATS[form])
    usual = movielens.read(folder)
    for file in FORMATS[form]:
        with (folder / file).open("rb") as plain, gzip.open(folder / f"{file}.gz", "wb") as packed:
            shutil.copyfileobj(plain, packed)
        (folder / file).unlink()
    dataset = movielens.read(folder)
    assert rows(dataset) == rows(usual)
    assert movies(dataset) == movies(usual)
    assert dataset.notes == ()


@pytest.mark.parametrize("form", FORMATS)
def test_damaged_gzip(tmp_path, form):
    for file in FORMATS[form]:
        folder = write(tmp_path / file, FORMATS[form])
        content = gzip.compress((folder / file).read_bytes())
        (folder / file).unlink()
        for damaged in (content[:-9], content[:15], b"no gzip at all", content[:12] + b"\0\0\0" + content[15:]):
            (folder / f"{file}.gz").write_bytes(damaged)
            assert f"{file}.gz is damaged" in refused(folder)


@pytest.mark.parametrize(
    ("content", "fragments"),
    [
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 7\n", ["Git LFS", "git lfs pull"]),
        (b"\n<!DOCTYPE html>\n<html><body>Sign in</body></html>\n", ["web page", "download"]),
        (b"<html lang='en'>", ["web page"]),
        (b"PK\x03\x04\x14\0\0\0", ["zip archive or an Excel file"]),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", ["Excel file"]),
        (b"\x1f\x8b\x08\0", ["gzip", ".gz"]),
        ("1,2,3,4".encode("utf-16"), ["UTF-16", "UTF-8"]),
        (b"PAR1\x15\x04", ["Parquet"]),
    ],
)
@pytest.mark.parametrize("form", FORMATS)
def test_files_of_other_types_are_named(tmp_path, form, content, fragments):
    for file in FORMATS[form]:
        folder = write(tmp_path / file, FORMATS[form])
        (folder / file).write_bytes(content)
        message = refused(folder)
        assert message.startswith(f"{folder / file} is ")
        for fragment in fragments:
            assert fragment in message


@pytest.mark.parametrize(
    ("file", "mend"), [("ml-1m.zip", "unzip it"), ("ratings.xlsx", "save it as CSV"), ("data.tar.gz", "unzip it")]
)
def test_archives_in_the_folder_are_named(tmp_path, file, mend):
    (tmp_path / file).write_bytes(b"PK\x03\x04")
    assert f"{file} is there: {mend}" in refused(tmp_path)
    write(tmp_path, {"ratings.dat": ONE_M["ratings.dat"]})
    assert f"{file} is there: {mend}" in refused(tmp_path)


def test_a_zip_in_place_of_a_folder(tmp_path):
    (tmp_path / "ml-1m.zip").write_bytes(b"PK\x03\x04")
    assert "unzip it and name the folder" in refused(tmp_path / "ml-1m.zip")


# ---- CSV


def table(header, mark=",", order=(0, 1, 2, 3), **changes) -> dict:
    """Return handmade.CSV with its ratings written in another way."""
    lines = [mark.join(str(row[i]) for i in order) for row in changes.get("ratings", RATINGS)]
    return CSV | {"ratings.csv": [mark.join(header), *lines]}


@pytest.mark.parametrize(
    ("header", "order"),
    [
        (("user_id", "movie_id", "rating", "timestamp"), (0, 1, 2, 3)),
        (("user", "item_id", "stars", "ts"), (0, 1, 2, 3)),
        (("Rating", "UserID", "MovieID", "Date"), (2, 0, 1, 3)),
        (("timestamp", "uid", "score", "item"), (3, 0, 2, 1)),
    ],
)
@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
def test_columns_are_found_by_name(tmp_path, header, order, mark):
    dataset = movielens.read(write(tmp_path, table(header, mark, order)))
    assert rows(dataset) == RATINGS
    assert any("userId is" in note or "movieId is" in note for note in dataset.notes)
    assert any("separated by" in note for note in dataset.notes) == (mark != ",")


def test_additional_columns_are_ignored(tmp_path):
    lines = [f"{i},{u},{m},Title “{m}”,{s},{t}" for i, (u, m, s, t) in enumerate(RATINGS)]
    files = CSV | {"ratings.csv": [",userId,movieId,title,rating,timestamp", *lines]}
    dataset = movielens.read(write(tmp_path, files))
    assert rows(dataset) == RATINGS
    assert dataset.notes == ("ratings.csv: not read are the columns 'title'.",)


def test_numbers_of_other_programs(tmp_path):
    lines = [f"{u}.0;{m};{str(s).replace('.', ',')};{t}.0" for u, m, s, t in RATINGS]
    files = CSV | {"ratings.csv": ["userId;movieId;rating;timestamp", *lines]}
    assert rows(movielens.read(write(tmp_path, files))) == RATINGS


@pytest.mark.parametrize(
    "written", ["%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d %H:%M:%S.000"]
)
def test_times_as_text(tmp_path, written):
    times = [np.datetime64(row[3], "s").item().strftime(written) for row in RATINGS]
    files = CSV | {"rating.csv": ['"userId","movieId","rating","timestamp"'], "movie.csv": CSV["movies.csv"]}
    files["rating.csv"] += [f'{u},{m},{s},"{time}"' for (u, m, s, _), time in zip(RATINGS, times, strict=True)]
    del files["ratings.csv"], files["movies.csv"]
    dataset = movielens.read(write(tmp_path, files))
    assert rows(dataset) == RATINGS
    assert movies(dataset) == MOVIES
    assert dataset.notes == ("The times in rating.csv are read as dates in UTC.",)


def test_without_times_the_order_of_the_file_is_kept(tmp_path):
    lines = [f"{u},{m},{s}" for u, m, s, _ in RATINGS]
    dataset = movielens.read(write(tmp_path, CSV | {"ratings.csv": ["userId,movieId,rating", *lines]}))
    assert [row[:3] for row in rows(dataset)] == [row[:3] for row in RATINGS]
    assert (dataset.has_times, dataset.tie_order) == (False, "file")
    assert dataset.notes == ("ratings.csv has no times: each user's ratings are in the order of the file.",)


def test_movies_with_other_columns(tmp_path):
    lines = ["Name;Year;Genre;ID", "Lantern;1995;Adventure, Children;1", "Owl, The (1996);1996;;7", "Now;;Comedy;2"]
    dataset = movielens.read(write(tmp_path, CSV | {"movies.csv": lines}))
    assert movies(dataset) == [(1, "Lantern (1995)"), (7, "The Owl (1996)"), (2, "Now")]
    assert dataset.movies["genres"].tolist() == ["Adventure|Children's", "", "Comedy"]
    assert dataset.movies["year"].isna().tolist() == [False, False, True]


def test_movies_in_latin_1(tmp_path):
    write(tmp_path, CSV)
    (tmp_path / "movies.csv").write_bytes(
        b"movieId,title,genres\n1,A,Drama\n7,Caf\xe9 \x93Noir\x94 (1996),Drama\n2,B,\n"
    )
    dataset = movielens.read(tmp_path)
    assert dataset.movies["title"].tolist() == ["A", "Café “Noir” (1996)", "B"]
    assert "Latin-1" in dataset.notes[0]


@pytest.mark.parametrize(
    ("header", "line", "fragments"),
    [
        ("userId,movieId,rating,timestamp", "2,7,4.5,04/18/2026", ["timestamp '04/18/2026'", "2005-04-02 23:53:47"]),
        ("user;item;stars;time", "2;7;;964982703", ["rating is empty"]),
        ("user;item;stars;time", "2;x;4;964982703", ["movie id 'x'"]),
        ("user;item;stars;time", "2;7;8;964982703", ["rating 8 is not allowed"]),
        ("user;item;stars;time", "2;7;4", ["3 fields instead of 4"]),
        ("film,stars", "7,4", ["unexpected header", "userId,movieId,rating,timestamp"]),
    ],
)
def test_faults_in_csv_name_line_and_value(tmp_path, header, line, fragments):
    message = refused(write(tmp_path, CSV | {"ratings.csv": [header, line]}))
    assert message.startswith(f"{tmp_path / 'ratings.csv'}, line {1 if 'header' in fragments[0] else 2}: ")
    for fragment in fragments:
        assert fragment in message


# ---- ties in time


def numbered(mark=","):
    """Ratings of three users, all in one second each, sorted by user and movie, of 40 movies."""
    movies = ["movieId,title,genres", *(f"{m},Film {m} (2000),Drama" for m in range(1, 41))]
    lines = [f"{u},{m},4,{964982703 + u}" for u in (1, 2, 3) for m in range(u, 41)]
    return {"movies.csv": movies, "ratings.csv": ["userId,movieId,rating,timestamp", *lines]}


def test_ties_in_order_of_movie_numbers_are_shuffled(tmp_path):
    dataset = movielens.read(write(tmp_path / "sorted", numbered()))
    assert dataset.tie_order == "drawn"
    assert sorted(rows(dataset)) == [(u, m, 4.0, 964982703 + u) for u in (1, 2, 3) for m in range(u, 41)]
    for user in (1, 2, 3):
        ids = np.array([row[1] for row in rows(dataset) if row[0] == user])
        assert 0.25 < (np.diff(ids) > 0).mean() < 0.75
    orders = [[row[1] for row in rows(dataset) if row[0] == user and row[1] > 3] for user in (1, 2, 3)]
    assert orders[0] != orders[1] != orders[2] != orders[0]
    again = movielens.read(write(tmp_path / "again", numbered()))
    assert rows(again) == rows(dataset)


def test_time_takes_precedence_over_the_shuffle(tmp_path):
    files = numbered()
    lines = [line.rsplit(",", 1) for line in files["ratings.csv"][1:]]
    files["ratings.csv"][1:] = [f"{rest},{int(time) + 60 * (at % 3)}" for at, (rest, time) in enumerate(lines)]
    dataset = movielens.read(write(tmp_path, files))
    assert dataset.tie_order == "drawn"
    for user in range(3):
        assert dataset.ratings[dataset.ratings["user"] == user]["timestamp"].is_monotonic_increasing


def test_a_meaningful_file_order_is_kept(tmp_path):
    files = numbered()
    rng = np.random.default_rng(1)
    files["ratings.csv"][1:] = [files["ratings.csv"][1:][i] for i in rng.permutation(len(files["ratings.csv"]) - 1)]
    dataset = movielens.read(write(tmp_path, files))
    assert dataset.tie_order == "file"
    written = [tuple(map(int, line.split(",")[:2])) for line in files["ratings.csv"][1:]]
    assert [row[:2] for row in rows(dataset)] == written


def test_1m_keeps_its_order_even_if_sorted(tmp_path):
    lines = sorted(ONE_M["ratings.dat"])
    dataset = movielens.read(write(tmp_path, ONE_M | {"ratings.dat": lines}))
    assert dataset.tie_order == "file"
    assert ["::".join(map(str, (u, m, int(s), t))) for u, m, s, t in rows(dataset)] == lines


def test_the_shuffle_depends_on_the_rating_alone():
    user, movie, time = (np.array(values, np.int64) for values in ([1, 1, 2], [5, 6, 5], [10, 10, 10]))
    drawn = draw(user, movie, time)
    assert len(set(drawn.tolist())) == 3
    assert draw(user[1:], movie[1:], time[1:]).tolist() == drawn[1:].tolist()


@pytest.mark.parametrize(
    ("user", "movie", "numbering"),
    [
        ([0, 0, 0, 1, 1], [1, 4, 9, 2, 3], True),
        ([0, 0, 0, 1, 1], [9, 4, 1, 3, 2], True),  # the highest first
        ([0, 1, 0, 1, 0], [1, 2, 4, 3, 9], True),  # sorted by movie, users between each other
        ([0, 0, 0, 1, 1], [4, 1, 9, 2, 3], False),
        ([0, 1, 2], [1, 2, 3], False),  # nobody has two
    ],
)
def test_is_numbering(user, movie, numbering):
    assert is_numbering(np.array(user), np.array(movie), np.arange(len(user))) is numbering


@pytest.mark.parametrize(("ties", "numbering"), [(30, True), (5, False)])
def test_is_numbering_for_a_file_sorted_by_time(ties, numbering):
    """Each second has two movies in ascending order, and every second's are lower than those of the one before."""
    time = np.repeat(np.arange(ties), 2)
    movie = np.array([number for at in range(ties) for number in (1000 - 2 * at, 1001 - 2 * at)])
    assert is_numbering(np.zeros(2 * ties, int), movie, time) is numbering


@pytest.mark.parametrize("line", ["0x7::10::5::978300760", "7::0XA::5::978300760", "7::10::5::0x3A4FC8F8"])
def test_a_hexadecimal_number_is_none(tmp_path, line):
    assert "line 1" in refused(write(tmp_path, changed(FORMATS["1m"], "ratings.dat", 1, line)))


# ---- nothing else than a message


@pytest.mark.parametrize(("form", "file"), [(form, file) for form, files in FORMATS.items() for file in files])
@pytest.mark.parametrize("content", [b"x" * 1_000_000, b"1::" + b"x" * 1_000_000 + b"::Drama", b"\xff\x00" * 500_000])
def test_a_megabyte_in_a_field_gives_a_short_message(tmp_path, form, file, content):
    folder = write(tmp_path / "d", FORMATS[form])
    with (folder / file).open("ab") as end:
        end.write(content)
    assert len(refused(folder)) - len(str(folder)) < 300


@pytest.mark.parametrize("mark", ["::", "|", ","])
def test_a_megabyte_of_separators_gives_a_short_message(tmp_path, mark):
    form, file = {"::": ("1m", "movies.dat"), "|": ("100k", "u.user"), ",": ("csv", "movies.csv")}[mark]
    lines = FORMATS[form][file]
    for at in range(len(lines[1].split(mark))):
        for long in ("9" * 1_000_000, "x" * 19_000, "\x01" * 19_000):
            fields = lines[1].split(mark)
            fields[at] = long
            folder = write(tmp_path / "d", FORMATS[form] | {file: [lines[0], mark.join(fields), *lines[2:]]})
            try:
                movielens.read(folder)
            except DatasetError as error:
                assert len(str(error)) - len(str(folder)) < 300  # noqa: PT017


@pytest.mark.parametrize("sign", ["\x00", "\x1b[31m", "\u202e", "\u2066", "\u200f", "\u2028", "\x85", "\ufeff"])
def test_control_characters_are_removed_from_titles(tmp_path, sign):
    lines = ["movieId,title,genres", f"1,Lan{sign}tern (1995),Dra{sign}ma", *CSV["movies.csv"][2:]]
    titles = movielens.read(write(tmp_path, CSV | {"movies.csv": lines})).movies
    assert not set(sign[0]) & set(titles["title"][0] + titles["genres"][0])
    assert titles["title"][0].startswith("Lan")
    assert titles["title"][0].endswith("tern (1995)")
    assert titles["year"][0] == 1995


def test_a_title_of_control_characters_is_empty(tmp_path):
    lines = ["movieId,title,genres", "1,\u202e\x00 ,Drama"]
    assert "the title is empty" in refused(write(tmp_path, CSV | {"movies.csv": lines}))
