"""One error shape: whatever goes wrong, the answer is a problem with a code, a sentence and the request's id."""

from __future__ import annotations

import json
from unittest import mock

import pytest
from django.db import InterfaceError, OperationalError
from django.http import HttpResponse
from django.test import Client, override_settings
from django_scopes import ScopeError
from psycopg.errors import LockNotAvailable, QueryCanceled

from backoffice.core import errors
from orders.api import orders as view_module
from orders.models import Comment
from stores.models import Store
from tests.builders.orders import make_order

URL = "/api/v1/orders/"


def problem(answer: HttpResponse) -> dict[str, object]:
    assert answer.headers["Content-Type"] == "application/problem+json", answer.content
    body = json.loads(answer.content)
    assert set(body) == {"type", "title", "status", "detail", "code", "errors", "request_id"}
    assert body["status"] == answer.status_code
    assert body["type"] == f"urn:order-backoffice:problem:{body['code']}"
    assert body["request_id"] == answer.headers["X-Request-Id"]
    assert body["detail"]
    return body


def raising(error: BaseException) -> mock._patch[mock.Mock]:
    return mock.patch.object(view_module, "list_orders", side_effect=error)


def caused(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (errors.Refused("order_cancelled", "It is cancelled."), 409, "order_cancelled"),
        (errors.Invalid("tag_too_long", "Too long.", field="tags"), 400, "tag_too_long"),
        (errors.NotAllowed("not_allowed", "You may not."), 403, "not_allowed"),
        (errors.NotFound("gone_astray", "Order 7 of South is not yours."), 404, "not_found"),
        (errors.Busy("busy", "Wait."), 409, "busy"),
        (errors.Unreachable("shop_away", "The shop does not answer."), 502, "shop_away"),
        (OperationalError("server closed the connection"), 503, "database_away"),
        (InterfaceError("connection already closed"), 503, "database_away"),
        (caused(OperationalError("x"), QueryCanceled("timeout")), 503, "query_too_slow"),
        (caused(OperationalError("x"), LockNotAvailable("lock")), 503, "busy"),
    ],
)
def test_errors_of_services_become_problems(api: Client, error: Exception, status: int, code: str):
    with raising(error):
        answer = api.get(URL)
    body = problem(answer)
    assert (body["status"], body["code"]) == (status, code)
    if code in {"busy", "database_away"}:
        assert answer.headers["Retry-After"] == "5"
    if status == 400:
        assert body["errors"] == [{"field": "tags", "code": "tag_too_long", "detail": "Too long."}]
    if status == 404:
        assert "South" not in str(body)


@pytest.mark.parametrize(
    "error", [ZeroDivisionError("secret detail"), ScopeError("no scope"), errors.BackofficeError("undecryptable", "x")]
)
def test_an_unknown_error_is_logged_and_answered_without_its_words(
    api: Client, error: Exception, caplog: pytest.LogCaptureFixture
):
    with raising(error):
        answer = api.get(URL)
    body = problem(answer)
    assert (body["status"], body["code"]) == (500, "server_error")
    assert "secret" not in answer.content.decode()
    assert any(record.exc_info and record.exc_info[1] is error for record in caplog.records)


def test_a_database_that_is_away_before_the_view_is_told_apart(api: Client):
    with mock.patch("stores.middleware.access_by_token", side_effect=OperationalError("no route")):
        answer = api.get(URL)
    assert problem(answer)["code"] == "database_away"
    assert answer.status_code == 503


def test_addresses_that_do_not_exist_are_problems_under_api_only(api: Client):
    assert problem(api.get("/api/v1/nothing/"))["code"] == "not_found"
    assert problem(api.get("/api/elsewhere"))["status"] == 404
    assert api.get("/nothing").headers["Content-Type"].startswith("text/html")


