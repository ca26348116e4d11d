"""A test stand: the product's own web and work processes on a scratch database, and shops for them to speak to."""

from __future__ import annotations

import json
import math
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django_scopes import scopes_disabled

from backoffice.core.clock import db_now
from backoffice.stack import Part, Stack
from backoffice.supervisor import STOP_PATIENCE_SECONDS
from stores import resources
from stores.choices import SyncPhase
from stores.models import Credential, Store, SyncStream
from stores.rehearsal.process import RehearsalShop
from stores.shopify import documents
from stores.shopify.asides import read_asides
from stores.shopify.auth import StaticToken
from stores.shopify.client import Answer, Client
from stores.shopify.reading import read_orders, read_orders_page
from stores.shopify.scopes import WANTED
from stores.shopify.throttle import Lane, MemoryBudget

from .scratch import scratch_url

SECRET = "signs the webhooks of the bench"  # noqa: S105 - of shops that live as long as the bench


@contextmanager
def running(*, shops: Mapping[str, str], web: bool, work: bool, **environment: str) -> Iterator[str]:
    """The product's processes on the current database, for as long as it lasts; gives the web site's address. `shops`
    are base addresses by domain."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryDirectory(prefix="bench-") as directory:
        stack = Stack(
            environment={
                "DATABASE_URL": scratch_url(),
                "VAR_DIR": directory,
                "PUBLIC_URL": url,
                "WEBHOOK_URL": url,
                "LOG_LEVEL": "WARNING",
                "FIELD_KEYS": ",".join(settings.FIELD_KEYS),
                "SECRET_KEY": settings.SECRET_KEY,
                "REHEARSAL_SHOPS": ",".join(f"{domain}={address}" for domain, address in shops.items()),
                **environment,
            },
            logs=Path(directory) / "logs",
        )
        try:
            if web:
                stack.start(Part("web", (sys.executable, "-m", "backoffice.web", "--port", str(port)), url=url))
            if work:
                command = (sys.executable, "manage.py", "work")
                stack.start(Part("work", command, patience_seconds=STOP_PATIENCE_SECONDS + 5))
            stack.wait(*stack.parts, seconds=60)
            yield url
        finally:
            stack.stop()


@contextmanager
def light_shops(domains: Sequence[str], *, orders: int = 3) -> Iterator[dict[str, str]]:
    """A light shop for each domain, with the same few orders in all of them; gives their addresses."""
    with tempfile.TemporaryDirectory(prefix="bench-") as directory:
        path = Path(directory) / "answers.json"
        path.write_text(json.dumps(_recorded(orders), default=float))
        command = (sys.executable, "-m", "backoffice.management.bench.light_shop", str(path))
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            port = int(process.stdout.readline())
            try:
                yield {domain: f"http://127.0.0.1:{port}/{domain.partition('.')[0]}" for domain in domains}
            finally:
                process.terminate()


def followed_store(number: int, domain: str) -> Store:
    """A connected store whose first load is over and whose next pass is due."""
    with scopes_disabled():
        store: Store = Store.objects.create(
            gid=f"gid://shopify/Shop/{number}",
            domain=domain,
            name=domain.partition(".")[0],
            currency="EUR",
            timezone="Europe/Amsterdam",
            scopes=sorted(WANTED),
            api_version=settings.SHOPIFY_API_VERSION,
        )
        Credential.objects.create(store=store, token="shpat_bench", webhook_secret=SECRET)  # noqa: S106
        before = db_now() - timedelta(minutes=2)
        for resource in resources.all_resources():
            SyncStream.objects.create(
                store=store,
                resource=resource.name,
                phase=SyncPhase.FOLLOWING,
                watermark=before,
                first_loaded_at=before,
                true_as_of=before,
            )
    return store


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def percentile(values: Sequence[float], share: float) -> float:
    """The value that `share` of them do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def wait_until(done: Callable[[], bool], *, seconds: float, every: float = 0.1) -> float:
    """Seconds until it was done. Raises `TimeoutError`."""
    start = time.monotonic()
    while not done():
        if time.monotonic() - start > seconds:
            raise TimeoutError(f"not done within {seconds:.0f} s")
        time.sleep(every)
    return time.monotonic() - start


class _Recorder(Client):
    """Keeps the data of what it was answered, by operation."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.recorded: dict[str, Any] = {}

    def execute(self, document: str, variables: Mapping[str, Any], **options: Any) -> Answer:
        answer = super().execute(document, variables, **options)
        self.recorded[documents.operation_name(document)] = answer.data
        return answer


def _recorded(orders: int) -> dict[str, Any]:
    with RehearsalShop(orders=orders, seed=3, domain="bench-recorded.myshopify.com") as shop:
        client = _Recorder(shop.domain, token=StaticToken(shop.token), budget=MemoryBudget(), base_url=shop.base_url)
        page = read_orders_page(client, scopes=WANTED, lane=Lane.INTERACTIVE, first=orders)
        gids = [order.gid for order in page.items]
        read_orders(client, gids, scopes=WANTED, lane=Lane.INTERACTIVE)
        read_asides(client, gids, scopes=WANTED, lane=Lane.INTERACTIVE)
        by_id = {name: data["nodes"] for name, data in client.recorded.items() if "nodes" in data}
        return {
            "page": client.recorded["OrdersPage"]["orders"]["nodes"],
            "by_id": {name: dict(zip(gids, nodes, strict=True)) for name, nodes in by_id.items()},
        }
