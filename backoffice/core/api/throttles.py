"""How many requests an account may make: a window of one minute, counted in the database, so that every web process
sees the same number and many tokens of one person do not multiply his share."""

from __future__ import annotations

import math
from typing import Any

from django.conf import settings
from django.db import connection
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from .callers import caller_of

WINDOW_SECONDS = 60


class AccountThrottle(BaseThrottle):
    """Refuses what is above `API_REQUESTS_PER_MINUTE` with 429 and Retry-After. Every answer tells the share in the
    headers of draft-ietf-httpapi-ratelimit-headers: `RateLimit-Policy` and `RateLimit`."""

    _seconds_left: float = WINDOW_SECONDS

    def allow_request(self, request: Request, view: APIView) -> bool:
        limit: int = settings.API_REQUESTS_PER_MINUTE
        used, self._seconds_left = _count(caller_of(request).account)
        remaining = max(limit - used, 0)
        headers: dict[str, Any] = view.headers
        headers["RateLimit-Policy"] = f'"account";q={limit};w={WINDOW_SECONDS}'
        headers["RateLimit"] = f'"account";r={remaining};t={math.ceil(self._seconds_left)}'
        return used <= limit

    def wait(self) -> float:
        return self._seconds_left


def _count(account: str) -> tuple[int, float]:
    """Adds one; the number in this window, and the seconds until it ends. One statement: no request is lost or counted
    twice, however many run at once."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO core_requestwindow AS seen (account, began_at, used) VALUES (%(account)s, now(), 1)
            ON CONFLICT (account) DO UPDATE SET
                (began_at, used) = (
                    SELECT CASE WHEN over THEN now() ELSE seen.began_at END,
                        CASE WHEN over THEN 1 ELSE seen.used + 1 END
                    FROM (SELECT seen.began_at <= now() - %(window)s * interval '1 second' AS over) AS ended
                )
            RETURNING used, %(window)s - extract(epoch FROM now() - began_at)::float
            """,
            {"account": account, "window": WINDOW_SECONDS},
        )
        used, left = cursor.fetchone()
    return int(used), max(float(left), 1.0)
