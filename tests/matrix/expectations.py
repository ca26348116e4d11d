"""What each address answers to whom: one row for every name in the resolver, and no row for anything else.

A row says who may (`may`, on things of store North and on what belongs to nobody; on things of store South only those
in `may_south`). From that follow all answers: people who do not reach the thing's store get 404, people who see it but
may not do this get `lacking`, strangers are sent to sign in. Whoever is refused changes nothing, and nobody of store
North is ever shown a word of store South."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from backoffice.core.actor import Actor
from orders import chosen

from .world import PEOPLE, ROLES, Side

Values = Callable[[Side, Actor], Mapping[str, Any]]

EVERYBODY = frozenset(ROLES)
STAFF = frozenset(PEOPLE)
SIGNED_IN = STAFF | {"token"}
READERS = frozenset({"viewer", "agent", "manager", "administrator", "token"})
VIEWERS = READERS - {"token"}
AGENTS = frozenset({"agent", "manager", "administrator"})
MANAGERS = frozenset({"manager", "administrator"})
ADMINISTRATOR = frozenset({"administrator"})
NOBODY: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Door:
    """One request to one address. `key` gives the address's arguments: a door with one leads to a thing of a store."""

    name: str
    method: str = "get"
    may: frozenset[str] = STAFF
    ok: tuple[int, ...] = (200,)
    key: Values | None = None
    body: Values | None = None
    query: str = ""
    may_south: frozenset[str] = ADMINISTRATOR
    lacking: int = 403
    unseen: int = 404
    """The answer to people who do not reach the thing's store."""
    foreign: tuple[int, ...] | None = None
    """The answer to those in `may` whose body names things of a store that they do not reach: they are left out."""

    def status(self, role: str, side: str) -> tuple[int, ...]:
        """The statuses that are right; everything else is a finding."""
        if self.foreign and side == "south" and role in self.may - ADMINISTRATOR:
            return self.foreign
        if role in (self.may if side == "north" or self.key is None else self.may_south):
            return self.ok
        if role == "anonymous" or (role == "token" and not self.is_api):
            return (401,) if self.is_api else (302,)
        if role == "token" and self.method != "get":
            return (403,)
        reached = {"viewer", "agent", "manager", "token"} if side == "north" else set()
        if self.key is not None and role not in reached | {"administrator"}:
            return (self.unseen,)
        return (self.lacking,)

    @property
    def is_api(self) -> bool:
        return self.name.startswith("api:")


def order(side: Side, actor: Actor) -> dict[str, Any]:
    return {"order_id": side.order.pk}


def comment(side: Side, actor: Actor) -> dict[str, Any]:
    return {"order_id": side.order.pk, "comment_id": side.comment.pk}


def store(side: Side, actor: Actor) -> dict[str, Any]:
    return {"store_id": side.store.pk}


def parked(side: Side, actor: Actor) -> dict[str, Any]:
    return {"store_id": side.store.pk, "item_id": side.parked.pk}


def batch(side: Side, actor: Actor) -> dict[str, Any]:
    return {"batch_id": side.batch.pk}


def template(side: Side, actor: Actor) -> dict[str, Any]:
    return {"template_id": side.template.pk}


def export(side: Side, actor: Actor) -> dict[str, Any]:
    return {"store_id": side.store.pk, "request_id": side.export.pk}


def fixed(**values: Any) -> Values:
    return lambda side, actor: values


def also(base: Values, **values: Any) -> Values:
    return lambda side, actor: {**base(side, actor), **values}


def selection(**values: Any) -> Values:
    """A choice of the side's order, signed for whoever sends it: only `visible_to` stands between."""
    return lambda side, actor: {"selection": chosen.dumps([side.order.pk], actor=actor), **values}


