"""The command ``export``: a model for another server."""

from pathlib import Path

from bst.cli.commands import Commands
from bst.cli.options import add_bundle_option, add_own_dataset_option
from bst.cli.terminal import Answer, Options, load_tensorflow, say
from bst.inference import engines
from bst.inference.export import FORMATS, TOLERANCE, export
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


# ---- options


def add_export(commands: Commands) -> None:
    """Add the command ``export``."""
    parser = commands.add(
        "export",
        export_model,
        "write a model for another server, and compare its answers with those of the app",
        "export --bundle demo --out exported",
    )
    add_bundle_option(parser)
    add_own_dataset_option(parser)
    parser.add_argument("--out", type=Path, required=True, help="the folder to write")
    meanings = "; ".join(f"{name}: {meaning}" for name, meaning in FORMATS.items())
    parser.add_argument("--format", choices=FORMATS, default="saved-model", help=f"{meanings} (saved-model)")
    parser.add_argument("--overwrite", action="store_true", help="replace the folder if it is there")
