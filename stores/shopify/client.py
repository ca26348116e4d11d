"""The GraphQL client of one shop: sends one document, returns one `Answer` or raises a `ShopifyError`.

Every request passes the shop's budget first. Nothing here retries (see retry.py) or knows what a document means; only a
refused token is exchanged for a fresh one where its source has one.
The token is asked for per request and appears in no log, repr or error.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlsplit

import requests

from stores.shopify import documents
from stores.shopify.auth import TokenSource
from stores.shopify.classify import Body, classify_errors, classify_exception, classify_status, read_body
from stores.shopify.clock import Clock, SystemClock
from stores.shopify.cost import Prices
from stores.shopify.domain import is_shop_domain
from stores.shopify.errors import NeedsPerson
from stores.shopify.throttle import Budget, Lane, ThrottleStatus
from stores.shopify.transport import PROBE, Limits, Reply, new_session, post

API_VERSION = "2026-10"

Tolerates = Callable[[Mapping[str, Any]], bool]
"""Says of one GraphQL error whether the caller handles it; the others fail the call."""


@dataclass(frozen=True, slots=True)
class Cost:
    """`extensions.cost`: points asked for and charged, and the shop's bucket afterwards."""

    requested: int
    actual: int | None
    status: ThrottleStatus | None


@dataclass(frozen=True, slots=True)
class Answer:
    """A document's result. `errors` holds only those that the caller tolerated."""

    data: Mapping[str, Any]
    errors: tuple[Mapping[str, Any], ...]
    cost: Cost | None
    request_id: str
    api_version: str
    """The version that really ran: Shopify falls forward from one that it no longer supports."""
    warnings: tuple[Mapping[str, Any], ...]
    """Parts of a search that Shopify ignored; such an answer holds too many rows."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What an answer says of shop and app, whether the call succeeds or not. `errors` are all of GraphQL's."""

    asked: str
    served: str
    """The API version that really ran."""
    deprecated: str
    """Why Shopify calls this use of the API deprecated; empty where it does not."""
    data: Mapping[str, Any] | None
    errors: tuple[Mapping[str, Any], ...]


class Witness(Protocol):
    """Whoever remembers what a shop's answers say beside their data."""

    @property
    def hidden(self) -> Collection[str]:
        """Personal fields of orders (as in `OrderSnapshot.redacted`) that Shopify is known to keep from this app."""

    def __call__(self, heard: Heard) -> None: ...


