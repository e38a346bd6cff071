"""The command ``prepare``."""

from dataclasses import asdict

from bst import preparation
from bst.cli.terminal import Answer, Options, progress_bar, say
from bst.preparation import ENGINES
from bst.preparation.memory import parse_size
from bst.text import count

__all__ = ["ENGINES", "prepare_store"]


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
