"""The scorer of the timeline model by the inference engine: the one that serves."""

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cache, cached_property

import autograd.numpy as np
from autograd import make_vjp

from bst.models.config import Sizes, Task
from bst.models.timeline.config import TimelineConfig
from bst.models.timeline.engine import catalogue
from bst.models.timeline.engine.arrays import softmax
from bst.models.timeline.engine.cache import KVCache
from bst.models.timeline.engine.catalogue_towers import CatalogueInference, LikeInference
from bst.models.timeline.engine.first_stage import FEW, TimelineFirstStage
from bst.models.timeline.engine.prefix_cache import SharedPrefixPredictor
from bst.models.timeline.engine.rating_tower import EncodedVisitors, RatingInference
from bst.models.timeline.scorer import Inputs, Rate, TimelineScorer
from bst.models.weights import Array, Weights, as_tree
from bst.parallel import use_one_blas_thread
from bst.schema import Visitor
from bst.scoring.encoding import encode_history, encode_without_each, with_other_ratings
from bst.scoring.packed import PackedVisitors
from bst.scoring.results import CandidateScores, Predictions
from bst.scoring.scorer import RowsOf, VisitorBatch, passes

# a shorter history has no prefix to share
LEAST_SHARED = 2
# that take the memory of one candidate in a pass
LOGITS_A_CANDIDATE = 128
CATALOGUE_TOWERS: dict[Task, type[CatalogueInference]] = {"next": CatalogueInference, "like": LikeInference}


