"""The timeline BST on a page: whole histories, no user id; ratings, the next movie, and what will be liked.

The Behavior Sequence Transformer (Chen et al. 2019, arXiv 1905.06874) over a whole history instead of a window. Three
towers read the same events, each with its own weights, as one overfits before the other has learnt much:

- The rating tower has two streams, as XLNet has (Yang et al. 2019, arXiv 1906.08237). In the content stream events
  attend to the visitor and to the events up to themselves. In the query stream the movie at position t attends to the
  visitor and to the events before t, and never sees its own rating.
- The next tower is a content stream alone, as SASRec (Kang & McAuley 2018, arXiv 1808.09781).
- The like tower is one, too; its labels are all later events that were liked.

So every position of every timeline is a training label, and one pass predicts them all. ``call`` is the definition;
``fast_inference`` computes the same for many candidates after the newest event.

Shapes: B timelines, T positions, H heads, D width, L rating levels, F factors, M movies of the catalogue.
"""

from typing import NamedTuple

import keras
import numpy as np
from keras import layers, ops

from bst.baselines.drift import Drift
from bst.baselines.factorisation import Factorisation
from bst.baselines.user_prior import UserPrior
from bst.models.config import DEMOGRAPHIC_SIZES, Sizes
from bst.models.constants import MASKED
from bst.models.layers import (
    EmbeddingWithUnknown,
    Inputs,
    Shape,
    Tensor,
    rms_normalize,
)
from bst.models.timeline.blocks import Block
from bst.models.timeline.config import TimelineConfig, TowerConfig
from bst.models.timeline.definition import (
    CALIBRATION,
    CONTENT_EXPANSION,
    HEAD_NUMBERS,
    HIDDEN_UNITS,
    ITEM_FEATURES,
    LOG_COUNT_SCALE,
    MOVIE_NUMBERS,
    QUERY_EXPANSION,
    USER_BIAS_DAMPING,
    VISITOR_NUMBERS,
    bucket_count,
    bucket_starts,
    distance_buckets,
)
from bst.models.timeline.fold_in import predict_prefixes
from bst.timelines.segments import EVENT_INPUTS, GAPS, MONTHS


def earlier(inputs: Inputs) -> Inputs:
    """Return the inputs without the newest event: what the predictions of all positions attend to."""
    return inputs | {name: inputs[name][:, :-1] for name in EVENT_INPUTS}


