"""A report as one HTML file: what is known about a bundle, put together from its sections."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markdown_it import MarkdownIt
from markupsafe import Markup

from bst.bundles.bundle import Bundle
from bst.datasets.profile import DatasetProfile
from bst.evaluation import measure
from bst.evaluation.records import EvaluationRecord
from bst.presentation import sentences
from bst.presentation.glossary import meaning
from bst.presentation.report import sections
from bst.presentation.report.parts import Section, reworded
from bst.timelines.splits import PROTOCOLS
from bst.wording import reword

# entries of the glossary that a report uses
GLOSSARY_ENTRIES = (
    "MAE",
    "RMSE",
    "NLL",
    "ECE",
    "95% interval",
    "Baseline",
    "SVD",
    "HR@K",
    "NDCG@K",
    "MRR",
    "Coverage",
    "Novelty",
    "Diversity",
    "Popular",
)


def make_report(
    bundle: Bundle, profile: DatasetProfile | None = None, on_progress: Callable[[str], None] = lambda stage: None
) -> str:
    """Return a report on a bundle as the text of an HTML file.

    It has the evaluation that was kept with the bundle; without one, the summary of training, and how to measure the
    rest. ``profile``: of its dataset, None if that is not available. ``on_progress`` gets what comes next, in words.
    Raises ``BundleError`` for a damaged bundle.
    """
    full = measure.read(bundle)
    record = full or measure.summary(bundle)
    made: list[Section] = []
    for stage, make in (
        ("drawing the architecture", lambda: [sections.architecture_section(bundle)]),
        ("drawing learning curves", lambda: [sections.training_section(bundle)]),
        ("drawing the evaluation", lambda: _evaluation(bundle, record, full=full is not None)),
        ("drawing the data", lambda: [sections.data_section(bundle, profile)]),
    ):
        on_progress(stage)
        made += [reworded(section, bundle.domain) for section in make()]
    return _template().render(
        bundle=bundle,
        headline=reword(f"{sentences.headline(bundle, record)}.", bundle.domain),
        facts=_facts(bundle, record),
        sections=made,
        card=Markup(_markdown().render(bundle.model_card)),
        words=[(entry, reword(meaning(entry), bundle.domain)) for entry in GLOSSARY_ENTRIES],
        made=datetime.now(UTC).strftime("%Y-%m-%d"),
    )


def _evaluation(bundle: Bundle, record: EvaluationRecord, full: bool) -> list[Section]:
    if full:
        return sections.evaluation_sections(bundle, record)
    return [sections.summary_section(bundle, record)]


@cache
def _template() -> Template:
    folder = Path(__file__).parent
    environment = Environment(
        loader=FileSystemLoader(folder), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    return environment.get_template("report.html.jinja")


@cache
def _markdown() -> MarkdownIt:
    # a card from elsewhere may hold neither HTML nor images, which would be fetched from somewhere
    return MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")


def _facts(bundle: Bundle, record: EvaluationRecord) -> list[tuple[str, str]]:
    users = "simulated users" if bundle.simulated else "users"
    return [
        (
            "Dataset",
            f"{bundle.dataset_title}: {bundle.sizes.users:,} {users}, "
            + reword(f"{bundle.sizes.movies:,} movies", bundle.domain),
        ),
        ("Parameters", f"{bundle.parameters['parameters']:,}, of which {bundle.parameters['trainable']:,} are trained"),
        ("Tested under", f"protocol “{bundle.protocol}”, seed {bundle.seed}: {PROTOCOLS[bundle.protocol]}"),
        ("Test ratings", f"{record.labels:,}"),
        ("Made on", bundle.created),
    ]
