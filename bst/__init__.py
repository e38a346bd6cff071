"""BST Studio's library: datasets, Behavior Sequence Transformers, and what can be asked of them."""
