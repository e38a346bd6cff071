"""The app without a browser: each test gets a fresh session."""

import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import streamlit as st
from streamlit.components.v2.bidi_component.main import _make_trigger_id
from streamlit.testing.v1 import AppTest

from bst.bundles import rating_counts, user_groups
from bst.bundles.bundle import Bundle, fingerprint, save_bundle
from bst.datasets import load, load_movies
from bst.models.classic.config import ClassicConfig
from bst.models.config import ModelConfig, Sizes
from bst.models.registry import family_of
from bst.models.timeline.config import TimelineConfig, TowerConfig
from bst.schema import WHOLE_STARS, Dataset, Visitor
from pages.shared import resources
from pages.shared.state.undo import Changes

APP = Path(__file__).parents[2] / "studio.py"


@pytest.fixture
def app() -> AppTest:
    """The app on the embedded demo bundle, after the model has been loaded."""
    return start("demo")


@pytest.fixture(autouse=True)
def cookies(monkeypatch) -> dict[str, str]:
    """The cookies of the browser, which AppTest has not."""
    cookies: dict[str, str] = {}
    monkeypatch.setattr(type(st.context), "cookies", property(lambda context: cookies))
    return cookies


def start(bundle: str | None = None, parameters: dict[str, str] | None = None) -> AppTest:
    """Open the app in a new session that has looked up the bundles anew; with nothing given, at a bare address."""
    resources.look_again()
    app = AppTest.from_file(str(APP), default_timeout=120)
    for name, value in ({"bundle": bundle} if bundle else parameters or {}).items():
        app.query_params[name] = value
    return app.run()


def visitor(app: AppTest, dataset: str = "demo", slot: str = "a") -> Visitor | None:
    """The visitor as the session keeps it; slot "b" is the copy, None while it is as the visitor is."""
    return app.session_state["changes"][slot][dataset].current


def set_visitor(app: AppTest, visitor: Visitor, dataset: str = "demo", slot: str = "a") -> None:
    """Put a visitor in place of the one there is, with nothing to undo."""
    app.session_state["changes"][slot][dataset] = Changes.begin(visitor)


def edit(app: AppTest, movie_id: int, action: str, rating: float | None = None, slot: str = "a") -> AppTest:
    """What ``history.js`` reports when somebody rates a movie, or moves or removes it; AppTest runs no JavaScript.

    As after every change of the visitor, only parts of the page run, and the app has nothing else: run it once more for
    the whole page.
    """
    key = "history_rows" if slot == "a" else f"{slot}_history_rows"
    return trigger(app, key, "edit", {"movie_id": movie_id, "action": action, "rating": rating})


def trigger(app: AppTest, key: str, event: str, value: object) -> AppTest:
    """What the JavaScript of the component with this key reports."""
    component = next(one.proto for one in app.get("bidi_component") if one.proto.id.endswith(f"-{key}"))
    states = app._tree.get_widget_states()
    events = json.dumps([{"event": event, "value": value}])
    states.widgets.add(id=_make_trigger_id(component.id, "events"), json_trigger_value=events)
    return app._run(states)


def shown_strip(app: AppTest) -> dict:
    """What the film strip shows: ``candidate``, ``frames``, ``looks`` and more."""
    drawn = (json.loads(one.proto.json) for one in app.get("bidi_component"))
    return next(data for data in drawn if "frames" in data)


def shown_history(app: AppTest) -> list[dict]:
    """The rows of the history on the page, newest first: ``movie_id``, ``title`` and ``rating``."""
    drawn = (json.loads(one.proto.json) for one in app.get("bidi_component"))
    return next(data["rows"] for data in drawn if "unread" in data)


def headline(app: AppTest) -> str:
    """The sentence on top as one reads it: without its escapes, and blanks are blanks."""
    return app.title[0].value.replace("\\", "").replace("\N{NO-BREAK SPACE}", " ")


def shown_list(app: AppTest) -> dict:
    """What the ranked list shows: ``rows``, the names of the columns (``heads``) and what it is ordered ``by``."""
    drawn = (json.loads(one.proto.json) for one in app.get("bidi_component"))
    return next(data for data in drawn if "heads" in data)