class Client:
    """Calls one shop. Cheap to make, safe to share between threads when its `budget` is.

    `base_url` replaces `https://domain` for a rehearsal shop; only the machine itself may be spoken to without TLS.
    """

    def __init__(
        self,
        domain: str,
        *,
        token: TokenSource,
        budget: Budget,
        base_url: str | None = None,
        api_version: str = API_VERSION,
        session: requests.Session | None = None,
        clock: Clock | None = None,
        limits: Limits | None = None,
        witness: Witness | None = None,
    ) -> None:
        if not is_shop_domain(domain):
            raise NeedsPerson("bad_domain")
        self.domain = domain
        self.clock: Clock = clock or SystemClock()
        self.spent = 0
        """Points that this client's calls have cost; a sum for reports, not exact between threads."""
        self._token = token
        self._budget = budget
        self._url = f"{checked_base_url(base_url) or 'https://' + domain}/admin/api/{api_version}/graphql.json"
        self._api_version = api_version
        self._session = session or new_session()
        self._limits = limits or Limits()
        self._prices = Prices()
        self._witness = witness

    def __repr__(self) -> str:
        return f"<Client {self.domain}>"

    def close(self) -> None:
        """Closes the kept connections; the client may still be used afterwards."""
        self._session.close()

    @property
    def hidden(self) -> Collection[str]:
        """What the witness knows to be hidden; nothing without one."""
        return self._witness.hidden if self._witness else ()

    def execute(
        self, document: str, variables: Mapping[str, Any], *, lane: Lane, tolerates: Tolerates | None = None
    ) -> Answer:
        """Send `document` once and return its result.

        Errors beside data fail the call unless `tolerates` accepts every one of them: half an answer is none.
        Raises `TryAgain`, `NeedsPerson`, `Final`, and `Uncertain` for mutations only.
        """
        is_mutation = documents.is_mutation(document)
        price = self._prices.requested(document, variables)
        reservation = self._budget.acquire(price, lane=lane)
        cost = None
        try:
            limits = PROBE if reservation.is_probe else self._limits
            reply = self._exchange(document, variables, limits, is_mutation=is_mutation)
            failure = classify_status(reply, is_mutation=is_mutation)
            if failure is not None:
                raise failure
            body = read_body(reply, is_mutation=is_mutation)
            cost = _cost(body)
            self._tell(reply, body)
        finally:
            # Shopify charges nothing for what it throttled: then there is a cost without an actual one.
            spent = (cost.actual or 0) if cost else price
            self.spent += spent
            self._budget.settle(reservation, cost.status if cost else None, spent=spent)
        if cost and cost.requested != price:
            self._prices.learn(document, variables, cost.requested)
        return self._answer(reply, body, cost, is_mutation=is_mutation, price=price, tolerates=tolerates)

    def _exchange(self, document: str, variables: Mapping[str, Any], limits: Limits, *, is_mutation: bool) -> Reply:
        """Sent once more with another token when the shop answers 401: then nothing has run."""
        content = json.dumps({"query": document, "variables": dict(variables)}).encode()
        token = self._token()
        reply = self._send(content, token, limits, is_mutation=is_mutation)
        if reply.status != 401:
            return reply
        renewed = self._token.renewed(token)
        if renewed is None:
            return reply
        reply = self._send(content, renewed, limits, is_mutation=is_mutation)
        if reply.status == 401:
            raise NeedsPerson(
                "fresh_token_refused", request_id=reply.headers.get("x-request-id", ""), facts={"status": 401}
            )
        return reply

    def _send(self, content: bytes, token: str, limits: Limits, *, is_mutation: bool) -> Reply:
        headers = {
            "Content-Type": "application/json",
            "Accept": "application/json",
            "X-Shopify-Access-Token": token,
        }
        try:
            return post(self._session, self._url, body=content, headers=headers, limits=limits, clock=self.clock)
        except Exception as error:
            failure = classify_exception(error, is_mutation=is_mutation)
        # Raised outside the handler: the exception of requests carries the request, and with it the token.
        raise failure

    def _answer(
        self,
        reply: Reply,
        body: Body,
        cost: Cost | None,
        *,
        is_mutation: bool,
        price: int,
        tolerates: Tolerates | None,
    ) -> Answer:
        request_id = reply.headers.get("x-request-id", "")
        tolerated = body.data is not None and tolerates is not None and all(map(tolerates, body.errors))
        if body.data is None or (body.errors and not tolerated):
            raise classify_errors(
                body,
                is_mutation=is_mutation,
                request_id=request_id,
                requested=cost.requested if cost else price,
                status=cost.status if cost else None,
            )
        return Answer(
            data=body.data,
            errors=body.errors,
            cost=cost,
            request_id=request_id,
            api_version=self._served(reply),
            warnings=_warnings(body),
        )

    def _tell(self, reply: Reply, body: Body) -> None:
        if self._witness is not None:
            deprecated = reply.headers.get("x-shopify-api-deprecated-reason", "")
            self._witness(Heard(self._api_version, self._served(reply), deprecated, body.data, body.errors))

    def _served(self, reply: Reply) -> str:
        return reply.headers.get("x-shopify-api-version", self._api_version)


def checked_base_url(base_url: str | None) -> str | None:
    """The address without its last slash. Raises `NeedsPerson("bad_domain")` where secrets could be read on the way."""
    if base_url is None:
        return None
    parts = urlsplit(base_url)
    at_home = parts.hostname in ("127.0.0.1", "localhost", "::1")
    if parts.scheme != "https" and not (parts.scheme == "http" and at_home):
        raise NeedsPerson("bad_domain")
    return base_url.rstrip("/")


def _cost(body: Body) -> Cost | None:
    found = body.extensions.get("cost")
    if not isinstance(found, dict):
        return None
    try:
        actual = found.get("actualQueryCost")
        return Cost(int(found["requestedQueryCost"]), None if actual is None else int(actual), _status(found))
    except (KeyError, TypeError, ValueError):
        return None


def _status(cost: Mapping[str, Any]) -> ThrottleStatus | None:
    found = cost.get("throttleStatus")
    if not isinstance(found, dict):
        return None
    return ThrottleStatus(
        maximum=float(found["maximumAvailable"]),
        available=float(found["currentlyAvailable"]),
        restore_rate=float(found["restoreRate"]),
    )


def _warnings(body: Body) -> tuple[Mapping[str, Any], ...]:
    searches = body.extensions.get("search")
    if not isinstance(searches, list):
        return ()
    return tuple(warning for search in searches if isinstance(search, dict) for warning in search.get("warnings") or ())
