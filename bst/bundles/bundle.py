"""Bundles: a folder with a trained model and all that is needed to show it. Save, list, open, verify.

    bundle.json    the header: format, preset and configuration, dataset and its fingerprint, protocol, checksums
    weights.npz    the model's weights, plain arrays by name (no pickle: no code from a bundle is ever executed)
    history.csv    the learning curves, one row an epoch
    metrics.json   figures on the protocol's test labels, with those of the baselines
    README.md      the model card

A bundle holds no row of its dataset, so it may be shared where the dataset may not: movies are identified by their
row in the dataset's own file, and a fingerprint shows whether a dataset is the right one. Only ``load_model`` needs
TensorFlow: ``load_weights`` is what predictions are made from.
"""

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from bst.bundles.header import FIELD_TYPES, FORMAT, VERSION, check_fields, read_header, size_counts
from bst.bundles.storage import FILES, WEIGHTS, checksums, read_history, read_weights, verify_files
from bst.domain import MOVIES, Domain
from bst.errors import BSTError, BundleError
from bst.files import draft_of, names_at_work, recover, replace_folder
from bst.models.config import ModelConfig, Sizes
from bst.models.registry import family_of, read_config
from bst.models.trainer import Model
from bst.models.weights import assign, weights_of
from bst.settings import get_settings
from bst.strict_json import read_json
from bst.text import MOST_OF_A_PATH, quoted, reason, shorten
from bst.timelines.splits import protocol_name

# a bundle that another program is saving is waited for so long: it takes well under a second
WAIT_S = 30.0
# how often a bundle is opened again that was replaced while it was being read
MAX_TRIES = 3

T = TypeVar("T")


