"""A stranger at a public address: what they try, and that nothing of it succeeds."""