class NumpyTimelineScorer(TimelineScorer):
    """As ``TimelineScorer``, in NumPy. ``weights``: all that ``shapes.weight_shapes`` names."""

    def __init__(
        self, config: TimelineConfig, sizes: Sizes, weights: Weights, levels: tuple[float, ...], rows_of: RowsOf
    ):
        super().__init__(levels, config.max_history, config.tasks, rows_of, sizes)
        use_one_blas_thread()
        tree, towers = as_tree(weights), config.towers
        if self._rates:
            self._rating = RatingInference(tree.rating, towers["rating"], config.train_length, sizes)
        self._towers: dict[str, CatalogueInference] = {
            task: kind(getattr(tree, task), towers[task], config.train_length, sizes)
            for task, kind in CATALOGUE_TOWERS.items()
            if task in towers
        }
        self._shared_prefix = SharedPrefixPredictor(self._rating if self._rates else None, self._towers)

    def retrieve(self, visitor: Visitor, rows: Array, tasks: Collection[str]) -> Predictions:
        """Predict the whole catalogue without the rating tower: ratings are those of the factor model."""
        inputs = self._inputs([visitor], [rows])
        logits = {task: self._catalogue_logits(task, inputs) for task in self._towers if task in tasks}
        expected = self._rating.fold_in_predictions(inputs) if self._rates else self._means(self._guess(1, None))
        return self._predictions(expected, None, logits, [visitor], [rows]).of_visitor(0)

    def batches(self, visitors: PackedVisitors) -> list["TimelineBatch"]:
        """Return the visitors in batches of similar length: see ``Scorer``."""

        def batch(which: Array) -> TimelineBatch:
            return TimelineBatch(which, lambda: self._packed_inputs(visitors, which), self._rating, self._towers)

        lengths = np.minimum(visitors.lengths, self.max_history)
        movies = max((tower.output_vectors.shape[1] for tower in self._towers.values()), default=1)
        return [batch(which) for which in passes(lengths, movies // LOGITS_A_CANDIDATE)]

    @cached_property
    def first_stage(self) -> TimelineFirstStage:
        """What an index of items can be made of: the towers' vectors."""
        return TimelineFirstStage(self._rating, self._towers, lambda visitor, rows: self._inputs([visitor], [rows]))

    def movie_vectors(self) -> Array:
        """Return the first tower's vectors of all movies, genres and year included: (movies, width) float32."""
        return (self._rating if self._rates else next(iter(self._towers.values()))).movie_vectors

    def _rate(self, inputs: Inputs) -> Rate:
        encode = cache(lambda: self._rating.encode(inputs))

        def rate(movies: Array | None, visitor: int | None = None) -> Array:
            encoded = encode()
            if movies is not None and len(movies) <= FEW:
                one = encoded if visitor is None else _one(encoded, visitor, inputs)
                return softmax(self._rating.score(one, movies)[0])
            visitors = range(len(inputs["movie"])) if visitor is None else [visitor]
            return np.stack([catalogue.distributions(self._rating, _one(encoded, i, inputs), movies) for i in visitors])

        return rate

    def _catalogue_logits(self, task: str, inputs: Inputs, movies: Array | None = None) -> Array:
        tower = self._towers[task]
        return tower.logits(*tower.encode(inputs), slice(None) if movies is None else movies)

    def _attention_arrays(self, inputs: Inputs, movie: int) -> tuple[Array, Array]:
        cache = KVCache()
        _, weights = self._rating.score(self._rating.encode(inputs, cache), np.array([movie]))
        return weights[0, :, :, 0], _of_first(cache.weights)

    def _tower_attention_arrays(self, task: str, inputs: Inputs) -> tuple[Array, Array]:
        cache = KVCache()
        self._towers[task].encode(inputs, cache)
        newest = np.stack([weights[0, :, -1] for weights in cache.weights])
        return newest, _of_first(cache.weights[:-1])

    def _scaled_gradients(
        self, task: str, inputs: Inputs, movie: int, event_scale: Array, profile_scale: Array
    ) -> tuple[Array, Array, Array]:
        movies, stars = np.array([movie]), np.array(self.levels, np.float32)

        def predicted(scales: tuple[Array, Array]) -> Array:
            scaled = inputs | dict(zip(("event_scale", "profile_scale"), scales, strict=True))
            if task != "rating":
                return self._catalogue_logits(task, scaled, movies)[:, 0]
            return softmax(self._rating.score(self._rating.encode(scaled), movies)[0])[:, 0] @ stars

        # no prediction depends on the scales of another row, so that one pass back gives the gradients of all
        vjp, values = make_vjp(predicted)((event_scale, profile_scale))
        return values, *vjp(np.ones_like(values))

    # ---- a history in many variants: what they share is read once

    def score_movie_without_each(
        self, visitor: Visitor, rows: Array, movie: int, catalogue_logits: bool = True
    ) -> CandidateScores:
        """Score ``movie`` for the visitor, then without each event: see ``Scorer``."""
        if len(rows) < LEAST_SHARED or not (self._rates or catalogue_logits):
            return super().score_movie_without_each(visitor, rows, movie, catalogue_logits)
        levels, logits = self._shared_prefix.predict(
            *self._without_each_inputs(visitor, rows, None), np.array([movie]), catalogue_logits
        )
        if levels is None:
            levels = self._guess(1 + min(len(rows), self.max_history), np.array([movie]))
        return self._scores(levels[:, 0], {name: values[:, 0] for name, values in logits.items()})

    def expected_without_each(
        self, visitor: Visitor, rows: Array, movies: Array, positions: Sequence[int] | None = None
    ) -> Array:
        """Return expected ratings of ``movies`` without each event: see ``Scorer``."""
        if len(rows) < LEAST_SHARED or not self._rates:
            return super().expected_without_each(visitor, rows, movies, positions)
        inputs = self._without_each_inputs(visitor, rows, positions)
        return self._means(self._distributions(*inputs, movies))

    def like_logit_without_each(
        self, visitor: Visitor, rows: Array, movies: Array, positions: Sequence[int] | None = None
    ) -> Array:
        """Return ``like_logit`` of ``movies`` without each event: see ``Scorer``."""
        if len(rows) < LEAST_SHARED or "like" not in self.tasks:
            return super().like_logit_without_each(visitor, rows, movies, positions)
        return self._shared_prefix.logits("like", *self._without_each_inputs(visitor, rows, positions), movies)

    def expected_if_rated(
        self, visitor: Visitor, rows: Array, movie: int, positions: Sequence[int] | None = None
    ) -> Array:
        """Return the expected rating of ``movie`` if an event had another rating: see ``Scorer``."""
        history = encode_history(visitor, rows, self.max_history)
        events = np.arange(len(history.movie)) if positions is None else np.asarray(positions, int)
        if not len(events):
            return np.zeros((0, len(self.levels)))
        if not self._rates:
            return super().expected_if_rated(visitor, rows, movie, positions)
        changed, cells = with_other_ratings(history, self.levels, events)
        unchanged = self._model_inputs(history.as_batch(), [visitor])
        batches = [unchanged, self._model_inputs(changed, [visitor])]
        expected = self._means(self._distributions(unchanged, batches, np.array([movie])))[:, 0]
        table = np.full((len(events), len(self.levels)), expected[0])
        table[cells] = expected[1:]
        return table

    def _distributions(self, history: Inputs, variants: list[Inputs], movies: Array) -> Array:
        distributions, _ = self._shared_prefix.predict(history, variants, movies, False)
        assert distributions is not None
        return distributions

    def _without_each_inputs(
        self, visitor: Visitor, rows: Array, positions: Sequence[int] | None
    ) -> tuple[Inputs, list[Inputs]]:
        """Return the history, and as batches all that is read of it, then what is without each event."""
        history, without = encode_without_each(visitor, rows, self.max_history, positions)
        read = encode_history(visitor, rows, self.max_history)
        batches = [self._model_inputs(part, [visitor]) for part in (read.as_batch(), without)]
        return self._model_inputs(history.as_batch(), [visitor]), batches


class TimelineBatch(VisitorBatch):
    """Visitors whose histories are encoded together, by each tower when it is first asked."""

    def __init__(
        self,
        which: Array,
        read: Callable[[], Inputs],
        rating: RatingInference,
        towers: Mapping[str, CatalogueInference],
    ):
        self.which, self._read, self._rating, self._towers = which, read, rating, towers

    @cached_property
    def _inputs(self) -> Inputs:
        return self._read()

    @cached_property
    def _encoded(self) -> EncodedVisitors:
        return self._rating.encode(self._inputs)

    def logits(self, task: str) -> Array:
        """Return the logits of ``task``: see ``VisitorBatch``."""
        tower = self._towers[task]
        return tower.logits(*tower.encode(self._inputs))

    def distribution(self, index: int, movies: Array) -> Array:
        """Return how visitor ``which[index]`` will rate ``movies``: see ``VisitorBatch``."""
        return catalogue.distributions(self._rating, _one(self._encoded, index, self._inputs), movies)


def _of_first(weights: Sequence[Array]) -> Array:
    """Return the attention of the first visitor between tokens, given that of each layer: (layers, H, T, T)."""
    return np.stack(weights)[:, 0] if weights else np.zeros((0, 0, 0, 0))


def _one(encoded: EncodedVisitors, row: int, inputs: Inputs) -> EncodedVisitors:
    """Return one of several visitors, without padding."""
    tokens, at = int((inputs["movie"][row] >= 0).sum()) + 1, slice(row, row + 1)
    contexts = [(context[at, :tokens], bias[at, ..., :tokens]) for context, bias in encoded.contexts]
    return EncodedVisitors(contexts, *(part[at] for part in encoded[1:]))
