"""How a shop's past is cut into windows: pure but for asking how many orders a span of time holds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
"""Before anything in a shop: orders brought from elsewhere may be older than Shopify."""
_SECOND = timedelta(seconds=1)

Count = Callable[[datetime, datetime], int]


@dataclass(frozen=True, slots=True)
class Span:
    """A span of creation, both ends included, in whole seconds, and how many orders the shop counted in it."""

    created_from: datetime
    created_to: datetime
    expected: int


def plan(whole: Span, *, count: Count, newest: int, most: int) -> list[Span]:
    """`whole` cut into spans that touch, newest first: at most `newest` orders in the first, so that there is soon
    something to work with, and at most `most` in each other. A single second is not cut further."""
    spans: list[Span] = []
    waiting = [whole]
    while waiting:
        span = waiting.pop()
        if span.expected <= (most if spans else newest) or span.created_from >= span.created_to:
            spans.append(span)
            continue
        middle = _middle(span)
        newer = count(middle + _SECOND, span.created_to)
        waiting.append(Span(span.created_from, middle, max(span.expected - newer, 0)))
        waiting.append(Span(middle + _SECOND, span.created_to, newer))
    return _joined(spans, newest=newest, most=most)


def divide(span: Span, *, count: Count, parts: int) -> list[Span]:
    """`span` in about so many parts, at least two unless it is a single second; newest first."""
    most = max(1, span.expected // parts)
    found = plan(span, count=count, newest=most, most=most)
    if len(found) == 1 and span.created_from < span.created_to:
        # It holds less than it did when it was counted.
        middle = _middle(span)
        return [Span(middle + _SECOND, span.created_to, span.expected), Span(span.created_from, middle, 0)]
    return found


def _middle(span: Span) -> datetime:
    return span.created_from + timedelta(seconds=(span.created_to - span.created_from) // (2 * _SECOND))


def _joined(spans: Sequence[Span], *, newest: int, most: int) -> list[Span]:
    """Neighbours put together where both fit in one: years without orders take no window of their own."""
    joined = [spans[0]]
    for span in spans[1:]:
        newer = joined[-1]
        if newer.expected + span.expected <= (most if len(joined) > 1 else newest):
            joined[-1] = Span(span.created_from, newer.created_to, newer.expected + span.expected)
        else:
            joined.append(span)
    return joined
