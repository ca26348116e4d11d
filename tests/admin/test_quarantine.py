"""The quarantine for staff and for programs: what is parked, trying it again, and what the shop answered."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import connection
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_q.models import OrmQ
from django_scopes import scopes_disabled

from backoffice.core.models import AuditEntry
from stores.choices import ParkCause
from stores.models import Quarantined, Store
from tests.admin.conftest import text_of
from tests.api.conftest import client_with  # noqa: F401 - a fixture

pytestmark = pytest.mark.django_db
RAW = '{"email":"anna@example.com","x":"<b>"}'


@pytest.fixture(autouse=True)
def _unscoped():
    with scopes_disabled():
        yield


@pytest.fixture
def parked(store: Store) -> Quarantined:
    return Quarantined.objects.create(
        store=store,
        resource="orders",
        gid="gid://shopify/Order/77",
        cause=ParkCause.UNREADABLE,
        reason="The shop's answer could not be read at totalPriceSet.",
        raw=RAW,
        seen=3,
        next_attempt_at=timezone.now() + timedelta(hours=5),
    )


def page(store: Store, rest: str = "") -> str:
    return f"/admin/stores/store/{store.pk}/quarantine/{rest}"


def api(store: Store, rest: str = "") -> str:
    return f"/api/v1/stores/{store.pk}/quarantine/{rest}"


def test_the_list_says_why_what_to_do_how_often_and_when_next(agents_browser, store, parked):
    text = text_of(agents_browser.get(page(store)))
    for words in (
        parked.gid,
        "Answer not readable",
        "could not be read at totalPriceSet",
        "update this software",
        "3 times",
        "0 tries so far",
        f"{store.admin_url}/orders/77",
        "Try all again",
    ):
        assert words in text, words
    assert "anna@example.com" not in text
    assert "Shop's answer" not in text  # for managers alone


def test_a_viewer_looks_and_tries_nothing(signed_in, viewer, store, parked):
    browser = signed_in(viewer)
    assert "quarantine/retry" not in text_of(browser.get(page(store)))
    assert browser.post(page(store, "retry/")).status_code == 403


def test_one_and_all_are_tried_again(agents_browser, store, parked):
    other = Quarantined.objects.create(
        store=store, resource="orders", gid="gid://shopify/Order/78", reason="odd", next_attempt_at=Now()
    )
    response = agents_browser.post(page(store, "retry/"), {"item": parked.pk}, follow=True)
    assert "1 is being tried again." in text_of(response)
    parked.refresh_from_db()
    other.refresh_from_db()
    assert (parked.next_attempt_at, other.next_attempt_at is None) == (None, False)
    assert OrmQ.objects.count() == 1
    assert "2 are being tried again." in text_of(agents_browser.post(page(store, "retry/"), follow=True))
    assert agents_browser.get(page(store, "retry/")).status_code == 405
    assert agents_browser.post(page(store, "retry/"), {"item": "x"}).status_code == 404


def test_a_manager_sees_what_the_shop_answered_and_it_is_noted(signed_in, manager, store, parked):
    browser = signed_in(manager)
    assert browser.get(page(store, f"{parked.pk}/answer/")).status_code == 405
    assert AuditEntry.objects.filter(action="quarantine.raw_shown").count() == 0

    response = browser.post(page(store, f"{parked.pk}/answer/"))

    assert response.status_code == 200
    assert "no-store" in response["Cache-Control"]
    assert b"anna@example.com" in response.content
    assert b"<b>" not in response.content
    entry = AuditEntry.objects.get(action="quarantine.raw_shown")
    assert (entry.store_id, entry.subject, entry.actor_label) == (store.pk, parked.gid, "manager")


def test_nobody_else_does(agents_browser, store, other_store, parked):
    assert agents_browser.post(page(store, f"{parked.pk}/answer/")).status_code == 403
    assert agents_browser.post(page(other_store, f"{parked.pk}/answer/")).status_code == 404
    assert AuditEntry.objects.count() == 0


def test_fifty_rows_cost_as_many_queries_as_three_and_decrypt_nothing(agents_browser, store, monkeypatch):
    from backoffice.core import crypto

    def add(number: int) -> None:
        for _ in range(number):
            count = Quarantined.objects.count()
            Quarantined.objects.create(store=store, resource="orders", gid=f"g{count}", reason="odd", raw="x")

    def cost() -> int:
        cache.clear()
        with CaptureQueriesContext(connection) as queries:
            assert agents_browser.get(page(store)).status_code == 200
        return len(queries)

    add(3)
    opened = []
    monkeypatch.setattr(crypto, "decrypt", opened.append)
    few = cost()
    add(47)
    assert cost() == few
    assert opened == []


def test_the_api_lists_retries_and_shows(manager, client_with, store, parked):  # noqa: F811 - the fixture
    client = client_with(manager)
    (row,) = client.get(api(store)).json()["results"]
    assert (row["gid"], row["cause"], row["seen"], row["attempts"]) == (parked.gid, "unreadable", 3, 0)
    assert row["remedy"].startswith("Shopify's answer has a shape")
    assert "answer" not in row

    answer = client.post(api(store, "retry/"), {"ids": [parked.pk]}, content_type="application/json")
    assert (answer.status_code, answer.json()) == (202, {"count": 1})
    wrong = client.post(api(store, "retry/"), {"id": 1}, content_type="application/json")
    assert wrong.status_code == 400

    shown = client.get(api(store, f"{parked.pk}/answer/"))
    assert shown.json() == {"gid": parked.gid, "answer": RAW}
    assert shown["Cache-Control"] == "no-store"
    assert AuditEntry.objects.filter(action="quarantine.raw_shown").count() == 1


def test_an_agents_token_sees_no_answer(agent, client_with, store, parked):  # noqa: F811 - the fixture
    client = client_with(agent)
    assert client.get(api(store, f"{parked.pk}/answer/")).status_code == 403
    assert client.get(api(store, "999/answer/")).status_code == 404
