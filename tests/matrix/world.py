"""Two stores with one of everything, and one person of each kind. Whatever store South holds says so in its texts."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from django.contrib.auth.models import User
from django.test import Client
from django_scopes import scopes_disabled

from backoffice.core.actor import Role
from notifications.choices import BatchState
from notifications.models import Batch, Message, MessageOrder, Template
from orders.choices import ChangeState, Source, Verb
from orders.models import Comment, Order, RemoteChange
from orders.timeline import NewEntry, write
from stores.choices import ComplianceKind, ComplianceState, ProofState, SyncPhase
from stores.models import (
    ApiToken,
    ComplianceRequest,
    ExportPiece,
    Membership,
    Merchant,
    Proof,
    Quarantined,
    Store,
    SyncStream,
)
from stores.services.access import actor_of, create_token
from tests.builders.orders import make_customer, make_fulfillment_order, make_order, make_store

CANARY = "zzcanary"
"""Part of every text of store South, in lower case; no answer to people of store North may hold it in any case."""
ROLES = ("anonymous", "outsider", "viewer", "agent", "manager", "administrator", "token")
PEOPLE = ROLES[1:6]


@dataclass(frozen=True, slots=True)
class Side:
    """One store's things."""

    store: Store
    order: Order
    comment: Comment
    run_id: uuid.UUID
    batch: Batch
    message: Message
    template: Template
    merchant: Merchant
    person: User
    token: ApiToken
    parked: Quarantined
    export: ComplianceRequest


@dataclass(frozen=True, slots=True)
class World:
    north: Side
    south: Side
    users: Mapping[str, User]
    clients: Mapping[str, Client]

    def side(self, name: str) -> Side:
        return self.north if name == "north" else self.south


@scopes_disabled()
def make_world() -> World:
    north, south = make_store("North"), make_store(f"South {CANARY}", domain=f"{CANARY}.myshopify.com")
    users = {role: _account(role, is_staff=True, is_superuser=role == "administrator") for role in PEOPLE}
    for role in (Role.VIEWER, Role.AGENT, Role.MANAGER):
        Membership.objects.create(user=users[role.name.lower()], store=north, role=role)
    stranger = _account(f"{CANARY}-person", is_staff=True)
    Membership.objects.create(user=stranger, store=south, role=Role.MANAGER)
    clients = {"anonymous": Client(raise_request_exception=False)}
    for role, user in users.items():
        clients[role] = Client(raise_request_exception=False)
        clients[role].force_login(user)
    reader = create_token(
        users["agent"],
        name="reader",
        role=Role.VIEWER,
        scopes=["orders:read", "stores:read"],
        stores=[north],
        actor=actor_of(users["agent"]),
    )
    clients["token"] = Client(raise_request_exception=False, headers={"Authorization": f"Bearer {reader.secret}"})
    return World(
        north=_side(north, "north", person=users["agent"]),
        south=_side(south, CANARY, person=stranger),
        users=users,
        clients=clients,
    )


def _account(name: str, **fields: bool) -> User:
    """Without a password: making one costs more than the rest of the world together."""
    user = User(username=name, email=f"{name}@staff.example", **fields)
    user.set_unusable_password()
    user.save()
    return user


def _side(store: Store, word: str, *, person: User) -> Side:
    at = datetime(2026, 11, 3, tzinfo=UTC)
    merchant = Merchant.objects.create(name=f"{word} holding")
    store.merchant = merchant
    store.save(update_fields=["merchant"])
    order = make_order(
        store,
        customer=make_customer(store, name=f"Mrs {word}", email=f"{word}@example.com"),
        name=f"#{word}1",
        tags=[f"{word}-tag"],
        lines=[{"title": f"Mug {word}", "sku": f"sku-{word}"}],
        note=f"note {word}",
        shipping_address={"city": f"{word}town"},
        comment_count=1,
    )
    make_fulfillment_order(order, holds=["OTHER"])
    comment = Comment.objects.create(
        store=store, order=order, author=person, author_label=person.username, body=f"{word} comment"
    )
    write(
        [
            NewEntry(
                store_id=store.pk,
                order_id=order.pk,
                kind="tags.added",
                source=Source.STAFF,
                occurred_at=at,
                data={"tags": [f"{word}-tag"]},
                actor_label=person.username,
            )
        ]
    )
    SyncStream.objects.create(
        store=store, resource="orders", phase=SyncPhase.FOLLOWING, error_message=f"trouble {word}"
    )
    Proof.objects.create(
        store=store,
        state=ProofState.DIFFERS,
        requested_by=f"{word} person",
        finished_at=at,
        details=[{"gid": f"gid-{word}", "kind": "missing", "repaired": False}],
        remaining=1,
    )
    export = ComplianceRequest.objects.create(
        store=store,
        shop_domain=store.domain,
        shop_gid=store.gid,
        kind=ComplianceKind.EXPORT,
        state=ComplianceState.DONE,
        webhook_id=f"export-{word}",
        requested_by=f"{word} person",
        due_at=at,
        finished_at=at,
        expires_at=datetime(2126, 11, 3, tzinfo=UTC),
        receipt={"orders.mirror": 1},
    )
    ExportPiece.objects.create(store=store, request=export, number=1, content=json.dumps([{"name": f"Mrs {word}"}]))
    parked = Quarantined.objects.create(
        store=store, resource="orders", gid=f"gid-{word}", reason=f"odd {word}", raw=f"raw {word}"
    )
    changed = make_order(store, name=f"#{word}2")
    change = RemoteChange.objects.create(
        store=store,
        order=changed,
        verb=Verb.ADD_TAGS,
        payload={"tags": [f"{word}-tag"]},
        state=ChangeState.REFUSED,
        message=f"refused {word}",
        actor_label=person.username,
        run_id=uuid.uuid4(),
    )
    template = Template.objects.create(
        store=store, name=f"Template {word}", subject=f"Subject {word}", body=f"<p>{word}</p>"
    )
    batch = Batch.objects.create(
        template=template,
        name=f"Batch {word}",
        subject=f"Subject {word}",
        body=f"<p>{word}</p>",
        store_ids=[store.pk],
        total=1,
        state=BatchState.RUNNING,
        actor_label=person.username,
        user=person,
    )
    message = Message.objects.create(
        batch=batch, store=store, address=f"{word}@example.com", address_key=f"{word}@example.com", subject=f"To {word}"
    )
    MessageOrder.objects.create(store=store, message=message, order=order)
    token = ApiToken.objects.create(
        user=person, name=f"token {word}", prefix=f"p{word}"[:12], digest="0" * 64, scopes=["orders:read"]
    )
    return Side(store, order, comment, change.run_id, batch, message, template, merchant, person, token, parked, export)
