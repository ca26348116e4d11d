"""The pages of saved views: which there are, saving what the list shows, changing, deleting, pinning."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase, HttpResponseNotAllowed, HttpResponseRedirect, QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from backoffice.core.actor import Actor
from backoffice.core.api.callers import actor_of
from backoffice.core.errors import InvalidFields, NotFound
from backoffice.core.pages import page
from orders.choices import Audience
from orders.saved import View, pinned_by, view_named, views_for
from orders.services.views import ViewWish, change_view, delete_view, pin_view, save_view, unpin_view
from stores.models import Merchant, Store

LIST, FORM = "admin/orders/views.html", "admin/orders/view_form.html"


@dataclass(frozen=True, slots=True)
class Typed:
    name: str = ""
    slug: str = ""
    query: str = ""
    sort: str = ""
    columns: str = ""
    audience: str = Audience.PRIVATE.value
    merchant: str = ""


def views(request: HttpRequest) -> HttpResponseBase:
    actor = actor_of(request)
    return page(request, LIST, pgettext("list of", "Views"), views=views_for(actor), pinned=frozenset(pinned_by(actor)))


def save(request: HttpRequest) -> HttpResponseBase:
    """A new view, from what the list shows."""
    actor = actor_of(request)
    typed = Typed(**{name: request.GET.get(name, "") for name in ("query", "sort", "columns")})
    return _form(request, None, typed, actor=actor)


def change(request: HttpRequest, slug: str) -> HttpResponseBase:
    actor = actor_of(request)
    view = view_named(slug, actor)
    if view.row is None or not view.is_mine:
        raise NotFound("view_not_found", _("There is no view “%(slug)s” of yours.") % {"slug": slug})
    row = view.row
    typed = Typed(
        row.name, row.slug, row.query, row.sort, ",".join(row.columns), row.audience, str(row.merchant_id or "")
    )
    return _form(request, view, typed, actor=actor)


def delete(request: HttpRequest, slug: str) -> HttpResponseBase:
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    delete_view(slug, actor=actor_of(request))
    messages.success(request, _("The view is deleted."))
    return HttpResponseRedirect(reverse("admin:orders_order_views"))


def pin(request: HttpRequest, slug: str) -> HttpResponseBase:
    """`pinned=0` takes the tab away."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    (unpin_view if request.POST.get("pinned") == "0" else pin_view)(slug, actor=actor_of(request))
    return HttpResponseRedirect(reverse("admin:orders_order_views"))


def _form(request: HttpRequest, view: View | None, typed: Typed, *, actor: Actor) -> HttpResponseBase:
    errors: dict[str, str] = {}
    if request.method == "POST":
        typed = Typed(**{name: request.POST.get(name, "") for name in Typed.__dataclass_fields__})
        try:
            wish = _wish(request.POST, actor=actor)
            saved = change_view(view.slug, wish, actor=actor) if view else save_view(wish, actor=actor)
            if request.POST.get("pin"):
                pin_view(saved.slug, actor=actor)
        except InvalidFields as wrong:
            errors = {{"q": "query"}.get(error.field, error.field): error.message for error in wrong.errors}
        else:
            return HttpResponseRedirect(f"{reverse('admin:orders_order_changelist')}?view={saved.slug}")
    merchants = Merchant.objects.filter(stores__in=Store.objects.visible_to(actor)).distinct().order_by("name")
    return page(
        request,
        FORM,
        _("Change a view") if view else _("Save a view"),
        view=view,
        typed=typed,
        errors=errors,
        audiences=Audience.choices if actor.is_administrator else Audience.choices[:-1],
        merchants=merchants,
        status=400 if errors else 200,
    )


def _wish(form: QueryDict, *, actor: Actor) -> ViewWish:
    audience, chosen = form.get("audience", ""), form.get("merchant", "")
    reached = Merchant.objects.filter(stores__in=Store.objects.visible_to(actor))
    return ViewWish(
        name=form.get("name", ""),
        slug=form.get("slug", "").strip(),
        query=form.get("query", ""),
        sort=form.get("sort", ""),
        columns=[key for key in form.get("columns", "").split(",") if key],
        audience=Audience(audience) if audience in Audience.values else Audience.PRIVATE,
        merchant=reached.filter(pk=int(chosen)).first() if chosen.isascii() and chosen.isdigit() else None,
    )
