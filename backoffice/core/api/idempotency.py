"""Idempotency-Key: a write that names one has its effect once, however often and from however many sides it is sent.

1. The key's row is taken, with a lease, in a transaction of its own: whoever comes meanwhile is told to wait.
2. The write and its kept answer commit together. A crash before leaves nothing, a crash after leaves both.
3. The same request again gets the kept answer for 24 hours; another request under the key is refused.

Kept are answers that would be the same again: 2xx and 4xx. 5xx, 429 and "busy" give the key back."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.http import HttpResponse, HttpResponseBase
from django.utils.translation import gettext as _
from rest_framework import exceptions
from rest_framework.request import Request
from rest_framework.response import Response

from backoffice.core.errors import Busy, Invalid
from backoffice.core.models import IdempotencyRecord

from .callers import caller_of
from .json import rendered

HEADER = "Idempotency-Key"
KEPT_SECONDS = 24 * 3600
# Longer than a request may take: a statement ends after 60 s.
LEASE_SECONDS = 90
_MAXIMUM = 255


class KeyReused(exceptions.APIException):
    status_code = 422
    default_code = "idempotency_key_reused"


@dataclass(frozen=True, slots=True)
class _Held:
    """The key's row as this request took it; another's later `locked_until` means that it was taken away."""

    pk: int
    locked_until: datetime


def once(
    request: Request,
    write: Callable[[], HttpResponseBase],
    *,
    refuse: Callable[[Exception], HttpResponseBase],
    keep: Callable[[Mapping[str, Any]], Mapping[str, Any]],
) -> HttpResponseBase:
    """Runs `write`, or gives its kept answer. `refuse` turns its exception into an answer (or raises it again); `keep`
    says what of an answer's data may lie in the database.

    Without the header nothing is promised and `write` just runs. Raises `Busy` while the same key is at work,
    `KeyReused` when it was used for another request, `Invalid` for a key that is none.
    """
    key = request.headers.get(HEADER)
    if key is None:
        return write()
    if not (key.isascii() and key.isprintable() and 0 < len(key) <= _MAXIMUM):
        raise Invalid(
            "idempotency_key_invalid",
            _("An Idempotency-Key is 1 to 255 printable ASCII characters; a UUID serves well."),
            field=HEADER,
        )
    taken = _take(caller_of(request).key, key, _digest(request))
    if isinstance(taken, IdempotencyRecord):
        return _kept(taken)
    try:
        with transaction.atomic():
            response = write()
            _settle(taken, response, keep)
        return response
    except Exception as error:
        try:
            response = refuse(error)
        except Exception:
            _release(taken)
            raise
        if _is_final(response):
            _settle(taken, response, keep)
        else:
            _release(taken)
        return response


def _take(owner: str, key: str, digest: str) -> _Held | IdempotencyRecord:
    """The row, held by this request, or the row of a finished one. One statement decides among concurrent takers: it
    inserts, or takes over a row that is past its 24 hours or whose request died."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO core_idempotencyrecord AS kept
                (owner, key, request_hash, body, content_type, location, locked_until, created_at)
            VALUES (%(owner)s, %(key)s, %(digest)s, '', '', '', now() + %(lease)s * interval '1 second', now())
            ON CONFLICT (owner, key) DO UPDATE SET
                request_hash = EXCLUDED.request_hash, status = NULL, body = '', content_type = '', location = '',
                locked_until = EXCLUDED.locked_until, created_at = EXCLUDED.created_at
            WHERE kept.created_at < now() - %(kept)s * interval '1 second'
                OR (kept.status IS NULL AND kept.locked_until < now() AND kept.request_hash = EXCLUDED.request_hash)
            RETURNING id, locked_until
            """,
            {"owner": owner, "key": key, "digest": digest, "lease": LEASE_SECONDS, "kept": KEPT_SECONDS},
        )
        row = cursor.fetchone()
    if row is not None:
        return _Held(*row)
    record = IdempotencyRecord.objects.filter(owner=owner, key=key).first()
    if record is not None and record.request_hash != digest:
        raise KeyReused(_("This Idempotency-Key was used for another request; take a new one."))
    if record is None or record.status is None:
        raise Busy("idempotency_in_progress", _("The same request is at work; ask again in a moment."))
    return record


def _settle(held: _Held, response: HttpResponseBase, keep: Callable[[Mapping[str, Any]], Mapping[str, Any]]) -> None:
    """Keeps the answer. Raises `Busy` when the row was taken away meanwhile: inside the write's transaction that undoes
    the write, because whoever took it does the same."""
    data = response.data if isinstance(response, Response) else None
    if isinstance(data, Mapping):
        data = keep(data)
    done = IdempotencyRecord.objects.filter(pk=held.pk, locked_until=held.locked_until, status__isnull=True).update(
        status=response.status_code,
        body="" if data is None else rendered(data).decode(),
        content_type=getattr(response, "content_type", None) or "application/json",
        location=response.headers.get("Location", ""),
    )
    if not done:
        raise Busy("idempotency_in_progress", _("The same request is at work; ask again in a moment."))


def _release(held: _Held) -> None:
    IdempotencyRecord.objects.filter(pk=held.pk, locked_until=held.locked_until, status__isnull=True).delete()


def _is_final(response: HttpResponseBase) -> bool:
    status = response.status_code
    return 200 <= status < 500 and status != 429 and "Retry-After" not in response.headers


def _kept(record: IdempotencyRecord) -> HttpResponse:
    assert record.status is not None
    response = HttpResponse(record.body, status=record.status, content_type=record.content_type)
    if not record.body:
        del response.headers["Content-Type"]
    if record.location:
        response.headers["Location"] = record.location
    response.headers["Idempotent-Replayed"] = "true"
    return response


def _digest(request: Request) -> str:
    inner = request._request
    parts = [
        inner.method or "",
        inner.get_full_path(),
        inner.content_type or "",
        hashlib.sha256(inner.body).hexdigest(),
    ]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
