"""Bundles: what is saved comes back, and whatever is damaged, foreign or malicious is refused by name."""

import hashlib
import io
import json
import os
import pickle
import shutil
import struct
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bst.bundles.bundle import BrokenBundle, Bundle, fingerprint, list_bundles, locate, open_bundle, save_bundle
from bst.errors import BundleError
from bst.evaluation import measure
from bst.files import draft_of

FILES = ("README.md", "bundle.json", "history.csv", "metrics.json", "weights.npz")


@pytest.fixture
def copy(small_bundle, tmp_path) -> Path:
    """A copy of the trained bundle, to be damaged."""
    return shutil.copytree(small_bundle.folder, tmp_path / "bundles" / "copy")


def reseal(folder: Path, **changes) -> None:
    """Make the checksums right again, as someone who builds a bundle on purpose would, and change ``bundle.json``."""
    header = json.loads((folder / "bundle.json").read_text("utf-8"))
    header["sha256"] = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in header["sha256"]}
    (folder / "bundle.json").write_text(json.dumps(header | changes), "utf-8")


def weights_of(folder: Path) -> dict[str, np.ndarray]:
    with np.load(folder / "weights.npz") as stored:
        return dict(stored)


def put_weights(folder: Path, weights: dict[str, np.ndarray]) -> None:
    np.savez(folder / "weights.npz", **weights)
    reseal(folder)


def refused(folder: Path, *texts: str) -> None:
    with pytest.raises(BundleError) as caught:
        open_bundle(folder)
    assert all(word in str(caught.value) for word in texts), str(caught.value)
    assert "\n" not in str(caught.value)


def model_refused(folder: Path, movies, *texts: str) -> None:
    bundle = open_bundle(folder)
    with pytest.raises(BundleError) as caught:
        bundle.load_model(movies)
    assert all(word in str(caught.value) for word in texts), str(caught.value)


# ---- what is saved comes back


def random_inputs(bundle: Bundle, n: int = 50) -> dict[str, np.ndarray]:
    rng, slots = np.random.default_rng(0), bundle.config.window - 1
    sizes = {"target": bundle.sizes.movies, "user": bundle.sizes.users, "sex": 2, "age": 7, "occupation": 21}
    return {
        "movies": rng.integers(-1, bundle.sizes.movies, (n, slots)).astype(np.int32),
        "ratings": rng.integers(1, 6, (n, slots)).astype(np.float32),
    } | {name: rng.integers(0, size, n).astype(np.int32) for name, size in sizes.items()}


def test_a_model_predicts_the_same_after_saving(small_bundle, world, tmp_path):
    model = small_bundle.load_model(world.movies)
    for weight in model.weights:
        if "genres" not in weight.path:
            weight.assign(np.abs(np.random.default_rng(1).normal(0, 0.2, weight.shape)))
    again = save_bundle(
        replace(small_bundle, folder=tmp_path / "again"),
        model,
        [{"epoch": 1, "val_mae": 0.5}],
        {"labels": 3},
        "# A card\n",
    )
    x = random_inputs(small_bundle)
    np.testing.assert_allclose(again.load_model(world.movies)(x), model(x), atol=1e-6)
    assert replace(again, folder=small_bundle.folder) == small_bundle
    assert (again.name, again.metrics, again.model_card) == ("again", {"labels": 3}, "# A card\n")
    assert again.history.to_dict("records") == [{"epoch": 1, "val_mae": 0.5}]
    assert [path.name for path in tmp_path.iterdir()] == ["again"], "no draft is left behind"


def test_genres_come_from_the_dataset(small_bundle, world):
    from bst.schema import genre_matrix

    assert not any("genres" in name and "movie_and" not in name for name in weights_of(small_bundle.folder))
    model = small_bundle.load_model(world.movies)
    np.testing.assert_array_equal(model.genres.embeddings, genre_matrix(world.movies))


def test_a_bundle_holds_no_row_of_its_dataset(small_bundle):
    for path in small_bundle.folder.iterdir():
        assert b"Story Number" not in path.read_bytes(), path.name


