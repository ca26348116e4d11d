"""Sending a webhook to the door as a shop does, and counting what the shop is asked because of it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import datetime
from typing import Any

from django.test import Client as Browser

from orders.models import Order
from stores.rehearsal.process import RehearsalShop
from tests.conftest_shops import DOMAIN

URL = "/webhooks/shopify/"


def send(
    payload: object,
    *,
    secret: str,
    topic: str = "orders/updated",
    domain: str = DOMAIN,
    webhook_id: str = "w-1",
    signature: str | None = None,
    triggered_at: str = "2026-11-20T12:00:00.123456789Z",
) -> Any:
    """The door's answer to a delivery, signed with `secret` unless a signature is given."""
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    digest = base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()
    return Browser().post(
        URL,
        data=body,
        content_type="application/json",
        headers={
            "X-Shopify-Topic": topic,
            "X-Shopify-Shop-Domain": domain,
            "X-Shopify-Webhook-Id": webhook_id,
            "X-Shopify-Event-Id": "e-1",
            "X-Shopify-Triggered-At": triggered_at,
            "X-Shopify-Api-Version": "2026-10",
            "X-Shopify-Hmac-Sha256": digest if signature is None else signature,
        },
    )


def about(order: Order) -> dict[str, object]:
    return {"id": order.legacy_id, "admin_graphql_api_id": order.gid, "note": "what the payload says is not believed"}


def announce(
    shop: RehearsalShop, order: Order, *, webhook_id: str, updated_at: datetime, triggered_at: datetime | None = None
) -> None:
    """orders/updated of an order that changed at `updated_at`, sent at once unless said otherwise."""
    sent_at = (triggered_at or updated_at).isoformat()
    payload = {**about(order), "updated_at": updated_at.isoformat()}
    answer = send(payload, secret=shop.webhook_secret, webhook_id=webhook_id, triggered_at=sent_at)
    assert answer.status_code == 200
