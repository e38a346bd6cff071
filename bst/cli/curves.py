"""The command ``curves``: a model's learning curves, as a table or for TensorBoard."""

from pathlib import Path

from bst.bundles.bundle import open_bundle
from bst.cli.commands import Commands
from bst.cli.options import add_bundle_option
from bst.cli.terminal import Answer, Options
from bst.presentation.curves import best_epochs


def curves(options: Options) -> Answer:
    """Print learning curves, one row an epoch, and write them for TensorBoard if asked to."""
    bundle = open_bundle(options.bundle)
    history = bundle.history
    rows = [
        {name: value for name, value in row.items() if value == value}  # without what was not measured
        for row in history.to_dict("records")
    ]
    answer = {"bundle": bundle.name, "epochs": rows, "best_epochs": best_epochs(history, bundle.config)}
    if options.tensorboard:
        from bst.presentation.event_files import write_events

        answer["tensorboard"] = {"folder": str(options.tensorboard), "runs": write_events(bundle, options.tensorboard)}

    def text(answer: dict) -> str:
        best = ", ".join(f"{task} {epoch}" for task, epoch in answer["best_epochs"].items())
        lines = [history.to_string(index=False, na_rep="", float_format="{:.4g}".format), f"best epochs: {best}"]
        if options.tensorboard:
            lines.append(f"to see them: tensorboard --logdir {options.tensorboard}")
        return "\n".join(lines)

    return answer, text


# ---- options


def add_curves(commands: Commands) -> None:
    """Add the command ``curves``."""
    parser = commands.add(
        "curves",
        curves,
        "print a model's learning curves, or write them for TensorBoard",
        "curves --bundle demo --tensorboard logs",
    )
    add_bundle_option(parser)
    parser.add_argument("--tensorboard", type=Path, metavar="FOLDER", help="write event files into this folder, too")