def shown_titles(app: AppTest) -> list[str]:
    """The titles of the ranked list, best first."""
    return [row["title"] for row in shown_list(app)["rows"]]


def chart_words(app: AppTest) -> list[str]:
    """What each chart says to those who do not see it, from top to bottom."""
    return [chart.proto.alt for chart in app.get("vega_lite_chart")]


def captions(app: AppTest) -> str:
    """All captions of the page in one text as one reads it: without their escapes, and blanks are blanks."""
    return " ".join(caption.value for caption in app.main.caption).replace("\\", "").replace("\N{NO-BREAK SPACE}", " ")


# Small models of each kind with made-up figures, so that what a page says of them can be worked out by hand. Their
# weights are random, as pages must show what a model says, whatever it says.

RATING_CURVES = {
    "loss": (1.9, 1.7, 1.6, 1.5),
    "mae": (0.85, 0.75, 0.66, 0.60),
    "rmse": (1.1, 0.95, 0.85, 0.80),
    "val_loss": (1.8, 1.7, 1.65, 1.66),
    "val_mae": (0.80, 0.70, 0.68, 0.67),
    "val_rmse": (1.0, 0.90, 0.85, 0.86),  # the third epoch is the best, although the fourth has the lower MAE
}
NEXT_CURVES = {
    "next_loss": (7.4, 7.0, 6.6, 6.2, 6.0, 5.9),
    "val_next_loss": (7.0, 6.5, 6.2, 6.0, 5.9, 5.95),  # the fifth is the best
    "val_ndcg@10": (0.03, 0.05, 0.06, 0.08, 0.10, 0.11),
    "val_hr@10": (0.05, 0.10, 0.12, 0.15, 0.20, 0.21),
}
LIKE_CURVES = {
    "like_loss": (6.9, 6.6, 6.4, 6.3, 6.2),
    "val_like_loss": (6.8, 6.5, 6.4, 6.45, 6.5),  # the third is the best
    "val_precision@10": (0.20, 0.28, 0.31, 0.32, 0.33),
}
TASK = {"protocol": "visitor", "seed": 0, "labels": 1234}
LENGTHS = {"0": 0.82, "1": 0.78, "5": 0.75}
BASELINES = {
    "global_mean": {"mae": 0.93, "rmse": 1.12, "mae_by_history": {"0": 0.95, "1": 0.94, "5": 0.93}},
    "bias": {"mae": 0.72, "rmse": 0.91, "mae_by_history": {"0": 0.84, "1": 0.80, "5": 0.77}},
    "svd_fold_in": {"mae": 0.68, "rmse": 0.86, "mae_by_history": {"0": 0.84, "1": 0.79, "5": 0.73}},
}
RATING_FIGURES = {
    "metrics": {"mae": 0.66, "rmse": 0.85, "median_mae": 0.61, "nll": 1.2, "ece": 0.015, "mae_by_history": LENGTHS},
    "gaps_unknown": {"mae": 0.67, "rmse": 0.86, "mae_by_history": LENGTHS},
    "peers": BASELINES,
    # ahead at two of three lengths, at one of them clearly; clearly behind at the third
    "ahead_of_svd": {
        "all": [-0.02, -0.03, -0.01],
        "0": [-0.02, -0.03, -0.01],
        "1": [-0.01, -0.03, 0.01],
        "5": [0.02, 0.01, 0.03],
    },
}
NEXT_FIGURES = {
    "metrics": {"ndcg@10": 0.123, "hr@10": 0.25},
    "popularity": {"ndcg@10": 0.045, "hr@10": 0.08},
}
CLASSIC_FIGURES = {
    "protocol": "windows",
    "metrics": {"mae": 0.74, "rmse": 0.94},
    "as_visitor": {"mae": 0.75, "rmse": 0.95},
    "peers": {
        name: {"mae": errors["mae"], "rmse": errors["rmse"]}
        for name, errors in BASELINES.items()
        if name != "svd_fold_in"
    },
}


