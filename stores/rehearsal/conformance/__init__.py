"""Replays recorded requests against the rehearsal shop and says where the answers differ."""
