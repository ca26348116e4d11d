"""Small pure helpers for texts that people typed."""

from __future__ import annotations

import re
import unicodedata

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def clean(text: str) -> str:
    """NFC, without control characters (PostgreSQL refuses NUL; others break mails and CSV), outer space stripped."""
    return _CONTROL.sub("", unicodedata.normalize("NFC", text)).strip()


def fold(text: str) -> str:
    """For comparing without case: `Straße` and `STRASSE` are one."""
    return unicodedata.normalize("NFKC", text).casefold()