class Tower(layers.Layer):
    """What both towers share: movies, events and visitors as tokens of one width, and who may attend to what.

    visitor = token + sex + age + occupation;  event = movie + level + gap + W (rating − the movie's mean rating)
    """

    def __init__(self, config: TowerConfig, sizes: Sizes, levels: int, train_length: int, **kwargs):
        super().__init__(**kwargs)
        self.config, self.width, self.catalogue_size, self.levels = config, config.width, sizes.movies, levels
        self.max_distance = train_length - 1
        self.movie = layers.Embedding(sizes.movies, config.width, name="movie")
        self.item_projection = layers.Dense(config.width, use_bias=False, name="facts_to_movie")
        self.level = layers.Embedding(levels, config.width, name="level")
        self.gap = layers.Embedding(GAPS, config.width, name="gap")
        self.residual = layers.Dense(config.width, use_bias=False, name="surprise")
        self.demographics = {
            name: EmbeddingWithUnknown(size, config.width, name=name) for name, size in DEMOGRAPHIC_SIZES.items()
        }
        self.dropout = layers.Dropout(config.dropout, name="dropout")
        self.norm = layers.RMSNormalization(name="norm")

    def build(self, input_shape: Shape | None = None) -> None:
        """Make every weight: the shapes follow from the configuration alone."""
        for embedding in (self.movie, self.level, self.gap, *self.demographics.values()):
            embedding.build((None,))
        self.item_projection.build((None, ITEM_FEATURES))
        self.residual.build((None, 1))
        self.norm.build((None, None, self.width))
        self.visitor_token = self.add_weight(shape=(self.width,), initializer="zeros", name="visitor_token")
        # set before training, from the dataset
        self.item_features = self._add_fixed_weight("facts", self.catalogue_size, ITEM_FEATURES)
        self.mean_rating = self._add_fixed_weight("mean_rating", self.catalogue_size)
        self.stars = self._add_fixed_weight("stars", self.levels)

    def _add_fixed_weight(self, name: str, *shape: int) -> keras.Variable:
        return self.add_weight(shape=shape, initializer="zeros", trainable=False, name=name)

    def _blocks(self, name: str, count: int, expansion: int) -> list[Block]:
        settings = (self.config.heads, bucket_count(self.max_distance + 1), self.config.dropout, expansion)
        return [Block(*settings, name=f"{name}_{i}") for i in range(count)]

    def movie_vectors(self) -> Tensor:
        """Return all movies as vectors (M, D): an embedding each, plus what genres and year add."""
        embeddings, features = ops.convert_to_tensor(self.movie.embeddings), ops.convert_to_tensor(self.item_features)
        return embeddings + self.item_projection(features)

    def embed_demographics(self, inputs: Inputs) -> Tensor:
        """Return the sum of the embeddings of sex, age and occupation: (B, D)."""
        return sum(embedding(inputs[name]) for name, embedding in self.demographics.items())

    def visitors(self, inputs: Inputs) -> Tensor:
        """Return the visitors' own tokens: (B, D)."""
        return self.visitor_token + self.embed_demographics(inputs)

    def residuals(self, inputs: Inputs) -> Tensor:
        """Return how many stars above the movie's mean each rating is, 0 in padding: (B, T)."""
        movie = inputs["movie"]
        stars = ops.take(ops.convert_to_tensor(self.stars), inputs["level"])
        mean = ops.take(ops.convert_to_tensor(self.mean_rating), ops.maximum(movie, 0))
        return ops.where(movie >= 0, stars - mean, 0.0)

    def side_features(self, inputs: Inputs) -> Tensor:
        """Return what events add to the vectors of their movies: (B, T, D)."""
        residual = self.residual(ops.expand_dims(self.residuals(inputs), -1))
        return self.level(inputs["level"]) + self.gap(inputs["gap"]) + residual

    def events(self, inputs: Inputs, movie_vectors: Tensor) -> Tensor:
        """Return the tokens of events: (B, T, D)."""
        return ops.take(movie_vectors, ops.maximum(inputs["movie"], 0), axis=0) + self.side_features(inputs)

    def tokens(self, inputs: Inputs, movie_vectors: Tensor, visitor: Tensor, training: bool | None) -> Tensor:
        """Return the visitor and, behind it, the events as tokens: (B, T + 1, D)."""
        tokens = ops.concatenate([visitor[:, None], self.events(inputs, movie_vectors)], axis=1)
        return self.dropout(tokens + self.request(inputs), training=training)

    def request(self, inputs: Inputs) -> Tensor:
        """Return what the times of the requests add to the tokens: (B, T + 1, D), or 0 in a tower that reads none."""
        return 0.0

    def buckets(self, distance: Tensor) -> Tensor:
        """Return the buckets of distances (any int shape); none is further than the furthest in training."""
        table = ops.convert_to_tensor(distance_buckets(np.arange(self.max_distance + 1)))
        return ops.take(table, ops.clip(distance, 0, self.max_distance))

    def causal(self, tokens: int) -> tuple[Tensor, Tensor]:
        """Return buckets and mask, both (T, T), with which a token attends to itself and to what is before it."""
        position = ops.arange(tokens)
        distance = position[:, None] - position  # (T, T)
        return self.buckets(distance), ops.cast(distance < 0, "float32") * MASKED


class CandidateFeatures(NamedTuple):
    """Features of movies that no visitor changes, so that they are computed once for a catalogue.

    ``vector`` (…, D); ``hidden`` (…, 128), the movies' share of the head's hidden layer; ``mean_rating`` and ``bias``
    (…) stars; of the factor model, ``regressors`` (…, F + 1), factors and a 1 for the user bias, and ``factor_base``
    (…) stars.
    """

    vector: Tensor
    hidden: Tensor
    mean_rating: Tensor
    bias: Tensor
    regressors: Tensor
    factor_base: Tensor

    def take(self, movie: Tensor) -> "CandidateFeatures":
        """Return those of some movies of the catalogue: int, any shape."""
        return CandidateFeatures(*(ops.take(field, movie, axis=0) for field in self))


