"""Webhooks: which are Shopify's, and what their headers say."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stores.shopify.errors import Final
from stores.shopify.webhooks import Delivery, read_delivery, verify

SECRET = "hush"
BODY = b'{"id": 1, "name": "#1001"}'


def sign(body: bytes, secret: str = SECRET) -> str:
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


GOOD = sign(BODY)


def test_a_body_signed_with_the_secret_is_shopifys() -> None:
    assert verify(BODY, GOOD, [SECRET])


@pytest.mark.row("REL-W14")
def test_the_secret_before_the_rotation_still_counts() -> None:
    assert verify(BODY, GOOD, ["new", SECRET])
    assert not verify(BODY, GOOD, ["new"])


@pytest.mark.row("REL-W01")
@pytest.mark.parametrize(
    "header",
    [
        "",
        "x",
        hmac.new(SECRET.encode(), BODY, hashlib.sha256).hexdigest(),
        GOOD[:-1],
        GOOD + "\n",
        " " + GOOD,
        GOOD + "=",
        GOOD[:10] + " " + GOOD[10:],
        GOOD[:-2] + chr(ord(GOOD[-2]) + 1) + "=",
        base64.urlsafe_b64encode(b"\xff" * 32).decode(),
        base64.b64encode(b"\x00" * 31).decode(),
        sign(BODY, "other"),
        sign(BODY + b" "),
        "é" * 44,
    ],
)
def test_any_other_signature_is_refused(header: str) -> None:
    assert not verify(BODY, header, [SECRET])


@pytest.mark.row("REL-W02")
def test_the_same_json_written_otherwise_is_another_body() -> None:
    assert not verify(b'{"name": "#1001", "id": 1}', GOOD, [SECRET])


@pytest.mark.parametrize("secrets", [[], [""]])
def test_without_a_secret_nothing_is_shopifys(secrets: list[str]) -> None:
    assert not verify(BODY, sign(BODY, ""), secrets)


@pytest.mark.row("REL-W01")
@settings(max_examples=500, deadline=None)
@given(
    header=st.one_of(
        st.text(max_size=60), st.binary(min_size=32, max_size=32).map(lambda b: base64.b64encode(b).decode())
    )
)
def test_no_forgery_passes(header: str) -> None:
    assert verify(BODY, header, [SECRET]) is (header == GOOD)


HEADERS = {
    "X-Shopify-Topic": "orders/updated",
    "X-Shopify-Shop-Domain": "My-Shop.myshopify.com",
    "X-Shopify-Webhook-Id": "b54557e4-bdd9-4b37-8a5f-bf7d70bcd043",
    "X-Shopify-Event-Id": "98880550-7158-44d4-b7cd-2c97c8a091b5",
    "X-Shopify-Triggered-At": "2026-10-05T10:00:00.123456789Z",
    "X-Shopify-API-Version": "2026-10",
}


def test_the_headers_describe_the_delivery_whatever_their_case() -> None:
    expected = Delivery(
        topic="orders/updated",
        domain="my-shop.myshopify.com",
        webhook_id="b54557e4-bdd9-4b37-8a5f-bf7d70bcd043",
        event_id="98880550-7158-44d4-b7cd-2c97c8a091b5",
        triggered_at=datetime(2026, 10, 5, 10, 0, 0, 123456, tzinfo=UTC),
        api_version="2026-10",
    )

    assert read_delivery(HEADERS) == expected
    assert read_delivery({name.upper(): value for name, value in HEADERS.items()}) == expected


def test_headers_that_only_help_may_be_missing_or_odd() -> None:
    delivery = read_delivery(
        HEADERS | {"X-Shopify-Triggered-At": "soon", "X-Shopify-Event-Id": "é", "X-Shopify-API-Version": "9" * 99}
    )

    assert (delivery.triggered_at, delivery.event_id, delivery.api_version) == (None, "", "9" * 20)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X-Shopify-Topic", ""),
        ("X-Shopify-Topic", "Orders Updated"),
        ("X-Shopify-Topic", "orders/updated/../x"),
        ("X-Shopify-Shop-Domain", "my-shop.example.com"),
        ("X-Shopify-Shop-Domain", ""),
        ("X-Shopify-Webhook-Id", ""),
        ("X-Shopify-Webhook-Id", "x" * 256),
        ("X-Shopify-Webhook-Id", "a\x00b"),
    ],
)
def test_a_delivery_without_proper_headers_is_refused(name: str, value: str) -> None:
    with pytest.raises(Final) as refusal:
        read_delivery(HEADERS | {name: value})

    assert refusal.value.code == "bad_delivery"
