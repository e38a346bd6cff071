"""The command ``evaluate``: how good a model is, for whom, and beside what."""

import sys

from bst import datasets
from bst.cli.model import figures
from bst.cli.terminal import Answer, Options, load_tensorflow, say
from bst.errors import ConfigError
from bst.presentation.model_card import PEER_NAMES
from bst.timelines.arrays import assumptions
from bst.timelines.splits import protocol_name


def evaluate(options: Options) -> Answer:
    """Measure a bundle on labels that it was never trained on, beside its peers, and keep what was found with it."""
    from tqdm import tqdm

    from bst.bundles.bundle import open_bundle
    from bst.evaluation import measure

    bundle = open_bundle(options.bundle)
    asked = protocol_name(options.protocol or bundle.protocol), bundle.seed if options.seed is None else options.seed
    if asked != (bundle.protocol, bundle.seed):
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
        told = None

        def on_progress(share: float, words: str) -> None:
            nonlocal told
            if bar.disable and words != told:
                say(words)
            told = words
            bar.n = share
            bar.set_description_str(words)

        measured = measure.measure(bundle, split, on_progress)
    if problem := measure.keep(bundle, measured):
        say(problem)
    answer = {"dataset": source, "bundle": bundle.name, **measured.record}
    if measured.local:
        title = dict(zip(split.dataset.movies["movie_id"].tolist(), split.dataset.movies["title"], strict=True))
        answer["worst"] = {
            side: [
                {"title": title[miss.movie_id]} | {k: v for k, v in miss.to_dict().items() if k != "visitor"}
                for miss in misses
            ]
            for side, misses in measured.local.worst.items()
        }
    return answer, _text


def _text(answer: dict) -> str:
    lines = [figures(answer)]
    if versus := answer.get("versus"):
        lines += ["", "MAE against each peer, difference and 95% interval (below 0: the model is better)"]
        lines += [
            f"{PEER_NAMES[name].lower():30}{mae:+9.4f}  [{low:+.4f}, {high:+.4f}]"
            for name, (mae, low, high) in ((name, found["mae"]) for name, found in versus.items())
        ]
    if found := answer.get("by_history"):
        lines += ["", "MAE by how many movies came before, its 95% interval, and how far below that of item means"]
        lines += [_stretch(row) for row in found]
    if found := answer.get("fairness"):
        lines += ["", "largest difference of MAE between groups, and how often chance alone makes one as large"]
        lines += [
            f"{row['part']:12}{row['worst']!s} − {row['best']!s}: {row['gap'][0]:.3f} "
            f"[{row['gap'][1]:+.3f}, {row['gap'][2]:+.3f}], chance {row['chance']:.1%}"
            for row in found
        ]
    if found := answer.get("ranking"):
        lines += ["", f"lists of {found['users']:,} users over the whole catalogue, the first 10"]
        lines.append(f"{'order':12}" + "".join(f"{name:>11}" for name in ("HR", "NDCG", "MRR", *_OF_LISTS)))
        lines += [_order(name, row) for name, row in found["orders"].items()]
    lines.append(f"\nmeasured in {answer['seconds']:.0f} s")
    return "\n".join(lines)


_OF_LISTS = ("coverage", "novelty", "diversity", "popular")


def _stretch(row: dict) -> str:
    end = "on" if row["to"] is None else row["to"]
    name = str(row["from"]) if row["from"] == row["to"] else f"{row['from']} … {end}"
    mae, low, high = row["mae"]
    gain = f"  {row['gain'][0]:+6.1%}" if "gain" in row else ""
    return f"{name:12}{row['labels']:>9,} labels  {mae:.3f} [{low:.3f}, {high:.3f}]{gain}"


def _order(name: str, row: dict) -> str:
    first = row["hr"]["10"][0], row["ndcg"]["10"][0], row["mrr"][0]
    rest = (row.get(figure, {}).get("10") for figure in _OF_LISTS)
    cells = (*first, *rest)
    return f"{name:12}" + "".join(f"{'' if cell is None else f'{cell:.3f}':>11}" for cell in cells)
