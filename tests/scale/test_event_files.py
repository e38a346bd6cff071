"""Learning curves as TensorBoard reads them: the event files, read back by TensorFlow."""

import json

import pytest

from bst.bundles.bundle import open_bundle
from bst.cli import main

pytest.importorskip("tensorboardX")

pytestmark = pytest.mark.slow


def scalars(folder) -> dict[str, dict[int, float]]:
    """All numbers of a run: tag → step → value."""
    from tensorflow.compat.v1.train import summary_iterator

    found: dict[str, dict[int, float]] = {}
    for path in folder.glob("events.out.tfevents.*"):
        for event in summary_iterator(str(path)):
            for value in event.summary.value:
                if value.HasField("simple_value"):
                    found.setdefault(value.tag, {})[event.step] = value.simple_value
    return found


def test_a_run_for_training_and_one_for_validation_have_the_curves_under_one_name(tmp_path, capsys):
    (tmp_path / "logs" / "demo" / "training").mkdir(parents=True)
    (tmp_path / "logs" / "demo" / "training" / "events.out.tfevents.old").write_text("of an earlier training")
    assert main(["curves", "--bundle", "demo", "--tensorboard", str(tmp_path / "logs"), "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["tensorboard"]["runs"] == ["demo/training", "demo/validation"]
    history = open_bundle("demo").history.set_index("epoch")
    for run, prefix in (("training", ""), ("validation", "val_")):
        written = scalars(tmp_path / "logs" / "demo" / run)
        expected = history[f"{prefix}mae"].dropna()
        assert written["mae"] == pytest.approx({int(epoch): value for epoch, value in expected.items()})
    assert "learning_rate" not in written
    assert answer["epochs"][0]["epoch"] == 1
    assert set(answer["best_epochs"]) == {"rating", "next", "like"}