@dataclass(frozen=True)
class Bundle:
    """The header of a bundle; the larger parts are read on request.

    ``movies_fingerprint`` is that of ``fingerprint``; ``levels`` are the ratings that its dataset allows; ``share`` is
    the part of the users that it was trained on, see ``prepare`` in ``bst.models.registry``. ``weights_sha256``
    distinguishes trainings of the same name. ``stored_protocol`` is the name of the protocol in the file, which may be
    a former one.
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
    parameters: dict[str, Any]
    share: float = 1.0
    weights_sha256: str = field(default="", compare=False)
    stored_protocol: str = field(default="", compare=False)

    @property
    def name(self) -> str:
        """The folder's name, by which the bundle is chosen."""
        return self.folder.name

    @property
    def domain(self) -> Domain:
        """What the dataset is about."""
        return self.sizes.domain

    @property
    def recommends(self) -> bool:
        """Whether lists can be made by it: it predicts ratings, or it is of a dataset without ratings."""
        return "rating" in self.config.tasks or not self.domain.rated

    @property
    def history(self) -> pd.DataFrame:
        """Learning curves: one row an epoch."""
        return self._read("history.csv", read_history)

    @property
    def metrics(self) -> dict[str, Any]:
        """Figures on the test labels, as they were measured at the end of the training."""
        return self._read("metrics.json", lambda path: dict(read_json(path)))

    @property
    def model_card(self) -> str:
        """The model card, Markdown."""
        return self._read("README.md", lambda path: path.read_text("utf-8"))

    def _read(self, name: str, parse: Callable[[Path], T]) -> T:
        path = self.folder / name
        try:
            content = parse(path)
        except (OSError, ValueError, TypeError, RecursionError) as error:
            self.check_unchanged()
            raise BundleError(f"{path} cannot be read ({reason(error)}); get the bundle again") from error
        self.check_unchanged()
        return content

    def check_unchanged(self) -> None:
        """Raise ``BundleError`` if another bundle has taken this one's place since it was opened, or it is gone.

        What was read of the folder before is this bundle's.
        """
        if not self.weights_sha256:  # it is not saved yet
            return
        path = self.folder / "bundle.json"
        if not path.is_file():
            raise BundleError(f"bundle {self.name} was removed meanwhile: there is no {path} any more; choose another")
        checksums = read_header(path).get("sha256")
        if not isinstance(checksums, dict) or checksums.get("weights.npz") != self.weights_sha256:
            raise BundleError(f"bundle {self.name} was replaced by a newer training meanwhile; open it again")

    def check_movies(self, movies: pd.DataFrame) -> None:
        """Raise ``BundleError`` unless ``movies`` are those that the model was trained on."""
        if fingerprint(movies) != self.movies_fingerprint:
            raise BundleError(
                f"bundle {self.name}: the movies of {self.dataset} here are not those it was trained on "
                f"({len(movies)} here, {self.sizes.movies} then, or other ids, years or genres); "
                f"get the original dataset, or train again: python -m bst train --dataset {self.dataset}"
            )

    def load_weights(self, movies: pd.DataFrame) -> dict[str, np.ndarray]:
        """Return all weights of the trained model by their paths: float32.

        ``movies`` is the frame of its dataset. Raises ``BundleError`` if they are others, or the weights are damaged.
        """
        self.check_movies(movies)
        family = family_of(self.config)
        from_dataset = family.dataset_weights(self.config, movies, self.domain)
        shapes = family.weight_shapes(self.config, self.sizes, len(self.levels))
        stored = {path: shape for path, shape in shapes.items() if path not in from_dataset}
        later = family.later_weight_paths(self.config)
        if get_settings().model_url:  # opening the bundle left them unread
            verify_files(self.folder, read_header(self.folder / "bundle.json").get("sha256"), [WEIGHTS])
        try:
            weights = read_weights(self.folder / "weights.npz", stored, later)
        finally:
            self.check_unchanged()
        return weights | from_dataset

    def load_model(self, movies: pd.DataFrame) -> Model:
        """Return the trained Keras model. ``movies`` and errors as in ``load_weights``."""
        weights = self.load_weights(movies)
        model = family_of(self.config).build(self.config, self.sizes, len(self.levels))
        assign(model, weights)
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
    """Return a SHA-256 over ids, years and genres in file order: enough to distinguish catalogues.

    A year that is not known is the empty text.
    """
    years = movies["year"].astype("Int64").astype("string").fillna("").astype(str)
    lines = movies["movie_id"].astype(str) + "|" + years + "|" + movies["genres"]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


# ---- finding and opening


def list_bundles(folder: Path | None = None) -> list[Bundle | BrokenBundle]:
    """Return all bundles under ``folder`` (``data/bundles``), by name; damaged ones with the reason."""
    folder = folder or get_settings().bundles
    at_work = names_at_work(folder)
    for name in at_work:
        recover(folder / name, WAIT_S)
    # one that is just being replaced has no folder for a moment: what the first look misses, the second one finds
    names = _names(folder) | at_work | names_at_work(folder) | _names(folder)
    bundles: list[Bundle | BrokenBundle] = []
    for name in sorted(names):
        if not name.isprintable():  # undecodable bytes, line breaks: no name that can be shown
            continue
        try:
            bundles.append(open_bundle(folder / name))
        except BSTError as error:
            if (folder / name / "bundle.json").exists():
                bundles.append(BrokenBundle(folder / name, str(error)))
    return bundles


def _names(folder: Path) -> set[str]:
    return {path.parent.name for path in folder.glob("[!.]*/bundle.json")}


def locate(name_or_folder: str | Path) -> Path:
    """Return the folder of a bundle given by name or path. Raises ``BundleError`` with the known names if none fits."""
    path, bundles = Path(name_or_folder), get_settings().bundles
    for _ in range(MAX_TRIES):
        for candidate in (bundles / path, path):
            # os.path, as pathlib raises for a name that is too long for a file
            if os.path.isfile(candidate / "bundle.json"):  # noqa: PTH113
                return candidate.resolve()
            recover(candidate, WAIT_S)
    names = ", ".join(sorted(_names(bundles))) or "none"
    raise BundleError(
        f"there is no bundle {quoted(str(name_or_folder), MOST_OF_A_PATH)}: it has no bundle.json. "
        f"Bundles here: {shorten(names)}"
    )


