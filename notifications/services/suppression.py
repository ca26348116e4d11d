"""Addresses that a store must not write to. Kept as keyed hashes: the wish outlives the erasure of the person.

Asked when a batch is planned and again right before each mail is sent; written by delivery when a server says that an
address does not exist."""

from __future__ import annotations

from collections.abc import Iterable

from backoffice.core.crypto import keyed_hash
from notifications.models import Suppression

_CHUNK = 1000


def address_hash(key: str) -> str:
    """`key` is what `transports.addresses.address_key` gives."""
    return keyed_hash("mail.suppression", key)


def suppress(store_id: int, key: str, *, reason: str, detail: str = "") -> None:
    """From now on this store does not write to the address. Twice changes nothing: the first reason stays. `detail`
    must not hold the address itself."""
    Suppression.objects.bulk_create(
        [Suppression(store_id=store_id, address_hash=address_hash(key), reason=reason[:40], detail=detail[:300])],
        ignore_conflicts=True,
    )


def is_suppressed(store_id: int, key: str) -> bool:
    return (store_id, key) in suppressed_pairs([(store_id, key)])


def suppressed_pairs(pairs: Iterable[tuple[int, str]]) -> set[tuple[int, str]]:
    """Those of the pairs of store and key that must not be written to: one query, for a few hundred at most."""
    by_hash = {(store_id, address_hash(key)): (store_id, key) for store_id, key in pairs}
    rows = Suppression.objects.filter(
        store_id__in={store_id for store_id, _ in by_hash}, address_hash__in={value for _, value in by_hash}
    )
    return {by_hash[row] for row in rows.values_list("store_id", "address_hash") if row in by_hash}


def suppressed_among(store_id: int, keys: Iterable[str]) -> set[str]:
    """Those of the keys that the store must not write to."""
    by_hash = {address_hash(key): key for key in keys}
    hashes = list(by_hash)
    found: set[str] = set()
    for start in range(0, len(hashes), _CHUNK):
        rows = Suppression.objects.filter(store_id=store_id, address_hash__in=hashes[start : start + _CHUNK])
        found |= {by_hash[value] for value in rows.values_list("address_hash", flat=True)}
    return found
