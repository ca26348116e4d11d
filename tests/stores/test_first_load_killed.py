"""A worker killed for real, again and again, while it loads: the mirror ends as if nobody had."""

from __future__ import annotations

import hashlib
import json
import os
import random
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from django.db import connection
from django_scopes import scopes_disabled

from backoffice.core.actor import SYSTEM
from orders.models import (
    Customer,
    Fulfillment,
    FulfillmentOrder,
    LineItem,
    Order,
    OrderTag,
    Refund,
    TimelineEntry,
    Transaction,
)
from stores.choices import LoadState, SyncPhase
from stores.models import LoadWindow, ShopBudget, Store, SyncStream
from stores.rehearsal.process import RehearsalShop
from stores.services import first_load, sync
from stores.services.connect import connect_store
from tests.conftest_shops import DOMAIN

ORDERS = 2000
KILLS = 20
"""At most: a fast machine is done before."""
MODELS = (Order, LineItem, FulfillmentOrder, Fulfillment, Transaction, Refund, OrderTag, Customer, TimelineEntry)
# Ours: numbers of rows, and when we did what.
NOT_COMPARED = {"id", "order", "customer", "store", "first_seen_at", "mirrored_at", "fetched_at", "recorded_at"}

WORKER = """
import json, os, sys
from django.conf import settings
settings.DATABASES["default"].update(json.loads(os.environ["TEST_DATABASE"]))
import django
django.setup()
from pathlib import Path
from django_scopes import scopes_disabled
from stores.choices import SyncPhase
from stores.models import LoadWindow, SyncStream
from stores.services import first_load, first_load_bulk
settings.FIRST_LOAD_DIR = Path(os.environ["FIRST_LOAD_DIR"])
store_id, told = int(sys.argv[1]), open(sys.argv[2], "a")
sort, bucket = first_load_bulk.sort_lines, first_load_bulk._load_bucket
first_load_bulk.sort_lines = lambda path, *, into: sort(path, into=into, bucket_bytes=100_000)

def telling(load, window, sorted_file, number):
    bucket(load, window, sorted_file, number)
    print(window.pk, number, file=told, flush=True)

first_load_bulk._load_bucket = telling
print("ready", flush=True)
with scopes_disabled():
    while SyncStream.objects.filter(store_id=store_id, resource="orders", phase=SyncPhase.FIRST_LOAD).exists():
        LoadWindow.objects.update(next_attempt_at=None)
        first_load.load_job(store_id, "orders")
"""


def work(store: Store, shop: RehearsalShop, told: Path, folder: Path) -> subprocess.Popen[bytes]:
    given = {name: connection.settings_dict[name] for name in ("NAME", "USER", "PASSWORD", "HOST", "PORT")}
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "backoffice.settings",
        "TEST_DATABASE": json.dumps(given),
        "REHEARSAL_SHOPS": f"{DOMAIN}={shop.base_url}",
        "FIRST_LOAD_DIR": str(folder),
    }
    return subprocess.Popen(
        [sys.executable, "-c", WORKER, str(store.pk), str(told)],
        stdout=subprocess.PIPE,
        env=environment,
        cwd=Path(__file__).resolve().parents[2],
    )


def rows(store: Store) -> str:
    """A hash of everything that the shop's orders left here."""
    found = hashlib.sha256()
    for model in MODELS:
        names = [field.name for field in model._meta.concrete_fields if field.name not in NOT_COMPARED]
        owner = ["order__gid"] if any(field.name == "order" for field in model._meta.concrete_fields) else []
        texts = sorted(map(repr, model._base_manager.filter(store=store).values_list(*owner, *names)))
        found.update("\n".join([model.__name__, *texts]).encode())
    return found.hexdigest()


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.row("REL-S04")
@pytest.mark.django_db(transaction=True)
def test_a_worker_killed_again_and_again_leaves_what_an_undisturbed_one_does(
    settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.FIRST_LOAD_DIR = tmp_path / "files"
    monkeypatch.setattr(first_load, "_NEWEST_ORDERS", 200)
    monkeypatch.setattr(first_load, "MOST_ORDERS", 700)
    told, chance = tmp_path / "told", random.Random(5)
    with scopes_disabled(), RehearsalShop(orders=ORDERS, seed=3, plan="plus", domain=DOMAIN) as shop:
        settings.REHEARSAL_SHOPS = {DOMAIN: shop.base_url}
        store = connect_store(domain=DOMAIN, token=shop.token, actor=SYSTEM)
        sync.sync_job(store.pk, "orders")
        kills = 0
        while SyncStream.objects.get(store=store, resource="orders").phase == SyncPhase.FIRST_LOAD:
            worker = work(store, shop, told, tmp_path / "files")
            assert worker.stdout is not None
            worker.stdout.readline()
            try:
                worker.wait(timeout=chance.uniform(0.05, 0.9) if kills < KILLS else 300)
            except subprocess.TimeoutExpired:
                worker.kill()
                worker.wait()
                kills += 1
            LoadWindow.objects.filter(leased_until__isnull=False).update(leased_until=None)
            ShopBudget.objects.filter(store=store).update(reserved=0)
        killed = rows(store)
        pieces = Counter(told.read_text().splitlines())

        for model in (Order, Customer):
            model._base_manager.filter(store=store).delete()
        # What the killed ones had reserved of the shop's budget would be given back within two minutes.
        ShopBudget.objects.filter(store=store).update(reserved=0)
        sync.load_again(store)
        sync.sync_job(store.pk, "orders")
        assert LoadWindow.objects.filter(store=store).exists()
        worker = work(store, shop, tmp_path / "undisturbed", tmp_path / "files")
        assert worker.wait(timeout=300) == 0

        assert kills >= 5
        assert Order.objects.filter(store=store).count() == ORDERS
        assert rows(store) == killed
        assert set(LoadWindow.objects.values_list("state", flat=True)) == {LoadState.DONE.value}
    repeated = sum(pieces.values()) - len(pieces)
    assert repeated <= kills
    print(f"\n{kills} kills, {len(pieces)} pieces, {repeated} loaded twice")
