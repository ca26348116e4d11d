"""Writing to the customers of chosen orders: who gets a mail, who does not and why, and how a mail will look."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _

from backoffice.core.actor import Actor
from backoffice.core.api.callers import actor_of
from backoffice.core.choices import Door, Seen
from backoffice.core.errors import BackofficeError, Invalid, NotAllowed, NotFound
from backoffice.core.pages import back, page
from notifications.models import Template
from notifications.services.batches import BatchPlan, plan_batch, start_batch
from notifications.services.preview import Preview, preview
from orders import chosen
from orders.querysets import OrderQuerySet
from orders.seen import note_orders

TEMPLATE = "admin/mail/compose.html"
LEFT_OUT_SHOWN = 50


@dataclass(frozen=True, slots=True)
class Draft:
    """What is meant to be sent: a template, or a text of its own. `batch_id` is fixed when the page is first shown, so
    that a second click starts nothing new."""

    template: Template | None
    subject: str
    body: str
    batch_id: uuid.UUID
    number: int


def compose(request: HttpRequest) -> HttpResponseBase:
    """GET and POST show the plan; POST with `do=send` starts the batch and leads to its page."""
    actor = actor_of(request)
    given = request.POST if request.method == "POST" else request.GET
    orders = chosen.loads(given.get("selection", ""), actor=actor)
    templates = list(Template.objects.visible_to(actor).order_by("name"))
    draft = _draft(request, templates)
    error: BackofficeError | None = None
    if request.method == "POST" and request.POST.get("do") == "send":
        try:
            # A word below a known one (customer.nmae) shows only in a rendered mail: better here than in each.
            preview(orders, actor=actor, template=draft.template, subject=draft.subject, body=draft.body)
            batch = start_batch(
                orders,
                actor=actor,
                batch_id=draft.batch_id,
                template=draft.template,
                subject=draft.subject,
                body=draft.body,
            )
            return HttpResponseRedirect(reverse("admin:notifications_batch_change", args=[batch.pk]))
        except (NotAllowed, NotFound):
            raise
        except BackofficeError as wrong:
            error = wrong
    plan, shown, error = _look(orders, draft, error, actor=actor)
    note_orders(actor, Seen.MAIL_PREVIEW, shown.orders if shown else (), door=Door.ADMIN)
    return page(
        request,
        TEMPLATE,
        _("Mail to customers"),
        templates=templates,
        draft=draft,
        plan=plan,
        left_out=plan.left_out[:LEFT_OUT_SHOWN] if plan else (),
        shown=shown,
        error=str(error) if error else "",
        error_field=error.field if error else "",
        chosen_number=orders.count(),
        selection=given.get("selection", ""),
        next=back(request, default=reverse("admin:orders_order_changelist")),
        status=400 if isinstance(error, Invalid) and request.method == "POST" else 200,
    )


def _look(
    orders: OrderQuerySet, draft: Draft, error: BackofficeError | None, *, actor: Actor
) -> tuple[BatchPlan | None, Preview | None, BackofficeError | None]:
    """The plan and one mail of it, as far as the draft allows; nothing at all while no word is written."""
    if draft.template is None and not draft.subject and not draft.body:
        return None, None, error
    plan: BatchPlan | None = None
    try:
        plan = plan_batch(orders, actor=actor, template=draft.template, subject=draft.subject, body=draft.body)
        if not plan.recipients:
            return plan, None, error
        number = min(draft.number, plan.recipients - 1)
        return (
            plan,
            preview(
                orders, number=number, actor=actor, template=draft.template, subject=draft.subject, body=draft.body
            ),
            error,
        )
    except (NotAllowed, NotFound):
        raise
    except BackofficeError as wrong:
        return plan, None, error or wrong


def _draft(request: HttpRequest, templates: list[Template]) -> Draft:
    given = request.POST if request.method == "POST" else request.GET
    wanted = given.get("template", str(templates[0].pk) if templates and request.method != "POST" else "")
    template = next((each for each in templates if str(each.pk) == wanted), None)
    if wanted and template is None:
        raise NotFound("not_found", _("There is no such template."))
    number = given.get("number", "0")
    return Draft(
        template=template,
        subject=given.get("subject", ""),
        body=given.get("body", ""),
        batch_id=_batch_id(given.get("batch", "")),
        number=int(number) if number.isascii() and number.isdigit() and len(number) < 6 else 0,
    )


def _batch_id(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError:
        return uuid.uuid4()
