"""The command ``prepare``."""

import os
from dataclasses import asdict
from pathlib import Path

from bst import preparation
from bst.cli.commands import Commands
from bst.cli.terminal import Answer, Options, progress_bar, say
from bst.preparation import ENGINES
from bst.preparation.memory import parse_size
from bst.text import count


def prepare_store(options: Options) -> Answer:
    """Prepare a store, or go on with one."""
    with progress_bar("shards", " shards") as progress:

        def on_progress(stage: str, done: int, total: int) -> None:
            if stage == "reading":
                say("reading the interactions")
                return
            progress.total = total
            progress.update(done - progress.n)

        done = preparation.prepare(
            options.source,
            options.out,
            options.engine,
            shards=options.shards,
            memory=parse_size(options.memory),
            threads=options.threads,
            overwrite=options.overwrite,
            on_progress=on_progress,
        )
    manifest = done.store.manifest
    for note in manifest.notes:
        say(note)
    answer = {
        "store": str(options.out),
        "users": manifest.users,
        "items": manifest.items,
        "events": manifest.events,
        "duplicates": manifest.duplicates,
        "levels": list(manifest.levels),
        "tie_order": manifest.tie_order,
        "resumed_shards": done.resumed,
        "shards": [asdict(shard) for shard in manifest.shards],
    }
    return answer, _text


def _text(answer: dict) -> str:
    sentence = (
        f"{answer['events']:,} events of {answer['users']:,} users and {answer['items']:,} items are in "
        f"{answer['store']}, in {count(len(answer['shards']), 'shard')}"
    )
    if answer["resumed_shards"]:
        sentence += f", of which {answer['resumed_shards']} were there already"
    if answer["duplicates"]:
        sentence += f"; {answer['duplicates']:,} earlier events of the same user and item were left out"
    return sentence


# ---- options


def add_prepare(commands: Commands) -> None:
    """Add the command ``prepare``."""
    parser = commands.add(
        "prepare",
        prepare_store,
        "divide events of any size into sorted shards of users, in bounded memory; a run that was cut off goes on",
        "prepare big-world --out big-store --memory 2GB",
    )
    parser.add_argument("source", help="a folder with interactions, items and users, or a dataset's name")
    parser.add_argument("--out", type=Path, required=True, help="the folder of the store")
    parser.add_argument(
        "--engine",
        choices=ENGINES,
        default="local",
        help="local: DuckDB in this process; ray: the cluster at RAY_ADDRESS, or one on this machine (local)",
    )
    parser.add_argument("--shards", type=int, help="how many files of events (16, or as many as the memory asks for)")
    parser.add_argument("--memory", default="2GB", help="how much memory to use, such as 900MB (2GB)")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1, help="how many to use (one for each core)")
    parser.add_argument("--overwrite", action="store_true", help="replace the store, finished or not, that is there")