class RatingTower(Tower):
    """Predicts how a visitor rates a movie after the events before it, with a factor model's prediction as a start.

    h = ReLU(W [Norm(query), movie, user bias, mean rating, ln(1 + events) / 3, movie bias, offset, variance] + b),
    where offset = fold-in prediction − mean rating;  logit_l = (V h + c)_l + (movie bias + offset)(stars_l − middle)
    """

    def __init__(self, config: TowerConfig, sizes: Sizes, levels: int, train_length: int, factors: int, **kwargs):
        super().__init__(config, sizes, levels, train_length, **kwargs)
        self.factor_count = factors
        self.query_blocks = self._blocks("query", config.layers, QUERY_EXPANSION)
        self.content_blocks = self._blocks("content", config.layers - 1, CONTENT_EXPANSION)
        self.content_norms = [layers.RMSNormalization(name=f"content_norm_{i}") for i in range(config.layers)]
        self.hidden = layers.Dense(HIDDEN_UNITS, activation="relu", name="hidden")
        self.logits = layers.Dense(levels, kernel_initializer="zeros", name="logits")

    def build(self, input_shape: Shape | None = None) -> None:
        """Make every weight."""
        super().build()
        for layer in (*self.query_blocks, *self.content_blocks, *self.content_norms):
            layer.build((None, None, self.width))
        self.hidden.build((None, 2 * self.width + len(HEAD_NUMBERS)))
        self.logits.build((None, HIDDEN_UNITS))
        self.query_token = self.add_weight(shape=(self.width,), initializer="zeros", name="query_token")
        self.bias = self.add_weight(shape=(self.catalogue_size,), initializer="zeros", name="bias")
        self.factors = self._add_fixed_weight("factors", self.catalogue_size, self.factor_count)
        self.factor_base = self._add_fixed_weight("factor_base", self.catalogue_size)
        self.factor_prior = self._add_fixed_weight("factor_prior", self.factor_count + 1)
        self.prior_mean = self._add_fixed_weight("prior_mean", self.factor_count + 1)
        self.prior_shifts = {
            name: self._add_fixed_weight(f"prior_of_{name}", size, self.factor_count + 1)
            for name, size in DEMOGRAPHIC_SIZES.items()
        }
        self.drift = self._add_fixed_weight("drift", len(Drift._fields))

    def set_factors(self, factors: Factorisation, prior: UserPrior) -> None:
        """Fix the factor model whose fold-in the head reads, and what it supposes of visitors."""
        self.factors.assign(factors.item_factors)
        self.factor_base.assign(factors.mean + factors.item_bias)
        self.factor_prior.assign(factors.prior)
        self.prior_mean.assign(prior.mean)
        for name, table in prior.shifts.items():
            self.prior_shifts[name].assign(table)
        self.drift.assign(prior.drift)

    def call(self, inputs: Inputs, training: bool | None = None, return_attention_scores: bool = False):
        """Predict every position from the positions before it; see ``TimelineBST.call``.

        In training ``fold_in_prediction`` (stars) and ``variance``, (B, T) each, are among the inputs: each user's come
        from a factor model that was fitted without that user.
        """
        visitor = self.visitors(inputs)  # (B, D)
        candidates = self.candidates().take(ops.maximum(inputs["movie"], 0))
        query = self.dropout(candidates.vector + self.query_token + visitor[:, None], training=training)  # (B, T, D)
        tokens = self.tokens(earlier(inputs), self.movie_vectors(), visitor, training)  # (B, T, D): visitor, then T − 1
        buckets, mask = self.causal(ops.shape(query)[1])
        weights = []
        for i, (block, norm) in enumerate(zip(self.query_blocks, self.content_norms, strict=True)):
            if i:  # queries attend to the events' tokens first, then to what each content layer makes of them
                content = self.content_blocks[i - 1]
                bias = content.attention.logit_bias(buckets, mask)  # (H, T, T)
                tokens, _ = content(tokens, content.norm_1(tokens), bias, training=training)
            bias = block.attention.logit_bias(buckets, mask)
            query, layer_weights = block(query, norm(tokens), bias, training=training)
            weights.append(layer_weights)  # (B, H, T, T)
        residuals, valid = self.residuals(inputs), ops.cast(inputs["movie"] >= 0, "float32")
        event_count = ops.cumsum(valid, axis=1) - valid  # of the events before each position: (B, T)
        user_bias = (ops.cumsum(residuals, axis=1) - residuals) / (event_count + USER_BIAS_DAMPING)
        if "fold_in_prediction" in inputs:
            prediction, variance = inputs["fold_in_prediction"], inputs["variance"]
        else:
            prediction, variance = self.fold_in(inputs, candidates)
        logits = self.head(query, candidates, user_bias, event_count, prediction, variance)  # (B, T, L)
        return (logits, ops.stack(weights, axis=1)) if return_attention_scores else logits

    def head(
        self,
        query: Tensor,
        candidates: CandidateFeatures,
        user_bias: Tensor,
        event_count: Tensor,
        prediction: Tensor,
        variance: Tensor,
    ) -> Tensor:
        """Return logits (B, N, L) of N candidates from their queries (B, N, D) after attention, as the class has them.

        ``user_bias``, the damped mean of the residuals so far, and ``event_count``: (B, N) or (B, 1). ``prediction``
        (stars) and ``variance``: (B, N), of the fold-in. The norm's gain is multiplied into the kernel.
        """
        stars = ops.convert_to_tensor(self.stars)
        offset = prediction - candidates.mean_rating
        zeros = ops.zeros_like(offset)
        log_event_count = ops.log(1.0 + event_count) / LOG_COUNT_SCALE
        numbers = [user_bias + zeros, log_event_count + zeros, offset, variance + zeros]  # VISITOR_NUMBERS
        of_query, _, _, of_visitor = self._hidden_kernels()
        of_query = ops.convert_to_tensor(self.norm.scale)[:, None] * of_query  # (D, 128)
        x = ops.concatenate([rms_normalize(query), ops.stack(numbers, axis=-1)], axis=-1)  # (B, N, D + 4)
        hidden = ops.relu(ops.matmul(x, ops.concatenate([of_query, of_visitor], axis=0)) + candidates.hidden)
        return self.logits(hidden) + (candidates.bias + offset)[..., None] * (stars - ops.mean(stars))

    def candidates(self) -> CandidateFeatures:
        """Return the features of every movie of the catalogue: each field (M, …)."""
        vectors, stars = self.movie_vectors(), ops.convert_to_tensor(self.stars)
        bias, mean = ops.convert_to_tensor(self.bias), ops.convert_to_tensor(self.mean_rating)
        numbers = ops.stack([mean - ops.mean(stars), bias], axis=-1)  # (M, 2)
        _, of_movie, of_numbers, _ = self._hidden_kernels()
        hidden = ops.matmul(vectors, of_movie) + ops.matmul(numbers, of_numbers) + self.hidden.bias  # (M, 128)
        factors = ops.convert_to_tensor(self.factors)
        regressors = ops.concatenate([factors, ops.ones_like(factors[:, :1])], axis=-1)  # (M, F + 1)
        return CandidateFeatures(vectors, hidden, mean, bias, regressors, ops.convert_to_tensor(self.factor_base))

    def _hidden_kernels(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return the rows of W for the query, the movie's vector, ``MOVIE_NUMBERS`` and ``VISITOR_NUMBERS``."""
        kernel, width = ops.convert_to_tensor(self.hidden.kernel), self.width  # (2 D + 6, 128)
        of_movie, of_visitor = (
            ops.take(kernel[2 * width :], ops.array([HEAD_NUMBERS.index(name) for name in names]), axis=0)
            for names in (MOVIE_NUMBERS, VISITOR_NUMBERS)
        )
        return kernel[:width], kernel[width : 2 * width], of_movie, of_visitor

    def prior_means(self, inputs: Inputs) -> Tensor:
        """Return the prior mean of visitors' factors and bias, by what is known of their demographics: (B, F + 1)."""
        shift = sum(
            ops.take(table, ops.maximum(inputs[name], 0), axis=0) * ops.cast(inputs[name] >= 0, "float32")[:, None]
            for name, table in self.prior_shifts.items()
        )
        return ops.convert_to_tensor(self.prior_mean) + shift * inputs.get("profile_scale", ops.ones(1))[:, None]

    def fold_in_inputs(self, inputs: Inputs, candidates: CandidateFeatures, mean: Tensor) -> tuple[Tensor, Tensor]:
        """Return what events tell the factor model: x (B, T, F + 1), 0 in padding, and rating − base − x · mean."""
        x = ops.where((inputs["movie"] >= 0)[..., None], candidates.regressors, 0.0)
        target = ops.take(ops.convert_to_tensor(self.stars), inputs["level"]) - candidates.factor_base
        return x, target - ops.matmul(x, mean[..., None])[..., 0]

    def fold_in(self, inputs: Inputs, candidates: CandidateFeatures) -> tuple[Tensor, Tensor]:
        """Return the factor model's prediction (stars) at every position from the ones before it, and its variance.

        Both (B, T). As ``UserPrior.fold_in``.
        """
        mean = self.prior_means(inputs)
        x, target = self.fold_in_inputs(inputs, candidates, mean)
        offset, variance = predict_prefixes(x, target, ops.convert_to_tensor(self.factor_prior), self.drift)
        return candidates.factor_base + ops.matmul(x, mean[..., None])[..., 0] + offset, variance


class CatalogueTower(Tower):
    """Scores the whole catalogue from one stream: logit of movie i = state · vector_i + popularity_i."""

    def __init__(self, config: TowerConfig, sizes: Sizes, levels: int, train_length: int, **kwargs):
        super().__init__(config, sizes, levels, train_length, **kwargs)
        self.content_blocks = self._blocks("content", config.layers, CONTENT_EXPANSION)

    def build(self, input_shape: Shape | None = None) -> None:
        """Make every weight."""
        super().build()
        for block in self.content_blocks:
            block.build((None, None, self.width))
        self.popularity = self.add_weight(shape=(self.catalogue_size,), initializer="zeros", name="popularity")

    def states(self, inputs: Inputs, movie_vectors: Tensor, training: bool | None = None) -> Tensor:
        """Return the states (B, T + 1, D) of visitor and events, each after all that is before it."""
        tokens = self.tokens(inputs, movie_vectors, self.visitors(inputs), training)
        buckets, mask = self.causal(ops.shape(tokens)[1])
        for block in self.content_blocks:
            bias = block.attention.logit_bias(buckets, mask)  # (H, T + 1, T + 1)
            tokens, _ = block(tokens, block.norm_1(tokens), bias, training=training)
        return self.norm(tokens)

    def output_vectors(self, movie_vectors: Tensor) -> Tensor:
        """Return the vectors (M, D) that states are compared with, from those that events are made of."""
        return movie_vectors

    def logits(self, state: Tensor, event_count: Tensor, output_vectors: Tensor, movie: Tensor | None = None) -> Tensor:
        """Return logits (…, N) of movies int (N,), or of the catalogue, for states (…, D) after so many events, (…,).

        ``output_vectors`` (M, D): what ``output_vectors`` returned.
        """
        popularity = ops.convert_to_tensor(self.popularity)
        if movie is not None:
            output_vectors, popularity = (ops.take(part, movie, axis=0) for part in (output_vectors, popularity))
        return ops.matmul(state, ops.transpose(output_vectors)) + popularity


class NextTower(CatalogueTower):
    """Predicts which movie a visitor watches next: a softmax over the movies that they have not watched yet.

    It can read when the next movie is asked for, as a request on a website has a time: the time since the newest event,
    and the month. A request at an unknown time, as in the app, adds nothing to the tokens.
    """

    def __init__(
        self, config: TowerConfig, sizes: Sizes, levels: int, train_length: int, reads_requests: bool, **kwargs
    ):
        super().__init__(config, sizes, levels, train_length, **kwargs)
        # which movies there are to be watched depends on the date; how they are rated hardly does
        self.month = layers.Embedding(MONTHS, config.width, name="month")
        self.reads_requests = reads_requests
        if reads_requests:
            self.request_gap = layers.Embedding(GAPS, config.width, name="request_gap")
            self.request_month = layers.Embedding(MONTHS, config.width, name="request_month")

    def build(self, input_shape: Shape | None = None) -> None:
        """Make every weight."""
        super().build()
        self.month.build((None,))
        if self.reads_requests:
            self.request_gap.build((None,))
            self.request_month.build((None,))

    def request(self, inputs: Inputs) -> Tensor:
        """Return what the times of the requests add to the tokens, 0 where a time is unknown: (B, T + 1, D).

        ``request_gap`` and ``request_month`` int (B, T + 1), if they are among the inputs: of the movie that is asked
        for after each token, in the buckets of ``gap`` and ``month``.
        """
        if not self.reads_requests or "request_gap" not in inputs:
            return 0.0
        gap, month = inputs["request_gap"], inputs["request_month"]
        of_gap, of_month = self.request_gap(gap), self.request_month(month)
        return ops.where((gap > 0)[..., None], of_gap, 0.0) + ops.where((month > 0)[..., None], of_month, 0.0)

    def side_features(self, inputs: Inputs) -> Tensor:
        """Return what events add to the vectors of their movies, the month among it: (B, T, D)."""
        return super().side_features(inputs) + self.month(inputs["month"])

    def call(self, inputs: Inputs, training: bool | None = None) -> tuple[Tensor, Tensor]:
        """Return the states (B, T, D) from which each position's movie is predicted, and the movies' vectors (M, D).

        ``request_gap`` and ``request_month`` (B, T) may be among the inputs: when each position's movie is asked for.
        """
        movie_vectors = self.movie_vectors()
        return self.states(earlier(inputs), movie_vectors, training), movie_vectors


class LikeTower(CatalogueTower):
    """Predicts which movies a visitor will watch and like some time later, each on its own: p_i = sigmoid(logit_i).

    score_i = state · (vector_i + offset_i) + popularity_i + fame_i;  logit_i = a score_i + b fame_i + c + d ln(1 + n)

    fame_i, fixed before training, is how likely people are to like movie i later when they have rated n movies: some
    are watched first and others later, on a website in the order in which it shows them. Scores are trained for the
    order of movies; a, b, c and d make probabilities of them for people who were not in the training. The times of
    events are not read: what somebody likes hardly depends on them, and a visitor of the app has none.
    """

    def build(self, input_shape: Shape | None = None) -> None:
        """Make every weight."""
        super().build()
        # what a movie says of those who watched it, and who will like it, are not the same
        self.output_offset = self.add_weight(
            shape=(self.catalogue_size, self.width), initializer="zeros", name="output"
        )
        self.fame = self._add_fixed_weight("fame", len(self.count_buckets()), self.catalogue_size)
        self.calibration = self._add_fixed_weight("calibration", len(CALIBRATION))
        self.calibration.assign(CALIBRATION)

    def side_features(self, inputs: Inputs) -> Tensor:
        """Return what events add to the vectors of their movies, without any time: (B, T, D)."""
        return super().side_features(inputs | {"gap": ops.zeros_like(inputs["gap"])})

    def count_buckets(self) -> np.ndarray:
        """Return the least number of events in each bucket of ``fame``, ascending: (buckets,) int."""
        return bucket_starts(self.max_distance + 1)

    def fame_after(self, event_count: Tensor) -> Tensor:
        """Return the log-odds that people like each movie later who have rated so many, int (…,): (…, M)."""
        return ops.take(ops.convert_to_tensor(self.fame), self.buckets(event_count), axis=0)

    def output_vectors(self, movie_vectors: Tensor) -> Tensor:
        """Return the vectors (M, D) that states are compared with: those of events, and an offset each."""
        return movie_vectors + ops.convert_to_tensor(self.output_offset)

    def scores(self, state: Tensor, output_vectors: Tensor, event_count: Tensor) -> Tensor:
        """Return scores (…, M) of the catalogue for states (…, D) after so many events, int (…,)."""
        popularity = ops.convert_to_tensor(self.popularity) + self.fame_after(event_count)
        return ops.matmul(state, ops.transpose(output_vectors)) + popularity

    def logits(self, state: Tensor, event_count: Tensor, output_vectors: Tensor, movie: Tensor | None = None) -> Tensor:
        """Return logits: see ``CatalogueTower``."""
        score, fame = self.scores(state, output_vectors, event_count), self.fame_after(event_count)
        if movie is not None:
            score, fame = (ops.take(part, movie, axis=-1) for part in (score, fame))
        of_score, of_fame, constant, of_count = ops.unstack(ops.convert_to_tensor(self.calibration))
        log_count = ops.log(1.0 + ops.cast(event_count, "float32"))[..., None]
        return of_score * score + of_fame * fame + constant + of_count * log_count

    def call(self, inputs: Inputs, training: bool | None = None) -> tuple[Tensor, Tensor]:
        """Return the states (B, T + 1, D) after each number of events, 0 … T, and the output vectors (M, D)."""
        movie_vectors = self.movie_vectors()
        return self.states(inputs, movie_vectors, training), self.output_vectors(movie_vectors)


class TimelineBST(keras.Model):
    """The towers ``rating``, ``next`` and ``like``, each None where the configuration leaves it out.

    Inputs, a dict: ``movie``, ``level`` (index of the rating among the levels), ``gap``, ``month`` int32 (B, T),
    histories padded at the end with movie −1; ``sex``, ``age``, ``occupation`` int32 (B,), −1 for unknown. See
    ``SegmentReader``.
    """

    def __init__(self, config: TimelineConfig, sizes: Sizes, levels: int, **kwargs):
        super().__init__(**kwargs)
        self.config, self.sizes, self.levels = config, sizes, levels
        towers, common = config.towers, (sizes, levels, config.train_length)
        self.rating: RatingTower | None = None
        self.next: NextTower | None = None
        self.like: LikeTower | None = None
        if "rating" in towers:
            self.rating = RatingTower(towers["rating"], *common, config.factors, name="rating")
        if "next" in towers:
            self.next = NextTower(towers["next"], *common, config.reads_requests, name="next")
        if "like" in towers:
            self.like = LikeTower(towers["like"], *common, name="like")

    @property
    def towers(self) -> dict[str, Tower]:
        """The towers that there are, by name: ``rating``, ``next``, ``like``."""
        return {tower.name: tower for tower in (self.rating, self.next, self.like) if tower is not None}

    def build(self, input_shape: Shape | None = None) -> None:
        """Make every weight."""
        for tower in self.towers.values():
            tower.build()

    def set_item_features(self, features: np.ndarray) -> None:
        """Fix what is known of the movies: (M, 28), see ``schema.item_features``."""
        for tower in self.towers.values():
            tower.item_features.assign(features)

    def call(self, inputs: Inputs, training: bool | None = None, return_attention_scores: bool = False):
        """Predict each position's rating from the positions before it: logits (B, T, L).

        With ``return_attention_scores`` also the weights (B, layers, H, T, T) of the query stream: row t, column j:
        how much the candidate at t attends to the visitor (j = 0) or to event j − 1; rows sum to 1.
        """
        return self.towers["rating"](inputs, training=training, return_attention_scores=return_attention_scores)

    def parts(self) -> dict[str, list]:
        """Return the weights by part, for counting them."""
        towers = {f"{name}_tower": tower.trainable_weights for name, tower in self.towers.items()}
        return towers | {"fixed": self.non_trainable_weights}


def build_timeline(config: TimelineConfig, sizes: Sizes, levels: int) -> TimelineBST:
    """Return an untrained timeline BST with all its weights made."""
    model = TimelineBST(config, sizes, levels)
    model.build()
    return model
