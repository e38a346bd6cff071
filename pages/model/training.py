"""Training: how the chosen model was made, and how good it is beside simple peers."""

from dataclasses import dataclass

import pandas as pd
import streamlit as st

from bst import charts
from bst.evaluation import PROTOCOLS
from bst.model_card import PEER_NAMES
from bst.models.config import TimelineConfig, describe
from pages.shared import figures, models
from pages.shared.text import count, literal, percent


@dataclass(frozen=True)
class Curve:
    """A pair of columns of the learning curves: its name on the control, what it means, and which tower it is of."""

    label: str
    meaning: str
    tower: str


CURVES = {
    "mae": Curve("MAE", "Mean absolute error (MAE): by how many stars a prediction is off, on average.", "rating"),
    "rmse": Curve("RMSE", "Root mean squared error (RMSE), in stars: as MAE, but large errors count more.", "rating"),
    "loss": Curve("Loss", "Loss: what training pushes down.", "rating"),
    "ndcg@10": Curve(
        "NDCG@10",
        "NDCG@10: how near the top of its list of all unseen movies the model has the one that came next; 1 is the "
        "first place, 0 means it was not among the first ten.",
        "next",
    ),
    "hr@10": Curve(
        "HR@10", "Hit rate (HR@10): how often the movie that came next was among the first ten of its list.", "next"
    ),
    "next_loss": Curve(
        "Next loss",
        "Loss of predicting the next movie. Training counts every movie against some drawn at random, validation each "
        "visitor's last movie against all, so compare the shapes of the curves, not their heights.",
        "next",
    ),
}
LOSSES = {
    True: "Here: how surprised the model is by each rating, plus half the squared error.",
    False: "Here: the squared error, in stars².",
}
# the best epoch of a tower has the lowest value of this column
JUDGED_BY = {"rating": "val_rmse", "next": "val_next_loss"}


def draw() -> None:
    """Draw the page: the sentence, the curves, the peers, and the details."""
    bundle = models.chosen()
    history, result = bundle.history, bundle.metrics
    timeline = isinstance(bundle.config, TimelineConfig)
    best = _best_epochs(history) if timeline else {"rating": bundle.best_epoch}
    st.title(_sentence(history, best), anchor=False)
    st.caption(f"{literal(bundle.title)}. {describe(bundle.config)}")
    curves, peers = st.columns([3, 2], gap="medium")
    with curves:
        st.subheader("Learning curves", anchor=False)
        metric = _draw_curves(history, best, timeline)
    with peers:
        st.subheader("How good is that?", anchor=False)
        _draw_peers(result, metric if metric in ("mae", "rmse") else "mae")
    histories, others = st.columns([3, 2], gap="medium")
    with histories:
        _draw_histories(result)
    with others:
        _draw_other_figures(result)
    with st.expander("Every epoch in numbers", icon=":material/table_rows:"):
        st.dataframe(history, hide_index=True, alt="Learning curves, one row an epoch")
    with (
        st.expander("Model card", icon=":material/description:"),
        # its tables are wider than a phone: a container of a set height scrolls both ways
        st.container(height=560, border=False),
    ):
        st.markdown(bundle.model_card)


def _best_epochs(history: pd.DataFrame) -> dict[str, int]:
    """Return each tower's best epoch on validation; a tower without curves is left out."""
    judged = {tower: column for tower, column in JUDGED_BY.items() if _has(history, column)}
    return {tower: int(history["epoch"][history[column].idxmin()]) for tower, column in judged.items()}


def _has(history: pd.DataFrame, column: str) -> bool:
    return column in history and bool(history[column].notna().any())


def _sentence(history: pd.DataFrame, best: dict[str, int]) -> str:
    parts = []
    if "rating" in best:
        what = "the error on ratings it had not seen"
        parts.append(
            _progress(history, "val_mae", best["rating"], what, lambda error: f"{error:.2f}", "fell", " stars")
        )
    if "next" in best and _has(history, "val_hr@10"):
        what = "the share of next movies among its first ten"
        parts.append(_progress(history, "val_hr@10", best["next"], what, percent, "rose"))
    if len(parts) == 1:
        epoch = next(iter(best.values()))
        return f"{parts[0][0].upper()}{parts[0][1:]}; epoch {epoch} was the best"
    sentence = ", and ".join(parts) or f"trained for {count(len(history), 'epoch')}"
    return sentence[0].upper() + sentence[1:]


def _progress(history: pd.DataFrame, column: str, best_epoch: int, what: str, say, verb: str, unit: str = "") -> str:
    values = history.set_index("epoch")[column].dropna()
    first, best, epochs = values.iloc[0], values.loc[best_epoch], count(len(values), "epoch")
    if say(first) == say(best):
        return f"in {epochs}, {what} stayed at {say(best)}{unit}"
    went = {"fell": best < first, "rose": best > first}[verb]
    return f"in {epochs}, {what} {verb if went else 'went'} from {say(first)} to {say(best)}{unit}"


def _draw_curves(history: pd.DataFrame, best: dict[str, int], timeline: bool) -> str:
    """Draw the curves with their control, and return the metric that was chosen."""
    offered = [name for name, curve in CURVES.items() if curve.tower in best and _has(history, f"val_{name}")]
    metric = st.segmented_control(
        "What to show",
        offered,
        default=offered[0],
        required=True,
        format_func=lambda name: CURVES[name].label,
        key=f"training_metric_{len(offered)}_{offered[0]}",  # models offer different ones
        persist_state="session",
        label_visibility="collapsed",
        wrap=True,
    )
    curve = CURVES[metric]
    epoch = best[curve.tower]
    figures.show(
        charts.learning_curves(history, metric, curve.label, epoch),
        f"{curve.label} over {history[f'val_{metric}'].notna().sum()} epochs, best at epoch {epoch}",
    )
    words = [curve.meaning]
    if metric == "loss":
        words.append(LOSSES[timeline])
    if metric not in history:
        words.append("Measured on validation only.")
    words.append("The weights kept are those of the best epoch on validation.")
    st.caption(" ".join(words))
    return metric


