"""Acts over the API: one order or many, by ids or by filter, with an outcome for each."""

from __future__ import annotations

import uuid

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from orders.choices import ChangeState, Source, Stage, Verb
from orders.models import Comment, Order, RemoteChange
from orders.verbs import VERBS
from stores.choices import StoreState
from stores.models import Store
from tests.api.conftest import MakeClient
from tests.builders.orders import make_order, make_orders
from tests.conftest_people import WITHOUT_WRITING

URL = "/api/v1/orders/"


def post(client: Client, url: str, body: object = None, **headers: str) -> HttpResponse:
    return client.post(url, body or {}, content_type="application/json", headers=headers)


def changes() -> list[RemoteChange]:
    return list(RemoteChange._base_manager.order_by("pk"))


@pytest.mark.row("FEAT-A34")
def test_archiving_is_asked_of_the_shop_and_can_be_followed(api: Client, store: Store, agent: User):
    order = make_order(store)
    answer = post(api, f"{URL}{order.pk}/archive/")
    assert answer.status_code == 202
    (change,) = changes()
    assert answer.json() == {
        "run_id": str(change.run_id),
        "run": f"http://testserver/api/v1/runs/{change.run_id}/",
        "asked": 1,
        "already": 0,
        "refused": [],
    }
    assert answer.headers["Location"] == answer.json()["run"]
    assert (change.verb, change.state, change.source, change.user_id) == (
        Verb.ARCHIVE,
        ChangeState.QUEUED,
        Source.API,
        agent.pk,
    )
    run = api.get(answer.json()["run"]).json()
    assert run["counts"] == {
        "total": 1,
        "waiting": 1,
        "confirmed": 0,
        "refused": 0,
        "skipped": 0,
        "uncertain": 0,
    }
    assert (run["finished"], run["results"][0]["order_name"], run["results"][0]["state"]) == (
        False,
        order.name,
        "queued",
    )
    shown = api.get(f"{URL}{order.pk}/").json()["pending_changes"]
    assert [(each["verb"], each["state"], each["run_id"]) for each in shown] == [
        ("archive", "queued", str(change.run_id))
    ]


def test_asking_twice_asks_once(api: Client, store: Store):
    order = make_order(store)
    post(api, f"{URL}{order.pk}/archive/")
    again = post(api, f"{URL}{order.pk}/archive/")
    assert (again.status_code, again.json()["asked"], again.json()["already"]) == (200, 0, 1)
    assert (again.json()["run_id"], again.json()["run"]) == (None, None)
    assert len(changes()) == 1


def test_a_refusal_of_one_order_is_a_problem_and_changes_nothing(api: Client, store: Store):
    cancelled = make_order(store, stage=Stage.CANCELLED, closed=True, closed_at="2026-11-02T10:00:00Z")
    answer = post(api, f"{URL}{cancelled.pk}/unarchive/")
    assert answer.status_code == 409
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert cancelled.name in answer.json()["detail"]
    Store._base_manager.filter(pk=store.pk).update(state=StoreState.PAUSED)
    paused = post(api, f"{URL}{make_order(store).pk}/archive/")
    assert (paused.status_code, paused.json()["code"]) == (409, "store_not_connected")
    assert changes() == []


@pytest.mark.row("FEAT-A18")
def test_tags_are_added_and_removed_by_the_service(api: Client, store: Store):
    order, other = make_order(store, tags=["VIP", "late"]), make_order(store, tags=["VIP", "late"])
    assert post(api, f"{URL}{order.pk}/tags/", {"tags": [" new ", "late", "vip"]}).status_code == 202
    assert api.delete(f"{URL}{other.pk}/tags/?tag=LATE&tag=gone").status_code == 202
    added, removed = changes()
    assert (added.verb, added.payload) == (Verb.ADD_TAGS, {"tags": ["new", "late", "vip"]})
    assert (removed.verb, removed.payload["tags"]) == (Verb.REMOVE_TAGS, ["late", "LATE", "gone"])


