"""Cutting long iterables into pieces that fit a request, a statement or a transaction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

T = TypeVar("T")


def chunked(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Lists of at most `size` items, in order, without loading the whole."""
    iterator = iter(items)
    while piece := list(islice(iterator, size)):
        yield piece
