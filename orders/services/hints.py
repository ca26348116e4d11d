"""From what the shops' webhooks hint at to the orders that have to be read again, and when none has."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from orders.choices import LIVE_STAGES, ChangeState
from orders.models import Customer, FulfillmentOrder, Order, RemoteChange
from stores.choices import InboxOutcome
from stores.models import Store
from stores.resources import Announced
from stores.shopify import leads
from stores.shopify.client import Client
from stores.shopify.reading import read_fulfillment_orders
from stores.shopify.scopes import has_scope, reads_customers, reads_fulfillment_orders
from stores.shopify.snapshots import CustomerSnapshot
from stores.shopify.throttle import Lane

from .mirror_rows import customer_row

_ORDER = "gid://shopify/Order/"
_MOST_OF_A_CUSTOMER = 250
# Announced so soon after the order's own time of change, a webhook tells of that change and not of one without a time.
_AT_ONCE = timedelta(seconds=10)
# A clock with whole seconds, and what the shop's clock may be ahead of the database's.
SECOND_AND_SKEW = timedelta(seconds=3)
_OWN_CHANGES_KEPT = timedelta(hours=6)


def needless(store: Store, announced: Sequence[Announced]) -> list[InboxOutcome | None]:
    """For each, why its order need not be read, or None.

    Only what the first clock follows may be left out here, so that a wrong guess would be found by the next pass: the
    payload must have told the order's own time of change, and have been sent because of that very change. KNOWN is an
    order of which we have a later state, or that was read when that second was over. ECHO is our own change, whose
    answer told that time and after which the order was read whole.
    """
    told = [one.hint.gid for one in announced if one.hint.changed_at]
    rows = Order.objects.filter(store=store, gid__in=told, deleted_at=None).exclude(state_hash="")
    here = {gid: known for gid, *known in rows.values_list("gid", "updated_at", "fetched_at")}
    ours = _own_changes(store, list(here)) if here else frozenset()
    return [_known(one, here.get(one.hint.gid), ours) for one in announced]


def _known(
    one: Announced, here: Sequence[datetime] | None, ours: frozenset[tuple[str, datetime]]
) -> InboxOutcome | None:
    changed_at = one.hint.changed_at
    if here is None or changed_at is None:
        return None
    updated_at, fetched_at = here
    if changed_at < updated_at:
        return InboxOutcome.KNOWN
    if changed_at > updated_at or one.triggered_at is None or one.triggered_at - changed_at > _AT_ONCE:
        return None
    if (one.hint.gid, changed_at) in ours:
        return InboxOutcome.ECHO
    return InboxOutcome.KNOWN if fetched_at >= max(changed_at, one.triggered_at) + SECOND_AND_SKEW else None


def _own_changes(store: Store, gids: Sequence[str]) -> frozenset[tuple[str, datetime]]:
    """Which order has which time of change by an answer to a change of ours."""
    changes = RemoteChange.objects.filter(
        store=store,
        order__gid__in=gids,
        state=ChangeState.CONFIRMED,
        settled_at__gt=datetime.now(UTC) - _OWN_CHANGES_KEPT,
    )
    told = changes.values_list("order__gid", "result__updated_at")
    return frozenset((gid, datetime.fromisoformat(text)) for gid, text in told if text)


def trace(client: Client, store: Store, gids: Sequence[str], *, lane: Lane) -> dict[str, tuple[str, ...]]:
    """The orders behind each id: those that the mirror knows without a request, the others asked for together."""
    kinds: dict[str, list[str]] = defaultdict(list)
    for gid in dict.fromkeys(gids):
        kinds[gid.split("/")[3]].append(gid)
    found: dict[str, tuple[str, ...]] = {gid: (gid,) for gid in kinds["Order"]}
    if kinds["FulfillmentOrder"]:
        found |= _of_fulfillment_orders(client, store, kinds["FulfillmentOrder"], lane)
    if kinds["Return"] and has_scope(store.usable_scopes, "read_returns"):
        found |= {gid: (order,) for gid, order in leads.read_return_orders(client, kinds["Return"], lane=lane).items()}
    if kinds["Customer"] and reads_customers(store.usable_scopes):
        found |= _of_customers(client, store, kinds["Customer"], lane)
    return found


def _of_fulfillment_orders(client: Client, store: Store, gids: Sequence[str], lane: Lane) -> dict[str, tuple[str, ...]]:
    """A fulfilment order never leaves its order. One that is gone was merged or split away: it leads nowhere."""
    here = FulfillmentOrder.objects.filter(store=store, gid__in=gids).values_list("gid", "order__gid")
    found: dict[str, tuple[str, ...]] = {gid: (order,) for gid, order in here}
    unknown = [gid for gid in gids if gid not in found]
    if unknown and reads_fulfillment_orders(store.usable_scopes):
        asked = read_fulfillment_orders(client, unknown, lane=lane)
        found |= {gid: (one.order_gid,) for gid, one in asked.items() if one is not None}
    return found


def _of_customers(client: Client, store: Store, gids: Sequence[str], lane: Lane) -> dict[str, tuple[str, ...]]:
    """Shopify tells of a customer with each order that he places; his other orders show another state only when he
    himself is shown otherwise. Then those come first that are live, and of very many the latest."""
    rows = {one.gid: one for one in Customer.objects.filter(store=store, gid__in=gids)}
    now = leads.read_customers(client, list(rows), lane=lane) if rows else {}
    found: dict[str, tuple[str, ...]] = dict.fromkeys(gids, ())
    for gid, customer in now.items():
        if customer is not None and not _differs(rows[gid], customer):
            continue
        theirs = Order.objects.filter(store=store, customer=rows[gid], deleted_at=None)
        live = list(theirs.filter(stage__in=LIVE_STAGES).order_by("-pk").values_list("gid", flat=True))
        rest = theirs.exclude(stage__in=LIVE_STAGES).order_by("-pk").values_list("gid", flat=True)
        found[gid] = tuple([*live, *rest[:_MOST_OF_A_CUSTOMER]][:_MOST_OF_A_CUSTOMER])
    return found


def _differs(row: Customer, customer: CustomerSnapshot) -> bool:
    wanted = customer_row(customer)
    wanted.pop("number_of_orders")
    return any(getattr(row, name) != value for name, value in wanted.items())
