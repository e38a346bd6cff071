"""``python -m bst prepare``: a source in, a store out. A run that was killed goes on where it was."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np
import pyarrow as pa

from bst.domain import Domain
from bst.errors import ConfigError, DatasetError
from bst.files import InUseError, locked, remove_folder, write_whole
from bst.preparation.distributed import RayEngine
from bst.preparation.local import LocalEngine
from bst.preparation.memory import least_shards, usual_shards
from bst.preparation.parts import Part
from bst.preparation.plan import WORK, Plan
from bst.preparation.reading import IdTypes, TextIdsError
from bst.preparation.scale import UNRATED, stars
from bst.preparation.sources import Source, open_source, source_fingerprint
from bst.preparation.survey import Survey
from bst.preparation.tables import known_users, unknown_users
from bst.store.manifest import FILE, ShardRecord, read_manifest, shard_file
from bst.store.reading import Store
from bst.store.shards import shard_record
from bst.store.writing import require_shards, write_tables
from bst.text import count

_SOURCE = "source"
MOST_THREADS = 256
OnProgress = Callable[[str, int, int], None]


class Engine(Protocol):
    """What divides events among shards. Engines differ in how, never in the result."""

    def survey(self, parts: tuple[Part, ...], types: IdTypes, items: pa.Array) -> Survey:
        """Read all parts once."""

    def write_shards(
        self, store: Path, plan: Plan, missing: list[int], on_shard: Callable[[ShardRecord], None]
    ) -> None:
        """Write the missing shards into a store."""


ENGINES: dict[str, Callable[[int, int], Engine]] = {"local": LocalEngine, "ray": RayEngine}


@dataclass(frozen=True)
class Prepared:
    """A finished store; ``resumed``: how many of its shards were there already."""

    store: Store
    resumed: int


def prepare(
    source: str,
    out: str | Path,
    engine: str = "local",
    *,
    shards: int | None = None,
    memory: int,
    threads: int = 2,
    overwrite: bool = False,
    on_progress: OnProgress = lambda stage, done, total: None,
) -> Prepared:
    """Prepare a store from a folder or a known dataset, or go on with one that was begun.

    ``memory`` in bytes bounds this process (``local``), or the objects of a cluster started here (``ray``). A store
    that is there and was made of the same files in the same way is kept. ``on_progress``: "reading" or "shards", how
    many are done, and of how many.

    Raises ``ConfigError`` for impossible settings, ``DatasetError`` for a source that cannot be used and for a folder
    that holds something else (``overwrite`` removes a store, finished or not), ``MissingPackageError`` without the
    engine's package, ``OSError`` where the folder cannot be written.
    """
    if engine not in ENGINES:
        raise ConfigError(f"there is no engine {engine!r}; choose one of: {', '.join(ENGINES)}")
    if not 1 <= threads <= MOST_THREADS:
        raise ConfigError(f"threads are 1 … {MOST_THREADS}, not {threads}")
    if shards is not None:
        require_shards(shards)
    out, chosen = Path(out), ENGINES[engine](memory, threads)
    made_of = source_fingerprint(source, shards)
    try:
        with locked(out):
            if (out / FILE).exists() and not overwrite:
                return _finished(out, made_of)
            _begin(out, made_of, overwrite)
            plan = Plan.read(out) or _plan(source, out, chosen, shards, memory, made_of, on_progress)
            return _write(out, plan, chosen, on_progress)
    except InUseError as error:
        raise DatasetError(str(error)) from error


def _finished(out: Path, made_of: str) -> Prepared:
    if read_manifest(out).source != made_of:
        raise DatasetError(
            f"{out} is a store of another source, or of this one before it changed: name a new folder, or replace it "
            "with --overwrite"
        )
    store = Store.open(out)
    store.verify()
    return Prepared(store, len(store))


def _begin(out: Path, made_of: str, overwrite: bool) -> None:
    """Make the folder of the store, or check that what is in it is the same work, unfinished."""
    mark = out / WORK / _SOURCE
    if out.exists() and any(out.iterdir()):
        is_store = (out / FILE).exists() or mark.exists()
        if not is_store:
            raise DatasetError(f"{out} is there and is no store: name a new folder")
        if overwrite:
            remove_folder(out)
        elif mark.read_text("utf-8") != made_of:
            raise DatasetError(
                f"{out} holds an unfinished store of another source or of other settings: run that again to finish it, "
                "or replace it with --overwrite"
            )
    (out / WORK).mkdir(parents=True, exist_ok=True)
    (out / "shards").mkdir(exist_ok=True)
    write_whole(mark, made_of)


def _plan(
    name: str, out: Path, engine: Engine, shards: int | None, memory: int, made_of: str, on_progress: OnProgress
) -> Plan:
    """Read the whole source once, write the tables of items and users, and return what is left to do."""
    source = open_source(name, out)
    on_progress("reading", 0, 1)
    survey, types = _survey(source, engine)
    if not survey.events:
        raise DatasetError(f"{name} has no interactions")
    asked = shards or usual_shards(survey.events, memory)
    if asked < (least := least_shards(survey.events, memory)):
        raise ConfigError(
            f"{survey.events:,} events in {count(asked, 'shard')} do not fit this memory: take {least} shards or more, "
            "or more memory"
        )
    users, notes = _users(source, survey)
    ratings = np.sort(survey.ratings.to_numpy())
    given = stars(ratings) if "levels" not in source.facts else ratings
    levels = source.facts.get("levels") or tuple(np.unique(given).tolist()) or UNRATED
    drawn = "row" not in source.parts[0].columns and survey.is_numbered
    plan = Plan(
        parts=source.parts,
        types=types,
        base=_bases(source.parts, survey.rows),
        ratings=tuple(ratings.tolist()),
        level=tuple(np.searchsorted(levels, given).tolist()),
        drawn=drawn,
        shards=asked,
        manifest={
            "domain": _domain(name, source, survey).to_dict(),
            "tie_order": "drawn" if drawn else "file",
            **source.facts,
            "levels": levels,
            "notes": [*source.facts.get("notes", ()), *notes],
            "users": len(users),
            "items": len(source.tables.items),
            "events": survey.events,
            "first": survey.first,
            "last": survey.last,
            "tables": write_tables(out, source.tables.items, users),
            "source": made_of,
        },
    )
    plan.write(out)
    return plan


def _survey(source: Source, engine: Engine) -> tuple[Survey, IdTypes]:
    items, users = source.tables.items.column("item_id"), source.tables.users
    of_items = pa.types.is_integer(items.type)
    of_users = users is None or pa.types.is_integer(users.column("user_id").type)
    types = IdTypes(of_users, of_items)
    try:
        return engine.survey(source.parts, types, items.combine_chunks()), types
    except TextIdsError:
        if users is not None:
            raise
        types = IdTypes(False, of_items)
        return engine.survey(source.parts, types, items.combine_chunks()), types


def _users(source: Source, survey: Survey) -> tuple[pa.Table, list[str]]:
    users = source.tables.users
    if users is None:
        return unknown_users(survey.users, source.tables.domain), []
    return (users, []) if source.in_order else known_users(users, survey.users)


def _domain(name: str, source: Source, survey: Survey) -> Domain:
    domain = replace(source.tables.domain, rated=len(survey.ratings) > 1)
    try:
        return Domain.from_dict(domain.to_dict())  # a store holds nothing that no one could read
    except ConfigError as error:
        raise DatasetError(f"{name}: {error}; change it in the tables of items and users") from error


def _bases(parts: tuple[Part, ...], rows: tuple[int, ...]) -> tuple[int, ...]:
    """Return how many rows of the source come before the first of each part's file."""
    before, bases = 0, []
    for index, part in enumerate(parts):
        if index and part.path != parts[index - 1].path:
            before += sum(n for n, other in zip(rows, parts, strict=True) if other.path == parts[index - 1].path)
        bases.append(before)
    return tuple(bases)


def _write(out: Path, plan: Plan, engine: Engine, on_progress: OnProgress) -> Prepared:
    there = {index: shard_record(out, index) for index in range(plan.shards) if (out / shard_file(index)).exists()}
    records = dict(there)
    missing = [index for index in range(plan.shards) if index not in there]

    def on_shard(record: ShardRecord) -> None:
        records[int(Path(record.file).stem)] = record
        on_progress("shards", len(records), plan.shards)

    on_progress("shards", len(records), plan.shards)
    if missing:
        engine.write_shards(out, plan, missing, on_shard)
    plan.finished(tuple(records[index] for index in range(plan.shards))).write(out)
    shutil.rmtree(out / WORK, ignore_errors=True)
    return Prepared(Store.open(out), len(there))
