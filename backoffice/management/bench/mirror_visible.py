"""`bench mirror --only visible`: how long after a change in the shop the mirror shows it, with its webhook and without.

A rehearsal shop with the budget of a Plus shop, the product's own web and work processes, real webhooks between
them."""

from __future__ import annotations

import time

from django.test.utils import override_settings
from django_scopes import scopes_disabled

from backoffice.core.actor import SYSTEM
from orders.models import Order
from stores.choices import SyncPhase
from stores.models import Store, Subscription, SyncStream
from stores.rehearsal.process import RehearsalShop
from stores.services.connect import connect_store

from .scratch import Result
from .stand import percentile, running, wait_until

LIMIT_P95_SECONDS = 5.0
LIMIT_P99_SECONDS = 10.0
LIMIT_WITHOUT_SECONDS = 180.0
_DOMAIN = "bench-visible.myshopify.com"
_CHANGES = 100
_EVERY_SECONDS = 0.5
_UNANNOUNCED = 20


def run(orders: int | None) -> list[Result]:
    """Needs a scratch database; `orders` is how many the shop has (300)."""
    with (
        RehearsalShop(orders=orders or 300, seed=5, plan="plus", domain=_DOMAIN) as shop,
        running(shops={_DOMAIN: shop.base_url}, web=True, work=True) as url,
    ):
        store = _mirrored(shop, url)
        announced = _seconds_until_shown(shop, store, _CHANGES, every=_EVERY_SECONDS)
        shop.faults("webhook_drop", probability=1.0)
        unannounced = _seconds_until_shown(shop, store, _UNANNOUNCED, every=1.0)
    return [
        Result("visible after a change with webhook, median", percentile(announced, 0.5), "s"),
        Result("visible after a change with webhook, p95", percentile(announced, 0.95), "s", LIMIT_P95_SECONDS),
        Result("visible after a change with webhook, p99", percentile(announced, 0.99), "s", LIMIT_P99_SECONDS),
        Result("visible without webhooks, median", percentile(unannounced, 0.5), "s"),
        Result("visible without webhooks, latest", max(unannounced), "s", LIMIT_WITHOUT_SECONDS),
    ]


def _mirrored(shop: RehearsalShop, url: str) -> Store:
    """Connected as a new user would, fully loaded, and subscribed."""
    with scopes_disabled(), override_settings(REHEARSAL_SHOPS={_DOMAIN: shop.base_url}, WEBHOOK_URL=url):
        store = connect_store(domain=_DOMAIN, token=shop.token, webhook_secret=shop.webhook_secret, actor=SYSTEM)
        streams = SyncStream.objects.filter(store=store)
        wait_until(lambda: not streams.exclude(phase=SyncPhase.FOLLOWING).exists(), seconds=120)
        wait_until(lambda: Subscription.objects.filter(store=store).exists(), seconds=60)
    return store


def _seconds_until_shown(shop: RehearsalShop, store: Store, changes: int, *, every: float) -> list[float]:
    """Changes an order's note every so often; for each, the seconds from the shop's answer until the row shows it."""
    with scopes_disabled():
        gids = list(Order.objects.filter(store=store).order_by("pk").values_list("gid", flat=True)[:changes])
    waiting: dict[tuple[str, str], float] = {}
    shown: list[float] = []
    begin = time.monotonic()
    for number in range(changes):
        while time.monotonic() < begin + number * every:
            shown += _seen(store, waiting)
            time.sleep(0.02)
        gid, note = gids[number % len(gids)], f"change {begin} {number}"
        shop.act("edit_note", order=gid, note=note)
        waiting[gid, note] = time.monotonic()
    until = time.monotonic() + LIMIT_WITHOUT_SECONDS + 30
    while waiting and time.monotonic() < until:
        shown += _seen(store, waiting)
        time.sleep(0.05)
    # What never came counts as late as we waited for it.
    return shown + [time.monotonic() - at for at in waiting.values()]


def _seen(store: Store, waiting: dict[tuple[str, str], float]) -> list[float]:
    if not waiting:
        return []
    with scopes_disabled():
        rows = Order.objects.filter(store=store, gid__in=[gid for gid, _ in waiting])
        found = [pair for pair in rows.values_list("gid", "note") if pair in waiting]
    return [time.monotonic() - waiting.pop(pair) for pair in found]
