"""Saved views: a search under a name, shared with those who may see it, usable wherever a search may stand."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django_scopes import scopes_disabled

from backoffice.core.actor import Actor
from backoffice.core.errors import InvalidFields, NotAllowed, NotFound
from orders.choices import Audience, Stage
from orders.columns import COLUMNS
from orders.filters import select
from orders.models import SavedView
from orders.reading import list_orders
from orders.saved import SHIPPED, pinned_by, view_named, views_for
from orders.services.views import ViewWish, change_view, delete_view, pin_view, save_view, unpin_view
from stores.models import Merchant, Store
from tests.builders.orders import make_order

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def unscoped():
    with scopes_disabled():
        yield


def found(actor: Actor, **given: str) -> list[str]:
    chosen = select(list_orders(actor), {name: [text] for name, text in given.items()}, actor=actor)
    return sorted(chosen.values_list("name", flat=True))


@pytest.mark.parametrize("slug", sorted(SHIPPED))
def test_every_shipped_view_is_understood(agent_actor: Actor, store: Store, slug: str):
    make_order(store)
    found(agent_actor, view=slug)
    assert set(SHIPPED[slug].columns) <= set(COLUMNS)


def test_a_view_is_a_name_for_its_search_everywhere(agent_actor: Actor, store: Store):
    late = make_order(store, name="#1", tags=["late"]).name
    make_order(store, name="#2")
    view = save_view(ViewWish("Late ones", "tag:late  AND is:to_fulfil"), actor=agent_actor)
    assert (view.slug, view.query, view.is_mine) == ("late-ones", "tag:late is:to_fulfil", True)
    assert found(agent_actor, view="late-ones") == found(agent_actor, q="view:late-ones") == [late]
    assert found(agent_actor, q="-view:late-ones is:live") == ["#2"]
    assert found(agent_actor, view="late-ones,to-fulfil") == ["#1", "#2"]


def test_a_view_says_by_itself_which_stages_it_means(agent_actor: Actor, store: Store):
    done = make_order(store, stage=Stage.ARCHIVED, tags=["late"]).name
    assert save_view(ViewWish("Late", "tag:late OR tag:later"), actor=agent_actor).query == (
        "is:live (tag:late OR tag:later)"
    )
    assert save_view(ViewWish("All"), actor=agent_actor).query == "is:live"
    save_view(ViewWish("Done", "is:archived"), actor=agent_actor)
    assert found(agent_actor, view="done") == [done]
    assert found(agent_actor, view="late") == []


@pytest.mark.parametrize(
    ("wish", "field", "code"),
    [
        (ViewWish(" "), "name", "value_invalid"),
        (ViewWish("x" * 81), "name", "value_invalid"),
        (ViewWish("A", "paymnet:paid"), "q", "field_unknown"),
        (ViewWish("A", columns=["placde"]), "columns", "value_unknown"),
        (ViewWish("A", columns=list(COLUMNS)), "columns", "value_count"),
        (ViewWish("A", sort="agee"), "sort", "value_unknown"),
        (ViewWish("A", slug="Not A Slug"), "slug", "value_invalid"),
        (ViewWish("A", slug="slipping"), "slug", "value_taken"),
        (ViewWish("A", slug="save"), "slug", "value_taken"),
        (ViewWish("A", audience=Audience.TEAM), "merchant", "value_missing"),
    ],
)
def test_what_cannot_be_saved_is_refused_at_its_field(agent_actor: Actor, store: Store, wish: ViewWish, field, code):
    with pytest.raises(InvalidFields) as refused:
        save_view(wish, actor=agent_actor)
    assert [(error.field, error.code) for error in refused.value.errors] == [(field, code)]
    assert not SavedView.objects.exists()


def test_equal_names_get_slugs_of_their_own(agent_actor: Actor, store: Store):
    assert [save_view(ViewWish("Slipping"), actor=agent_actor).slug for _ in range(2)] == ["slipping-2", "slipping-3"]
    assert save_view(ViewWish("待"), actor=agent_actor).slug == "view"


@pytest.mark.row("FEAT-A24", "REL-T05")
def test_a_view_is_seen_by_its_owner_its_team_or_everybody(
    agent_actor: Actor, manager_actor: Actor, outsider_actor: Actor, administrator_actor: Actor, store: Store
):
    merchant = Merchant.objects.create(name="Bakery")
    Store._base_manager.filter(pk=store.pk).update(merchant=merchant)
    save_view(ViewWish("Mine"), actor=agent_actor)
    save_view(ViewWish("Ours", audience=Audience.TEAM, merchant=merchant), actor=agent_actor)
    save_view(ViewWish("Everybody", audience=Audience.ALL), actor=administrator_actor)

    def slugs(actor: Actor) -> set[str]:
        return {view.slug for view in views_for(actor)} - set(SHIPPED)

    assert slugs(agent_actor) == {"mine", "ours", "everybody"}
    assert slugs(manager_actor) == {"ours", "everybody"}
    assert slugs(outsider_actor) == {"everybody"}
    assert slugs(administrator_actor) == {"ours", "everybody"}
    for actor in (manager_actor, outsider_actor):
        with pytest.raises(NotFound):
            view_named("mine", actor)
        with pytest.raises(InvalidFields):
            found(actor, view="mine")


def test_sharing_needs_the_team_or_an_administrator(agent_actor: Actor, viewer_actor: Actor, store: Store):
    merchant, other = Merchant.objects.create(name="Bakery"), Merchant.objects.create(name="Florist")
    Store._base_manager.filter(pk=store.pk).update(merchant=merchant)
    for actor, wish in (
        (agent_actor, ViewWish("A", audience=Audience.ALL)),
        (agent_actor, ViewWish("A", audience=Audience.TEAM, merchant=other)),
        (viewer_actor, ViewWish("A", audience=Audience.TEAM, merchant=merchant)),
    ):
        with pytest.raises(NotAllowed):
            save_view(wish, actor=actor)
    assert not SavedView.objects.exists()


def test_only_the_owner_and_administrators_change_and_delete(
    agent_actor: Actor, manager_actor: Actor, administrator_actor: Actor, store: Store
):
    merchant = Merchant.objects.create(name="Bakery")
    Store._base_manager.filter(pk=store.pk).update(merchant=merchant)
    save_view(ViewWish("Ours", audience=Audience.TEAM, merchant=merchant), actor=agent_actor)
    with pytest.raises(NotAllowed):
        change_view("ours", ViewWish("Theirs"), actor=manager_actor)
    with pytest.raises(NotAllowed):
        delete_view("ours", actor=manager_actor)
    for slug in SHIPPED:
        with pytest.raises(NotAllowed):
            delete_view(slug, actor=administrator_actor)
    pin_view("ours", actor=manager_actor)
    changed = change_view("ours", ViewWish("Ours", "is:live on_hold", slug="held"), actor=administrator_actor)
    assert (changed.slug, changed.query, changed.row.audience) == ("held", "is:live on_hold", Audience.PRIVATE)
    assert pinned_by(manager_actor) == ["held"]
    delete_view("held", actor=agent_actor)
    assert pinned_by(manager_actor) == []
    with pytest.raises(NotFound):
        delete_view("held", actor=agent_actor)


def test_pinning_is_ones_own_and_once(agent_actor: Actor, manager_actor: Actor, store: Store):
    for _ in range(2):
        pin_view("slipping", actor=agent_actor)
    pin_view("on-hold", actor=agent_actor)
    assert pinned_by(agent_actor) == ["slipping", "on-hold"]
    assert pinned_by(manager_actor) == []
    unpin_view("slipping", actor=agent_actor)
    assert pinned_by(agent_actor) == ["on-hold"]


def test_a_view_that_names_itself_is_refused_and_not_followed(agent_actor: Actor, agent: User, store: Store):
    SavedView.objects.create(owner=agent, name="A", slug="a", query="view:b")
    SavedView.objects.create(owner=agent, name="B", slug="b", query="view:a")
    with pytest.raises(InvalidFields) as refused:
        found(agent_actor, q="view:a")
    assert refused.value.code == "view_in_itself"
