"""Views: a search, columns and an order under a name. Those that come with the product, and those that people saved.

Whoever uses a view sees what he reaches: a view is a question, never a right."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy

from backoffice.core.actor import Actor
from backoffice.core.errors import NotFound
from stores.models import Store

from .choices import Audience
from .models import PinnedView, SavedView

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


@dataclass(frozen=True, slots=True)
class View:
    """`row` is None for a view that comes with the product. `is_mine`: the actor may change and delete it."""

    slug: str
    title: StrOrPromise
    query: str
    sort: str = ""
    columns: tuple[str, ...] = ()
    row: SavedView | None = None
    is_mine: bool = False


_WAITING = ("placed", "age", "customer", "total", "payment", "fulfilment", "items", "fulfil_by", "mailed")
_HELD = ("placed", "customer", "total", "hold", "fulfilment", "items", "age", "comments")
_MONEY = ("placed", "age", "customer", "total", "outstanding", "payment", "gateways", "mailed")
_SHIPPED = (
    View("to-fulfil", pgettext_lazy("view", "To fulfil"), "is:to_fulfil"),
    View("to-settle", pgettext_lazy("view", "To settle"), "is:to_settle"),
    View("to-archive", pgettext_lazy("view", "To archive"), "is:to_archive"),
    View("on-hold", pgettext_lazy("view", "On hold"), "is:live on_hold", columns=_HELD),
    View("partially-fulfilled", pgettext_lazy("view", "Partially fulfilled"), "is:live fulfilment:partially_fulfilled"),
    View(
        "scheduled",
        pgettext_lazy("view", "Scheduled"),
        "is:to_fulfil fulfilment:scheduled",
        sort="scheduled",
        columns=("placed", "scheduled", "customer", "total", "fulfilment", "items"),
    ),
    View(
        "payment-waiting",
        pgettext_lazy("view", "Payment failed or pending for 3 days"),
        "is:live (is:payment_failed OR payment:pending,partially_paid,authorized,expired age>3d)",
        sort="placed",
        columns=_MONEY,
    ),
    View(
        "slipping",
        pgettext_lazy("view", "Slipping"),
        "is:to_fulfil (overdue OR scheduled<today OR -on_hold age>5wd) OR is:to_settle age>20wd",
        sort="placed",
        columns=_WAITING,
    ),
    View(
        "not-told",
        pgettext_lazy("view", "Waiting and not told"),
        "is:to_fulfil -on_hold age>5d (never_mailed OR mailed<-5d)",
        sort="placed",
        columns=_WAITING,
    ),
    View("high-risk", pgettext_lazy("view", "High risk"), "is:to_fulfil risk:high"),
)
SHIPPED: Mapping[str, View] = MappingProxyType({view.slug: view for view in _SHIPPED})


def views_for(actor: Actor) -> list[View]:
    """The shipped views, then the actor's own, then those that others share with him, each group by name."""
    rows = _visible(actor).order_by("name", "pk")
    views = [view_of(row, actor) for row in rows]
    return [*_SHIPPED, *(view for view in views if view.is_mine), *(view for view in views if not view.is_mine)]


def view_named(slug: str, actor: Actor) -> View:
    """Raises `NotFound` alike for a slug that there is not and for a view that is not shared with the actor."""
    if slug in SHIPPED:
        return SHIPPED[slug]
    row = _visible(actor).filter(slug=slug).first()
    if row is None:
        raise NotFound("view_not_found", _("There is no view “%(slug)s”.") % {"slug": slug[:60]}, field="view")
    return view_of(row, actor)


def pinned_by(actor: Actor) -> list[str]:
    """The slugs that the person has as tabs, in his order."""
    if actor.user_id is None:
        return []
    return list(PinnedView.objects.filter(user=actor.user_id).order_by("position", "pk").values_list("slug", flat=True))


def _visible(actor: Actor) -> QuerySet[SavedView]:
    shared = Q(audience=Audience.ALL)
    if actor.sees_every_store:
        shared |= Q(audience=Audience.TEAM)
    else:
        merchants = Store.objects.visible_to(actor).exclude(merchant=None).values("merchant_id")
        shared |= Q(audience=Audience.TEAM, merchant__in=merchants)
    own = Q(owner=actor.user_id) if actor.user_id is not None else Q(pk__in=[])
    return SavedView.objects.filter(own | shared)


def view_of(row: SavedView, actor: Actor) -> View:
    mine = row.owner_id == actor.user_id or actor.is_administrator
    return View(row.slug, row.name, row.query, row.sort, tuple(row.columns), row, mine)
