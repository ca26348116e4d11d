"""The access log for administrators: who was shown which customers' data, narrowed by person, store, day and order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from backoffice.core.access import Kind, subject
from backoffice.core.api.callers import actor_of
from backoffice.core.errors import InvalidFields, NotAllowed
from backoffice.core.models import AccessEntry
from backoffice.core.pages import Paged, page, paged
from backoffice.core.parameters import StrictForm
from backoffice.core.strict_fields import Moment, Whole
from stores.models import Store

TEMPLATE = "admin/stores/access_log.html"
_PER_PAGE = 50
_NAMED = 10
_LARGEST = 2**63 - 1


class Narrowed(StrictForm):
    """What the page may be asked for."""

    person = Whole(1, _LARGEST)
    store = Whole(1, _LARGEST)
    day = Moment()
    order = Whole(1, _LARGEST)


@dataclass(frozen=True, slots=True)
class Subject:
    """One of those shown; `url` is empty for what has no page of its own."""

    title: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """An entry with the first of its subjects, `more` further ones, and the account behind it."""

    entry: AccessEntry
    person: str
    stores: tuple[str, ...]
    subjects: tuple[Subject, ...]
    more: int


def access_log(request: HttpRequest) -> HttpResponseBase:
    """Fifty entries, newest first; as many queries for fifty as for three. A filter that cannot be right shows its
    sentence and no row."""
    if not actor_of(request).is_administrator:
        raise NotAllowed("not_allowed", _("Only administrators see who looked at customers' data."))
    asked, errors, found = {}, {}, Paged([], "", "")
    given = request.GET.copy()
    for name in [name for name, texts in request.GET.lists() if name == "cursor" or texts == [""]]:
        del given[name]  # an empty field of the form asks for nothing
    try:
        asked = Narrowed(given).understood()
        found = paged(request, _entries(asked), per_page=_PER_PAGE)
    except InvalidFields as wrong:
        errors = {each.field: each.message for each in wrong.errors}
    people = {person.pk: person for person in User.objects.order_by("username")}
    stores = {store.pk: store.name for store in Store.objects.order_by("name", "pk")}
    return page(
        request,
        TEMPLATE,
        pgettext("page", "Access log"),
        lines=[_line(entry, people, stores) for entry in found.rows],
        newer=found.newer,
        older=found.older,
        people=people.values(),
        stores=stores.items(),
        asked=asked,
        typed={name: request.GET.get(name, "") for name in ("day", "order")},
        errors=errors,
        others=[sentence for name, sentence in errors.items() if name not in ("day", "order")],
        status=400 if errors else 200,
    )


def _entries(asked: Mapping[str, Any]) -> QuerySet[AccessEntry]:
    entries = AccessEntry.objects.order_by("-at", "-id")
    if "person" in asked:
        entries = entries.filter(user_id=asked["person"])
    if "store" in asked:
        entries = entries.filter(store_ids__contains=[asked["store"]])
    if "day" in asked:
        entries = entries.filter(at__gte=asked["day"], at__lt=asked["day"] + timedelta(days=1))
    if "order" in asked:
        entries = entries.filter(subjects__contains=[subject(Kind.ORDER, asked["order"])])
    return entries


def _line(entry: AccessEntry, people: Mapping[int, User], stores: Mapping[int, str]) -> Line:
    account = people.get(entry.user_id) if entry.user_id is not None else None
    return Line(
        entry,
        person=account.get_username() if account else "–",
        stores=tuple(stores.get(pk, str(pk)) for pk in entry.store_ids),
        subjects=tuple(_subject(text) for text in entry.subjects[:_NAMED]),
        more=max(len(entry.subjects) - _NAMED, 0),
    )


def _subject(text: str) -> Subject:
    kind, _colon, key = text.partition(":")
    if kind == Kind.GID:
        return Subject(key)
    title = f"{Kind(kind).label} {key}"
    return Subject(title, reverse("admin:orders_order_change", args=[key]) if kind == Kind.ORDER else "")
