"""`/_rehearsal/...`: what the shop did, what its owner does, and which faults are in force."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from stores.rehearsal import acts
from stores.rehearsal.faults import BULK_KINDS, REQUEST_KINDS, WEBHOOK_KINDS, BadFault
from stores.rehearsal.ops.document import Impossible
from stores.rehearsal.shop import Shop


def handle(shop: Shop, method: str, name: str, wish: dict[str, Any]) -> tuple[int, Any]:
    """Status and JSON of one request below `/_rehearsal/`."""
    if method == "GET" and name == "mutations":
        after = str(wish.get("after") or "0")
        if not after.isdigit():
            return 422, {"error": "after must be a sequence number"}
        return 200, {"mutations": shop.store.mutations(after=int(after))}
    if method == "GET" and name == "state":
        return 200, state(shop)
    if method == "GET" and name == "faults":
        return 200, {"faults": shop.faults.listing()}
    if method == "GET" and name == "known":
        kinds = {"request": REQUEST_KINDS, "bulk": BULK_KINDS, "webhook": WEBHOOK_KINDS}
        return 200, {"kinds": {group: sorted(names) for group, names in kinds.items()}, "acts": sorted(acts.known())}
    if method == "GET" and name == "struck":
        return 200, {"struck": shop.faults.log()}
    if method == "POST" and name == "faults":
        return _faults(shop, wish)
    if method == "POST" and name == "oauth":
        return _oauth(shop, wish)
    if method == "POST" and name == "act":
        try:
            return 200, acts.act(shop, wish)
        except (Impossible, acts.UnknownAct) as problem:
            return 422, {"error": str(problem)}
    return 404, {"error": "no such page"}


def state(shop: Shop) -> dict[str, Any]:
    """Counts, the bucket, the clock: enough to see whether the shop is alive and what it holds."""
    store = shop.store
    return {
        "domain": shop.settings.domain,
        "orders": store.query("SELECT count(*) FROM orders")[0][0],
        "changed_orders": store.query("SELECT count(*) FROM orders WHERE doc IS NOT NULL")[0][0],
        "open_orders": store.query("SELECT count(*) FROM orders WHERE closed = 0 AND cancelled = 0")[0][0],
        "mutations": store.query("SELECT COALESCE(max(sequence), 0) FROM mutations")[0][0],
        "effects": store.query("SELECT count(*) FROM mutations WHERE effect = 1")[0][0],
        "subscriptions": store.query("SELECT count(*) FROM subscriptions")[0][0],
        "deliveries": shop.webhooks.counts(),
        "bulk": shop.bulk.counts(),
        "files": shop.files.requests(),
        "bucket": shop.bucket.status(),
        "now": shop.clock.now(),
        "started": store.seed.start,
        "token_revoked": shop.token_revoked,
        "tokens_given": shop.oauth.minted,
    }


def _oauth(shop: Shop, wish: dict[str, Any]) -> tuple[int, Any]:
    """What its owner does with the app: `installed` and `permitted` as given, another `client_secret`, the `scopes`
    that are granted from now on, and `expire` for the tokens that were given."""
    app = shop.oauth
    if wish.get("expire"):
        app.expire()
    app.installed = bool(wish.get("installed", app.installed))
    app.permitted = bool(wish.get("permitted", app.permitted))
    app.client_secret = str(wish.get("client_secret") or app.client_secret)
    if "scopes" in wish:
        shop.grant(frozenset(map(str, wish["scopes"])))
    return 200, {"installed": app.installed, "permitted": app.permitted, "tokens_given": app.minted}


def _faults(shop: Shop, wish: dict[str, Any]) -> tuple[int, Any]:
    if wish.get("clear"):
        shop.faults.clear()
        shop.token_revoked = False
        return 200, {"faults": []}
    if wish.get("drain"):
        shop.bucket.drain()
        return 200, {"bucket": shop.bucket.status()}
    try:
        return 200, {"fault": asdict(shop.faults.add(wish))}
    except BadFault as problem:
        return 422, {"error": str(problem)}
