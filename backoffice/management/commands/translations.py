"""`manage.py translations`: gathers the strings for people into locale/, compiles them, and with `--check` says what is
missing. Needs no gettext programs: Django turns templates into something that Babel reads like Python."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.conf import settings
from django.core.management.base import BaseCommand
from django.utils.translation.template import templatize

LANGUAGES = ("nl",)
FOLDERS = ("backoffice", "stores", "orders", "notifications", "templates")
KEYWORDS: dict[str, Any] = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
    "npgettext_lazy": ((1, "c"), 2, 3),
}


class Command(BaseCommand):
    help = "Gathers and compiles translations; --check fails when one is missing or the compiled file is old."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true", help="change nothing, fail when something is to be done")

    def handle(self, *args: Any, check: bool, **options: Any) -> None:
        template = gather(settings.BASE_DIR)
        wrong: list[str] = []
        for language in LANGUAGES:
            folder = settings.BASE_DIR / "locale" / language / "LC_MESSAGES"
            catalog = _read(folder / "django.po", language)
            # The time of a run is no reason for other files: `--check` compares them.
            catalog.update(template, no_fuzzy_matching=True, update_creation_date=False)
            catalog.obsolete.clear()
            if not check:
                _write(catalog, folder)
            wrong += [f"{language}: not translated: {_shown(message)}" for message in untranslated(catalog)]
            wrong += [f"{language}: {error}" for error in broken(catalog)]
            if check and _compiled(catalog) != _bytes(folder / "django.mo"):
                wrong.append(f"{language}: the compiled file is old; run `manage.py translations`")
        for line in wrong:
            self.stderr.write(line)
        if wrong:
            sys.exit(1)
        self.stdout.write(f"{len(template)} strings, {', '.join(LANGUAGES)} complete.")


def gather(root: Path) -> Catalog:
    """Every string for people in our own code and templates."""
    catalog = Catalog(charset="utf-8")
    for path in _sources(root):
        text = path.read_text()
        if path.suffix in (".html", ".txt"):
            # What is left of the markup has an indentation that Python would not accept.
            text = "\n".join(line.strip() for line in templatize(text, origin=str(path)).splitlines())
        where = path.relative_to(root).as_posix()
        for line, message, comments, context in extract("python", BytesIO(text.encode()), KEYWORDS, ("Translators:",)):
            if message:
                catalog.add(message, "", locations=[(where, line)], auto_comments=comments, context=context)
    return catalog


def untranslated(catalog: Catalog) -> Iterator[Any]:
    for message in catalog:
        if not message.id:
            continue
        found = message.string if isinstance(message.string, (list, tuple)) else [message.string]
        if message.fuzzy or not all(found):
            yield message


def broken(catalog: Catalog) -> Iterator[str]:
    """Translations whose placeholders differ from the original's."""
    for message, errors in catalog.check():
        for error in errors:
            yield f"{_shown(message)}: {error}"


def _sources(root: Path) -> Iterator[Path]:
    for folder in FOLDERS:
        for path in sorted((root / folder).rglob("*")):
            if path.suffix in (".py", ".html", ".txt") and "migrations" not in path.parts:
                yield path


def _read(path: Path, language: str) -> Catalog:
    if not path.exists():
        return Catalog(locale=language, charset="utf-8")
    with path.open("rb") as file:
        return read_po(file, locale=language)


def _write(catalog: Catalog, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "django.po").open("wb") as file:
        write_po(file, catalog, width=120, omit_header=False, sort_output=True, include_lineno=False)
    (folder / "django.mo").write_bytes(_compiled(catalog))


def _compiled(catalog: Catalog) -> bytes:
    out = BytesIO()
    write_mo(out, catalog)
    return out.getvalue()


def _bytes(path: Path) -> bytes:
    return path.read_bytes() if path.exists() else b""


def _shown(message: Any) -> str:
    text = message.id if isinstance(message.id, str) else message.id[0]
    return f"{message.context}: {text!r}" if message.context else repr(text)
