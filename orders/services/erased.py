"""Who was erased stays erased: every snapshot of a shop passes here before it is written or compared.

Called by everything that takes over what a shop says of orders: pages, reads by id, bulk files, what a mutation's
answer shows, and the proof, which must not call an erased order different for ever. Call `blank` under the store's lock
(`ingest.lock_store`): an erasure takes the same lock to write its tombstones, so that nothing that was read before it
can be written after it. A path that builds rows without snapshots asks `erased_gids` and leaves out what `blank` does.

Money, dates, states, products and numbers of orders stay; so do tags that do not name the person."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import datetime
from functools import cache
from typing import Any, TypeVar

from backoffice.core.crypto import keyed_hash
from backoffice.core.text import fold
from backoffice.core.traces import Traces, without
from orders.choices import TombstoneKind
from orders.models import Tombstone
from stores.models import Store
from stores.shopify.mutations import MutatedOrder
from stores.shopify.snapshots import Address, OrderSnapshot

_ENUM = re.compile(r"[A-Z][A-Z_]+")
_CUSTOMER = re.compile(r"gid://shopify/Customer/[0-9]+")
ReadBack = TypeVar("ReadBack", bound=MutatedOrder | OrderSnapshot)

PERSONAL = frozenset(
    {
        "address1", "address2", "attachments", "billing_address", "body", "city", "company", "customer",
        "customer_note", "custom_attributes", "decline_note", "description", "display_name", "email", "first_name",
        "last_name", "locale", "message", "note", "notes", "phone", "po_number", "province", "province_code",
        "reason_note", "reason_notes", "shipping_address", "status_page_url", "text", "zip",
    }
)  # fmt: skip
"""Names of fields, columns and keys that are emptied whatever they hold. Other texts lose the person's words."""
PERSONAL_OF_TRACKING = frozenset({"number", "url"})
"""A carrier's page tells name and address to whoever has the number."""


@dataclass(frozen=True, slots=True)
class Named:
    """By what an order may be known as erased. An address counts for orders from before the erasure alone: whoever
    comes back and buys again is a customer again."""

    gid: str
    customer_gid: str
    email: str
    created_at: datetime


def blank(store: Store, snapshots: Sequence[OrderSnapshot], *, remember: bool = False) -> list[OrderSnapshot]:
    """The snapshots, those of the erased without what is personal; the others are the same objects. One query for a
    store that erased nobody, else two. With `remember`, an order that is known by its customer or address alone gets a
    tombstone of its own: the shop may forget whose it was before it forgets what he wrote."""
    erased = _erased(store, [named(snapshot) for snapshot in snapshots])
    if not erased:
        return list(snapshots)
    if remember:
        bury_orders(store.pk, [gid for gid, own in erased.items() if own is None])
    return [
        _blanked(store, one, own_tags=erased[one.gid] or frozenset()) if one.gid in erased else one for one in snapshots
    ]


def blank_read_back(store: Store, seen: Sequence[ReadBack]) -> list[ReadBack]:
    """The same for what a mutation's answer, or the look after it, shows of orders that are here: tags and note."""
    if not seen:
        return []
    digests = {one.gid: _digest(TombstoneKind.ORDER, store.pk, one.gid) for one in seen}
    own = dict(Tombstone._base_manager.filter(store=store, digest__in=digests.values()).values_list("digest", "tags"))
    return [
        replace(one, note="", tags=_kept_tags(store.pk, one.tags, own[digests[one.gid]]))
        if digests[one.gid] in own
        else one
        for one in seen
    ]


def erased_gids(store: Store, named: Sequence[Named]) -> frozenset[str]:
    """The gids of those that must stay without personal fields; for paths without snapshots."""
    return frozenset(_erased(store, named))


def named(order: OrderSnapshot) -> Named:
    """By what the order would be known as erased."""
    return Named(order.gid, order.customer.gid if order.customer else "", order.email, order.created_at)


