"""`python -m stores.rehearsal`: run one rehearsal shop until it is told to stop."""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import signal
import sys
import threading
from pathlib import Path

from stores.rehearsal.bulk.worker import Worker
from stores.rehearsal.server import Server
from stores.rehearsal.shop import DEFAULT_SCOPES, Settings, Shop
from stores.rehearsal.throttle import PLANS

_PR_SET_PDEATHSIG = 1


def arguments(argv: list[str] | None = None) -> argparse.Namespace:
    known = Settings()
    parser = argparse.ArgumentParser(
        prog="python -m stores.rehearsal", description="A Shopify-compatible shop on this machine."
    )
    parser.add_argument("--port", type=int, default=9101, help="0 takes a free one; it is printed as JSON")
    parser.add_argument("--orders", type=int, default=known.orders)
    parser.add_argument("--seed", type=int, default=known.seed)
    parser.add_argument("--plan", choices=sorted(PLANS), default=known.plan)
    parser.add_argument("--state", type=Path, help="a file to keep the state in; without it all is forgotten")
    parser.add_argument("--domain", default=known.domain)
    parser.add_argument("--name", default=known.name)
    parser.add_argument("--token", default=known.token)
    parser.add_argument("--webhook-secret", default=known.webhook_secret)
    parser.add_argument("--client-id", default=known.client_id)
    parser.add_argument("--client-secret", default="", help="of the app; without it the webhook secret")
    parser.add_argument("--currency", default=known.currency)
    parser.add_argument("--timezone", default=known.timezone)
    parser.add_argument("--scopes", default=",".join(DEFAULT_SCOPES))
    parser.add_argument("--clock-scale", type=float, default=1.0, help="shop seconds in one real second")
    parser.add_argument("--page-reach", type=int, default=known.reach, help="how many objects pages can reach")
    parser.add_argument("--die-with-parent", action="store_true", help="end when the starting process dies (Linux)")
    return parser.parse_args(argv)


def settings_from(options: argparse.Namespace) -> Settings:
    return Settings(
        domain=options.domain,
        name=options.name,
        token=options.token,
        webhook_secret=options.webhook_secret,
        client_id=options.client_id,
        client_secret=options.client_secret,
        currency=options.currency,
        timezone=options.timezone,
        plan=options.plan,
        scopes=tuple(scope.strip() for scope in options.scopes.split(",") if scope.strip()),
        orders=options.orders,
        seed=options.seed,
        state=options.state,
        clock_scale=options.clock_scale,
        reach=options.page_reach,
    )


def die_with(parent: int) -> None:
    """Ask the kernel for SIGKILL when the parent dies; end at once when it is gone already."""
    if sys.platform != "linux":
        return
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit(1)


def main(argv: list[str] | None = None) -> int:
    options = arguments(argv)
    if options.die_with_parent:
        die_with(os.getppid())
    shop = Shop(settings_from(options))
    server = Server(shop, port=options.port)
    worker = Worker(shop)

    def stop(*_: object) -> None:
        server.ending.set()
        threading.Thread(target=server.shutdown, daemon=True).start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    shop.start()
    worker.start()
    ready = {
        "port": server.port,
        "domain": shop.settings.domain,
        "base_url": f"http://127.0.0.1:{server.port}",
        "pid": os.getpid(),
    }
    print(json.dumps(ready), flush=True)
    try:
        server.serve_forever(poll_interval=0.1)
    finally:
        server.server_close()
        worker.stop()
        shop.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
