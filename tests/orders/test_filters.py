"""The vocabulary as a filter set: all of it or a refusal, for one actor alone, and described as it is."""

from __future__ import annotations

import pytest
from django_filters import FilterSet
from django_scopes import scopes_disabled
from drf_spectacular.generators import SchemaGenerator

from backoffice.core.actor import Actor
from backoffice.core.errors import InvalidFields
from orders.choices import Stage
from orders.fields import FIELDS
from orders.filters import OrderFilterSet
from orders.models import Order
from orders.reading import list_orders
from stores.models import Store
from tests.builders.orders import make_order, make_orders

pytestmark = pytest.mark.django_db


def filter_set(actor: Actor, **given: list[str]) -> OrderFilterSet:
    return OrderFilterSet(given, list_orders(actor), actor=actor)


def found(actor: Actor, **given: list[str]) -> list[int]:
    with scopes_disabled():
        return sorted(order.pk for order in filter_set(actor, **given).qs)


def test_the_filter_set_knows_the_table_and_nothing_else():
    assert issubclass(OrderFilterSet, FilterSet)
    named = [name for field in FIELDS.values() for name in field.kind.parameters(field.name, field.help)]
    assert list(OrderFilterSet.base_filters) == [*named, "q"]
    assert len(named) == len(set(named))
    assert OrderFilterSet._meta.model is Order


def test_every_filter_is_a_parameter_of_the_api_with_its_type_and_its_words():
    document = SchemaGenerator().get_schema(request=None, public=True)
    parameters = {each["name"]: each for each in document["paths"]["/api/v1/orders/"]["get"]["parameters"]}
    for name, made in OrderFilterSet.base_filters.items():
        assert parameters[name]["schema"] == made.kind.schema()
        assert parameters[name]["description"] == made.extra["help_text"]
    assert parameters["on_hold"]["schema"] == {"type": "boolean"}
    assert parameters["older_than_days"]["schema"] == {"type": "integer", "minimum": 0, "maximum": 36_500}
    assert parameters["stage"]["schema"]["items"]["enum"] == ["live", "all", *Stage.values]
    assert set(parameters) - set(OrderFilterSet.base_filters) == {"cursor", "limit"}


@pytest.mark.parametrize(
    ("given", "wrong"),
    [
        ({"on_hold": ["perhaps"]}, [("on_hold", "value_invalid", "Write true or false.")]),
        ({"on_hold": [""]}, [("on_hold", "value_invalid", "Write true or false.")]),
        ({"on_hold": []}, [("on_hold", "value_count", "Give this once.")]),
        ({"tag": []}, [("tag", "value_count", "Give from 1 to 100 values.")]),
        (
            {"paymnt": ["PAID"]},
            [("paymnt", "parameter_unknown", "There is no parameter “paymnt”; did you mean “payment”?")],
        ),
        (
            {"store": ["nowhere.example"], "older_than_days": ["two"]},
            [
                ("older_than_days", "value_invalid", "Write a whole number from 0 to 36500."),
                (
                    "store",
                    "store_unknown",
                    "There is no store “nowhere.example” that you reach; give its id or its .myshopify.com domain.",
                ),
            ],
        ),
    ],
)
def test_half_of_what_was_asked_is_never_selected(
    agent_actor: Actor, store: Store, given: dict[str, list[str]], wrong: list[tuple[str, str, str]]
):
    make_order(store)
    with scopes_disabled():
        asked = filter_set(agent_actor, **given)
        assert not asked.is_valid()
        with pytest.raises(InvalidFields) as refusal:
            _orders = asked.qs
    assert [(each.field, each.code, each.message) for each in refusal.value.errors] == wrong


def test_what_is_not_given_narrows_nothing_and_what_is_false_does(agent_actor: Actor, store: Store):
    plain, held, done = make_orders(store, 2)[0], make_order(store, on_hold=True), make_order(store, stage="archived")
    everything = found(agent_actor, stage=["all"])
    assert {plain.pk, held.pk, done.pk} < set(everything)
    assert found(agent_actor) == [pk for pk in everything if pk != done.pk]
    assert found(agent_actor, on_hold=["false"]) == [pk for pk in everything if pk not in {held.pk, done.pk}]
    assert found(agent_actor, newer_than_days=["0"]) == []


def test_a_filter_set_reaches_the_stores_of_its_own_actor_alone(
    agent_actor: Actor, administrator_actor: Actor, store: Store, other_store: Store
):
    """Made one beside the other and read in turns: nothing of one may be left in what the two are made of."""
    own, foreign = make_order(store).pk, make_order(other_store).pk
    named = [str(store.pk), other_store.domain]
    with scopes_disabled():
        theirs = filter_set(administrator_actor, store=named)
        ours = filter_set(agent_actor, store=named)
        assert theirs.is_valid()
        assert not ours.is_valid()
        assert sorted(order.pk for order in theirs.qs) == sorted([own, foreign])
    assert found(agent_actor, store=[str(store.pk)]) == [own]
    assert not [each for each in OrderFilterSet.base_filters.values() if hasattr(each, "parent")]
    assert not hasattr(OrderFilterSet.base_filters["store"].kind, "actor")
