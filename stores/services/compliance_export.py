"""Handing an export over: for managers of the store, for a week, and each time noted."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime

from django.utils.translation import gettext as _

from backoffice.core import audit
from backoffice.core.actor import Actor, Right
from backoffice.core.clock import db_now
from backoffice.core.errors import NotAllowed, Refused
from stores.choices import ComplianceKind, ComplianceState
from stores.models import ComplianceRequest, ExportPiece


def is_ready(request: ComplianceRequest, *, now: datetime) -> bool:
    """Whether it can be downloaded now."""
    done = request.kind == ComplianceKind.EXPORT and request.state == ComplianceState.DONE
    return done and request.expires_at is not None and now < request.expires_at


def open_export(request: ComplianceRequest, *, actor: Actor) -> Iterator[str]:
    """Everything that was held about the person, as one JSON document, piece by piece.

    Raises `NotAllowed` for anybody below a manager of the store, and `Refused("export_not_ready")` before it is
    complete, after its week, and for requests of other kinds.
    """
    if request.store_id is None or not actor.may(Right.MANAGE_STORE, request.store_id):
        raise NotAllowed("not_allowed", _("Only managers of a store download what is held about its customers."))
    if not is_ready(request, now=db_now()):
        raise Refused("export_not_ready", _("There is nothing to download: it is not complete, or its week is over."))
    audit.record("privacy.export_downloaded", actor=actor, store_id=request.store_id, request=request.pk)
    return _document(request)


def _document(request: ComplianceRequest) -> Iterator[str]:
    yield f'{{"shop": {json.dumps(request.shop_domain)}, "held": ['
    # By the primary key: the answer is streamed when the request's own scope is over.
    pieces = (
        ExportPiece._base_manager.filter(request_id=request.pk).order_by("number").values_list("content", flat=True)
    )
    for number, content in enumerate(pieces.iterator(chunk_size=1)):
        yield ("," if number else "") + content.strip()[1:-1]
    yield "]}"
