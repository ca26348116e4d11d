"""`bench list`: a page of 100 of the API at 200,000 orders, against hand-written SQL and json.dumps of the same
columns.

The page goes through everything that a request goes through: middleware, token, scope, filters, serialising."""

from __future__ import annotations

import json
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import override_settings
from django_scopes import scopes_disabled

from backoffice.core.actor import Role
from stores.models import Store
from stores.services.access import actor_of, create_token

from .rows import many_orders
from .scratch import Result, timed

DEFAULT_ORDERS = 200_000
PAGE = 100
LIMIT_MILLISECONDS = 80.0
LIMIT_RATIO = 4.0
_TIMES = 31
# The columns that a row of the list shows, as somebody in a hurry would write them.
_BY_HAND = """
    SELECT o.id, o.gid, o.legacy_id, o.name, o.number, o.store_id, s.name, s.domain, o.created_at, o.processed_at,
        o.updated_at, o.closed_at, o.cancelled_at, o.test, o.stage, o.financial_status, o.fulfillment_status,
        o.return_status, o.customer_id, o.customer_name, o.email, o.country_code, o.tags, o.shop_currency,
        o.presentment_currency, o.current_total_shop, o.current_total_presentment, o.outstanding_shop,
        o.outstanding_presentment, o.line_count, o.unfulfilled_quantity, o.on_hold, o.hold_reasons, o.fulfill_at,
        o.fulfill_by, o.comment_count, o.pending_verbs, o.last_mailed_at
    FROM orders_order o JOIN stores_store s ON s.id = o.store_id
    WHERE o.stage IN ('to_fulfil', 'to_settle', 'to_archive') AND o.store_id = ANY(%s)
    ORDER BY o.processed_at DESC, o.id DESC LIMIT 100
"""


def run(orders: int | None) -> list[Result]:
    """Needs a scratch database."""
    orders = orders or DEFAULT_ORDERS
    many_orders(orders)
    client = Client(headers={"authorization": f"Bearer {_token()}"})
    with override_settings(ALLOWED_HOSTS=[*settings.ALLOWED_HOSTS, "testserver"]):
        first = client.get(f"/api/v1/orders/?limit={PAGE}")
        if first.status_code != 200 or len(first.json()["results"]) != PAGE:
            raise RuntimeError(f"the page is not what it should be: {first.status_code}")
        deep = first.json()["next"]
        page = timed(lambda: client.get(f"/api/v1/orders/?limit={PAGE}"), times=_TIMES)
        following = timed(lambda: client.get(deep), times=_TIMES)
        found = timed(lambda: client.get(f"/api/v1/orders/?limit={PAGE}&q=van+den"), times=5)
    with scopes_disabled():
        stores = list(Store.objects.values_list("pk", flat=True))
    by_hand = timed(lambda: _by_hand(stores), times=_TIMES)
    return [
        Result("orders in the mirror", orders, "orders"),
        Result("by hand, SQL and json.dumps", by_hand * 1000, "ms"),
        Result("API page of 100, searched", found * 1000, "ms"),
        Result("API page of 100", page * 1000, "ms", LIMIT_MILLISECONDS),
        Result("API next page of 100", following * 1000, "ms", LIMIT_MILLISECONDS),
        Result("API page of 100 / by hand", page / by_hand, "x", LIMIT_RATIO),
    ]


def _by_hand(stores: list[int]) -> str:
    with connection.cursor() as cursor:
        cursor.execute(_BY_HAND, [stores])
        names = [column[0] for column in cursor.description or ()]
        rows: list[dict[str, Any]] = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    return json.dumps({"results": rows}, default=str)


def _token() -> str:
    """A token of an agent of the store: the longer way, through memberships and scopes."""
    user = User.objects.create_user("bench")
    with scopes_disabled():
        for store in Store.objects.all():
            store.memberships.create(user=user, role=Role.AGENT)
        made = create_token(user, name="bench", role=Role.VIEWER, scopes=["orders:read"], actor=actor_of(user))
    return made.secret