def erased_customers(store: Store, gids: Sequence[str]) -> frozenset[str]:
    """Those of the customers that were erased."""
    digests = {_digest(TombstoneKind.CUSTOMER, store.pk, gid): gid for gid in gids}
    rows = Tombstone._base_manager.filter(store=store, kind=TombstoneKind.CUSTOMER)
    return frozenset(digests[one] for one in rows.values_list("digest", flat=True) if one in digests)


def is_hidden(store: Store, gid: str, raw: str) -> bool:
    """Whether an answer that could not be read is about somebody who was erased: by the order, or a customer in it."""
    tombstones = Tombstone._base_manager.filter(store=store)
    if not tombstones.exists():
        return False
    wanted = {_digest(TombstoneKind.ORDER, store.pk, gid)}
    wanted |= {_digest(TombstoneKind.CUSTOMER, store.pk, customer) for customer in set(_CUSTOMER.findall(raw))}
    return tombstones.filter(digest__in=wanted).exists()


def bury_orders(store_id: int, gids: Iterable[str], *, tags: Mapping[str, Iterable[str]] | None = None) -> int:
    """Tombstones for orders; returns how many are new. `tags`: by gid, what was taken off because it named him."""
    dropped = tags or {}
    rows = [
        Tombstone(
            store_id=store_id,
            kind=TombstoneKind.ORDER,
            digest=_digest(TombstoneKind.ORDER, store_id, gid),
            tags=[_digest_of_tag(store_id, tag) for tag in dropped.get(gid, ())],
        )
        for gid in gids
    ]
    return _insert(rows, store_id, keeps_tags=bool(dropped))


def bury_person(store_id: int, *, customer_gids: Iterable[str], emails: Iterable[str]) -> int:
    """Tombstones for a customer and for his addresses; returns how many are new."""
    keys = [(TombstoneKind.CUSTOMER, gid) for gid in customer_gids if gid]
    keys += [(TombstoneKind.ADDRESS, fold(email.strip())) for email in emails if email.strip()]
    rows = [Tombstone(store_id=store_id, kind=kind, digest=_digest(kind, store_id, key)) for kind, key in keys]
    return _insert(rows, store_id, keeps_tags=False)


def traces_of(order: OrderSnapshot) -> Traces:
    """The words by which this order's own fields name its buyer."""
    customer = order.customer
    addresses = [one for one in (order.shipping_address, order.billing_address) if one is not None]
    return Traces.of(
        identifiers=[order.email, order.phone]
        + ([customer.email, customer.phone, customer.gid] if customer else [])
        + [one.phone for one in addresses],
        names=([customer.display_name, f"{customer.first_name} {customer.last_name}"] if customer else [])
        + [text for one in addresses for text in names_of_address(one)],
    )


def names_of_address(address: Address | Mapping[str, Any]) -> list[str]:
    """What of an address names a person: his name, company, street and code; not the city, which is everybody's."""
    known = {name: getattr(address, name) for name in _fields(Address)} if isinstance(address, Address) else address
    first, last = str(known.get("first_name") or ""), str(known.get("last_name") or "")
    lines = [str(known.get(name) or "") for name in ("company", "address1", "address2", "zip")]
    return [f"{first} {last}".strip(), *lines]


def _erased(store: Store, named: Sequence[Named]) -> dict[str, frozenset[str] | None]:
    """By gid, the digests of the tags that were taken off; None for an order without a tombstone of its own."""
    tombstones = Tombstone._base_manager.filter(store=store)
    if not named or not tombstones.exists():
        return {}
    keys = {one.gid: _keys(store.pk, one) for one in named}
    wanted = {digest for own in keys.values() for digest in own}
    known = {one.digest: one for one in tombstones.filter(digest__in=wanted)}
    found: dict[str, frozenset[str] | None] = {}
    for one in named:
        order, customer, address = (known.get(digest) for digest in keys[one.gid])
        if order is not None:
            found[one.gid] = frozenset(order.tags)
        elif customer is not None or (address is not None and one.created_at <= address.created_at):
            found[one.gid] = None
    return found


