"""`bench mirror --only webhooks`: a minute of two hundred signed webhooks a second at the product's own web server,
while its workers read the orders that they are about, and how long these take for the rest.

The senders keep to the clock, whatever the answers take (an open loop): one that answers late gets no fewer."""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import json
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import urlsplit

from django_scopes import scopes_disabled

from stores.choices import InboxState
from stores.models import InboxMessage, Store
from stores.services.webhooks import PATH

from .scratch import Result
from .stand import SECRET, followed_store, light_shops, percentile, running, wait_until

PER_SECOND = 200
SECONDS = 60
SHOPS = 5
LIMIT_P99_SECONDS = 1.0
LIMIT_HIGHEST_SECONDS = 4.0
_SENDERS = 16
_BODY_BYTES = 11_000
"""As large as Shopify's example of orders/updated."""


@dataclass(slots=True)
class Answers:
    """What the door answered; shared by the senders."""

    seconds: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    late_starts: int = 0
    """Sent more than a second after their time: then it is the senders who could not keep up."""


def run(orders: int | None) -> list[Result]:
    """Needs a scratch database; `orders` is how many different orders the webhooks are about (500)."""
    domains = [f"bench-{number}.myshopify.com" for number in range(SHOPS)]
    with light_shops(domains, orders=3) as shops:
        stores = [followed_store(number, domain) for number, domain in enumerate(domains, start=1)]
        with running(shops=shops, web=True, work=True) as url:
            answers = _send_all(url, stores, orders or 500)
            drained = wait_until(_is_drained, seconds=300)
    refused = sum(count for status, count in answers.statuses.items() if status != 200)
    with scopes_disabled():
        kept = InboxMessage.objects.count()
    sent = PER_SECOND * SECONDS
    return [
        Result(
            "webhooks sent, per second for a minute", len(answers.seconds) / SECONDS, "/s", PER_SECOND, at_least=True
        ),
        Result("of them sent late by the bench itself", answers.late_starts, "webhooks"),
        Result("answered otherwise than 200", refused, "webhooks", 0),
        Result("not kept", sent - kept, "webhooks", 0),
        Result("answer, median", percentile(answers.seconds, 0.5) * 1000, "ms"),
        Result("answer, p99", percentile(answers.seconds, 0.99), "s", LIMIT_P99_SECONDS),
        Result("answer, slowest", max(answers.seconds), "s", LIMIT_HIGHEST_SECONDS),
        Result("worked off after the last", drained, "s"),
    ]


def _send_all(url: str, stores: list[Store], orders: int) -> Answers:
    answers = Answers()
    begin = time.monotonic() + 0.5
    senders = [
        threading.Thread(target=_send, args=(url, stores, orders, number, begin, answers)) for number in range(_SENDERS)
    ]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    return answers


def _send(url: str, stores: list[Store], orders: int, sender: int, begin: float, answers: Answers) -> None:
    """Every `_SENDERS`th webhook, each at its time."""
    place = urlsplit(url)
    connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=30)
    for number in range(sender, PER_SECOND * SECONDS, _SENDERS):
        due = begin + number / PER_SECOND
        body = _body(1 + number % orders)
        headers = _headers(stores[number % len(stores)].domain, number, body)
        time.sleep(max(0.0, due - time.monotonic()))
        answers.late_starts += time.monotonic() - due > 1.0
        # From when it was due: waiting for a connection is waiting, too.
        try:
            connection.request("POST", PATH, body=body, headers=headers)
            answer = connection.getresponse()
            answer.read()
            answers.statuses[answer.status] += 1
        except (OSError, http.client.HTTPException):
            connection.close()
            answers.statuses[0] += 1
        answers.seconds.append(time.monotonic() - due)
    connection.close()


def _body(order: int) -> bytes:
    now = datetime.now(UTC).replace(microsecond=0).isoformat()
    payload = {"id": order, "admin_graphql_api_id": f"gid://shopify/Order/{order}", "updated_at": now}
    return json.dumps({**payload, "note": "x" * _BODY_BYTES}).encode()


def _headers(domain: str, number: int, body: bytes) -> dict[str, str]:
    digest = hmac.new(SECRET.encode(), body, hashlib.sha256).digest()
    return {
        "Content-Type": "application/json",
        "X-Shopify-Topic": "orders/updated",
        "X-Shopify-Shop-Domain": domain,
        "X-Shopify-Webhook-Id": f"bench-{number}",
        "X-Shopify-Event-Id": f"event-{number}",
        "X-Shopify-Triggered-At": datetime.now(UTC).isoformat(),
        "X-Shopify-Api-Version": "2026-10",
        "X-Shopify-Hmac-Sha256": base64.b64encode(digest).decode(),
    }


def _is_drained() -> bool:
    with scopes_disabled():
        return not InboxMessage.objects.filter(state=InboxState.PENDING).exists()