def _draw_other_figures(result: dict) -> None:
    """Draw the figures that are no error in stars: naming the next movie, and calibration."""
    metrics, popularity = result["metrics"], result.get("popularity", {})
    shown, words = [], []
    for name, say in (("hr@10", percent), ("ndcg@10", lambda value: f"{value:.3f}")):
        if name in metrics:
            beside = f"popularity {say(popularity[name])}" if name in popularity else None
            shown.append((CURVES[name].label, say(metrics[name]), beside))
            words.append(CURVES[name].meaning)
    if popularity:
        words.append("Popularity: the same list for everyone, what most people watched first.")
    if "ece" in metrics:
        shown.append(("Calibration error", f"{metrics['ece']:.3f}", "0 is perfect"))
        words.append(
            "Calibration error: where the model says 4 ★ or more with 70% probability, this should come true in 70% of "
            "the cases. By so much it is off, on average; 0.01 is one percentage point."
        )
    if not shown:
        return
    st.subheader("Next movie and probabilities" if "hr@10" in metrics else "Probabilities", anchor=False)
    with st.container(horizontal=True):
        for label, value, beside in shown:
            st.metric(label, value, beside, delta_color="off", delta_arrow="off", width="content")
    for meaning in words:
        st.caption(meaning)


def _draw_peers(result: dict, metric: str) -> None:
    if metric in result["metrics"]:
        table = pd.DataFrame(_peer_rows(result, metric)).sort_values("error")
        figures.show(
            charts.peer_bars(table, metric.upper()),
            "; ".join(f"{name}: {error:.3f}" for name, error in zip(table["name"], table["error"], strict=True)),
        )
    protocol = result["protocol"]
    words = [
        f"On {count(result['labels'], 'test rating')} that no one was trained on. Protocol “{protocol}”, seed "
        f"{result['seed']}: {PROTOCOLS[protocol]}."
    ]
    if "as_visitor" in result:
        words.append("The peers know the user, too; a visitor has no user id.")
    if "gaps_unknown" in result:
        words.append("Time gaps unknown: as in the app, where nobody says when they watched a movie.")
    st.caption(" ".join(words))


def _peer_rows(result: dict, metric: str) -> list[dict]:
    name = "This model, user known" if "as_visitor" in result else "This model"
    rows = [{"name": name, "error": result["metrics"][metric], "ours": True}]
    for also, words in (("as_visitor", "This model, visitor"), ("gaps_unknown", "This model, gaps unknown")):
        if also in result:
            rows.append({"name": words, "error": result[also][metric], "ours": True})
    return rows + [
        {"name": PEER_NAMES.get(name, name), "error": errors[metric], "ours": False}
        for name, errors in result.get("peers", {}).items()
    ]


def _draw_histories(result: dict) -> None:
    """Draw the error by length of history beside the strongest peers, if it was measured."""
    ours, peers = result["metrics"].get("mae_by_history"), result.get("peers", {})
    if not ours:
        return
    svd = next((name for name in peers if name.startswith("svd")), None)
    series = {"This model": ours} | {
        PEER_NAMES.get(name, name): peers[name]["mae_by_history"]
        for name in (svd, "bias")
        if "mae_by_history" in peers.get(name, {})
    }
    rows = [
        {"length": length, "name": name, "error": errors[length]}
        for name, errors in series.items()
        for length in ours
        if length in errors
    ]
    st.subheader("After how many movies?", anchor=False)
    ahead, svd_name = result.get("ahead_of_svd"), PEER_NAMES.get(svd, svd)
    sentence = _ahead(ahead, svd_name) if ahead else "The error by length of history."
    st.markdown(sentence)
    figures.show(
        charts.history_lines(pd.DataFrame(rows)),
        f"{sentence} MAE after {', '.join(ours)} movies: "
        + "; ".join(
            f"{name} {', '.join(f'{errors[n]:.2f}' for n in ours if n in errors)}" for name, errors in series.items()
        ),
    )
    words = ["Each point is the mean error of predicting a movie after exactly so many others."]
    if ahead:
        difference, low, high = (f"{value:+.3f}".replace("-", "−") for value in ahead["all"])
        words.append(
            f"{svd_name}, matrix factorisation told the same history, is the usual measure to beat; over all test "
            f"ratings the difference to it is {difference} stars (95% interval {low} to {high}; minus is better). "
            "“Clearly” means that such an interval leaves out 0."
        )
    st.caption(" ".join(words))


def _ahead(ahead: dict, rival: str) -> str:
    """Say at how many lengths of history the model is ahead of its rival: ``[difference, low, high]`` each."""
    lengths = [interval for length, interval in ahead.items() if length != "all"]
    better = sum(difference < 0 for difference, _, _ in lengths)
    clearly, behind = sum(high < 0 for _, _, high in lengths), sum(low > 0 for _, low, _ in lengths)
    sentence = f"Ahead of {rival} at {better} of {count(len(lengths), 'history length')}"
    if better:
        sentence += f", clearly at {'none' if not clearly else 'all' if clearly == len(lengths) else clearly}"
    return sentence + (f"; clearly behind at {behind}." if behind else ".")


draw()
