"""A shop's own bulk file, from the operation that writes it to the rows: nothing in it is unknown or lost."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django_scopes import scopes_disabled

from backoffice.core.clock import db_now
from orders.models import Fulfillment, FulfillmentOrder, LineItem, Order, OrderTag, Refund, TimelineEntry, Transaction
from orders.services.load import load_pieces
from stores.gateway import client_for
from stores.models import Quarantined, Store
from stores.shopify.bulk import read_bulk_operation, start_bulk_query
from stores.shopify.bulk_download import download
from stores.shopify.bulk_file import Group, groups
from stores.shopify.bulk_query import bulk_document
from stores.shopify.client import Client
from stores.shopify.throttle import Lane

COUNTED = (LineItem, FulfillmentOrder, Fulfillment, Transaction, Refund, OrderTag)


@pytest.fixture(autouse=True)
def _unscoped():
    with scopes_disabled():
        yield


def bulk_file(client: Client, store: Store, into: Path) -> list[Group]:
    document = bulk_document(
        created_from=datetime(2000, 1, 1, tzinfo=UTC), created_to=datetime.now(UTC), scopes=store.usable_scopes
    )
    operation = start_bulk_query(client, document, lane=Lane.BACKGROUND)
    until = time.monotonic() + 30
    while operation.is_open and time.monotonic() < until:
        operation = read_bulk_operation(client, operation.gid, lane=Lane.BACKGROUND) or operation
    assert operation.url is not None
    hosts = [urlsplit(operation.url).netloc]
    download(operation.url, into / "file.jsonl", hosts=hosts, expected_bytes=operation.file_size)
    return list(groups(into / "file.jsonl", into=into / "sorted"))


def counts() -> dict[str, int]:
    return {model.__name__: model._base_manager.count() for model in COUNTED}


@pytest.mark.row("REL-S02")
def test_the_file_of_a_shop_becomes_the_mirror_that_its_pages_make(connected, tmp_path):
    # The connected store was mirrored by pages: the file must show exactly the same.
    found = bulk_file(client_for(connected), connected, tmp_path)
    by_page = counts()
    states = set(Order.objects.values_list("gid", "stage", "updated_at", "current_total_shop", "line_count", "on_hold"))

    here = list(load_pieces(connected, [found[:20], found[20:]], fetched_at=db_now()))
    Order.objects.all().delete()
    pieces = [found[start : start + 17] for start in range(0, len(found), 17)]
    made = list(load_pieces(connected, pieces, fetched_at=db_now()))

    assert [(done.created, done.unchanged, done.refetch) for done in here] == [(0, 20, ()), (0, len(found) - 20, ())]
    assert sum(done.created for done in made) == len(found) == 60
    assert counts() == by_page
    assert (
        set(Order.objects.values_list("gid", "stage", "updated_at", "current_total_shop", "line_count", "on_hold"))
        == states
    )
    assert not Quarantined.objects.exists()
    assert not TimelineEntry.objects.filter(backfilled=False).exists()


def test_pieces_end_with_the_first_that_cannot_be_taken_in(connected, tmp_path):
    def pieces():
        yield []
        raise OSError("the disk is gone")

    loading = load_pieces(connected, pieces(), fetched_at=db_now())

    assert next(loading).created == 0
    with pytest.raises(OSError, match="the disk is gone"):
        next(loading)
