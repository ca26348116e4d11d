"""Copying a store's configuration: what it takes, what it never takes, who may, and that twice changes nothing more."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django_scopes import scopes_disabled

from backoffice.core.actor import Actor, Role
from backoffice.core.errors import Invalid, NotAllowed
from backoffice.core.models import AuditEntry
from notifications.models import Template
from orders.models import Order
from stores.models import Credential, Membership, Merchant, Store, StoreCalendar
from stores.services.access import actor_of
from stores.services.copy import copy_configuration, parts_for, preview
from tests.admin.conftest import text_of
from tests.api.conftest import client_with  # noqa: F401 - a fixture
from tests.builders.orders import make_order
from tests.builders.people import make_user

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _unscoped():
    with scopes_disabled():
        yield


@pytest.fixture
def source(other_store: Store) -> Store:
    """South, with something of every kind."""
    Store.objects.filter(pk=other_store.pk).update(
        sender_name="South's desk",
        sender_email="desk@south.example",
        merchant=Merchant.objects.create(name="The owner"),
        timezone="Europe/Lisbon",
        currency="GBP",
    )
    StoreCalendar.objects.create(store=other_store, working_days=[0, 1], country="NL", fulfil_days=7)
    Template.objects.create(store=other_store, name="Late", subject="Sorry", body="<p>Late</p>", language="nl")
    make_user(Role.AGENT, other_store, username="ben")
    make_order(other_store)
    other_store.refresh_from_db()
    return other_store


@pytest.fixture
def both(store: Store, source: Store) -> User:
    """A manager of both stores, who is no administrator."""
    user = make_user(Role.MANAGER, store, username="both", is_staff=True)
    Membership.objects.create(user=user, store=source, role=Role.MANAGER)
    return user


def changed(done) -> dict[str, list[tuple[str, str, str]]]:
    return {
        each.part.name: [(change.label, change.before, change.after) for change in each.changes]
        for each in done
        if each.changes
    }


def test_a_preview_says_what_would_change_and_changes_nothing(store, source, administrator_actor):
    before = Store.objects.filter(pk=store.pk).values().get()
    found = changed(preview(store, source, actor=administrator_actor))

    assert found["sender"] == [
        ("Sender's name", "", "South's desk"),
        ("Sender's address", "", "desk@south.example"),
    ]
    assert found["calendar"] == [
        ("Working days", "0, 1, 2, 3, 4", "0, 1"),
        ("Public holidays of", "", "NL"),
        ("Days to fulfil", "2", "7"),
    ]
    assert found["templates"] == [("Late", "", "Sorry")]
    assert found["merchant"] == [("Merchant", "", "The owner")]
    assert found["team"] == [("ben", "", "Agent")]
    assert Store.objects.filter(pk=store.pk).values().get() == before
    assert (StoreCalendar.objects.count(), Template.objects.filter(store=store).count()) == (1, 0)


def test_copying_does_what_the_preview_said_and_nothing_a_second_time(store, source, administrator_actor):
    told = preview(store, source, actor=administrator_actor)
    secret = Credential.objects.filter(store=store).values().get()

    done = copy_configuration(store, source, actor=administrator_actor)

    assert changed(done) == changed(told)
    store.refresh_from_db()
    assert (store.sender_name, store.sender_email, store.merchant.name) == (
        "South's desk",
        "desk@south.example",
        "The owner",
    )
    assert StoreCalendar.objects.get(store=store).working_days == [0, 1]
    template = Template.objects.get(store=store)
    assert (template.name, template.subject, template.language) == ("Late", "Sorry", "nl")
    assert Membership.objects.get(store=store, user__username="ben").role == Role.AGENT
    # What is the shop's own, or secret, or data.
    assert (store.name, store.timezone, store.currency) == ("North", "Europe/Amsterdam", "EUR")
    assert Credential.objects.filter(store=store).values().get() == secret
    assert Order.objects.filter(store=store).count() == 0
    entry = AuditEntry.objects.get(action="store.configuration_copied")
    assert (entry.store_id, entry.subject) == (store.pk, source.domain)
    assert entry.facts == {"parts": {"sender": 2, "calendar": 3, "templates": 1, "merchant": 1, "team": 1}}

    assert changed(copy_configuration(store, source, actor=administrator_actor)) == {}
    assert AuditEntry.objects.filter(action="store.configuration_copied").count() == 1


def test_what_the_source_has_not_stays(store, source, administrator_actor):
    Store.objects.filter(pk=store.pk).update(sender_name="North's desk")
    Store.objects.filter(pk=source.pk).update(sender_name="", merchant=None)
    StoreCalendar.objects.all().delete()
    StoreCalendar.objects.create(store=store, working_days=[5])
    Template.objects.create(store=store, name="Own", subject="S", body="B")
    make_user(Role.VIEWER, store, username="carl")
    source.refresh_from_db()

    copy_configuration(store, source, actor=administrator_actor)

    store.refresh_from_db()
    assert (store.sender_name, store.sender_email) == ("North's desk", "desk@south.example")
    assert StoreCalendar.objects.get(store=store).working_days == [5]
    assert set(Template.objects.filter(store=store).values_list("name", flat=True)) == {"Own", "Late"}
    assert set(store.memberships.values_list("user__username", flat=True)) == {"ben", "carl"}


def test_a_template_of_the_same_name_becomes_its_next_version(store, source, administrator_actor):
    Template.objects.create(store=store, name="Late", subject="Old", body="Old", version=4)
    done = copy_configuration(store, source, parts=["templates"], actor=administrator_actor)
    assert changed(done) == {"templates": [("Late", "version 4: Old", "Sorry")]}
    template = Template.objects.get(store=store)
    assert (template.version, template.subject) == (5, "Sorry")


def test_a_manager_of_both_copies_all_but_what_administrators_decide(store, source, both):
    actor = actor_of(both)
    assert [part.name for part in parts_for(actor)] == ["sender", "calendar", "templates"]
    assert set(changed(copy_configuration(store, source, actor=actor))) == {"sender", "calendar", "templates"}
    assert not Membership.objects.filter(store=store, user__username="ben").exists()
    with pytest.raises(NotAllowed) as refused:
        copy_configuration(store, source, parts=["team"], actor=actor)
    assert refused.value.code == "administrator_needed"


def test_who_manages_one_store_alone_copies_neither_way(store, source, manager_actor: Actor):
    for target, origin in ((store, source), (source, store)):
        with pytest.raises(NotAllowed):
            preview(target, origin, actor=manager_actor)
        with pytest.raises(NotAllowed):
            copy_configuration(target, origin, actor=manager_actor)
    store.refresh_from_db()
    assert store.sender_name == ""


def test_a_store_is_no_source_of_itself_and_parts_have_names(store, source, administrator_actor):
    with pytest.raises(Invalid) as same:
        preview(store, store, actor=administrator_actor)
    assert (same.value.code, same.value.field) == ("same_store", "source")
    with pytest.raises(Invalid) as unknown:
        copy_configuration(store, source, parts=["secrets"], actor=administrator_actor)
    assert (unknown.value.code, unknown.value.field) == ("part_unknown", "parts")


def test_when_one_part_fails_nothing_is_copied(store, source, administrator_actor):
    Template.objects.filter(store=source).update(body="{% if %}")
    with pytest.raises(Invalid):
        copy_configuration(store, source, actor=administrator_actor)
    store.refresh_from_db()
    assert store.sender_name == ""
    assert not AuditEntry.objects.filter(action="store.configuration_copied").exists()


def test_the_page_shows_first_and_copies_what_is_ticked(store, source, both):
    browser = Client()
    browser.force_login(both)
    url = f"/admin/stores/store/{store.pk}/copy/"
    page = text_of(browser.get(url, {"source": source.pk}))
    for words in ("South's desk", "Mail templates of the store", "Copy what is ticked"):
        assert words in page, words
    assert "People and their roles" not in page

    response = browser.post(url, {"source": source.pk, "part": ["sender"]}, follow=True)

    assert "2 settings were copied." in text_of(response)
    store.refresh_from_db()
    assert store.sender_name == "South's desk"
    assert not StoreCalendar.objects.filter(store=store).exists()


def test_a_manager_of_one_store_is_offered_no_other(store, source, manager):
    browser = Client()
    browser.force_login(manager)
    page = text_of(browser.get(f"/admin/stores/store/{store.pk}/copy/", {"source": source.pk}))
    assert "There is no other store that you manage." in page
    assert "South" not in page


def test_the_api_previews_and_copies(store, source, both, client_with):  # noqa: F811 - the fixture
    client, url = client_with(both), f"/api/v1/stores/{store.pk}/copy-from/"
    seen = client.get(url, {"source": source.pk}).json()
    assert [part["part"] for part in seen["parts"]] == ["sender", "calendar", "templates"]
    body = {"source": source.pk, "parts": ["calendar"]}
    done = client.post(url, body, content_type="application/json")
    assert (done.status_code, [part["part"] for part in done.json()["parts"]]) == (200, ["calendar"])
    assert StoreCalendar.objects.get(store=store).fulfil_days == 7
    missing = client.post(url, {"source": 999_999}, content_type="application/json")
    assert (missing.status_code, missing.json()["code"]) == (400, "store_unknown")
