"""What is kept beside a bundle's model: whole, of these weights, or not at all."""

from dataclasses import replace

import pytest

from bst import files
from bst.bundles import sidecars
from bst.bundles.bundle import open_bundle
from bst.errors import BundleError


@pytest.fixture
def bundle(tmp_path):
    folder = tmp_path / "made"
    folder.mkdir()
    for path in open_bundle("demo").folder.glob("*"):
        if path.stem not in ("insights", "evaluation"):
            (folder / path.name).write_bytes(path.read_bytes())
    return open_bundle(folder)


def test_what_is_kept_comes_back(bundle):
    assert sidecars.read(bundle, "insights") is None
    sidecars.save(bundle, "insights", {"a": [1, 0.5, None], "title": "Amélie"})
    assert sidecars.read(bundle, "insights") == {"a": [1, 0.5, None], "title": "Amélie"}
    assert sidecars.read(bundle, "evaluation") is None
    assert open_bundle(bundle.folder).name == "made"  # the bundle is as good as before
    assert not list(bundle.folder.glob(".*"))


def test_that_of_other_weights_counts_as_missing(bundle):
    sidecars.save(bundle, "insights", {"a": 1})
    assert sidecars.read(replace(bundle, weights_sha256="0" * 64), "insights") is None


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"insights": {}}', "[" * 100_000])
def test_a_damaged_one_counts_as_missing(bundle, text):
    (bundle.folder / "insights.json").write_text(text, "utf-8")
    assert sidecars.read(bundle, "insights") is None


def test_numbers_that_are_none_are_refused_and_leave_the_old_one(bundle):
    sidecars.save(bundle, "insights", {"a": 1})
    with pytest.raises(ValueError, match="not JSON compliant"):
        sidecars.save(bundle, "insights", {"a": float("nan")})
    assert sidecars.read(bundle, "insights") == {"a": 1}


def test_a_disk_without_room_is_told_and_leaves_the_old_one(bundle, monkeypatch):
    sidecars.save(bundle, "insights", {"a": 1})

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.tempfile, "mkstemp", full)
    with pytest.raises(BundleError, match=r"insights\.json cannot be written: .*No space left.*make room"):
        sidecars.save(bundle, "insights", {"a": 2})
    assert sidecars.read(bundle, "insights") == {"a": 1}
