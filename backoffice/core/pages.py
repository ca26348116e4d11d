"""Pages for staff: how a door of the admin answers. The counterpart of `core.api` for people.

A view finds, reads, calls one service, and answers with `page` or a redirect; the errors that services raise on purpose
become a 404, a 403 or a message here and nowhere else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, Concatenate, ParamSpec
from urllib.parse import urlsplit

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from rest_framework.utils.urls import replace_query_param

from .errors import BackofficeError, NotAllowed, NotFound
from .keyset import question_of, read_page

P = ParamSpec("P")


def page(request: HttpRequest, template: str, title: str, /, *, status: int = 200, **context: Any) -> TemplateResponse:
    """A page inside the admin's frame. The scope middleware renders it, so that its queries stay within the scope."""
    frame = admin.site.each_context(request)
    return TemplateResponse(request, template, {**frame, "title": title, **context}, status=status)


def fragment(request: HttpRequest, template: str, /, **context: Any) -> TemplateResponse:
    """A part of a page, for a page that renews itself."""
    return TemplateResponse(request, template, context)


def door(
    view: Callable[Concatenate[HttpRequest, P], HttpResponseBase],
) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
    """Decorates a view: `NotFound` becomes 404, `NotAllowed` 403, every other error of a service a message on the page
    that the person came from."""

    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        try:
            return view(request, *args, **kwargs)
        except NotFound as error:
            raise Http404(str(error)) from error
        except NotAllowed as error:
            raise PermissionDenied(str(error)) from error
        except BackofficeError as error:
            messages.error(request, str(error))
            return HttpResponseRedirect(back(request))

    return guarded


def back(request: HttpRequest, *, default: str = "") -> str:
    """Where a form says that its person goes on (`next`), or the page he came from; only addresses of this site."""
    for wanted in (request.POST.get("next", ""), request.GET.get("next", ""), default, _referrer(request)):
        if wanted and url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure()):
            return wanted
    return reverse("admin:index")


def _referrer(request: HttpRequest) -> str:
    referrer = request.headers.get("Referer", "")
    # A failing GET that sent people back to itself would go round for ever.
    return "" if request.method == "GET" else referrer


@dataclass(frozen=True, slots=True)
class Paged:
    """One page of a long list; `newer` and `older` are addresses, empty where the list ends."""

    rows: list[Any]
    newer: str
    older: str


def paged(request: HttpRequest, queryset: QuerySet[Any], *, per_page: int) -> Paged:
    """The API's way of paging for a list of staff: by the rows' own values, nothing is counted. Raises `Invalid` for a
    cursor that was made for another list or filter."""
    found = read_page(
        queryset,
        limit=per_page,
        question=question_of(request.path, request.GET),
        cursor=request.GET.get("cursor"),
    )
    return Paged(found.rows, newer=_at(request, found.previous), older=_at(request, found.next))


def _at(request: HttpRequest, cursor: str | None) -> str:
    """The same list with the same filters, at another place."""
    if not cursor:
        return ""
    return f"?{urlsplit(replace_query_param(request.get_full_path(), 'cursor', cursor)).query}"
