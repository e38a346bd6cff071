"""A report's content: what is known of a bundle, in an order that a stakeholder reads. Aggregates alone."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import altair as alt
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markdown_it import MarkdownIt
from markupsafe import Markup

from bst.bundles import curves
from bst.bundles.bundle import Bundle
from bst.datasets.profile import DatasetProfile
from bst.evaluation import measure
from bst.models.registry import describe, family_of
from bst.presentation import charts
from bst.presentation.charts import data as of_data
from bst.presentation.charts.architecture import architecture
from bst.presentation.glossary import NEXT_MEANS, meaning
from bst.presentation.report import frames
from bst.presentation.report.svg import INK, inline
from bst.timelines.arrays import TIE_ORDERS
from bst.timelines.splits import PROTOCOLS

# words of the glossary that a report uses
WORDS = ("MAE", "RMSE", "NLL", "ECE", "95% interval", "Peer", "SVD", "HR@K", "NDCG@K", "MRR", "Coverage", "Novelty")


@dataclass(frozen=True)
class Figure:
    """A chart, what it shows to those who do not see it, and what it means."""

    svg: Markup
    words: str
    caption: str = ""
    title: str = ""


@dataclass(frozen=True)
class Table:
    """A table of texts."""

    columns: tuple[str, ...]
    rows: list[tuple[str, ...]]
    caption: str = ""


@dataclass
class Section:
    """A heading with paragraphs, figures and tables; what is empty is left out."""

    title: str
    text: list[str] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)


def make_report(
    bundle: Bundle, profile: DatasetProfile | None = None, on_progress: Callable[[str], None] = lambda words: None
) -> str:
    """Return a report on a bundle as the text of an HTML file.

    The evaluation is what was kept with the bundle; where nothing was, what training left stands there, with how to
    measure the rest. ``profile``: of its dataset, left out where that is not at hand. ``on_progress`` is told what is
    next. Raises ``BundleError`` for a damaged bundle.
    """
    record = measure.read(bundle)
    sections = []
    for words, make in (
        ("drawing the architecture", lambda: [_built(bundle)]),
        ("drawing learning curves", lambda: [_learnt(bundle)]),
        ("drawing the evaluation", lambda: _evaluated(bundle, record)),
        ("drawing the data", lambda: [_data(bundle, profile)]),
    ):
        on_progress(words)
        sections += make()
    return _template().render(
        bundle=bundle,
        headline=frames.headline(bundle, record or bundle.metrics),
        facts=_facts(bundle, record),
        sections=sections,
        card=Markup(_markdown().render(bundle.model_card)),
        words=[(word, meaning(word)) for word in WORDS],
        made=datetime.now(UTC).strftime("%Y-%m-%d"),
    )


@cache
def _template():
    folder = Path(__file__).parent
    world = Environment(loader=FileSystemLoader(folder), autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    return world.get_template("report.html.jinja")


@cache
def _markdown() -> MarkdownIt:
    # no HTML of a stranger's card, and no pictures, which would be fetched from somewhere
    return MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")


def _facts(bundle: Bundle, record: dict | None) -> list[tuple[str, str]]:
    labels = (record or bundle.metrics).get("labels")
    people = "simulated people" if bundle.simulated else "people"
    facts = [
        ("Dataset", f"{bundle.dataset_title}: {bundle.sizes.users:,} {people}, {bundle.sizes.movies:,} movies"),
        ("Parameters", f"{bundle.parameters['parameters']:,}, of which {bundle.parameters['trainable']:,} are trained"),
        ("Judged by", f"protocol “{bundle.protocol}”, seed {bundle.seed}: {PROTOCOLS[bundle.protocol]}"),
    ]
    facts += [("Test ratings", f"{labels:,}")] if labels else []
    return [*facts, ("Made on", bundle.created)]


def _figure(chart: alt.TopLevelMixin, words: str, caption: str = "", title: str = "") -> Figure:
    return Figure(Markup(inline(chart)), words, caption, title)


def _built(bundle: Bundle) -> Section:
    diagrams = family_of(bundle.config).diagrams(bundle.config, bundle.sizes, len(bundle.levels))
    figures = [_figure(architecture(diagram, INK), diagram.text, title=diagram.title) for diagram in diagrams]
    return Section("What it is", [describe(bundle.config)], figures)


def _learnt(bundle: Bundle) -> Section:
    history = bundle.history
    best = curves.best_epochs(history, bundle.config)
    section = Section("How it learnt", [f"{bundle.epochs} epochs; “best” marks the one whose weights are kept."])
    offered = curves.offered([history])
    for name in [name for name in ("mae", "rmse", "ndcg@10", "hr@10") if name in offered]:
        curve = curves.CURVES[name]
        table = curves.side_by_side({bundle.name: history}, name, {bundle.name: best})
        told = "; ".join(
            f"{series}: {rows['value'].iloc[0]:.3f} to {rows['value'].iloc[-1]:.3f} in {len(rows)} epochs"
            for series, rows in table.groupby("series", sort=False)
        )
        section.figures.append(
            _figure(
                charts.learning_curves(table, curve.label).properties(height=220),
                f"{curve.label} over the epochs. {told}",
                curve.meaning,
                curve.label,
            )
        )
    return section


def _evaluated(bundle: Bundle, record: dict | None) -> list[Section]:
    if record is None:
        words = (
            "Only what training ended with was measured. Intervals, errors by group and by length of history, "
            "calibration "
            f"and lists are worked out by: python -m bst evaluate --bundle {bundle.name}. Then make this report again."
        )
        return [
            Section("How good it is", [words], tables=[_figures_table(bundle.metrics), *_peer_table(bundle.metrics)])
        ]
    sections = [_good(record)]
    if "by_history" in record:
        sections += [_knowing(record), _promises(record), _groups(record)]
    if "ranking" in record:
        sections.append(_lists(bundle, record))
    return sections


def _figures_table(record: dict) -> Table:
    return Table(("Figure", "Value", "95% interval"), frames.figures(record))


def _peer_table(metrics: dict) -> list[Table]:
    found = [(frames.OURS, metrics["metrics"])] if "mae" in metrics["metrics"] else []
    found += [(frames.peer_name(name), errors) for name, errors in metrics.get("peers", {}).items()]
    rows = [(name, f"{errors['mae']:.3f}", f"{errors['rmse']:.3f}") for name, errors in found]
    return (
        [Table(("Prediction", "MAE", "RMSE"), rows, "Beside simpler ways to predict the same ratings.")] if rows else []
    )


def _good(record: dict) -> Section:
    section = Section("How good it is", tables=[_figures_table(record)])
    if "intervals" in record:
        table = frames.baselines(record)
        told = "; ".join(f"{row.name} {row.value:.3f}" for row in table.itertuples(index=False))
        section.figures.append(
            _figure(
                charts.peer_errors(table, "MAE", INK),
                f"MAE in stars: {told}",
                "The filled circle is this model, open diamonds are simpler ways to predict the same ratings; bars are "
                "95% intervals over people.",
                "Beside simpler ways to predict",
            )
        )
    return section


def _knowing(record: dict) -> Section:
    table = frames.by_history(record)
    told = "; ".join(
        f"{name}: " + ", ".join(f"{row.value:.2f} at {row.length}" for row in part.itertuples(index=False))
        for name, part in table.groupby("name", sort=False)
    )
    text = ["The error by how many ratings of somebody are known."]
    if record.get("known_after") is not None:
        text.append(
            f"Half of the largest lead over item means is there after about {record['known_after']} ratings: from then "
            "on it knows somebody."
        )
    figure = _figure(
        charts.by_history(table, "MAE in stars", INK),
        f"MAE by ratings known: {told}",
        "Lower is better. The band is this model's 95% interval. People with long histories are easier to predict for "
        "anyone, so look at the distance between the lines.",
        "Error by length of history",
    )
    return Section("How soon it knows somebody", text, [figure])


def _promises(record: dict) -> Section:
    section = Section("Whether it means what it says")
    kinds = (
        ("liked", "Promised: chance of 4 ★ or more", "Came true", True, "Chance to be liked"),
        ("expected", "Expected rating, stars", "Given on average, stars", False, "Expected and given"),
    )
    for name, promised, happened, percent, title in kinds:
        if name not in record["calibration"]:
            continue
        table = frames.bins(record["calibration"][name])
        form = "{:.0%}" if percent else "{:.1f}"
        told = "; ".join(f"{form.format(r.predicted)}: {form.format(r.value)}" for r in table.itertuples(index=False))
        section.figures.append(
            _figure(
                charts.reliability(table, promised, happened, percent, INK),
                f"{promised} and what happened: {told}",
                "On the dashed line a promise is kept. Bars are 95% intervals.",
                title,
            )
        )
    return section


def _groups(record: dict) -> Section:
    section = Section("For whom and for what")
    if record["fairness"]:
        section.text.append(
            "The largest difference of MAE between two groups of people, and how often chance alone would make one as "
            "large: the same people, dealt out to groups of the same sizes at random."
        )
        columns = ("By", "Worst", "Best", "Difference in stars", "95% interval", "Chance")
        section.tables.append(Table(columns, frames.fairness(record)))
    for part, label in frames.PARTS.items():
        table = frames.groups(record, part)
        if len(table):
            told = "; ".join(f"{row.name} users {row.value:.3f} {row.sign}" for row in table.itertuples(index=False))
            section.figures.append(
                _figure(
                    charts.groups(table, record["metrics"]["mae"], "MAE", INK),
                    f"MAE by {label.lower()}, ▲ clearly above all, ▼ clearly below: {told}",
                    title=label,
                )
            )
    section.text.append(
        "Behind each name: how many people. ▲ clearly worse than all together (the dashed line), ▼ clearly better, ● "
        "no "
        "clear difference; upright strokes are the strongest of the simpler ways. Groups of fewer than ten people are "
        "not shown."
    )
    return section


def _lists(bundle: Bundle, record: dict) -> Section:
    found = record["ranking"]
    entered = "" if bundle.simulated else f" {NEXT_MEANS}"
    ties = f" {TIE_ORDERS[record['tie_order']]}" if record.get("tie_order") in TIE_ORDERS else ""
    return Section(
        "Lists over the whole catalogue",
        [
            f"The first ten of the lists of {found['users']:,} people, among all movies that they had not seen, never "
            f"among a sample.{entered}{ties}"
        ],
        tables=[
            Table(
                ("List", "HR@10", "NDCG@10", "MRR", "Coverage", "Novelty, bits", "Diversity", "Popular"),
                frames.ranking(record),
                "Popular: the share of places that the most rated twentieth of the catalogue takes.",
            )
        ],
    )


def _data(bundle: Bundle, profile: DatasetProfile | None) -> Section:
    section = Section("The data in brief")
    if profile is None:
        section.text.append(
            f"{bundle.dataset_title} was not at hand when this report was made, so it is not described here."
        )
        return section
    counts, ties = profile.counts, profile.ties
    people = "simulated people" if bundle.simulated else "people"
    of = f"{counts.rated:,} of {counts.movies:,}" if counts.rated < counts.movies else f"{counts.movies:,}"
    days = f", {counts.first:%Y-%m-%d} to {counts.last:%Y-%m-%d}" if ties.has_times else ""
    section.text += [
        f"{counts.users:,} {people} gave {counts.ratings:,} ratings to {of} movies{days}; half of them go to the "
        f"{counts.half_share:.0%} best known. "
        f"The mean is {counts.mean:.2f} stars; {counts.density:.1%} of all pairs of a person and a movie are rated.",
    ]
    if ties.has_times:
        section.text.append(
            f"{ties.tied:.0%} of the ratings share their second with another of the same person. "
            f"{TIE_ORDERS[ties.order]}"
            + ("" if bundle.simulated else " Times say when a rating was entered, not when a movie was watched.")
        )
    if profile.notes:
        section.text.append("Assumed when it was read: " + " ".join(profile.notes))
    stars = ", ".join(f"{row.level:g} stars {row.share:.0%}" for row in profile.stars.itertuples(index=False))
    tail = profile.tail[profile.tail["movies"].round(6).isin(of_data.MARKED)]
    told = ", ".join(f"{row.movies:.0%} of the movies have {row.share:.0%}" for row in tail.itertuples(index=False))
    section.figures += [
        _figure(of_data.given_stars(profile.stars), f"How often each rating was given: {stars}", title="Ratings given"),
        _figure(
            of_data.long_tail(profile.tail),
            f"Shares of all ratings of the best-known movies: {told}",
            "On the dashed line all movies would be equally well known.",
            "The long tail",
        ),
    ]
    return section
