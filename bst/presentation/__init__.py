"""Everything that turns results into words, charts and files."""
