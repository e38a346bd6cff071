"""Fuzzing: thousands of inputs for everything that is read from outside, each with a check of what comes of it.

``mutations`` damages good samples, ``doors/`` has one module for each way in, ``outcome`` says what an input may lead
to, ``runner`` counts, and ``python -m tests.fuzz`` (``make fuzz``) prints a table. ``test_doors`` tries a few of each.
"""
