"""The command ``export``: a model for another server."""

from pathlib import Path

from bst.cli.terminal import Answer, Options, load_tensorflow, say
from bst.inference import engines
from bst.inference.export import TOLERANCE, export
from bst.inference.recommender import Recommender


def export_model(options: Options) -> Answer:
    """Write a model for another server, having compared its answers with those of the app."""
    recommender = Recommender.load(options.bundle, options.dataset, engine=engines.DEFAULT)
    if options.format == "saved-model":
        load_tensorflow()
    differences = export(recommender, options.out, options.format, options.overwrite, say)
    answer = {
        "bundle": recommender.bundle.name,
        "out": str(Path(options.out)),
        "format": options.format,
        "differences": differences,
    }
    return answer, _text


def _text(answer: dict) -> str:
    lines = [f"{answer['bundle']} is in {answer['out']}; its answers differ from the app's by at most"]
    lines += [f"  {name.replace('_', ' '):14} {value:.1e}" for name, value in answer["differences"].items()]
    return "\n".join([*lines, f"(what differs by more than {TOLERANCE:g} would not have been kept)"])
