"""The last look: every table that nobody erased by name, searched for a person's own addresses, numbers and ids.

Found words are taken out of the text they stand in. Finds what a part forgot, and columns that came after it was
written. Called by the privacy desk."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.contrib.postgres.fields import ArrayField
from django.contrib.sessions.models import Session
from django.db import models, transaction
from django.db.models.functions import Cast
from django_q.models import OrmQ, Task

from .crypto import EncryptedTextField
from .models import AccessEntry, IdempotencyRecord
from .traces import ERASED, Traces, without

# People who work here, what a session or a task holds (looked at below), and what Django keeps of its own tables.
_ELSEWHERE = frozenset({"auth", "contenttypes", "sessions", "django_q"})
# Cannot be changed, and has no customers' words: our own ids, and who of those who work here looked.
_ONLY_IDS = (AccessEntry,)
_CHUNK = 500


def scrub(traces: Traces, *, store_id: int, skip: frozenset[str]) -> Iterator[tuple[str, int]]:
    """Table by table, with the number of rows that changed; each in a transaction of its own. Rows of other stores are
    left alone where a row says whose it is. `skip`: tables that were erased by name, and those that hold settings."""
    pattern = traces.anywhere()
    if pattern is None:
        return
    with transaction.atomic():
        changed = _answers(traces)
    if changed:
        yield IdempotencyRecord._meta.db_table, changed
    for model in tables():
        if model._meta.db_table not in skip and model is not IdempotencyRecord:
            with transaction.atomic():
                changed = _table(model, pattern, store_id)
            if changed:
                yield model._meta.db_table, changed
    for name, look in (("django_session", _sessions), ("django_q_task", _results), ("django_q_ormq", _queued)):
        with transaction.atomic():
            changed = look(pattern)
        if changed:
            yield name, changed


def tables() -> list[type[models.Model]]:
    """Those that are looked through row by row, in the order of their names."""
    found = [
        model
        for model in apps.get_models(include_auto_created=True)
        if model._meta.managed and not model._meta.proxy and model._meta.app_label not in _ELSEWHERE
        if model not in _ONLY_IDS
    ]
    return sorted(found, key=lambda model: model._meta.db_table)


def text_columns(model: type[models.Model]) -> list[models.Field[Any, Any]]:
    """The columns that can hold words, but for keys and fixed choices."""
    kinds = (models.CharField, models.TextField, models.JSONField, ArrayField)
    return [
        field
        for field in model._meta.concrete_fields
        if isinstance(field, kinds) and not field.primary_key and not field.choices
    ]


def _table(model: type[models.Model], pattern: re.Pattern[str], store_id: int) -> int:
    fields = text_columns(model)
    rows: Any = _of_store(model, store_id)
    some = models.Q()
    for field in fields:
        text = f"{field.name}_as_text"
        rows = rows.annotate(**{text: Cast(field.name, models.TextField())})
        if isinstance(field, EncryptedTextField):
            some |= models.Q(**{f"{text}__gt": ""})  # cannot be searched: each is opened
        else:
            some |= models.Q(**{f"{text}__iregex": pattern.pattern})
    if not some:
        return 0
    names = [field.name for field in fields]
    changed = 0
    for row in rows.filter(some).order_by("pk").only(*names).iterator(chunk_size=_CHUNK):
        new = {
            name: value for name in names if (value := without(getattr(row, name), pattern)) is not getattr(row, name)
        }
        if new:
            changed += model._base_manager.filter(pk=row.pk).update(**new)
    return changed


def _of_store(model: type[models.Model], store_id: int) -> models.QuerySet[models.Model]:
    rows = model._base_manager.all()
    if any(field.attname == "store_id" for field in model._meta.concrete_fields):
        return rows.filter(models.Q(store_id=store_id) | models.Q(store_id=None))
    return rows


def _answers(traces: Traces) -> int:
    """Answers that are kept for a day. One that names him goes as a whole, as a comment does; the row stays, so that
    the same request does not do the same again."""
    pattern = traces.by_hand()
    if pattern is None:
        return 0
    return IdempotencyRecord.objects.filter(body__iregex=pattern.pattern).update(body="{}")


def _sessions(pattern: re.Pattern[str]) -> int:
    """A session that holds him ends: its person signs in again."""
    found = [one.pk for one in Session.objects.iterator(chunk_size=_CHUNK) if pattern.search(str(one.get_decoded()))]
    return Session.objects.filter(pk__in=found).delete()[0]


def _results(pattern: re.Pattern[str]) -> int:
    """What a task answered, or the traceback of one that failed. Its arguments are ids (`core.queue`)."""
    changed = 0
    for task in Task.objects.exclude(result=None).only("pk", "result").iterator(chunk_size=_CHUNK):
        if pattern.search(str(task.result)):
            changed += Task.objects.filter(pk=task.pk).update(result=ERASED)
    return changed


def _queued(pattern: re.Pattern[str]) -> int:
    """A task that waits with his words in it is none of ours: ours carry ids."""
    found = [one.pk for one in OrmQ.objects.iterator(chunk_size=_CHUNK) if pattern.search(str(one.task))]
    deleted, _by_model = OrmQ.objects.filter(pk__in=found).delete()
    return int(deleted)
