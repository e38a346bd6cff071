"""A small part of the demo world: some of its users, and one of whom nothing was ever heard."""

from dataclasses import replace

import numpy as np
import pandas as pd

from bst.datasets import load
from bst.schema import Dataset, Visitor
from bst.visitors.replay import RealUsers

USERS = 40


def small_audience() -> Dataset:
    """Return the first users of the demo world, and a last one without demographics and without events."""
    demo = load("demo")
    kept = demo.ratings["user"].to_numpy() < USERS
    nobody = demo.users.iloc[:1].assign(user_id=999_999)
    users = pd.concat([demo.users.iloc[:USERS], nobody], ignore_index=True)
    for name in demo.domain.demographics:
        codes = np.append(demo.users[name].cat.codes.to_numpy()[:USERS], -1)
        users[name] = pd.Categorical.from_codes(codes, dtype=demo.users[name].dtype)
    return replace(demo, users=users, ratings=demo.ratings[kept].reset_index(drop=True))


def visitors_of(dataset: Dataset, bundle, max_history: int) -> list[Visitor]:
    """Return all users as the visitors that single lists are made for: with times, older movies merely seen."""
    users = RealUsers(bundle, dataset)
    return [users.before(user, len(dataset.ratings), max_history) for user in range(len(dataset.users))]
