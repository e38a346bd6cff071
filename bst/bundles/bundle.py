"""Bundles: a folder with a trained model and all that is needed to show it. Save, list, open, verify.

    bundle.json    what it is: format, preset and configuration, dataset and its fingerprint, protocol, checksums
    weights.npz    the model's weights, plain arrays by name (no pickle: nothing in a bundle is ever run)
    history.csv    the learning curves, one row an epoch
    metrics.json   figures on the protocol's test labels, beside the peers'
    README.md      the model card

A bundle holds no row of its dataset, so that it may be passed on where the dataset may not: movies are known by their
place in the dataset's own file, and a fingerprint tells whether a dataset is the right one. Only ``load_model`` needs
TensorFlow; everything else is quick.
"""

import contextlib
import glob
import hashlib
import json
import math
import os
import shutil
import tempfile
import time
import zipfile
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd

from bst.errors import BSTError, BundleError
from bst.models.config import ModelConfig, Sizes
from bst.models.registry import family_of, read_config
from bst.settings import get_settings
from bst.timelines.splits import PROTOCOLS

FORMAT = "bst-studio-bundle"
VERSION = 1
FILES = ("weights.npz", "history.csv", "metrics.json", "README.md")
# enough for MovieLens 32M, whose users alone take 360 MB
LARGEST_FILE = 2**30
# a draft that nobody has written to for so long, in seconds, is one of a program that was killed
STALE_S = 3600


@dataclass(frozen=True)
class Bundle:
    """What a bundle says of itself; its heavier parts are read on request.

    ``movies_fingerprint`` is that of ``fingerprint``; ``levels`` are the ratings its dataset allows; ``share`` is the
    part of the users that it was trained on, see ``evaluation.prepare``. ``weights_sha256`` tells one training from
    another of the same name.
    """

    folder: Path
    title: str
    dataset: str
    dataset_title: str
    simulated: bool
    levels: tuple[float, ...]
    movies_fingerprint: str
    sizes: Sizes
    config: ModelConfig
    protocol: str
    seed: int
    epochs: int
    best_epoch: int
    created: str
    versions: dict[str, str]
    parameters: dict
    share: float = 1.0
    weights_sha256: str = field(default="", compare=False)

    @property
    def name(self) -> str:
        """The folder's name, by which the bundle is chosen."""
        return self.folder.name

    @property
    def history(self) -> pd.DataFrame:
        """Learning curves: one row an epoch."""
        return _parsed(self.folder / "history.csv", pd.read_csv)

    @property
    def metrics(self) -> dict:
        """Figures on the test labels, as ``evaluation.evaluate`` returned them when the bundle was made."""
        return _parsed(self.folder / "metrics.json", lambda path: dict(json.loads(path.read_text("utf-8"))))

    @property
    def model_card(self) -> str:
        """The model card, Markdown."""
        return _parsed(self.folder / "README.md", lambda path: path.read_text("utf-8"))

    def check_movies(self, movies: pd.DataFrame) -> None:
        """Raise ``BundleError`` unless ``movies`` are those that the model was trained on."""
        if fingerprint(movies) != self.movies_fingerprint:
            raise BundleError(
                f"bundle {self.name}: the movies of {self.dataset} here are not those it was trained on "
                f"({len(movies)} here, {self.sizes.movies} then, or other ids, years or genres); "
                f"get the original dataset, or train again: python -m bst train --dataset {self.dataset}"
            )

    def load_model(self, movies: pd.DataFrame):
        """Return the trained model. ``movies``: the frame of its dataset. Raises ``BundleError`` if anything is off."""
        self.check_movies(movies)
        family = family_of(self.config)
        model = family.build(self.config, self.sizes, len(self.levels))
        weights = _named_weights(model)
        shapes = {name: tuple(variable.shape) for name, variable in weights.items()}
        for name, values in _read_weights(self.folder / "weights.npz", shapes).items():
            weights[name].assign(values)
        family.set_item_features(model, movies)
        return model


@dataclass(frozen=True)
class BrokenBundle:
    """A folder among the bundles that cannot be opened, and why."""

    folder: Path
    reason: str

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.folder.name


def fingerprint(movies: pd.DataFrame) -> str:
    """Return a SHA-256 over ids, years and genres in file order: enough to tell catalogues apart.

    A year that is not known is the empty text.
    """
    years = movies["year"].astype("Int64").astype("string").fillna("").astype(str)
    lines = movies["movie_id"].astype(str) + "|" + years + "|" + movies["genres"]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def list_bundles(folder: Path | None = None) -> list[Bundle | BrokenBundle]:
    """Return all bundles under ``folder`` (``data/bundles``), by name; damaged ones with the reason."""
    found: list[Bundle | BrokenBundle] = []
    folder = folder or get_settings().bundles
    _recover(folder)
    for path in sorted(folder.glob("[!.]*/bundle.json")):
        if not path.parent.name.isprintable():  # bytes that are no text, line breaks: no name that can be shown
            continue
        try:
            found.append(open_bundle(path.parent))
        except BSTError as error:
            found.append(BrokenBundle(path.parent, str(error)))
    return found