@pytest.fixture(scope="session")
def kinds_dir(tmp_path_factory) -> Path:
    """A folder with a bundle of each kind on the demo world: timeline, rating-only, next-only, classic."""
    folder = tmp_path_factory.mktemp("kinds")
    tower, none = TowerConfig(width=8, heads=2, layers=2), TowerConfig(epochs=0)
    rating, following = curve_rows(RATING_CURVES), curve_rows(NEXT_CURVES)
    liking = curve_rows(LIKE_CURVES)
    every = [
        {**row, **(rating[i] if i < len(rating) else {}), **(liking[i] if i < len(liking) else {})}
        for i, row in enumerate(following)
    ]
    figures = TASK | RATING_FIGURES | {"metrics": RATING_FIGURES["metrics"] | NEXT_FIGURES["metrics"]}
    figures |= {"popularity": NEXT_FIGURES["popularity"]}
    make_bundle(folder / "timeline", TimelineConfig("timeline", tower, tower, tower, factors=4), every, figures)
    rating_only = TimelineConfig("timeline", tower, none, none, factors=4)
    make_bundle(folder / "rating-only", rating_only, rating, TASK | RATING_FIGURES)
    make_bundle(folder / "next-only", TimelineConfig("timeline", none, tower, none), following, TASK | NEXT_FIGURES)
    make_bundle(folder / "classic", ClassicConfig("compact", window=4, mlp=(8, 4)), rating, TASK | CLASSIC_FIGURES)
    return folder


@pytest.fixture
def kinds(kinds_dir, override_settings) -> Path:
    """Let the app see those bundles, and no others."""
    override_settings(bundles=kinds_dir)
    return kinds_dir


def curve_rows(curves: dict[str, tuple[float, ...]]) -> list[dict]:
    """Curves by name as the history of a training: one row per epoch."""
    epochs = len(next(iter(curves.values())))
    return [{"epoch": i + 1} | {name: values[i] for name, values in curves.items()} for i in range(epochs)]


def make_bundle(
    folder: Path, config: ModelConfig, history: list[dict], figures: dict, dataset: Dataset | None = None
) -> Bundle:
    """Save a model of random weights as a bundle of a dataset, the demo world if none is given."""
    movies = load_movies("demo") if dataset is None else dataset.movies
    sizes = Sizes(50, len(movies)) if dataset is None else Sizes(len(dataset.users), len(movies), dataset.domain)
    model, rng = (
        family_of(config).build(config, sizes, 5 if dataset is None else len(dataset.levels)),
        np.random.default_rng(3),
    )
    for weight in model.trainable_weights:
        weight.assign(rng.normal(0, 0.4, weight.shape))
    if isinstance(config, ClassicConfig):
        model.trainable_weights[-1].assign([3.5])  # stars to start from
    if rating := getattr(model, "rating", None):
        rating.stars.assign(WHOLE_STARS)
        rating.mean_rating.assign(rng.uniform(2, 4.5, sizes.movies))
        rating.factors.assign(rng.normal(0, 0.3, rating.factors.shape))
        rating.factor_base.assign(rating.mean_rating)
        rating.factor_prior.assign(np.ones(rating.factor_prior.shape))
    bundle = Bundle(
        folder=folder,
        title=f"{folder.name} · {'Demo world (simulated)' if dataset is None else dataset.title}",
        dataset="demo" if dataset is None else dataset.name,
        dataset_title="Demo world (simulated)" if dataset is None else dataset.title,
        simulated=True,
        levels=WHOLE_STARS if dataset is None else dataset.levels,
        movies_fingerprint=fingerprint(movies),
        sizes=sizes,
        config=config,
        protocol=figures["protocol"],
        seed=0,
        epochs=len(history),
        best_epoch=3,
        created="2026-01-01",
        versions={},
        parameters={"parameters": 1000, "trainable": 1000, "non_trainable": 0, "by_part": {}},
    )
    bundle = save_bundle(bundle, model, history, figures, f"# {folder.name}")
    rating_counts.save(bundle, dataset or demo())
    user_groups.save(bundle, dataset or demo())
    return bundle


@cache
def demo() -> Dataset:
    """The embedded demo world, read once."""
    return load("demo")
