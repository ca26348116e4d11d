"""Saving, changing, deleting and pinning views. Called by admin and API."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils.text import slugify
from django.utils.translation import gettext as _

from backoffice.core.actor import Actor, Right
from backoffice.core.errors import FieldError, InvalidFields, NotAllowed, Refused
from backoffice.core.text import clean
from orders.choices import Audience
from orders.columns import columns_named, sort_named
from orders.filters import SEARCH, explain, names_a_stage, text_in_short
from orders.models import PinnedView, SavedView
from orders.saved import SHIPPED, View, view_named, view_of
from stores.models import Merchant, Store

LONGEST_NAME = 80
MOST_VIEWS = 200
MOST_PINNED = 12
_RESERVED = {"save"}
"""Pages beside those of the views."""
_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


@dataclass(frozen=True, slots=True)
class ViewWish:
    """What a view is to be. An empty `slug` is made of the name."""

    name: str
    query: str = ""
    sort: str = ""
    columns: Sequence[str] = ()
    audience: Audience = Audience.PRIVATE
    merchant: Merchant | None = None
    slug: str = ""


def save_view(wish: ViewWish, *, actor: Actor) -> View:
    """A new view of the actor's. Raises `InvalidFields` that names what is wrong (a search text with its place),
    `NotAllowed` for an audience that he may not share with."""
    if actor.user_id is None:
        raise NotAllowed("no_person", _("Views belong to people."))
    if SavedView.objects.filter(owner=actor.user_id).count() >= MOST_VIEWS:
        raise Refused("too_many_views", _("You have %(most)d views; delete one first.") % {"most": MOST_VIEWS})
    values = _checked(wish, actor=actor)
    row = SavedView(owner_id=actor.user_id, **values)
    row.slug = _free_slug(wish, None)
    _store(row)
    return view_of(row, actor)


def change_view(slug: str, wish: ViewWish, *, actor: Actor) -> View:
    """As `save_view`, of a view that is there. Its owner and administrators may; a shipped one is changed by nobody."""
    row = _own_row(slug, actor=actor)
    for name, value in _checked(wish, actor=actor).items():
        setattr(row, name, value)
    before = row.slug
    if wish.slug:
        row.slug = _free_slug(wish, row)
    with transaction.atomic():
        _store(row)
        PinnedView.objects.filter(slug=before).update(slug=row.slug)
    return view_of(row, actor)


def delete_view(slug: str, *, actor: Actor) -> None:
    """Twice is an error: `NotFound`."""
    row = _own_row(slug, actor=actor)
    with transaction.atomic():
        PinnedView.objects.filter(slug=row.slug).delete()
        row.delete()


def pin_view(slug: str, *, actor: Actor) -> None:
    """Makes a view a tab of the actor's; twice is once."""
    view = view_named(slug, actor)
    if actor.user_id is None:
        raise NotAllowed("no_person", _("Views belong to people."))
    pinned = PinnedView.objects.filter(user=actor.user_id)
    if pinned.exclude(slug=view.slug).count() >= MOST_PINNED:
        raise Refused("too_many_pinned", _("At most %(most)d views can be tabs.") % {"most": MOST_PINNED})
    last = pinned.aggregate(last=Max("position"))["last"] or 0
    PinnedView.objects.get_or_create(user_id=actor.user_id, slug=view.slug, defaults={"position": last + 1})


def unpin_view(slug: str, *, actor: Actor) -> None:
    if actor.user_id is not None:
        PinnedView.objects.filter(user=actor.user_id, slug=slug).delete()


def _own_row(slug: str, *, actor: Actor) -> SavedView:
    view = view_named(slug, actor)
    if view.row is None:
        raise NotAllowed("view_shipped", _("This view comes with the product; save it under a name of your own."))
    if not view.is_mine:
        raise NotAllowed("view_not_yours", _("This view belongs to a colleague; save it under a name of your own."))
    return view.row


def _checked(wish: ViewWish, *, actor: Actor) -> dict[str, object]:
    name = clean(wish.name)
    if not 1 <= len(name) <= LONGEST_NAME:
        sentence = _("A name has from 1 to %(most)d characters.") % {"most": LONGEST_NAME}
        raise InvalidFields([FieldError("name", "value_invalid", sentence)])
    explain(wish.query, actor=actor)
    columns = [column.key for column in columns_named(wish.columns)] if wish.columns else []
    sort = sort_named(wish.sort) if wish.sort else ""
    merchant = wish.merchant if wish.audience == Audience.TEAM else None
    _check_audience(wish.audience, merchant, actor=actor)
    return {
        "name": name,
        "query": _complete(wish.query),
        "sort": sort,
        "columns": columns,
        "audience": wish.audience,
        "merchant": merchant,
    }


def _complete(query: str) -> str:
    """A view says by itself which stages it means, wherever it is used."""
    text = text_in_short(query)
    return text if names_a_stage({SEARCH: [text]}) else text_in_short(f"is:live ({text})" if text else "is:live")


def _check_audience(audience: Audience, merchant: Merchant | None, *, actor: Actor) -> None:
    if audience == Audience.ALL and not actor.is_administrator:
        raise NotAllowed("only_administrators_share", _("Only an administrator shares a view with everybody."))
    if audience == Audience.TEAM:
        if merchant is None:
            sentence = _("Say whose team it is for: choose a merchant.")
            raise InvalidFields([FieldError("merchant", "value_missing", sentence)])
        stores = Store.objects.visible_to(actor).filter(merchant=merchant).values_list("pk", flat=True)
        if not any(actor.may(Right.CHANGE_ORDERS, pk) for pk in stores):
            raise NotAllowed("not_of_the_team", _("You share views with the teams that you work in."))


def _free_slug(wish: ViewWish, row: SavedView | None) -> str:
    """The slug that was asked for, or one made of the name, with a number when it is taken."""
    others = SavedView.objects.all() if row is None else SavedView.objects.exclude(pk=row.pk)
    if wish.slug:
        if not _SLUG.fullmatch(wish.slug) or len(wish.slug) > 60:
            sentence = _("A slug has small letters, digits and single hyphens: late-orders.")
            raise InvalidFields([FieldError("slug", "value_invalid", sentence)])
        if wish.slug in SHIPPED or wish.slug in _RESERVED or others.filter(slug=wish.slug).exists():
            sentence = _("Another view has the slug “%(slug)s”.") % {"slug": wish.slug}
            raise InvalidFields([FieldError("slug", "value_taken", sentence)])
        return wish.slug
    base = slugify(wish.name)[:50].strip("-") or "view"
    taken = set(others.filter(slug__startswith=base).values_list("slug", flat=True)) | set(SHIPPED) | _RESERVED
    return next(slug for slug in (base, *(f"{base}-{n}" for n in range(2, 10_000))) if slug not in taken)


def _store(row: SavedView) -> None:
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as error:
        sentence = _("Another view has the slug “%(slug)s”.") % {"slug": row.slug}
        raise InvalidFields([FieldError("slug", "value_taken", sentence)]) from error