def _keys(store_id: int, one: Named) -> tuple[str, str, str]:
    return (
        _digest(TombstoneKind.ORDER, store_id, one.gid),
        _digest(TombstoneKind.CUSTOMER, store_id, one.customer_gid) if one.customer_gid else "",
        _digest(TombstoneKind.ADDRESS, store_id, fold(one.email.strip())) if one.email.strip() else "",
    )


def _digest(kind: TombstoneKind, store_id: int, key: str) -> str:
    return keyed_hash("privacy.tombstone", f"{kind.value}:{store_id}:{key}")


def _digest_of_tag(store_id: int, tag: str) -> str:
    return keyed_hash("privacy.tombstone", f"tag:{store_id}:{fold(tag)}")


def _kept_tags(store_id: int, tags: Sequence[str], dropped: Collection[str]) -> tuple[str, ...]:
    return tuple(tag for tag in tags if not dropped or _digest_of_tag(store_id, tag) not in dropped)


def _insert(rows: Sequence[Tombstone], store_id: int, *, keeps_tags: bool) -> int:
    once = {row.digest: row for row in rows}
    known = set(Tombstone._base_manager.filter(store_id=store_id, digest__in=once).values_list("digest", flat=True))
    if keeps_tags:
        Tombstone._base_manager.bulk_create(
            [row for row in once.values() if row.tags],
            update_conflicts=True,
            unique_fields=["store", "digest"],
            update_fields=["tags"],
        )
    Tombstone._base_manager.bulk_create(once.values(), ignore_conflicts=True)
    return len(once) - len(known)


def _blanked(store: Store, order: OrderSnapshot, *, own_tags: frozenset[str]) -> OrderSnapshot:
    pattern = traces_of(order).on_own()
    tags = tuple(tag for tag in _kept_tags(store.pk, order.tags, own_tags) if without(tag, pattern) == tag)
    codes = tuple(code for code in order.discount_codes if without(code, pattern) == code)
    emptied: OrderSnapshot = _emptied(replace(order, tags=tags, discount_codes=codes), traces_of(order).by_hand())
    return replace(
        emptied,
        custom_attributes=(),
        customer=None,
        shipping_address=_country_of(order.shipping_address),
        billing_address=_country_of(order.billing_address),
        # A refusal would keep the columns as they are; of these there is nothing left to keep.
        redacted=frozenset(path for path in order.redacted if path.split(".")[0] not in PERSONAL),
    )


def _country_of(address: Address | None) -> Address | None:
    """Taxes are owed by country; it names nobody."""
    return Address(country=address.country, country_code=address.country_code) if address else None


def _emptied(value: Any, pattern: Any) -> Any:
    """A dataclass with its personal texts empty and the person's words taken out of the others, however deep."""
    if is_dataclass(value) and not isinstance(value, type):
        personal = PERSONAL | (PERSONAL_OF_TRACKING if type(value).__name__ == "TrackingSnapshot" else frozenset())
        changes: dict[str, Any] = {}
        for name in _fields(type(value)):
            old = getattr(value, name)
            if name in personal and isinstance(old, str | tuple):
                new: Any = type(old)()
            elif is_own_word(name, old):
                continue
            else:
                new = _emptied(old, pattern)
            if new is not old:
                changes[name] = new
        return replace(value, **changes) if changes else value
    if isinstance(value, tuple):
        made = tuple(_emptied(inner, pattern) for inner in value)
        return value if all(new is old for new, old in zip(made, value, strict=True)) else made
    return without(value, pattern) if isinstance(value, str) else value


def is_own_word(name: str, value: Any) -> bool:
    """Whether a field or key of this name holds an id or one of Shopify's enum values: a buyer may be called Paid."""
    if name == "gid" or name.endswith("_gid"):
        return True
    return isinstance(value, str) and _ENUM.fullmatch(value) is not None


@cache
def _fields(kind: type) -> tuple[str, ...]:
    return tuple(one.name for one in fields(kind))
