"""Which movie of a catalogue a name in a person's own list matches, and which it must not match."""

import pytest

from bst.datasets import load_movies
from bst.datasets.catalogue import Catalogue
from bst.visitors.imports import Confidence, Entry, Matcher
from bst.visitors.imports.names import split_year
from tests.unit.handmade_catalogue import catalogue_of, taken


@pytest.fixture(scope="module")
def demo() -> Catalogue:
    return Catalogue(load_movies("demo"))


@pytest.fixture(scope="module")
def matcher(demo) -> Matcher:
    return Matcher(demo)


# title and year in a file, and the film of the demo catalogue; None: it must not match any
PAIRS = [
    # punctuation, accents, case, articles
    ("amelie", 2001, "Amélie (2001)"),
    ("Leon: The Professional", 1994, "Léon: The Professional (1994)"),
    ("Matrix, The", 1999, "The Matrix (1999)"),
    ("WALL-E", 2008, "WALL·E (2008)"),
    ("WALL•E", 2008, "WALL·E (2008)"),
    ("MASH", 1970, "M*A*S*H (1970)"),
    ("Spiderman", 2002, "Spider-Man (2002)"),
    ("Good Bye, Lenin!", 2003, "Good Bye Lenin! (2003)"),
    ("Face Off", 1997, "Face/Off (1997)"),
    ("Romeo and Juliet", 1996, "Romeo + Juliet (1996)"),
    ("Withnail and I", 1987, "Withnail & I (1987)"),
    ("(500) Days of Summer", 2009, "(500) Days of Summer (2009)"),
    ("tick, tick…BOOM!", 2021, "tick, tick... BOOM! (2021)"),
    ("[REC]", 2007, "[Rec] (2007)"),
    ("$", 1971, "$ (1971)"),
    # numbers, however they are written
    ("12 Monkeys", 1995, "Twelve Monkeys (1995)"),
    ("Twelve Angry Men", 1957, "12 Angry Men (1957)"),
    ("8 1/2", 1963, "8½ (1963)"),
    ("Alien 3", 1992, "Alien³ (1992)"),
    ("101 Dalmatians", 1961, "One Hundred and One Dalmatians (1961)"),
    ("Se7en", 1995, "Se7en (1995)"),
    ("Seven", 1995, "Se7en (1995)"),
    # parts of a series
    ("The Godfather: Part II", 1974, "The Godfather Part II (1974)"),
    ("The Godfather Part 2", 1974, "The Godfather Part II (1974)"),
    ("Godfather", 1972, "The Godfather (1972)"),
    ("Toy Story II", 1999, "Toy Story 2 (1999)"),
    ("Rocky 4", 1985, "Rocky IV (1985)"),
    ("Friday the 13th: Part II", 1981, "Friday the 13th Part 2 (1981)"),
    ("Kill Bill: Volume 1", 2003, "Kill Bill: Vol. 1 (2003)"),
    ("Star Trek: The Wrath of Khan", 1982, "Star Trek II: The Wrath of Khan (1982)"),
    ("Terminator 2", 1991, "Terminator 2: Judgment Day (1991)"),
    ("Die Hard 2: Die Harder", 1990, "Die Hard 2 (1990)"),
    ("The Godfather", 1974, None),
    ("Toy Story", 1999, None),
    ("Toy Story 3", 1999, None),
    ("Halloween", 1981, None),
    ("Rocky", 1979, None),
    ("Rocky V", 1990, None),
    ("Terminator", 1991, None),
    ("Aliens", 1979, None),
    ("Alien", 1986, None),
    ("Ivan the Terrible, Part II", 1944, None),
    ("Harry Potter and the Deathly Hallows: Part 1", 2010, None),
    ("The Hunger Games: Mockingjay - Part 1", 2014, None),
    # remakes and namesakes, which differ by the year
    ("Scarface", 1932, "Scarface (1932)"),
    ("Scarface", 1983, "Scarface (1983)"),
    ("King Kong", 1933, "King Kong (1933)"),
    ("King Kong", 2005, "King Kong (2005)"),
    ("King Kong", 1976, None),
    ("Beauty and the Beast", 1991, "Beauty and the Beast (1991)"),
    ("Beauty and the Beast", 2017, None),
    ("West Side Story", 2021, "West Side Story (2021)"),
    ("Solaris", 2002, None),
    ("Psycho", 1998, None),
    ("Dune", 1984, None),
    ("The Killer", 1946, None),
    ("The Killers", 1989, None),
    ("Pinocchio", 2022, None),
    ("Crash", 2004, None),
    # a year off by one: festival and release
    ("Koyaanisqatsi", 1983, "Koyaanisqatsi (1982)"),
    ("The General", 1927, "The General (1926)"),
    ("Casablanca", 1943, "Casablanca (1942)"),
    ("Casablanca", 1945, None),
    # shorter and longer names
    ("Star Wars: Episode IV - A New Hope", 1977, "Star Wars (1977)"),
    ("Star Wars: Episode V - The Empire Strikes Back", 1980, "The Empire Strikes Back (1980)"),
    ("Star Wars: Episode I – The Phantom Menace", 1999, "Star Wars: Episode I - The Phantom Menace (1999)"),
    ("Indiana Jones and the Raiders of the Lost Ark", 1981, "Raiders of the Lost Ark (1981)"),
    (
        "Dr. Strangelove",
        1964,
        "Dr. Strangelove or: How I Learned to Stop Worrying and Love the Bomb (1964)",
    ),
    ("Birdman or (The Unexpected Virtue of Ignorance)", 2014, "Birdman (2014)"),
    (
        "Borat: Cultural Learnings of America for Make Benefit Glorious Nation of Kazakhstan",
        2006,
        "Borat (2006)",
    ),
    ("Life of Brian", 1979, "Monty Python's Life of Brian (1979)"),
    ("William Shakespeare's Romeo + Juliet", 1996, "Romeo + Juliet (1996)"),
    ("The Phantom Menace", 1999, "Star Wars: Episode I - The Phantom Menace (1999)"),
    ("Interview with the Vampire", 1994, "Interview with the Vampire: The Vampire Chronicles (1994)"),
    ("The Making of Raiders of the Lost Ark", 1981, None),
    ("Classic Creatures: Return of the Jedi", 1983, None),
    ("Kung Fu Panda: Secrets of the Furious Five", 2008, None),
    ("Ratatouille: Your Friend the Rat", 2007, None),
    ("Batman: Gotham Knight", 2008, None),
    ("The Making of: Blade Runner", 1982, None),
    ("E.T.", 1982, None),
    # originals, translations, spelling
    ("Le Fabuleux Destin d'Amélie Poulain", 2001, "Amélie (2001)"),
    ("Sen to Chihiro no kamikakushi", 2001, "Spirited Away (2001)"),
    ("La vita è bella", 1997, "Life Is Beautiful (1997)"),
    ("Harry Potter and the Sorcerer's Stone", 2001, "Harry Potter and the Philosopher's Stone (2001)"),
    ("The Road Warrior", 1981, "Mad Max 2 (1981)"),
    ("Three Colors: Red", 1994, "Three Colours: Red (1994)"),
    ("Three Colors: Blue", 1994, "Three Colours: Blue (1993)"),
    ("Trois couleurs: Rouge", 1994, "Three Colours: Red (1994)"),
    ("Blue Is the Warmest Color", 2013, "Blue Is the Warmest Colour (2013)"),
    ("Three Colors: Green", 1994, None),
    ("City Light", 1931, None),
    ("Twisted", 1996, None),
    # nothing similar, or too short to guess
    ("Hero", 2013, None),
    ("Ma", 1931, None),
    ("Up!", 2010, "Up (2009)"),
    ("Us", 2009, None),
    ("A Film That Nobody Made", 1999, None),
    ("The", 1999, None),
    ("…", 1999, None),
]


