"""A dataset of your own: from tables to a trained model and a list. All of it is in a folder that goes at the end."""

# %% Two tables: who took what and when, and what the items are. Here they are made up: 60 people read two shelves.
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from bst import datasets
from bst.datasets import own
from bst.domain import Nouns
from bst.inference.recommender import Recommender
from bst.models.registry import preset
from bst.schema import Visitor
from bst.settings import override_settings
from bst.training.runs import RunSettings, train

SHELVES = {"cooking": ["Soups", "Bread", "Pasta", "Curries", "Cakes"], "travel": ["Alps", "Lisbon", "Kyoto", "Fjords"]}
rng = np.random.default_rng(0)
items = pd.DataFrame(
    [(title, shelf) for shelf, titles in SHELVES.items() for title in titles], columns=["title", "tags"]
)
items["item_id"] = [f"b{number}" for number in range(len(items))]
events = []
for user in range(60):
    likes = rng.choice(list(SHELVES))
    for time, item in enumerate(rng.permutation(len(items))[:7]):
        stars = 5 if items["tags"][item] == likes else 2
        events.append((f"u{user}", items["item_id"][item], 1_700_000_000 + 86_400 * time, stars))
interactions = pd.DataFrame(events, columns=["user_id", "item_id", "timestamp", "rating"])

# %% As files in a folder, in the format of docs/own-data.md; checked, and kept as a dataset under a name.
folder = tempfile.TemporaryDirectory()
home = Path(folder.name)
logs = home / "logs"
logs.mkdir()
interactions.to_csv(logs / "interactions.csv", index=False)
items.to_csv(logs / "items.csv", index=False)
with override_settings(data=home / "data", bundles=home / "bundles", runs=home / "runs", cache=home / "cache"):
    names = own.Names(nouns=Nouns("book", "books", "read", "read", "shelf", "shelves"))
    dataset = own.read_own(logs, "shop", names)
    own.write_stored(dataset, datasets.data_dir() / "shop")
    print(f"{len(dataset.users)} users, {len(dataset.movies)} {dataset.domain.items}, {len(dataset.ratings)} ratings")

    # %% A small model, trained for a moment: the rating tower alone.
    config = preset("timeline").with_tasks(["rating"]).with_epochs(2)
    bundle = train(RunSettings("shop", config, "visitor", config.epochs), "shop")
    print(f"trained {bundle.epochs} epochs, MAE {bundle.metrics['metrics']['mae']:.2f} on users it had not seen")

    # %% A list for somebody who liked bread.
    recommender = Recommender.load(bundle)
    reader = Visitor().watched(recommender.catalogue.find("Bread"), 5)
    for one in recommender.rank(reader, k=3):
        print(f"{one.rank}  {one.expected_rating:.1f} ★  {one.title} ({one.genres})")
folder.cleanup()