def open_bundle(name_or_folder: str | Path) -> Bundle:
    """Read a bundle's header and verify every file against its checksum.

    Raises ``BundleError`` for a missing, damaged or foreign bundle, naming the file and the remedy.
    """
    for _ in range(MAX_TRIES):
        folder = locate(name_or_folder)
        before = _file_id(folder / "bundle.json")
        try:
            return _open(folder)
        except BundleError as error:
            if _file_id(folder / "bundle.json") == before:
                raise
            # it was replaced meanwhile: the files that were read are of two bundles
            problem = error
    raise problem


def _file_id(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns


def _open(folder: Path) -> Bundle:
    path = folder / "bundle.json"
    header = read_header(path)
    # where a model server has the weights, they are neither needed here nor read
    here = [name for name in FILES if name != WEIGHTS] if get_settings().model_url else FILES
    verify_files(folder, header.get("sha256"), here)
    try:
        bundle = Bundle(
            folder=folder,
            config=read_config(header["config"]),
            sizes=_read_sizes(header),
            levels=tuple(float(level) for level in header["levels"]),
            share=float(header.get("share", 1.0)),
            weights_sha256=header["sha256"]["weights.npz"],
            stored_protocol=header["protocol"],
            **{name: header[name] for name in FIELD_TYPES} | {"protocol": protocol_name(header["protocol"])},
        )
        check_fields(vars(bundle))
    except (BSTError, KeyError, TypeError, ValueError) as error:
        raise BundleError(f"{path} is incomplete or malformed: {error}; get the bundle again") from error
    return bundle


def _read_sizes(header: dict[str, Any]) -> Sizes:
    """Return the sizes; a bundle that does not name its domain is about movies."""
    domain = Domain.from_dict(header["domain"]) if "domain" in header else MOVIES
    return Sizes(**header["sizes"], domain=domain)


# ---- saving


def save_bundle(
    bundle: Bundle, model: Model, history: list[dict[str, float]], metrics: Mapping[str, Any], card: str
) -> Bundle:
    """Write a bundle to ``bundle.folder``: all of it, or nothing. A bundle that was there is replaced.

    Returns it as it is then opened. Raises ``BundleError`` if the folder cannot be written.
    """
    target = bundle.folder
    try:
        with draft_of(target, WAIT_S) as draft:
            np.savez(draft / "weights.npz", **_stored_weights(bundle, model))
            pd.DataFrame(history).to_csv(draft / "history.csv", index=False, float_format="%.6g")
            (draft / "metrics.json").write_text(json.dumps(metrics, indent=2) + "\n", "utf-8")
            (draft / "README.md").write_text(card, "utf-8")
            (draft / "bundle.json").write_text(json.dumps(_header(bundle, draft), indent=2) + "\n", "utf-8")
            replace_folder(target, draft)
    except OSError as error:
        raise BundleError(
            f"the bundle cannot be written to {target}: {error}; make room or fix the folder's rights"
        ) from error
    return open_bundle(target)


def _header(bundle: Bundle, draft: Path) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "version": VERSION,
        **{name: getattr(bundle, name) for name in FIELD_TYPES},
        "share": bundle.share,
        "levels": list(bundle.levels),
        "sizes": size_counts(bundle.sizes),
        **({} if bundle.domain == MOVIES else {"domain": bundle.domain.to_dict()}),
        "config": bundle.config.to_dict(),
        "sha256": checksums(draft),
    }


def _stored_weights(bundle: Bundle, model: Model) -> dict[str, Any]:
    """Return the weights that a bundle holds."""
    from_dataset = family_of(bundle.config).dataset_weight_paths(bundle.config)
    return {path: values for path, values in weights_of(model).items() if path not in from_dataset}
