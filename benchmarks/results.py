"""Figures of the project as JSON in ``benchmarks/results/``: each file is written by the command that it names."""

import json
import statistics
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent / "results"  # ``Settings.results`` of the app
Metrics = dict[str, float]
MINUTES = "training_minutes"


def keep(name: str, protocol: str, preset: str, by_seed: dict[int, Metrics], command: str, **more: Any) -> Path:
    """Write ``NAME.json``: ``metrics`` are means over the seeds, those of an earlier run of other seeds included.

    ``by_seed`` may tell how long a training took, by the key ``MINUTES``, which is not a metric.
    ``more``: what else is worth knowing. A file of another protocol or preset is replaced.
    """
    path = FOLDER / f"{name}.json"
    known = json.loads(path.read_text()) if path.is_file() else {}
    if (known.get("protocol"), known.get("preset")) == (protocol, preset):
        by_seed = {int(seed): metrics for seed, metrics in known["by_seed"].items()} | by_seed
    by_seed = dict(sorted(by_seed.items()))
    first, *others = by_seed.values()
    keys = [key for key in first if key != MINUTES and all(key in metrics for metrics in others)]
    result = {
        "protocol": protocol,
        "seeds": list(by_seed),
        "preset": preset,
        "metrics": {key: _rounded(statistics.fmean(metrics[key] for metrics in by_seed.values())) for key in keys},
        "by_seed": {str(seed): {key: _rounded(value) for key, value in m.items()} for seed, m in by_seed.items()},
        "command": command,
        "made": datetime.now(UTC).strftime("%Y-%m-%d"),
        **more,
    }
    FOLDER.mkdir(exist_ok=True)
    path.write_text(json.dumps(result, indent=2) + "\n")
    return path


def _rounded(value: float) -> float:
    return round(value, 5)