def test_saving_replaces_a_bundle_whole(small_bundle, world, copy):
    (copy / "stale.txt").write_text("from the older bundle")
    model = small_bundle.load_model(world.movies)
    save_bundle(replace(small_bundle, folder=copy), model, [], {"labels": 0}, "new")
    assert sorted(path.name for path in copy.iterdir()) == sorted(FILES)
    assert [path.name for path in copy.parent.iterdir()] == ["copy"]


def test_a_bundle_that_was_set_aside_by_a_program_that_was_killed_is_put_back(copy, override_settings):
    copy.rename(copy.parent / ".copy.bst-old")
    assert [bundle.name for bundle in list_bundles(copy.parent)] == ["copy"]
    copy.rename(copy.parent / ".copy.bst-old")
    override_settings(bundles=copy.parent)
    assert open_bundle("copy").name == "copy"
    assert [path.name for path in copy.parent.iterdir()] == ["copy"]


def test_what_killed_programs_left_behind_is_swept_away(small_bundle, world, copy):
    (copy.parent / ".copy.bst-draft").mkdir()
    with draft_of(copy.parent / "under-way") as under_way:
        save_bundle(replace(small_bundle, folder=copy), small_bundle.load_model(world.movies), [], {}, "new")
        assert sorted(path.name for path in copy.parent.iterdir()) == [under_way.name, ".under-way.bst-lock", "copy"]


def test_a_folder_whose_name_is_no_text_is_not_listed(copy):
    shutil.copytree(copy, Path(os.fsdecode(os.fsencode(copy.parent) + b"/b\xff")))
    shutil.copytree(copy, copy.parent / "line\nbreak")
    assert [bundle.name for bundle in list_bundles(copy.parent)] == ["copy"]


def test_a_failed_save_leaves_what_was_there(small_bundle, world, copy):
    before = {path.name: path.read_bytes() for path in copy.iterdir()}
    model = small_bundle.load_model(world.movies)
    with pytest.raises(TypeError):
        save_bundle(replace(small_bundle, folder=copy), model, [], {"labels": object()}, "new")
    assert {path.name: path.read_bytes() for path in copy.iterdir()} == before
    assert [path.name for path in copy.parent.iterdir()] == ["copy"]


# ---- damage


def test_a_save_that_fails_at_the_last_step_brings_the_old_bundle_back(small_bundle, world, copy, monkeypatch):
    model, rename = small_bundle.load_model(world.movies), Path.rename

    def fail(self, target):
        if self.name == f".{copy.name}.bst-draft":
            raise OSError("disk full")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", fail)
    with pytest.raises(BundleError, match="disk full"):
        save_bundle(replace(small_bundle, folder=copy), model, [{"epoch": 1}], {}, "another card")
    assert open_bundle(copy).model_card == small_bundle.model_card
    assert [path.name for path in copy.parent.iterdir()] == [copy.name]


