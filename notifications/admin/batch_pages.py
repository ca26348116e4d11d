"""Mail batches for staff: which there are, how far each is, and what became of every message."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from backoffice.core.actor import Actor, Right
from backoffice.core.api.callers import actor_of
from backoffice.core.choices import Door, Seen
from backoffice.core.errors import NotFound
from backoffice.core.pages import fragment, page, paged
from notifications.choices import MessageState
from notifications.models import Batch, Message
from notifications.seen import note_mails, with_order_ids
from notifications.services.batches import batch_progress, cancel_batch, pause_batch, resume_batch

LIST, PAGE, STATUS, MESSAGE = (f"admin/mail/{name}.html" for name in ("batches", "batch", "_batch_status", "message"))
PER_PAGE = 50

_TONES = {
    MessageState.SENT: "good",
    MessageState.FAILED: "bad",
    MessageState.UNCERTAIN: "warning",
}


def batch_list(request: HttpRequest) -> HttpResponseBase:
    """The batches that wrote to one of the actor's stores, newest first."""
    pages = paged(
        request, Batch.objects.visible_to(actor_of(request)).order_by("-created_at", "-id"), per_page=PER_PAGE
    )
    return page(request, LIST, pgettext("list of", "Mail batches"), batches=pages.rows, pages=pages)


def batch_page(request: HttpRequest, batch_id: uuid.UUID) -> HttpResponseBase:
    """One batch; `?part=1` is the part that changes by itself, `?state=` shows the messages of one state."""
    actor = actor_of(request)
    batch = find(actor, batch_id)
    context: dict[str, Any] = {"batch": batch, **_progress(batch)}
    if "part" in request.GET:
        return fragment(request, STATUS, **context)
    wanted = request.GET.get("state", "")
    rows = Message.objects.visible_to(actor).filter(batch=batch).select_related("store").order_by("created_at", "id")
    if wanted in MessageState.values:
        rows = rows.filter(state=wanted)
    pages = paged(request, with_order_ids(rows), per_page=PER_PAGE)
    note_mails(actor, Seen.MAIL_LIST, {mail: mail.order_ids for mail in pages.rows}, door=Door.ADMIN)
    return page(
        request,
        PAGE,
        batch.name,
        mails=pages.rows,
        pages=pages,
        wanted=wanted,
        may_switch=all(actor.may(Right.SEND_MAIL, store_id) for store_id in batch.store_ids),
        is_open=batch.state in {"running", "paused"},
        **context,
    )


def message_page(request: HttpRequest, batch_id: uuid.UUID, message_id: uuid.UUID) -> HttpResponseBase:
    """One mail as it was sent, in a frame that may do nothing, and the orders that it was about."""
    actor = actor_of(request)
    batch = find(actor, batch_id)
    mail = Message.objects.visible_to(actor).filter(batch=batch, pk=message_id).select_related("store").first()
    if mail is None:
        raise NotFound("not_found", _("There is no such mail."))
    about = list(mail.order_rows.select_related("order").order_by("order__processed_at", "pk"))
    note_mails(actor, Seen.MAIL_PAGE, {mail: [row.order_id for row in about]}, door=Door.ADMIN)
    return page(request, MESSAGE, mail.subject or batch.subject, batch=batch, mail=mail, about=about)


def switch(request: HttpRequest, batch_id: uuid.UUID, what: str) -> HttpResponseBase:
    """Pauses, resumes or cancels; the service decides who may."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    actor = actor_of(request)
    batch = find(actor, batch_id)
    if what == "pause":
        pause_batch(batch, actor=actor)
    elif what == "resume":
        resume_batch(batch, actor=actor)
    elif what == "cancel":
        number = cancel_batch(batch, actor=actor)
        messages.info(
            request,
            ngettext("%(number)d mail will not be sent.", "%(number)d mails will not be sent.", number)
            % {"number": number},
        )
    else:
        raise NotFound("no_such_act", "There is no such act.")
    return HttpResponseRedirect(reverse("admin:notifications_batch_change", args=[batch.pk]))


def find(actor: Actor, batch_id: uuid.UUID) -> Batch:
    """Raises `NotFound` alike for a missing batch and one that wrote to none of the actor's stores."""
    batch: Batch | None = Batch.objects.visible_to(actor).filter(pk=batch_id).first()
    if batch is None:
        raise NotFound("not_found", _("There is no such batch."))
    return batch


def _progress(batch: Batch) -> dict[str, Any]:
    counts = batch_progress(batch)
    total = sum(counts.values())
    left = counts[MessageState.QUEUED] + counts[MessageState.SENDING]
    figures = [
        (state.value, state.label, counts[state], _TONES.get(state, "") if counts[state] else "")
        for state in MessageState
        if counts[state] or state in {MessageState.SENT, MessageState.QUEUED}
    ]
    return {
        "figures": figures,
        "total": total,
        "percent": 100 * (total - left) // total if total else 100,
        "is_over": not left,
    }
