"""The towers of a timeline BST: what they share, and one file for each."""
