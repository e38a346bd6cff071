"""The command ``report``: everything that is known about a model in one HTML file."""

from pathlib import Path
from typing import TYPE_CHECKING

from bst import datasets
from bst.cli.commands import Commands
from bst.cli.options import add_bundle_option, add_own_dataset_option
from bst.cli.terminal import Answer, Options, say
from bst.errors import DatasetError

if TYPE_CHECKING:
    from bst.bundles.bundle import Bundle
    from bst.datasets.profile import DatasetProfile


def report(options: Options) -> Answer:
    """Write a report on a bundle, with a description of its dataset if that is available."""
    from bst.bundles.bundle import open_bundle
    from bst.evaluation import measure
    from bst.presentation.report import make_report
    from bst.presentation.report.write import check_target, write_report

    bundle, target = open_bundle(options.bundle), Path(options.out)
    check_target(target, options.overwrite)
    profile = _profile_of(options.dataset, bundle)
    html = make_report(bundle, profile, say)
    write_report(target, html, options.overwrite)
    answer = {
        "bundle": bundle.name,
        "out": str(target),
        "bytes": target.stat().st_size,
        "evaluation": measure.read(bundle) is not None,
        "data": profile is not None,
    }
    return answer, _text


def _profile_of(wanted: str | None, bundle: "Bundle") -> "DatasetProfile | None":
    from bst.datasets.profile import dataset_profile

    source = wanted or bundle.dataset
    say(f"reading {source}")
    try:
        dataset = datasets.load(source)
    except DatasetError as error:
        if wanted:
            raise
        say(f"without a description of the data: {error}")
        return None
    bundle.check_movies(dataset.movies)
    return dataset_profile(dataset)


def _text(answer: dict) -> str:
    lines = [f"{answer['out']}: {answer['bytes'] / 1000:,.0f} kB, opens in any browser"]
    if not answer["evaluation"]:
        lines.append(
            f"without an evaluation, as none is kept with the bundle; first: python -m bst evaluate --bundle "
            f"{answer['bundle']}"
        )
    return "\n".join(lines)


# ---- options


def add_report(commands: Commands) -> None:
    """Add the command ``report``."""
    parser = commands.add(
        "report",
        report,
        "write what is known about a model as one HTML file, for those without the app",
        "report --bundle demo --out report.html",
    )
    add_bundle_option(parser)
    parser.add_argument("--out", type=Path, required=True, help="the file to write")
    add_own_dataset_option(parser)
    parser.add_argument("--overwrite", action="store_true", help="replace the file if it is there")
