"""What can go wrong between us and Shopify, as four answers to one question: what now?

`TryAgain`     nothing was changed; the same call may work after `after_seconds`
`NeedsPerson`  nothing was changed; it stays so until somebody does something, the sentence says what
`Final`        nothing was changed; this call can never work, the next one may
`Uncertain`    a mutation may or may not have run: look at the shop before repeating it

Every error has a `code` for machines, a sentence for people, Shopify's `request_id` where there was an answer, and
`facts` for logs. None of them ever holds a token, a document's variables or a body.
"""

from __future__ import annotations

from collections.abc import Mapping

SENTENCES: Mapping[str, str] = {
    # try again
    "throttled": "Shopify asks us to slow down for this shop. The call is repeated when the shop's budget allows.",
    "budget_busy": "Other work is using this shop's call budget. The call is repeated when there is room again.",
    "shop_silent": "The shop left our last calls without an answer. It is asked again after a pause, one call at a "
    "time, so that other shops do not wait for it.",
    "rate_limited": "Shopify refused the call because too many came at once. It is repeated after a pause.",
    "security_rejection": "Shopify's protection refused the call. It is repeated after a long pause; "
    "if this stays, ask Shopify's support with the request id.",
    "shop_unavailable": "Shopify could not answer for this shop just now. The call is repeated after a pause.",
    "timed_out": "Shopify did not answer in time. The call is repeated after a pause.",
    "connection_lost": "The connection to Shopify broke before the whole answer was here. The call is repeated.",
    "unreachable": "The shop could not be reached. Check this server's internet connection; the call is repeated.",
    "unknown_host": "The shop's address could not be found in the DNS. Check the domain and this server's DNS; "
    "the call is repeated.",
    "garbage_answer": "Shopify's answer could not be read. The call is repeated; if this stays, Shopify has changed "
    "its answers and this software needs an update.",
    "answer_too_large": "Shopify's answer is larger than we accept. Ask for fewer orders at a time.",
    "token_busy": "Another worker is asking Shopify for a new access token. The call is repeated when it is here.",
    "bulk_busy": "The shop runs as many bulk operations for this app as it may. Ours is started when one has ended.",
    "file_unfinished": "The file of a bulk operation is still being fetched; it goes on where it was.",
    # needs a person
    "bad_token": "Shopify does not accept the access token. Enter a new Admin API token for this store.",
    "fresh_token_refused": "Shopify refuses an access token that it gave a moment ago. Check that the app is still "
    "installed in the shop, then resume the store.",
    "token_expired": "The access token has expired. Reconnect this store.",
    "shop_not_permitted": "Shopify does not give this app tokens for this shop. Client id and secret alone work only "
    "when the app belongs to the same organization as the shop; otherwise connect by authorization.",
    "app_not_installed": "The app is not installed in this shop. Open it in the Dev Dashboard, choose Install app and "
    "this shop, then try again.",
    "invalid_client": "Shopify does not accept the client id and secret. Copy both again from the app's settings in "
    "the Dev Dashboard.",
    "invalid_code": "Shopify no longer accepts this authorization: it was used before or is too old. Begin again.",
    "grant_refused": "Shopify refuses to give this app a token. Check in the Dev Dashboard that the app has a released "
    "version and is installed in the shop.",
    "shop_frozen": "Shopify has frozen this shop, mostly because of an unpaid bill. "
    "Its owner has to settle that with Shopify.",
    "shop_locked": "Shopify has locked this shop. Its owner has to ask Shopify's support.",
    "shop_inactive": "This shop is not active at Shopify. Its owner has to open it again.",
    "access_refused": "Shopify refuses this app access to the shop. Check the app's permissions and whether it is "
    "still installed.",
    "wrong_shop": "There is no shop at this address. Check the myshopify.com domain.",
    "redirected": "The shop's address leads elsewhere. Use the myshopify.com domain that the Shopify admin shows under "
    "Settings, Domains.",
    "missing_scope": "The app may not do this in the shop. Give it the missing permission and install it again.",
    "data_not_approved": "Shopify has not approved this app for customers' data. In the Dev Dashboard, open the app's "
    "API access, ask for protected customer data with name, address, e-mail and phone, then try again.",
    "bad_certificate": "The shop's certificate could not be verified, so nothing was sent. Check this server's clock "
    "and its certificate store.",
    "bad_domain": "This is not the address of a Shopify shop. Enter the myshopify.com domain, such as "
    "my-shop.myshopify.com.",
    # final
    "too_expensive": "This call costs more than Shopify allows at once. Ask for less in one call.",
    "bad_request": "Shopify could not read the call. This is a fault of this software.",
    "document_rejected": "Shopify does not know something that we asked for. This software needs an update.",
    "request_rejected": "Shopify refused the values of this call. Check what was entered and try other values.",
    "shopify_error": "Shopify reported an error that we do not know. If this stays, ask Shopify's support with the "
    "request id.",
    "search_ignored": "Shopify ignored part of our search, which would have returned every order. Nothing was used.",
    "bulk_refused": "Shopify does not run this bulk operation.",
    "file_gone": "The link to a bulk operation's file no longer works: Shopify keeps it for seven days. "
    "It is asked for anew.",
    "file_elsewhere": "The file of a bulk operation lies where Shopify keeps none. It was not fetched.",
    "file_too_large": "The file of a bulk operation is longer than Shopify said. It was not used.",
    "bad_delivery": "This webhook lacks the headers that Shopify always sends.",
    # uncertain
    "outcome_unknown": "It is not known whether Shopify carried this out. Look at the order before repeating it.",
}


class ShopifyError(Exception):
    """Anything that kept a call from giving its result. `str()` is the sentence for people."""

    def __init__(
        self, code: str, message: str = "", *, request_id: str = "", facts: Mapping[str, object] | None = None
    ) -> None:
        self.code = code
        self.message = message or SENTENCES[code]
        self.request_id = request_id
        self.facts: dict[str, object] = dict(facts or {})
        super().__init__(code, self.message)

    def __str__(self) -> str:
        return self.message


class TryAgain(ShopifyError):
    """Surely not carried out; worth repeating after `after_seconds`."""

    def __init__(
        self,
        code: str,
        message: str = "",
        *,
        after_seconds: float = 1.0,
        request_id: str = "",
        facts: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(code, message, request_id=request_id, facts=facts)
        self.after_seconds = after_seconds


class NeedsPerson(ShopifyError):
    """Surely not carried out, and repeating does not help until a person has acted."""


class Final(ShopifyError):
    """Surely not carried out, and this very call never will be."""


class TooExpensive(Final):
    """The document's requested cost is above 1,000 points or above the shop's whole bucket."""


class GarbageAnswer(Final):
    """An answer lacks a field or has one of another type. `facts["path"]` names it."""


class Uncertain(ShopifyError):
    """A mutation was sent and no trustworthy answer came. `facts["because"]` is the code of what happened."""
