"""The way the public Keras example prepares MovieLens 1M and trains, written anew to measure its cost.

After "A Transformer-based recommendation system" on keras.io, for the kinds of work that it does and in its order: ids
as text, Python loops over lists, windows as text in CSV files, and the text read, split and looked up again in every
step of every epoch. On Keras 3, as the example is today. What the figures are to be compared by lies outside this file.
"""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

WINDOW, STEP, TRAIN_SHARE = 4, 2, 0.85
HEADS, DROPOUT, MLP = 3, 0.1, (256, 128)
LEARNING_RATE, BATCH = 0.01, 265
COLUMNS = ["user_id", "sequence_movie_ids", "sequence_ratings", "sex", "age_group", "occupation"]
GENRES = (
    *("Action", "Adventure", "Animation", "Children's", "Comedy", "Crime", "Documentary", "Drama", "Fantasy"),
    *("Film-Noir", "Horror", "Musical", "Mystery", "Romance", "Sci-Fi", "Thriller", "War", "Western"),
)


@dataclass(frozen=True)
class Prepared:
    """What the preparation leaves: a CSV file of training windows, words by feature, and genres (movies, 18)."""

    train_file: Path
    train_windows: int
    windows: int
    vocabularies: dict[str, list[str]]
    genres: np.ndarray


def prepare(source: Path, work: Path) -> Prepared:
    """Turn the three ``.dat`` files in ``source`` into CSV files of windows in ``work``."""
    users, movies, ratings = _read(source)
    windows = _windows(ratings).join(users.set_index("user_id"), on="user_id")
    windows["sequence_movie_ids"] = windows["sequence_movie_ids"].apply(",".join)
    windows["sequence_ratings"] = windows["sequence_ratings"].apply(lambda stars: ",".join([str(v) for v in stars]))
    windows = windows[COLUMNS]
    order = np.random.default_rng(0).permutation(len(windows))
    cut = int(len(windows) * TRAIN_SHARE)
    for name, rows in (("train", order[:cut]), ("test", order[cut:])):
        windows.iloc[rows].to_csv(work / f"{name}.csv", index=False, header=False, sep="|")
    vocabularies = {name: list(users[name].unique()) for name in ("user_id", "sex", "age_group", "occupation")}
    vocabularies["movie_id"] = list(movies["movie_id"].unique())
    return Prepared(work / "train.csv", cut, len(windows), vocabularies, movies[list(GENRES)].to_numpy(np.float32))


def _read(source: Path) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    def table(name: str, columns: list[str]) -> pd.DataFrame:
        # two characters between fields are beyond the fast parser
        return pd.read_csv(source / name, sep="::", names=columns, engine="python", encoding="latin-1")

    users = table("users.dat", ["user_id", "sex", "age_group", "occupation", "zip_code"])
    ratings = table("ratings.dat", ["user_id", "movie_id", "rating", "unix_timestamp"])
    movies = table("movies.dat", ["movie_id", "title", "genres"])
    for frame in (users, ratings):
        frame["user_id"] = frame["user_id"].apply(lambda x: f"user_{x}")
    for frame in (movies, ratings):
        frame["movie_id"] = frame["movie_id"].apply(lambda x: f"movie_{x}")
    users["age_group"] = users["age_group"].apply(lambda x: f"group_{x}")
    users["occupation"] = users["occupation"].apply(lambda x: f"occupation_{x}")
    ratings["rating"] = ratings["rating"].apply(float)
    for genre in GENRES:
        movies[genre] = movies["genres"].apply(lambda text, genre=genre: int(genre in text.split("|")))
    return users, movies, ratings


def _windows(ratings: pd.DataFrame) -> pd.DataFrame:
    of_user = ratings.sort_values("unix_timestamp").groupby("user_id")
    lists = pd.DataFrame(
        {
            "user_id": list(of_user.groups),
            "sequence_movie_ids": [_cut(values) for values in of_user["movie_id"].apply(list)],
            "sequence_ratings": [_cut(values) for values in of_user["rating"].apply(list)],
        }
    )
    movies = lists[["user_id", "sequence_movie_ids"]].explode("sequence_movie_ids", ignore_index=True)
    stars = lists[["sequence_ratings"]].explode("sequence_ratings", ignore_index=True)
    return pd.concat([movies, stars], axis=1)


