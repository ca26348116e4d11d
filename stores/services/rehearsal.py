"""A rehearsal shop's other side, spoken to over HTTP: what it went through, faults in force, its owner's acts.

Only stores whose shop is a rehearsal have one, which in production is none. For administrators."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import requests
from django.utils.translation import gettext as _

from backoffice.core.actor import Actor
from backoffice.core.errors import Invalid, NotAllowed, NotFound, Unreachable
from stores.gateway import base_url_of
from stores.models import Store
from stores.shopify.transport import new_session

_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault in force. `times` is None for one that lasts until it is cleared."""

    kind: str
    only: str
    times: int | None
    probability: float
    struck: int


@dataclass(frozen=True, slots=True)
class Struck:
    """A fault that struck: when by the shop's clock, and what it met."""

    at: str
    kind: str
    where: str


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """A rehearsal shop as it stands. `files_with_token` counts downloads that leaked the token: it must be 0."""

    now: datetime
    orders: int
    open_orders: int
    changed_orders: int
    mutations: int
    effects: int
    subscriptions: int
    points: int
    tokens_given: int
    token_works: bool
    deliveries: tuple[tuple[str, int], ...]
    bulk: tuple[tuple[str, int], ...]
    files: int
    files_with_token: int
    faults: tuple[Fault, ...]
    struck: tuple[Struck, ...]
    """The last ones, newest first."""
    kinds: tuple[tuple[str, tuple[str, ...]], ...]
    """The faults that it knows, by what they strike."""
    acts: tuple[str, ...]


def is_rehearsal(store: Store) -> bool:
    """Whether the store's shop is one on this machine."""
    return base_url_of(store.domain) is not None


def look(store: Store, *, actor: Actor, last: int = 50) -> Rehearsal:
    """How the shop stands, with the `last` faults that struck. Raises `Unreachable` when it does not answer."""
    _check(actor)
    state, known = _call(store, "GET", "state"), _call(store, "GET", "known")
    struck = _call(store, "GET", "struck")["struck"][-last:]
    return Rehearsal(
        now=datetime.fromtimestamp(state["now"], UTC),
        orders=state["orders"],
        open_orders=state["open_orders"],
        changed_orders=state["changed_orders"],
        mutations=state["mutations"],
        effects=state["effects"],
        subscriptions=state["subscriptions"],
        points=state["bucket"]["currentlyAvailable"],
        tokens_given=state["tokens_given"],
        token_works=not state["token_revoked"],
        deliveries=tuple(sorted(state["deliveries"].items())),
        bulk=tuple(sorted(state["bulk"].items())),
        files=state["files"]["requests"],
        files_with_token=state["files"]["with_token"],
        faults=tuple(_fault(found) for found in _call(store, "GET", "faults")["faults"]),
        struck=tuple(Struck(**found) for found in reversed(struck)),
        kinds=tuple((group, tuple(names)) for group, names in known["kinds"].items()),
        acts=tuple(known["acts"]),
    )


def add_fault(
    store: Store,
    kind: str,
    *,
    actor: Actor,
    times: int | None = 1,
    probability: float = 1.0,
    only: str = "",
    more: Mapping[str, Any] | None = None,
) -> None:
    """Puts a fault in force; `more` holds what the kind has besides (`status`, `seconds`, `bytes`, ...). Raises
    `Invalid` with the shop's own words when it makes no sense."""
    _check(actor)
    wish = {**(more or {}), "kind": kind, "times": times, "probability": probability, "only": only}
    _call(store, "POST", "faults", wish)


def clear_faults(store: Store, *, actor: Actor) -> None:
    """None is in force any more, and a token that was revoked by one works again."""
    _check(actor)
    _call(store, "POST", "faults", {"clear": True})


def drain_points(store: Store, *, actor: Actor) -> None:
    """The shop's rate limit is used up, as if another copy of the app had done it."""
    _check(actor)
    _call(store, "POST", "faults", {"drain": True})


def act(
    store: Store, action: str, *, actor: Actor, order: str = "", more: Mapping[str, Any] | None = None
) -> tuple[str, ...]:
    """Does what the shop's owner would, to `order` (its name or gid) where the action is about one. Returns what it
    touched. Raises `Invalid` with the shop's own words when it cannot be done."""
    _check(actor)
    answer = _call(store, "POST", "act", {**(more or {}), "action": action, "order": order})
    return tuple(answer.get("orders") or answer.get("done") or ())


def _check(actor: Actor) -> None:
    if not actor.is_administrator:
        raise NotAllowed("administrator_needed", _("Only administrators rehearse."))


def _fault(found: Mapping[str, Any]) -> Fault:
    return Fault(found["kind"], found["only"], found["times"], found["probability"], found["struck"])


def _call(store: Store, method: str, page: str, wish: Mapping[str, Any] | None = None) -> dict[str, Any]:
    address = base_url_of(store.domain)
    if address is None:
        raise NotFound("no_rehearsal", _("This store's shop is no rehearsal."))
    try:
        with new_session() as session:
            answer = session.request(method, f"{address}/_rehearsal/{page}", json=wish, timeout=_SECONDS)
            body: Any = answer.json()
    except (requests.RequestException, ValueError) as error:
        raise Unreachable("rehearsal_silent", _("The rehearsal shop does not answer. Is it running?")) from error
    if answer.status_code == 422:
        raise Invalid("rehearsal_refused", str(body.get("error", ""))[:500])
    if answer.status_code != 200 or not isinstance(body, dict):
        raise Unreachable("rehearsal_silent", _("The rehearsal shop does not answer. Is it running?"))
    return body
