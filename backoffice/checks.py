"""Mistakes of deployment that are caught at start."""
