"""Writing the audit trail. Called by services for acts that belong to no order."""

from __future__ import annotations

from typing import Any

from .actor import Actor
from .logs import current_request_id
from .models import AuditEntry


def record(action: str, *, actor: Actor, store_id: int | None = None, subject: str = "", **facts: Any) -> None:
    """One entry, in the caller's transaction. Facts hold no secrets and no customers' data."""
    AuditEntry.objects.create(
        actor_label=actor.label,
        user_id=actor.user_id,
        action=action,
        store_id=store_id,
        subject=subject,
        facts=facts,
        request_id=current_request_id(),
    )
