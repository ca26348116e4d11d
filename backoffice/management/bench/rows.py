"""Very many orders fast: a few hundred real ones of a rehearsal shop, multiplied inside the database."""

from __future__ import annotations

from django.db import connection
from django_scopes import scopes_disabled

from backoffice.core.chunks import chunked
from backoffice.core.clock import db_now
from orders.models import Order
from orders.services.ingest import ingest_orders
from stores.models import Store
from stores.services.facts import columns_of

from .load import read_shop_orders

_SEEDS = 400


def many_orders(wanted: int) -> Store:
    """A store with at least `wanted` orders with lines and tags; only the parts that lists read are multiplied."""
    shop, snapshots = read_shop_orders(_SEEDS)
    store = Store._base_manager.create(gid=shop.gid, **columns_of(shop))
    with scopes_disabled():
        for page in chunked(snapshots, 50):
            ingest_orders(store, page, fetched_at=db_now(), by_id=False, backfilled=True)
        copies = -(-wanted // max(Order.objects.count(), 1)) - 1
    columns = [
        field.column
        for field in Order._meta.concrete_fields
        if field.column not in ("id", "gid", "name", "processed_at")
    ]
    listed = ", ".join(f'o."{column}"' for column in columns)
    named = ", ".join(f'"{column}"' for column in columns)
    with connection.cursor() as cursor:
        # Only column names of our own model are put into the text.
        cursor.execute(
            f"""
            INSERT INTO orders_order (gid, name, processed_at, {named})
            SELECT o.gid || '0' || n, o.name || '-' || n, o.processed_at - n * interval '7 minutes', {listed}
            FROM orders_order o CROSS JOIN generate_series(1, %s) AS n
            """,  # noqa: S608
            [copies],
        )
        cursor.execute("""
            INSERT INTO orders_ordertag (store_id, order_id, name, folded)
            SELECT o.store_id, o.id, tag, lower(tag) FROM orders_order o, unnest(o.tags) AS tag
            ON CONFLICT DO NOTHING
            """)
        cursor.execute("ANALYZE")
    return store
