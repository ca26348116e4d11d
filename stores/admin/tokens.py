"""API tokens on one's own account: made, shown once, revoked."""

from __future__ import annotations

from typing import cast

from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponseBase, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from backoffice.core.actor import Actor, Role
from backoffice.core.api.callers import actor_of
from backoffice.core.errors import Invalid, NotFound
from backoffice.core.pages import page
from stores.choices import RoleChoices
from stores.models import ApiToken, Store
from stores.services.access import TOKEN_SCOPES, NewToken, create_token, revoke_token

TEMPLATE = "admin/stores/tokens.html"


@never_cache
def token_list(request: HttpRequest) -> HttpResponseBase:
    """One's own tokens, an administrator's everybody's. POST makes one, whose secret is on the answer and nowhere else:
    there is no redirect, because the secret would have to be kept for it."""
    actor = actor_of(request)
    made: NewToken | None = None
    error: Invalid | None = None
    if request.method == "POST":
        try:
            made = _create(request, actor=actor)
        except Invalid as wrong:
            error = wrong
    return page(
        request,
        TEMPLATE,
        _("API tokens"),
        made=made,
        error=error,
        typed={"name": request.POST.get("name", "") if error else "", "scopes": request.POST.getlist("scopes")},
        tokens=_tokens(actor),
        scopes=TOKEN_SCOPES,
        roles=RoleChoices.choices,
        stores=Store.objects.visible_to(actor).order_by("name"),
        is_administrator=actor.is_administrator,
        status=400 if error else 200,
    )


def revoke(request: HttpRequest, token_id: int) -> HttpResponseBase:
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    actor = actor_of(request)
    token = next((each for each in _tokens(actor) if each.pk == token_id), None)
    if token is None:
        raise NotFound("not_found", _("There is no such token."))
    revoke_token(token, actor=actor)
    messages.success(request, _("“%(name)s” no longer works.") % {"name": token.name})
    return HttpResponseRedirect(reverse("admin:stores_apitoken_changelist"))


def _create(request: HttpRequest, *, actor: Actor) -> NewToken:
    role = request.POST.get("role", "")
    if role not in {str(value) for value in RoleChoices.values}:
        raise Invalid("role_unknown", _("Choose the highest role that the token may use."), field="role")
    chosen = [int(text) for text in request.POST.getlist("stores") if text.isascii() and text.isdigit()]
    return create_token(
        cast(User, request.user),
        name=request.POST.get("name", ""),
        role=Role(int(role)),
        scopes=request.POST.getlist("scopes"),
        stores=Store.objects.visible_to(actor).filter(pk__in=chosen),
        actor=actor,
    )


def _tokens(actor: Actor) -> list[ApiToken]:
    tokens = ApiToken.objects.select_related("user").order_by("revoked_at", "-created_at")
    if actor.is_administrator:
        return list(tokens)
    return [] if actor.user_id is None else list(tokens.filter(user_id=actor.user_id))
