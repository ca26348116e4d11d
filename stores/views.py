"""The door for the shops' webhooks: verify, keep, answer. Nothing is believed that the payload says."""

from __future__ import annotations

import json
import logging
from typing import Any

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST
from django_scopes import scopes_disabled

from .choices import StoreState
from .models import Credential
from .services import inbox
from .services.compliance_door import take_in
from .shopify import compliance
from .shopify.errors import Final
from .shopify.webhooks import read_delivery, verify

logger = logging.getLogger(__name__)

# Orders with very many lines make payloads of megabytes; eight refusals would cost us the subscription.
MOST_BYTES = 20 * 1024 * 1024


@csrf_exempt
@require_POST
def shopify_webhook(request: HttpRequest) -> HttpResponse:
    """200 once the delivery is kept (or was before), 401 for an unknown shop or a wrong signature, 413 above 20 MiB,
    503 while the database is away: Shopify then sends it again."""
    body = _body(request)
    if body is None:
        return HttpResponse(status=413)
    try:
        delivery = read_delivery(request.headers)
        with scopes_disabled():
            signature = request.headers.get("X-Shopify-Hmac-Sha256", "")
            if delivery.topic in compliance.TOPICS:
                return HttpResponse(status=200 if take_in(body, signature, delivery) else 401)
            return _keep(body, signature, delivery)
    except Final:
        return HttpResponse(status=401)
    except (OperationalError, InterfaceError):
        return HttpResponse(status=503, headers={"Retry-After": "10"})


def _keep(body: bytes, signature: str, delivery: Any) -> HttpResponse:
    # One statement and no token: two hundred of these a second are to be answered within one.
    known = Credential.objects.filter(store__domain=delivery.domain).exclude(store__state=StoreState.DISCONNECTED)
    credential = known.select_related("store").defer("token").first()
    secrets = credential.webhook_secrets(timezone.now()) if credential else ()
    if credential is None or not verify(body, signature, secrets):
        logger.info("A webhook was refused", extra={"domain": delivery.domain, "topic": delivery.topic})
        return HttpResponse(status=401)
    store = credential.store
    try:
        payload = json.loads(body)
    except (ValueError, RecursionError):
        payload = None
    if not isinstance(payload, dict):
        # Signed, so from the shop, but unreadable: answering an error would only bring it back eight times. Its topic
        # still says that something changed.
        logger.warning("A signed webhook is unreadable", extra={"store": store.pk, "topic": delivery.topic})
        payload = {}
    named = payload.get("myshopify_domain")
    if isinstance(named, str) and named != store.domain:
        # The signature covers the body, not the header: this body is another shop's.
        logger.warning("A webhook names another shop", extra={"store": store.pk, "topic": delivery.topic})
        return HttpResponse(status=401)
    inbox.receive(store, delivery, payload)
    return HttpResponse(status=200)


def _body(request: HttpRequest) -> bytes | None:
    """The raw bytes, read by ourselves: Django's own limit is meant for forms."""
    try:
        length = int(request.headers.get("Content-Length") or 0)
    except ValueError:
        return None
    if length > MOST_BYTES:
        return None
    body = request.read(MOST_BYTES + 1)
    return body if len(body) <= MOST_BYTES else None
