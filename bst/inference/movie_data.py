"""What lists need to know of a catalogue's movies: how many ratings each has, what the model learned of it, filters."""

from functools import cached_property
from pathlib import Path

import numpy as np

from bst.bundles import rating_counts
from bst.bundles.bundle import Bundle
from bst.datasets import load
from bst.datasets.catalogue import Catalogue
from bst.errors import DatasetError
from bst.inference import ranking
from bst.inference.ranking import Filters, genre_columns
from bst.schema import Dataset, Visitor, genre_matrix
from bst.scoring.first_stage import FirstStage
from bst.scoring.scorer import Scorer


class MovieData:
    """Arrays over the movies of a catalogue, each made when it is first needed.

    ``dataset``: what the bundle was trained on, or its name or folder; it is read only where the numbers of ratings
    are neither given, as ``counts`` (movies,), nor in the bundle.
    """

    def __init__(
        self,
        bundle: Bundle,
        catalogue: Catalogue,
        scorer: Scorer,
        dataset: Dataset | str | Path,
        counts: np.ndarray | None = None,
    ):
        self.catalogue, self._counts = catalogue, counts
        self._bundle, self._scorer, self._dataset = bundle, scorer, dataset
        self._genres = genre_matrix(catalogue.movies, catalogue.domain.tag_values)
        self._years = ranking.years_of(catalogue.movies)

    @cached_property
    def rating_counts(self) -> np.ndarray:
        """How many ratings each movie has in the dataset, (movies,) int64.

        As the bundle has them; otherwise from the whole dataset, which is read once. Raises ``DatasetError`` if neither
        is there.
        """
        stored = rating_counts.read(self._bundle) if self._counts is None else self._counts
        if stored is not None:
            return stored
        dataset = self._dataset if isinstance(self._dataset, Dataset) else load(self._dataset)
        return rating_counts.count(dataset)

    @cached_property
    def known_rating_counts(self) -> np.ndarray | None:
        """``rating_counts``, or None where neither the bundle nor a dataset has them."""
        try:
            return self.rating_counts
        except DatasetError:
            return None

    @cached_property
    def popularity_percentile(self) -> np.ndarray:
        """The share of the catalogue that has fewer ratings than each movie: (movies,). See ``Filters.popularity``."""
        return ranking.popularity_percentile(self.rating_counts)

    # ---- what the model learned of movies

    @cached_property
    def first_stage(self) -> FirstStage | None:
        """What finds candidates in a large catalogue; None where a list is made from all movies."""
        return self._scorer.first_stage if len(self.catalogue) > ranking.MOST_WITHOUT_INDEX else None

    @cached_property
    def embeddings(self) -> np.ndarray:
        """The model's vector of each movie: (movies, D) float32 of length 1, whose dot products are cosines.

        The mean of the learned vectors is subtracted, as what all movies share does not distinguish them.
        """
        return self._normed(self._scorer.movie_vectors())

    def vectors_of(self, rows: np.ndarray) -> np.ndarray:
        """Return ``embeddings`` of some movies: (N, D); those of a large catalogue are not made for it."""
        return self.embeddings[rows] if self.first_stage is None else self._normed(self._scorer.movie_vectors()[rows])

    @cached_property
    def _mean_vector(self) -> np.ndarray:
        return self._scorer.movie_vectors().mean(axis=0)

    def _normed(self, vectors: np.ndarray) -> np.ndarray:
        vectors = vectors - self._mean_vector
        return (vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)).astype(np.float32)

    # ---- filters

    def allowed(self, visitor: Visitor, filters: Filters) -> np.ndarray:
        """Return which movies pass the filters for a visitor: (movies,) bool.

        Raises ``VisitorError`` for a movie or a genre that is unknown, ``DatasetError`` if movies are filtered by
        popularity and the dataset is gone.
        """
        allowed = np.ones(len(self.catalogue), bool)
        if not filters.include_seen:
            allowed[self.catalogue.rows(visitor.all_seen)] = False
        if filters.candidates is not None:
            listed = np.zeros(len(self.catalogue), bool)
            listed[self.catalogue.rows(filters.candidates)] = True
            allowed &= listed
        if filters.genres:
            allowed &= self._genres[:, genre_columns(filters.genres, self.catalogue.domain)].any(axis=1)
        if filters.years:
            first, last = filters.years
            allowed &= (self._years >= first) & (self._years <= last)
        if filters.popularity:
            allowed &= ranking.in_range(self.popularity_percentile, filters.popularity)
        return allowed
