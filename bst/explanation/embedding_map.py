"""The model's picture of the movies: which are near each other, and a map of all of them in two dimensions."""

from dataclasses import dataclass

import numpy as np

from bst.inference.recommender import Recommender

# how many neighbours of each movie the map tries to keep, and how many its quality is told by
PERPLEXITY, NEIGHBOURS = 30, 10


@dataclass(frozen=True)
class Map:
    """A map of a catalogue: ``x`` and ``y`` (movies,) float64 in −1 … 1, in the catalogue's order.

    ``trustworthiness`` 0 … 1: how far the ten nearest on the map are near in the embedding too (Venna & Kaski 2001);
    1 where each of them is, about 0.5 for a map drawn by lot. None for catalogues too small to tell.
    """

    x: np.ndarray
    y: np.ndarray
    method: str
    trustworthiness: float | None


def nearest(recommender: Recommender, movie_id: int, k: int = 10) -> list[tuple[int, float]]:
    """Return the ``k`` movies nearest to one in the model's embedding, nearest first: (movie id, cosine −1 … 1).

    Raises ``VisitorError`` for a movie that is not in the catalogue.
    """
    row = recommender.catalogue.row(movie_id)
    cosines = recommender.embeddings @ recommender.embeddings[row]
    order = np.argsort(-cosines, kind="stable")
    ids = recommender.catalogue.movies["movie_id"].to_numpy()
    return [(int(ids[other]), float(cosines[other])) for other in order[order != row][:k]]


def embedding_map(recommender: Recommender, seed: int = 0) -> Map:
    """Lay out all movies on a plane by t-SNE of their embeddings (van der Maaten & Hinton 2008), cosine distances.

    The same seed gives the same map. Takes about a second for 1,000 movies. scikit-learn loads only here: the app reads
    what was worked out when the bundle was made.
    """
    vectors = recommender.embeddings
    movies = len(vectors)
    if movies < 4:  # nothing to lay out: a row
        return Map(np.linspace(-1, 1, movies) if movies > 1 else np.zeros(movies), np.zeros(movies), "row", None)
    from sklearn.manifold import TSNE, trustworthiness
    from threadpoolctl import threadpool_limits

    perplexity = min(PERPLEXITY, (movies - 1) / 3)
    with threadpool_limits(1):  # several threads wait for each other longer than they help, above all on a busy machine
        layout = TSNE(perplexity=perplexity, metric="cosine", init="pca", random_state=seed).fit_transform(vectors)
        neighbours = min(NEIGHBOURS, (movies - 1) // 2)
        good = float(trustworthiness(vectors, layout, n_neighbors=neighbours, metric="cosine"))
    # centred, then one scale for both axes, so that distances stay what they are
    layout = layout - (layout.min(axis=0) + layout.max(axis=0)) / 2
    layout = (layout / np.abs(layout).max()).round(3).astype(float)
    return Map(layout[:, 0], layout[:, 1], f"t-SNE, perplexity {perplexity:g}, cosine distances", good)