def test_there_are_enough_pairs():
    assert len(PAIRS) >= 60
    assert sum(film is None for _, _, film in PAIRS) >= 30


@pytest.mark.parametrize(("title", "year", "film"), PAIRS, ids=[f"{title} {year}" for title, year, _ in PAIRS])
def test_tricky_pairs(title, year, film, matcher):
    assert taken(matcher, title, year) == film


def test_names_in_brackets_are_names():
    """Titles as MovieLens writes them."""
    films = catalogue_of(
        "Seven (Se7en) (1995)",
        "The Professional (a.k.a. Leon: The Professional) (1994)",
        "Hate (La Haine) (1995)",
        "Star Wars: Episode VI - Return of the Jedi (1983)",
        "Shanghai Triad (Yao a yao yao dao waipo qiao) (1995)",
        "Star Trek: The Wrath of Khan (1982)",
        "Mad Max 2 (a.k.a. The Road Warrior) (1981)",
    )
    matcher = Matcher(films)
    for title, year, film in (
        ("Se7en", 1995, 0),
        ("Léon", 1994, 1),
        ("Leon: The Professional", 1994, 1),
        ("La haine", 1995, 2),
        ("Return of the Jedi", 1983, 3),
        ("Shanghai Triad", 1995, 4),
        ("Star Trek II: The Wrath of Khan", 1982, 5),
        ("Mad Max 2: The Road Warrior", 1981, 6),
    ):
        assert taken(matcher, title, year) == films.movies["title"][film], title


