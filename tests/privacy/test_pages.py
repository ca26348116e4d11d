"""Where people meet the desk: the store's page, the API, and the download that is noted each time."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.db.models import F
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django_scopes import scopes_disabled

from backoffice.core.models import AuditEntry
from orders.models import Order
from stores.models import ComplianceRequest, Store
from tests.builders.orders import make_customer, make_order

from .desk import work_off

pytestmark = pytest.mark.django_db


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def page_of(store: Store) -> str:
    return f"/admin/stores/store/{store.pk}/privacy/"


def zenobia(store: Store) -> Order:
    return make_order(store, customer=make_customer(store, name="Zenobia Quartermain", email="zenobia@example.com"))


def test_an_export_is_asked_for_downloaded_noted_and_gone_after_a_week(store: Store, manager: User) -> None:
    zenobia(store)
    client = signed_in(manager)
    assert client.post(page_of(store), {"kind": "export", "who": "zenobia@example.com"}).status_code == 302
    work_off(store)
    with scopes_disabled():
        asked = ComplianceRequest.objects.get()

    answer = client.post(f"{page_of(store)}{asked.pk}/export/")
    held = json.loads(b"".join(answer.streaming_content))
    assert "no-store" in answer.headers["Cache-Control"]
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="personal-data-')
    assert held["shop"] == store.domain
    assert [one["kind"] for one in held["held"]] == ["order", "customer"]
    assert held["held"][1]["name"] == "Zenobia Quartermain"
    over_the_api = client.get(f"/api/v1/stores/{store.pk}/privacy-requests/{asked.pk}/export/")
    assert json.loads(b"".join(over_the_api.streaming_content)) == held
    downloads = AuditEntry.objects.filter(action="privacy.export_downloaded")
    assert list(downloads.values_list("actor_label", "store_id")) == [("manager", store.pk)] * 2

    with scopes_disabled():
        ComplianceRequest.objects.update(expires_at=F("expires_at") - timedelta(days=8))
    assert client.post(f"{page_of(store)}{asked.pk}/export/").status_code == 302
    late = client.get(f"/api/v1/stores/{store.pk}/privacy-requests/{asked.pk}/export/")
    assert (late.status_code, late.json()["code"]) == (409, "export_not_ready")
    assert downloads.count() == 2


def test_an_erasure_wants_the_address_twice_and_shows_numbers_alone(store: Store, manager: User) -> None:
    order = zenobia(store)
    client = signed_in(manager)
    once = {"kind": "erase_person", "who": "zenobia@example.com", "confirmation": ""}
    refused = client.post(page_of(store), once)
    assert refused.status_code == 400
    assert "Type the same address or id again" in refused.content.decode()
    assert client.post(page_of(store), once | {"confirmation": once["who"]}).status_code == 302
    work_off(store)

    shown = client.get(page_of(store)).content.decode()
    assert "orders.mirror: 2" in shown
    assert "zenobia" not in shown.casefold()
    with scopes_disabled():
        order.refresh_from_db()
    assert order.email == ""


def test_the_list_takes_as_many_queries_for_thirty_as_for_three(store: Store, manager: User) -> None:
    client = signed_in(manager)

    def ask(number: int) -> int:
        with scopes_disabled():
            for index in range(number):
                ComplianceRequest.objects.create(
                    store=store, shop_domain=store.domain, shop_gid=store.gid, kind="export", state="done",
                    webhook_id=f"{number}-{index}", requested_by="x", due_at=store.connected_at,
                    expires_at=store.connected_at + timedelta(days=7),
                )  # fmt: skip
        with CaptureQueriesContext(connection) as captured:
            assert client.get(page_of(store)).status_code == 200
        return len(captured)

    ask(1)  # what is read once and remembered
    assert ask(3) == ask(30)


def test_the_receipts_over_the_api_name_nobody(store: Store, manager: User, agent: User) -> None:
    zenobia(store)
    client = signed_in(manager)
    client.post(page_of(store), {"kind": "export", "who": "zenobia@example.com"})
    answer = client.get(f"/api/v1/stores/{store.pk}/privacy-requests/")
    (row,) = answer.json()["results"]
    assert (row["kind"], row["state"], row["requested_by"], row["receipt"]) == ("export", "waiting", "manager", {})
    assert "zenobia" not in answer.content.decode()
    assert signed_in(agent).get(f"/api/v1/stores/{store.pk}/privacy-requests/").status_code == 403
