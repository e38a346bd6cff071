"""The command ``report``: what is known of a model as one HTML file."""

from pathlib import Path

from bst import datasets
from bst.cli.terminal import Answer, Options, say
from bst.errors import DatasetError


def report(options: Options) -> Answer:
    """Write a report on a bundle; its dataset is described where it is at hand."""
    from bst.bundles.bundle import open_bundle
    from bst.evaluation import measure
    from bst.presentation.report import make_report
    from bst.presentation.report.write import check_target, write_report

    bundle, target = open_bundle(options.bundle), Path(options.out)
    check_target(target, options.overwrite)
    profile = _profile_of(options.dataset, bundle)
    html = make_report(bundle, profile, lambda words: say(words))
    write_report(target, html, options.overwrite)
    answer = {
        "bundle": bundle.name,
        "out": str(target),
        "bytes": target.stat().st_size,
        "evaluation": measure.read(bundle) is not None,
        "data": profile is not None,
    }
    return answer, _text


def _profile_of(asked: str | None, bundle):
    from bst.datasets.profile import dataset_profile

    source = asked or bundle.dataset
    say(f"reading {source}")
    try:
        dataset = datasets.load(source)
    except DatasetError as error:
        if asked:
            raise
        say(f"the data are left out: {error}")
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