def locate(name_or_folder: str | Path) -> Path:
    """Return the folder of a bundle given by name or path. Raises ``BundleError`` with what there is if none fits."""
    path = Path(name_or_folder)
    bundles = get_settings().bundles
    _recover(bundles)
    for candidate in (bundles / path, path):
        # os.path, as pathlib raises for a name that is too long for a file
        if os.path.isfile(candidate / "bundle.json"):  # noqa: PTH113
            return candidate.resolve()
    names = ", ".join(sorted(p.parent.name for p in bundles.glob("[!.]*/bundle.json"))) or "none"
    raise BundleError(f"there is no bundle {str(name_or_folder)!r}: it has no bundle.json. Bundles here: {names}")


def open_bundle(name_or_folder: str | Path) -> Bundle:
    """Read what a bundle says of itself and verify every file against its checksum.

    Raises ``BundleError`` for a missing, damaged or foreign bundle, naming the file and the mend.
    """
    folder = locate(name_or_folder)
    path = folder / "bundle.json"
    try:
        said = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise BundleError(f"{path} is not readable as JSON ({error}); get the bundle again") from error
    if not isinstance(said, dict) or said.get("format") != FORMAT:
        raise BundleError(f"{path} is not a BST Studio bundle; make one with: python -m bst train")
    if said.get("version") != VERSION:
        raise BundleError(
            f"{path} is of version {said.get('version')}, and this program reads version {VERSION}; "
            "train again, or use the program that made it"
        )
    _verify_files(folder, said.get("sha256"))
    try:
        bundle = Bundle(
            folder=folder,
            config=read_config(dict(said["config"])),
            sizes=Sizes(**said["sizes"]),
            levels=tuple(float(level) for level in said["levels"]),
            share=float(said.get("share", 1.0)),
            weights_sha256=said["sha256"]["weights.npz"],
            **{name: said[name] for name in _PLAIN},
        )
        _check_values(bundle)
    except (BSTError, KeyError, TypeError, ValueError) as error:
        raise BundleError(f"{path} is incomplete or malformed: {error}; get the bundle again") from error
    return bundle


# what is written as it is, and of which type it must be when it comes back
_PLAIN = {
    "title": str,
    "dataset": str,
    "dataset_title": str,
    "simulated": bool,
    "movies_fingerprint": str,
    "protocol": str,
    "seed": int,
    "epochs": int,
    "best_epoch": int,
    "created": str,
    "versions": dict,
    "parameters": dict,
}


def _check_values(bundle: Bundle) -> None:
    for name, kind in _PLAIN.items():
        if type(getattr(bundle, name)) is not kind:
            raise BundleError(f"{name} is {getattr(bundle, name)!r}")
    _check_parameters(bundle.parameters)
    if bundle.protocol not in PROTOCOLS:
        raise BundleError(f"protocol is {bundle.protocol!r}")
    if not all(isinstance(text, str) for text in bundle.versions.values()):
        raise BundleError(f"versions are {bundle.versions!r}")
    if not 1 <= bundle.best_epoch <= bundle.epochs:
        raise BundleError(f"best_epoch is {bundle.best_epoch} of {bundle.epochs} epochs")
    if not 0 < bundle.share <= 1:
        raise BundleError(f"share is {bundle.share!r}")
    if not bundle.levels or not all(low < high for low, high in pairwise((0.0, *bundle.levels, 10.0))):
        raise BundleError(f"levels are {bundle.levels}")
    for name, size in asdict(bundle.sizes).items():
        # the largest tables are n × ⌊√n⌋ of four bytes; none may be too large for the file that it comes from
        if type(size) is not int or size < 1 or 4 * size * math.isqrt(size) > LARGEST_FILE:
            raise BundleError(f"sizes: {name} is {size!r}")


def _check_parameters(counts: dict) -> None:
    totals = [counts.get(name) for name in ("parameters", "trainable", "non_trainable")]
    parts = counts.get("by_part")
    if not isinstance(parts, dict) or any(type(n) is not int or n < 0 for n in [*totals, *parts.values()]):
        raise BundleError(f"parameters are {counts!r}, not counts of weights, in all and by_part")


