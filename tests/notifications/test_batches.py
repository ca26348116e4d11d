"""A batch: one mail per customer and store, a plan that says what will happen, and switches."""

from __future__ import annotations

import uuid

import pytest
from django_scopes import scopes_disabled

from backoffice.core.actor import SYSTEM, Actor, Role
from backoffice.core.errors import Invalid, NotAllowed, NotFound, Refused
from notifications.models import Batch, Message, MessageOrder
from notifications.reading import get_batch, list_batches, messages_of
from notifications.services import suppression
from notifications.services.batches import (
    batch_progress,
    cancel_batch,
    pause_batch,
    plan_batch,
    resume_batch,
    start_batch,
)
from notifications.services.preview import preview
from notifications.services.templates import delete_template, save_template
from orders.choices import Stage
from orders.models import Order
from stores.models import Store
from stores.scoping import acting_as
from stores.services.access import actor_of
from tests.builders.orders import make_customer, make_order
from tests.builders.people import make_user
from tests.notifications.conftest import BODY, begin, customers_orders

TEXT = {"subject": "About {{ order_names }}", "body": BODY}


def plan(orders: list[Order], actor: Actor, **changes: object):
    with acting_as(actor):
        return plan_batch(orders, **(TEXT | {"actor": actor} | changes))


@pytest.mark.row("FEAT-A23", "FEAT-A26")
def test_a_customer_with_three_orders_is_one_recipient(store: Store, agent_actor: Actor):
    customer = make_customer(store, email="anna@example.com")
    orders = [make_order(store, customer=customer) for _ in range(3)]
    planned = plan(orders, agent_actor)
    assert (planned.recipients, planned.orders, planned.left_out, planned.warnings) == (1, 3, (), ())


@pytest.mark.row("REL-E06")
def test_spellings_of_one_address_are_one_recipient(store: Store, agent_actor: Actor):
    orders = [make_order(store, email=email) for email in ("anna@example.com", "Anna@Example.COM", " ANNA@example.com")]
    batch = begin(orders, agent_actor)
    with scopes_disabled():
        message = Message.objects.get(batch=batch)
        assert message.address_key == "anna@example.com"
        assert MessageOrder.objects.filter(message=message).count() == 3


def test_the_same_customer_in_two_stores_gets_a_mail_of_each(store: Store, other_store: Store):
    orders = [make_order(each, email="anna@example.com") for each in (store, other_store)]
    planned = plan(orders, SYSTEM)
    assert planned.recipients == 2


def test_whoever_cannot_be_written_to_is_left_out_with_the_reason(store: Store, other_store: Store, agent_actor: Actor):
    good = make_order(store, email="good@example.com")
    refused = {
        make_order(store, email=""): "no_address",
        make_order(store, email="a@b"): "address_impossible",
        make_order(store, email="x@example.com", stage=Stage.CANCELLED): "order_cancelled",
        make_order(store, email="x@example.com", stage=Stage.ARCHIVED): "order_archived",
        make_order(store, email="x@example.com", stage=Stage.TO_ARCHIVE): "order_to_archive",
        make_order(store, email="x@example.com", stage=Stage.TEST): "order_test",
        make_order(store, email="x@example.com", stage=Stage.DELETED): "order_deleted",
        make_order(other_store, email="x@example.com"): "not_found",
        make_order(store, email="gone@example.com"): "suppressed",
    }
    with scopes_disabled():
        suppression.suppress(store.pk, "gone@example.com", reason="bad_address")
    planned = plan([good, *refused], agent_actor)
    assert (planned.recipients, planned.orders) == (1, 1)
    assert {refusal.order_id: refusal.code for refusal in planned.left_out} == {
        order.pk: code for order, code in refused.items()
    }
    assert all(refusal.message for refusal in planned.left_out)
    names = {refusal.order_id: refusal.order_name for refusal in planned.left_out}
    assert [names[order.pk] for order, code in refused.items() if code == "not_found"] == [""]


@pytest.mark.row("FEAT-B1")
@pytest.mark.parametrize(
    ("hidden", "emails", "codes"),
    [
        ("email", ["known@example.com", ""], ["hidden_by_shopify", "hidden_by_shopify"]),
        ("shipping_address", ["known@example.com", ""], [None, "hidden_by_shopify"]),
    ],
)
def test_nobody_is_written_to_whose_address_shopify_hides(
    store: Store, agent_actor: Actor, hidden: str, emails: list[str], codes: list[str | None]
):
    orders = [make_order(store, email=email) for email in emails]
    with scopes_disabled():
        Store.objects.filter(pk=store.pk).update(hidden_fields={hidden: "2026-11-20T09:00:00+00:00"})

    planned = plan(orders, agent_actor)

    told = {refusal.order_id: refusal.code for refusal in planned.left_out}
    assert [told.get(order.pk) for order in orders] == codes
    assert all("Shopify hides the e-mail address" in refusal.message for refusal in planned.left_out)


