"""What can be done with chosen orders: the buttons of the order page and of the list's selection bar.

Verbs of this application are taken from `orders.verbs`; applications above register theirs. Choosing leads to a page of
the act's own with the orders as a signed selection, so that nothing is done by following a link."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponseBase, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import reverse

from backoffice.core.actor import Actor, Right
from backoffice.core.api.callers import actor_of
from backoffice.core.errors import Invalid, NotFound
from backoffice.core.pages import back
from orders import chosen
from orders.choices import Verb
from orders.models import Order
from orders.verbs import VERBS
from stores.features import FeatureState, lacking
from stores.models import Store

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


def any_order(order: Order) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Act:
    """`url` gives the page that takes `?selection=`; `fits` decides whether one order's page offers it."""

    name: str
    label: StrOrPromise
    icon: str
    right: Right
    url: Callable[[], str]
    position: int = 100
    fits: Callable[[Order], bool] = any_order
    feature: str = ""
    """What a store must be able to do for it (see stores.features)."""

    @property
    def address(self) -> str:
        return self.url()


@dataclass(frozen=True, slots=True)
class Offered:
    """An act on a page. `why_not` is the sentence that stands beside its button while it cannot be done."""

    act: Act
    why_not: str = ""


_acts: dict[str, Act] = {}

_ICONS = {
    Verb.ARCHIVE: "archive",
    Verb.UNARCHIVE: "unarchive",
    Verb.ADD_TAGS: "new_label",
    Verb.REMOVE_TAGS: "label_off",
    "comment": "chat_bubble",
}
# One order's page has forms of its own for these.
_ONLY_FOR_MANY = frozenset({Verb.ADD_TAGS, Verb.REMOVE_TAGS, "comment"})


def register(act: Act) -> None:
    """Called when an application's admin is loaded; a second registration of the name replaces the first."""
    _acts[act.name] = act


def all_acts() -> list[Act]:
    return sorted(_acts.values(), key=lambda act: (act.position, act.name))


def acts_for(actor: Actor, stores: Sequence[Store]) -> list[Offered]:
    """What the actor may do in at least one of his stores, for a list of orders of these. Shut where none of them can
    do it; where some cannot, their orders are refused one by one."""
    acts = [act for act in all_acts() if actor.may_somewhere(act.right)]
    shut = {name: lacking(stores, name) for name in {act.feature for act in acts if act.feature}}
    return [Offered(act, _shut_for_all(shut.get(act.feature, {}), stores)) for act in acts]


def acts_on(order: Order, *, actor: Actor) -> list[Offered]:
    """The buttons of one order's page. Needs its store loaded."""
    acts = [act for act in all_acts() if act.fits(order) and actor.may(act.right, order.store_id)]
    return [Offered(act, why_not(order, act.feature)) for act in acts]


def why_not(order: Order, feature: str) -> str:
    """Why the order's store cannot do this; empty when it can."""
    state = lacking([order.store], feature).get(order.store_id) if feature else None
    return state.sentence if state else ""


def _shut_for_all(shut: Mapping[int, FeatureState], stores: Sequence[Store]) -> str:
    if not shut or len(shut) < len(stores):
        return ""
    return next(iter(shut.values())).sentence


def register_verbs() -> None:
    """Makes an act of every verb, in the table's order."""
    for position, verb in enumerate(VERBS.values(), start=10):
        register(
            Act(
                name=verb.name,
                label=verb.label,
                icon=_ICONS.get(verb.name, "bolt"),
                right=verb.right,
                url=_address_of(verb.name),
                position=position,
                feature=verb.feature,
                fits=_FITS.get(verb.name, any_order) if verb.name not in _ONLY_FOR_MANY else _never,
            )
        )


def choose(request: HttpRequest) -> HttpResponseBase:
    """The selection bar's form: takes the ticked rows to the page of the chosen act."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    act = _acts.get(request.POST.get("act", ""))
    if act is None:
        raise NotFound("no_such_act", "There is no such act.")
    ids = [int(text) for text in request.POST.getlist("order") if text.isascii() and text.isdigit() and len(text) < 19]
    if len(ids) != len(request.POST.getlist("order")):
        raise Invalid("choice_unreadable", "An order is chosen by its number.")
    selection = chosen.dumps(ids, actor=actor_of(request))
    return HttpResponseRedirect(f"{act.address}?{urlencode({'selection': selection, 'next': back(request)})}")


def _address_of(name: str) -> Callable[[], str]:
    return lambda: reverse("admin:orders_order_act", args=[name])


def _never(order: Order) -> bool:
    return False


_FITS: dict[str, Callable[[Order], bool]] = {
    Verb.ARCHIVE: lambda order: not order.closed and not order.deleted_at,
    Verb.UNARCHIVE: lambda order: order.closed and not order.cancelled_at and not order.deleted_at,
}
