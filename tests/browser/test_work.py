"""A day's work in the browser: find, read, archive, tag, comment, write to customers. The shop is a rehearsal shop
over HTTP; the worker's jobs are run by hand between the clicks."""

from __future__ import annotations

import re

import pytest
from django_scopes import scopes_disabled

from backoffice.core.actor import Role
from notifications.models import Batch, Template
from orders.choices import Stage
from orders.models import Order, RemoteChange
from orders.services.push import push_changes_job
from tests.builders.orders import make_customer, make_order, make_orders
from tests.builders.people import make_user

pytestmark = pytest.mark.django_db(transaction=True)


def expect(what):
    from playwright.sync_api import expect as playwrights

    return playwrights(what)


def test_an_order_is_archived_in_the_shop_and_the_page_follows(open_as, connected, shop):
    worker = make_user(Role.AGENT, connected, username="worker", is_staff=True)
    with scopes_disabled():
        order = Order.objects.filter(store=connected, stage=Stage.TO_ARCHIVE).order_by("pk").first()
    page = open_as(worker)
    page.goto(f"/admin/orders/order/{order.pk}/")
    page.click("a.bo-button:has-text('Archive')")
    page.click("button:has-text('Archive: 1 order')")
    expect(page.locator(".bo-notice")).to_contain_text("Under way: Archive, asked for by worker.")
    push_changes_job(connected.pk)
    expect(page.locator("h2 .bo-badge").first).to_have_text("Archived")
    expect(page.locator("#timeline")).to_contain_text("Archived.")
    assert [(mutation["name"], mutation["ids"]) for mutation in shop.mutations()] == [("orderClose", [order.gid])]


def test_many_are_archived_from_the_list_and_each_has_its_outcome(open_as, connected):
    worker = make_user(Role.AGENT, connected, username="worker", is_staff=True)
    page = open_as(worker)
    page.goto("/admin/orders/order/?stage=to_archive")
    assert not page.locator("[data-bar]").is_visible()
    rows = page.locator("input[data-row]")
    rows.nth(0).click()
    rows.nth(2).click(modifiers=["Shift"])
    expect(page.locator("[data-number]")).to_have_text("3")
    page.click("button[value=archive]")
    page.click("button:has-text('Archive: 3 orders')")
    expect(page.locator("[data-live]")).to_contain_text("Under way.")
    push_changes_job(connected.pk)
    expect(page.locator("[data-live]")).to_contain_text("Every order has its outcome.")
    with scopes_disabled():
        assert set(RemoteChange.objects.values_list("state", flat=True)) == {"confirmed"}


def test_tags_and_comments_work_without_any_script(open_as, agent, store):
    order = make_order(store, tags=["old"])
    page = open_as(agent, scripts=False)
    page.goto(f"/admin/orders/order/{order.pk}/")
    page.fill("#comment-body", "Call first\nthen ship")
    page.click("button:has-text('Post')")
    expect(page.locator("#timeline .bo-said")).to_contain_text("Call first")
    page.fill("#new-tag", "fragile")
    page.click("button:has-text('Add')")
    page.click("button[aria-label='Remove tag old']")
    with scopes_disabled():
        found = RemoteChange.objects.order_by("pk").values_list("verb", "payload")
        assert list(found) == [("add_tags", {"tags": ["fragile"]}), ("remove_tags", {"tags": ["old"]})]


def test_customers_are_written_to_from_the_list(open_as, keep, agent, store):
    make_orders(store, 2, customer=make_customer(store, name="Anna de Vries", email="anna@example.com"))
    Template.objects.create(
        name="Late", subject="About {{ order_names }}", body="<p>Hello {{ customer.first_name }}</p>"
    )
    page = open_as(agent)
    page.goto("/admin/orders/order/")
    page.check("input[data-all]")
    page.click("button[value=mail]")
    expect(page.frame_locator("iframe").locator("body")).to_contain_text("Hello Anna")
    keep(page, "compose-1440-light")
    page.click("button:has-text('Send to 1 customer')")
    expect(page.locator("h2.bo-title")).to_contain_text("Late")
    assert [batch.total for batch in Batch.objects.all()] == [1]


def test_the_list_is_walked_with_the_keyboard(open_as, agent, store):
    newest = make_orders(store, 3)[-1]
    page = open_as(agent)
    page.goto("/admin/orders/order/")
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.name") == "q"
    page.keyboard.press("Escape")
    page.locator("h1").click()
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(page.locator("[data-number]")).to_have_text("1")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(rf"/admin/orders/order/{newest.pk}/"))


def test_a_comment_being_written_is_not_lost_when_the_page_has_news(open_as, agent, store):
    order = make_order(store, stage=Stage.TO_ARCHIVE)
    page = open_as(agent)
    page.goto(f"/admin/orders/order/{order.pk}/")
    page.click("a.bo-button:has-text('Archive')")
    page.click("button:has-text('Archive: 1 order')")
    expect(page.locator(".bo-notice")).to_contain_text("Under way")
    page.fill("#comment-body", "Half a sent")
    with scopes_disabled():
        RemoteChange.objects.update(state="confirmed")
    expect(page.locator(".bo-notice.bo-info")).to_have_count(0)
    assert page.input_value("#comment-body") == "Half a sent"
