"""Comments over the API: who may write, change, pin and delete which."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client

from backoffice.core.actor import Role
from orders.models import Comment, CommentVersion, Order
from stores.models import Store
from tests.api.conftest import MakeClient
from tests.builders.orders import make_order
from tests.builders.people import make_user

URL = "/api/v1/comments/"


@pytest.fixture
def comment(api: Client, store: Store) -> dict[str, object]:
    order = make_order(store)
    answer = api.post(
        f"/api/v1/orders/{order.pk}/comments/", {"body": " Héllo\r\nyou "}, content_type="application/json"
    )
    assert answer.status_code == 201
    assert answer.headers["Location"] == f"http://testserver{URL}{answer.json()['id']}/"
    return answer.json()


def patch(client: Client, pk: object, body: object) -> tuple[int, dict[str, object]]:
    answer = client.patch(f"{URL}{pk}/", body, content_type="application/json")
    return answer.status_code, answer.json()


@pytest.mark.row("FEAT-A6")
def test_a_comment_keeps_author_and_text(api: Client, comment: dict[str, object]):
    assert (comment["body"], comment["author"], comment["is_own"]) == ("Héllo\nyou", "test of agent", True)
    assert api.get(f"{URL}{comment['id']}/").json() == comment
    listed = api.get(f"/api/v1/orders/{comment['order_id']}/comments/").json()
    assert listed == {"results": [comment], "next": None, "previous": None}
    assert Order._base_manager.get(pk=comment["order_id"]).comment_count == 1


@pytest.mark.row("FEAT-A6")
def test_its_author_changes_it_and_the_old_text_is_kept(api: Client, comment: dict[str, object]):
    status, changed = patch(api, comment["id"], {"body": "Other", "pinned": True})
    assert (status, changed["body"], changed["pinned"]) == (200, "Other", True)
    assert changed["edited_at"]
    assert [version.body for version in CommentVersion._base_manager.all()] == ["Héllo\nyou"]


@pytest.mark.row("FEAT-A6")
def test_colleagues_pin_managers_delete_and_nobody_rewrites(
    store: Store, manager: User, client_with: MakeClient, comment: dict[str, object]
):
    colleague = client_with(make_user(Role.AGENT, store))
    assert patch(colleague, comment["id"], {"pinned": True})[0] == 200
    status, refused = patch(colleague, comment["id"], {"body": "Forged", "pinned": False})
    assert (status, refused["code"]) == (403, "comment_of_another")
    # Of one request all happens or nothing.
    assert Comment._base_manager.get().pinned is True
    assert colleague.delete(f"{URL}{comment['id']}/").status_code == 403
    assert client_with(manager).delete(f"{URL}{comment['id']}/").status_code == 204
    assert colleague.get(f"{URL}{comment['id']}/").status_code == 404
    assert [version.body for version in CommentVersion._base_manager.all()] == ["Héllo\nyou"]


def test_a_foreign_comment_is_not_there(other_store: Store, client_with: MakeClient, comment: dict[str, object]):
    stranger = client_with(make_user(Role.MANAGER, other_store))
    assert stranger.get(f"{URL}{comment['id']}/").status_code == 404
    assert patch(stranger, comment["id"], {"pinned": True})[0] == 404
    assert stranger.delete(f"{URL}{comment['id']}/").status_code == 404
    answer = stranger.post(
        f"/api/v1/orders/{comment['order_id']}/comments/", {"body": "x"}, content_type="application/json"
    )
    assert answer.status_code == 404
    assert Comment._base_manager.get().body == "Héllo\nyou"


@pytest.mark.parametrize(
    "body", [{}, {"body": ""}, {"body": " \n"}, {"body": None}, {"body": "x" * 10_001}, {"body": 1}]
)
def test_a_change_without_sense_is_refused(api: Client, comment: dict[str, object], body: object):
    assert patch(api, comment["id"], body)[0] == 400
    assert Comment._base_manager.get().body == "Héllo\nyou"
