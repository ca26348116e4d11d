"""Panels of the home page and the store page, brought by every application."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .actor import Actor

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


@dataclass(frozen=True, slots=True)
class Cell:
    """A figure and the list behind it."""

    label: str
    value: str
    url: str = ""
    tone: str = "neutral"
    """neutral, good, warning or bad; never the only carrier of the meaning."""
    detail: str = ""
    """A sentence under the figure."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a panel: a store, usually."""

    label: str
    url: str
    cells: tuple[Cell, ...]
    store_id: int | None = None
    """Set where the line is about one store: its page shows it as well."""


PanelRows = Callable[[Actor], Sequence[Row]]


@dataclass(frozen=True, slots=True)
class Panel:
    name: str
    title: StrOrPromise
    rows: PanelRows
    position: int = 100


_panels: dict[str, Panel] = {}


def register(panel: Panel) -> None:
    """Called in `AppConfig.ready()`; a second registration of the name replaces the first."""
    _panels[panel.name] = panel


def all_panels() -> list[Panel]:
    return sorted(_panels.values(), key=lambda panel: (panel.position, panel.name))
