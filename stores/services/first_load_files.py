"""Where results of bulk operations lie while they are loaded: one folder a window, gone when the window is over.

They hold customers' data in plain text, so only this account may look inside. A worker on another machine, or one that
finds nothing, fetches the file again."""

from __future__ import annotations

import shutil
from pathlib import Path

from django.conf import settings

from stores.choices import StoreState
from stores.models import LoadWindow
from stores.models.load_window import OPEN


def folder_of(window: LoadWindow) -> Path:
    """The window's folder. Made when it is not there."""
    path = _folder() / f"{window.pk}"
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    return path


def discard(window: LoadWindow) -> None:
    shutil.rmtree(_folder() / f"{window.pk}", ignore_errors=True)


def tidy() -> None:
    """Removes what no load will go on with: of windows that are over, of loads that were begun anew, of stores that are
    disconnected or gone."""
    if not _folder().is_dir():
        return
    there = {path.name: path for path in _folder().iterdir()}
    if there:
        open_ones = LoadWindow.objects.filter(state__in=OPEN, pk__in=[int(name) for name in there if name.isdigit()])
        going_on = open_ones.exclude(store__state=StoreState.DISCONNECTED)
        needed = {str(pk) for pk in going_on.values_list("pk", flat=True)}
        for name in there.keys() - needed:
            shutil.rmtree(there[name], ignore_errors=True)


def _folder() -> Path:
    folder: Path = settings.FIRST_LOAD_DIR
    return folder