def test_a_part_is_not_the_film_without_parts():
    matcher = Matcher(catalogue_of("Che: Part One (2008)", "Che: Part Two (2008)", "Nymphomaniac: Vol. II (2013)"))
    assert taken(matcher, "Che: Part 2", 2008) == "Che: Part Two (2008)"
    assert taken(matcher, "Che", 2008) is None
    assert taken(matcher, "Nymphomaniac", 2013) is None
    assert taken(matcher, "Nymphomaniac: Volume I", 2013) is None


def test_unsure_matches_are_suggested_only(matcher, demo):
    for title, year, film, reason in (
        ("The Godfather", 1974, "The Godfather (1972)", "1972 here"),
        ("Ratatouille: Your Friend the Rat", 2007, "Ratatouille (2007)", "without its second title"),
        ("Jaws", None, "Jaws (1975)", "no year in the file"),
        ("Moulin Rogue!", 2001, "Moulin Rouge! (2001)", "a similar name"),
        ("Dr. Strangelove", 1963, "Dr. Strangelove or: How I Learned to Stop Worrying", "1964 here"),
    ):
        match = matcher.match_one(Entry(1, title, year, stars=4.0))
        assert match.confidence == Confidence.UNSURE
        assert demo.title(match.movie_id).startswith(film)
        assert reason in match.reason


def test_reasons_for_no_match(matcher):
    def reason(title, year, **more):
        match = matcher.match_one(Entry(1, title, year, stars=4.0, **more))
        assert (match.movie_id, match.confidence) == (None, Confidence.NONE)
        return match.reason

    assert reason("A Film That Nobody Made", 1999) == "not in this catalogue"
    assert reason("Halloween III", 1982) == "not in this catalogue"
    assert reason("Psycho", 1998) == "not in this catalogue; of that name it has Psycho (1960)"
    assert reason("Scarface", None) == "no year, and could be any of: Scarface (1932) · Scarface (1983)"
    assert reason("", None, movie_id=1) == "a number alone, and this catalogue has other numbers"
    assert reason("Fargo", 2014, refused="not a film, but: TV Series") == "not a film, but: TV Series"


def test_another_year_is_part_of_the_reason(matcher):
    match = matcher.match_one(Entry(1, "Koyaanisqatsi", 1983, stars=4.0))
    assert (match.confidence, match.reason) == (Confidence.LIKELY, "1982 here")


