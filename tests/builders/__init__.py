"""Builders: rows as the product itself would have written them, with one line per thing a test cares about."""
