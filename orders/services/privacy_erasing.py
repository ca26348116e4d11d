"""Emptying orders of one person, with everything that belongs to them, and the notes that name him.

Called by the order floor's part of privacy alone, under the store's lock. What an order looks like afterwards is what
`erased.blank` makes of it when it is read again: the proof sees no difference."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from django.db.models import Model, Q, QuerySet

from backoffice.core.traces import ERASED, Traces, without
from orders.choices import Source
from orders.models import Comment, CommentVersion, Order, OrderTag, RemoteChange, TimelineEntry

from . import erased
from .privacy_rows import Pattern, empty_rows, models_of_orders, write_back

_OWN_RULES: frozenset[type[Model]] = frozenset({Comment, TimelineEntry, OrderTag, RemoteChange})
_TEXTS = ("email", "phone", "locale", "customer_name", "note", "status_page_url", "po_number")
_KEPT_ON_THE_TIMELINE = frozenset(
    {
        "amount", "code", "comment", "company", "currency", "display", "error_code", "field", "gateway", "lines",
        "name", "ours", "pinned", "quantity", "reason", "restock", "shop_amount", "shop_currency", "source", "status",
        "tags", "title", "tracking", "verb",
    }
)  # fmt: skip
_MAIL = "mail."
# Short hashes of what was written: whoever guesses an address could prove it.
_HASHED = ("email:", "note:", "address:")


def erase_orders(store_id: int, rows: Sequence[Order], known: Traces) -> int:
    """Returns how many rows of all tables changed. The orders get tombstones first."""
    traces = known | traces_of_rows(rows)
    pattern, whole_names = traces.on_own(), traces.by_hand()
    naming = {row.gid: [tag for tag in row.tags if without(tag, pattern) != tag] for row in rows}
    erased.bury_orders(store_id, naming, tags=naming)
    touched = [row for row in rows if _empty(row, naming[row.gid], pattern, whole_names)]
    fields = [*_TEXTS, "customer", "custom_attributes", "shipping_address", "billing_address", "tags"]
    write_back(Order, touched, [*fields, "discount_codes", "shipping_title", "state_hash"])
    ids = [row.pk for row in rows]
    gone = {tag[:255] for tags in naming.values() for tag in tags}
    OrderTag._base_manager.filter(order_id__in=ids, name__in=gone).delete()
    changed = len(touched) + sum(
        empty_rows(model, ids, whole_names) for model in models_of_orders() if model not in _OWN_RULES
    )
    changed += empty_rows(RemoteChange, ids, pattern)
    return changed + _timeline(ids, pattern) + _comments(Comment._base_manager.filter(order_id__in=ids), pattern)


def erase_notes(store_id: int, traces: Traces) -> int:
    """Comments on other people's orders that name him."""
    pattern = traces.by_hand()
    if pattern is None:
        return 0
    own = {"store_id": store_id, "body__iregex": pattern.pattern}
    versions = CommentVersion._base_manager.filter(**own).values("comment_id")
    return _comments(Comment._base_manager.filter(Q(**own) | Q(pk__in=versions)), pattern)


def traces_of_rows(rows: Iterable[Order]) -> Traces:
    """The words by which the rows' own columns name their buyer."""
    identifiers: set[str] = set()
    names: set[str] = set()
    for row in rows:
        identifiers |= {row.email, row.phone}
        names.add(row.customer_name)
        for address in (row.shipping_address, row.billing_address):
            if address:
                identifiers.add(str(address.get("phone") or ""))
                names |= set(erased.names_of_address(address))
    return Traces.of(identifiers=identifiers, names=names)


def _empty(row: Order, naming: Collection[str], pattern: Pattern | None, whole_names: Pattern | None) -> bool:
    """Whether anything was left to empty. An empty hash makes whoever reads the order next write it whole."""
    wanted: dict[str, Any] = dict.fromkeys(_TEXTS, "")
    wanted |= {
        "customer_id": None,
        "custom_attributes": [],
        "shipping_address": _country_of(row.shipping_address),
        "billing_address": _country_of(row.billing_address),
        "tags": [tag for tag in row.tags if tag not in naming],
        "discount_codes": [code for code in row.discount_codes if without(code, pattern) == code],
        "shipping_title": without(row.shipping_title, whole_names),
    }
    changes = {name: value for name, value in wanted.items() if getattr(row, name) != value}
    for name, value in changes.items():
        setattr(row, name, value)
    if changes:
        row.state_hash = ""
    return bool(changes)


def _country_of(address: Mapping[str, str] | None) -> dict[str, str] | None:
    """Taxes are owed by country; it names nobody."""
    if address is None:
        return None
    return {name: value if name in ("country", "country_code") else "" for name, value in address.items()}


def _timeline(order_ids: Sequence[int], pattern: Pattern | None) -> int:
    changed = []
    columns = ("data", "dedupe", "actor_label")
    for entry in TimelineEntry._base_manager.filter(order_id__in=order_ids).only("kind", "source", *columns):
        data = without(_told(entry.data, mail=entry.kind.startswith(_MAIL)), pattern)
        dedupe = f"erased:{entry.pk}" if entry.dedupe.startswith(_HASHED) else entry.dedupe
        # What happened in the shop may have been done by the buyer; our own people are called as they are.
        label = without(entry.actor_label, pattern) if entry.source == Source.SHOPIFY else entry.actor_label
        if (data, dedupe, label) != (entry.data, entry.dedupe, entry.actor_label):
            entry.data, entry.dedupe, entry.actor_label = data, dedupe, label
            changed.append(entry)
    write_back(TimelineEntry, changed, columns)
    return len(changed)


def _told(value: Any, *, mail: bool) -> Any:
    """Of an entry's data what can hold no words of a buyer, of staff or of a mail server, which quotes addresses."""
    if isinstance(value, list):
        return [_told(inner, mail=mail) for inner in value]
    if not isinstance(value, Mapping):
        return value
    kept = _KEPT_ON_THE_TIMELINE - ({"reason"} if mail else set())
    return {
        key: _told(inner, mail=mail) for key, inner in value.items() if key in kept or erased.is_own_word(key, inner)
    }


def _comments(comments: QuerySet[Comment], pattern: Pattern | None) -> int:
    """A comment that names him is emptied as a whole, with its versions: what else it says is about him as well."""
    if pattern is None:
        return 0
    texts: list[Comment | CommentVersion] = list(comments.only("body"))
    texts += CommentVersion._base_manager.filter(comment_id__in=[one.pk for one in texts]).only("body")
    found = [one for one in texts if pattern.search(one.body)]
    for one in found:
        type(one)._base_manager.filter(pk=one.pk).update(body=ERASED)
    return len(found)