@pytest.mark.row("REL-E17")
def test_a_word_that_nobody_has_is_refused_before_anything_is_promised(store: Store, agent_actor: Actor):
    orders = customers_orders(store, 2)
    with acting_as(agent_actor), pytest.raises(Invalid) as refused:
        start_batch(orders, subject="Hello", body="<p>{{ customer.nmae }}</p>", actor=agent_actor)
    assert (refused.value.code, refused.value.field) == ("template_unknown", "body")
    assert Batch.objects.count() == 0


def test_what_only_the_first_customer_lacks_keeps_nobody_else_waiting(store: Store, agent_actor: Actor):
    nameless = make_order(store, customer=make_customer(store, name=""))
    with acting_as(agent_actor):
        batch = start_batch([nameless], subject="Hello", body="{{ customer.first_name }}", actor=agent_actor)
    assert batch.total == 1


def test_a_batch_may_be_about_orders_that_no_longer_wait(store: Store, agent_actor: Actor):
    order = make_order(store, email="x@example.com", stage=Stage.ARCHIVED)
    assert plan([order], agent_actor, only_to_fulfil=False).recipients == 1


def test_an_order_without_an_address_uses_its_customers(store: Store, agent_actor: Actor):
    order = make_order(store, customer=make_customer(store, email="anna@example.com"), email="")
    assert plan([order], agent_actor).recipients == 1


def test_suppression_of_one_store_does_not_bind_another(store: Store, other_store: Store):
    with scopes_disabled():
        suppression.suppress(store.pk, "anna@example.com", reason="bad_address")
    planned = plan([make_order(each, email="anna@example.com") for each in (store, other_store)], SYSTEM)
    assert planned.recipients == 1


def test_a_viewer_may_send_nothing(store: Store, viewer_actor: Actor):
    with pytest.raises(NotAllowed):
        plan([make_order(store, email="x@example.com")], viewer_actor)


def test_orders_of_stores_where_he_may_only_look_are_left_out(store: Store, other_store: Store):
    user = make_user(Role.AGENT, store)
    user.memberships.create(store=other_store, role=int(Role.VIEWER))
    planned = plan([make_order(each, email="x@example.com") for each in (store, other_store)], actor_of(user))
    assert planned.recipients == 1
    assert [refusal.code for refusal in planned.left_out] == ["not_allowed"]


def test_a_text_about_one_order_warns_when_customers_have_several(store: Store, agent_actor: Actor):
    orders = customers_orders(store, 2, orders_each=2)
    planned = plan(orders, agent_actor, subject="About {{ name }}", body="Order {{ order.name }}")
    assert len(planned.warnings) == 1
    assert planned.warnings[0].startswith("2 customers")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"subject": " "}, "subject"),
        ({"body": ""}, "body"),
        ({"body": "{{ x"}, "body"),
        ({"subject": "s" * 301}, "subject"),
    ],
)
def test_a_text_that_cannot_be_used_starts_nothing(store: Store, agent_actor: Actor, changes: dict, field: str):
    order = make_order(store, email="x@example.com")
    with pytest.raises(Invalid) as refused:
        begin([order], agent_actor, **changes)
    assert refused.value.field == field
    assert Batch.objects.count() == 0


def test_a_batch_for_nobody_is_refused(store: Store, agent_actor: Actor):
    with pytest.raises(Refused) as refused:
        begin([make_order(store, email="")], agent_actor)
    assert refused.value.code == "no_recipients"
    assert Batch.objects.count() == 0


def test_a_second_click_finds_the_first_batch(store: Store, agent_actor: Actor):
    orders, chosen = customers_orders(store, 2), uuid.uuid4()
    first = begin(orders, agent_actor, batch_id=chosen)
    assert begin(orders, agent_actor, batch_id=chosen) == first
    with scopes_disabled():
        assert Message.objects.count() == 2


def test_another_persons_batch_id_is_refused(store: Store, agent_actor: Actor, administrator_actor: Actor):
    orders, chosen = customers_orders(store, 1), uuid.uuid4()
    begin(orders, agent_actor, batch_id=chosen)
    with pytest.raises(Refused):
        begin(orders, administrator_actor, batch_id=chosen)


def test_a_change_of_the_template_does_not_reach_a_batch_under_way(store: Store, administrator_actor: Actor):
    with scopes_disabled():
        template = save_template(None, name="T", subject="old", body="old", actor=administrator_actor)
        batch = start_batch(customers_orders(store, 1), template=template, actor=administrator_actor)
        changed = save_template(template, name="T", subject="new", body="new", actor=administrator_actor)
        delete_template(changed, actor=administrator_actor)
    batch.refresh_from_db()
    assert (batch.subject, batch.body, batch.template_version, changed.version) == ("old", "old", 1, 2)


