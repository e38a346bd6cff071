"""The sections of a report, in the order a stakeholder reads them. Aggregates only."""

from functools import partial

from bst.bundles.bundle import Bundle
from bst.datasets.profile import DatasetProfile
from bst.domain import Domain
from bst.evaluation import measure_lists
from bst.evaluation.list_record import MAIN, ListRecord
from bst.evaluation.records import EvaluationRecord, RankingEvaluation, RatingEvaluation
from bst.models.registry import describe, family_of
from bst.presentation import charts, curves, frames, list_frames, list_sentences, sentences
from bst.presentation.charts import data as data_charts
from bst.presentation.charts.architecture import architecture
from bst.presentation.report.parts import Figure, Section, Table
from bst.presentation.report.svg import INK
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
from bst.wording import reword

# learning curves in a report
CURVES = ("mae", "rmse", "ndcg@10", "hr@10", "precision@10")


def architecture_section(bundle: Bundle) -> Section:
    """Return what the model is, with a diagram of each of its networks."""
    drawn = family_of(bundle.config).diagrams(bundle.config, bundle.sizes, len(bundle.levels))
    diagrams = [diagram.reworded(partial(reword, domain=bundle.domain)) for diagram in drawn]
    figures = [Figure(architecture(diagram, INK), diagram.text, title=diagram.title) for diagram in diagrams]
    return Section("What it is", [describe(bundle.config)], figures)


def training_section(bundle: Bundle) -> Section:
    """Return the learning curves."""
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
            Figure(
                charts.learning_curves(table, curve.label).properties(height=220),
                f"{curve.label} over the epochs. {values}",
                curve.meaning,
                curve.label,
            )
        )
    return section


def summary_section(bundle: Bundle, record: EvaluationRecord) -> Section:
    """Return what training measured, and how to measure the rest."""
    text = (
        "This is only what training measured. For intervals, errors by group and by length of history, calibration and "
        f"ranked lists, run: python -m bst evaluate --bundle {bundle.name}. Then make this report again."
    )
    keys, rows = frames.metrics_table(frames.predictors(record))
    table = Table(("Prediction", *(METRICS[key].label for key in keys)), rows, "Compared with baselines.")
    return Section("How good it is", [text], tables=[_metrics_table(record), table])


def evaluation_sections(bundle: Bundle, record: EvaluationRecord) -> list[Section]:
    """Return what an evaluation measured: accuracy, calibration, groups and lists, as far as the model has them."""
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
            Figure(
                charts.baseline_errors(table, label, INK),
                f"{label} in stars: {sentences.values_text(table)}",
                sentences.BASELINE_CAPTION,
                "Compared with simpler predictions (baselines)",
            )
        )
    return section


def _cold_start(bundle: Bundle, rating: RatingEvaluation) -> Section:
    table = frames.errors_by_history(rating.by_history)
    figure = Figure(
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
            section.figures.append(Figure(charts.calibration(table, axes, INK), words, caption, axes.title))
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
            Figure(
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
    lists, curve = list_frames.precision_by_titles(record, events), list_frames.popularity_curve(record, events)
    known = count(events, "rating")
    return Section(
        "Lists: how much is liked later",
        [_paragraph(list_sentences.headline(record, events)), list_sentences.measured_on(bundle, record)],
        [
            Figure(
                charts.by_history(table, metric.label, INK, counted="users"),
                f"{metric.label} by known ratings: {sentences.points_text(table, 'length', '.3f')}",
                f"{metric.meaning} The band is this model’s {INTERVAL}",
                metric.label,
            ),
            Figure(
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


def data_section(bundle: Bundle, profile: DatasetProfile | None) -> Section:
    """Return the dataset in brief; ``profile`` None if it is not available."""
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
        Figure(
            data_charts.given_ratings(profile.stars), f"How often each rating was given: {stars}", title="Ratings given"
        ),
        Figure(
            data_charts.long_tail(profile.tail),
            f"Shares of all ratings of the best-known movies: {shares}",
            "On the dashed line all movies would be equally well known.",
            "The long tail",
        ),
    ]
    return section


def _paragraph(markdown: str) -> str:
    """Return one of ``sentences`` as plain text."""
    return markdown.replace("**", "")
