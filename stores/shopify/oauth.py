"""Shopify's OAuth: tokens for an app's id and secret, and the way by which a shop's owner lets an app in.

`mint` is the client credentials grant: tokens of 24 hours, as often as asked; asking again harms nothing.
`authorize_url` leads a person to the shop, who comes back with parameters that `is_genuine` and `is_fresh` judge, and
`exchange_code` turns the code among them into a token that does not expire.
Source: shopify.dev, access tokens; the query's encoding is that of Shopify's own libraries.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import quote, urlencode

from stores.shopify.auth import is_sendable
from stores.shopify.classify import classify_exception
from stores.shopify.client import checked_base_url
from stores.shopify.clock import Clock, SystemClock
from stores.shopify.domain import is_shop_domain
from stores.shopify.errors import NeedsPerson
from stores.shopify.oauth_answers import Grant, read_grant
from stores.shopify.transport import Limits, new_session, post

# An answer has a few hundred bytes; whoever sends more is not Shopify.
_LIMITS = Limits(read_seconds=10.0, seconds=15.0, sent_bytes=65_536, unpacked_bytes=65_536)
FRESH_SECONDS = 90


@dataclass(frozen=True, slots=True)
class App:
    """An app of the Dev Dashboard: its public id and its secret, which also signs its webhooks."""

    client_id: str
    client_secret: str = field(repr=False)


def mint(domain: str, app: App, *, base_url: str | None = None, clock: Clock | None = None) -> Grant:
    """A new token for the shop by the client credentials grant; `expires_in` says for how many seconds.

    Raises `TryAgain` for everything that asking again may heal, a lost answer included, and `NeedsPerson`
    (`shop_not_permitted`, `app_not_installed`, `invalid_client`, `bad_domain` and those of every call).
    """
    return _grant(domain, app, {"grant_type": "client_credentials"}, base_url=base_url, clock=clock)


def exchange_code(
    domain: str, app: App, code: str, *, base_url: str | None = None, clock: Clock | None = None
) -> Grant:
    """The token for a code that the shop's owner brought back. Works once per code: `NeedsPerson("invalid_code")`
    afterwards, also when the answer of the first time was lost."""
    return _grant(domain, app, {"code": code}, base_url=base_url, clock=clock)


def authorize_url(
    domain: str,
    client_id: str,
    *,
    scopes: Collection[str],
    redirect_uri: str,
    state: str,
    base_url: str | None = None,
) -> str:
    """Where a person lets the app in. Without `grant_options[]` the token is the app's, not the person's."""
    asked = {
        "client_id": client_id,
        "scope": ",".join(sorted(scopes)),
        "redirect_uri": redirect_uri,
        "state": state,
    }
    return f"{_origin(domain, base_url)}/admin/oauth/authorize?{urlencode(asked, quote_via=quote)}"


def query_hmac(parameters: Mapping[str, Sequence[str]], secret: str) -> str:
    """What Shopify signs a query with: hex HMAC-SHA256 over the sorted parameters, repeated ones joined by a comma."""
    signed = "&".join(
        f"{_encoded(name)}={_encoded(','.join(parameters[name]))}"
        for name in sorted(parameters)
        if name not in ("hmac", "signature")
    )
    return hmac.new(secret.encode(), signed.encode(), hashlib.sha256).hexdigest()


def is_genuine(parameters: Mapping[str, Sequence[str]], secret: str) -> bool:
    """Whether the query carries exactly one `hmac` and it is right. Takes as long whatever does not match."""
    given = parameters.get("hmac", ())
    if len(given) != 1 or not secret or not given[0].isascii():
        return False
    return hmac.compare_digest(query_hmac(parameters, secret), given[0])


def is_fresh(timestamp: str, *, now: float) -> bool:
    """Whether a query was signed within 90 seconds of `now` (seconds since 1970), before or after."""
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
        return False
    return abs(now - int(timestamp)) <= FRESH_SECONDS


def _grant(domain: str, app: App, asked: Mapping[str, str], *, base_url: str | None, clock: Clock | None) -> Grant:
    if not (is_sendable(app.client_id) and is_sendable(app.client_secret)):
        raise NeedsPerson("invalid_client")
    url = f"{_origin(domain, base_url)}/admin/oauth/access_token"
    body = urlencode({"client_id": app.client_id, "client_secret": app.client_secret, **asked}).encode()
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
    session = new_session()
    try:
        reply = post(session, url, body=body, headers=headers, limits=_LIMITS, clock=clock or SystemClock())
    except Exception as error:
        failure = classify_exception(error, is_mutation=False)
    else:
        return read_grant(reply, is_code="code" in asked)
    finally:
        session.close()
    # Raised outside the handler: the exception of requests carries the request, and with it the secret.
    raise failure


def _origin(domain: str, base_url: str | None) -> str:
    if not is_shop_domain(domain):
        raise NeedsPerson("bad_domain")
    return checked_base_url(base_url) or f"https://{domain}"


def _encoded(text: str) -> str:
    # As URLSearchParams does it, with %20 for a space.
    return quote(text, safe="*").replace("~", "%7E")
