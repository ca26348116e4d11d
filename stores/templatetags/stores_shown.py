"""Words of the store floor in templates."""

from __future__ import annotations

from django import template

from stores.choices import StreamName

register = template.Library()


@register.filter
def stream_label(resource: str) -> str:
    """What people call a stream; one that has no word of its own goes by its name."""
    return str(StreamName(resource).label) if resource in StreamName.values else resource
