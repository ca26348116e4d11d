"""The table of verbs: whoever makes a door from it can rely on its shape."""

from __future__ import annotations

import inspect

import pytest

from backoffice.core.actor import Actor
from orders.choices import Source, Stage, Verb
from orders.services.selection import Asked
from orders.verbs import VERBS, ParameterKind
from stores.models import Store
from stores.scoping import acting_as
from tests.builders.orders import make_order

VALUES = {"tags": ["late"], "body": "Call her"}


def test_every_change_of_a_shop_is_a_verb() -> None:
    assert {verb.value for verb in Verb} <= set(VERBS)
    assert all(VERBS[verb.value].in_the_shop for verb in Verb)


@pytest.mark.parametrize("name", sorted(VERBS))
def test_a_verbs_service_takes_what_the_table_says(name: str) -> None:
    verb = VERBS[name]
    named = {parameter.name for parameter in verb.parameters}
    assert verb.name == name
    assert str(verb.label)
    for function, own in ((verb.ask, {"actor", "source"}), (verb.check, {"actor"})):
        assert set(inspect.signature(function).parameters) == {"orders", *named, *own}
    for parameter in verb.parameters:
        assert parameter.kind in ParameterKind
        assert parameter.longest > 0


@pytest.mark.parametrize("name", sorted(set(VERBS) - {"mail"}))
def test_a_verb_can_be_used_from_the_table_alone(
    name: str, store: Store, agent_actor: Actor, other_store: Store
) -> None:
    verb = VERBS[name]
    stage = Stage.ARCHIVED if name == "unarchive" else Stage.TO_ARCHIVE
    mine, foreign = (
        make_order(store, stage=stage, tags=["Late"] if name == "remove_tags" else []),
        make_order(other_store),
    )
    values = {parameter.name: VALUES[parameter.name] for parameter in verb.parameters}
    with acting_as(agent_actor):
        refused = verb.check([mine, foreign], actor=agent_actor, **values)
        asked = verb.ask([mine, foreign], actor=agent_actor, source=Source.STAFF, **values)
        if verb.warnings:
            assert verb.warnings([mine], actor=agent_actor) == {}
    assert isinstance(asked, Asked)
    assert {pk: one.code for pk, one in refused.items()} == {foreign.pk: "not_found"}
    assert (asked.asked, asked.already, len(asked.refused)) == (1, 0, 1)
