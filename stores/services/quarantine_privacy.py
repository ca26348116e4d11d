"""What the quarantine holds of a person: the raw answers about his orders, handed over or erased."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from backoffice.core.privacy import Person, PersonalData
from stores.models import Quarantined


def export(person: Person) -> Sequence[Mapping[str, Any]]:
    """One mapping a parked thing, oldest first, with the shop's answer as text."""
    return [
        {"id": row.gid, "reason": row.reason, "answer": row.raw, "first_at": row.first_at.isoformat()}
        for row in _his(person)
    ]


def erase(person: Person) -> int:
    """Empties the answers; the rows stay and are tried again."""
    ids = [row.pk for row in _his(person) if row.raw]
    return Quarantined._base_manager.filter(pk__in=ids).update(raw="")


PART = PersonalData("stores.quarantine", export=export, erase=erase)


def _his(person: Person) -> Iterator[Quarantined]:
    """About his orders, or naming him: encrypted, so each is looked into. There are few."""
    words = [word.casefold() for word in (person.email.strip(), person.customer_gid) if word]
    for row in Quarantined._base_manager.filter(store_id=person.store_id).order_by("pk").iterator(chunk_size=50):
        raw = row.raw.casefold()
        if row.gid in person.order_gids or any(word in raw for word in words):
            yield row
