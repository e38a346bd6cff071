"""The model's embedding of the movies: which are similar, and a map of all of them in two dimensions."""

from dataclasses import dataclass

import numpy as np

from bst.inference.recommender import Recommender

# how many neighbours of each movie the map tries to keep, and how many its trustworthiness is measured by
PERPLEXITY, NEIGHBOURS = 30, 10
# fewer movies than this are laid out in a row
LEAST_MOVIES = 4


@dataclass(frozen=True)
class EmbeddingMap:
    """A map of a catalogue: ``x`` and ``y`` of each movie, −1 … 1, in the catalogue's order.

    ``trustworthiness`` 0 … 1: how far the ten nearest movies on the map are near in the embedding too (Venna & Kaski
    2001); 1 where all of them are, about 0.5 for a random map. None for catalogues that are too small.
    """

    x: tuple[float, ...]
    y: tuple[float, ...]
    method: str
    trustworthiness: float | None


def nearest(recommender: Recommender, movie_id: int, k: int = 10) -> list[tuple[int, float]]:
    """Return the ``k`` movies most similar to one in the model's embedding, best first: (movie id, cosine −1 … 1).

    Raises ``VisitorError`` for a movie that is not in the catalogue.
    """
    row = recommender.catalogue.row(movie_id)
    cosines = recommender.embeddings @ recommender.embeddings[row]
    order = np.argsort(-cosines, kind="stable")
    ids = recommender.catalogue.movies["movie_id"].to_numpy()
    return [(int(ids[other]), float(cosines[other])) for other in order[order != row][:k]]


def embedding_map(recommender: Recommender, seed: int = 0) -> EmbeddingMap:
    """Lay out all movies in two dimensions by t-SNE of their embeddings (van der Maaten & Hinton 2008), by cosine.

    The same seed gives the same map. Takes about a second for 1,000 movies. scikit-learn loads only here: the app reads
    maps that were computed when a bundle was made.
    """
    vectors = recommender.embeddings
    movies = len(vectors)
    if movies < LEAST_MOVIES:
        row = np.linspace(-1, 1, movies) if movies > 1 else np.zeros(movies)
        return EmbeddingMap(tuple(row.tolist()), (0.0,) * movies, "row", None)
    from sklearn.manifold import TSNE, trustworthiness
    from threadpoolctl import threadpool_limits

    perplexity = min(PERPLEXITY, (movies - 1) / 3)
    with threadpool_limits(1):  # several threads cost more in waiting than they gain, above all on a busy machine
        # a start of two principal components needs vectors of two numbers
        init = "pca" if vectors.shape[1] > 1 else "random"
        layout = TSNE(perplexity=perplexity, metric="cosine", init=init, random_state=seed).fit_transform(vectors)
        neighbours = min(NEIGHBOURS, (movies - 1) // 2)
        trust = float(trustworthiness(vectors, layout, n_neighbors=neighbours, metric="cosine"))
    # centred, then one scale for both axes, so that distances stay what they are
    layout = layout - (layout.min(axis=0) + layout.max(axis=0)) / 2
    layout = (layout / np.abs(layout).max()).round(3).astype(float)
    x, y = (tuple(values) for values in layout.T.tolist())
    return EmbeddingMap(x, y, f"t-SNE, perplexity {perplexity:g}, cosine distances", round(trust, 3))
