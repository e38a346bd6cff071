"""What layers attend to in one pass, kept for passes over histories with the same prefix."""

import autograd.numpy as np

from bst.models.weights import Array

# in the order in which they run: keys and values (B, H, S, D / H) of a content layer, or the normed tokens (B, S, D)
# that few queries attend to
Layers = list[tuple[Array, ...]]


class KVCache:
    """Keys and values of one pass, and those of a prefix that the pass may begin with.

    As no token attends to what comes after it, the ``layers`` of one history can be the ``prefix`` of a pass over
    histories that all begin with its first ``prefix_length`` tokens: only the tokens behind these are run. Of those,
    only the first ``changed_length`` differ among the histories. ``weights``: attention weights (B, H, S, P + S) of the
    content layers, of which the last may be that of the newest token alone, (B, H, 1, P + S).
    """

    def __init__(self, prefix: Layers | None = None, prefix_length: int = 0, changed_length: int = 0):
        self.prefix, self.prefix_length, self.changed_length = prefix, prefix_length, changed_length
        self.layers: Layers = []
        self.weights: list[Array] = []

    def layer_prefix(self) -> tuple[Array, ...]:
        """Return what the layer that runs now attends to within the prefix: a batch of one."""
        assert self.prefix is not None
        return tuple(part[..., : self.prefix_length, :] for part in self.prefix[len(self.layers)])

    def extend(self, *suffix: Array) -> tuple[Array, ...]:
        """Keep what a layer attends to of the tokens that are run, and return it with the prefix, if any, in front."""
        context = suffix
        if self.prefix is not None:
            context = tuple(
                np.concatenate([np.broadcast_to(prefix, (len(part), *prefix.shape[1:])), part], axis=-2)
                for prefix, part in zip(self.layer_prefix(), suffix, strict=True)
            )
        self.layers.append(suffix)
        return context
