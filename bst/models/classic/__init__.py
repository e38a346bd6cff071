"""The classic BST: windows of a few movies, as in the Keras example."""
