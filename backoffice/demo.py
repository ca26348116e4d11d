"""What the demo consists of: two rehearsal shops, mail catcher, web and worker, on which ports, with which logins."""

from __future__ import annotations

import hashlib
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from django.core.management import call_command

from backoffice.stack import Part, Stack
from backoffice.supervisor import STOP_PATIENCE_SECONDS


@dataclass(frozen=True)
class Shop:
    """A rehearsal shop. Its token and secret open nothing but a server on this machine."""

    name: str
    domain: str
    currency: str
    timezone: str
    seed: int

    @property
    def token(self) -> str:
        return f"shpat_{hashlib.sha256(self.domain.encode()).hexdigest()[:32]}"

    @property
    def webhook_secret(self) -> str:
        return hashlib.sha256(f"webhooks of {self.domain}".encode()).hexdigest()


@dataclass(frozen=True)
class Login:
    name: str
    password: str
    is_administrator: bool = False
    # Store domain and role, by name.
    roles: tuple[tuple[str, str], ...] = ()


NOORD = Shop("Rehearsal Noord", "rehearsal-noord.myshopify.com", "EUR", "Europe/Amsterdam", seed=1)
SOUTH = Shop("Rehearsal South", "rehearsal-south.myshopify.com", "GBP", "Europe/London", seed=2)
SHOPS = (NOORD, SOUTH)
LOGINS = (
    Login("admin", "demo-admin-login", is_administrator=True),
    Login("agent", "demo-agent-login", roles=((NOORD.domain, "AGENT"),)),
    Login("viewer", "demo-viewer-login", roles=((NOORD.domain, "VIEWER"), (SOUTH.domain, "VIEWER"))),
)


@dataclass(frozen=True)
class Ports:
    web: int = 8000
    smtp: int = 2525
    mails: int = 8025
    shops: tuple[int, ...] = (9101, 9102)

    @classmethod
    def beside(cls, web: int, first: int) -> Ports:
        """Everything but the web site on ports from `first` on, for a second stack on this machine."""
        return cls(web=web, smtp=first, mails=first + 1, shops=tuple(first + 2 + index for index in range(len(SHOPS))))

    def taken(self) -> list[int]:
        """Those that somebody else listens on."""
        return [port for port in (self.web, self.smtp, self.mails, *self.shops) if not _is_free(port)]


@dataclass(frozen=True)
class Demo:
    """One demo: its files, its ports, its size. `orders` are spread evenly over the shops."""

    directory: Path
    ports: Ports
    orders: int
    web_workers: int = 2

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.ports.web}"

    @property
    def mails_url(self) -> str:
        return f"http://127.0.0.1:{self.ports.mails}"

    def shop_url(self, shop: Shop) -> str:
        return f"http://127.0.0.1:{self.ports.shops[SHOPS.index(shop)]}"

    def environment(self) -> dict[str, str]:
        """For every process of the demo; settings.py reads it."""
        return {
            "VAR_DIR": str(self.directory),
            "PUBLIC_URL": self.url,
            "WEBHOOK_URL": self.url,
            "EMAIL_URL": f"smtp://127.0.0.1:{self.ports.smtp}",
            "MAIL_CATCHER_URL": self.mails_url,
            "REHEARSAL_SHOPS": ",".join(f"{shop.domain}={self.shop_url(shop)}" for shop in SHOPS),
        }

    def shop_parts(self) -> list[Part]:
        return [self._shop_part(index, shop) for index, shop in enumerate(SHOPS)]

    def _shop_part(self, index: int, shop: Shop) -> Part:
        share = self.orders // len(SHOPS) + (1 if index < self.orders % len(SHOPS) else 0)
        handle = shop.domain.split(".", 1)[0]
        command = (
            *(sys.executable, "-m", "stores.rehearsal", "--plan", "standard", "--die-with-parent"),
            *("--port", str(self.ports.shops[index]), "--orders", str(share), "--seed", str(shop.seed)),
            *("--state", str(self.directory / "rehearsal" / f"{handle}.sqlite3")),
            *("--domain", shop.domain, "--name", shop.name, "--token", shop.token),
            *("--currency", shop.currency, "--timezone", shop.timezone, "--webhook-secret", shop.webhook_secret),
        )
        return Part(handle, command, url=f"{self.shop_url(shop)}/_rehearsal/state")

    def mail_part(self) -> Part:
        command = (
            *(sys.executable, "-m", "backoffice.mailcatcher", "--directory", str(self.directory / "mails")),
            *("--smtp-port", str(self.ports.smtp), "--http-port", str(self.ports.mails)),
        )
        return Part("mails", command, url=f"{self.mails_url}/api/messages")

    def web_part(self) -> Part:
        command = (sys.executable, "-m", "backoffice.web", "--port", str(self.ports.web))
        return Part("web", (*command, "--workers", str(self.web_workers)), url=f"{self.url}/admin/login/")

    def work_part(self) -> Part:
        return Part("work", (sys.executable, "manage.py", "work"), patience_seconds=STOP_PATIENCE_SECONDS + 5)

    def rows_command(self) -> tuple[str, ...]:
        """Connects the shops and makes the logins; twice is harmless."""
        return (sys.executable, "manage.py", "demo_rows")


def bring_up(stack: Stack, demo: Demo, *, say: Callable[[str], None]) -> None:
    """Starts everything in its order and returns when all of it answers. Raises `StackError`."""
    shops = demo.shop_parts()
    for part in (*shops, demo.mail_part()):
        stack.start(part)
    say("Preparing the database")
    call_command("migrate", verbosity=0, interactive=False)
    say("Waiting for the rehearsal shops")
    stack.wait("mails", *(part.name for part in shops), seconds=120)
    stack.start(demo.web_part())
    say("Connecting them")
    stack.run("Connecting the shops", demo.rows_command(), seconds=120)
    stack.start(demo.work_part())
    say("Waiting for the web site")
    stack.wait("web", "work", seconds=60)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # As servers do: a connection of the last run that still winds down does not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
