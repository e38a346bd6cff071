"""Numbers that the Keras layers and the inference engines share."""

MASKED = -1e9  # added to the logits of what must not be attended to
RMS_EPSILON = 1e-6  # added to the mean square before its root is taken
