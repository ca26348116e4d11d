"""The access log: who was shown which customers' data. Called by every door that shows some, before it answers.

A row names the reader, the door and our own ids, never a value. The database refuses to change or delete rows, but for
those past their time in `purge`. A row that cannot be written raises, so that nothing is shown unseen."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import connection, models, transaction
from django.db.models.functions import Now
from django.utils.translation import pgettext_lazy

from .actor import Actor
from .choices import Door, Seen
from .logs import current_request_id
from .models import AccessEntry


class Kind(models.TextChoices):
    """What a subject's id is the id of. A GID is the shop's own, of what has no row here."""

    ORDER = "order", pgettext_lazy("access log", "Order")
    CUSTOMER = "customer", pgettext_lazy("access log", "Customer")
    MAIL = "mail", pgettext_lazy("access log", "Mail")
    EXPORT = "export", pgettext_lazy("access log", "Export")
    GID = "gid", pgettext_lazy("access log", "Shopify")


def subject(kind: Kind, key: object) -> str:
    """As rows name it: `order:12`."""
    return f"{kind.value}:{key}"


def note(actor: Actor, what: Seen, *, door: Door, store_ids: Iterable[int], subjects: Iterable[str]) -> None:
    """One row for one answer, in one INSERT. An answer about nobody (no subjects) is none."""
    about = sorted(set(subjects))
    if not about:
        return
    AccessEntry.objects.create(
        actor_label=actor.label,
        user_id=actor.user_id,
        token_id=actor.token_id,
        door=door,
        what=what,
        store_ids=sorted(set(store_ids)),
        subjects=about,
        request_id=current_request_id(),
    )


def who_saw(subjects: Iterable[str], *, store_id: int, since: datetime) -> models.QuerySet[AccessEntry]:
    """Every entry about one of these subjects of the store since then, newest first."""
    about = sorted(set(subjects))
    found = AccessEntry.objects.filter(subjects__overlap=about, store_ids__contains=[store_id], at__gte=since)
    return found.order_by("-at", "-id")


def purge() -> int:
    """Deletes what is older than thirteen months; the database lets nothing younger go. Returns how many rows went."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL backoffice.purging = 'on'")
        deleted, _ = AccessEntry.objects.filter(at__lt=_thirteen_months_ago()).delete()
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL backoffice.purging = 'off'")
    return deleted


def _thirteen_months_ago() -> models.Func:
    return models.Func(Now(), template="%(expressions)s - interval '13 months'", output_field=models.DateTimeField())
