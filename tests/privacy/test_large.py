"""Fifty thousand orders of one person, and a worker that is killed in the middle of them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.db.models import F, Model
from django_scopes import scopes_disabled

from orders.models import FulfillmentOrder, LineItem, Order, TimelineEntry, Tombstone, Transaction
from stores.choices import ComplianceState
from stores.models import ComplianceRequest, Store

from .desk import redact, work_off
from .test_order_part import SECRETS, everything, read, zenobias

ROOT = Path(__file__).resolve().parents[2]
_PARTS = (LineItem, FulfillmentOrder, Transaction, TimelineEntry)


@pytest.fixture(autouse=True)
def _unscoped() -> Iterator[None]:
    with scopes_disabled():
        yield


def multiply(store: Store, number: int) -> None:
    """As many orders of the same customer, each with all that the first one has."""
    read(store, zenobias(1))
    first = Order.objects.get(store=store)
    with connection.cursor() as cursor:
        changed = {"id": "t.id + n", "gid": "t.gid || n", "legacy_id": "t.legacy_id + n"}
        cursor.execute(_copies(Order, changed), [number - 1, first.pk])
        for model in _PARTS:
            key = "dedupe" if model is TimelineEntry else "gid"
            changed = {"id": None, "order_id": "t.order_id + n", key: f"t.{key} || n"}
            cursor.execute(_copies(model, changed, by="order_id"), [number - 1, first.pk])


def _copies(model: type[Model], changed: dict[str, str | None], *, by: str = "id") -> str:
    columns = [one.column for one in model._meta.concrete_fields if changed.get(one.column, "") is not None]
    values = [changed.get(column) or f't."{column}"' for column in columns]
    names = ", ".join(f'"{column}"' for column in columns)
    table = model._meta.db_table
    return (
        f"INSERT INTO {table} ({names}) SELECT {', '.join(values)} "  # noqa: S608 - names of our own tables
        f"FROM {table} t CROSS JOIN generate_series(1, %s) n WHERE t.{by} = %s"
    )


def left(store: Store) -> list[str]:
    text = everything(store)
    return [secret for secret in SECRETS if secret in text]


_WORKER = """
import json, sys
import django
from django.conf import settings
settings.DATABASES["default"].update(json.loads(sys.argv[1]))
django.setup()
from stores.services import compliance_work
compliance_work.work_compliance_job(int(sys.argv[2]))
"""


@pytest.mark.row("REL-G05")
@pytest.mark.django_db(transaction=True)
def test_kill_9_in_the_middle_and_the_next_worker_does_the_rest(store: Store) -> None:
    multiply(store, 1500)
    assert redact(store, customer=7) == 200
    database = {name: connection.settings_dict[name] for name in ("NAME", "HOST", "PORT", "USER", "PASSWORD")}
    worker = subprocess.Popen(
        [sys.executable, "-c", _WORKER, json.dumps(database, default=str), str(store.pk)], cwd=ROOT
    )
    try:
        until = time.monotonic() + 60
        while not ComplianceRequest.objects.filter(position__gt=0).exists():
            assert time.monotonic() < until
            assert worker.poll() is None
        os.kill(worker.pid, signal.SIGKILL)
    finally:
        worker.kill()
        worker.wait()
    request = ComplianceRequest.objects.get()
    assert (request.state, worker.returncode) == (ComplianceState.RUNNING, -signal.SIGKILL)
    assert 0 < request.receipt["orders"] < 1500
    assert left(store) == list(SECRETS)

    ComplianceRequest.objects.update(leased_until=F("leased_until") - timedelta(hours=1))
    work_off(store)
    request.refresh_from_db()
    assert (request.state, request.receipt["orders"]) == (ComplianceState.DONE, 1500)
    assert left(store) == []
    assert Tombstone.objects.filter(kind="order").count() == 1500


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.row("REL-G03")
@pytest.mark.django_db
def test_fifty_thousand_orders_of_one_person(store: Store) -> None:
    multiply(store, 50_000)
    assert redact(store, customer=7) == 200
    began = time.monotonic()
    work_off(store)
    seconds = time.monotonic() - began
    print(f"50,000 orders erased in {seconds:.0f} s")
    assert ComplianceRequest.objects.get().receipt["orders"] == 50_000
    assert left(store) == []
    assert seconds < 600
