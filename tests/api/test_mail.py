"""Mail over the API: plan, start, watch, switch; one mail for each customer and store."""

from __future__ import annotations

import uuid

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django_scopes import scopes_disabled

from backoffice.core.actor import Role
from notifications.choices import BatchState, MessageState
from notifications.models import Batch, Message, Template
from orders.choices import Source
from stores.models import Store
from tests.api.conftest import MakeClient
from tests.builders.orders import make_customer, make_order

URL = "/api/v1/mail/batches/"
TEXT = {"subject": "About {{ order_names }}", "body": "<p>Hello {{ customer.first_name }}</p>"}


def post(client: Client, url: str, body: object = None, **headers: str) -> HttpResponse:
    return client.post(url, body or {}, content_type="application/json", headers=headers)


def addressed(store: Store, name: str, orders: int) -> list[int]:
    customer = make_customer(store, name=name, email=f"{name.split()[0].lower()}@example.com")
    return [make_order(store, customer=customer).pk for _ in range(orders)]


@pytest.mark.row("FEAT-A7")
def test_one_mail_for_each_customer_and_a_reason_for_each_left_out(api: Client, store: Store, other_store: Store):
    ids = [*addressed(store, "Anna de Vries", 3), *addressed(store, "Bob Smit", 1)]
    nobody = make_order(store).pk
    foreign = addressed(other_store, "South Person", 1)
    body = {"ids": [*ids, nobody, *foreign], **TEXT}
    plan = post(api, URL, {**body, "dry_run": True})
    assert plan.status_code == 200
    assert (plan.json()["recipients"], plan.json()["orders"]) == (2, 4)
    left_out = [(each["order_id"], each["order_name"] != "") for each in plan.json()["left_out"]]
    assert left_out == [(nobody, True), (foreign[0], False)]
    assert not Batch._base_manager.exists()

    started = post(api, URL, body)
    assert started.status_code == 201
    shown = started.json()
    assert started.headers["Location"] == f"http://testserver{URL}{shown['id']}/"
    assert (shown["state"], shown["progress"]["total"], shown["progress"]["queued"]) == ("running", 2, 2)
    assert [each["code"] for each in shown["left_out"]] == [each["code"] for each in plan.json()["left_out"]]
    assert Batch._base_manager.get().source == Source.API
    messages = api.get(f"{URL}{shown['id']}/messages/").json()["results"]
    assert sorted((each["address"], len(each["orders"])) for each in messages) == [
        ("anna@example.com", 3),
        ("bob@example.com", 1),
    ]


def test_the_same_key_starts_one_batch(api: Client, store: Store):
    body = {"ids": addressed(store, "Anna de Vries", 1), **TEXT}
    answers = [post(api, URL, body, **{"Idempotency-Key": "mail-1"}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    assert Batch._base_manager.count() == 1
    assert Message._base_manager.count() == 1


def test_a_batch_is_paused_resumed_and_cancelled(api: Client, store: Store):
    batch = post(api, URL, {"ids": addressed(store, "Anna de Vries", 1), **TEXT}).json()
    url = f"{URL}{batch['id']}/"
    assert post(api, f"{url}pause/").json()["state"] == BatchState.PAUSED
    assert post(api, f"{url}resume/").json()["state"] == BatchState.RUNNING
    cancelled = post(api, f"{url}cancel/").json()
    assert (cancelled["state"], cancelled["progress"]["cancelled"]) == (BatchState.CANCELLED, 1)
    over = post(api, f"{url}resume/")
    assert (over.status_code, over.json()["code"]) == (409, "batch_over")
    assert api.get(url).json()["state"] == BatchState.CANCELLED


def test_templates_are_those_of_all_stores_and_ones_own(api: Client, store: Store, other_store: Store):
    with scopes_disabled():
        Template.objects.all().delete()
        rows = [
            Template.objects.create(name=name, store=of, subject="S", body="B")
            for name, of in (("All", None), ("North", store), ("South", other_store))
        ]
    assert [row["name"] for row in api.get("/api/v1/mail/templates/").json()["results"]] == ["All", "North"]
    assert api.get(f"/api/v1/mail/templates/{rows[1].pk}/").json()["store_id"] == store.pk
    assert api.get(f"/api/v1/mail/templates/{rows[2].pk}/").status_code == 404
    ids = addressed(store, "Anna de Vries", 1)
    assert post(api, URL, {"ids": ids, "template": rows[2].pk}).status_code == 404
    assert post(api, URL, {"ids": ids, "template": rows[0].pk}).status_code == 201


@pytest.mark.row("REL-T10")
def test_a_batch_over_two_stores_shows_each_side_its_own(
    store: Store, other_store: Store, agent: User, administrator: User, outsider: User, client_with: MakeClient
):
    ids = [*addressed(store, "Anna de Vries", 1), *addressed(other_store, "South Person", 2)]
    ids += addressed(other_store, "Canary Bird", 1)
    batch = post(client_with(administrator), URL, {"ids": ids, **TEXT}).json()
    assert batch["progress"]["total"] == 3
    url = f"{URL}{batch['id']}/"
    own = client_with(agent).get(url).json()
    assert (own["progress"]["total"], own["store_ids"]) == (1, [store.pk])
    seen = client_with(agent).get(f"{url}messages/").json()["results"]
    assert [each["address"] for each in seen] == ["anna@example.com"]
    # He may not switch what also writes for others.
    assert post(client_with(agent), f"{url}pause/").status_code == 403
    assert client_with(outsider).get(url).status_code == 404
    assert client_with(outsider).get(f"{url}messages/").status_code == 404
    assert client_with(outsider).get(URL).json()["results"] == []
    assert client_with(agent).get(f"{URL}{uuid.uuid4()}/").status_code == 404


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"subject": None}, "subject"),
        ({"body": ""}, "body"),
        ({"body": "{% include 'x' %}"}, "body"),
        ({"body": "{{ nonsense"}, "body"),
        ({"template": 1}, ""),
        ({"from": "ceo@example.com"}, "from"),
        ({"headers": {"Bcc": "x"}}, "headers"),
    ],
)
def test_texts_that_cannot_be_are_refused_by_name(api: Client, store: Store, change: dict[str, object], field: str):
    body = {"ids": addressed(store, "Anna de Vries", 1), **TEXT, **change}
    answer = post(api, URL, body)
    assert answer.status_code == 400, answer.content
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert not Batch._base_manager.exists()


def test_who_may_not_send_does_not(store: Store, viewer: User, agent: User, outsider: User, client_with: MakeClient):
    body = {"ids": addressed(store, "Anna de Vries", 1), **TEXT}
    for client in (
        client_with(viewer),
        client_with(outsider),
        client_with(agent, role=Role.VIEWER),
        client_with(agent, scopes=["orders:read", "orders:write"]),
    ):
        assert post(client, URL, body).status_code == 403
    assert not Batch._base_manager.exists()
    empty = post(client_with(agent), URL, {"ids": [10**9], **TEXT})
    assert (empty.status_code, empty.json()["code"]) == (409, "no_recipients")


def test_as_many_queries_for_thirty_messages_as_for_three(api: Client, store: Store):
    def queries(number: int) -> int:
        ids = [pk for n in range(number) for pk in addressed(store, f"P{number}x{n} de Vries", 1)]
        batch = post(api, URL, {"ids": ids, **TEXT}).json()["id"]
        with CaptureQueriesContext(connection) as captured:
            assert len(api.get(f"{URL}{batch}/messages/").json()["results"]) == number
        return len(captured)

    queries(1)
    assert queries(3) == queries(30)
    assert Message._base_manager.filter(state=MessageState.QUEUED).count() == 34
