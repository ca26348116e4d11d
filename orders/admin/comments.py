"""Comments on the order page: write, edit, delete, pin. Each is a form that works without scripts."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponseBase, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import reverse

from backoffice.core.api.callers import actor_of
from backoffice.core.errors import NotFound
from orders.choices import Source
from orders.models import Comment
from orders.reading import get_order
from orders.services import comments


def add(request: HttpRequest, order_id: int) -> HttpResponseBase:
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    actor = actor_of(request)
    order = get_order(actor, order_id)
    comments.add_comment(order, request.POST.get("body", ""), actor=actor, source=Source.STAFF)
    return _timeline(order_id)


def edit(request: HttpRequest, order_id: int, comment_id: int) -> HttpResponseBase:
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    comment = _find(request, order_id, comment_id)
    comments.edit_comment(comment, request.POST.get("body", ""), actor=actor_of(request), source=Source.STAFF)
    return _timeline(order_id)


def delete(request: HttpRequest, order_id: int, comment_id: int) -> HttpResponseBase:
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    comments.delete_comment(_find(request, order_id, comment_id), actor=actor_of(request), source=Source.STAFF)
    return _timeline(order_id)


def pin(request: HttpRequest, order_id: int, comment_id: int) -> HttpResponseBase:
    """`pinned` is empty to take the pin away."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    comment = _find(request, order_id, comment_id)
    pinned = bool(request.POST.get("pinned"))
    comments.pin_comment(comment, pinned, actor=actor_of(request), source=Source.STAFF)
    return _timeline(order_id)


def _find(request: HttpRequest, order_id: int, comment_id: int) -> Comment:
    found: Comment | None = (
        Comment.objects.visible_to(actor_of(request)).filter(order_id=order_id, pk=comment_id).first()
    )
    if found is None:
        raise NotFound("not_found", "There is no such comment.")
    return found


def _timeline(order_id: int) -> HttpResponseBase:
    return HttpResponseRedirect(f"{reverse('admin:orders_order_change', args=[order_id])}#timeline")
