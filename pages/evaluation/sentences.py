"""What figures mean, in plain words."""

from bst.presentation.model_card import PEER_NAMES
from bst.schema import AGE_LABELS, SEX_LABELS
from pages.shared.format import percent

BASELINE_MEANINGS = {
    "global_mean": "the same for everything: the mean of all ratings.",
    "item_mean": "what others gave that movie on average.",
    "bias": "the movie's mean, shifted by how generous this user was with other movies (user bias).",
    "svd": "matrix factorisation, the usual measure to beat: each user and each movie as a few dozen numbers.",
    "svd_fold_in": "matrix factorisation, the usual measure to beat; a new user is worked out from the ratings so far.",
    "svd_em_fold_in": "the same, learnt for users whom nobody has seen: the strongest we know of its kind.",
}
FIGURES = {
    "mae": ("MAE", "Mean absolute error: by how many stars a prediction is off, on average."),
    "rmse": ("RMSE", "Root mean squared error, in stars: as MAE, but large errors count more."),
    "median_mae": (
        "MAE of the median",
        "The error when the model has to name one of the whole ratings, the middle one of what it thinks possible.",
    ),
    "nll": (
        "Surprise (NLL)",
        "Negative log-likelihood, in nats: how surprised the model is by the rating that was given. Guessing evenly "
        "among five ratings is 1.61.",
    ),
    "ece": (
        "Calibration error (ECE)",
        "By how much a promised chance of 4 ★ or more is off, on average; 0.01 is one percentage point.",
    ),
}
INTERVAL = "95% interval: where such a mean would fall for 95 of 100 other samples of as many users."
PARTS = {
    "sex": "Sex",
    "age": "Age",
    "occupation": "Occupation",
    "genre": "Genre",
    "decade": "Decade",
    "fame": "Fame",
}
# in a sentence: "between …"
BETWEEN = {"sex": "the sexes", "age": "age groups", "occupation": "occupations"}


def peer(name: str) -> str:
    """Return what a peer is called."""
    return PEER_NAMES.get(name, name)


def group(part: str, value) -> str:
    """Return what a group is called."""
    if value is None:
        return f"{PARTS[part]} unknown"
    if part == "sex":
        return SEX_LABELS[value]
    if part == "age":
        return AGE_LABELS[value]
    return f"{value}s" if part == "decade" else str(value)


def reads_whole_histories(bundle) -> bool:
    """Whether a bundle's model reads more than a short window."""
    return bundle.config.window_shape is None


def whom(bundle) -> str:
    """Return on whom or what a bundle was measured: "for people it has never seen"."""
    if bundle.protocol == "visitor":
        return "for people it has never seen"
    return "on ratings it was not trained on"


def headline(bundle, record: dict) -> str:
    """Return the sentence on top. ``record``: of ``evaluation.measure``, or the bundle's own metrics."""
    metrics = record["metrics"]
    if "mae" not in metrics:
        theirs = record.get("popularity", {}).get("hr@10")
        beside = f", popularity in {percent(theirs)}" if theirs is not None else ""
        return f"Has the next movie among its first ten in {percent(metrics['hr@10'])} of cases{beside}"
    sentence = f"Off by {metrics['mae']:.2f} stars on average {whom(bundle)}"
    if rival := _rival(record):
        sentence += f", {_beside(record, rival)}"
    known = record.get("known_after")
    if known is not None and bundle.protocol == "visitor" and reads_whole_histories(bundle):
        sentence += f"; it knows you {after(known)}"
    return sentence


def after(known: int) -> str:
    """Return after how many ratings, in words."""
    return {0: "from the start", 1: "after the first rating"}.get(known, f"after about {known} ratings")


def _rival(record: dict) -> str | None:
    """Return the strongest matrix factorisation, or else the strongest peer."""
    baselines = record.get("peers", {})
    among = [name for name in baselines if name.startswith("svd")] or list(baselines)
    return min(among, key=lambda name: baselines[name]["mae"], default=None)


def _beside(record: dict, rival: str) -> str:
    name = "SVD" if rival.startswith("svd") else peer(rival)
    ours, theirs = record["metrics"]["mae"], record["peers"][rival]["mae"]
    share, low, high = record.get("versus", {}).get(rival, {}).get("better", [1 - ours / theirs] * 3)
    if low <= 0 <= high:
        return f"about as good as {name}"
    by = f"{abs(share):.1%}" if abs(share) < 0.0095 else f"{abs(share):.0%}"
    return f"{by} {'better' if share > 0 else 'worse'} than {name}"


def span(found: list[float], form: str = ".3f") -> str:
    """Return an interval, "0.637 – 0.668", of ``[value, low, high]`` or ``[low, high]``."""
    low, high = found[-2:]
    return f"{low:{form}} – {high:{form}}".replace("-", "−")


def signed(value: float, form: str = ".3f") -> str:
    """Return a difference with its sign; none for what rounds to nothing."""
    text = f"{value:+{form}}"
    return text[1:] if float(text) == 0 else text.replace("-", "−")
