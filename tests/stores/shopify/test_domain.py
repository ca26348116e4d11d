"""What people type becomes a shop's address, or nothing: the token is sent there."""

from __future__ import annotations

import pytest

from stores.shopify.auth import StaticToken
from stores.shopify.client import Client
from stores.shopify.domain import is_shop_domain, normalise_domain
from stores.shopify.errors import NeedsPerson
from stores.shopify.throttle import MemoryBudget


@pytest.mark.parametrize(
    "typed",
    [
        "my-shop",
        "  My-Shop ",
        "my-shop.myshopify.com",
        "MY-SHOP.myshopify.com/",
        "https://my-shop.myshopify.com",
        "http://my-shop.myshopify.com/admin/orders?x=1#top",
        "admin.shopify.com/store/my-shop",
        "https://admin.shopify.com/store/my-shop/orders/1?x",
    ],
)
def test_every_way_to_name_a_shop_gives_its_domain(typed: str) -> None:
    assert normalise_domain(typed) == "my-shop.myshopify.com"


@pytest.mark.row("REL-X05")
@pytest.mark.parametrize(
    "typed",
    [
        "",
        "shop.example.com",
        "evil.com/.myshopify.com",
        "my-shop.myshopify.com.evil.com",
        "my-shop.myshopify.com@evil.com",
        "user:secret@my-shop.myshopify.com",
        "my-shop.myshopify.com:8080",
        "-shop",
        "my_shop",
        "my shop",
        "my-shop.myshopify.com\nHost: evil.com",
        "myshop．myshopify．com",
        "mý-shop",
        "admin.shopify.com/store/",
        "https://admin.shopify.com/store/a.b",
        "ftp://my-shop.myshopify.com",
        "https://https://my-shop",
        "127.0.0.1",
        "a" * 64,
    ],
)
def test_anything_else_is_refused_with_a_sentence(typed: str) -> None:
    with pytest.raises(NeedsPerson) as refusal:
        normalise_domain(typed)

    assert refusal.value.code == "bad_domain"
    assert "myshopify.com" in str(refusal.value)


@pytest.mark.parametrize("text", ["My-shop.myshopify.com", "my-shop", "my-shop.myshopify.com\n", " a.myshopify.com"])
def test_only_the_normal_form_is_a_shop_domain(text: str) -> None:
    assert not is_shop_domain(text)


@pytest.mark.parametrize("base_url", ["http://evil.example.com", "ftp://127.0.0.1", "//127.0.0.1"])
def test_a_client_speaks_without_tls_only_to_its_own_machine(base_url: str) -> None:
    with pytest.raises(NeedsPerson):
        Client("my-shop.myshopify.com", token=StaticToken("x" * 20), budget=MemoryBudget(), base_url=base_url)


def test_a_client_refuses_a_domain_that_is_no_shops() -> None:
    with pytest.raises(NeedsPerson):
        Client("evil.com", token=StaticToken("x" * 20), budget=MemoryBudget())


@pytest.mark.parametrize("token", ["", "short", "with space in it", "line\r\nX-Other: 1", "ünïcödë-token"])
def test_a_token_that_could_not_be_sent_is_refused_without_being_shown(token: str) -> None:
    with pytest.raises(NeedsPerson) as refusal:
        StaticToken(token)

    assert refusal.value.code == "bad_token"
    assert not token or token not in str(refusal.value)


def test_a_token_never_shows_itself() -> None:
    token = StaticToken("shpat_secret_secret")

    assert "secret" not in f"{token!r} {token}"
    assert token() == "shpat_secret_secret"
