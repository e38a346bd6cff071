"""The contents of a report: what is known about a bundle, in the order a stakeholder reads it. Aggregates only."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markdown_it import MarkdownIt
from markupsafe import Markup

from bst.bundles.bundle import Bundle
from bst.datasets.profile import DatasetProfile
from bst.domain import Domain
from bst.evaluation import measure, measure_lists
from bst.evaluation.list_record import MAIN, ListRecord
from bst.evaluation.records import EvaluationRecord, RankingEvaluation, RatingEvaluation
from bst.models.registry import describe, family_of
from bst.presentation import charts, curves, frames, list_frames, list_sentences, sentences
from bst.presentation.charts import data as data_charts
from bst.presentation.charts.architecture import architecture
from bst.presentation.charts.wording import reword_titles
from bst.presentation.glossary import meaning
from bst.presentation.report.svg import INK, inline
from bst.presentation.vocabulary import (
    CONTENT_METRICS,
    INTERVAL,
    LIST_LENGTH,
    LIST_METRICS,
    LIST_QUALITY,
    METRICS,
    ORDERS,
    attribute_label,
    group_label,
)
from bst.text import count, span
from bst.timelines.arrays import TIE_ORDERS
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
# learning curves in a report
CURVES = ("mae", "rmse", "ndcg@10", "hr@10", "precision@10")


@dataclass(frozen=True)
class Figure:
    """A chart, its content in words for those who do not see it, and its caption and title."""

    chart: Any
    words: str
    caption: str = ""
    title: str = ""
    svg: Markup = field(default_factory=Markup)


@dataclass(frozen=True)
class Table:
    """A table of texts."""

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    caption: str = ""


@dataclass
class Section:
    """A heading with paragraphs, figures and tables; empty parts are left out."""

    title: str
    text: list[str] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)


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
    sections: list[Section] = []
    for stage, make in (
        ("drawing the architecture", lambda: [_architecture(bundle)]),
        ("drawing learning curves", lambda: [_training(bundle)]),
        ("drawing the evaluation", lambda: _evaluation(bundle, full) if full else [_summary(bundle, record)]),
        ("drawing the data", lambda: [_data(bundle, profile)]),
    ):
        on_progress(stage)
        sections += [_reworded(section, bundle.domain) for section in make()]
    return _template().render(
        bundle=bundle,
        headline=reword(f"{sentences.headline(bundle, record)}.", bundle.domain),
        facts=_facts(bundle, record),
        sections=sections,
        card=Markup(_markdown().render(bundle.model_card)),
        words=[(entry, reword(meaning(entry), bundle.domain)) for entry in GLOSSARY_ENTRIES],
        made=datetime.now(UTC).strftime("%Y-%m-%d"),
    )


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


def _figure(chart: Any, words: str, caption: str = "", title: str = "") -> Figure:
    return Figure(chart, words, caption, title)


def _reworded(section: Section, domain: Domain) -> Section:
    """Return a section in the words of a dataset, its charts drawn. No title of the catalogue is in it."""
    say = partial(reword, domain=domain)
    figures = [
        Figure(
            figure.chart,
            say(figure.words),
            say(figure.caption),
            say(figure.title),
            Markup(inline(reword_titles(figure.chart, domain))),
        )
        for figure in section.figures
    ]
    tables = [
        replace(table, columns=[*map(say, table.columns)], caption=say(table.caption)) for table in section.tables
    ]
    return Section(say(section.title), [*map(say, section.text)], figures, tables)


def _paragraph(markdown: str) -> str:
    """Return one of ``sentences`` as plain text."""
    return markdown.replace("**", "")


def _architecture(bundle: Bundle) -> Section:
    drawn = family_of(bundle.config).diagrams(bundle.config, bundle.sizes, len(bundle.levels))
    diagrams = [diagram.reworded(partial(reword, domain=bundle.domain)) for diagram in drawn]
    figures = [_figure(architecture(diagram, INK), diagram.text, title=diagram.title) for diagram in diagrams]
    return Section("What it is", [describe(bundle.config)], figures)


def _training(bundle: Bundle) -> Section:
    history = bundle.history
    best = curves.best_epochs(history, bundle.config)
    section = Section("How it learnt", [f"{bundle.epochs} epochs; “best” marks the one whose weights are kept."])
    recorded = curves.offered([history])
    for name in (name for name in CURVES if name in recorded):
        curve = curves.CURVES[name]
        table = curves.side_by_side({bundle.name: history}, name, {bundle.name: best})
        values = "; ".join(
            f"{series}: {rows['value'].iloc[0]:.3f} to {rows['value'].iloc[-1]:.3f} in {len(rows)} epochs"
            for series, rows in table.groupby("series", sort=False)
        )
        section.figures.append(
            _figure(
                charts.learning_curves(table, curve.label).properties(height=220),
                f"{curve.label} over the epochs. {values}",
                curve.meaning,
                curve.label,
            )
        )
    return section


def _summary(bundle: Bundle, record: EvaluationRecord) -> Section:
    text = (
        "This is only what training measured. For intervals, errors by group and by length of history, calibration and "
        f"ranked lists, run: python -m bst evaluate --bundle {bundle.name}. Then make this report again."
    )
    keys, rows = frames.metrics_table(frames.predictors(record))
    table = Table(("Prediction", *(METRICS[key].label for key in keys)), rows, "Compared with baselines.")
    return Section("How good it is", [text], tables=[_metrics_table(record), table])


def _evaluation(bundle: Bundle, record: EvaluationRecord) -> list[Section]:
    sections = [_accuracy(bundle, record)]
    if record.rating:
        sections += [
            _cold_start(bundle, record.rating),
            _calibration(record.rating),
            _groups(record, record.rating, bundle.domain),
        ]
    if lists := measure_lists.read(bundle):
        sections.append(_later_likes(bundle, lists))
    return sections + ([_lists(bundle, record, record.ranking)] if record.ranking else [])


def _metrics_table(record: EvaluationRecord) -> Table:
    rows = []
    for key, metric in METRICS.items():
        if key in record.metrics:
            bounds = record.metrics.bounds.get(key)
            rows.append((metric.label, metric.text(record.metrics[key]), span(*bounds) if bounds else ""))
    return Table(("Metric", "Value", "95% interval"), rows)


def _accuracy(bundle: Bundle, record: EvaluationRecord) -> Section:
    section = Section("How good it is", [sentences.measured_on(bundle, record)], tables=[_metrics_table(record)])
    if record.rating:
        table, label = frames.baseline_errors(record, "mae"), METRICS["mae"].label
        section.figures.append(
            _figure(
                charts.baseline_errors(table, label, INK),
                f"{label} in stars: {sentences.values_text(table)}",
                sentences.BASELINE_CAPTION,
                "Compared with simpler predictions (baselines)",
            )
        )
    return section


def _cold_start(bundle: Bundle, rating: RatingEvaluation) -> Section:
    table = frames.errors_by_history(rating.by_history)
    figure = _figure(
        charts.by_history(table, "MAE in stars", INK),
        f"MAE by known ratings: {sentences.points_text(table, 'length', '.2f')}",
        f"{sentences.HISTORY_CAPTIONS['mae']} The band is this model’s {INTERVAL}",
    )
    return Section("Error by length of history", [_paragraph(sentences.cold_start(bundle, rating))], [figure])


def _calibration(rating: RatingEvaluation) -> Section:
    section = Section(
        "Calibration: are its probabilities right?", [_paragraph(sentences.calibration(rating.calibration))]
    )
    for bins, axes, caption in (
        (rating.calibration.liked, charts.LIKED_CALIBRATION, sentences.CALIBRATION_CAPTION),
        (rating.calibration.expected, charts.RATING_CALIBRATION, f"Bars: {INTERVAL}"),
    ):
        if bins:
            table = frames.calibration_bins(bins)
            words = f"{axes.predicted}, and {axes.actual}: {sentences.bins_text(table, axes.format)}"
            section.figures.append(_figure(charts.calibration(table, axes, INK), words, caption, axes.title))
    return section


def _groups(record: EvaluationRecord, rating: RatingEvaluation, domain: Domain) -> Section:
    section = Section("Groups and fairness")
    if rating.fairness:
        section.text.append(sentences.fairness_caption(domain))
        columns = ("By", "Worst", "Best", "Difference in stars", "95% interval", "Chance")
        rows = [
            (
                attribute_label(row.attribute, domain),
                group_label(row.attribute, row.worst, domain),
                group_label(row.attribute, row.best, domain),
                f"{row.mae_difference.value:.3f}",
                span(row.mae_difference.low, row.mae_difference.high),
                sentences.chance(row.chance),
            )
            for row in rating.fairness
        ]
        section.tables.append(Table(columns, rows))
    for attribute in frames.sliced_attributes(record):
        table, label = frames.group_errors(record, attribute, domain), attribute_label(attribute, domain)
        section.figures.append(
            _figure(
                charts.group_errors(table, record.metrics.mae, METRICS["mae"].label, INK),
                f"MAE by {label.lower()}, ▲ clearly above all, ▼ clearly below: {sentences.groups_text(table)}",
                title=label,
            )
        )
    section.text.append(sentences.GROUPS_CAPTION)
    return section


def _later_likes(bundle: Bundle, record: ListRecord) -> Section:
    events, metric = list_sentences.first_length(record), LIST_QUALITY[MAIN]
    table = list_frames.precision_by_length(record)
    lists, curve = list_frames.precision_by_titles(record, events), list_frames.fame_curve(record, events)
    known = count(events, "rating")
    return Section(
        "Lists: how much is liked later",
        [_paragraph(list_sentences.headline(record, events)), list_sentences.measured_on(bundle, record)],
        [
            _figure(
                charts.by_history(table, metric.label, INK, counted="users"),
                f"{metric.label} by known ratings: {sentences.points_text(table, 'length', '.3f')}",
                f"{metric.meaning} The band is this model’s {INTERVAL}",
                metric.label,
            ),
            _figure(
                charts.precision_by_titles(lists, curve, metric.label, INK),
                f"{metric.label} and distinct titles: {list_sentences.titles_text(lists, curve)}",
                list_sentences.TITLES_CAPTION,
                f"One list for all, or one for each? ({known} known)",
            ),
        ],
        [Table(*list_frames.quality_table(record, events), f"Every metric with {known} known.")],
    )


def _lists(bundle: Bundle, record: EvaluationRecord, ranking: RankingEvaluation) -> Section:
    rows = [
        (
            ORDERS[order].label,
            *(f"{value.value:.3f}" for value in (metrics.hr[LIST_LENGTH], metrics.ndcg[LIST_LENGTH], metrics.mrr)),
            *frames.content_cells(metrics, LIST_LENGTH),
        )
        for order, metrics in frames.known_orders(ranking).items()
    ]
    labels = (
        METRICS["hr@10"].label,
        METRICS["ndcg@10"].label,
        *(LIST_METRICS[k].label for k in ("mrr", *CONTENT_METRICS)),
    )
    return Section(
        "Ranked lists over the whole catalogue",
        [_paragraph(sentences.ranking(ranking)), sentences.lists_measured_on(bundle, record, ranking)],
        tables=[Table(("List", *labels), rows)],
    )


def _data(bundle: Bundle, profile: DatasetProfile | None) -> Section:
    section = Section("The data in brief")
    if profile is None:
        section.text.append(
            f"{bundle.dataset_title} was not available when this report was made, so it is not described here."
        )
        return section
    counts, ties = profile.counts, profile.ties
    users = "simulated users" if bundle.simulated else "users"
    movies = f"{counts.rated:,} of {counts.movies:,}" if counts.rated < counts.movies else f"{counts.movies:,}"
    days = f", {counts.first:%Y-%m-%d} to {counts.last:%Y-%m-%d}" if ties.has_times else ""
    section.text += [
        f"{counts.users:,} {users} gave {counts.ratings:,} ratings to {movies} movies{days}; the best-known "
        f"{counts.half_share:.0%} of the movies have half of the ratings. The mean rating is {counts.mean:.2f} stars; "
        f"{counts.density:.1%} of all pairs of a user and a movie are rated (density).",
    ]
    if ties.has_times:
        section.text.append(
            f"{ties.tied:.0%} of the ratings share their second with another rating of the same user. "
            f"{TIE_ORDERS[ties.order]}"
            + ("" if bundle.simulated else " Times say when a rating was entered, not when a movie was watched.")
        )
    if profile.notes:
        section.text.append("Assumed when it was read: " + " ".join(profile.notes))
    stars = ", ".join(f"{row.level:g} stars {row.share:.0%}" for row in profile.stars.itertuples(index=False))
    tail = profile.tail[profile.tail["movies"].round(6).isin(data_charts.MARKED)]
    shares = ", ".join(f"{row.movies:.0%} of the movies have {row.share:.0%}" for row in tail.itertuples(index=False))
    section.figures += [
        _figure(
            data_charts.given_ratings(profile.stars), f"How often each rating was given: {stars}", title="Ratings given"
        ),
        _figure(
            data_charts.long_tail(profile.tail),
            f"Shares of all ratings of the best-known movies: {shares}",
            "On the dashed line all movies would be equally well known.",
            "The long tail",
        ),
    ]
    return section
