"""The other models of a dataset, and which of them is worth a comparison first."""

from bst.bundles.bundle import Bundle
from bst.evaluation import measure
from bst.evaluation.compare import incomparable_reason
from bst.models.registry import family_of, preset_title
from pages.shared import resources


def others(bundle: Bundle) -> dict[str, Bundle]:
    """Return all other usable models of a bundle's dataset that predict ratings, by name; the most worthwhile first.

    That is one measured on the same labels, and of these one that differs most: another kind of model, then another
    preset.
    """
    usable = {
        name: choice.bundle
        for name, choice in resources.choices().items()
        if choice.bundle
        and not choice.problem
        and name != bundle.name
        and choice.bundle.movies_fingerprint == bundle.movies_fingerprint
        and choice.bundle.recommends
    }
    return dict(sorted(usable.items(), key=lambda item: _likeness(bundle, item[1])))


def _likeness(bundle: Bundle, other: Bundle) -> tuple[bool, bool, bool]:
    """Return what others are sorted by: False first."""
    return (
        reason(bundle, other) is not None,
        family_of(other.config) is family_of(bundle.config),
        other.config.preset == bundle.config.preset,
    )


def reason(bundle: Bundle, other: Bundle) -> str | None:
    """Return in words why two models cannot be compared on held-out ratings; None if they can."""
    first, second = measure.read(bundle), measure.read(other)
    if first is None or second is None:
        unmeasured = bundle if first is None else other
        return f"{unmeasured.name} has not been measured; run python -m bst evaluate --bundle {unmeasured.name}"
    return incomparable_reason(bundle, other, first, second)


def short_names(bundle: Bundle, other: Bundle) -> tuple[str, str]:
    """Return what to call two models beside each other: their presets, or their names where those are the same."""
    titles = preset_title(bundle.config.preset), preset_title(other.config.preset)
    return titles if titles[0] != titles[1] else (bundle.name, other.name)


def how_to_train(bundle: Bundle) -> str:
    """Return a command that trains a model to compare a bundle with: of another kind, on the same split."""
    preset = "compact" if bundle.config.window_shape is None else "timeline"
    protocol = bundle.protocol if bundle.protocol in family_of(bundle.config).protocols else "visitor"
    return (
        f"python -m bst train --dataset {bundle.dataset} --preset {preset} --protocol {protocol} --seed {bundle.seed} "
        f"--name {bundle.dataset}-{preset}"
    )
