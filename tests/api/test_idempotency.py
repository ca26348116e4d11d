"""Idempotency-Key: one effect per key, however a request is repeated, raced, changed or cut off."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from unittest import mock

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError, connection
from django.db.models.functions import Now
from django.http import HttpResponse
from django.test import Client

from backoffice.core.api import idempotency
from backoffice.core.errors import Busy
from backoffice.core.models import IdempotencyRecord
from orders.models import Comment, Order
from orders.services import comments
from stores.models import Store
from tests.api.conftest import MakeClient
from tests.builders.orders import make_order

pytestmark = pytest.mark.row("REL-P02")


def comment(client: Client, order: Order, key: str | None = "k-1", body: str = "Called.") -> HttpResponse:
    headers = {"Idempotency-Key": key} if key is not None else {}
    url = f"/api/v1/orders/{order.pk}/comments/"
    return client.post(url, {"body": body}, content_type="application/json", headers=headers)


def written() -> int:
    return Comment._base_manager.count()


def test_the_same_request_has_one_effect_and_one_answer(api: Client, store: Store):
    order = make_order(store)
    first, second = comment(api, order), comment(api, order)
    assert (first.status_code, second.status_code) == (201, 201)
    assert second.json() == first.json()
    assert second.headers["Location"] == first.headers["Location"]
    assert second.headers["Content-Type"] == first.headers["Content-Type"] == "application/json"
    assert "Idempotent-Replayed" not in first.headers
    assert second.headers["Idempotent-Replayed"] == "true"
    assert written() == 1


def test_without_a_key_nothing_is_promised(api: Client, store: Store):
    order = make_order(store)
    comment(api, order, key=None)
    comment(api, order, key=None)
    assert written() == 2
    assert not IdempotencyRecord.objects.exists()


def test_an_answer_without_content_is_repeated_without_content(api: Client, store: Store):
    pk = comment(api, make_order(store)).json()["id"]
    answers = [api.delete(f"/api/v1/comments/{pk}/", headers={"Idempotency-Key": "d"}) for _ in range(2)]
    assert [(answer.status_code, answer.content) for answer in answers] == [(204, b""), (204, b"")]


def test_another_request_under_the_key_is_refused(api: Client, store: Store):
    order, other = make_order(store), make_order(store)
    comment(api, order)
    for answer in (comment(api, order, body="Other."), comment(api, other)):
        assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")
    assert written() == 1


def test_keys_of_two_tokens_do_not_meet(agent: User, store: Store, client_with: MakeClient):
    order = make_order(store)
    answers = [comment(client_with(agent), order) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert written() == 2


def test_a_refusal_is_kept_as_well(api: Client, store: Store):
    order = make_order(store)
    first, second = comment(api, order, body=" "), comment(api, order, body=" ")
    assert (first.status_code, second.status_code) == (400, 400)
    assert second.json() == first.json()
    assert second.headers["Content-Type"] == "application/problem+json"
    assert second.headers["Idempotent-Replayed"] == "true"


@pytest.mark.parametrize(
    ("error", "status"),
    [(OperationalError("away"), 503), (ZeroDivisionError(), 500), (Busy("busy", "Wait."), 409)],
)
def test_a_failure_that_may_pass_gives_the_key_back(api: Client, store: Store, error: Exception, status: int):
    order = make_order(store)
    with mock.patch.object(comments, "write", side_effect=error):
        assert comment(api, order).status_code == status
    assert written() == 0
    assert not IdempotencyRecord.objects.exists()
    assert comment(api, order).status_code == 201
    assert written() == 1


@pytest.mark.parametrize("key", ["", "é", "x" * 256, "a\tb"])
def test_a_key_that_is_none_is_refused(api: Client, store: Store, key: str):
    answer = comment(api, make_order(store), key=key)
    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_invalid")
    assert written() == 0


def test_after_a_day_the_key_is_new(api: Client, store: Store):
    order = make_order(store)
    comment(api, order)
    IdempotencyRecord.objects.update(created_at=Now() - timedelta(hours=24, seconds=1))
    answer = comment(api, order, body="Another day.")
    assert (answer.status_code, answer.json()["body"]) == (201, "Another day.")
    assert written() == 2


def test_a_request_at_work_is_waited_for_and_a_dead_one_taken_over(api: Client, store: Store):
    order = make_order(store)
    with mock.patch.object(idempotency, "_settle"), mock.patch.object(idempotency, "_release"):
        comment(api, order, body="A")  # its process "dies" before it could settle
    Comment._base_manager.all().delete()  # and its transaction was never committed
    waiting = comment(api, order, body="A")
    assert (waiting.status_code, waiting.json()["code"]) == (409, "idempotency_in_progress")
    assert waiting.headers["Retry-After"] == "5"
    IdempotencyRecord.objects.update(locked_until=Now() - timedelta(seconds=1))
    assert comment(api, order, body="B").status_code == 422
    assert comment(api, order, body="A").status_code == 201
    assert written() == 1


def test_whoever_lost_the_key_undoes_its_write(api: Client, store: Store):
    order = make_order(store)
    original = comments.add_comment

    def slow(*args: object, **kwargs: object) -> Comment:
        made = original(*args, **kwargs)  # type: ignore[arg-type]
        # Meanwhile the lease ended and another request took the key.
        IdempotencyRecord.objects.update(locked_until=Now() + timedelta(seconds=500))
        return made

    with mock.patch.object(comments, "add_comment", slow):
        answer = comment(api, order)
    assert (answer.status_code, answer.json()["code"]) == (409, "idempotency_in_progress")
    assert written() == 0


@pytest.mark.django_db(transaction=True)
def test_many_at_the_same_instant_have_one_effect(api: Client, store: Store):
    order = make_order(store)
    start = threading.Barrier(8)

    def send(_number: int) -> tuple[int, str]:
        try:
            start.wait(timeout=20)
            answer = comment(api, order)
            return answer.status_code, answer.json().get("code", "")
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(send, range(8)))
    assert set(answers) <= {(201, ""), (409, "idempotency_in_progress")}
    assert (201, "") in answers
    assert written() == 1
    assert comment(api, order).headers["Idempotent-Replayed"] == "true"
