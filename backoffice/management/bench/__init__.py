"""Benchmarks: each measures itself and its own yardstick in the same run and prints their ratio against a limit."""