@pytest.mark.parametrize("name", [name for name in FILES if name != "bundle.json"])
def test_one_flipped_byte_is_found(name, copy):
    data = bytearray((copy / name).read_bytes())
    data[len(data) // 2] ^= 1
    (copy / name).write_bytes(data)
    refused(copy, str(copy / name), "damaged", "checksum")


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_named(name, copy):
    (copy / name).unlink()
    refused(copy, str(copy) if name == "bundle.json" else name)


@pytest.mark.parametrize("name", [name for name in FILES if name != "bundle.json"])
def test_a_link_or_a_folder_is_no_file_of_a_bundle(name, copy, small_bundle):
    (copy / name).unlink()
    (copy / name).symlink_to(small_bundle.folder / name)
    refused(copy, str(copy / name))
    (copy / name).unlink()
    (copy / name).mkdir()
    refused(copy, str(copy / name))


@pytest.mark.parametrize("text", ["", "{", "\x00", "[" * 100_000])
def test_bundle_json_that_is_no_json(text, copy):
    (copy / "bundle.json").write_text(text, "utf-8")
    refused(copy, "bundle.json", "not readable as JSON")


def test_bundle_json_in_another_encoding(copy):
    (copy / "bundle.json").write_bytes(b'{"title": "\xe9"}')
    refused(copy, "bundle.json", "not readable as JSON")


@pytest.mark.parametrize("text", ["[]", "null", '"bst-studio-bundle"', "{}", '{"format": "other"}', '{"format": []}'])
def test_a_foreign_json_file(text, copy):
    (copy / "bundle.json").write_text(text, "utf-8")
    refused(copy, "bundle.json", "not a BST Studio bundle")


@pytest.mark.parametrize("version", [2, 0, None, "1", [1]])
def test_another_version_is_told(version, copy):
    reseal(copy, version=version)
    refused(copy, "bundle.json", f"of version {version}", "reads version 1")


@pytest.mark.parametrize(
    "sums", [None, [], {}, {"weights.npz": "0"}, {"../../etc/passwd": "0", **dict.fromkeys(FILES, "0")}]
)
def test_checksums_of_other_files_are_refused(sums, copy):
    reseal(copy, sha256=sums)
    refused(copy, "bundle.json", "lacks the checksums")


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"window": 1}, "window"),
        ({"window": 1000}, "window"),
        ({"window": 4.5}, "window"),
        ({"window": None}, "window"),
        ({"heads": "3"}, "heads"),
        ({"mlp": []}, "mlp"),
        ({"mlp": [10**9]}, "mlp"),
        ({"mlp": 3}, "malformed"),
        ({"user_id": "yes"}, "user_id"),
        ({"dropout": float("nan")}, "NaN is not a number"),
        ({"activation": "__import__('os')"}, "activation"),
    ],
)
def test_a_configuration_out_of_range(change, word, copy):
    config = json.loads((copy / "bundle.json").read_text("utf-8"))["config"]
    reseal(copy, config=config | change)
    refused(copy, "bundle.json", word)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"sizes": {"users": 40}}, "movies"),
        ({"sizes": {"users": 40, "movies": 10**9}}, "movies"),
        ({"sizes": {"users": 0, "movies": 30}}, "users"),
        ({"sizes": {"users": "40", "movies": 30}}, "users"),
        ({"sizes": [40, 30]}, "mapping"),
        ({"levels": []}, "levels"),
        ({"levels": ["five"]}, "five"),
        ({"levels": [5, 4, 3]}, "levels"),
        ({"levels": [1, float("nan"), 5]}, "NaN is not a number"),
        ({"title": None}, "title"),
        ({"seed": "0"}, "seed"),
        ({"simulated": 0}, "simulated"),
        ({"versions": []}, "versions"),
        ({"title": "mo\u202edel"}, "control characters"),
        ({"created": "\x00"}, "control characters"),
        ({"title": "\ud800"}, "not readable as JSON"),
        ({"versions": {"keras": 3}}, "versions"),
        ({"parameters": {}}, "parameters"),
        ({"parameters": {"parameters": "9", "trainable": 9, "non_trainable": 0, "by_part": {}}}, "parameters"),
        ({"parameters": {"parameters": 9, "trainable": 9, "non_trainable": 0, "by_part": [9]}}, "parameters"),
        ({"parameters": {"parameters": 9, "trainable": 9, "non_trainable": 0, "by_part": {"a": -1}}}, "parameters"),
        ({"best_epoch": 99}, "best_epoch"),
        ({"config": None}, "malformed"),
    ],
)
def test_other_values_out_of_range(change, word, copy):
    reseal(copy, **change)
    refused(copy, "bundle.json", word)


def test_a_missing_value_is_named(copy):
    header = json.loads((copy / "bundle.json").read_text("utf-8"))
    del header["protocol"]
    (copy / "bundle.json").write_text(json.dumps(header), "utf-8")
    refused(copy, "bundle.json", "protocol")


@pytest.mark.parametrize(
    "text", ["mae\n1\n", "epoch,mae\n1,x\n", "epoch\n1\n1\n", "epoch,mae\n1,inf\n", "epoch\n1.5\n"]
)
def test_curves_of_other_values_are_told(text, copy):
    (copy / "history.csv").write_text(text)
    reseal(copy)
    with pytest.raises(BundleError, match=r"history\.csv cannot be read"):
        _ = open_bundle(copy).history


@pytest.mark.parametrize("number", ["NaN", "-Infinity", "1e999", "9" * 400])
def test_numbers_that_are_none_are_told(number, copy):
    (copy / "metrics.json").write_text(f'{{"labels": 1, "metrics": {{"mae": {number}}}}}')
    reseal(copy)
    with pytest.raises(BundleError, match=r"metrics\.json cannot be read"):
        measure.summary(open_bundle(copy))


