"""The command ``evaluate``: how good a model is, for whom, and compared with what."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from bst import datasets
from bst.bundles.bundle import Bundle
from bst.cli.commands import Commands
from bst.cli.model import summary_text
from bst.cli.options import add_bundle_option, add_own_dataset_option, add_protocol_option
from bst.cli.terminal import Answer, Options, load_tensorflow, say
from bst.errors import ConfigError
from bst.evaluation import measure_timed
from bst.evaluation.like_calibration import LEAST_CHANCE, calibration_error
from bst.evaluation.list_record import MAIN, PROTOCOL, PROTOCOL_MEANING, ListRecord
from bst.evaluation.records import EvaluationRecord, HistoryBin, ListMetrics
from bst.presentation import frames, list_frames
from bst.presentation.vocabulary import (
    CONTENT_METRICS,
    LIST_LENGTH,
    LIST_QUALITY,
    METRICS,
    baseline_label,
    group_label,
    order_label,
    rival_label,
)
from bst.text import count, span
from bst.timelines.arrays import assumptions
from bst.timelines.splits import PROTOCOLS, TEST, EvaluationSplit, protocol_name


def evaluate(options: Options) -> Answer:
    """Evaluate a bundle and baselines on labels that it was never trained on, and keep the result with it.

    Under protocol ``list``: its ranked lists beside those of simple recommenders. Under ``last-timed``: the next movie,
    where the time of the request is known.
    """
    from bst.bundles.bundle import open_bundle

    bundle = open_bundle(options.bundle)
    if options.protocol == PROTOCOL:
        return _evaluate_lists(options, bundle)
    if options.protocol == measure_timed.PROTOCOL:
        return _evaluate_timed(options, bundle)
    if options.users is not None:
        raise ConfigError(f"--users goes with --protocol {PROTOCOL}; leave it out")
    return _evaluate_ratings(options, bundle)


def _evaluate_ratings(options: Options, bundle: Bundle) -> Answer:
    from bst.evaluation import measure

    _check_split(bundle, protocol_name(options.protocol or bundle.protocol), options.seed)
    source, split = _read_split(options, bundle)
    load_tensorflow()
    with _progress() as on_progress:
        evaluation = measure.measure(bundle, split, on_progress)
    if problem := measure.keep(bundle, evaluation):
        say(problem)
    answer = {"dataset": source, "bundle": bundle.name, **evaluation.record.to_dict()}
    if evaluation.users:
        movies = split.dataset.movies
        titles = dict(zip(movies["movie_id"].tolist(), movies["title"], strict=True))
        answer["worst"] = {
            side: [{"title": titles[error.movie_id], **error.to_row()} for error in errors]
            for side, errors in evaluation.users.worst_errors.items()
        }
    return answer, lambda answer: _text(evaluation.record)


def _evaluate_timed(options: Options, bundle: Bundle) -> Answer:
    measure_timed.check(bundle)
    _check_split(bundle, bundle.protocol, options.seed)
    source, split = _read_split(options, bundle)
    load_tensorflow()
    intervals = measure_timed.measure(bundle, split)
    answer = {
        "dataset": source,
        "bundle": bundle.name,
        "protocol": measure_timed.PROTOCOL,
        "seed": bundle.seed,
        "users": len(split.last_labels(TEST)),
        "metrics": {key: found.value for key, found in intervals.items()},
        "intervals": {key: [found.low, found.high] for key, found in intervals.items()},
    }
    lines = [
        f"{METRICS[key].label}: {found.value:.4f} ({span(found.low, found.high, '.4f')})"
        for key, found in intervals.items()
    ]
    return answer, lambda answer: "\n".join([f"the last movie of {answer['users']:,} users", *lines])


def _evaluate_lists(options: Options, bundle: Bundle) -> Answer:
    from bst.evaluation import measure_lists

    if options.users is not None and options.users < 1:
        raise ConfigError(f"lists are made for at least one user, not {options.users}; give --users a higher number")
    measure_lists.check_unseen(bundle)
    _check_split(bundle, bundle.protocol, options.seed)
    source, split = _read_split(options, bundle)
    with _progress() as on_progress:
        record = measure_lists.measure(bundle, split, on_progress, options.users)
    if problem := measure_lists.keep(bundle, record):
        say(problem)
    answer = {"dataset": source, "bundle": bundle.name, **record.to_dict()}
    answer["metrics"] = _with_intervals_apart(answer["metrics"])
    for part in ("orders", "rivals"):
        answer[part] = {name: _with_intervals_apart(lists) for name, lists in answer[part].items()}
    return answer, lambda answer: _lists_text(record)


def _with_intervals_apart(lists: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return metrics by number of known ratings as plain numbers, and ``intervals`` with the ends of those that have
    one: a record has them as estimate, low and high.
    """
    apart = {}
    for events, quality in lists.items():
        intervals = {name: ends for name, (_, *ends) in _estimates(quality).items()}
        apart[events] = quality | {name: value[0] for name, value in _estimates(quality).items()}
        apart[events]["intervals"] = intervals
    return apart


