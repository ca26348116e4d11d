"""Comments: written, edited, pinned and deleted by those who may, and never silently gone."""

from __future__ import annotations

import pytest
from django_q.models import OrmQ
from django_scopes import scopes_disabled

from backoffice.core.actor import Actor, Role
from backoffice.core.errors import BackofficeError, Invalid, NotAllowed, NotFound, Refused
from orders.choices import Source, Stage
from orders.models import Comment, CommentVersion, Order, TimelineEntry
from orders.services.comments import (
    LONGEST_COMMENT,
    add_comment,
    check_comment,
    comment_on,
    delete_comment,
    edit_comment,
    pin_comment,
)
from stores.models import Store
from stores.scoping import acting_as
from stores.services.access import actor_of
from tests.builders.orders import make_order
from tests.builders.people import make_user


def _said(actor: Actor, order: Order, body: str = "Call her back") -> Comment:
    with acting_as(actor):
        return add_comment(order, body, actor=actor, source=Source.STAFF)


def _kinds() -> list[str]:
    with scopes_disabled():
        return list(TimelineEntry.objects.order_by("pk").values_list("kind", flat=True))


def test_a_comment_is_counted_and_on_the_timeline_without_its_words(agent_actor: Actor, store: Store) -> None:
    order = make_order(store)
    comment = _said(agent_actor, order, "  Call\r\nher back ")
    with scopes_disabled():
        order.refresh_from_db()
        entry = TimelineEntry.objects.get()
    assert (comment.body, comment.author_label, order.comment_count) == ("Call\nher back", "agent", 1)
    assert (entry.kind, entry.data, entry.actor_label) == ("comment.added", {"comment": comment.pk}, "agent")
    assert not OrmQ.objects.exists()


@pytest.mark.parametrize("stage", [Stage.ARCHIVED, Stage.DELETED, Stage.CANCELLED])
def test_every_order_can_be_commented_on(agent_actor: Actor, store: Store, stage: Stage) -> None:
    assert _said(agent_actor, make_order(store, stage=stage)).pk


@pytest.mark.parametrize(
    ("who", "body", "error", "code"),
    [
        ("viewer_actor", "hello", NotAllowed, "not_allowed"),
        ("outsider_actor", "hello", NotFound, "not_found"),
        ("agent_actor", " \n ", Invalid, "comment_empty"),
        ("agent_actor", "x" * (LONGEST_COMMENT + 1), Invalid, "comment_too_long"),
    ],
)
def test_a_refused_comment_leaves_nothing(
    store: Store, request: pytest.FixtureRequest, who: str, body: str, error: type[BackofficeError], code: str
) -> None:
    order = make_order(store)
    with pytest.raises(error) as caught:
        _said(request.getfixturevalue(who), order, body)
    assert caught.value.code == code
    with scopes_disabled():
        order.refresh_from_db()
        assert (Comment.objects.count(), order.comment_count, _kinds()) == (0, 0, [])


def test_an_edit_keeps_what_was_said(agent_actor: Actor, store: Store) -> None:
    comment = _said(agent_actor, make_order(store), "first")
    with acting_as(agent_actor):
        same = edit_comment(comment, " first ", actor=agent_actor, source=Source.STAFF)
        edited = edit_comment(comment, "second", actor=agent_actor, source=Source.STAFF)
        versions = list(CommentVersion.objects.values_list("body", "replaced_by"))
    assert same.edited_at is None
    assert (edited.body, edited.edited_at is not None, versions) == ("second", True, [("first", "agent")])
    assert _kinds() == ["comment.added", "comment.edited"]


def test_only_the_author_edits_and_only_he_or_a_manager_deletes(
    agent_actor: Actor, manager_actor: Actor, store: Store
) -> None:
    order = make_order(store)
    comment = _said(agent_actor, order)
    colleague = actor_of(make_user(Role.AGENT, store))
    with acting_as(colleague):
        with pytest.raises(NotAllowed):
            edit_comment(comment, "other words", actor=colleague, source=Source.STAFF)
        with pytest.raises(NotAllowed):
            delete_comment(comment, actor=colleague, source=Source.STAFF)
    with acting_as(manager_actor):
        with pytest.raises(NotAllowed):
            edit_comment(comment, "other words", actor=manager_actor, source=Source.STAFF)
        delete_comment(comment, actor=manager_actor, source=Source.STAFF)
        delete_comment(comment, actor=manager_actor, source=Source.STAFF)
        comment.refresh_from_db()
        order.refresh_from_db()
        assert (comment.body, comment.deleted_at is not None, order.comment_count) == ("", True, 0)
        assert list(CommentVersion.objects.values_list("body", flat=True)) == ["Call her back"]
        with pytest.raises(Refused):
            pin_comment(comment, True, actor=manager_actor, source=Source.STAFF)
    assert _kinds() == ["comment.added", "comment.deleted"]


def test_pinning_twice_is_pinning_once(agent_actor: Actor, store: Store) -> None:
    comment = _said(agent_actor, make_order(store))
    with acting_as(agent_actor):
        for pinned in (True, True, False):
            assert pin_comment(comment, pinned, actor=agent_actor, source=Source.STAFF).pinned is pinned
    assert _kinds() == ["comment.added", "comment.pinned", "comment.pinned"]


def test_a_comment_of_another_store_does_not_exist(agent_actor: Actor, other_store: Store) -> None:
    foreign = _said(actor_of(make_user(Role.AGENT, other_store)), make_order(other_store))
    with acting_as(agent_actor):
        for act in (
            lambda: edit_comment(foreign, "mine", actor=agent_actor, source=Source.API),
            lambda: delete_comment(foreign, actor=agent_actor, source=Source.API),
            lambda: pin_comment(foreign, True, actor=agent_actor, source=Source.API),
        ):
            with pytest.raises(NotFound):
                act()


def test_one_comment_on_many_orders_is_accounted_for(agent_actor: Actor, store: Store, other_store: Store) -> None:
    orders = [make_order(store), make_order(store), make_order(other_store)]
    with acting_as(agent_actor):
        assert {pk: one.code for pk, one in check_comment(orders, "Delayed", actor=agent_actor).items()} == {
            orders[2].pk: "not_found"
        }
        asked = comment_on(orders, "Delayed", actor=agent_actor, source=Source.STAFF)
    assert (asked.asked, asked.already, [one.code for one in asked.refused]) == (2, 0, ["not_found"])
    with scopes_disabled():
        assert set(TimelineEntry.objects.values_list("order_id", "run_id")) == {
            (order.pk, asked.run_id) for order in orders[:2]
        }