def test_a_film_for_television_needs_name_and_year(matcher):
    assert taken(matcher, "The Wrong Trousers", 1993, whole_film=False) == "The Wrong Trousers (1993)"
    assert taken(matcher, "The Wrong Trousers", 1994, whole_film=False) is None
    assert taken(matcher, "The Wrong Trouser", 1993, whole_film=False) is None


def test_a_short_or_a_mini_series_needs_confirmation():
    films = catalogue_of("Psycho (1960)", "Band of Brothers (2001)", "It (1990)", "A Close Shave (1995)")
    matcher = Matcher(films)
    for title, year, caveat in (
        ("Psycho", 1960, "a short in the file"),
        ("Band of Brothers", 2001, "a mini-series in the file"),
        ("It", 1990, "a mini-series in the file"),
        ("Wallace & Gromit: A Close Shave", 1995, "a short in the file"),
    ):
        match = matcher.match_one(Entry(1, title, year, stars=4.0, whole_film=False, caveat=caveat))
        assert match.confidence == Confidence.UNSURE, title
        assert caveat in match.reason
    # another year is another film
    assert matcher.match_one(Entry(1, "It", 1992, stars=4.0, whole_film=False, caveat="x")).movie_id is None
    assert matcher.match_one(Entry(1, "It", 2017, stars=4.0)).movie_id is None


@pytest.mark.parametrize(
    ("title", "year", "film"),
    [
        ("Gone in Sixty Seconds", 2000, "Gone in 60 Seconds (2000)"),
        ("1984", 1984, "Nineteen Eighty-Four (1984)"),
        ("Nineteen Forty-One", 1979, "1941 (1979)"),
        ("Twenty Thousand Leagues Under the Sea", 1954, "20,000 Leagues Under the Sea (1954)"),
        ("The Taking of Pelham 1 2 3", 2009, "The Taking of Pelham One Two Three (2009)"),
        ("Two Hundred Motels", 1971, "200 Motels (1971)"),
        ("Fifty First Dates", 2004, "50 First Dates (2004)"),
        ("Mulholland Dr.", 2001, "Mulholland Drive (2001)"),
        ("Sunset Boulevard", 1950, "Sunset Blvd. (1950)"),
        ("Kramer versus Kramer", 1979, "Kramer vs. Kramer (1979)"),
        ("Doctor No", 1962, "Dr. No (1962)"),
        ("The Miracle on 34th St.", 1947, "Miracle on 34th Street (1947)"),
        ("Saint Elmo's Fire", 1985, "St. Elmo's Fire (1985)"),
        ("Ice Age: The Meltdown", 2006, "Ice Age 2: The Meltdown (2006)"),
        ("Ice Age 2", 2006, "Ice Age 2: The Meltdown (2006)"),
        ("Wallace & Gromit: A Close Shave", 1995, "A Close Shave (1995)"),
        ("Wallace & Gromit in The Wrong Trousers", 1993, "The Wrong Trousers (1993)"),
        ("Corpse Bride", 2005, "Tim Burton's Corpse Bride (2005)"),
    ],
)
def test_other_forms_of_a_name_match_in_both_directions(title, year, film):
    decoy = "Some Other Film (2001)"
    assert taken(Matcher(catalogue_of(decoy, film)), title, year) == film
    assert taken(Matcher(catalogue_of(decoy, f"{title} ({year})")), *split_year(film)) == f"{title} ({year})"


@pytest.mark.parametrize(
    ("title", "year", "film"),
    [
        ("Dracula", 1992, "Bram Stoker's Dracula (1992)"),
        ("Pinocchio", 2022, "Guillermo del Toro's Pinocchio (2022)"),
        ("Guillermo del Toro's Pinocchio", 2022, "Pinocchio (2022)"),
    ],
)
def test_one_word_with_an_owner_may_be_another_film(title, year, film):
    match = Matcher(catalogue_of("Some Other Film (2001)", film)).match_one(Entry(1, title, year, stars=4.0))
    assert (match.movie_id, match.confidence) == (2, Confidence.UNSURE)


