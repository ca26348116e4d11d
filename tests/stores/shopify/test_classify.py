"""The table of everything that can come back: which kind of error it is for a query and for a mutation."""

from __future__ import annotations

import json
import pickle
from typing import Any

import pytest
import requests
import urllib3

from stores.shopify.classify import classify_errors, classify_exception, classify_status, read_body
from stores.shopify.errors import (
    SENTENCES,
    Final,
    NeedsPerson,
    ShopifyError,
    TooExpensive,
    TryAgain,
    Uncertain,
)
from stores.shopify.throttle import ThrottleStatus
from stores.shopify.transport import AnswerBroken, AnswerTooLarge, Reply, TooSlow
from tests.stores.shopify import answers

pytestmark = pytest.mark.row("REL-S07", "REL-S08", "REL-S09")


def reply(status: int = 200, body: bytes = b"{}", **headers: str) -> Reply:
    return Reply(status, {"x-request-id": "r-1", **{k.replace("_", "-"): v for k, v in headers.items()}}, body)


@pytest.mark.parametrize(
    ("status", "query", "mutation", "code"),
    [
        (301, NeedsPerson, NeedsPerson, "redirected"),
        (400, Final, Final, "bad_request"),
        (401, NeedsPerson, NeedsPerson, "bad_token"),
        (402, NeedsPerson, NeedsPerson, "shop_frozen"),
        (403, NeedsPerson, NeedsPerson, "access_refused"),
        (404, NeedsPerson, NeedsPerson, "wrong_shop"),
        (413, Final, Final, "bad_request"),
        (423, NeedsPerson, NeedsPerson, "shop_locked"),
        (429, TryAgain, TryAgain, "rate_limited"),
        (430, TryAgain, TryAgain, "security_rejection"),
        (500, TryAgain, Uncertain, "shop_unavailable"),
        (502, TryAgain, Uncertain, "shop_unavailable"),
        (503, TryAgain, Uncertain, "shop_unavailable"),
        (504, TryAgain, Uncertain, "shop_unavailable"),
        (530, TryAgain, Uncertain, "shop_unavailable"),
        (540, TryAgain, Uncertain, "shop_unavailable"),
        (204, TryAgain, Uncertain, "shop_unavailable"),
    ],
)
def test_a_status_decides(status: int, query: type[ShopifyError], mutation: type[ShopifyError], code: str) -> None:
    of_query = classify_status(reply(status), is_mutation=False)
    of_mutation = classify_status(reply(status), is_mutation=True)

    assert (type(of_query), type(of_mutation)) == (query, mutation)
    assert of_query is not None
    assert of_mutation is not None
    assert (of_query.code, of_query.request_id, of_query.facts["status"]) == (code, "r-1", status)
    assert of_mutation.code == ("outcome_unknown" if mutation is Uncertain else code)


def test_status_200_decides_nothing() -> None:
    assert classify_status(reply(200), is_mutation=True) is None


@pytest.mark.parametrize(
    ("asked", "seconds"), [("4.0", 4.0), ("0", 1.0), ("86400", 3600.0), ("soon", 2.0), ("nan", 2.0), ("inf", 3600.0)]
)
def test_the_shops_own_pause_is_kept_within_reason(asked: str, seconds: float) -> None:
    error = classify_status(reply(429, retry_after=asked), is_mutation=False)

    assert isinstance(error, TryAgain)
    assert error.after_seconds == seconds


def test_a_security_rejection_is_not_hammered() -> None:
    error = classify_status(reply(430), is_mutation=True)

    assert isinstance(error, TryAgain)
    assert error.after_seconds == 900


