"""A simple recommender beside the model, for held-out users of whom ten ratings are known."""

# %% Users that the bundle was not trained on, split into what is known and what they liked later.
import numpy as np

from bst import datasets
from bst.baselines.item_lists import Ease, MostLiked
from bst.evaluation.later_likes import LaterLikes, like_histories
from bst.evaluation.rivals import top_rows, users_of
from bst.inference.recommender import Recommender
from bst.metrics import LIKED, list_precision
from bst.timelines.splits import TEST, TRAIN, prepare

USERS, KNOWN, TOP = 100, 10, 10
recommender = Recommender.load("demo")
bundle = recommender.bundle
split = prepare(datasets.load(bundle.dataset), bundle.protocol, bundle.seed)
later = LaterLikes.of(split, users_of(split, TEST)[:USERS], KNOWN)

# %% The rivals learn from the training users.
training = like_histories(split, users_of(split, TRAIN))
popular = np.argsort(-MostLiked.fit(training).count, kind="stable")
lists = {rival.__name__: top_rows(rival.fit(training), later.known, popular, TOP) for rival in (MostLiked, Ease)}

# %% The model is asked for the same visitors.
ids = recommender.catalogue.movies["movie_id"].to_numpy()
lists["BST"] = np.stack([recommender.ranked_rows(visitor, k=TOP) for visitor in later.visitors(ids)])

# %% Of ten movies on each list, the share that these users went on to like.
for name, rows in lists.items():
    print(f"{name:10} precision@{TOP} {list_precision(later.stars_of(rows) >= LIKED, TOP).mean():.3f}")
