"""Erasing people and shops, handing over what is held, and nothing that brings it back."""
