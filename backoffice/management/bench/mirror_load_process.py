"""The loading process of `bench mirror --only load`: takes one turn of the first load after the other, as the queue
would, until the store is followed; tells how long that took and how much memory it needed at most."""

from __future__ import annotations

import json
import resource
import sys
import time
from time import perf_counter

import django

_KILOBYTES = 1 if sys.platform != "darwin" else 1024  # ru_maxrss: bytes on macOS, kilobytes elsewhere


def main(store_id: int) -> None:
    django.setup()
    from django_scopes import scopes_disabled

    from stores.choices import SyncPhase
    from stores.models import LoadWindow, SyncStream
    from stores.services.first_load import load_job

    start, cpu = perf_counter(), time.process_time()
    with scopes_disabled():
        while SyncStream.objects.get(store=store_id, resource="orders").phase == SyncPhase.FIRST_LOAD:
            load_job(store_id, "orders")
            failed = LoadWindow.objects.exclude(error_code="").first()
            if failed is not None:
                raise RuntimeError(f"a window failed: {failed.error_code} {failed.error_message}")
    told = {
        "seconds": perf_counter() - start,
        "cpu": time.process_time() - cpu,
        "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _KILOBYTES / 1024,
    }
    sys.stdout.write(f"{json.dumps(told)}\n")


if __name__ == "__main__":
    main(int(sys.argv[1]))
