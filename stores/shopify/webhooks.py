"""Webhooks as Shopify sends them: signature and headers; hints.py reads what a payload is about.

A webhook is only a hint. Its payload may be old, doubled or out of order, and its signature covers the body alone, not
the headers: what it names is fetched with the store's own token before anything is believed.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from stores.shopify.domain import is_shop_domain
from stores.shopify.errors import Final

_TOPIC = re.compile(r"[a-z0-9_.]+(/[a-z0-9_]+)?", re.ASCII)
_LONGEST_HEADER = 255


@dataclass(frozen=True, slots=True)
class Delivery:
    """The headers of one delivery. `webhook_id` is unique per delivery, `event_id` shared by all of one event."""

    topic: str
    domain: str
    webhook_id: str
    event_id: str
    triggered_at: datetime | None
    api_version: str


def verify(body: bytes, header: str, secrets: Sequence[str]) -> bool:
    """Whether `header` (`X-Shopify-Hmac-Sha256`) signs these very bytes with one of `secrets`.

    Several secrets, since Shopify signs with the old one for up to an hour after a rotation. Takes the same time
    whatever does not match; anything but strict base64 of 32 bytes is refused, and so is an empty secret.
    """
    try:
        given = base64.b64decode(header.encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error):
        return False
    # Base64 has several spellings of the same bytes; Shopify sends one.
    if len(given) != hashlib.sha256().digest_size or base64.b64encode(given).decode() != header:
        return False
    matches = [
        hmac.compare_digest(hmac.new(secret.encode(), body, hashlib.sha256).digest(), given)
        for secret in secrets
        if secret
    ]
    return any(matches)


def read_delivery(headers: Mapping[str, str]) -> Delivery:
    """The delivery that `headers` (any case) describe. Raises `Final("bad_delivery")` when they cannot be Shopify's."""
    found = {name.lower(): value.strip() for name, value in headers.items()}
    topic, domain = found.get("x-shopify-topic", ""), found.get("x-shopify-shop-domain", "").lower()
    webhook_id = found.get("x-shopify-webhook-id", "")
    if not _TOPIC.fullmatch(topic) or not is_shop_domain(domain) or not _is_token(webhook_id):
        raise Final("bad_delivery")
    event_id = found.get("x-shopify-event-id", "")
    return Delivery(
        topic=topic,
        domain=domain,
        webhook_id=webhook_id,
        event_id=event_id if _is_token(event_id) else "",
        triggered_at=_moment(found.get("x-shopify-triggered-at", "")),
        api_version=found.get("x-shopify-api-version", "")[:20],
    )


def _is_token(text: str) -> bool:
    return 0 < len(text) <= _LONGEST_HEADER and text.isascii() and text.isprintable()


def _moment(text: str) -> datetime | None:
    try:
        # Shopify writes nanoseconds; Python reads six digits of them.
        found = datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text))
    except ValueError:
        return None
    return found.astimezone(UTC) if found.tzinfo else None
