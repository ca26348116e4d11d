"""Templates for staff: read by all, changed by managers, tried out on a real order before they are kept."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from backoffice.core.actor import Actor, Right
from backoffice.core.api.callers import actor_of
from backoffice.core.choices import Door, Seen
from backoffice.core.errors import BackofficeError, Invalid, NotAllowed, NotFound, Refused
from backoffice.core.pages import page
from notifications.models import Template
from notifications.services.preview import Preview, preview
from notifications.services.templates import delete_template, save_template
from orders.filters import select
from orders.reading import list_orders
from orders.seen import note_orders
from stores.models import Store

LIST, PAGE = "admin/mail/templates.html", "admin/mail/template.html"


@dataclass(frozen=True, slots=True)
class Typed:
    """The form as it stands."""

    name: str = ""
    subject: str = ""
    body: str = ""
    store: str = ""
    only_to_fulfil: bool = True
    language: str = ""
    order: str = ""


def template_list(request: HttpRequest) -> HttpResponseBase:
    actor = actor_of(request)
    return page(
        request,
        LIST,
        pgettext("list of", "Templates"),
        templates=Template.objects.visible_to(actor).select_related("store").order_by("name"),
        may_add=actor.may_somewhere(Right.MANAGE_STORE),
    )


def template_page(request: HttpRequest, template_id: int | None = None) -> HttpResponseBase:
    """Edit, or without an id a new one. `do=preview` shows the text on an order and keeps nothing."""
    actor = actor_of(request)
    template = _find(actor, template_id) if template_id is not None else None
    may_change = _may_change(actor, template)
    keeping = request.method == "POST" and request.POST.get("do") != "preview"
    if not may_change and (template is None or keeping):
        raise NotAllowed("template_not_allowed", _("Templates are written by managers and administrators."))
    typed = _typed(request, template)
    error: BackofficeError | None = None
    shown: Preview | None = None
    if request.method == "POST":
        try:
            if request.POST.get("do") != "preview":
                return _save(request, template, typed, actor=actor)
            shown = _preview(typed, actor=actor)
            note_orders(actor, Seen.MAIL_PREVIEW, shown.orders, door=Door.ADMIN)
        except (NotAllowed, NotFound):
            raise
        except BackofficeError as wrong:
            error = wrong
    return page(
        request,
        PAGE,
        template.name if template else _("New template"),
        template=template,
        typed=typed,
        stores=_stores(actor),
        may_share=actor.sees_every_store,
        may_change=may_change,
        error=str(error) if error else "",
        error_field=error.field if error else "",
        shown=shown,
        status=400 if error else 200,
    )


def delete(request: HttpRequest, template_id: int) -> HttpResponseBase:
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    actor = actor_of(request)
    template = _find(actor, template_id)
    delete_template(template, actor=actor)
    messages.success(request, _("“%(name)s” is deleted. Batches keep their text.") % {"name": template.name})
    return HttpResponseRedirect(reverse("admin:notifications_template_changelist"))


def _find(actor: Actor, template_id: int) -> Template:
    template: Template | None = Template.objects.visible_to(actor).filter(pk=template_id).first()
    if template is None:
        raise NotFound("not_found", _("There is no such template."))
    return template


def _typed(request: HttpRequest, template: Template | None) -> Typed:
    if request.method != "POST":
        if template is None:
            return Typed()
        store = str(template.store_id or "")
        return Typed(template.name, template.subject, template.body, store, template.only_to_fulfil, template.language)
    return Typed(
        name=request.POST.get("name", ""),
        subject=request.POST.get("subject", ""),
        body=request.POST.get("body", ""),
        store=request.POST.get("store", ""),
        only_to_fulfil=bool(request.POST.get("only_to_fulfil")),
        language=request.POST.get("language", "").strip(),
        order=request.POST.get("order", "").strip(),
    )


def _save(request: HttpRequest, template: Template | None, typed: Typed, *, actor: Actor) -> HttpResponseBase:
    saved = save_template(
        template,
        name=typed.name,
        subject=typed.subject,
        body=typed.body,
        store=_store(typed.store, actor=actor),
        only_to_fulfil=typed.only_to_fulfil,
        language=typed.language,
        actor=actor,
    )
    messages.success(request, _("“%(name)s” is kept.") % {"name": saved.name})
    return HttpResponseRedirect(reverse("admin:notifications_template_change", args=[saved.pk]))


def _preview(typed: Typed, *, actor: Actor) -> Preview:
    """On the order whose number was typed, else on the newest that can be written about."""
    orders = list_orders(actor)
    if typed.order:
        orders = select(orders, {"name": [typed.order], "stage": ["all"]}, actor=actor)
    else:
        orders = orders.exclude(email="")
    newest = list(orders[:1])
    if not newest:
        raise Refused("no_such_order", _("There is no such order to try the template on."), field="order")
    return preview(newest, subject=typed.subject, body=typed.body, only_to_fulfil=False, actor=actor)


def _store(text: str, *, actor: Actor) -> Store | None:
    if not text:
        return None
    store = next((each for each in _stores(actor) if str(each.pk) == text), None)
    if store is None:
        raise Invalid("store_unknown", _("Choose a store from the list."), field="store")
    return store


def _stores(actor: Actor) -> list[Store]:
    """The stores for which the actor may write templates."""
    stores = Store.objects.visible_to(actor).order_by("name")
    return [store for store in stores if actor.may(Right.MANAGE_STORE, store.pk)]


def _may_change(actor: Actor, template: Template | None) -> bool:
    if template is None:
        return actor.may_somewhere(Right.MANAGE_STORE)
    if template.store_id is None:
        return actor.sees_every_store
    return actor.may(Right.MANAGE_STORE, template.store_id)
