"""The app is removed from a shop: noticed in every state of the store, believed only after a look."""

from __future__ import annotations

import pytest
from django_scopes import scopes_disabled

from backoffice.core.actor import SYSTEM
from orders.choices import ChangeState, Source
from orders.models import Order, RemoteChange
from orders.services import push
from orders.services.archive import archive_orders
from stores.choices import InboxState, StoreState
from stores.models import Credential, InboxMessage, Store
from stores.services import inbox
from stores.services.connect import connect_store, disconnect_store
from tests.conftest_shops import DOMAIN
from tests.stores.test_inbox import about, send


@pytest.fixture(autouse=True)
def _unscoped():
    with scopes_disabled():
        yield


def announce(store: Store, shop, **headers: str) -> int:
    payload = {"id": 1, "myshopify_domain": store.domain}
    return send(payload, secret=shop.webhook_secret, topic="app/uninstalled", **headers).status_code


@pytest.mark.row("REL-S11")
@pytest.mark.parametrize("state", [StoreState.CONNECTED, StoreState.NEEDS_ATTENTION, StoreState.PAUSED])
def test_a_removed_app_forgets_its_token_whatever_state_the_store_is_in(connected, shop, state):
    shop.act("uninstall")
    Store.objects.update(state=state)

    assert announce(connected, shop) == 200
    inbox.sweep()
    inbox.work_inbox_job(connected.pk)

    connected.refresh_from_db()
    assert (connected.state, connected.state_code) == (StoreState.DISCONNECTED, "uninstalled")
    assert not Credential.objects.exists()
    assert set(InboxMessage.objects.values_list("state", flat=True)) == {InboxState.DONE}


@pytest.mark.row("REL-W03")
def test_a_signed_body_under_the_topic_of_removal_disconnects_nobody(connected, shop):
    """Whoever holds one signed order could send it again under another topic."""
    order = Order.objects.live().first()

    assert send(about(order), secret=shop.webhook_secret, topic="app/uninstalled").status_code == 200
    inbox.work_inbox_job(connected.pk)

    connected.refresh_from_db()
    assert connected.state == StoreState.CONNECTED
    assert InboxMessage.objects.get().state == InboxState.IGNORED


@pytest.mark.row("REL-W03")
def test_another_shops_body_is_refused(connected, shop):
    payload = {"id": 1, "myshopify_domain": "another.myshopify.com"}

    assert send(payload, secret=shop.webhook_secret, topic="app/uninstalled").status_code == 401
    assert InboxMessage.objects.count() == 0


def test_news_of_an_earlier_removal_does_not_end_a_new_connection(connected, shop):
    announce(connected, shop)
    disconnect_store(connected, actor=SYSTEM)

    connect_store(domain=DOMAIN, token=shop.token, webhook_secret=shop.webhook_secret, actor=SYSTEM)
    inbox.work_inbox_job(connected.pk)

    connected.refresh_from_db()
    assert connected.state == StoreState.CONNECTED
    assert Credential.objects.exists()


def test_what_waited_for_a_disconnected_store_is_given_up(connected, shop):
    order = Order.objects.live().first()
    archive_orders(Order.objects.filter(pk=order.pk), actor=SYSTEM, source=Source.SYSTEM)
    disconnect_store(connected, actor=SYSTEM)

    push.sweep()
    push.push_changes_job(connected.pk)

    change = RemoteChange.objects.get()
    order.refresh_from_db()
    assert (change.state, change.code) == (ChangeState.SKIPPED, "store_disconnected")
    assert order.pending_verbs == []
    assert shop.mutations() == []