def test_a_template_of_one_store_is_for_that_store(store: Store, other_store: Store, manager_actor: Actor):
    with scopes_disabled():
        template = save_template(None, name="T", subject="x", body="x", store=store, actor=manager_actor)
    orders = [make_order(each, email="x@example.com") for each in (store, other_store)]
    with scopes_disabled():
        planned = plan_batch(orders, template=template, actor=SYSTEM)
    assert planned.recipients == 1
    assert [refusal.code for refusal in planned.left_out] == ["template_of_another_store"]


def test_templates_are_kept_by_those_who_may(store: Store, agent_actor: Actor, manager_actor: Actor):
    values = {"name": "T", "subject": "x", "body": "x"}
    with scopes_disabled():
        for actor, where in ((agent_actor, store), (agent_actor, None), (manager_actor, None)):
            with pytest.raises(NotAllowed):
                save_template(None, **values, store=where, actor=actor)
        save_template(None, **values, store=store, actor=manager_actor)
        with pytest.raises(Invalid) as refused:
            save_template(None, **values, store=store, actor=manager_actor)
    assert refused.value.code == "name_taken"


def test_a_template_has_a_language_that_exists(store: Store, manager_actor: Actor):
    values = {"name": "T", "subject": "x", "body": "x", "store": store, "actor": manager_actor}
    with scopes_disabled():
        template = save_template(None, **values, language="pt-BR")
        assert save_template(template, **values).language == "pt-BR"
        with pytest.raises(Invalid) as refused:
            save_template(template, **values, language="klingon")
    assert refused.value.field == "language"


def test_switches_pause_resume_and_cancel(store: Store, agent_actor: Actor):
    batch = begin(customers_orders(store, 3), agent_actor)
    pause_batch(batch, actor=agent_actor)
    pause_batch(batch, actor=agent_actor)
    assert (batch.state, batch.state_code) == ("paused", "by_staff")
    resume_batch(batch, actor=agent_actor)
    assert (batch.state, batch.state_code, batch.state_reason) == ("running", "", "")
    assert cancel_batch(batch, actor=agent_actor) == 3
    assert batch.state == "cancelled"
    with scopes_disabled():
        assert batch_progress(batch)["cancelled"] == batch.total == 3
    for switch in (pause_batch, resume_batch, cancel_batch):
        with pytest.raises(Refused):
            switch(batch, actor=agent_actor)
    batch.refresh_from_db()
    assert batch.state == "cancelled"


def test_only_those_who_may_mail_for_all_its_stores_switch_a_batch(
    store: Store, other_store: Store, agent_actor: Actor, viewer_actor: Actor, outsider_actor: Actor
):
    batch = begin([make_order(each, email="x@example.com") for each in (store, other_store)], SYSTEM)
    for actor in (agent_actor, viewer_actor, outsider_actor):
        for switch in (pause_batch, resume_batch, cancel_batch):
            with pytest.raises(NotAllowed):
                switch(batch, actor=actor)
    batch.refresh_from_db()
    assert batch.state == "running"


def test_readers_see_their_stores_part_of_a_batch(
    store: Store, other_store: Store, viewer_actor: Actor, outsider_actor: Actor
):
    batch = begin([make_order(each, email="x@example.com") for each in (store, other_store)], SYSTEM)
    with acting_as(viewer_actor):
        assert get_batch(viewer_actor, batch.pk) == batch
        assert [message.store_id for message in messages_of(batch, viewer_actor)] == [store.pk]
        assert sum(batch_progress(batch).values()) == 1
    with acting_as(outsider_actor):
        assert list(list_batches(outsider_actor)) == []
        assert list(messages_of(batch, outsider_actor)) == []
        with pytest.raises(NotFound):
            get_batch(outsider_actor, batch.pk)


def test_a_preview_is_a_real_customers_mail_and_sends_nothing(store: Store, agent_actor: Actor):
    orders = customers_orders(store, 2, orders_each=2)
    with acting_as(agent_actor):
        shown = preview(orders, **TEXT, number=1, actor=agent_actor)
        with pytest.raises(Refused):
            preview(orders, **TEXT, number=2, actor=agent_actor)
    assert shown.recipient.address == "customer1@example.com"
    assert shown.order_names == (orders[2].name, orders[3].name)
    assert shown.rendered.text.startswith(f"Hello Customer1, this is about {orders[2].name} and {orders[3].name}.")
    assert shown.sender is not None
    assert shown.sender.address == store.email
    assert Batch.objects.count() == 0


def test_planning_asks_as_many_questions_for_many_orders_as_for_few(
    store: Store, agent_actor: Actor, django_assert_max_num_queries
):
    orders = customers_orders(store, 30)
    with django_assert_max_num_queries(4), acting_as(agent_actor):
        plan_batch(orders[:3], **TEXT, actor=agent_actor)
    with django_assert_max_num_queries(4), acting_as(agent_actor):
        plan_batch(orders, **TEXT, actor=agent_actor)