def test_a_missing_order_and_a_foreign_one_are_the_same(api: Client, other_store: Store):
    foreign = make_order(other_store)
    bodies = []
    for pk in (foreign.pk, foreign.pk + 100_000, 2**63 - 1, 10**40):
        for path in ("", "timeline/", "comments/"):
            body = problem(api.get(f"{URL}{pk}/{path}"))
            body.pop("request_id")
            bodies.append(body)
    assert all(body == bodies[0] for body in bodies)
    assert bodies[0]["status"] == 404


@pytest.mark.row("REL-P09")
@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ('{"body": "a", "body": "b"}', "The name “body” stands twice in one object."),
        ('{"body": "a", "x": {"y": 1, "y": 2}}', "The name “y” stands twice in one object."),
        ('{"body": NaN}', "NaN is no JSON number."),
        ('{"body": -Infinity}', "-Infinity is no JSON number."),
        ("[]", "The body must be a JSON object, such as {}."),
        ('"text"', "The body must be a JSON object, such as {}."),
        ('{"body": "a"', "The body is no JSON: line 1, column 13."),
        ("", "The body must be a JSON object"),
        (b'{"body": "\xff"}', "The body is not UTF-8 text."),
        ("[" * 100_000, "The body is nested too deep or holds a number that is too long."),
        ('{"body": ' + "9" * 10_000 + "}", "The body is nested too deep or holds a number that is too long."),
    ],
)
def test_malformed_bodies_are_refused(api: Client, store: Store, body: str | bytes, sentence: str):
    order = make_order(store)
    answer = api.post(f"{URL}{order.pk}/comments/", body, content_type="application/json")
    assert answer.status_code == 400
    if body:
        assert problem(answer)["detail"] == sentence
    assert not Comment._base_manager.exists()


@pytest.mark.row("REL-P09")
@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/xml"],
)
def test_other_content_types_are_refused(api: Client, store: Store, content_type: str):
    order = make_order(store)
    answer = api.post(f"{URL}{order.pk}/comments/", b"body=hello", content_type=content_type)
    assert (answer.status_code, problem(answer)["code"]) == (415, "unsupported_media_type")
    assert not Comment._base_manager.exists()


@pytest.mark.row("REL-P09")
def test_methods_are_what_they_say(api: Client, store: Store):
    order = make_order(store)
    for method in ("put", "patch", "delete", "options", "trace"):
        answer = getattr(api, method)(URL)
        assert answer.status_code == 405, method
    assert api.head(URL).status_code == 200
    overridden = api.get(URL, headers={"X-HTTP-Method-Override": "DELETE"})
    assert overridden.status_code == 200
    assert problem(api.post(f"{URL}{order.pk}/"))["code"] == "method_not_allowed"


def test_an_answer_that_cannot_be_given_as_asked_is_refused(api: Client):
    answer = api.get(URL, headers={"Accept": "text/csv"})
    assert (answer.status_code, problem(answer)["code"]) == (406, "not_acceptable")


@override_settings(DATA_UPLOAD_MAX_MEMORY_SIZE=1000)
def test_a_body_that_is_too_large_is_refused_before_it_is_read(api: Client, store: Store):
    order = make_order(store)
    answer = api.post(f"{URL}{order.pk}/comments/", {"body": "x" * 2000}, content_type="application/json")
    assert (answer.status_code, problem(answer)["code"]) == (413, "body_too_large")


@pytest.mark.row("REL-P03")
def test_names_that_a_body_does_not_have_are_refused(api: Client, store: Store, other_store: Store):
    order = make_order(store)
    model_fields = [field.name for field in Comment._meta.get_fields() if field.name != "body"]
    for name in (*model_fields, "is_superuser", "store_id", "bodyy"):
        answer = api.post(
            f"{URL}{order.pk}/comments/", {"body": "hello", name: other_store.pk}, content_type="application/json"
        )
        assert answer.status_code == 400, name
        assert [(error["field"], error["code"]) for error in problem(answer)["errors"]] == [  # type: ignore[attr-defined]
            (name, "parameter_unknown")
        ]
    assert not Comment._base_manager.exists()
