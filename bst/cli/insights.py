"""The command ``insights``: what a model's explanations are worth over many visitors."""

import sys

from bst import datasets
from bst.bundles import sidecars
from bst.cli.terminal import Answer, Options, load_tensorflow, say
from bst.errors import ConfigError


def insights(options: Options) -> Answer:
    """Measure a bundle's explanations over a sample of visitors, and keep what was found with it."""
    from tqdm import tqdm

    from bst.bundles.bundle import open_bundle
    from bst.explanation.insights import make_insights
    from bst.inference.recommender import Recommender

    if options.visitors < 1 or options.seed < 0:
        raise ConfigError("--visitors must be at least 1 and --seed at least 0")
    bundle = open_bundle(options.bundle)
    source = options.dataset or bundle.dataset
    say(f"reading {source}")
    dataset = datasets.load(source)
    load_tensorflow()
    recommender = Recommender.load(bundle, dataset)
    layout = "{percentage:3.0f}%|{bar}| {elapsed}<{remaining} {desc}"
    with tqdm(bar_format=layout, file=sys.stderr, leave=False, disable=None) as bar:
        told = None

        def on_progress(done: int, total: int, words: str) -> None:
            nonlocal told
            if bar.disable and words != told:
                say(words)
            told = words
            bar.total, bar.n = total, done
            bar.set_description_str(words)

        found = make_insights(
            recommender, dataset, visitors=options.visitors, seed=options.seed, on_progress=on_progress
        )
    sidecars.save(bundle, "insights", found)
    titles = recommender.catalogue.titles
    return {"bundle": bundle.name, "file": str(bundle.folder / "insights.json"), **found}, lambda a: _text(a, titles)


def _text(answer: dict, titles: dict[int, str]) -> str:
    def middle(spread: dict | None) -> str:
        if not spread:
            return "not defined"
        low, half, high = (spread["quantiles"][i] for i in (1, 5, 9))
        return f"{half:5.2f}  ({low:.2f} … {high:.2f} for 8 of 10)"

    agreement, controls = answer["agreement"], answer["controls"]
    rows = [("all heads", agreement["mean"])]
    rows += zip(answer["layers"], agreement["layers"], strict=True)
    rows += zip(answer["heads"], agreement["heads"], strict=True)
    rows += [("history in shuffled order", controls["permuted"]), ("all movies looked at alike", controls["uniform"])]
    rows += [("integrated gradients instead", agreement["gradients"])]
    lines = [answer["sample"]["words"], "", "Rank correlation of attention and influence, median:"]
    lines += [f"  {words:30s} {middle(spread)}" for words, spread in rows]
    if change := answer["uniform_change"]:
        mae = change["mae"]
        lines += [
            f"Attention forced uniform moves a prediction by {change['mean']:.2f} stars; leaving out the movie that "
            f"counts most, by {change['one_event']:.2f}; the whole history, by {change['history']:.2f}.",
            f"MAE of what they rated next: {mae['as_is']:.3f}, with attention forced uniform {mae['uniform']:.3f}.",
        ]
    for what, words in (("attention", "Most attended"), ("influence", "Moving most")):
        if rows := answer["movies"][what][:5]:
            lines.append(f"{words}: " + "; ".join(f"{titles[row['movie_id']]} ×{row['value']:.1f}" for row in rows))
    if planted := answer["planted"]:
        lines += ["", planted["words"]]
        ways = ("influence", "attention", "gradients", "chance")
        lines += [f"  {way:10s} {planted[way]:.2f}" for way in ways if planted[way] is not None]
    return "\n".join([*lines, "", f"kept in {answer['file']}"])
