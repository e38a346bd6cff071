"""The form that starts a training run: which data, which model, and how long."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import chain, count
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from bst import datasets
from bst.errors import BSTError
from bst.models.classic.config import ClassicConfig
from bst.models.config import ModelConfig, Task
from bst.models.registry import PRESETS, describe, family_of, preset, preset_title
from bst.models.timeline.config import TOWERS, TimelineConfig
from bst.public_mode import Feature
from bst.settings import get_settings
from bst.timelines.splits import PROTOCOLS
from bst.training import background, duration
from bst.training.run_settings import RunSettings
from pages.shared.format import about, escape_markdown, message
from pages.shared.state import owner
from pages.shared.widgets import switched_off
from pages.shared.wording import say, say_labels
from pages.training import live

KINDS = {"quick": "Quick look", "full": "Full"}
MAX_EPOCHS = 30
SHARES = (0.05, 0.1, 0.25, 0.5, 1.0)
WIDTHS = (16, 32, 48, 64, 96)
TOWER_RATES = (0.0005, 0.001, 0.002, 0.004)
CLASSIC_RATES = (0.001, 0.003, 0.01, 0.03, 0.1)
TOWER_TITLES: dict[Task, str] = {"rating": "Ratings", "next": "Next movie", "like": "What they will like"}
TARGETS: dict[str, tuple[Task, ...]] = {
    "Everything": TOWERS,
    "Ratings only": ("rating",),
    "The next movie only": ("next",),
    "What they will like only": ("like",),
}


def draw_button() -> None:
    """Draw the button that opens the dialog; it is disabled while a run is under way."""
    if switched_off.caption(Feature.TRAINING):
        return
    running = [run.name for run in background.statuses() if run.state == "running"]
    if st.button(
        "Train a model",
        icon=":material/model_training:",
        disabled=bool(running),
        key="train_button",
        help=f"Run {escape_markdown(running[0])} is under way, and only one can run at a time."
        if running
        else "Training runs in a process of its own: you can close this page meanwhile.",
    ):
        _dialog()


@st.dialog("Train a model", width="large", icon=":material/model_training:")
def _dialog() -> None:
    draw_form()


def draw_form() -> None:
    """Draw the settings, and the button that starts the run."""
    titles = datasets.usable()
    left, right = st.columns(2, vertical_alignment="bottom")
    with left:
        dataset = st.selectbox("Dataset", list(titles), format_func=titles.__getitem__, key="train_dataset")
    with right:
        kind = st.segmented_control(
            "How thorough",
            list(KINDS),
            default="quick",
            required=True,
            format_func=KINDS.__getitem__,
            key="train_kind",
        )
    settings = _draw_quick_look(dataset) if kind == "quick" else _draw_full(dataset)
    suffix = "quick" if kind == "quick" else settings.config.preset
    name = st.text_input(
        "Name of the model", _free_name(f"{dataset}-{suffix}"), key=f"train_name_{dataset}_{suffix}", max_chars=80
    ).strip()
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        pressed = st.button("Start training", type="primary", icon=":material/play_circle:", key="train_start")
        st.caption(_duration_in_words(settings))
    if pressed:
        _start(settings, name)


def _draw_quick_look(dataset: str) -> RunSettings:
    settings = duration.quick_look(dataset)
    st.markdown(
        say(
            f"A Timeline BST learns to predict ratings from {settings.share:.0%} of the users, in {settings.epochs} "
            "passes over their ratings (epochs). It ends well ahead of the mean rating of each movie, but is no match "
            "for a full training."
        )
    )
    return settings


def _draw_full(dataset: str) -> RunSettings:
    left, right = st.columns(2)
    with left:
        share = st.select_slider(
            "Share of its users to train on",
            SHARES,
            value=1.0,
            format_func="{:.0%}".format,
            key="train_share",
            help="With fewer users training is faster and the model worse. The test users stay the same.",
        )
        seed = st.number_input(
            "Seed", 0, 2**31, 0, key="train_seed", help="The same seed gives the same split and the same training."
        )
    with right:
        name = st.selectbox("Preset", list(PRESETS), format_func=preset_title, key="train_preset")
        config = preset(name)
        protocols = family_of(config).protocols
        protocol = st.selectbox(
            "Protocol",
            protocols,
            key=f"train_protocol_{'_'.join(protocols)}",
            help="Which ratings are held out: the model is evaluated on them and never trained on them.",
        )
    st.caption(f"{say(describe(config))} Protocol “{protocol}”: {PROTOCOLS[protocol]}.")
    config = _draw_settings(config)
    return RunSettings(dataset, config, protocol, config.epochs, int(seed), share=share)


def _duration_in_words(settings: RunSettings) -> str:
    seconds = duration.estimated_seconds(settings)
    takes = (
        "How long it takes shows when its first epoch is under way."
        if seconds is None
        else f"Takes {about(seconds)} if this computer has little else to do."
    )
    return f"{takes} A curve shows how the error on held-out users falls from epoch to epoch, fast at first."


def _start(settings: RunSettings, name: str) -> None:
    try:
        background.start(settings, name, owner.claim())
    except BSTError as error:
        st.error(message(error), icon=":material/error:")
        return
    live.watch(name)
    st.rerun()


def _draw_settings(config: ModelConfig) -> ModelConfig:
    """Draw epochs and a few settings within ranges that train well, and return the configuration with them."""
    if len(config.tasks) > 1:
        targets = st.selectbox("What to predict", list(TARGETS), format_func=say_labels(str), key="train_targets")
        config = config.with_tasks(TARGETS[targets])
    preset_epochs = config.epochs
    epochs = st.slider(
        "Epochs (passes over the data), at most",
        1,
        max(MAX_EPOCHS, preset_epochs),
        preset_epochs,
        key=f"train_epochs_{config.preset}_{preset_epochs}",
        help="It stops earlier when three epochs in a row bring no improvement (early stopping).",
    )
    config = config.scale_epochs(epochs)
    draw_more = MORE_SETTINGS.get(type(config))
    if draw_more is None:
        return config
    with st.expander("More settings", icon=":material/tune:"):
        return draw_more(config)


def _draw_towers(config: TimelineConfig) -> TimelineConfig:
    for name, tower in config.towers.items():
        st.markdown(f"**{say(TOWER_TITLES[name])}**")
        width, layers, dropout, rate = st.columns(4)
        chosen = replace(
            tower,
            width=width.select_slider("Width", WIDTHS, tower.width, key=f"train_{name}_width"),
            layers=layers.slider("Layers", 1, 6, tower.layers, key=f"train_{name}_layers"),
            dropout=dropout.slider("Dropout", 0.0, 0.5, tower.dropout, 0.05, key=f"train_{name}_dropout"),
            learning_rate=_draw_rate(rate, TOWER_RATES, tower.learning_rate, f"train_{name}_rate"),
        )
        config = config.with_tower(name, chosen)
    return config


def _draw_classic(config: ClassicConfig) -> ClassicConfig:
    window, dropout, rate = st.columns(3)
    return replace(
        config,
        window=window.slider(say("Movies in a window"), 2, 20, config.window, key=f"train_{config.preset}_window"),
        dropout=dropout.slider("Dropout", 0.0, 0.5, config.dropout, 0.05, key=f"train_{config.preset}_dropout"),
        learning_rate=_draw_rate(rate, CLASSIC_RATES, config.learning_rate, f"train_{config.preset}_rate"),
    )


# the settings of each kind of configuration
MORE_SETTINGS: dict[type, Callable[[Any], ModelConfig]] = {TimelineConfig: _draw_towers, ClassicConfig: _draw_classic}


def _draw_rate(column: DeltaGenerator, rates: Sequence[float], value: float, key: str) -> float:
    return column.select_slider("Learning rate", rates, value, format_func="{:g}".format, key=key)


def _free_name(name: str) -> str:
    """Return the name, or the first of name-2, name-3, … that no bundle and no run has."""
    names = chain([name], (f"{name}-{number}" for number in count(2)))
    folders = get_settings().bundles, get_settings().runs
    return next(free for free in names if not any((folder / free).exists() for folder in folders))
