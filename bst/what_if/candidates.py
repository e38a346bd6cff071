"""Which edits of a history are worth trying, and which pairs of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from bst.inference.recommender import Recommender
from bst.schema import Visitor
from bst.what_if.edits import Add, Drop, Edit, Rate, Swap

# histories up to this length have all pairs of events swapped, longer ones neighbours, and all with both ends
ALL_SWAPS = 12
# events are removed and added as a whole: as much of a change as so many stars
WHOLE_EVENT = 3.0
# of so many promising edits all pairs are looked at
PROMISING = 150
FEWEST_TO_ADD = 30


@dataclass(frozen=True)
class EditCandidate:
    """Edits and how they did: with a ``margin`` from 0 up they seem to reach the goal."""

    edits: tuple[Edit, ...]
    size: float
    margin: float = -np.inf

    @property
    def rank(self) -> tuple:
        """What comes first: fewer edits, then smaller ones, then those that do more."""
        return len(self.edits), self.size, -self.margin

    @property
    def movies(self) -> frozenset[int]:
        """The movies that are edited."""
        return frozenset(movie for edit in self.edits for movie in _movies(edit))

    @property
    def kind(self) -> frozenset:
        """What is done to which movies, whatever the stars: of several of a kind only the smallest is of interest."""
        return frozenset((type(edit), *_movies(edit)) for edit in self.edits)


def _movies(edit: Edit) -> tuple[int, ...]:
    return (edit.first, edit.second) if isinstance(edit, Swap) else (edit.movie_id,)


def size(edit: Edit, visitor: Visitor) -> float:
    """Return how large an edit is: stars changed, or places moved; ``WHOLE_EVENT`` for a movie that comes or goes."""
    if isinstance(edit, Rate):
        return abs(visitor.ratings[edit.movie_id] - edit.rating)
    if isinstance(edit, Swap):
        order = list(visitor.ratings)
        return float(abs(order.index(edit.first) - order.index(edit.second)))
    return WHOLE_EVENT


def single_edits(recommender: Recommender, visitor: Visitor, movie_id: int, budget: int) -> list[EditCandidate]:
    """Return single edits worth trying for a movie, the smallest first; none to events that the model does not read.

    Each event removed or rated otherwise, events swapped, and the movies nearest to this one added as the newest, with
    the highest and the lowest rating. About half of the budget is left for pairs.
    """
    levels, events = recommender.bundle.levels, recommender.read_events(visitor)
    edits: list[Edit] = [Drop(event.movie_id) for event in events]
    edits += [Rate(event.movie_id, level) for event in events for level in levels if level != event.rating]
    edits += [Swap(events[i].movie_id, events[j].movie_id) for i, j in _swaps(len(events))]
    movies = max(FEWEST_TO_ADD, (budget // 2 - len(edits)) // 2)
    for movie in _nearest(recommender, visitor, movie_id, movies):
        edits += [Add(movie, levels[-1]), Add(movie, levels[0])]
    return sorted((EditCandidate((edit,), size(edit, visitor)) for edit in edits), key=lambda trial: trial.size)


def _swaps(events: int) -> list[tuple[int, int]]:
    places = combinations(range(events), 2)
    return [(i, j) for i, j in places if events <= ALL_SWAPS or j == i + 1 or i == 0 or j == events - 1]


def _nearest(recommender: Recommender, visitor: Visitor, movie_id: int, most: int) -> list[int]:
    """Return unseen movies that are nearest to one in the model's own picture of them: it learns most from these."""
    vectors, catalogue = recommender.embeddings, recommender.catalogue
    near = vectors @ vectors[catalogue.row(movie_id)]
    near[catalogue.rows([movie_id, *visitor.all_seen])] = -np.inf
    best = np.argsort(-near, kind="stable")[: min(most, int(np.isfinite(near).sum()))]
    return catalogue.movies["movie_id"].to_numpy()[best].tolist()


def pairs(tried: Sequence[EditCandidate], start: float) -> Iterator[EditCandidate]:
    """Yield pairs of the most promising single edits that do not reach the goal alone.

    In turn the smallest of those that should reach it if effects added up, and the strongest of all. ``start``: the
    margin without any edit.
    """
    short = (trial for trial in tried if -np.inf < trial.margin < 0)
    helping = sorted(short, key=lambda trial: -trial.margin)[:PROMISING]
    gain = np.array([trial.margin - start for trial in helping])
    sizes = np.array([trial.size for trial in helping])
    one, other = np.triu_indices(len(helping), 1)
    together, larger = start + gain[one] + gain[other], sizes[one] + sizes[other]
    strongest = np.argsort(-together, kind="stable")
    likely = strongest[together[strongest] >= 0]
    smallest = likely[np.argsort(larger[likely], kind="stable")]
    given: set[int] = set()
    for pair in _in_turn(smallest.tolist(), strongest.tolist()):
        first, second = helping[one[pair]], helping[other[pair]]
        if pair not in given and not first.movies & second.movies:
            given.add(pair)
            yield EditCandidate((*first.edits, *second.edits), float(larger[pair]))


def _in_turn(*lists: list[int]) -> Iterator[int]:
    for place in range(max(map(len, lists))):
        yield from (items[place] for items in lists if place < len(items))