@pytest.mark.parametrize(("name", "part"), [("history.csv", "history"), ("metrics.json", "metrics")])
def test_figures_that_cannot_be_read_are_told(name, part, copy):
    (copy / name).write_bytes(b'\xff"')
    reseal(copy)
    bundle = open_bundle(copy)
    with pytest.raises(BundleError, match=f"{name} cannot be read"):
        getattr(bundle, part)


# ---- weights with right checksums


def test_weights_of_another_shape(copy, world):
    put_weights(copy, weights_of(copy) | {"movie/embeddings": np.zeros((29, 5), np.float32)})
    model_refused(copy, world.movies, "weights.npz", "movie/embeddings", "(29, 5)", "(30, 5)")


def test_a_missing_and_an_extra_weight(copy, world):
    whole = weights_of(copy)
    put_weights(copy, {name: values for name, values in whole.items() if name != "position/embeddings"})
    model_refused(copy, world.movies, "weights.npz", "position/embeddings")
    put_weights(copy, whole | {"payload": np.zeros(3)})
    model_refused(copy, world.movies, "weights.npz", "payload")


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_that_are_not_numbers(value, copy, world):
    weights = weights_of(copy)
    weights["rating/bias"][:] = value
    put_weights(copy, weights)
    model_refused(copy, world.movies, "weights.npz", "rating/bias", "not numbers")


@pytest.mark.parametrize("kind", ["int64", "bool", "complex64", "float64", "float16"])
def test_weights_of_another_type(kind, copy, world):
    weights = weights_of(copy)
    put_weights(copy, weights | {"rating/bias": weights["rating/bias"].astype(kind)})
    model_refused(copy, world.movies, "weights.npz", "rating/bias", kind)


def test_weights_whose_header_is_long_are_told_in_a_line(copy, world):
    header, names = b"9" * 60_000 + b"\n", list(weights_of(copy))
    with zipfile.ZipFile(copy / "weights.npz", "w") as archive:
        for name in names:
            archive.writestr(f"{name}.npy", b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header)
    reseal(copy)
    with pytest.raises(BundleError) as refused:
        open_bundle(copy).load_model(world.movies)
    assert len(str(refused.value).replace(str(copy), "")) < 300
    assert "\n" not in str(refused.value)


def test_weights_of_text(copy, world):
    weights = weights_of(copy)
    put_weights(copy, weights | {"rating/bias": np.array(["x"])})
    model_refused(copy, world.movies, "weights.npz")


