"""The loading process of `bench mirror --only load`: does what a first load does with one file, and tells in its last
line how long each step took, what came of it, and how much memory it needed at most."""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from time import perf_counter
from urllib.parse import urlsplit

import django

_KILOBYTES = 1 if sys.platform != "darwin" else 1024  # ru_maxrss: bytes on macOS, kilobytes elsewhere


def main(store_id: int, url: str, size: int, work: Path) -> None:
    django.setup()
    from django_scopes import scopes_disabled

    from backoffice.core.clock import db_now
    from orders.services.load import load_pieces
    from stores.models import Store
    from stores.resources import Ingested
    from stores.shopify.bulk_download import download
    from stores.shopify.bulk_file import FileReport, Group, sort_lines

    work.mkdir()
    with scopes_disabled():
        store = Store._base_manager.get(pk=store_id)
        fetched_at = db_now()
        marks, cpu = [perf_counter()], time.process_time()
        download(url, work / "file", hosts=[urlsplit(url).netloc], expected_bytes=size, seconds=600)
        marks.append(perf_counter())
        file = sort_lines(work / "file", into=work / "sorted")
        marks.append(perf_counter())
        reports: list[FileReport] = [file.report]

        def pieces() -> Iterator[Sequence[Group]]:
            for number in range(file.buckets):
                bucket = file.read(number)
                reports.append(bucket.report)
                yield bucket.groups

        done = sum(load_pieces(store, pieces(), fetched_at=fetched_at), Ingested())
        marks.append(perf_counter())
    report = sum(reports, FileReport())
    told = {
        "created": done.created,
        "refetch": len(done.refetch),
        "objects": report.objects,
        "lost": report.lost,
        "fetching": marks[1] - marks[0],
        "sorting": marks[2] - marks[1],
        "loading": marks[3] - marks[2],
        "cpu": time.process_time() - cpu,
        "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _KILOBYTES / 1024,
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), Path(sys.argv[4]))
