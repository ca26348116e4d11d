"""Looking for a person in the whole database: every row and column of every table, opened where it is packed.

What is encrypted is decrypted, what is signed, compressed or pickled is unpacked far enough to be read as text."""

from __future__ import annotations

import base64
import binascii
import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.db import connection

_TABLES = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE'"
_PACKED = re.compile(r"[A-Za-z0-9+/_=-]{16,}")


@dataclass
class Scan:
    """`hits`: what was found, by table and column. `tables`: how many rows of each were looked at."""

    hits: dict[str, set[str]] = field(default_factory=dict)
    tables: dict[str, int] = field(default_factory=dict)

    @property
    def tables_hit(self) -> set[str]:
        return {place.partition(".")[0] for place in self.hits}


def scan(words: Sequence[str]) -> Scan:
    """Every word, in whatever case, in every column of the database."""
    wanted = {word.casefold() for word in words}
    found = Scan()
    with connection.cursor() as cursor:
        cursor.execute(_TABLES)
        for table in sorted(name for (name,) in cursor.fetchall()):
            cursor.execute(f'SELECT t.* FROM "{table}" AS t')  # noqa: S608 - names from the catalogue
            columns = [one.name for one in cursor.description]
            rows = cursor.fetchall()
            found.tables[table] = len(rows)
            for row in rows:
                for column, value in zip(columns, row, strict=True):
                    for text in _readings(value):
                        if hits := {word for word in wanted if word in text}:
                            found.hits.setdefault(f"{table}.{column}", set()).update(hits)
    return found


def _readings(value: object) -> Iterator[str]:
    if value is None or isinstance(value, int | float):
        return
    text = bytes(value).decode("latin-1") if isinstance(value, bytes | memoryview) else str(value)
    # JSON may spell letters as escapes.
    plain = re.sub(r"\\u([0-9a-fA-F]{4})", lambda found: chr(int(found[1], 16)), text)
    yield plain.casefold()
    for piece in _PACKED.findall(text):
        yield from _unpacked(piece)


def _unpacked(piece: str) -> Iterator[str]:
    if piece.startswith("gAAAA"):
        try:
            keys = MultiFernet([Fernet(key) for key in settings.FIELD_KEYS])
            yield keys.decrypt(piece.encode()).decode().casefold()
        except InvalidToken:
            pass
    try:
        raw = base64.urlsafe_b64decode(piece.replace("+", "-").replace("/", "_") + "=" * (-len(piece) % 4))
    except (binascii.Error, ValueError):
        return
    yield raw.decode("latin-1").casefold()
    try:
        yield zlib.decompress(raw).decode("latin-1").casefold()
    except zlib.error:
        return
