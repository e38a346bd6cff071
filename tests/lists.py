"""A made-up record of protocol ``list``, as it is kept with a bundle."""


def quality(precision: float, distinct: int, ahead: float | None = None) -> dict:
    """Made-up metrics; with ``ahead``: by how much our precision is higher."""
    values = {"precision@10": precision, "ndcg@10": 0.3, "recall@50": 0.25, "stars": 4.2, "top_share": 0.5}
    values |= {"novelty": 2.0, "diversity": 0.4, "calibration": 0.9}
    plain = {name: [value, value - 0.02, value + 0.02] for name, value in values.items()}
    plain |= {"distinct": distinct, "users": 40}
    if ahead is not None:
        difference = [ahead, ahead - 0.03, ahead + 0.03]
        plain |= {"difference": difference, "differences": {"precision@10": difference}}
    return plain


LISTS = {
    "version": 1,
    "users": 40,
    "seed": 0,
    "default": "rating",
    "orders": {
        "rating": {"1": quality(0.38, 90), "5": quality(0.42, 120)},
        "next": {"1": quality(0.30, 95, 0.08), "5": quality(0.31, 150, 0.11)},
    },
    "rivals": {
        "most_liked": {"1": quality(0.37, 10, 0.01), "5": quality(0.36, 11, 0.06)},
        "ridge": {"1": quality(0.40, 50, -0.02), "5": quality(0.41, 60, 0.01)},
    },
    "settings": {"ridge": "λ = 100"},
    "left_out": {"als": "the package “implicit” is not installed"},
    "curve": {
        events: [
            {"fame": 0.0, "precision": [0.2, 0.1, 0.3], "distinct": 400},
            {"fame": 1.0, "precision": [0.42, 0.4, 0.44], "distinct": 120},
        ]
        for events in ("1", "5")
    },
    "made": "2026-01-01",
    "seconds": 100.0,
}
