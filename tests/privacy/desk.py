"""What the tests of the privacy desk share: notices as Shopify sends them, and the desk worked off."""

from __future__ import annotations

from typing import Any

from django_scopes import scopes_disabled

from stores.models import ComplianceRequest, Store
from stores.services import compliance, compliance_work
from tests.stores.test_inbox import send

SECRET = "builder-secret"


def notify(store: Store, topic: str, *, domain: str = "", secret: str = SECRET, **payload: Any) -> int:
    """The status with which a notice is answered. `domain`: of the header, where it is not the store's."""
    webhook_id = payload.pop("webhook_id", f"{topic}-{ComplianceRequest.objects.count()}")
    body = {"shop_id": 1, "shop_domain": store.domain, **payload}
    return send(body, secret=secret, topic=topic, domain=domain or store.domain, webhook_id=webhook_id).status_code


def redact(store: Store, *, customer: int | None = None, email: str = "", orders: list[int] | None = None) -> int:
    person = {"id": customer, "email": email or None, "phone": None}
    return notify(store, "customers/redact", customer=person, orders_to_redact=orders or [])


def work_off(store: Store) -> None:
    """What sweep and worker do until nothing is left to do."""
    with scopes_disabled():
        for _ in range(20):
            compliance.sweep()
            compliance_work.work_compliance_job(store.pk)
            if not ComplianceRequest.objects.filter(store_id=store.pk, state__in=compliance.OPEN).exists():
                return
    raise AssertionError("the desk has work left")
