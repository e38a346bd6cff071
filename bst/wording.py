"""Texts in the words of a dataset.

Everything that pages, reports and messages say is written once, of movies that are watched and rated. ``reword`` puts
the words of another dataset in their place. Only our own sentences may pass through it: a title is data, and is put
into a sentence afterwards, so that a book called "The Genre of Silence" keeps its name.
"""

import re
from collections.abc import Callable
from functools import lru_cache

from bst.domain import MOVIES, Domain

# from an item's id to its title
Title = Callable[[int], str]

_DEMOGRAPHICS = re.compile(r"\b(sex, age(?: groups?)?,? (and|or) occupation)\b", re.IGNORECASE)
# what someone did, not what was done: the past tense, which most participles are as well
_DID = re.compile(
    r"\b((?:they|somebody|someone|nobody|no one|everybody|everyone|people|users?|visitor|who)(?: last)?) watched\b",
    re.IGNORECASE,
)
_PAST_TENSES = {
    "chosen": "chose",
    "taken": "took",
    "eaten": "ate",
    "seen": "saw",
    "driven": "drove",
    "worn": "wore",
    "drunk": "drank",
    "given": "gave",
    "gone to": "went to",
    "done": "did",
    "flown": "flew",
    "ridden": "rode",
    "written": "wrote",
    "begun": "began",
    "gotten": "got",
}
_WORDS = re.compile(
    r"\b(?:(?P<article>an?) )?"
    r"(?P<word>movies?|films?|watch(?:ed|es|ing)?|genres?|posters?|blockbusters?|rat(?:ed?|es|ings?)|"
    # people and ratings are seen by a model
    r"(?<!it has never )(?<!it has not )(?<!model has not )(?<!model has )seen)\b",
    re.IGNORECASE,
)
# where a title goes
_TITLE = re.compile("\ue000(\\d+)\ue001")
_VOWELS = "aeiou"


def reword(text: str, domain: Domain = MOVIES) -> str:
    """Return one of our texts about movies in the words of ``domain``; of movies themselves, the text as it is.

    Where a dataset has no ratings, what was rated is what was consumed, and a rating is an event. A list of all of
    MovieLens' demographics becomes one of the dataset's.

    >>> books = Domain("book", "books", "borrow", "borrowed", "subject", "subjects", (), {}, rated=False)
    >>> reword("A movie that they watched and like: 5 ratings, a genre.", books)
    'A book that they borrowed and like: 5 events, a subject.'
    >>> reword("Who is watching"), reword("Who is watching", books)
    ('Who is watching', 'Who is borrowing')
    >>> reword("What they watched", Domain(consume="choose", consumed="chosen"))
    'What they chose'
    """
    words = _words(domain.item, domain.items, domain.consume, domain.consumed, domain.tag, domain.tags, domain.rated)
    labels = demographic_labels(domain)
    if labels != demographic_labels(MOVIES):
        text = _DEMOGRAPHICS.sub(lambda match: _like(match[1], enumerated(labels, match[2].lower())), text)
    if not words:
        return text
    did = _PAST_TENSES.get(domain.consumed, domain.consumed)
    return _WORDS.sub(_replacer(words), _DID.sub(lambda match: f"{match[1]} {did}", text))


def reword_around(build: Callable[[Title], str], title: Title, domain: Domain = MOVIES) -> str:
    """Return one of our sentences that holds titles in the words of ``domain``, with the titles as they are.

    ``build``: makes the sentence, given what returns the title of an item by its id.

    >>> books = Domain("book", "books", "borrow", "borrowed", "subject", "subjects", (), {})
    >>> reword_around(lambda title: f"No movie but {title(7)} was watched", {7: "Movie Tales"}.__getitem__, books)
    'No book but Movie Tales was borrowed'
    """
    text = reword(build("\ue000{}\ue001".format), domain)
    return _TITLE.sub(lambda match: title(int(match[1])), text)


def demographic_labels(domain: Domain) -> tuple[str, ...]:
    """Return what the demographics are called within a sentence, in their order."""
    return tuple(one.label for one in domain.demographics.values())


def enumerated(items: tuple[str, ...], conjunction: str) -> str:
    """Return things in a row, the last one after a conjunction; of none at all, "nothing".

    >>> enumerated(("sex", "age group", "occupation"), "or"), enumerated(("branch",), "and"), enumerated((), "or")
    ('sex, age group or occupation', 'branch', 'nothing')
    """
    if not items:
        return "nothing"
    *first, last = items
    return f"{', '.join(first)} {conjunction} {last}" if first else last


def third_person(verb: str) -> str:
    """Return a verb as it stands after "she": of several words, the first one changes.

    >>> [third_person(verb) for verb in ("watch", "borrow", "try", "listen to", "buy")]
    ['watches', 'borrows', 'tries', 'listens to', 'buys']
    """
    first, space, rest = verb.partition(" ")
    if first.endswith("y") and first[-2:-1] not in _VOWELS:
        first = f"{first[:-1]}ies"
    else:
        first += "es" if first.endswith(("s", "x", "z", "ch", "sh", "o")) else "s"
    return first + space + rest


def present_participle(verb: str) -> str:
    """Return the -ing form of a verb: of several words, the first one changes.

    >>> [present_participle(verb) for verb in ("watch", "borrow", "use", "get", "listen to", "see")]
    ['watching', 'borrowing', 'using', 'getting', 'listening to', 'seeing']
    """
    first, space, rest = verb.partition(" ")
    if first.endswith("e") and not first.endswith(("ee", "ye", "oe")):
        first = first[:-1]
    elif re.fullmatch(r"[^aeiou]*[aeiou][bdgmnprt]", first):  # one short syllable: its last consonant is doubled
        first += first[-1]
    return f"{first}ing{space}{rest}"


@lru_cache(maxsize=32)
def _words(item: str, items: str, consume: str, consumed: str, tag: str, tags: str, rated: bool) -> dict[str, str]:
    """Return the replacement of each word; empty where all are as they are for movies."""
    if (item, items, consume, consumed, tag, tags, rated) == (
        *(MOVIES.item, MOVIES.items, MOVIES.consume, MOVIES.consumed, MOVIES.tag, MOVIES.tags),
        MOVIES.rated,
    ):
        return {}
    consumes = third_person(consume)
    words = {"movie": item, "movies": items, "film": item, "films": items, "genre": tag, "genres": tags}
    words |= {"watch": consume, "watched": consumed, "watches": consumes, "watching": present_participle(consume)}
    words |= {"seen": consumed, "poster": "card", "posters": "cards"}
    words |= {"blockbuster": f"best-known {item}", "blockbusters": f"best-known {items}"}
    if not rated:
        words |= {"rate": consume, "rated": consumed, "rates": consumes, "rating": "event", "ratings": "events"}
    return words


def _replacer(words: dict[str, str]) -> Callable[[re.Match[str]], str]:
    def replace(match: re.Match[str]) -> str:
        word = words.get(match["word"].lower())
        if word is None:  # a rating, where there are some
            return match[0]
        if match["article"] is None:
            return _like(match["word"], word)
        article = "an" if word[0].lower() in _VOWELS else "a"
        return _like(match["article"], article) + " " + _like(match["word"], word)

    return replace


def _like(before: str, after: str) -> str:
    """Return ``after``, beginning with a capital where ``before`` does."""
    return after[:1].upper() + after[1:] if before[:1].isupper() else after
