"""Whether this process lives and whether the product works: for load balancers and process managers.

Strangers ask as well, so the answers name what fails and nothing more."""

from __future__ import annotations

from datetime import timedelta

from django.db import Error as DatabaseError
from django.db import connection
from django.db.models.functions import Now
from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe

from backoffice.core.models import Heartbeat

SUPERVISOR_SILENCE = timedelta(seconds=60)


@require_safe
def live(request: HttpRequest) -> JsonResponse:
    """200 as long as this process answers at all; asks nothing of anybody else."""
    return JsonResponse({"status": "ok"})


@require_safe
def ready(request: HttpRequest) -> JsonResponse:
    """200 when the database answers and a supervisor gave a sign of life within a minute, else 503."""
    checks = {"database": _database_answers()}
    checks["worker"] = checks["database"] and _supervisor_lives()
    healthy = all(checks.values())
    return JsonResponse(
        {
            "status": "ok" if healthy else "failing",
            **{name: "ok" if good else "failing" for name, good in checks.items()},
        },
        status=200 if healthy else 503,
        headers={"Cache-Control": "no-store"},
    )


def _database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return False
    return True


def _supervisor_lives() -> bool:
    try:
        return Heartbeat.objects.filter(name__startswith="work@", beat_at__gt=Now() - SUPERVISOR_SILENCE).exists()
    except DatabaseError:
        return False
