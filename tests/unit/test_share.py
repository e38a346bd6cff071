"""Learning from a share of the users: judged on the same labels, and known to whoever measures again."""

from dataclasses import replace

import numpy as np
import pytest

from bst.bundles.bundle import open_bundle
from bst.errors import ConfigError
from bst.models.registry import prepare, preset
from bst.timelines.splits import TEST, TRAIN, UNUSED, VALIDATION
from bst.training.runs import train


@pytest.mark.parametrize(
    ("name", "protocol"), [("timeline", "visitor"), ("timeline", "last"), ("user-features", "windows")]
)
def test_fewer_users_are_learnt_from_and_the_labels_stay(name, protocol, world):
    whole, part = (prepare(world, preset(name), protocol, 5, share) for share in (1.0, 0.4))
    for role in (TEST, VALIDATION):
        np.testing.assert_array_equal(part.role == role, whole.role == role)
    assert not (whole.role == UNUSED).any()
    learnt_from = np.unique(part.user[part.role == TRAIN])
    assert 0 < len(learnt_from) < len(np.unique(whole.user[whole.role == TRAIN]))
    assert not np.isin(part.user[part.role == UNUSED], learnt_from).any()
    if part.windows:
        np.testing.assert_array_equal(np.unique(part.windows.train.user), learnt_from)
        np.testing.assert_array_equal(part.windows.test.target, whole.windows.test.target)
    # nor may a peer learn from the others
    assert len(part.known.rating) == ((part.role == TRAIN) | (part.role == VALIDATION)).sum()


@pytest.mark.parametrize("share", [0, -0.5, 1.5, float("nan")])
def test_an_impossible_share_is_refused(share, world):
    with pytest.raises(ConfigError, match="share of users"):
        prepare(world, preset("timeline"), "visitor", 0, share)


def test_a_bundle_tells_its_share(small_settings, small_bundle, own_folders):
    settings = replace(small_settings, share=0.5, epochs=1, config=small_settings.config.with_epochs(1))
    bundle = train(settings, "half")
    assert open_bundle(bundle.folder).share == 0.5
    assert small_bundle.share == 1.0
