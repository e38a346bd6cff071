"""Which edits of a history are worth trying, and which pairs of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from bst.inference.recommender import Recommender
from bst.schema import Visitor
from bst.what_if.edits import Add, Drop, Edit, Rate, Swap

# in histories up to this length all pairs of events are swapped; in longer ones neighbours, and all with both ends
ALL_SWAPS = 12
# the size of an edit that removes or adds a movie: as much of a change as this many stars
WHOLE_EVENT = 3.0
# pairs are made of this many of the most promising single edits
PROMISING = 150
FEWEST_TO_ADD = 30


@dataclass(frozen=True)
class EditCandidate:
    """Edits that may reach a goal. ``margin``: an estimate of how far beyond the goal they lead, negative if short."""

    edits: tuple[Edit, ...]
    size: float
    margin: float = -np.inf

    @property
    def sort_key(self) -> tuple[int, float, float]:
        """Fewer edits first, then smaller ones, then those that lead further."""
        return len(self.edits), self.size, -self.margin

    @property
    def movies(self) -> frozenset[int]:
        """The movies that are edited."""
        return frozenset(movie for edit in self.edits for movie in _movies(edit))

    @property
    def kind(self) -> frozenset[tuple]:
        """What is done to which movies, whatever the stars: of each kind only the smallest is of interest."""
        return frozenset((type(edit), *_movies(edit)) for edit in self.edits)


def _movies(edit: Edit) -> tuple[int, ...]:
    if isinstance(edit, Swap):
        return edit.first, edit.second
    assert isinstance(edit, Add | Drop | Rate)  # no other edits are candidates
    return (edit.movie_id,)


def size(edit: Edit, visitor: Visitor) -> float:
    """Return the size of an edit: stars or positions changed; ``WHOLE_EVENT`` for a movie that is added or removed."""
    if isinstance(edit, Rate):
        return abs(visitor.ratings[edit.movie_id] - edit.rating)
    if isinstance(edit, Swap):
        order = list(visitor.ratings)
        return float(abs(order.index(edit.first) - order.index(edit.second)))
    return WHOLE_EVENT


def single_edits(recommender: Recommender, visitor: Visitor, movie_id: int, budget: int) -> list[EditCandidate]:
    """Return single edits worth trying for a movie, the smallest first; none of events that the model does not read.

    Each event removed or rated differently, events swapped, and the movies most similar to this one added as the newest
    event, with the highest and the lowest rating. About half of the budget is left for pairs.
    """
    levels, events = recommender.bundle.levels, recommender.read_events(visitor)
    edits: list[Edit] = [Drop(event.movie_id) for event in events]
    edits += [Rate(event.movie_id, level) for event in events for level in levels if level != event.rating]
    edits += [Swap(events[i].movie_id, events[j].movie_id) for i, j in _swaps(len(events))]
    movies = max(FEWEST_TO_ADD, (budget // 2 - len(edits)) // 2)
    for movie in _most_similar(recommender, visitor, movie_id, movies):
        edits += [Add(movie, levels[-1]), Add(movie, levels[0])]
    return sorted((EditCandidate((edit,), size(edit, visitor)) for edit in edits), key=lambda one: one.size)


def _swaps(events: int) -> list[tuple[int, int]]:
    pairs = combinations(range(events), 2)
    return [(i, j) for i, j in pairs if events <= ALL_SWAPS or j == i + 1 or i == 0 or j == events - 1]


def _most_similar(recommender: Recommender, visitor: Visitor, movie_id: int, most: int) -> list[int]:
    """Return unseen movies by their similarity to one in the model's embedding: these tell the model most about it."""
    vectors, catalogue = recommender.embeddings, recommender.catalogue
    cosines = vectors @ vectors[catalogue.row(movie_id)]
    cosines[catalogue.rows([movie_id, *visitor.all_seen])] = -np.inf
    best = np.argsort(-cosines, kind="stable")[: min(most, int(np.isfinite(cosines).sum()))]
    return catalogue.movies["movie_id"].to_numpy()[best].tolist()


def pairs(tried: Sequence[EditCandidate], start: float) -> Iterator[EditCandidate]:
    """Yield pairs of the most promising single edits that do not reach the goal alone.

    Alternately the smallest pair that should reach it if effects add up, and the strongest of all. ``start``: the
    margin without any edit.
    """
    short = (candidate for candidate in tried if -np.inf < candidate.margin < 0)
    promising = sorted(short, key=lambda candidate: -candidate.margin)[:PROMISING]
    gains = np.array([candidate.margin - start for candidate in promising])
    sizes = np.array([candidate.size for candidate in promising])
    first, second = np.triu_indices(len(promising), 1)
    margin, total_size = start + gains[first] + gains[second], sizes[first] + sizes[second]
    strongest = np.argsort(-margin, kind="stable")
    likely = strongest[margin[strongest] >= 0]
    smallest = likely[np.argsort(total_size[likely], kind="stable")]
    yielded: set[int] = set()
    for pair in _alternate(smallest.tolist(), strongest.tolist()):
        one, other = promising[first[pair]], promising[second[pair]]
        if pair not in yielded and not one.movies & other.movies:
            yielded.add(pair)
            yield EditCandidate((*one.edits, *other.edits), float(total_size[pair]))


def _alternate(*lists: list[int]) -> Iterator[int]:
    for index in range(max(map(len, lists))):
        yield from (items[index] for items in lists if index < len(items))