@pytest.mark.row("FEAT-A18")
@pytest.mark.parametrize(
    ("tags", "code", "field"),
    [
        (["x" * 41], "tag_too_long", "tags"),
        (["a,b"], "tag_with_comma", "tags"),
        (["  "], "blank", "tags.0"),
        ([], "min_length", "tags"),
        ([7], "invalid", "tags.0"),
        ("VIP", "not_a_list", "tags"),
        (None, "null", "tags"),
    ],
)
def test_tags_that_cannot_be_are_refused_before_anything_is_sent(
    api: Client, store: Store, tags: object, code: str, field: str
):
    order = make_order(store)
    answer = post(api, f"{URL}{order.pk}/tags/", {"tags": tags})
    assert answer.status_code == 400
    assert [(error["field"], error["code"]) for error in answer.json()["errors"]] == [(field, code)]
    assert changes() == []


def test_every_verb_of_the_table_has_its_door(api: Client, store: Store):
    for name, verb in VERBS.items():
        order = make_order(store)
        body: dict[str, object] = {"ids": [order.pk], "dry_run": True}
        for parameter in verb.parameters:
            body[parameter.name] = ["a"] if parameter.name == "tags" else "a"
        answer = post(api, reverse("api:order_action", args=[name]), body)
        assert answer.status_code == 200, (name, answer.content)
    assert changes() == []


def test_many_orders_by_ids_with_a_reason_for_each_refused(api: Client, store: Store, other_store: Store):
    ready, archived, deleted = (
        make_order(store),
        make_order(store, stage=Stage.ARCHIVED),
        make_order(store, stage=Stage.DELETED),
    )
    foreign = make_order(other_store)
    ids = [ready.pk, archived.pk, deleted.pk, foreign.pk, foreign.pk + 1000, ready.pk]
    answer = post(api, f"{URL}actions/archive/", {"ids": ids})
    assert answer.status_code == 202
    body = answer.json()
    assert (body["asked"], body["already"]) == (1, 1)
    assert [(each["order_id"], each["order_name"], each["code"]) for each in body["refused"]] == [
        (deleted.pk, deleted.name, "order_deleted"),
        (foreign.pk, "", "not_found"),
        (foreign.pk + 1000, "", "not_found"),
    ]
    assert [change.order_id for change in changes()] == [ready.pk]


@pytest.mark.row("REL-T05")
def test_many_orders_by_filter_stay_within_reach(api: Client, store: Store, other_store: Store):
    wanted = make_orders(store, 3, stage=Stage.TO_ARCHIVE)
    make_order(store)
    make_order(other_store, stage=Stage.TO_ARCHIVE)
    body = {"filter": {"stage": "to_archive", "store": [store.pk], "on_hold": False}}
    preview = post(api, f"{URL}actions/archive/", {**body, "dry_run": True})
    assert (preview.status_code, preview.json()["orders"], preview.json()["accepted"]) == (200, 3, 3)
    assert changes() == []
    assert post(api, f"{URL}actions/archive/", body).json()["asked"] == 3
    assert {change.order_id for change in changes()} == {order.pk for order in wanted}


def test_a_preview_names_refusals_and_warnings(api: Client, store: Store):
    open_order, deleted = make_order(store), make_order(store, stage=Stage.DELETED)
    answer = post(api, f"{URL}actions/archive/", {"ids": [open_order.pk, deleted.pk, 10**9], "dry_run": True})
    body = answer.json()
    assert (body["orders"], body["accepted"]) == (3, 1)
    assert {each["code"] for each in body["refused"]} == {"order_deleted", "not_found"}
    assert body["warned"] == [{"order_id": open_order.pk, "warnings": ["2 pieces are not shipped."]}]


