"""The command ``insights``: what a model's explanations are worth over many visitors."""

import sys
from dataclasses import replace
from itertools import count

from bst import datasets
from bst.cli.commands import Commands
from bst.cli.options import add_bundle_option, add_own_dataset_option
from bst.cli.terminal import Answer, Options, say
from bst.errors import ConfigError
from bst.explanation.insight_record import Insights
from bst.presentation.fidelity_text import fidelity_lines

SHOWN_MOVIES = 5


def insights(options: Options) -> Answer:
    """Measure a bundle's explanations over a sample of visitors, and keep the insights with it.

    The answer: ``bundle``, ``file``, and the record (see ``bst.explanation.insight_record``); among it ``fidelity``,
    with ``deletion``, ``insertion``, ``cdcg`` and ``pos`` of each way to explain as ``[value, low, high]`` (95%
    intervals over visitors); ``counterfactuals``, for the first ``--searches`` of the visitors; and for the demo world
    ``planted``, the precision of each way band by band.
    """
    from tqdm import tqdm

    from bst.bundles.bundle import open_bundle
    from bst.explanation.insights import draw_sample, make_insights, save_insights
    from bst.inference.recommender import Recommender
    from bst.visitors.replay import RealUsers
    from bst.what_if.counterfactual_quality import GOALS, counterfactual_quality

    if options.visitors < 1 or options.seed < 0 or options.searches < 0:
        raise ConfigError("--visitors must be at least 1, --seed and --searches at least 0")
    bundle = open_bundle(options.bundle)
    source = options.dataset or bundle.dataset
    say(f"reading {source}")
    dataset = datasets.load(source)
    recommender = Recommender.load(bundle, dataset)
    layout = "{percentage:3.0f}%|{bar}| {elapsed}<{remaining} {desc}"
    with tqdm(bar_format=layout, file=sys.stderr, leave=False, disable=None) as bar:
        current = None

        def on_progress(done: int, total: int, stage: str) -> None:
            nonlocal current
            if bar.disable and stage != current:
                say(stage)
            current = stage
            bar.total, bar.n = total, done
            bar.set_description_str(stage)

        record = make_insights(
            recommender, dataset, visitors=options.visitors, seed=options.seed, fidelity=True, on_progress=on_progress
        )
        save_insights(bundle, record)  # the searches take minutes: interrupted, the rest is kept
        sampled = draw_sample(RealUsers(bundle, dataset), min(options.searches, options.visitors), options.seed)
        steps = count()
        searched = counterfactual_quality(
            recommender,
            [visitor for visitor, *_ in sampled],
            lambda stage: on_progress(next(steps), len(sampled) * len(GOALS), stage),
        )
        record = replace(record, counterfactuals=searched)
    save_insights(bundle, record)
    titles = recommender.catalogue.titles
    answer = {"bundle": bundle.name, "file": str(bundle.folder / "insights.json"), **record.to_dict()}
    return answer, lambda answer: insights_text(answer, titles)


def insights_text(answer: dict, titles: dict[int, str]) -> str:
    """Return the answer of ``insights`` for a terminal. ``titles``: by movie id."""
    agreement, controls = answer["agreement"], answer["controls"]
    rows = [
        ("all heads", agreement["mean"]),
        *zip(answer["layers"], agreement["layers"], strict=True),
        *zip(answer["heads"], agreement["heads"], strict=True),
        ("history in shuffled order", controls["permuted"]),
        ("uniform attention", controls["uniform"]),
        ("integrated gradients instead", agreement["gradients"]),
    ]
    lines = [answer["sample"]["words"], "", "Rank correlation of attention and leave-one-out effects, median:"]
    lines += [f"  {label:30s} {_median(spread)}" for label, spread in rows]
    if change := answer["uniform_change"]:
        mae = change["mae"]
        lines += [
            f"Uniform attention moves a prediction by {change['mean']:.2f} stars on average; leaving out the movie "
            f"that matters most, by {change['one_event']:.2f}; leaving out the whole history, by "
            f"{change['history']:.2f}.",
            f"MAE of what they rated next: {mae['as_is']:.3f}, with uniform attention {mae['uniform']:.3f}.",
        ]
    for by, label in (("attention", "Most attention"), ("influence", "Largest effect")):
        if movies := answer["movies"][by][:SHOWN_MOVIES]:
            lines.append(f"{label}: " + "; ".join(f"{titles[row['movie_id']]} ×{row['value']:.1f}" for row in movies))
    lines += fidelity_lines(Insights.from_dict(answer))
    return "\n".join([*lines, "", f"kept in {answer['file']}"])


def _median(spread: dict | None) -> str:
    if not spread:
        return "not defined"
    low, median, high = (spread["quantiles"][decile] for decile in (1, 5, 9))
    return f"{median:5.2f}  (middle 80%: {low:.2f} to {high:.2f})"


# ---- options


def add_insights(commands: Commands) -> None:
    """Add the command ``insights``."""
    parser = commands.add(
        "insights",
        insights,
        "measure over many visitors how far a model's attention may be trusted, and keep that with the bundle",
        "insights --bundle demo",
    )
    add_bundle_option(parser)
    add_own_dataset_option(parser)
    parser.add_argument("--visitors", type=int, default=200, help="how many visitors to sample (200)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the sample (0)")
    parser.add_argument(
        "--searches", type=int, default=25, help="for how many of them the smallest changes are searched for (25)"
    )
