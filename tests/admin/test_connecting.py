"""The pages of the three ways to connect, against a shop: what is said, where one is sent, and what is kept."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from django.test import Client
from django_scopes import scopes_disabled

from stores.models import Credential, PendingAuthorization, Store
from stores.services.connect import connect_with_client_credentials
from stores.shopify.scopes import WANTED
from tests.admin.conftest import text_of
from tests.conftest_shops import DOMAIN

LIST = "/admin/stores/store/"
CONNECT = f"{LIST}connect/"
CALLBACK = f"{CONNECT}callback/"


def app(shop, way: str, **changes: str) -> dict[str, str]:
    given = {"way": way, "domain": DOMAIN, "client_id": shop.client_id, "client_secret": shop.client_secret}
    return given | changes


@pytest.mark.row("FEAT-A8")
def test_each_way_says_what_to_click_and_which_scopes_to_give(admins_browser: Client):
    for way, words in (
        ("client_credentials", "choose Install app"),
        ("authorization_code", "Custom distribution"),
        ("static", "Develop apps"),
    ):
        page = text_of(admins_browser.get(f"{CONNECT}?way={way}"))
        assert words in page
        assert ",".join(sorted(WANTED)) in page
        assert f'name="way" value="{way}"' in page
        assert ("http://127.0.0.1:8000" + CALLBACK in page) is (way == "authorization_code")
        assert ('name="client_secret"' in page) is (way != "static")
    assert 'value="client_credentials"' in text_of(admins_browser.get(f"{CONNECT}?way=nonsense"))


@pytest.mark.row("FEAT-A8")
def test_id_and_secret_connect_a_shop(admins_browser: Client, shop):
    response = admins_browser.post(CONNECT, app(shop, "client_credentials"))
    with scopes_disabled():
        store = Store.objects.get()
    assert response["Location"] == f"{LIST}{store.pk}/"
    assert store.domain == DOMAIN
    page = text_of(admins_browser.get(response["Location"]))
    assert "New client secret" in page
    assert shop.client_secret not in page


def test_a_refusal_stands_at_the_secret_which_comes_not_back(admins_browser: Client, shop):
    for way, secret, words in (
        ("client_credentials", "a-wrong-secret", "does not accept the client id"),
        ("client_credentials", " ", "Paste the client id and the secret"),
        ("authorization_code", "two words", "Paste client id and secret as"),
    ):
        response = admins_browser.post(CONNECT, app(shop, way, client_secret=secret))
        page = text_of(response)
        assert response.status_code == 400
        assert 'id="client-secret-error" role="alert"' in page
        assert words in page
        assert f'value="{shop.client_id}"' in page
        assert secret == " " or secret not in page
    assert not Store._base_manager.exists()


@pytest.mark.row("FEAT-A8", "REL-X05")
def test_by_way_of_the_shop_one_comes_back_to_a_connected_store(admins_browser: Client, shop):
    to_shop = admins_browser.post(CONNECT, app(shop, "authorization_code"))
    assert to_shop.status_code == 302
    assert to_shop["Location"].startswith(f"{shop.base_url}/admin/oauth/authorize?")
    back = urlsplit(requests.get(to_shop["Location"], allow_redirects=False, timeout=10).headers["Location"])
    assert back.path == CALLBACK

    response = admins_browser.get(f"{back.path}?{back.query}")

    with scopes_disabled():
        store = Store.objects.get()
    assert response["Location"] == f"{LIST}{store.pk}/"
    assert "is connected. Its orders are being loaded." in text_of(admins_browser.get(response["Location"]))
    again = admins_browser.get(f"{back.path}?{back.query}")
    assert again["Location"] == f"{CONNECT}?way=authorization_code"
    assert "within the last ten minutes" in text_of(admins_browser.get(again["Location"]))


@pytest.mark.row("REL-X05")
def test_a_forged_return_leads_to_the_form_and_a_stranger_to_the_login(admins_browser: Client, agents_browser, shop):
    admins_browser.post(CONNECT, app(shop, "authorization_code"))
    forged = admins_browser.get(CALLBACK, {"code": "1", "state": "2", "hmac": "3", "shop": DOMAIN, "timestamp": "4"})
    assert forged["Location"] == f"{CONNECT}?way=authorization_code"
    assert PendingAuthorization.objects.count() == 1
    assert agents_browser.get(CALLBACK).status_code == 403
    stranger = Client().get(f"{CALLBACK}?state=x")
    assert urlsplit(stranger["Location"]).path == "/admin/login/"
    assert parse_qs(urlsplit(stranger["Location"]).query)["next"] == [f"{CALLBACK}?state=x"]


@pytest.mark.row("REL-W14")
def test_a_new_secret_is_taken_and_a_wrong_one_said(admins_browser: Client, shop, administrator_actor):
    with scopes_disabled():
        store = connect_with_client_credentials(
            domain=DOMAIN, client_id=shop.client_id, client_secret=shop.client_secret, actor=administrator_actor
        )
    url = f"{LIST}{store.pk}/secret/"
    assert "for another hour" in text_of(admins_browser.get(url))
    wrong = admins_browser.post(url, {"new_secret": "nobodys-secret"})
    assert (wrong.status_code, "nobodys-secret" in text_of(wrong)) == (400, False)
    assert 'id="new-secret-error" role="alert"' in text_of(wrong)

    shop.oauth(client_secret="the-next-secret")
    response = admins_browser.post(url, {"new_secret": "the-next-secret"})

    assert response["Location"] == f"{LIST}{store.pk}/"
    with scopes_disabled():
        kept = Credential.objects.get()
    assert (kept.client_secret, kept.previous_webhook_secret) == ("the-next-secret", shop.client_secret)
