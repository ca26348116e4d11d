"""The access log: rows that only come, who saw whom, and what goes after its time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from time import perf_counter

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.utils import timezone
from django_scopes import scopes_disabled

from backoffice.core import access
from backoffice.core.actor import Actor, Role
from backoffice.core.choices import Door, Seen
from backoffice.core.models import AccessEntry
from backoffice.core.tasks import purge_job
from orders.models import Order
from orders.seen import note_orders, who_saw_customer, who_saw_order
from stores.models import Store
from stores.services.access import create_token
from tests.builders.orders import make_customer, make_order, make_orders

pytestmark = [pytest.mark.django_db, pytest.mark.row("REL-G07")]

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
LIST, LOG = "/admin/orders/order/", "/admin/core/accessentry/"


@pytest.fixture(autouse=True)
def _unscoped():
    with scopes_disabled():
        yield


def entry(at: datetime | None = None, **fields: object) -> AccessEntry:
    given = {"actor_label": "agent", "door": "admin", "what": "order.page", "store_ids": [1], "subjects": ["order:1"]}
    return AccessEntry.objects.create(**{**given, **({"at": at} if at else {}), **fields})


def test_a_row_cannot_be_changed():
    row = entry()
    for change in (
        lambda: AccessEntry.objects.update(actor_label="somebody else"),
        lambda: AccessEntry.objects.filter(pk=row.pk).update(at=LONG_AGO),
        row.save,
    ):
        with pytest.raises(IntegrityError, match="only added to"), transaction.atomic():
            change()
    row.refresh_from_db()
    assert row.actor_label == "agent"


@pytest.mark.parametrize("purging", ["on", "off"])
def test_a_row_within_its_time_cannot_be_deleted_even_by_what_purges(purging: str):
    row = entry(timezone.now() - timedelta(days=390))
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('backoffice.purging', %s, true)", [purging])
    with pytest.raises(IntegrityError, match="only added to"), transaction.atomic():
        row.delete()
    assert AccessEntry.objects.filter(pk=row.pk).exists()


def test_an_old_row_cannot_be_deleted_by_anything_else_than_the_purge():
    row = entry(LONG_AGO)
    with pytest.raises(IntegrityError, match="only added to"), transaction.atomic():
        row.delete()
    assert AccessEntry.objects.count() == 1


def test_the_nightly_purge_takes_what_is_older_than_thirteen_months_and_closes_the_door_behind_itself():
    now = timezone.now()
    entry(now - timedelta(days=400))
    entry(LONG_AGO)
    kept = [entry(now - timedelta(days=390)).pk, entry().pk]
    purge_job()
    assert sorted(AccessEntry.objects.values_list("pk", flat=True)) == kept
    late = entry(LONG_AGO)
    with pytest.raises(IntegrityError, match="only added to"), transaction.atomic():
        late.delete()


def test_a_page_that_cannot_be_noted_is_not_shown(
    agent: User, store: Store, monkeypatch: pytest.MonkeyPatch, client: Client
):
    order = make_order(store, customer=make_customer(store, name="Zoë Quist"))
    client.force_login(agent)
    client.raise_request_exception = False

    def fails(**fields: object) -> None:
        raise IntegrityError("no room")

    monkeypatch.setattr(AccessEntry.objects, "create", fails)
    for url in (LIST, f"{LIST}{order.pk}/", "/api/v1/orders/", f"/api/v1/orders/{order.pk}/"):
        answer = client.get(url)
        assert (answer.status_code, "Quist" in answer.content.decode()) == (500, False), url


def test_the_row_says_who_what_and_whom(agent: User, store: Store, client: Client):
    first = make_order(store, customer=make_customer(store))
    second = make_order(store)
    client.force_login(agent)
    assert client.get(LIST, headers={"X-Request-Id": "abcdefgh"}).status_code == 200
    row = AccessEntry.objects.get()
    assert (row.user_id, row.token_id, row.actor_label) == (agent.pk, None, agent.username)
    assert (row.door, row.what, row.store_ids, row.request_id) == ("admin", "order.list", [store.pk], "abcdefgh")
    assert set(row.subjects) == {f"order:{first.pk}", f"order:{second.pk}", f"customer:{first.customer_id}"}


def test_a_token_is_named_beside_its_account(agent: User, agent_actor: Actor, store: Store):
    make_order(store)
    made = create_token(agent, name="reader", role=Role.VIEWER, scopes=["orders:read"], actor=agent_actor)
    reader = Client(headers={"Authorization": f"Bearer {made.secret}"})
    assert reader.get("/api/v1/orders/").status_code == 200
    row = AccessEntry.objects.get()
    assert (row.user_id, row.token_id, row.actor_label, row.door) == (agent.pk, made.token.pk, "reader", "api")


def test_who_saw_a_customer_holds_his_orders_also_those_that_became_his_later(agent_actor: Actor, store: Store):
    customer, other = make_customer(store), make_customer(store)
    own, alien, later = make_order(store, customer=customer), make_order(store, customer=other), make_order(store)
    for order in (own, alien, later):
        note_orders(agent_actor, Seen.ORDER_PAGE, [order], door=Door.ADMIN)
    since = timezone.now() - timedelta(days=1)
    assert [row.subjects for row in who_saw_order(later, since=since)] == [[f"order:{later.pk}"]]
    assert who_saw_customer(customer, since=since).count() == 1
    Order.objects.filter(pk=later.pk).update(customer=customer)
    seen = who_saw_customer(customer, since=since)
    assert [row.subjects[-1] for row in seen] == [f"order:{later.pk}", f"order:{own.pk}"]
    assert not who_saw_customer(customer, since=timezone.now() + timedelta(minutes=1)).exists()


def test_who_saw_is_found_by_the_index_among_two_hundred_thousand_ids(agent_actor: Actor, store: Store):
    """Twenty thousand lists of ten orders, asked of one order."""
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO core_accessentry (actor_label, door, what, store_ids, subjects, request_id)
            SELECT 'agent', 'admin', 'order.list', ARRAY[%s::bigint],
                   ARRAY(SELECT 'order:' || ((n * 7 + m) %% 50000 + 1000000) FROM generate_series(1, 10) m), ''
            FROM generate_series(1, 20000) n""",
            [store.pk],
        )
        cursor.execute("ANALYZE core_accessentry")
    order = make_order(store)
    note_orders(agent_actor, Seen.ORDER_PAGE, [order], door=Door.ADMIN)
    found = who_saw_order(order, since=timezone.now() - timedelta(days=365))
    began = perf_counter()
    assert len(found) == 1
    assert perf_counter() - began < 1
    assert "core_access_subjects" in found.explain()


