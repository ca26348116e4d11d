"""The filter vocabulary over the API: what each name finds, and that nothing misspelt is ever ignored."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.utils import timezone
from django_scopes import scopes_disabled
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backoffice.core.errors import InvalidFields
from orders.choices import Stage
from orders.filters import NAMES, select
from orders.models import Order
from orders.reading import list_orders
from stores.models import Store
from stores.services.access import actor_of
from tests.builders.orders import make_customer, make_fulfillment_order, make_order

URL = "/api/v1/orders/"


def found(client: Client, **query: object) -> list[str]:
    answer = client.get(URL, query)
    assert answer.status_code == 200, answer.content
    return sorted(row["name"] for row in answer.json()["results"])


def refused(client: Client, **query: object) -> list[tuple[str, str]]:
    answer = client.get(URL, query)
    assert answer.status_code == 400, answer.content
    return [(error["field"], error["code"]) for error in answer.json()["errors"]]


def test_stages_narrow_and_add_up(api: Client, store: Store):
    made = {stage: make_order(store, stage=stage).name for stage in Stage}
    for stage in Stage:
        assert found(api, stage=stage.value) == [made[stage]]
    live = sorted([made[Stage.TO_FULFIL], made[Stage.TO_SETTLE], made[Stage.TO_ARCHIVE]])
    assert found(api, stage="live") == found(api) == live
    assert found(api, stage="live,archived") == sorted([*live, made[Stage.ARCHIVED]])
    assert found(api, stage=["to_fulfil", "ARCHIVED"]) == sorted([made[Stage.TO_FULFIL], made[Stage.ARCHIVED]])


def test_orders_are_found_by_their_risk_and_their_dispute(api: Client, store: Store):
    grave = make_order(store, risk_level="HIGH", risk_recommendation="CANCEL").name
    calm = make_order(store, risk_level="LOW", dispute_status="NEEDS_RESPONSE").name
    unknown = make_order(store).name

    assert found(api, risk="high") == [grave]
    assert found(api, risk="LOW,NONE") == sorted([calm, unknown])
    assert found(api, dispute="NEEDS_RESPONSE,UNDER_REVIEW") == [calm]
    assert refused(api, risk="grave") == [("risk", "value_unknown")]


def test_orders_whose_payment_is_overdue_are_found_by_its_day(api: Client, store: Store):
    make_order(store)
    overdue = make_order(store, payment_due_at=timezone.now() - timedelta(days=3)).name
    waiting = make_order(store, payment_due_at=timezone.now() + timedelta(days=3)).name

    assert found(api, q="payment_due<today") == [overdue]
    assert found(api, q="payment_due>=today") == [waiting]


@pytest.mark.row("FEAT-A28")
def test_the_four_states_are_filtered_apart_and_combined(api: Client, store: Store):
    combinations = list(product(("PAID", "PENDING"), ("UNFULFILLED", "ON_HOLD"), ("NO_RETURN", "IN_PROGRESS")))
    made = {
        each: make_order(store, financial_status=each[0], fulfillment_status=each[1], return_status=each[2]).name
        for each in combinations
    }
    assert found(api, payment="paid") == sorted(name for each, name in made.items() if each[0] == "PAID")
    assert found(api, fulfilment="ON_HOLD") == sorted(name for each, name in made.items() if each[1] == "ON_HOLD")
    for each, name in made.items():
        assert found(api, payment=each[0], fulfilment=each[1], **{"return": each[2]}) == [name]


def test_tags_are_found_whatever_their_case_any_all_none(api: Client, store: Store):
    both = make_order(store, tags=["VIP", "Straße"]).name
    one = make_order(store, tags=["vip"]).name
    none = make_order(store).name
    assert found(api, tag="Vip") == sorted([both, one])
    assert found(api, tag=["STRASSE", "nowhere"]) == [both]
    assert found(api, tag_all="vip,strasse") == [both]
    assert found(api, tag_none="strasse") == sorted([one, none])
    assert found(api, untagged="true") == [none]
    assert found(api, untagged="false") == sorted([both, one])


def test_people_and_numbers_are_found(api: Client, store: Store, other_store: Store):
    anna = make_customer(store, name="Anna de Vries", email="Anna@Example.com")
    order = make_order(store, customer=anna, name="#20777").name
    make_order(store, customer=make_customer(store, name="100% Bo_b", email="bob@example.com"), name="#30888")
    make_order(other_store, customer=make_customer(other_store, name="Anna South"), name="#20779")
    assert found(api, email="anna@example.COM") == [order]
    assert found(api, name="20777") == found(api, name="#20777") == [order]
    assert found(api, customer=anna.pk) == found(api, customer=anna.gid) == [order]
    for words in ("vries", "ANNA de", "077", "anna@exam", "20777 vries"):
        assert found(api, q=words) == [order], words
    assert found(api, q="77") == found(api, q="anna bob") == []
    # Wildcards of LIKE stand for themselves.
    assert found(api, q="100% bo_b") == ["#30888"]
    assert found(api, q="1__% x_b") == found(api, q="%%%") == []


def test_times_are_bounded_from_included_to_before(api: Client, store: Store):
    at = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
    order = make_order(store, processed_at=at, created_at=at, updated_at=at).name
    for name in ("processed", "created", "updated"):
        assert found(api, **{f"{name}_from": "2026-11-02T09:30:00Z"}) == [order]
        assert found(api, **{f"{name}_from": "2026-11-02T10:30:00.001+01:00"}) == []
        assert found(api, **{f"{name}_before": "2026-11-02T09:30:00Z"}) == []
        assert found(api, **{f"{name}_from": "2026-11-02", f"{name}_before": "2026-11-03"}) == [order]


def test_age_counts_in_days(api: Client, store: Store):
    old = make_order(store, processed_at=timezone.now() - timedelta(days=8)).name
    new = make_order(store, processed_at=timezone.now() - timedelta(days=6)).name
    assert found(api, older_than_days=7) == [old]
    assert found(api, newer_than_days=7) == [new]


def test_holds_places_currencies_comments_and_pending_changes(api: Client, store: Store):
    held = make_order(store)
    make_fulfillment_order(held, holds=["INCORRECT_ADDRESS"])
    dutch = make_order(store, country_code="NL", presentment_currency="USD").name
    talked = make_order(store, comment_count=1).name
    pending = make_order(store, pending_verbs=["archive"]).name
    everything = sorted([held.name, dutch, talked, pending])
    assert found(api, on_hold="true") == found(api, hold_reason="incorrect_address") == [held.name]
    assert found(api, on_hold="false") == sorted([dutch, talked, pending])
    assert found(api, hold_reason="OTHER") == []
    assert found(api, country="nl") == found(api, currency="usd") == [dutch]
    assert found(api, has_comment="1") == [talked]
    assert found(api, pending="true") == [pending]
    assert found(api, pending="false", has_comment="false", country="nl,de") == [dutch]
    assert found(api) == everything


def test_a_store_is_named_by_id_or_domain_and_a_foreign_one_is_as_missing_as_any(
    api: Client, store: Store, other_store: Store
):
    own = make_order(store).name
    make_order(other_store)
    assert found(api, store=store.pk) == found(api, store=store.domain.upper()) == [own]
    details = set()
    for value in (other_store.pk, 999_999):
        answer = api.get(URL, {"store": value})
        assert answer.status_code == 400
        details.add(answer.json()["detail"].replace(str(value), "N"))
    assert details == {"There is no store “N” that you reach; give its id or its .myshopify.com domain."}
    assert refused(api, store=other_store.domain) == [("store", "store_unknown")]


def test_unknown_names_are_refused_with_the_nearest(api: Client):
    answer = api.get(URL, {"tags": "VIP", "paymnet": "PAID", "stage": "all"})
    assert answer.status_code == 400
    assert [(error["field"], error["code"], error["detail"]) for error in answer.json()["errors"]] == [
        ("tags", "parameter_unknown", "There is no parameter “tags”; did you mean “tag”?"),
        ("paymnet", "parameter_unknown", "There is no parameter “paymnet”; did you mean “payment”?"),
    ]


def test_values_that_cannot_be_right_are_refused_with_the_remedy(api: Client):
    answer = api.get(URL, {"payment": "PAYED"})
    assert answer.json()["errors"][0]["detail"] == "“PAYED” is no choice here; did you mean “PAID”?"
    answer = api.get(f"{URL}?updated_from=2026-11-02T10:30:00+01:00")
    assert answer.json()["errors"][0]["detail"] == "The + of the zone arrived as a space; write it as %2B, or use Z."


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("stage", "open"),
        ("stage", ""),
        ("on_hold", "maybe"),
        ("on_hold", ""),
        ("older_than_days", "-1"),
        ("older_than_days", "1e3"),
        ("older_than_days", "99999999999999999999"),
        ("created_from", "yesterday"),
        ("created_from", "0001-01-01T00:00:00+14:00"),
        ("created_from", "9999-12-31T23:59:59-14:00"),
        ("country", "NLD"),
        ("currency", "€"),
        ("customer", "anna"),
        ("email", "a\x00b"),
        ("q", "\x00"),
        ("q", "x" * 4001),
        ("q", "tag:"),
        ("q", "nothing:here"),
        ("q", "  "),
        ("tag", "," * 10),
        ("tag", "x" * 256),
        ("tag", ",".join(map(str, range(101)))),
        ("q", ["one", "two"]),
        ("on_hold", ["true", "false"]),
    ],
)
@pytest.mark.row("REL-P06")
def test_odd_values_are_refused_by_name(api: Client, name: str, value: object):
    assert [field for field, _code in refused(api, **{name: value})] == [name]


@pytest.mark.row("REL-P06")
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.sampled_from(sorted(NAMES)), text=st.text(max_size=300))
def test_any_text_is_understood_or_refused_and_never_a_failure(agent: User, store: Store, name: str, text: str):
    actor = actor_of(agent)
    with scopes_disabled():
        try:
            orders = list(select(list_orders(actor), {name: [text]}, actor=actor))
        except InvalidFields as error:
            wrong = {each.field for each in error.errors}
        else:
            wrong = set()
    assert wrong == {name} or orders == []


@pytest.mark.row("REL-P06")
def test_five_hundred_filters_and_heavy_patterns_end_quickly(api: Client, store: Store):
    make_order(store)
    started = time.monotonic()
    assert api.get(f"{URL}?{'&'.join(f'f{n}=1' for n in range(500))}").status_code == 400
    assert api.get(URL, {"q": "%_" * 100}).status_code == 200
    assert api.get(URL, {"q": "a" * 1_000_000}).status_code == 400
    assert time.monotonic() - started < 2


def test_search_can_use_the_trigram_indexes(store: Store, administrator: User):
    """By the planner's own word, told not to read the whole table, as it would not were it large."""
    make_order(store)
    actor = actor_of(administrator)
    with scopes_disabled():
        sample = Order.objects.get()
        Order.objects.bulk_create([_copy(sample, number) for number in range(1000)])
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE orders_order")
            cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute("SET LOCAL enable_indexscan = off")
        plan = select(list_orders(actor), {"q": ["2999zz"], "stage": ["all"]}, actor=actor).order_by().explain()
    for index in ("orders_name_trgm", "orders_email_trgm", "orders_customer_trgm"):
        assert index in plan


def _copy(order: Order, number: int) -> Order:
    values = {field.attname: getattr(order, field.attname) for field in Order._meta.concrete_fields}
    return Order(
        **(values | {"id": None, "gid": f"copy-{number}", "name": f"#C{number}", "email": f"{number}@x.example"})
    )
