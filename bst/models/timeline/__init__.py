"""The timeline BST: whole histories, a rating tower and a next-movie tower."""
