"""The privacy desk: what the law asks about a person or a shop is taken in here, from the shop or from staff.

Called by the webhook door, the admin and the schedule. The work itself: compliance_work, shop_erasure."""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from backoffice.core import audit, queue
from backoffice.core.actor import SYSTEM, Actor, Right
from backoffice.core.clock import db_now
from backoffice.core.crypto import keyed_hash
from backoffice.core.errors import Invalid, NotAllowed, NotFound, Refused
from backoffice.core.text import fold
from stores.choices import ComplianceKind, ComplianceState
from stores.models import ComplianceRequest, Credential, ExportPiece, RetiredSigner, Store
from stores.scoping import for_all_stores
from stores.shopify.compliance import ComplianceNotice, Notice

logger = logging.getLogger(__name__)

JOB = "stores.services.compliance_work.work_compliance_job"
OPEN = (ComplianceState.WAITING, ComplianceState.RUNNING)
DUE_AFTER = timedelta(days=30)
"""Shopify's limit, and the law's month."""
EXPORT_KEPT = timedelta(days=7)
_RECEIPTS_KEPT = timedelta(days=3 * 366)
_KINDS: Mapping[Notice, ComplianceKind] = {
    Notice.DATA_REQUEST: ComplianceKind.EXPORT,
    Notice.CUSTOMER_REDACT: ComplianceKind.ERASE_PERSON,
    Notice.SHOP_REDACT: ComplianceKind.ERASE_SHOP,
}


def receive(store: Store, notice: ComplianceNotice, *, webhook_id: str) -> bool:
    """Keeps a verified notice and rings; False when that delivery was here before. Whatever state the store is in: an
    app that was removed is asked for erasure as well. 2xx may be answered once this has committed."""
    about = {
        "customer_gid": notice.customer_gid,
        "email": notice.email,
        "phone": notice.phone,
        "order_gids": list(notice.order_gids),
    }
    return _keep(store, _KINDS[notice.notice], about, webhook_id=webhook_id, requested_by="Shopify", actor=SYSTEM)


def ask_for(store: Store, kind: ComplianceKind, *, who: str, confirmation: str, actor: Actor) -> ComplianceRequest:
    """What staff ask for by hand, for one customer: his export or his erasure. `who` is his e-mail address or his id in
    Shopify; an erasure needs it typed twice.

    Raises `NotAllowed` for anybody below a manager of the store, `Invalid` with field who or confirmation, `Refused`
    for the erasure of a shop, which only Shopify asks for.
    """
    if not actor.may(Right.MANAGE_STORE, store.pk):
        raise NotAllowed("not_allowed", _("Only managers of a store hand over or erase a customer's data."))
    if kind == ComplianceKind.ERASE_SHOP:
        raise Refused("only_shopify_erases_shops", _("A shop is erased when Shopify asks for it."))
    about = _about(who)
    if kind == ComplianceKind.ERASE_PERSON and confirmation.strip() != who.strip():
        raise Invalid(
            "not_confirmed",
            _("Type the same address or id again. What is erased cannot be brought back."),
            field="confirmation",
        )
    webhook_id = f"staff-{uuid.uuid4()}"
    _keep(store, kind, about, webhook_id=webhook_id, requested_by=actor.label[:200], actor=actor)
    made: ComplianceRequest = ComplianceRequest.objects.get(shop_domain=store.domain, webhook_id=webhook_id)
    return made


def requests_of(store: Store, *, actor: Actor) -> QuerySet[ComplianceRequest]:
    """The store's requests and receipts, newest first. Raises `NotAllowed` for anybody below a manager."""
    if not actor.may(Right.MANAGE_STORE, store.pk):
        raise NotAllowed("not_allowed", _("Only managers of a store see its privacy requests."))
    found: QuerySet[ComplianceRequest] = ComplianceRequest.objects.visible_to(actor).filter(store_id=store.pk)
    return found.order_by("-received_at", "-pk")


def find_request(store: Store, request_id: int, *, actor: Actor) -> ComplianceRequest:
    """Raises `NotAllowed` as `requests_of`, and `NotFound`."""
    found = requests_of(store, actor=actor).filter(pk=request_id).first()
    if found is None:
        raise NotFound("not_found", _("There is no such request."))
    return found


def secrets_of(store: Store) -> tuple[str, ...]:
    """What this store's shop may sign with, also after its access was forgotten."""
    credential = Credential.objects.filter(store=store).first()
    known = credential.webhook_secrets(db_now()) if credential else ()
    retired = RetiredSigner.objects.filter(store=store).values_list("secret", flat=True)
    return (*known, *retired)


def person_hash(store_id: int, *, customer_gid: str, email: str) -> str:
    """The same for the same customer of a store; empty where a request named orders alone."""
    key = customer_gid or fold(email.strip())
    return keyed_hash("privacy.person", f"{store_id}:{key}") if key else ""


@for_all_stores
def sweep() -> None:
    """Rings for requests that wait or whose worker died, and ends exports whose week is over."""
    idle = ComplianceRequest.objects.filter(state__in=OPEN, store__isnull=False).exclude(leased_until__gt=Now())
    for store_id in idle.exclude(next_attempt_at__gt=Now()).values_list("store_id", flat=True).distinct():
        queue.ring(JOB, store_id)
    ExportPiece.objects.filter(request__expires_at__lte=Now()).delete()


@for_all_stores
def purge_job() -> None:
    """Receipts are kept for three years: so long somebody may ask whether it was done."""
    ComplianceRequest.objects.filter(finished_at__lt=Now() - _RECEIPTS_KEPT).delete()


def _about(who: str) -> dict[str, Any]:
    text = who.strip()
    digits = text.removeprefix("gid://shopify/Customer/")
    if digits.isascii() and digits.isdigit() and len(digits) <= 20:
        return {"customer_gid": f"gid://shopify/Customer/{digits}", "email": "", "phone": "", "order_gids": []}
    if "@" in text and len(text) <= 320:
        return {"customer_gid": "", "email": text, "phone": "", "order_gids": []}
    raise Invalid("nobody_named", _("Give the customer's e-mail address, or his id in Shopify."), field="who")


def _keep(
    store: Store, kind: ComplianceKind, about: Mapping[str, Any], *, webhook_id: str, requested_by: str, actor: Actor
) -> bool:
    with transaction.atomic():
        _row, made = ComplianceRequest.objects.get_or_create(
            shop_domain=store.domain,
            webhook_id=webhook_id[:100],
            defaults={
                "store": store,
                "shop_gid": store.gid,
                "kind": kind,
                "requested_by": requested_by,
                "payload": "" if kind == ComplianceKind.ERASE_SHOP else json.dumps(about),
                "person_hash": person_hash(store.pk, customer_gid=about["customer_gid"], email=about["email"]),
                "due_at": db_now() + DUE_AFTER,
            },
        )
        if made:
            audit.record("privacy.requested", actor=actor, store_id=store.pk, kind=kind.value)
        queue.ring(JOB, store.pk)
    return made
