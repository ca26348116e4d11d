"""The OpenAPI document is valid, complete, and true: real answers are as it says."""

from __future__ import annotations

import re
import warnings
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django_scopes import scopes_disabled
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.validation import validate_schema

from backoffice.core.api.problems import CONTENT_TYPE
from notifications.models import Template
from orders.choices import Stage
from stores.models import Store
from tests.api.schema import document, faults
from tests.api.test_order_detail import full_order
from tests.builders.orders import make_order


@pytest.fixture(scope="module")
def api_document() -> dict[str, Any]:
    GENERATOR_STATS.reset()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = document()
    assert not GENERATOR_STATS
    return found


def test_the_document_is_valid_and_generated_without_a_warning(api_document: dict[str, Any]):
    validate_schema(api_document)


def test_every_address_of_the_api_is_described(api_document: dict[str, Any]):
    described = {re.sub(r"\{.*?\}", "{}", path) for path in api_document["paths"]}
    routed = {
        re.sub(r"<.*?>", "{}", f"/{route}")
        for route in _routes(get_resolver())
        if route.startswith("api/v1/") and not route.endswith(("schema/", "docs/"))
    }
    assert routed == described


def test_every_operation_has_words_a_scope_security_and_problems(api_document: dict[str, Any]):
    for path, methods in api_document["paths"].items():
        for method, operation in methods.items():
            name = f"{method} {path}"
            assert operation["summary"], name
            assert "Token scope" in operation["description"] or "not for tokens" in operation["description"], name
            assert {"token": []} in operation["security"], name
            for status in ("400", "401", "403", "429", "503"):
                problem = operation["responses"][status]["content"][CONTENT_TYPE]
                assert problem["schema"] == {"$ref": "#/components/schemas/Problem"}, name
                assert problem["examples"], name
            if "{" in path:
                assert "404" in operation["responses"], name
            if method != "get":
                assert any(parameter["name"] == "Idempotency-Key" for parameter in operation["parameters"]), name


def test_answers_are_as_the_document_says(
    api: Client, store: Store, other_store: Store, agent: User, api_document: dict[str, Any]
):
    order = full_order(store)
    foreign = make_order(other_store)
    with scopes_disabled():
        template = Template.objects.create(name="Delay", subject="About {{ name }}", body="<p>Hello</p>")

    def check(method: str, path: str, url: str, body: object = None) -> Any:
        answer = _send(api, method, url, body)
        data = answer.json() if answer.content else None
        wrong = faults(
            api_document,
            path=f"/api/v1/{path}",
            method=method,
            status=answer.status_code,
            content_type=answer.headers["Content-Type"],
            body=data,
        )
        assert wrong == []
        return data

    o = f"orders/{order.pk}/"
    check("get", "orders/", "orders/?limit=1")
    check("get", "orders/", "orders/?limit=1000")
    check("get", "orders/", "orders/?stage=nonsense&tags=x")
    check("get", "orders/{order_id}/", o)
    check("get", "orders/{order_id}/", f"orders/{foreign.pk}/")
    check("get", "orders/counts/", "orders/counts/")
    check("get", "orders/counts/", "orders/counts/?group_by=store")
    comment = check("post", "orders/{order_id}/comments/", f"{o}comments/", {"body": "Hello"})
    check("post", "orders/{order_id}/comments/", f"{o}comments/", {"bodyy": "Hello"})
    check("get", "orders/{order_id}/comments/", f"{o}comments/")
    check("get", "comments/{comment_id}/", f"comments/{comment['id']}/")
    check("patch", "comments/{comment_id}/", f"comments/{comment['id']}/", {"pinned": True})
    check("get", "orders/{order_id}/timeline/", f"{o}timeline/")
    check("post", "orders/{order_id}/tags/", f"{o}tags/", {"tags": ["new"]})
    check("post", "orders/{order_id}/unarchive/", f"{o}unarchive/", {})
    asked = check("post", "orders/{order_id}/archive/", f"{o}archive/", {})
    check("post", "orders/{order_id}/unarchive/", f"{o}unarchive/", {})
    check("get", "orders/{order_id}/", o)
    check("get", "runs/{run_id}/", f"runs/{asked['run_id']}/")
    deleted = make_order(store, stage=Stage.DELETED)
    act = "orders/actions/{verb}/"
    check("post", act, "orders/actions/archive/", {"ids": [deleted.pk, make_order(store).pk]})
    check("post", act, "orders/actions/archive/", {"filter": {}, "dry_run": True})
    check("get", "stores/", "stores/")
    check("get", "stores/{store_id}/", f"stores/{store.pk}/")
    check("get", "stores/{store_id}/", f"stores/{other_store.pk}/")
    check("get", "tokens/", "tokens/")
    check("get", "mail/templates/", "mail/templates/")
    check("get", "mail/templates/{template_id}/", f"mail/templates/{template.pk}/")
    mailing = {"ids": [order.pk], "template": template.pk}
    check("post", "mail/batches/", "mail/batches/", {**mailing, "dry_run": True})
    batch = check("post", "mail/batches/", "mail/batches/", mailing)
    check("get", "mail/batches/", "mail/batches/")
    for path in ("", "messages/"):
        check("get", f"mail/batches/{{batch_id}}/{path}", f"mail/batches/{batch['id']}/{path}")
    for verb in ("pause", "resume", "cancel", "resume"):
        check("post", f"mail/batches/{{batch_id}}/{verb}/", f"mail/batches/{batch['id']}/{verb}/", {})


def test_the_check_itself_finds_faults(api_document: dict[str, Any]):
    """A test of answers that can find nothing proves nothing."""
    true = {"as_of": None, "proof": {"level": "good", "sentence": "", "checked_at": None}}
    good = {
        **true,
        "history_from": None,
        "loading": None,
        "total": dict.fromkeys(("live", "to_fulfil", "to_settle", "to_archive"), 1),
    }
    good["total"] |= {"on_hold": 0, "to_fulfil_archiving": 0}
    asked = {"path": "/api/v1/orders/counts/", "method": "get", "status": 200, "content_type": "application/json"}
    assert faults(api_document, **asked, body=good) == []
    for bad in ({**good, "more": 1}, {"as_of": None}, {**good, "as_of": "yesterday"}, {**good, "total": {}}):
        assert faults(api_document, **asked, body=bad)


def test_document_and_page_need_no_other_server(browser: Client):
    assert Client().get("/api/v1/schema/").status_code == 401
    assert Client().get("/api/v1/docs/").status_code == 401
    schema = browser.get("/api/v1/schema/", headers={"Accept": "application/vnd.oai.openapi+json"})
    assert schema.json()["info"]["title"] == "Order back-office API"
    page = browser.get("/api/v1/docs/", headers={"Accept": "text/html"}).content.decode()
    loaded = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert any("swagger-ui-bundle.js" in address for address in loaded)
    assert [address for address in loaded if not address.startswith((settings.STATIC_URL, "/api/v1/docs/"))] == []


def _send(client: Client, method: str, url: str, body: object) -> HttpResponse:
    if body is None:
        return getattr(client, method)(f"/api/v1/{url}")
    return getattr(client, method)(f"/api/v1/{url}", body, content_type="application/json")


def _routes(resolver: URLResolver, prefix: str = "") -> list[str]:
    found: list[str] = []
    for entry in resolver.url_patterns:
        route = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            found += _routes(entry, route)
        elif isinstance(entry, URLPattern):
            found.append(route)
    return found
