"""People, their roles and their tokens."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import User
from django.db import models
from django_scopes import scopes_disabled

from backoffice.core.actor import Role
from backoffice.core.models import AuditEntry
from stores.models import ApiToken, Membership, Merchant
from stores.services.access import access_by_token
from tests.admin.conftest import text_of
from tests.builders.people import make_user

pytestmark = pytest.mark.django_db
PEOPLE, TOKENS = "/admin/auth/user/", "/admin/stores/apitoken/"


def person_form(user: User, *memberships: tuple[int, Role], **fields) -> dict[str, object]:
    return {
        "username": user.username,
        "is_active": "on",
        "memberships-TOTAL_FORMS": len(memberships),
        "memberships-INITIAL_FORMS": 0,
        **{f"memberships-{place}-store": store for place, (store, _) in enumerate(memberships)},
        **{f"memberships-{place}-role": int(role) for place, (_, role) in enumerate(memberships)},
        **fields,
    }


def test_an_administrator_gives_a_person_a_role_in_a_store(admins_browser, outsider, store):
    response = admins_browser.post(f"{PEOPLE}{outsider.pk}/change/", person_form(outsider, (store.pk, Role.MANAGER)))
    assert response.status_code == 302
    assert list(Membership.objects.filter(user=outsider).values_list("store_id", "role")) == [(store.pk, Role.MANAGER)]
    entry = AuditEntry.objects.get(action="person.changed")
    assert entry.subject == "outsider"
    assert entry.facts["roles"] == {str(store.pk): Role.MANAGER}


def test_a_new_account_may_sign_in_and_reaches_nothing(admins_browser):
    response = admins_browser.post(
        f"{PEOPLE}add/",
        {
            "username": "newcomer",
            "password1": "long-and-odd-9",
            "password2": "long-and-odd-9",
            "usable_password": "true",
        },
    )
    assert response.status_code == 302
    person = User.objects.get(username="newcomer")
    assert (person.is_staff, person.is_superuser, person.memberships.count()) == (True, False, 0)


@pytest.mark.row("REL-T11")
@pytest.mark.parametrize("who", ["manager", "agent", "viewer", "outsider"])
def test_nobody_but_an_administrator_reaches_accounts_or_merchants(signed_in, request, who):
    browser = signed_in(request.getfixturevalue(who))
    me = User.objects.get(username=who)
    merchant = Merchant.objects.create(name="Friend")
    for url in (
        PEOPLE,
        f"{PEOPLE}add/",
        f"{PEOPLE}{me.pk}/change/",
        f"{PEOPLE}{me.pk}/password/",
        "/admin/stores/merchant/",
        f"/admin/stores/merchant/{merchant.pk}/change/",
    ):
        assert browser.get(url).status_code == 403, url
    assert browser.post(f"{PEOPLE}{me.pk}/change/", person_form(me, is_superuser="on")).status_code == 403
    me.refresh_from_db()
    assert not me.is_superuser


def test_accounts_are_closed_and_never_deleted(admins_browser, outsider):
    assert admins_browser.get(f"{PEOPLE}{outsider.pk}/delete/").status_code == 403
    admins_browser.post(f"{PEOPLE}{outsider.pk}/change/", person_form(outsider, is_active=""))
    outsider.refresh_from_db()
    assert not outsider.is_active


@pytest.mark.row("REL-T02")
def test_only_listed_lookups_reach_the_accounts(admins_browser):
    allowed = {"is_active__exact", "is_superuser__exact"}
    names = [
        f"{field.name}__{lookup}"
        for field in User._meta.get_fields()
        if isinstance(field, models.Field)
        for lookup in ("exact", "startswith", "contains", "gt", "isnull")
    ]
    names += ["api_tokens__digest__startswith", "memberships__store__credential__token__startswith"]
    refused = {name for name in names if admins_browser.get(PEOPLE, {name: "1"}).status_code == 400}
    assert set(names) - refused == allowed


@pytest.mark.row("REL-T12")
def test_a_token_is_shown_once_and_works(agents_browser, agent, store):
    given = {"name": "Warehouse", "scopes": ["orders:read"], "role": int(Role.VIEWER), "stores": [store.pk]}
    made = agents_browser.post(TOKENS, given)
    (secret,) = re.findall(r"bo_[0-9a-f]{8}_[\w-]+", text_of(made))
    with scopes_disabled():
        access = access_by_token(secret)
    assert access is not None
    assert access.user == agent
    assert dict(access.actor.roles) == {store.pk: Role.VIEWER}
    assert "no-store" in made["Cache-Control"]
    later = text_of(agents_browser.get(TOKENS))
    assert "Warehouse" in later
    assert secret not in later


def test_a_token_without_a_name_or_scope_is_refused_with_a_sentence(agents_browser, store):
    for given, words in (
        ({"name": "", "scopes": ["orders:read"], "role": 10}, "Give the token a name"),
        ({"name": "x", "scopes": ["orders:delete"], "role": 10}, "Choose from these scopes"),
        ({"name": "x", "scopes": ["orders:read"], "role": 99}, "Choose the highest role"),
    ):
        response = agents_browser.post(TOKENS, given)
        assert response.status_code == 400
        assert words in text_of(response)
    assert not ApiToken.objects.exists()


def test_a_token_reaches_no_store_that_its_maker_does_not(agents_browser, store, other_store):
    given = {"name": "x", "scopes": ["orders:read"], "role": 10, "stores": [other_store.pk]}
    agents_browser.post(TOKENS, given)
    assert list(ApiToken.objects.values_list("stores", flat=True)) == [None]
    assert other_store.name not in text_of(agents_browser.get(TOKENS))


def test_one_revokes_ones_own_tokens_and_sees_no_others(agents_browser, signed_in, admins_browser, store):
    agents_browser.post(TOKENS, {"name": "Warehouse", "scopes": ["orders:read"], "role": 10})
    token = ApiToken.objects.get()
    colleague = signed_in(make_user(Role.MANAGER, store, is_staff=True))
    assert "Warehouse" not in text_of(colleague.get(TOKENS))
    assert colleague.post(f"{TOKENS}{token.pk}/revoke/").status_code == 404
    assert "Warehouse" in text_of(admins_browser.get(TOKENS))
    assert agents_browser.get(f"{TOKENS}{token.pk}/revoke/").status_code == 405
    agents_browser.post(f"{TOKENS}{token.pk}/revoke/")
    token.refresh_from_db()
    assert token.revoked_at is not None