@pytest.mark.parametrize(
    "body",
    [
        b"<!DOCTYPE html><html><body>Something went wrong</body></html>",
        b'{"data": {"shop": {"name": "cut he',
        b"",
        b"\xff\xfe",
        b"null",
        b"[]",
        b"{}",
        b'{"data": null}',
        b'{"data": []}',
        b'{"data": {}, "errors": "text"}',
        b'{"data": {}, "errors": [1]}',
        b'{"data": {"x": NaN}}',
        b'{"data": {"x": ' + b"9" * 5000 + b"}}",
        b"[" * 100_000,
    ],
    ids=lambda body: body[:24].decode("latin-1"),
)
def test_a_body_that_is_no_answer_is_never_taken_for_one(body: bytes) -> None:
    with pytest.raises(TryAgain) as of_query:
        read_body(reply(body=body), is_mutation=False)
    with pytest.raises(Uncertain) as of_mutation:
        read_body(reply(body=body), is_mutation=True)

    assert (of_query.value.code, of_mutation.value.facts["because"]) == ("garbage_answer", "garbage_answer")


ALIASES = {"m0": {"order": {}}, "m1": None}


@pytest.mark.parametrize(
    ("answer", "query", "mutation", "code"),
    [
        (answers.throttled(), TryAgain, TryAgain, "throttled"),
        (answers.failed("MAX_COST_EXCEEDED"), TooExpensive, TooExpensive, "too_expensive"),
        (answers.failed("ACCESS_DENIED", path=["orders"]), NeedsPerson, NeedsPerson, "missing_scope"),
        (answers.failed("ACCESS_DENIED", path=["m"], data={"m": None}), NeedsPerson, NeedsPerson, "missing_scope"),
        (answers.failed("SHOP_INACTIVE"), NeedsPerson, NeedsPerson, "shop_inactive"),
        (answers.failed("INVALID_VARIABLE"), Final, Final, "request_rejected"),
        (answers.failed("BAD_REQUEST"), Final, Final, "request_rejected"),
        (answers.failed("RESOURCE_NOT_FOUND", data={"m": None}), Final, Final, "request_rejected"),
        (answers.failed("MAX_INPUT_SIZE_EXCEEDED"), Final, Final, "request_rejected"),
        (answers.failed("undefinedField"), Final, Final, "document_rejected"),
        (answers.failed("INTERNAL_SERVER_ERROR"), TryAgain, Uncertain, "shop_unavailable"),
        (answers.failed("INTERNAL_SERVER_ERROR", data={"m": None}), TryAgain, Uncertain, "shop_unavailable"),
        (answers.failed("SOMETHING_NEW"), Final, Uncertain, "shopify_error"),
        (answers.failed(None), Final, Uncertain, "shopify_error"),
        (answers.failed("ACCESS_DENIED", path=["m1"], data=ALIASES), NeedsPerson, Uncertain, "missing_scope"),
        (answers.failed("RESOURCE_NOT_FOUND", path=["m1"], data=ALIASES), Final, Uncertain, "request_rejected"),
    ],
    ids=lambda value: json.dumps(value)[:60] if isinstance(value, dict) else None,
)
def test_graphql_errors_decide(
    answer: dict[str, Any], query: type[ShopifyError], mutation: type[ShopifyError], code: str
) -> None:
    kinds = []
    for is_mutation in (False, True):
        body = read_body(reply(body=json.dumps(answer).encode()), is_mutation=is_mutation)
        status = ThrottleStatus(2000, 48, 100) if "extensions" in answer else None
        error = classify_errors(body, is_mutation=is_mutation, request_id="r-2", requested=548, status=status)
        kinds.append(type(error))
        assert error.code == ("outcome_unknown" if isinstance(error, Uncertain) else code)
        assert error.request_id == "r-2"

    assert kinds == [query, mutation]


def test_throttling_says_how_long_to_wait() -> None:
    body = read_body(reply(body=json.dumps(answers.throttled()).encode()), is_mutation=True)

    error = classify_errors(body, is_mutation=True, request_id="", requested=548, status=ThrottleStatus(2000, 48, 100))

    assert isinstance(error, TryAgain)
    assert error.after_seconds == 5.0


