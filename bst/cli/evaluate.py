"""The command ``evaluate``: how good a model is, for whom, and compared with what."""

import sys

from bst import datasets
from bst.cli.model import summary_text
from bst.cli.terminal import Answer, Options, load_tensorflow, say
from bst.errors import ConfigError
from bst.evaluation.records import EvaluationRecord, HistoryBin, ListMetrics
from bst.presentation import frames
from bst.presentation.vocabulary import CONTENT_METRICS, LIST_LENGTH, baseline_label, group_label
from bst.text import span
from bst.timelines.arrays import assumptions
from bst.timelines.splits import protocol_name


def evaluate(options: Options) -> Answer:
    """Evaluate a bundle and baselines on labels that it was never trained on, and keep the result with it."""
    from tqdm import tqdm

    from bst.bundles.bundle import open_bundle
    from bst.evaluation import measure

    bundle = open_bundle(options.bundle)
    wanted = protocol_name(options.protocol or bundle.protocol), bundle.seed if options.seed is None else options.seed
    if wanted != (bundle.protocol, bundle.seed):
        raise ConfigError(
            f"bundle {bundle.name} was trained under protocol {bundle.protocol} with seed {bundle.seed}; under any "
            f"other split it has seen test labels. Give --protocol {bundle.protocol} --seed {bundle.seed}"
        )
    source = options.dataset or bundle.dataset
    say(f"reading {source}")
    dataset = datasets.load(source)
    for note in assumptions(dataset):
        say(note)
    split = measure.own_split(bundle, dataset, source)
    load_tensorflow()
    layout = "{percentage:3.0f}%|{bar}| {elapsed} {desc}"
    with tqdm(total=1.0, bar_format=layout, file=sys.stderr, leave=False, disable=None) as bar:
        last = None

        def on_progress(share: float, stage: str) -> None:
            nonlocal last
            if bar.disable and stage != last:
                say(stage)
            last = stage
            bar.n = share
            bar.set_description_str(stage)

        evaluation = measure.measure(bundle, split, on_progress)
    if problem := measure.keep(bundle, evaluation):
        say(problem)
    answer = {"dataset": source, "bundle": bundle.name, **evaluation.record.to_dict()}
    if evaluation.private:
        movies = split.dataset.movies
        titles = dict(zip(movies["movie_id"].tolist(), movies["title"], strict=True))
        answer["worst"] = {
            side: [{"title": titles[error.movie_id], **error.to_row()} for error in errors]
            for side, errors in evaluation.private.worst_errors.items()
        }
    return answer, lambda answer: _text(evaluation.record)


def _text(record: EvaluationRecord) -> str:
    lines = [summary_text(record)]
    if record.rating:
        lines += ["", "MAE against each baseline, difference and 95% interval (below 0: the model is better)"]
        for key, comparison in record.rating.comparisons.items():
            mae = comparison.mae_difference
            lines.append(f"{baseline_label(key).lower():30}{mae.value:+9.4f}  [{mae.low:+.4f}, {mae.high:+.4f}]")
        lines += ["", "MAE by how many movies came before, its 95% interval, and how far below that of item means"]
        lines += [_bin_line(b) for b in record.rating.by_history]
        if record.rating.fairness:
            lines += ["", "largest difference of MAE between groups, and how often chance alone makes one as large"]
        for row in record.rating.fairness:
            worst, best = (group_label(row.attribute, value) for value in (row.worst, row.best))
            difference = row.mae_difference
            lines.append(
                f"{row.attribute:12}{worst} − {best}: {difference.value:.3f} "
                f"({span(difference.low, difference.high, '+.3f')}), chance {row.chance:.1%}"
            )
    if ranking := record.ranking:
        lines += ["", f"lists of {ranking.users:,} users over the whole catalogue, the first {LIST_LENGTH}"]
        lines.append(f"{'order':12}" + "".join(f"{name:>11}" for name in ("HR", "NDCG", "MRR", *CONTENT_METRICS)))
        lines += [_order_line(order, metrics) for order, metrics in ranking.orders.items()]
    lines.append(f"\nmeasured in {record.seconds:.0f} s")
    return "\n".join(lines)


def _bin_line(b: HistoryBin) -> str:
    gain = f"  {b.gain.value:+6.1%}" if b.gain else ""
    return f"{frames.bin_label(b):12}{b.labels:>9,} labels  {b.mae.value:.3f} [{b.mae.low:.3f}, {b.mae.high:.3f}]{gain}"


def _order_line(order: str, metrics: ListMetrics) -> str:
    content = metrics.content(LIST_LENGTH)
    accuracy = [metrics.hr[LIST_LENGTH].value, metrics.ndcg[LIST_LENGTH].value, metrics.mrr.value]
    values = [*accuracy, *map(content.get, CONTENT_METRICS)]
    return f"{order:12}" + "".join(f"{'' if value is None else f'{value:.3f}':>11}" for value in values)