def _cut(values: list) -> list[list]:
    """Cut a list into windows every ``STEP``; one on the last values closes it, even if it stands there already."""
    pieces = [values[i : i + WINDOW] for i in range(0, len(values) - WINDOW + 1, STEP)]
    return [*pieces, values[-WINDOW:]] if len(values) >= WINDOW else []


def batches(file: Path):
    """Read batches of windows from a CSV file without end, shuffled, as a ``tf.data.Dataset``."""
    import tensorflow as tf

    def split(features):
        movies = tf.strings.split(features["sequence_movie_ids"], ",").to_tensor()
        stars = tf.strings.to_number(tf.strings.split(features["sequence_ratings"], ","), tf.float32).to_tensor()
        inputs = dict(features) | {
            "sequence_movie_ids": movies[:, :-1],
            "target_movie_id": movies[:, -1],
            "sequence_ratings": stars[:, :-1],
        }
        return inputs, stars[:, -1]

    return tf.data.experimental.make_csv_dataset(
        str(file), BATCH, column_names=COLUMNS, header=False, field_delim="|", shuffle=True
    ).map(split)


def build_model(prepared: Prepared, features: str):
    """Build and compile the functional model. ``features``: "none", as published, or "all"."""
    import keras
    from keras import layers, ops

    vocabularies = prepared.vocabularies
    slots = {"sequence_movie_ids": WINDOW - 1, "sequence_ratings": WINDOW - 1}
    names = ["user_id", "sequence_movie_ids", "target_movie_id", "sequence_ratings", "sex", "age_group", "occupation"]
    inputs = {
        name: keras.Input((slots.get(name, 1),), name=name, dtype="float32" if "ratings" in name else "string")
        for name in names
    }

    def lookup(vocabulary: list[str]):
        return layers.StringLookup(vocabulary=vocabulary, mask_token=None, num_oov_indices=0)

    movie_lookup, width = lookup(vocabularies["movie_id"]), math.isqrt(len(vocabularies["movie_id"]))
    movie_embedding = layers.Embedding(len(vocabularies["movie_id"]), width)
    genre_table = layers.Embedding(
        *prepared.genres.shape, embeddings_initializer=keras.initializers.Constant(prepared.genres), trainable=False
    )
    genre_dense = layers.Dense(width, activation="relu")

    def encode(name: str):
        index = movie_lookup(inputs[name])
        movie = movie_embedding(index)
        return genre_dense(layers.concatenate([movie, genre_table(index)])) if features == "all" else movie

    # looked up once, outside the model's graph: so the published model never trains it
    positions = layers.Embedding(WINDOW, width)(ops.arange(WINDOW - 1))
    scale = layers.Reshape((WINDOW - 1, 1))(inputs["sequence_ratings"])
    watched = layers.Multiply()([encode("sequence_movie_ids") + positions, scale])
    x = layers.Concatenate(axis=1)([watched, encode("target_movie_id")])

    attended = layers.MultiHeadAttention(HEADS, width, dropout=DROPOUT)(x, x)
    x = layers.LayerNormalization()(layers.Add()([x, layers.Dropout(DROPOUT)(attended)]))
    y = layers.Dropout(DROPOUT)(layers.Dense(width)(layers.LeakyReLU()(x)))
    joined = layers.Flatten()(layers.LayerNormalization()(layers.Add()([x, y])))

    if features == "all":
        for name in ("user_id", "sex", "age_group", "occupation"):
            vocabulary = vocabularies[name]
            embedding = layers.Embedding(len(vocabulary), math.isqrt(len(vocabulary)))(lookup(vocabulary)(inputs[name]))
            joined = layers.concatenate([joined, layers.Flatten()(embedding)])
    for units in MLP:
        joined = layers.LeakyReLU()(layers.BatchNormalization()(layers.Dense(units)(joined)))
        joined = layers.Dropout(DROPOUT)(joined)
    model = keras.Model(inputs, layers.Dense(1)(joined))
    model.compile(
        optimizer=keras.optimizers.Adagrad(LEARNING_RATE),
        loss=keras.losses.MeanSquaredError(),
        metrics=[keras.metrics.MeanAbsoluteError(name="mae")],
    )
    return model


def train_epoch(model, prepared: Prepared, windows: int) -> float:
    """Train one epoch of ``windows`` windows, rounded down to whole batches. Returns the training MAE in stars."""
    steps = windows // BATCH
    history = model.fit(batches(prepared.train_file), epochs=1, steps_per_epoch=steps, verbose=0)
    return float(history.history["mae"][-1])