def save_bundle(bundle: Bundle, model, history: list[dict], metrics: dict, card: str) -> Bundle:
    """Write a bundle to ``bundle.folder``: all of it, or nothing. A bundle that was there is replaced."""
    target = bundle.folder
    target.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    _sweep_drafts(target)
    try:
        np.savez(work / "weights.npz", **{name: v.numpy() for name, v in _named_weights(model).items()})
        pd.DataFrame(history).to_csv(work / "history.csv", index=False, float_format="%.6g")
        (work / "metrics.json").write_text(json.dumps(metrics, indent=2) + "\n", "utf-8")
        (work / "README.md").write_text(card, "utf-8")
        said = {"format": FORMAT, "version": VERSION, **{name: getattr(bundle, name) for name in _PLAIN}}
        said |= {
            "share": bundle.share,
            "levels": list(bundle.levels),
            "sizes": asdict(bundle.sizes),
            "config": bundle.config.to_dict(),
        }
        said["sha256"] = {name: _sha256(work / name) for name in FILES}
        (work / "bundle.json").write_text(json.dumps(said, indent=2) + "\n", "utf-8")
        work.chmod(0o755)  # mkdtemp makes it private; a bundle is to be shared
        _replace(target, work)
    except OSError as error:
        _recover(target.parent)
        raise BundleError(f"the bundle cannot be written to {target}: {error}") from error
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return open_bundle(target)


def _replaced(target: Path) -> Path:
    """Return where a bundle lies while another takes its place."""
    return target.with_name(f".{target.name}-old")


def _replace(target: Path, work: Path) -> None:
    """Let ``work`` take the place of ``target``. A program that is killed meanwhile loses neither."""
    old = _replaced(target)
    for last_try in (False, True):
        if target.exists():
            shutil.rmtree(old, ignore_errors=True)
            target.rename(old)
        try:
            work.rename(target)
            break
        except OSError:  # a program that looked for bundles just now has put the old one back
            if last_try or not target.exists():
                raise
    shutil.rmtree(old, ignore_errors=True)


def _recover(folder: Path) -> None:
    """Put back what a program that was killed while it replaced a bundle has left aside."""
    for old in folder.glob(".*-old"):
        target = old.with_name(old.name.removeprefix(".").removesuffix("-old"))
        if not target.exists():
            with contextlib.suppress(OSError):  # another process was quicker
                old.rename(target)


def _sweep_drafts(target: Path) -> None:
    """Remove the drafts of a bundle that programs which were killed have left behind."""
    for draft in target.parent.glob(f".{glob.escape(target.name)}-*"):
        with contextlib.suppress(OSError):
            if draft != _replaced(target) and time.time() - draft.stat().st_mtime > STALE_S:
                shutil.rmtree(draft, ignore_errors=True)


def _named_weights(model) -> dict:
    """Weights by a name that does not depend on how many models were made before this one."""
    named = {weight.path.split("/", 1)[1]: weight for weight in model.weights}
    assert len(named) == len(model.weights), "two weights share a name"
    from_dataset = family_of(model.config).dataset_weights(model.config, model.sizes)
    return {name: weight for name, weight in named.items() if name not in from_dataset}


def _read_weights(path: Path, shapes: dict[str, tuple[int, ...]]) -> dict[str, np.ndarray]:
    """Read exactly these arrays. Raises ``BundleError``; never unpickles."""
    try:
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(info.file_size for info in archive.infolist())
        if unpacked > LARGEST_FILE:
            raise BundleError(f"{path} would unpack to {unpacked:,} bytes; no bundle is that large")
        with np.load(path, allow_pickle=False) as stored:
            if set(stored.files) != set(shapes):
                odd = sorted(set(stored.files) ^ set(shapes))
                raise BundleError(f"{path} does not hold this model's weights: {', '.join(odd[:3])} …")
            arrays = {name: stored[name] for name in shapes}
        for name, values in arrays.items():
            if values.dtype != np.float32:
                raise BundleError(f"{path}: {name} is of type {values.dtype}, not float32; get the bundle again")
            if values.shape != shapes[name]:
                raise BundleError(f"{path}: {name} has shape {values.shape}, not {shapes[name]}; get the bundle again")
            if not np.isfinite(values).all():
                raise BundleError(f"{path}: {name} holds values that are not numbers; train again")
    except BundleError:
        raise
    except Exception as error:  # a malformed archive makes zipfile, zlib and NumPy raise a dozen kinds of error
        raise BundleError(f"{path} cannot be read ({error}); get the bundle again") from error
    return arrays


def _parsed(path: Path, read: Callable):
    try:
        return read(path)
    except (OSError, ValueError, TypeError, RecursionError) as error:
        raise BundleError(f"{path} cannot be read ({error}); get the bundle again") from error


def _verify_files(folder: Path, sums) -> None:
    if not isinstance(sums, dict) or set(sums) != set(FILES):
        raise BundleError(f"{folder / 'bundle.json'} lacks the checksums of {', '.join(FILES)}; get the bundle again")
    for name in FILES:
        path = folder / name
        if not path.is_file() or path.is_symlink():
            raise BundleError(f"{path} is missing; get the bundle again")
        if path.stat().st_size > LARGEST_FILE:
            raise BundleError(f"{path} is larger than any bundle's ({path.stat().st_size:,} bytes); get it again")
        if _sha256(path) != sums[name]:
            raise BundleError(f"{path} is damaged: its checksum is not the one in bundle.json; get the bundle again")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