API = (
    Door("api:orders", may=SIGNED_IN, query="stage=all"),
    Door("api:order_counts", may=SIGNED_IN, query="group_by=store"),
    Door("api:order_explain", may=SIGNED_IN, query="q=tag:vip"),
    Door("api:order_fields", may=SIGNED_IN),
    Door("api:views", may=SIGNED_IN),
    Door("api:views", "post", STAFF, (201,), body=fixed(name="Mine")),
    Door("api:view", may=SIGNED_IN, key=fixed(slug="slipping"), may_south=SIGNED_IN),
    # A shipped view is changed by nobody; the views of people are told apart in a test of their own.
    Door("api:view", "put", NOBODY, key=fixed(slug="slipping"), body=fixed(name="Other"), may_south=NOBODY, unseen=403),
    Door("api:view", "delete", NOBODY, key=fixed(slug="slipping"), may_south=NOBODY, unseen=403),
    Door("api:order", may=READERS, key=order),
    Door("api:order_timeline", may=READERS, key=order),
    Door("api:order_comments", may=READERS, key=order),
    Door("api:order_comments", "post", AGENTS, (201,), key=order, body=fixed(body="Hello")),
    Door("api:order_tags", "post", AGENTS, (202,), key=order, body=fixed(tags=["new"])),
    Door("api:order_tags", "delete", AGENTS, (200,), key=order, query="tag=none"),
    Door("api:order_archive", "post", AGENTS, (202,), key=order),
    Door("api:order_unarchive", "post", AGENTS, (200,), key=order),
    # An order of South among the ids is a line of the answer, as one that never was: 200, not 202, and nothing done.
    Door(
        "api:order_action",
        "post",
        AGENTS,
        (202,),
        key=fixed(verb="archive"),
        body=lambda side, actor: {"ids": [side.order.pk]},
        unseen=403,
        foreign=(200,),
    ),
    Door("api:comment", may=READERS, key=lambda side, actor: {"comment_id": side.comment.pk}),
    Door(
        "api:comment",
        "patch",
        AGENTS,
        key=lambda side, actor: {"comment_id": side.comment.pk},
        body=fixed(pinned=True),
    ),
    # Its author and managers; the agent wrote North's.
    Door("api:comment", "delete", AGENTS, (204,), key=lambda side, actor: {"comment_id": side.comment.pk}),
    Door("api:run", may=READERS, key=lambda side, actor: {"run_id": side.run_id}),
    Door("api:stores", may=SIGNED_IN),
    Door("api:stores", "post", ADMINISTRATOR, (400,), body=fixed(kind="static", domain="x")),
    Door("api:store", may=READERS, key=store),
    Door("api:store_proof", may=READERS, key=store),
    Door("api:store_proof", "post", MANAGERS, (202,), key=store),
    Door("api:store_privacy", may=MANAGERS, key=store),
    Door("api:store_privacy_export", may=MANAGERS, key=export),
    Door("api:store_calendar", may=READERS, key=store),
    Door("api:store_calendar", "put", MANAGERS, key=store, body=fixed(working_days=[0, 1])),
    # Whoever may is told that a store is no source of itself.
    Door("api:store_copy", may=MANAGERS, ok=(400,), key=store),
    Door("api:store_copy", "post", MANAGERS, (400,), key=store, body=lambda side, actor: {"source": side.store.pk}),
    Door("api:store_health", may=READERS, key=store),
    Door("api:store_diagnostics", may=READERS, key=store),
    Door("api:store_quarantine", may=READERS, key=store),
    Door("api:store_quarantine_retry", "post", AGENTS, (202,), key=store),
    Door("api:store_quarantine_raw", may=MANAGERS, key=parked),
    Door("api:tokens", may=STAFF),
    Door("api:tokens", "post", STAFF, (201,), body=fixed(name="mine", scopes=["orders:read"])),
    # One's own alone: the agent made North's.
    Door(
        "api:token",
        "delete",
        frozenset({"agent"}),
        (204,),
        key=lambda side, actor: {"token_id": side.token.pk},
        may_south=NOBODY,
        lacking=404,
    ),
    Door("api:mail_templates", may=SIGNED_IN),
    Door("api:mail_template", may=READERS, key=template),
    Door("api:mail_batches", may=SIGNED_IN),
    Door(
        "api:mail_batches",
        "post",
        AGENTS,
        (201,),
        body=lambda side, actor: {"ids": [side.order.pk], "subject": "S", "body": "<p>B</p>"},
        foreign=(409,),
    ),
    Door("api:mail_batch", may=READERS, key=batch),
    Door("api:mail_messages", may=READERS, key=batch),
    Door("api:mail_batch_pause", "post", AGENTS, key=batch),
    Door("api:mail_batch_resume", "post", AGENTS, key=batch),
    Door("api:mail_batch_cancel", "post", AGENTS, key=batch),
    Door("api:schema", may=SIGNED_IN),
    Door("api:docs", may=SIGNED_IN),
)

