"""OAuth without a shop: signatures of queries, their age, the address to send people to, and what answers mean."""

from __future__ import annotations

import json
from urllib.parse import parse_qsl, urlsplit

import pytest

from stores.shopify.errors import NeedsPerson, ShopifyError, TryAgain
from stores.shopify.oauth import App, authorize_url, is_fresh, is_genuine, mint, query_hmac
from stores.shopify.oauth_answers import Grant, read_grant
from stores.shopify.transport import Reply

# The example of Shopify's own documentation; its secret is `hush`.
PUBLISHED = {
    "code": ["0907a61c0c8d55e99db179b68161bc00"],
    "hmac": ["700e2dadb827fcc8609e9d5ce208b2e9cdaab9df07390d2cbca10d7c328fc4bf"],
    "shop": ["some-shop.myshopify.com"],
    "state": ["0.6784241404160823"],
    "timestamp": ["1337178173"],
}


def test_the_published_example_is_genuine():
    assert is_genuine(PUBLISHED, "hush")


@pytest.mark.row("REL-X05")
@pytest.mark.parametrize(
    ("changed", "secret"),
    [
        ({}, "hush!"),
        ({}, ""),
        ({"shop": ["some-shop.myshopify.com.evil.com"]}, "hush"),
        ({"shop": ["some-shop.myshopify.com", "other.myshopify.com"]}, "hush"),
        ({"timestamp": ["1337178174"]}, "hush"),
        ({"more": ["x"]}, "hush"),
        ({"hmac": []}, "hush"),
        ({"hmac": [""]}, "hush"),
        ({"hmac": PUBLISHED["hmac"] * 2}, "hush"),
        ({"hmac": [PUBLISHED["hmac"][0].upper()]}, "hush"),
        ({"hmac": ["é" * 64]}, "hush"),
    ],
)
def test_anything_changed_is_not_genuine(changed, secret):
    assert not is_genuine({**PUBLISHED, **changed}, secret)


def test_the_encoding_is_that_of_shopifys_libraries():
    """Against the text that URLSearchParams makes of it, with %20 for the space."""
    import hashlib
    import hmac

    parameters = {"b": ["a b+c~d*e/=é"], "a": ["1", "2"], "hmac": ["x"], "signature": ["y"]}
    text = "a=1%2C2&b=a%20b%2Bc%7Ed*e%2F%3D%C3%A9"
    assert query_hmac(parameters, "s") == hmac.new(b"s", text.encode(), hashlib.sha256).hexdigest()


@pytest.mark.row("REL-X05")
@pytest.mark.parametrize(
    ("timestamp", "fresh"),
    [
        ("1000", True), ("910", True), ("1090", True), ("909", False), ("1091", False), ("", False), ("-1000", False),
        ("1000.0", False), ("٣٣٣", False), ("9" * 400, False),
    ],
)  # fmt: skip
def test_a_query_is_fresh_for_ninety_seconds_either_way(timestamp, fresh):
    assert is_fresh(timestamp, now=1000.0) is fresh


def test_the_address_to_authorize_asks_for_a_token_of_the_app_and_not_of_the_person():
    url = urlsplit(
        authorize_url(
            "my-shop.myshopify.com",
            "app-id-12",
            scopes={"write_orders", "read_orders"},
            redirect_uri="https://us.example/back/?x=1",
            state="s/t",
        )
    )
    assert (url.scheme, url.netloc, url.path) == ("https", "my-shop.myshopify.com", "/admin/oauth/authorize")
    assert dict(parse_qsl(url.query)) == {
        "client_id": "app-id-12",
        "scope": "read_orders,write_orders",
        "redirect_uri": "https://us.example/back/?x=1",
        "state": "s/t",
    }


@pytest.mark.parametrize("domain", ["evil.com/.myshopify.com", "a.myshopify.com.evil.com", "A.myshopify.com", ""])
def test_no_secret_goes_to_what_is_no_shop(domain):
    with pytest.raises(NeedsPerson) as refusal:
        mint(domain, App("client-id-1", "client-secret-1"))
    assert refusal.value.code == "bad_domain"


def answer(status: int, payload: object = None, *, body: bytes | None = None) -> Reply:
    return Reply(status, {}, json.dumps(payload).encode() if body is None else body)


def test_a_grant_is_read_and_does_not_show_its_token():
    grant = read_grant(
        answer(200, {"access_token": "shpat_0123456789", "scope": "read_orders, write_orders", "expires_in": 86399}),
        is_code=False,
    )
    assert grant == Grant("shpat_0123456789", frozenset({"read_orders", "write_orders"}), 86399)
    assert "shpat_" not in repr(grant)
    assert "client-secret-1" not in repr(App("client-id-1", "client-secret-1"))


@pytest.mark.parametrize(
    ("reply", "is_code", "kind", "code"),
    [
        (answer(400, {"error": "shop_not_permitted"}), False, NeedsPerson, "shop_not_permitted"),
        (answer(400, {"error": "app_not_installed"}), False, NeedsPerson, "app_not_installed"),
        (answer(400, {"error": "invalid_client"}), False, NeedsPerson, "invalid_client"),
        (answer(401, {"error": "invalid_client"}), True, NeedsPerson, "invalid_client"),
        (answer(401, {}), False, NeedsPerson, "invalid_client"),
        (answer(400, {"error": "application_cannot_be_found"}), False, NeedsPerson, "invalid_client"),
        (answer(400, {"error": "invalid_request"}), True, NeedsPerson, "invalid_code"),
        (answer(400, {"error": "invalid_request"}), False, NeedsPerson, "grant_refused"),
        (
            answer(400, body=b"<html>Oauth error shop_not_permitted: Client credentials cannot ...</html>"),
            False,
            NeedsPerson,
            "shop_not_permitted",
        ),
        (answer(403, {}), False, NeedsPerson, "access_refused"),
        (answer(404, {}), False, NeedsPerson, "wrong_shop"),
        (answer(302, {}), False, NeedsPerson, "redirected"),
        (answer(429, {}), False, TryAgain, "rate_limited"),
        (answer(500, {"error": "shop_not_permitted"}), False, TryAgain, "shop_unavailable"),
        (answer(200, body=b"<html>"), False, TryAgain, "garbage_answer"),
        (answer(200, []), False, TryAgain, "garbage_answer"),
        (answer(200, {"access_token": "two words here"}), False, TryAgain, "garbage_answer"),
        (answer(200, {"access_token": 5}), False, TryAgain, "garbage_answer"),
        (answer(200, {"access_token": "shpat_0123456789", "expires_in": -1}), False, TryAgain, "garbage_answer"),
        (answer(200, {"access_token": "shpat_0123456789", "expires_in": "1"}), False, TryAgain, "garbage_answer"),
    ],
)
def test_every_other_answer_says_what_to_do(reply, is_code, kind, code):
    with pytest.raises(ShopifyError) as refusal:
        read_grant(reply, is_code=is_code)
    assert (type(refusal.value), refusal.value.code) == (kind, code)
    assert len(str(refusal.value)) > 20
