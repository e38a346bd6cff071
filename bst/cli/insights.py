"""The command ``insights``: what a model's explanations are worth over many visitors."""

import sys

from bst import datasets
from bst.cli.terminal import Answer, Options, say
from bst.errors import ConfigError

SHOWN_MOVIES = 5


def insights(options: Options) -> Answer:
    """Measure a bundle's explanations over a sample of visitors, and keep the insights with it."""
    from tqdm import tqdm

    from bst.bundles.bundle import open_bundle
    from bst.explanation.insights import make_insights, save_insights
    from bst.inference.recommender import Recommender

    if options.visitors < 1 or options.seed < 0:
        raise ConfigError("--visitors must be at least 1 and --seed at least 0")
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
            recommender, dataset, visitors=options.visitors, seed=options.seed, on_progress=on_progress
        )
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
    if planted := answer["planted"]:
        ways = ("influence", "attention", "gradients", "chance")
        lines += ["", planted["words"]]
        lines += [f"  {way:10s} {planted[way]:.2f}" for way in ways if planted[way] is not None]
    return "\n".join([*lines, "", f"kept in {answer['file']}"])


def _median(spread: dict | None) -> str:
    if not spread:
        return "not defined"
    low, median, high = (spread["quantiles"][decile] for decile in (1, 5, 9))
    return f"{median:5.2f}  (middle 80%: {low:.2f} to {high:.2f})"