ADMIN = (
    Door("admin:index"),
    Door("admin:search", query="s=zz"),
    Door("admin:login", may=EVERYBODY, ok=(200, 302)),
    Door("admin:logout", "post", EVERYBODY, (200, 302)),
    Door("admin:password_change"),
    Door("admin:password_change_done"),
    Door(
        "admin:autocomplete",
        may=NOBODY,
        query="app_label=stores&model_name=membership&field_name=store&term=",
        lacking=404,
    ),
    Door("admin:jsi18n"),
    Door("admin:app_list", may=VIEWERS, key=fixed(app_label="orders"), may_south=VIEWERS),
    Door("admin:^(?P<url>.*)$", may=NOBODY, key=fixed(url="nothing"), may_south=NOBODY, lacking=404),
    Door("admin:orders_order_changelist", query="stage=all"),
    # Leads to the page of the act, which finds the orders within reach or none.
    Door(
        "admin:orders_order_choose",
        "post",
        ok=(302,),
        body=lambda side, actor: {"act": "archive", "order": [side.order.pk]},
    ),
    Door("admin:orders_order_act", may=VIEWERS, key=fixed(verb="archive"), query="{selection}"),
    Door("admin:orders_order_act", "post", VIEWERS, (302,), key=fixed(verb="archive"), body=selection()),
    Door("admin:orders_order_run", may=VIEWERS, key=lambda side, actor: {"run_id": side.run_id}),
    Door("admin:orders_order_change", may=VIEWERS, key=order),
    Door("admin:orders_order_comment", "post", AGENTS, (302,), key=order, body=fixed(body="Hello")),
    Door(
        "admin:orders_order_comment_edit",
        "post",
        frozenset({"agent"}),
        (302,),
        key=comment,
        body=fixed(body="Other"),
        may_south=NOBODY,
    ),
    Door("admin:orders_order_comment_delete", "post", AGENTS, (302,), key=comment),
    Door("admin:orders_order_comment_pin", "post", AGENTS, (302,), key=comment, body=fixed(pinned="1")),
    Door("admin:orders_order_views"),
    Door("admin:orders_order_view_save"),
    Door("admin:orders_order_view_save", "post", ok=(302,), body=fixed(name="Mine")),
    Door(
        "admin:orders_order_view_pin",
        "post",
        ok=(302,),
        key=fixed(slug="slipping"),
        body=fixed(pinned="1"),
        may_south=STAFF,
    ),
    Door("admin:orders_order_view_change", may=NOBODY, key=fixed(slug="slipping"), may_south=NOBODY, lacking=404),
    Door("admin:orders_order_view_delete", "post", NOBODY, key=fixed(slug="slipping"), may_south=NOBODY, unseen=403),
    Door("admin:stores_store_changelist"),
    Door("admin:stores_store_change", may=VIEWERS, key=store),
    Door("admin:stores_store_connect", may=ADMINISTRATOR),
    Door("admin:stores_store_connect", "post", ADMINISTRATOR, (400,), body=fixed(domain="", token="")),
    Door("admin:stores_store_callback", may=ADMINISTRATOR, ok=(302,), query="code=1&state=2&hmac=3&shop=4"),
    Door("admin:stores_store_secret", may=ADMINISTRATOR, key=store, unseen=403),
    Door("admin:stores_store_secret", "post", ADMINISTRATOR, (400,), key=store, body=fixed(new_secret=""), unseen=403),
    Door("admin:stores_store_reconnect", may=ADMINISTRATOR, key=store, unseen=403),
    Door("admin:stores_store_reconnect", "post", ADMINISTRATOR, (400,), key=store, body=fixed(token=""), unseen=403),
    Door("admin:stores_store_switch", "post", ADMINISTRATOR, (302,), key=also(store, what="pause")),
    Door("admin:stores_store_copy", may=MANAGERS, key=store),
    Door("admin:stores_store_copy", "post", MANAGERS, (302,), key=store, body=fixed(source="0")),
    Door("admin:stores_store_quarantine", may=VIEWERS, key=store),
    Door("admin:stores_store_quarantine_retry", "post", AGENTS, (302,), key=store),
    Door("admin:stores_store_quarantine_raw", "post", MANAGERS, key=parked),
    Door("admin:stores_store_proof", "post", MANAGERS, (302,), key=store),
    Door("admin:stores_store_erased", may=ADMINISTRATOR),
    Door("admin:stores_store_privacy", may=MANAGERS, key=store),
    Door("admin:stores_store_privacy", "post", MANAGERS, (302,), key=store, body=fixed(kind="export", who="x@y.nl")),
    Door("admin:stores_store_privacy_export", "post", MANAGERS, key=export),
    # No shop is a rehearsal here, and then nobody has such a page; the right is asked first.
    Door("admin:stores_store_rehearsal", may=ADMINISTRATOR, ok=(404,), key=store),
    Door("admin:stores_store_rehearsal", "post", ADMINISTRATOR, (404,), key=store, body=fixed(do="clear")),
    Door("admin:stores_store_calendar", may=VIEWERS, key=store),
    Door(
        "admin:stores_store_calendar",
        "post",
        MANAGERS,
        (302,),
        key=store,
        body=fixed(working_days="1", fulfil_days="1", settle_days="1", idle_days="1"),
    ),
    Door("admin:core_accessentry_changelist", may=ADMINISTRATOR),
    Door("admin:stores_apitoken_changelist"),
    Door("admin:stores_apitoken_changelist", "post", body=fixed(name="mine", scopes=["orders:read"], role="10")),
    Door(
        "admin:stores_apitoken_revoke",
        "post",
        frozenset({"agent", "administrator"}),
        (302,),
        key=lambda side, actor: {"token_id": side.token.pk},
        lacking=404,
    ),
    Door("admin:notifications_batch_changelist"),
    Door("admin:notifications_batch_compose", may=AGENTS, query="{selection}"),
    Door(
        "admin:notifications_batch_compose",
        "post",
        AGENTS,
        (302,),
        body=selection(subject="S", body="<p>B</p>", do="send"),
        foreign=(200,),
    ),
    Door("admin:notifications_batch_change", may=VIEWERS, key=batch),
    Door("admin:notifications_batch_switch", "post", AGENTS, (302,), key=also(batch, what="pause")),
    Door(
        "admin:notifications_batch_message",
        may=VIEWERS,
        key=lambda side, actor: {"batch_id": side.batch.pk, "message_id": side.message.pk},
    ),
    Door("admin:notifications_template_changelist"),
    Door("admin:notifications_template_new", may=MANAGERS),
    Door("admin:notifications_template_change", may=VIEWERS, key=template),
    Door(
        "admin:notifications_template_change",
        "post",
        MANAGERS,
        (302,),
        key=template,
        body=lambda side, actor: {"name": "N", "subject": "S", "body": "B", "store": side.store.pk},
    ),
    Door("admin:notifications_template_delete", "post", MANAGERS, (302,), key=template),
)

