"""The rehearsal shop's OAuth, over HTTP: as Shopify's, its refusals and its clock included."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
import requests

from stores.rehearsal.oauth import OAuth
from stores.rehearsal.process import RehearsalShop

CALLBACK = "http://127.0.0.1:1/back/?page=1"


@pytest.fixture(scope="module")
def app() -> Iterator[RehearsalShop]:
    with RehearsalShop(orders=5, client_id="the-app", client_secret="the-secret") as child:
        yield child


def call(url: str, body: bytes | None = None, kind: str = "application/x-www-form-urlencoded") -> tuple[int, Any, Any]:
    method = "GET" if body is None else "POST"
    answer = requests.request(method, url, data=body, headers={"Content-Type": kind}, allow_redirects=False, timeout=10)
    return answer.status_code, answer.headers, answer.json() if answer.text.startswith("{") else answer.text


def ask(shop: RehearsalShop, *, as_json: bool = False, **changes: str) -> tuple[int, Any]:
    asked = {"client_id": "the-app", "client_secret": "the-secret", "grant_type": "client_credentials"} | changes
    asked = {name: value for name, value in asked.items() if value}
    body = json.dumps(asked) if as_json else urlencode(asked)
    kind = "application/json" if as_json else "application/x-www-form-urlencoded"
    status, _, answer = call(f"{shop.base_url}/admin/oauth/access_token", body.encode(), kind)
    return status, answer


def code_of(shop: RehearsalShop) -> str:
    _, headers, _ = call(f"{shop.base_url}/admin/oauth/authorize?{urlencode(ASKED)}")
    return dict(parse_qsl(urlsplit(headers["Location"]).query))["code"]


ASKED = {"client_id": "the-app", "redirect_uri": CALLBACK, "state": "a-state", "scope": "read_orders"}
SHOP = "{ shop { name } }"


@pytest.mark.parametrize("as_json", [False, True])
def test_id_and_secret_give_a_token_of_a_day_as_often_as_asked(app, as_json):
    status, first = ask(app, as_json=as_json)
    _, second = ask(app, as_json=as_json)

    assert (status, set(first)) == (200, {"access_token", "scope", "expires_in"})
    assert first["expires_in"] == 86_399
    assert "write_orders" in first["scope"].split(",")
    assert first["access_token"] != second["access_token"]
    for token in (first["access_token"], second["access_token"], app.token):
        assert "errors" not in app.execute(SHOP, token=token)


@pytest.mark.parametrize(
    ("owner", "asked", "error"),
    [
        ({}, {"client_id": "another"}, "application_cannot_be_found"),
        ({}, {"client_secret": "another"}, "invalid_client"),
        ({}, {"grant_type": "password"}, "unsupported_grant_type"),
        ({}, {"grant_type": "", "code": "0" * 32}, "invalid_request"),
        ({"installed": False}, {}, "app_not_installed"),
        ({"permitted": False}, {}, "shop_not_permitted"),
    ],
)
def test_refusals_name_their_error(app, owner, asked, error):
    app.oauth(**owner)
    try:
        status, answer = ask(app, **asked)
    finally:
        app.oauth(installed=True, permitted=True)
    assert (status, answer["error"]) == (400, error)


def test_the_owner_comes_back_with_a_signed_code_that_works_once(app):
    status, headers, _ = call(f"{app.base_url}/admin/oauth/authorize?{urlencode(ASKED)}")
    address = urlsplit(headers["Location"])
    carried = dict(parse_qsl(address.query))
    page, given = carried.pop("page"), carried.pop("hmac")
    text = "&".join(
        f"{name}={value.replace('/', '%2F').replace('=', '%3D')}" for name, value in sorted(carried.items())
    )

    assert (status, page, f"{address.scheme}://{address.netloc}{address.path}?page=1") == (302, "1", CALLBACK)
    assert (carried["state"], carried["shop"]) == ("a-state", app.domain)
    assert hmac.new(b"the-secret", text.encode(), hashlib.sha256).hexdigest() == given
    status, answer = ask(app, grant_type="", code=carried["code"])
    assert (status, set(answer)) == (200, {"access_token", "scope"})
    assert "errors" not in app.execute(SHOP, token=answer["access_token"])
    assert ask(app, grant_type="", code=carried["code"])[0] == 400


def test_an_expiring_token_is_given_to_whom_asks_for_it(app):
    assert ask(app, grant_type="", code=code_of(app), expiring="1")[1]["expires_in"] == 3600


def test_an_unknown_app_is_not_let_in(app):
    status, headers, _ = call(f"{app.base_url}/admin/oauth/authorize?{urlencode({**ASKED, 'client_id': 'x'})}")
    assert (status, headers.get("Location")) == (400, None)


def test_an_answer_can_be_lost_after_the_token_was_given(app):
    before = app.state()["tokens_given"]
    app.faults("apply_then_drop_reply", only="oauth")
    with pytest.raises(requests.ConnectionError):
        ask(app)
    assert app.state()["tokens_given"] == before + 1


class StandingClock:
    def __init__(self) -> None:
        self.time = 1_000_000.0

    def now(self) -> float:
        return self.time


class Meta:
    def __init__(self) -> None:
        self.kept: dict[str, str] = {}

    def meta(self, key: str) -> str | None:
        return self.kept.get(key)

    def set_meta(self, key: str, value: str) -> None:
        self.kept[key] = value


def test_tokens_and_codes_end_by_the_shops_clock():
    clock, meta = StandingClock(), Meta()
    app = OAuth(meta, clock, domain="a.myshopify.com", client_id="i", client_secret="s", scopes=frozenset)
    known = {"client_id": "i", "client_secret": "s"}

    def carried() -> dict[str, str]:
        address = app.approve({"client_id": "i", "redirect_uri": "https://us.example/"})
        return known | {"code": dict(parse_qsl(urlsplit(address or "").query))["code"]}

    minted = app.grant(known | {"grant_type": "client_credentials"})[1]["access_token"]
    lasting = app.grant(carried())[1]["access_token"]
    late = carried()
    clock.time += 86_398
    assert app.accepts(minted)
    assert app.grant(late)[0] == 400
    clock.time += 1
    assert not app.accepts(minted)
    assert app.accepts(lasting)
    assert not app.accepts("")


def test_tokens_outlive_a_restart(tmp_path: Path):
    state = tmp_path / "shop.sqlite3"
    options = {"orders": 5, "client_id": "the-app", "client_secret": "the-secret", "state": state}
    with RehearsalShop(**options) as shop:
        _, answer = ask(shop)
        shop.stop(kill=True)
    with RehearsalShop(**options) as shop:
        assert "errors" not in shop.execute(SHOP, token=answer["access_token"])
        shop.oauth(expire=True)
        assert "errors" in shop.execute(SHOP, token=answer["access_token"])


def test_the_webhook_secret_is_the_apps_unless_told_otherwise():
    with RehearsalShop(orders=5, client_id="the-app", webhook_secret="one-for-both") as shop:
        assert shop.client_secret == "one-for-both"
        assert ask(shop, client_secret="one-for-both")[0] == 200