def test_a_comment_on_many_is_done_at_once(api: Client, store: Store):
    orders = make_orders(store, 2)
    answer = post(api, f"{URL}actions/comment/", {"ids": [order.pk for order in orders], "body": "Called."})
    assert (answer.status_code, answer.json()["asked"], answer.json()["run"]) == (200, 2, None)
    assert Comment._base_manager.filter(body="Called.").count() == 2


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, ""),
        ({"ids": [1], "filter": {}}, ""),
        ({"ids": []}, "ids"),
        ({"ids": ["x"]}, "ids.0"),
        ({"ids": [2**63]}, "ids.0"),
        ({"ids": list(range(1, 1002))}, "ids"),
        ({"filter": {"stages": "live"}}, "stages"),
        ({"filter": {"stage": {"in": ["live"]}}}, "filter.stage"),
        ({"filter": []}, "filter"),
        ({"ids": [1], "tags": ["a"]}, "tags"),
        ({"ids": [1], "dryrun": True}, "dryrun"),
    ],
)
def test_bodies_that_say_nothing_clear_are_refused(api: Client, body: object, field: str):
    answer = post(api, f"{URL}actions/archive/", body)
    assert answer.status_code == 400, answer.content
    assert [error["field"] for error in answer.json()["errors"]] == [field]


def test_a_verb_that_needs_input_says_so_and_an_unknown_one_is_not_there(api: Client, store: Store):
    order = make_order(store)
    answer = post(api, f"{URL}actions/add_tags/", {"ids": [order.pk]})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "tags")
    assert post(api, f"{URL}actions/explode/", {"ids": [order.pk]}).status_code == 404


def test_a_filter_that_matches_too_many_is_refused(api: Client, store: Store, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("orders.reading.MOST_PICKED", 2)
    make_orders(store, 3)
    answer = post(api, f"{URL}actions/archive/", {"filter": {}})
    assert (answer.status_code, answer.json()["code"]) == (400, "too_many_orders")
    assert changes() == []


def test_a_run_is_seen_within_ones_stores_only(
    api: Client, store: Store, other_store: Store, administrator: User, viewer: User, client_with: MakeClient
):
    both = [make_order(store), make_order(other_store)]
    asked = post(client_with(administrator), f"{URL}actions/archive/", {"ids": [order.pk for order in both]})
    run = asked.json()["run"]
    assert client_with(administrator).get(run).json()["counts"]["total"] == 2
    seen = api.get(run).json()
    assert (seen["counts"]["total"], [row["order_id"] for row in seen["results"]]) == (1, [both[0].pk])
    assert api.get(f"/api/v1/runs/{uuid.uuid4()}/").status_code == 404
    RemoteChange._base_manager.filter(order=both[0]).delete()
    assert client_with(viewer).get(run).status_code == 404


def test_a_run_is_paged(api: Client, store: Store):
    orders = make_orders(store, 5)
    run = post(api, f"{URL}actions/archive/", {"ids": [order.pk for order in orders]}).json()["run"]
    first = api.get(run, {"limit": 3}).json()
    second = api.get(first["next"]).json()
    assert [row["order_id"] for row in first["results"] + second["results"]] == [order.pk for order in orders]
    assert second["next"] is None


def test_as_many_queries_for_thirty_orders_as_for_three(api: Client, store: Store):
    def queries(number: int) -> int:
        ids = [order.pk for order in make_orders(store, number)]
        with CaptureQueriesContext(connection) as captured:
            assert post(api, f"{URL}actions/archive/", {"ids": ids}).json()["asked"] == number
        return len(captured)

    queries(1)
    assert queries(3) == queries(30)
    assert Order._base_manager.filter(pending_verbs=["archive"]).count() == 34


@pytest.mark.row("FEAT-B1")
def test_the_api_says_what_is_missing_and_where_to_add_it(api: Client, poor: Store):
    order = make_order(poor)

    one = post(api, f"{URL}{order.pk}/archive/")

    assert (one.status_code, one.json()["code"]) == (409, "missing_scope")
    assert one.json()["errors"] == [
        {"field": "store.scopes", "code": "missing_scope", "detail": f"North: {WITHOUT_WRITING}"}
    ]
    preview = post(api, f"{URL}actions/add_tags/", {"ids": [order.pk], "tags": ["VIP"], "dry_run": True}).json()
    assert (preview["accepted"], [each["code"] for each in preview["refused"]]) == (0, ["missing_scope"])
    assert post(api, f"{URL}{order.pk}/comments/", {"body": "Called her."}).status_code == 201
    assert changes() == []
