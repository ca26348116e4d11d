"""Changing the key of the secrets at rest: everything that an older key encrypted is encrypted with the newest.

Found by the type of its column, so no secret is forgotten. Every chunk is a transaction of its own and a value that
the newest key opens is left alone: killed half-way, the next run does the rest; twice, the second does nothing. The
site may run meanwhile, because all keys of FIELD_KEYS open what they made. Called by `manage.py rotate_keys`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.apps import apps
from django.conf import settings
from django.db import models, transaction
from django.db.models import Value
from django.db.models.functions import Cast

from .crypto import EncryptedTextField

CHUNK = 200


@dataclass(frozen=True, slots=True)
class Rekeyed:
    """What became of one column. `unreadable` are values that no key opens; they are left as they are."""

    column: str
    changed: int
    already: int
    unreadable: int


def encrypted_fields() -> list[EncryptedTextField]:
    """Every column of secrets in the product, by table and name."""
    found = [
        field
        for model in apps.get_models(include_auto_created=True)
        for field in model._meta.local_concrete_fields
        if isinstance(field, EncryptedTextField)
    ]
    return sorted(found, key=lambda field: (field.model._meta.db_table, field.column))


def rekey(*, chunk: int = CHUNK) -> Iterator[Rekeyed]:
    """Works through every column, one after the other, and says of each what was done."""
    keys = [Fernet(key) for key in settings.FIELD_KEYS]
    for field in encrypted_fields():
        yield _column(field, keys, chunk)


def _column(field: EncryptedTextField, keys: list[Fernet], chunk: int) -> Rekeyed:
    newest, all_keys = keys[0], MultiFernet(keys)
    changed = already = unreadable = 0
    after: object = None
    while rows := _rows(field, after, chunk):
        with transaction.atomic():
            # Read again under lock: between the two somebody may have written a new secret.
            for pk, kept in _locked(field, [pk for pk, _ in rows]):
                if _opens(newest, kept):
                    already += 1
                    continue
                try:
                    value = all_keys.rotate(kept.encode()).decode()
                except InvalidToken:
                    unreadable += 1
                    continue
                raw = Value(value, output_field=models.TextField())
                field.model._base_manager.filter(pk=pk).update(**{field.name: raw})
                changed += 1
        after = rows[-1][0]
    return Rekeyed(f"{field.model._meta.db_table}.{field.column}", changed, already, unreadable)


def _rows(field: EncryptedTextField, after: object, chunk: int) -> list[tuple[object, str]]:
    queryset = _kept(field)
    if after is not None:
        queryset = queryset.filter(pk__gt=after)
    return list(queryset.values_list("pk", "kept")[:chunk])


def _locked(field: EncryptedTextField, pks: list[object]) -> list[tuple[object, str]]:
    return list(_kept(field).filter(pk__in=pks).select_for_update(of=("self",)).values_list("pk", "kept"))


def _kept(field: EncryptedTextField) -> models.QuerySet[models.Model]:
    """The rows that hold something, with what the database holds as `kept`."""
    raw = Cast(field.name, models.TextField())
    return field.model._base_manager.annotate(kept=raw).exclude(kept="").exclude(kept=None).order_by("pk")


def _opens(key: Fernet, kept: str) -> bool:
    try:
        key.decrypt(kept.encode())
    except InvalidToken:
        return False
    return True