def test_of_several_errors_the_heaviest_speaks() -> None:
    errors = answers.failed("SOMETHING")["errors"] + answers.failed("ACCESS_DENIED", "Access denied for x")["errors"]
    body = read_body(reply(body=json.dumps({"errors": errors}).encode()), is_mutation=False)

    error = classify_errors(body, is_mutation=False, request_id="", requested=1, status=None)

    assert (error.code, error.facts["shopify_says"]) == ("missing_scope", "Access denied for x")


def retried(reason: Exception) -> requests.ConnectionError:
    """What requests makes of urllib3's failures."""
    return requests.ConnectionError(urllib3.exceptions.MaxRetryError(POOL, "/", reason))


POOL = urllib3.HTTPConnectionPool("127.0.0.1")
CONNECTION = urllib3.connection.HTTPConnection("127.0.0.1")


@pytest.mark.parametrize(
    ("failure", "query", "mutation", "because"),
    [
        (
            retried(urllib3.exceptions.NameResolutionError("x", CONNECTION, OSError())),  # type: ignore[arg-type]
            TryAgain,
            TryAgain,
            "unknown_host",
        ),
        (retried(urllib3.exceptions.NewConnectionError(CONNECTION, "refused")), TryAgain, TryAgain, "unreachable"),
        (retried(urllib3.exceptions.ConnectTimeoutError()), TryAgain, TryAgain, "unreachable"),
        (
            requests.exceptions.SSLError(
                urllib3.exceptions.MaxRetryError(POOL, "/", urllib3.exceptions.SSLError("CERTIFICATE_VERIFY_FAILED"))
            ),
            NeedsPerson,
            NeedsPerson,
            "bad_certificate",
        ),
        (
            requests.exceptions.SSLError(
                urllib3.exceptions.MaxRetryError(POOL, "/", urllib3.exceptions.SSLError("record layer failure"))
            ),
            TryAgain,
            Uncertain,
            "connection_lost",
        ),
        (requests.ReadTimeout(urllib3.exceptions.ReadTimeoutError(POOL, "/", "")), TryAgain, Uncertain, "timed_out"),
        (urllib3.exceptions.ReadTimeoutError(POOL, "/", ""), TryAgain, Uncertain, "timed_out"),
        (TooSlow(), TryAgain, Uncertain, "timed_out"),
        (
            requests.ConnectionError(urllib3.exceptions.ProtocolError("aborted", ConnectionResetError(104))),
            TryAgain,
            Uncertain,
            "connection_lost",
        ),
        (urllib3.exceptions.IncompleteRead(3, 5), TryAgain, Uncertain, "connection_lost"),
        (AnswerBroken(), TryAgain, Uncertain, "garbage_answer"),
        (AnswerTooLarge(), Final, Uncertain, "answer_too_large"),
        (OSError("anything else"), TryAgain, Uncertain, "connection_lost"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_a_failed_exchange_decides(
    failure: Exception, query: type[ShopifyError], mutation: type[ShopifyError], because: str
) -> None:
    of_query = classify_exception(failure, is_mutation=False)
    of_mutation = classify_exception(failure, is_mutation=True)

    assert (type(of_query), type(of_mutation)) == (query, mutation)
    assert (of_query.code, of_query.facts["because"], of_mutation.facts["because"]) == (because, because, because)


def test_every_sentence_says_something_and_errors_survive_the_way_between_processes() -> None:
    for code, sentence in SENTENCES.items():
        assert sentence.endswith(".")
        assert len(sentence) > 40
        error = TryAgain(code, after_seconds=7, request_id="r", facts={"a": 1})
        copy = pickle.loads(pickle.dumps(error))  # noqa: S301
        assert (str(copy), copy.code, copy.after_seconds, copy.request_id, copy.facts) == (
            sentence,
            code,
            7,
            "r",
            {"a": 1},
        )
