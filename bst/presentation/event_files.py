"""Learning curves as the event files that TensorBoard reads."""

import json
from pathlib import Path

import pandas as pd

from bst.bundles.bundle import Bundle
from bst.files import draft_of, replace_folder
from bst.optional import require
from bst.presentation.curves import TRAINING, VALIDATION


def write_events(bundle: Bundle, folder: Path) -> list[str]:
    """Write a model's learning curves below ``folder``, one run for training and one for validation.

    A curve has the same tag in both runs, so that TensorBoard draws them in one chart; a step is an epoch. Under "Text"
    are the model card and the configuration. The runs are ``folder/NAME/training`` and ``folder/NAME/validation``, and
    replace those of an earlier call. Returns their names; none for a model without curves. Raises
    ``MissingPackageError``, or ``OSError`` if the folder cannot be written.
    """
    writer = require("tensorboardX", "Writing for TensorBoard").SummaryWriter
    target = folder / bundle.name
    target.parent.mkdir(parents=True, exist_ok=True)
    runs = {run: curves for run, curves in _runs(bundle.history).items() if curves}
    with draft_of(target) as draft:
        for run, curves in runs.items():
            with writer(str(draft / "runs" / run)) as events:
                for tag, values in curves.items():
                    for epoch, value in values.items():
                        events.add_scalar(tag, float(value), int(epoch))
                if run == TRAINING:
                    events.add_text("model card", bundle.model_card)
                    events.add_text("configuration", f"```json\n{json.dumps(bundle.config.to_dict(), indent=1)}\n```")
        if runs:
            replace_folder(target, draft / "runs")
    return [f"{bundle.name}/{run}" for run in runs]


def _runs(history: pd.DataFrame) -> dict[str, dict[str, "pd.Series[float]"]]:
    """Return the curves of each run by tag, each by epoch."""
    by_epoch = history.set_index("epoch")
    runs: dict[str, dict[str, pd.Series[float]]] = {TRAINING: {}, VALIDATION: {}}
    for column in by_epoch.columns:
        run, tag = (VALIDATION, column.removeprefix("val_")) if column.startswith("val_") else (TRAINING, column)
        if len(values := by_epoch[column].dropna()):
            runs[run][tag] = values
    return runs
