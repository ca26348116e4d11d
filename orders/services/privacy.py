"""What the mirror and the staff's own notes hold of a person: found, handed over, erased, and kept from coming back.

Registered in `core.privacy`; the privacy desk (stores.services.compliance_work) calls it. Erased are the customer's
row, the personal columns of his orders and of everything that belongs to them, and texts of the staff that name him.
Money, states, products, dates and order numbers stay: the merchant owes them to the tax office."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import ForeignKey, Model, QuerySet
from django.db.models.functions import Upper

from backoffice.core.privacy import Person, PersonalData
from backoffice.core.traces import Traces
from orders.models import Comment, CommentVersion, Customer, Order, Tombstone
from stores.models import Store

from . import erased
from .ingest import lock_store
from .privacy_erasing import erase_notes, erase_orders, traces_of_rows
from .privacy_rows import models_of_orders

_SAMPLE = 1000
# The staff's names are the staff's; ids of ours and hashes are nobody's.
_NOT_HIS = frozenset(
    {"actor_label", "assignee", "author", "author_label", "replaced_by", "state_hash", "store", "user"}
)


def find(person: Person) -> Traces:
    """His addresses and names, from his row and from his newest orders."""
    found = Traces.of(identifiers=[person.email, person.phone, person.customer_gid])
    for one in _customers(person):
        names = [one.name, f"{one.first_name} {one.last_name}"]
        found |= Traces.of(identifiers=[one.email, one.phone, one.gid], names=names)
    newest = sorted(_order_ids(person), reverse=True)[:_SAMPLE]
    return found | traces_of_rows(Order._base_manager.filter(pk__in=newest))


def forbid(person: Person) -> int:
    """Tombstones for the customer, his addresses, and the orders that the request names, whether they are here or
    not."""
    lock_store(_store(person))
    known = list(_customers(person))
    buried = erased.bury_person(
        person.store_id,
        customer_gids=[person.customer_gid, *(one.gid for one in known)],
        emails=[person.email, *(one.email for one in known)],
    )
    return buried + erased.bury_orders(person.store_id, person.order_gids)


def orders(person: Person, after: int, limit: int) -> Sequence[tuple[int, str]]:
    """(id, gid) of the next of his orders behind the id `after`."""
    ids = sorted(pk for pk in _order_ids(person) if pk > after)[:limit]
    return list(Order._base_manager.filter(pk__in=ids).order_by("pk").values_list("pk", "gid"))


def export(person: Person) -> Sequence[Mapping[str, Any]]:
    """One mapping for his row, and one for each of the orders named, with everything that belongs to it."""
    rows = list(_named_orders(person).order_by("pk"))
    belongings: dict[int, dict[str, list[dict[str, Any]]]] = {row.pk: {} for row in rows}
    for model in models_of_orders():
        parts: Any = model._base_manager.filter(order_id__in=belongings).order_by("pk")
        for part in parts:
            shown = _plain(part)
            if isinstance(part, Comment):
                versions = CommentVersion._base_manager.filter(comment=part).order_by("pk")
                shown["versions"] = [_plain(version) for version in versions]
            belongings[part.order_id].setdefault(str(model._meta.model_name), []).append(shown)
    customers = [{"kind": "customer", **_plain(one)} for one in _customers(person)]
    return [*customers, *({"kind": "order", **_plain(row), **belongings[row.pk]} for row in rows)]


def erase(person: Person) -> int:
    """The orders named, and, where the person is, his row and what staff wrote of him elsewhere."""
    lock_store(_store(person))
    rows = list(_named_orders(person).order_by("pk").select_for_update())
    changed = erase_orders(person.store_id, rows, person.traces) if rows else 0
    if person.customer_gid or person.email:
        changed += erase_notes(person.store_id, person.traces)
        changed += _customers(person).delete()[0]
    return changed


_COVERED: tuple[type[Model], ...] = (*models_of_orders(), Customer, CommentVersion, Order, Tombstone)
PART = PersonalData(
    "orders.mirror",
    export=export,
    erase=erase,
    find=find,
    forbid=forbid,
    orders=orders,
    covers=frozenset(model._meta.db_table for model in _COVERED),
)


def _store(person: Person) -> Store:
    store: Store = Store._base_manager.get(pk=person.store_id)
    return store


def _customers(person: Person) -> QuerySet[Customer]:
    """The customer of that id; where only an address is known, everybody who has it."""
    rows = Customer._base_manager.filter(store_id=person.store_id)
    if person.customer_gid:
        return rows.filter(gid=person.customer_gid)
    if person.email.strip():
        return rows.filter(email__iexact=person.email.strip())
    return rows.none()


def _named_orders(person: Person) -> QuerySet[Order]:
    return Order._base_manager.filter(store_id=person.store_id, gid__in=person.order_gids)


def _order_ids(person: Person) -> set[int]:
    """His orders: those named, the customer's, and those that somebody without an account placed with his address.
    Another customer's order with the same address is that customer's."""
    rows = Order._base_manager.filter(store_id=person.store_id)
    found = set(_named_orders(person).values_list("pk", flat=True))
    found |= set(rows.filter(customer__in=_customers(person)).values_list("pk", flat=True))
    if email := person.email.strip():
        addressed = rows.annotate(address=Upper("email")).filter(address=email.upper(), customer__isnull=True)
        found |= set(addressed.values_list("pk", flat=True))
    return found


def _plain(row: Model) -> dict[str, Any]:
    """What a row holds, by column; ids of our own rows are left out."""
    return {
        field.name: getattr(row, field.attname)
        for field in row._meta.concrete_fields
        if not field.primary_key and not isinstance(field, ForeignKey) and field.name not in _NOT_HIS
    }
