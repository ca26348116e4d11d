"""What search texts select: every name of the table through both of its doors, and the algebra of conditions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone, translation
from django_scopes import scopes_disabled
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backoffice.core.actor import Actor
from backoffice.core.errors import InvalidFields
from orders.choices import Stage
from orders.fields import FIELDS, VOCABULARY
from orders.filters import explain, select
from orders.models import FulfillmentOrder, Order
from orders.query.given import Given
from orders.query.syntax import QueryError, parse
from orders.query.tree import All, Any, Node, Not, text_of
from orders.reading import list_orders
from stores.models import Store
from stores.services.calendars import CalendarWish, set_calendar
from tests.builders.orders import make_fulfillment_order, make_order

pytestmark = pytest.mark.django_db


def found(actor: Actor, text: str) -> list[str]:
    with scopes_disabled():
        orders = select(list_orders(actor), {"q": [text], "stage": ["all"]}, actor=actor)
        return sorted(orders.values_list("name", flat=True))


def refusal(actor: Actor, text: str) -> tuple[str, str, str]:
    """Code, what is pointed at, suggestion."""
    with scopes_disabled(), pytest.raises(InvalidFields) as refused:
        list(select(list_orders(actor), {"q": [text]}, actor=actor))
    (error,) = refused.value.errors
    assert error.field == "q"
    assert error.at is not None
    return error.code, text[slice(*error.at)], error.suggestion


@pytest.mark.parametrize("name", sorted(set(FIELDS) - {"store"}))
def test_every_name_is_understood_and_said_in_both_doors_and_languages(agent_actor: Actor, store: Store, name: str):
    field = FIELDS[name]
    assert field.kind.parameters(name, field.help)
    text = field.kind.example(name)
    make_order(store)
    found(agent_actor, text)
    found(agent_actor, f"-{text}")
    for alias in field.aliases:
        found(agent_actor, text.replace(name, alias, 1))
    with scopes_disabled():
        english = explain(text, actor=agent_actor)
        assert english
        with translation.override("nl"):
            assert explain(text, actor=agent_actor)


def test_names_and_aliases_are_each_used_once():
    names = [name for field in FIELDS.values() for name in (field.name, *field.aliases)]
    assert len(names) == len(set(names))
    for short in VOCABULARY.shortcuts:
        assert short not in names or short in FIELDS


@pytest.mark.parametrize(
    ("text", "code", "wrong", "suggestion"),
    [
        ("paymnet:paid", "field_unknown", "paymnet:paid", "payment"),
        ("zzz:1", "field_unknown", "zzz:1", ""),
        ("vip payment:payd", "value_unknown", "payd", "paid"),
        ("payment:paid,voded", "value_unknown", "voded", "voided"),
        ("payment>paid", "query_comparison", "payment>paid", ""),
        ("tag:a..b", "query_range", "a..b", ""),
        ("email:an*", "query_prefix", "an*", ""),
        ("created:tomorow", "value_invalid", "tomorow", ""),
        ("created:2026-02-30", "value_invalid", "2026-02-30", ""),
        ("age>3", "value_invalid", "3", ""),
        ("age:3d", "value_invalid", "3d", ""),
        ("total>ten", "value_invalid", "ten", ""),
        ("items:-1", "value_invalid", "-1", ""),
        ("on_hold:maybe", "value_invalid", "maybe", ""),
        ("on_hold:true,false", "query_list", "false", ""),
        ("country:NLD", "value_invalid", "NLD", ""),
        ("store:nowhere", "store_unknown", "nowhere", ""),
        ("(tag:vip", "query_parenthesis", "(", ""),
    ],
)
def test_what_is_not_understood_is_pointed_at(
    agent_actor: Actor, store: Store, text: str, code: str, wrong: str, suggestion: str
):
    assert refusal(agent_actor, text) == (code, wrong, suggestion)


def test_money_is_compared_in_one_currency_only(agent_actor: Actor, store: Store):
    euro = make_order(store, shop_currency="EUR", presentment_currency="EUR", outstanding_shop=Decimal(50),
                      outstanding_presentment=Decimal(50)).name  # fmt: skip
    dollar = make_order(store, shop_currency="EUR", presentment_currency="USD", outstanding_shop=Decimal(50),
                        outstanding_presentment=Decimal(58)).name  # fmt: skip
    assert found(agent_actor, "outstanding>=50") == sorted([euro, dollar])
    assert found(agent_actor, "outstanding>=50EUR") == [euro]
    assert found(agent_actor, "outstanding:58usd") == found(agent_actor, "outstanding:55USD..") == [dollar]
    assert found(agent_actor, "outstanding>50EUR OR outstanding<50USD") == []


def test_a_day_is_a_day_of_the_store(administrator_actor: Actor, store: Store, other_store: Store):
    actor = administrator_actor
    Store._base_manager.filter(pk=store.pk).update(timezone="Europe/Amsterdam")
    Store._base_manager.filter(pk=other_store.pk).update(timezone="Pacific/Auckland")
    at = datetime(2026, 11, 2, 11, 30, tzinfo=UTC)
    here = make_order(store, processed_at=at).name
    there = make_order(other_store, processed_at=at).name
    assert found(actor, "processed:2026-11-02") == [here]
    assert found(actor, "processed:2026-11-03") == [there]
    assert found(actor, "processed:2026-11-02..2026-11-03") == sorted([here, there])
    assert found(actor, "processed>2026-11-02") == [there]
    assert found(actor, "processed:2026-11-02T11:30:00Z") == sorted([here, there])
    assert found(actor, "-processed:2026-11-02") == [there]


@pytest.mark.row("FEAT-A36")
def test_ages_count_the_working_days_of_each_store(administrator_actor: Actor, store: Store, other_store: Store):
    """Asked on a Monday about a Friday: one working day where weekends are free, three where they are not."""
    with scopes_disabled():
        set_calendar(other_store, CalendarWish(frozenset(range(7))), actor=administrator_actor)
    monday, friday = datetime(2026, 11, 23, 12, tzinfo=UTC), datetime(2026, 11, 20, 12, tzinfo=UTC)
    here = make_order(store, processed_at=friday).name
    there = make_order(other_store, processed_at=friday).name

    def asked(text: str) -> list[str]:
        tree = parse(text)
        assert tree is not None
        with scopes_disabled():
            chosen = VOCABULARY.condition(tree, Given(administrator_actor, now=monday))
            return sorted(list_orders(administrator_actor).filter(chosen).values_list("name", flat=True))

    both = sorted([here, there])
    assert asked("age>=1wd") == asked("age>0wd") == asked("age>=0wd") == asked("age<=3wd") == both
    assert asked("age>1wd") == asked("age>=3wd") == asked("age>2wd") == [there]
    assert asked("age<=1wd") == asked("age<2wd") == [here]
    assert asked("age>3wd") == asked("age<1wd") == asked("age<0wd") == []


def test_parts_tags_and_absence(agent_actor: Actor, store: Store):
    plain = make_order(store, name="#1").name
    tagged = make_order(store, name="#2", tags=["To check"], comment_count=1).name
    held = make_order(store, name="#3")
    make_fulfillment_order(held, holds=["INCORRECT_ADDRESS"])
    FulfillmentOrder._base_manager.update(location_name="Utrecht")
    assert found(agent_actor, 'tag:"to check"') == found(agent_actor, "tag:to*") == [tagged]
    assert found(agent_actor, "untagged") == found(agent_actor, "no:tag") == ["#1", "#3"]
    assert found(agent_actor, "-no:tag") == found(agent_actor, "has:tag,comment") == [tagged]
    assert found(agent_actor, "on_hold OR no_comment") == ["#1", "#3"]
    assert found(agent_actor, "location:utrecht hold_reason:incorrect_address") == ["#3"]
    assert found(agent_actor, "name:1,2") == [plain, tagged]


def test_a_search_that_names_no_stage_is_about_live_orders(agent_actor: Actor, store: Store):
    live, done = make_order(store).name, make_order(store, stage=Stage.ARCHIVED).name
    with scopes_disabled():

        def names(text: str) -> list[str]:
            chosen = select(list_orders(agent_actor), {"q": [text]}, actor=agent_actor)
            return sorted(chosen.values_list("name", flat=True))

        assert names("no:tag") == [live]
        assert names("is:archived") == [done]
        assert names("no:tag -is:live") == [done]


def test_a_search_is_told_in_words(agent_actor: Actor, store: Store):
    with scopes_disabled():
        told = explain("payment:paid,pending -tag:vip age>3d (items:2.. OR untagged)", actor=agent_actor)
    assert told == (
        "payment is Paid or Payment pending and not (tag is “vip”) and age is more than 3 days and "
        "(items to fulfil is at least 2 or it has no tag)"
    )


LEAVES = st.sampled_from(
    [
        parse(text)
        for text in (
            "payment:paid", "fulfilment:unfulfilled", "tag:a", "tag:a,b", "untagged", "on_hold:true", "has:comment",
            "items>=2", "items:1..2", "total>50", "outstanding<0EUR", "is:live", "is:to_settle,archived", "age>3d",
            "mailed:today", "fulfil_by<today", "sku:A-1", "country:nl", "abc", "status:open", "scheduled>=tomorrow",
        )
    ]
)  # fmt: skip


@pytest.fixture
def world(store: Store) -> list[Order]:
    now = timezone.now()
    return [
        make_order(
            store,
            name=f"#{number}{'abc' if number % 5 == 0 else ''}",
            financial_status=("PAID", "PENDING", "")[number % 3],
            fulfillment_status=("UNFULFILLED", "FULFILLED")[number % 2],
            stage=list(Stage)[number % 5],
            tags=[["a"], ["b", "a"], [], ["B"]][number % 4],
            on_hold=number % 6 == 0,
            comment_count=number % 2,
            unfulfilled_quantity=number % 4,
            current_total_shop=Decimal(number * 10),
            outstanding_shop=Decimal(number - 5),
            outstanding_presentment=Decimal(number - 5),
            presentment_currency=("EUR", "USD")[number % 2],
            processed_at=now - timedelta(days=number),
            last_mailed_at=now if number % 3 == 0 else None,
            fulfill_by=now - timedelta(days=number - 10) if number % 3 else None,
            fulfill_at=now + timedelta(days=number - 10) if number % 2 else None,
            country_code=("NL", "DE", "")[number % 3],
        )
        for number in range(24)
    ]


def evaluate(actor: Actor, node: Node, universe: frozenset[str]) -> frozenset[str]:
    """The algebra by hand, over what each single leaf selects."""
    match node:
        case All(items):
            return frozenset.intersection(*(evaluate(actor, item, universe) for item in items))
        case Any(items):
            return frozenset.union(*(evaluate(actor, item, universe) for item in items))
        case Not(item):
            return universe - evaluate(actor, item, universe)
        case leaf:
            return frozenset(found(actor, text_of(leaf)))


@pytest.mark.row("INV-C13")
def test_conditions_are_an_algebra(agent_actor: Actor, world: list[Order]):
    universe = frozenset(order.name for order in world)
    trees = st.recursive(
        LEAVES,
        lambda inner: st.one_of(
            st.lists(inner, min_size=2, max_size=3).map(lambda items: All(tuple(items))),
            st.lists(inner, min_size=2, max_size=3).map(lambda items: Any(tuple(items))),
            inner.map(Not),
        ),
        max_leaves=6,
    )

    @settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(trees)
    def holds(tree: Node) -> None:
        assert frozenset(found(agent_actor, text_of(tree))) == evaluate(agent_actor, tree, universe)

    holds()


def test_each_leaf_of_that_algebra_selects_some_and_not_all(agent_actor: Actor, world: list[Order]):
    """Or the algebra would hold of leaves that say nothing."""
    counts = {text: len(found(agent_actor, text)) for text in ("tag:a", "untagged", "is:live", "age>3d", "abc")}
    assert all(0 < count < len(world) for count in counts.values()), counts


@pytest.mark.row("REL-P06")
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=60) | st.from_regex(r"[a-z_]{2,12}(:|>|<=)[a-z0-9.,*\"-]{0,12}", fullmatch=True))
def test_any_text_is_understood_or_refused(agent_actor: Actor, store: Store, text: str):
    with scopes_disabled():
        tree = _understood(agent_actor, text)
        if tree is not None:
            assert VOCABULARY.explain(tree)


def _understood(actor: Actor, text: str) -> Node | None:
    try:
        tree = parse(text)
        if tree is not None:
            list(list_orders(actor).filter(VOCABULARY.condition(tree, Given(actor))))
    except QueryError:
        return None
    return tree
