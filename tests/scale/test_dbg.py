import numpy as np
from tests.scale.test_retrieval_training import *


def test_dbg(split, monkeypatch):
    whole, parts = trainers(split, monkeypatch, 512)
    name = "next"
    for k, (ours, theirs) in enumerate(
        zip(batches(parts.towers[name], 3, 8), batches(whole.towers[name], 3, 8), strict=True)
    ):
        sums = [tower.train(batch, 0.1) for tower, batch in ((parts.towers[name], ours), (whole.towers[name], theirs))]
        print(k, len(ours["rows"]), sums)
        for one, other in zip(parts.towers[name].tower.variables, whole.towers[name].tower.variables, strict=True):
            d = np.abs(one.numpy() - other.numpy()).max()
            if d > 1e-6:
                print("   ", one.path, d)
        for one, other, w in zip(
            parts.towers[name].averages,
            whole.towers[name].averages,
            parts.towers[name].tower.trainable_variables,
            strict=True,
        ):
            d = np.abs(one.numpy() - other.numpy()).max()
            if d > 1e-6:
                print("   avg", w.path, d)
