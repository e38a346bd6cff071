"""What a record of ``evaluation.measure`` says, as frames that charts draw and as rows of tables."""

import pandas as pd

from bst.bundles.bundle import Bundle
from bst.presentation.model_card import PEER_NAMES
from bst.schema import AGE_LABELS, SEX_LABELS

OURS = "This model"
PARTS = {
    "sex": "Sex",
    "age": "Age",
    "occupation": "Occupation",
    "genre": "Genre",
    "decade": "Decade",
    "fame": "Fame",
}
ORDERS = {
    "next": "Likely next",
    "blend": "Both, half and half",
    "rating": "By expected rating",
    "popularity": "Popularity",
}
FIGURES = {"mae": "MAE", "rmse": "RMSE", "median_mae": "MAE of the median", "nll": "NLL", "ece": "ECE"}
# lines in the picture by length of history
_PEERS = ("item_mean", "bias", "svd_fold_in", "svd_em_fold_in", "svd")


def headline(bundle: Bundle, record: dict) -> str:
    """Return in a sentence how good a model is; ``record``: kept, or the bundle's own metrics."""
    metrics, baselines = record["metrics"], record.get("peers", {})
    if "mae" not in metrics:
        return f"Has the movie that came next among its first ten in {metrics['hr@10']:.0%} of cases."
    whom = "for people it has never seen" if bundle.protocol == "visitor" else "on ratings it was not trained on"
    words = f"Off by {metrics['mae']:.2f} stars on average {whom}"
    rival = min(baselines, key=lambda name: baselines[name]["mae"], default=None)
    if rival:
        share = 1 - metrics["mae"] / baselines[rival]["mae"]
        side = "better" if share >= 0 else "worse"
        words += f", {abs(share):.1%} {side} than the best of the simpler ways to predict, {PEER_NAMES[rival]}"
    return words + "."


def baselines(record: dict, metric: str = "mae") -> pd.DataFrame:
    """Return ``name``, ``value``, ``low``, ``high``, ``ours``: this model, then its peers, the best first."""
    spans = record["intervals"]
    rows = [(OURS, record["metrics"][metric], *spans["ours"][metric], True)]
    others = sorted(record["peers"].items(), key=lambda item: item[1][metric])
    rows += [(peer_name(name), found[metric], *spans["peers"][name][metric], False) for name, found in others]
    return pd.DataFrame(rows, columns=["name", "value", "low", "high", "ours"])


def figures(record: dict) -> list[tuple[str, str, str]]:
    """Return rows of a table: figure, value, 95 % interval."""
    spans = record.get("intervals", {}).get("ours", {})
    found = record["metrics"]
    rows = [
        (label, f"{found[name]:.3f}", span(spans[name]) if name in spans else "")
        for name, label in FIGURES.items()
        if name in found
    ]
    also = {"gaps_unknown": "MAE, time gaps unknown", "as_visitor": "MAE, without the user's id"}
    rows += [(label, f"{record[name]['mae']:.3f}", "") for name, label in also.items() if "mae" in record.get(name, {})]
    return rows + [
        (label, f"{found[name]:.3f}", "")
        for name, label in (("ndcg@10", "NDCG@10"), ("hr@10", "HR@10"))
        if name in found
    ]


def by_history(record: dict) -> pd.DataFrame:
    """Return MAE by length of history: ``length``, ``name``, ``value``, ``low``, ``high``, ``labels``."""
    shown = [name for name in _PEERS if name in record["peers"]]
    rows = [(stretch(row), OURS, *row["mae"], row["labels"]) for row in record["by_history"]]
    rows += [
        (stretch(row), peer_name(name), *row["peers"][name], row["labels"])
        for name in shown
        for row in record["by_history"]
    ]
    return pd.DataFrame(rows, columns=["length", "name", "value", "low", "high", "labels"])


def stretch(row: dict) -> str:
    """Return a stretch of lengths: "0", "1–2", "150+"."""
    if row["to"] is None:
        return f"{row['from']}+"
    return str(row["from"]) if row["from"] == row["to"] else f"{row['from']}–{row['to']}"


def bins(found: list[dict]) -> pd.DataFrame:
    """Return calibration as ``charts.reliability`` draws it."""
    return pd.DataFrame(
        [
            {name: b[name] for name in ("from", "to", "predicted", "labels")}
            | dict(zip(("value", "low", "high"), b["actual"], strict=True))
            for b in found
        ]
    )


def groups(record: dict, part: str) -> pd.DataFrame:
    """Return the error of one part's groups as ``charts.groups`` draws it, the worst first."""
    strongest = min((found["mae"] for found in record["peers"].values()), default=None)
    return pd.DataFrame(
        [
            {
                "name": f"{group(part, row['value'])} · {row['users']:,}",
                **dict(zip(("value", "low", "high"), row["mae"], strict=True)),
                "labels": row["labels"],
                "users": row["users"],
                "sign": "▲" if row["gap"][1] > 0 else "▼" if row["gap"][2] < 0 else "●",
                "others": None if strongest is None else strongest + row.get("peer_gap", 0.0),
            }
            for row in record["slices"]
            if row["part"] == part
        ]
    )


def fairness(record: dict) -> list[tuple[str, ...]]:
    """Return rows of a table: part, worst and best group, the gap with its interval, and how often chance makes it."""
    return [
        (
            PARTS[row["part"]],
            group(row["part"], row["worst"]),
            group(row["part"], row["best"]),
            f"{row['gap'][0]:.3f}",
            span(row["gap"][1:]),
            "under 0.1%" if row["chance"] < 0.001 else f"{row['chance']:.1%}",
        )
        for row in record["fairness"]
    ]


def ranking(record: dict, k: str = "10") -> list[tuple[str, ...]]:
    """Return rows of a table: list, HR, NDCG and MRR with coverage, novelty, diversity and share of popular movies."""
    orders = record["ranking"]["orders"]
    return [
        (
            label,
            f"{orders[name]['hr'][k][0]:.3f}",
            f"{orders[name]['ndcg'][k][0]:.3f}",
            f"{orders[name]['mrr'][0]:.3f}",
            *(_of_list(orders[name], figure, k, form) for figure, form in _OF_LISTS.items()),
        )
        for name, label in ORDERS.items()
        if name in orders and k in orders[name]["hr"]
    ]


_OF_LISTS = {"coverage": ".1%", "novelty": ".1f", "diversity": ".2f", "popular": ".0%"}


def _of_list(order: dict, figure: str, k: str, form: str) -> str:
    return f"{order[figure][k]:{form}}" if k in order.get(figure, {}) else ""


def group(part: str, value) -> str:
    """Return what a group is called."""
    if value is None:
        return "unknown"
    if part == "decade":
        return f"{value}s"
    return {"sex": SEX_LABELS, "age": AGE_LABELS}.get(part, {}).get(value, str(value))


def peer_name(name: str) -> str:
    """Return what a peer is called."""
    return PEER_NAMES.get(name, name)


def span(found: list[float], form: str = ".3f") -> str:
    """Return an interval of ``[low, high]``: "0.637 – 0.668"."""
    return f"{found[0]:{form}} – {found[1]:{form}}".replace("-", "−")