def test_another_article_and_another_year_are_too_different():
    matcher = Matcher(catalogue_of("Fear (1996)", "The Boys (1997)"))
    assert taken(matcher, "The Fear", 1996) == "Fear (1996)"
    assert taken(matcher, "Fear", 1995) == "Fear (1996)"
    assert taken(matcher, "The Fear", 1995) is None
    assert taken(matcher, "Boys", 1996) is None
    assert taken(matcher, "Boys, The", 1996) == "The Boys (1997)"


def test_an_alternative_title_of_one_word_needs_the_year():
    matcher = Matcher(catalogue_of("Caché (2005)", "The Professional (1994)"))
    assert taken(matcher, "Hidden", 2005) == "Caché (2005)"
    assert taken(matcher, "Hidden", 2006) is None
    assert taken(matcher, "Léon: The Professional", 1995) == "The Professional (1994)"


def test_consecutive_number_words_are_not_added():
    matcher = Matcher(catalogue_of("One, Two, Three (1961)", "Twelve Monkeys (1995)", "Four Rooms (1995)"))
    assert taken(matcher, "1 2 3", 1961) == "One, Two, Three (1961)"
    assert taken(matcher, "Six", 1961) is None


def test_a_part_that_ends_in_its_number_is_not_the_film_without_parts():
    matcher = Matcher(catalogue_of("The Hunger Games: Mockingjay - Part 1 (2014)"))
    assert taken(matcher, "The Hunger Games: Mockingjay", 2014) is None


def test_many_entries_match_like_single_ones_with_progress(matcher, demo):
    entries = [Entry(row, *split_year(title), stars=4.0) for row, title in enumerate(demo.movies["title"])]
    entries += [Entry(2000 + row, f"{entry.title} Zzyzx", entry.year, stars=3.0) for row, entry in enumerate(entries)]
    seen: list[tuple[int, int]] = []
    matches = matcher.match(entries, lambda done, total: seen.append((done, total)))
    assert [match.movie_id for match in matches[: len(demo)]] == demo.movies["movie_id"].tolist()
    assert all(match.confidence == Confidence.NONE for match in matches[len(demo) :])
    assert seen[-1] == (len(entries), len(entries))
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert len(seen) > 2


def test_a_rated_row_takes_precedence_over_a_watched_one(matcher):
    rows = [Entry(1, "The Road Warrior", 1981, stars=1.0), Entry(2, "Mad Max 2", 1981)]
    rated, watched = matcher.match(rows)
    assert rated.movie_id is not None
    assert (watched.movie_id, watched.reason) == (None, "the same movie as “The Road Warrior”")


def test_the_original_title_is_matched_too(matcher):
    assert taken(matcher, "Das Leben ist schön", 1997) is None
    assert taken(matcher, "Das Leben ist schön", 1997, original_title="La vita è bella") == "Life Is Beautiful (1997)"


def test_two_rows_for_one_movie(matcher, demo):
    rows = [
        Entry(1, "Ratatouille", 2007, stars=5.0),
        Entry(2, "Ratatouille: Your Friend the Rat", 2007, stars=2.0),
        Entry(3, "The Road Warrior", 1981, stars=1.0),
        Entry(4, "Mad Max 2", 1981, stars=3.0),
    ]
    matches = matcher.match(rows)
    assert [match.movie_id and demo.title(match.movie_id) for match in matches] == [
        "Ratatouille (2007)",
        None,
        None,
        "Mad Max 2 (1981)",
    ]
    assert matches[1].reason == "not in this catalogue"
    assert matches[2].reason == "the same movie as “Mad Max 2”"


def test_a_movie_of_unknown_year_needs_confirmation():
    assert taken(Matcher(catalogue_of("Nobody Knows When")), "Nobody Knows When", 1999) is None
