"""The page and the service of a rehearsal shop: over HTTP, for administrators, and only where there is one."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from backoffice.core.actor import Actor
from backoffice.core.errors import Invalid, NotAllowed, NotFound, Unreachable
from stores.models import Store
from stores.rehearsal.process import RehearsalShop
from stores.services import rehearsal
from tests.builders.orders import make_store
from tests.conftest_shops import DOMAIN


@pytest.fixture
def rehearsed(db: None, shop: RehearsalShop) -> Store:
    """The store of the rehearsal shop, nothing of it mirrored."""
    return make_store("Rehearsed", domain=DOMAIN)


@pytest.fixture
def page(rehearsed: Store, administrator: User, client: Client) -> str:
    client.force_login(administrator)
    return reverse("admin:stores_store_rehearsal", args=[rehearsed.pk])


def test_the_page_says_how_the_shop_stands(page: str, client: Client, shop: RehearsalShop) -> None:
    answer = client.get(page)
    assert answer.status_code == 200
    found = answer.context["shop"]
    assert (found.orders, found.token_works, found.files_with_token) == (60, True, 0)
    assert {group for group, _ in found.kinds} == {"request", "bulk", "webhook"}
    assert "bulk_truncated" in answer.content.decode()
    assert shop.token not in answer.content.decode()


def test_a_fault_is_put_in_force_shown_and_cleared(page: str, client: Client, shop: RehearsalShop) -> None:
    wish = {"do": "fault", "kind": "status", "times": "2", "probability": "0,5", "only": "orders"}
    assert client.post(page, {**wish, "fault_more": "status=503"}).status_code == 302
    (fault,) = client.get(page).context["shop"].faults
    assert (fault.kind, fault.times, fault.probability, fault.only, fault.struck) == ("status", 2, 0.5, "orders", 0)
    assert client.post(page, {"do": "clear"}).status_code == 302
    assert client.get(page).context["shop"].faults == ()


def test_a_fault_without_a_number_lasts_until_it_is_cleared(page: str, client: Client) -> None:
    client.post(page, {"do": "fault", "kind": "throttled", "times": "", "probability": "1", "only": "mutation"})
    (fault,) = client.get(page).context["shop"].faults
    assert fault.times is None


def test_what_struck_is_told_newest_first(page: str, client: Client, shop: RehearsalShop) -> None:
    client.post(page, {"do": "fault", "kind": "latency", "times": "2", "probability": "1", "only": "query"})
    shop.execute("{ shop { id } }")
    shop.execute("{ publicApiVersions { handle } }")
    struck = client.get(page).context["shop"].struck
    assert [(entry.kind, entry.where) for entry in struck] == [
        ("latency", "publicApiVersions query"),
        ("latency", "query shop"),
    ]


def test_the_owner_acts(page: str, client: Client, shop: RehearsalShop) -> None:
    wish = {"do": "act", "action": "edit_note", "order": "#1001", "act_more": "note=hello"}
    assert client.post(page, wish).status_code == 302
    read = '{ orders(first: 1, query: "name:1001") { nodes { note } } }'
    assert shop.execute(read)["data"]["orders"]["nodes"] == [{"note": "hello"}]


def test_the_rate_limit_can_be_used_up(page: str, client: Client, shop: RehearsalShop) -> None:
    assert client.post(page, {"do": "drain"}).status_code == 302
    assert shop.state()["bucket"]["currentlyAvailable"] < shop.state()["bucket"]["maximumAvailable"]


@pytest.mark.parametrize(
    ("wish", "field", "words"),
    [
        ({"do": "fault", "kind": "status", "times": "often"}, "times", "whole number"),
        ({"do": "fault", "kind": "status", "times": "1", "probability": "7"}, "probability", "between 0 and 1"),
        ({"do": "fault", "kind": "status", "times": "1", "fault_more": "503"}, "fault_more", "name=value"),
        ({"do": "fault", "kind": "nonsense", "times": "1"}, "", "unknown kind"),
        ({"do": "act", "action": "edit_note", "order": "#1"}, "", "no order"),
        ({"do": "dance"}, "", "no such act"),
    ],
)
def test_what_makes_no_sense_is_said_and_changes_nothing(
    page: str, client: Client, shop: RehearsalShop, wish: dict[str, str], field: str, words: str
) -> None:
    answer = client.post(page, wish)
    assert answer.status_code == 400
    assert (answer.context["error"].field, words in answer.context["error"].message) == (field, True)
    assert answer.context["shop"].faults == ()
    assert shop.state()["changed_orders"] == 0


def test_a_shop_that_is_none_has_no_such_page(page: str, client: Client, settings: object) -> None:
    settings.REHEARSAL_SHOPS = {}  # type: ignore[attr-defined]  # pytest-django's, which has no type
    assert client.get(page).status_code == 404
    assert client.post(page, {"do": "clear"}).status_code == 404


def test_the_stores_page_leads_there_for_administrators_alone(
    page: str, client: Client, rehearsed: Store, settings: object
) -> None:
    at = reverse("admin:stores_store_change", args=[rehearsed.pk])
    assert page in client.get(at).content.decode()
    settings.REHEARSAL_SHOPS = {}  # type: ignore[attr-defined]
    assert page not in client.get(at).content.decode()


def test_a_shop_that_is_silent_is_said_to_be(rehearsed: Store, administrator_actor: Actor, settings: object) -> None:
    settings.REHEARSAL_SHOPS = {rehearsed.domain: "http://127.0.0.1:9"}  # type: ignore[attr-defined]
    with pytest.raises(Unreachable, match="Is it running"):
        rehearsal.look(rehearsed, actor=administrator_actor)


def test_the_service_refuses_everybody_else_and_every_other_store(
    rehearsed: Store, agent_actor: Actor, administrator_actor: Actor, shop: RehearsalShop, settings: object
) -> None:
    for do in (
        lambda: rehearsal.look(rehearsed, actor=agent_actor),
        lambda: rehearsal.add_fault(rehearsed, "status", actor=agent_actor),
        lambda: rehearsal.clear_faults(rehearsed, actor=agent_actor),
        lambda: rehearsal.drain_points(rehearsed, actor=agent_actor),
        lambda: rehearsal.act(rehearsed, "new_order", actor=agent_actor),
    ):
        with pytest.raises(NotAllowed):
            do()
    assert shop.state()["orders"] == 60
    with pytest.raises(Invalid, match="unknown action"):
        rehearsal.act(rehearsed, "dance", actor=administrator_actor)
    settings.REHEARSAL_SHOPS = {}  # type: ignore[attr-defined]
    with pytest.raises(NotFound):
        rehearsal.act(rehearsed, "new_order", actor=administrator_actor)
