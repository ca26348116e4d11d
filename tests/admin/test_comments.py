"""Comments on the order page."""

from __future__ import annotations

import pytest
from django_scopes import scopes_disabled

from backoffice.core.actor import Role
from orders.models import Comment
from tests.admin.conftest import text_of
from tests.builders.orders import make_order
from tests.builders.people import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.row("FEAT-A6")]


def url_of(order, rest: str = "") -> str:
    return f"/admin/orders/order/{order.pk}/comments/{rest}"


@pytest.fixture
def order(store):
    return make_order(store)


@pytest.fixture
def comment(agents_browser, order) -> Comment:
    agents_browser.post(url_of(order), {"body": "Call first"})
    with scopes_disabled():
        return Comment.objects.get()


def now(comment: Comment) -> Comment:
    with scopes_disabled():
        comment.refresh_from_db()
    return comment


def test_a_comment_appears_on_the_timeline_with_its_author(agents_browser, order, comment):
    page = text_of(agents_browser.get(f"/admin/orders/order/{order.pk}/"))
    assert comment.author_label == "agent"
    assert '<p class="bo-words" dir="auto">Call first</p>' in page


def test_an_empty_comment_is_refused_with_a_sentence(agents_browser, order):
    response = agents_browser.post(url_of(order), {"body": "   ", "next": "/admin/"}, follow=True)
    assert "Write something first." in text_of(response)
    with scopes_disabled():
        assert not Comment.objects.exists()


def test_its_author_edits_pins_and_deletes_it(agents_browser, order, comment):
    agents_browser.post(url_of(order, f"{comment.pk}/edit/"), {"body": "Call twice"})
    assert now(comment).body == "Call twice"
    agents_browser.post(url_of(order, f"{comment.pk}/pin/"), {"pinned": "1"})
    assert now(comment).pinned
    assert "bo-pinned" in text_of(agents_browser.get(f"/admin/orders/order/{order.pk}/"))
    agents_browser.post(url_of(order, f"{comment.pk}/pin/"), {"pinned": ""})
    assert not now(comment).pinned
    agents_browser.post(url_of(order, f"{comment.pk}/delete/"))
    assert now(comment).deleted_at is not None
    assert "Call twice" not in text_of(agents_browser.get(f"/admin/orders/order/{order.pk}/"))


def test_a_colleague_may_not_change_it(signed_in, store, order, comment):
    colleague = signed_in(make_user(Role.AGENT, store, is_staff=True))
    assert colleague.post(url_of(order, f"{comment.pk}/edit/"), {"body": "Mine"}).status_code == 403
    assert colleague.post(url_of(order, f"{comment.pk}/delete/")).status_code == 403
    assert now(comment).body == "Call first"


def test_a_viewer_may_not_comment(signed_in, viewer, order):
    assert signed_in(viewer).post(url_of(order), {"body": "Hello"}).status_code == 403


def test_a_comment_of_another_order_or_store_is_not_there(agents_browser, store, other_store, comment):
    other = make_order(store)
    assert agents_browser.post(url_of(other, f"{comment.pk}/delete/")).status_code == 404
    assert agents_browser.post(url_of(make_order(other_store)), {"body": "Hello"}).status_code == 404
    assert now(comment).deleted_at is None


@pytest.mark.parametrize("rest", ["", "1/edit/", "1/delete/", "1/pin/"])
def test_nothing_is_changed_by_following_a_link(agents_browser, order, rest):
    assert agents_browser.get(url_of(order, rest)).status_code == 405