class TestThePage:
    def test_it_narrows_by_person_store_day_and_order(
        self, administrator: User, agent: User, agent_actor: Actor, store: Store, other_store: Store, client: Client
    ):
        order = make_order(store, name="#77")
        note_orders(agent_actor, Seen.ORDER_PAGE, [order], door=Door.ADMIN)
        entry(datetime(2026, 3, 4, 12, tzinfo=UTC), actor_label="former", store_ids=[other_store.pk])
        client.force_login(administrator)

        def shown(**query: object) -> tuple[bool, bool]:
            answer = client.get(LOG, query)
            assert answer.status_code == 200
            lines = [line.entry.actor_label for line in answer.context["lines"]]
            return agent.username in lines, "former" in lines

        assert shown() == (True, True)
        assert shown(person="", store="", day="", order="") == (True, True)
        assert shown(person=agent.pk) == (True, False)
        assert shown(store=other_store.pk) == (False, True)
        assert shown(day="2026-03-04") == (False, True)
        assert shown(day="2026-03-05") == (False, False)
        assert shown(order=order.pk) == (True, False)
        assert shown(order=order.pk, store=other_store.pk) == (False, False)

    @pytest.mark.parametrize("query", [{"day": "yesterday"}, {"order": "#77"}, {"person": "x"}, {"who": "me"}])
    def test_what_cannot_be_right_is_told_and_shows_nothing(
        self, administrator: User, client: Client, query: dict[str, str]
    ):
        entry()
        client.force_login(administrator)
        answer = client.get(LOG, query)
        assert (answer.status_code, answer.context["lines"]) == (400, [])
        assert b'role="alert"' in answer.content

    def test_it_is_paged_and_costs_as_many_queries_for_fifty_as_for_three(
        self, administrator: User, client: Client, django_assert_num_queries
    ):
        from django.test.utils import CaptureQueriesContext

        for _ in range(3):
            entry()
        client.force_login(administrator)
        client.get(LOG)
        with CaptureQueriesContext(connection) as few:
            client.get(LOG)
        for _ in range(57):
            entry(subjects=[f"order:{number}" for number in range(30)])
        with django_assert_num_queries(len(few)):
            first = client.get(LOG)
        assert len(first.context["lines"]) == 50
        assert first.context["lines"][0].more == 20
        assert len(client.get(f"{LOG}{first.context['older']}").context["lines"]) == 10

    def test_looking_at_the_log_is_for_administrators_and_leaves_no_row(
        self, administrator: User, manager: User, client: Client
    ):
        client.force_login(manager)
        assert client.get(LOG).status_code == 403
        client.force_login(administrator)
        assert client.get(LOG).status_code == 200
        assert AccessEntry.objects.count() == 0


def test_a_list_of_five_hundred_is_one_row(agent: User, store: Store, client: Client):
    make_orders(store, 500, customer=make_customer(store))
    client.force_login(agent)
    assert client.get("/api/v1/orders/", {"limit": 500}).status_code == 200
    assert len(AccessEntry.objects.get().subjects) == 501


def test_nothing_shown_is_nothing_noted(agent_actor: Actor):
    access.note(agent_actor, Seen.ORDER_LIST, door=Door.ADMIN, store_ids=[], subjects=[])
    assert AccessEntry.objects.count() == 0