# People and merchants: Django's own pages, for administrators alone.
_PERSON: Values = lambda side, actor: {"object_id": side.person.pk}  # noqa: E731
_MERCHANT: Values = lambda side, actor: {"object_id": side.merchant.pk}  # noqa: E731
ADMINISTRATION = (
    *(
        Door(f"admin:{model}_{page}", may=ADMINISTRATOR)
        for model in ("auth_user", "stores_merchant")
        for page in ("changelist", "add")
    ),
    *(
        Door(f"admin:{model}_{page}", may=ADMINISTRATOR, key=key, unseen=403)
        for model, key in (("auth_user", _PERSON), ("stores_merchant", _MERCHANT))
        for page in ("change", "history")
    ),
    *(
        Door(f"admin:{model}_delete", may=NOBODY, key=key, unseen=403, may_south=NOBODY)
        for model, key in (("auth_user", _PERSON), ("stores_merchant", _MERCHANT))
    ),
    Door(
        "admin:auth_user_password_change",
        may=ADMINISTRATOR,
        key=lambda side, actor: {"id": side.person.pk},
        unseen=403,
    ),
    # The old address of a change page; it tells nothing and leads to the page above.
    *(
        Door(f"admin:{model}/<path:object_id>/", may=STAFF, ok=(302,), key=key, may_south=STAFF)
        for model, key in (("auth/user", _PERSON), ("stores/merchant", _MERCHANT))
    ),
)

OTHER = (
    Door("root", may=EVERYBODY, ok=(302,)),
    Door("set_language", "post", EVERYBODY, (302,), body=fixed(language="nl")),
    # Its door is the shop's signature, whoever else one may be.
    Door("shopify_webhook", "post", EVERYBODY, (401,), body=fixed(id=1)),
    Door("health_live", may=EVERYBODY),
    Door("health_ready", may=EVERYBODY, ok=(200, 503)),
)

DOORS = (*API, *ADMIN, *ADMINISTRATION, *OTHER)
