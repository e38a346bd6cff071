"""What the Keras model and the inference engine share: numbers that define the classic BST."""

NEUTRAL_RATING = 3.0  # stars, by which the token of an event that does not count is scaled
LEAKY_SLOPE = 0.3  # of LeakyReLU, as Keras has it
NORM_EPSILON = 1e-3  # of layer and batch normalisation, as Keras has it
