"""Mail for staff: writing to chosen customers, batches, templates."""

from __future__ import annotations

from django.contrib import admin
from django.urls import reverse
from django.utils.translation import pgettext_lazy

from backoffice.core import menu
from backoffice.core.actor import Actor, Right
from backoffice.core.menu import Entry
from notifications.models import Batch, Template
from orders.admin import acts
from orders.models import Order
from stores.admin.base import PagesAdmin, Route

from . import batch_pages, compose_page, template_pages


@admin.register(Batch)
class BatchAdmin(PagesAdmin):
    routes = (
        Route("", "changelist", batch_pages.batch_list),
        Route("compose/", "compose", compose_page.compose),
        Route("<uuid:batch_id>/", "change", batch_pages.batch_page),
        Route("<uuid:batch_id>/switch/<slug:what>/", "switch", batch_pages.switch),
        Route("<uuid:batch_id>/mails/<uuid:message_id>/", "message", batch_pages.message_page),
    )


@admin.register(Template)
class TemplateAdmin(PagesAdmin):
    routes = (
        Route("", "changelist", template_pages.template_list),
        Route("new/", "new", template_pages.template_page),
        Route("<int:template_id>/", "change", template_pages.template_page),
        Route("<int:template_id>/delete/", "delete", template_pages.delete),
    )


def _reaches_a_store(actor: Actor) -> bool:
    return actor.may_somewhere(Right.VIEW)


def _can_be_written_about(order: Order) -> bool:
    return not order.deleted_at


acts.register(
    acts.Act(
        name="mail",
        label=pgettext_lazy("act", "Mail"),
        icon="mail",
        right=Right.SEND_MAIL,
        url=lambda: reverse("admin:notifications_batch_compose"),
        position=50,
        fits=_can_be_written_about,
    )
)

_GROUP = pgettext_lazy("sidebar", "Mail")
menu.register(
    Entry(
        key="mail.batches",
        title=pgettext_lazy("sidebar", "Mail batches"),
        icon="outgoing_mail",
        url=lambda: reverse("admin:notifications_batch_changelist"),
        group=_GROUP,
        position=40,
        visible=_reaches_a_store,
    )
)
menu.register(
    Entry(
        key="mail.templates",
        title=pgettext_lazy("sidebar", "Templates"),
        icon="draft",
        url=lambda: reverse("admin:notifications_template_changelist"),
        group=_GROUP,
        position=41,
        visible=_reaches_a_store,
    )
)