def _estimates(quality: dict[str, Any]) -> dict[str, list[float]]:
    return {name: value for name, value in quality.items() if isinstance(value, list) and name != "difference"}


def _check_split(bundle: Bundle, protocol: str, seed: int | None) -> None:
    """Raise ``ConfigError`` for another split than the bundle's own."""
    if (protocol, bundle.seed if seed is None else seed) != (bundle.protocol, bundle.seed):
        raise ConfigError(
            f"bundle {bundle.name} was trained under protocol {bundle.protocol} with seed {bundle.seed}; under any "
            f"other split it has seen test labels. Give --protocol {bundle.protocol} --seed {bundle.seed}"
        )


def _read_split(options: Options, bundle: Bundle) -> tuple[str, EvaluationSplit]:
    """Return where the dataset is and its split."""
    from bst.evaluation import measure

    source = options.dataset or bundle.dataset
    say(f"reading {source}")
    dataset = datasets.load(source)
    for note in assumptions(dataset):
        say(note)
    return source, measure.own_split(bundle, dataset, source)


@contextmanager
def _progress() -> Iterator[Callable[[float, str], None]]:
    """Show how far a measurement is: a bar for a person, a line for each stage otherwise."""
    from tqdm import tqdm

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

        yield on_progress


def _lists_text(record: ListRecord) -> str:
    lines = [f"lists for {record.users:,} users whom the model has never seen, by how many ratings are known"]
    for events in record.ours:
        columns, rows = list_frames.quality_table(record, events)
        lines += [
            "",
            f"{count(events, 'rating')} known, {count(record.ours[events].users, 'user')} with ten or more later",
        ]
        lines += [
            f"{label:32}{''.join(f'{cell:>26}' if ' (' in cell else f'{cell:>12}' for cell in cells)}"
            for label, *cells in (columns, *rows)
        ]
    for events, bins in record.chances.items():
        if (error := calibration_error(bins)) is not None:
            lines.append(f"chances of {LEAST_CHANCE:.0%} and more to be liked are off by {error:.1%} after {events}")
    lines += ["", f"difference: {LIST_QUALITY[MAIN].label} of “{order_label(record.default)}” minus that of the row"]
    lines += [f"{rival_label(name)}: {setting}" for name, setting in record.settings.items()]
    lines += [f"{rival_label(name)} was left out: {reason}" for name, reason in record.left_out.items()]
    return "\n".join([*lines, f"\nmeasured in {record.seconds:.0f} s"])


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


# ---- options


def add_evaluate(commands: Commands) -> None:
    """Add the command ``evaluate``."""
    parser = commands.add(
        "evaluate",
        evaluate,
        "measure a bundle on labels that it was never trained on, beside simple baselines",
        "evaluate --bundle demo",
    )
    add_own_dataset_option(parser)
    add_bundle_option(parser)
    protocols = PROTOCOLS | {PROTOCOL: PROTOCOL_MEANING, measure_timed.PROTOCOL: measure_timed.PROTOCOL_MEANING}
    add_protocol_option(parser, "the one that the bundle was trained under", protocols)
    parser.add_argument("--seed", type=int, help="seed of the split (the one that the bundle was trained with)")
    parser.add_argument("--users", type=int, help="protocol list: how many test users, the first ones (all)")