class Bomb:
    """Makes a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        """Tell pickle to call ``Path.touch`` on reading."""
        return (Path.touch, (self.path,))


def test_a_pickle_is_never_run(copy, world, tmp_path):
    mark = tmp_path / "pickle-was-run"
    pickle.loads(pickle.dumps(Bomb(mark)))
    assert mark.exists(), "the trap works"
    mark.unlink()
    bomb = np.empty(1, object)
    bomb[0] = Bomb(mark)
    put_weights(copy, weights_of(copy) | {"rating/bias": bomb})
    model_refused(copy, world.movies, "weights.npz")
    # a bare pickle instead of the archive
    (copy / "weights.npz").write_bytes(pickle.dumps(Bomb(mark)))
    reseal(copy)
    model_refused(copy, world.movies, "weights.npz")
    assert not mark.exists()


def archive_with(folder: Path, name: str, content: bytes, compression=zipfile.ZIP_STORED) -> None:
    """Replace one member of the archive by any bytes."""
    weights = weights_of(folder)
    with zipfile.ZipFile(folder / "weights.npz", "w", compression) as archive:
        for other, values in weights.items():
            buffer = io.BytesIO()
            np.save(buffer, values)
            archive.writestr(f"{other}.npy", content if other == name else buffer.getvalue())
    reseal(folder)


def huge_array() -> bytes:
    """An .npy header that promises four terabytes, and nothing behind it."""
    header = b"{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000000,), }"
    header = header.ljust(117) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header


@pytest.mark.parametrize("content", [b"", b"no array", b"\x93NUMPY\x01\x00", b"\x93NUMPY\x09\x00xx", huge_array()])
def test_an_archive_of_nonsense(content, copy, world):
    archive_with(copy, "rating/bias", content)
    model_refused(copy, world.movies, "weights.npz")


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 and no more", b"\x80\x04."])
def test_weights_that_are_no_archive(content, copy, world):
    (copy / "weights.npz").write_bytes(content)
    reseal(copy)
    model_refused(copy, world.movies, "weights.npz")


def test_a_compressed_member_that_is_damaged(copy, world):
    archive_with(copy, "", b"", zipfile.ZIP_DEFLATED)
    data = bytearray((copy / "weights.npz").read_bytes())
    data[60:400] = bytes(340)
    (copy / "weights.npz").write_bytes(data)
    reseal(copy)
    model_refused(copy, world.movies, "weights.npz")


def test_an_archive_that_would_fill_the_memory(copy, world):
    """It says of itself that it unpacks to more than eight gigabytes."""
    with zipfile.ZipFile(copy / "weights.npz", "w") as archive:
        archive.writestr("rating/bias.npy", bytes(100))
        archive.infolist()[0].file_size = 2**33 + 1
    reseal(copy)
    model_refused(copy, world.movies, "weights.npz", "would unpack to 8,589,934,593 bytes")


def test_a_file_larger_than_any(copy):
    os.truncate(copy / "weights.npz", 2**33 + 1)  # a hole that takes no room on the disk
    refused(copy, "weights.npz", "larger than", "8,589,934,593 bytes")


# ---- the dataset


@pytest.mark.parametrize(
    "change",
    [
        lambda movies: movies.iloc[::-1],
        lambda movies: movies.iloc[:-1],
        lambda movies: movies.assign(year=movies["year"] + 1),
        lambda movies: movies.assign(genres="Drama"),
        lambda movies: movies.assign(movie_id=movies["movie_id"] + 1),
    ],
)
def test_other_movies_are_refused(change, small_bundle, world):
    with pytest.raises(BundleError, match=r"not those it was trained on.*python -m bst train --dataset small-world"):
        small_bundle.load_model(change(world.movies))


def test_a_corrected_title_does_not_matter(world):
    assert fingerprint(world.movies.assign(title="?")) == fingerprint(world.movies)


def test_fingerprint_of_movies_whose_year_is_not_known():
    frame = {"movie_id": [6, 7], "title": ["No Year Here", "B (1990)"], "genres": ["Drama", ""]}
    movies = pd.DataFrame(frame | {"year": pd.array([None, 1990], "Int16")})
    # printf '6||Drama\n7|1990|' | sha256sum
    assert fingerprint(movies) == "761eed893b47a3fee7f131785cbf04e68b30e5ea67eac29a0b5b0e1e8cca1bc0"
    assert fingerprint(movies.assign(year=pd.array([None, None], "Int16"))) != fingerprint(movies)


# ---- finding bundles


def test_bundles_are_listed_with_what_is_wrong(copy, tmp_path):
    shutil.copytree(copy, copy.parent / "b-damaged")
    (copy.parent / "b-damaged" / "README.md").unlink()
    shutil.copytree(copy, copy.parent / ".draft")
    (copy.parent / "empty").mkdir()
    (copy.parent / "note.txt").write_text("not a bundle")
    broken, sound = list_bundles(copy.parent)
    assert isinstance(broken, BrokenBundle)
    assert broken.name == "b-damaged"
    assert "README.md is missing" in broken.reason
    assert isinstance(sound, Bundle)
    assert sound.name == "copy"
    assert list_bundles(tmp_path / "nowhere") == []


def test_a_bundle_is_found_by_name_or_folder(copy, override_settings, monkeypatch):
    override_settings(bundles=copy.parent)
    assert locate("copy") == locate(copy) == locate(str(copy)) == copy.resolve()
    monkeypatch.chdir(copy)
    assert locate(".") == copy.resolve()


@pytest.mark.parametrize("name", ["cpy", "", "..", "a\0b", "x" * 5000, "/"])
def test_an_unknown_bundle_names_the_known_ones(name, copy, override_settings):
    override_settings(bundles=copy.parent)
    with pytest.raises(BundleError, match=r"there is no bundle .*Bundles here: copy"):
        locate(name)
