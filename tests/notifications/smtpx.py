"""SMTPX: a real SMTP server on this machine that does what it is told to each mail, and counts what it accepted.

Faults are functions of (recipient, how many times this recipient was tried) that name one, or nothing:
`rcpt:451 4.7.1 later`, `mail:550 no`, `data:554 5.7.1 policy`, `end:452 4.3.1 full` answer so at that point;
`drop:rcpt`, `drop:data`, `drop:end` close the connection there, the last before the mail is accepted;
`accept_then_drop` accepts it and loses the answer; `slow:2` waits so many seconds before the answer to a mail that is
accepted, `slow_rcpt:2` before that to the recipient."""

from __future__ import annotations

import asyncio
import email
import email.policy
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP

Fault = Callable[[str, int], str]


@dataclass(frozen=True)
class Accepted:
    sender: str
    recipients: tuple[str, ...]
    message: EmailMessage
    content: bytes

    @property
    def message_id(self) -> str:
        return str(self.message["Message-ID"])

    @property
    def text(self) -> str:
        part = self.message.get_body(preferencelist=("plain",))
        assert part is not None
        return str(part.get_content()).replace("\r\n", "\n")


@dataclass
class Peer:
    port: int = 0
    accepted: list[Accepted] = field(default_factory=list)
    sessions: int = 0
    fault: Fault = lambda recipient, number: ""
    on_data: Callable[[str], None] | None = None
    tries: Counter[str] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def recipients(self) -> list[str]:
        return sorted(recipient for mail in self.accepted for recipient in mail.recipients)

    def duplicates(self) -> list[str]:
        return [address for address, number in Counter(map(str.casefold, self.recipients())).items() if number > 1]


class _Handler:
    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._faults: dict[str, str] = {}

    async def handle_EHLO(self, server: Any, session: Any, envelope: Any, hostname: str, responses: list[str]) -> Any:
        self._peer.sessions += 1
        session.host_name = hostname
        return responses

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: list[str]) -> str:
        with self._peer.lock:
            self._peer.tries[address] += 1
            fault = self._faults[address] = self._peer.fault(address, self._peer.tries[address])
        if fault == "drop:rcpt":
            return _drop(server)
        if fault.startswith("slow_rcpt:"):
            await asyncio.sleep(float(fault.removeprefix("slow_rcpt:")))
        if fault.startswith("rcpt:"):
            return fault.removeprefix("rcpt:")
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        recipient = envelope.rcpt_tos[0]
        fault = self._faults.get(recipient, "")
        if fault == "drop:end":
            return _drop(server)
        if fault.startswith("end:"):
            return fault.removeprefix("end:")
        if fault.startswith("slow:"):
            await asyncio.sleep(float(fault.removeprefix("slow:")))
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        with self._peer.lock:
            self._peer.accepted.append(
                Accepted(envelope.mail_from, tuple(envelope.rcpt_tos), message, envelope.content)
            )
        if self._peer.on_data is not None:
            await asyncio.get_running_loop().run_in_executor(None, self._peer.on_data, recipient)
        if fault == "accept_then_drop":
            return _drop(server)
        return "250 OK"


class _Server(SMTP):
    """Faults at MAIL and DATA come before aiosmtpd asks its handler."""

    peer: Peer

    async def smtp_MAIL(self, arg: str) -> None:
        fault = self.peer.fault("", 0)
        if fault.startswith("mail:"):
            await self.push(fault.removeprefix("mail:"))
            return
        await super().smtp_MAIL(arg)

    async def smtp_DATA(self, arg: str) -> None:
        recipient = self.envelope.rcpt_tos[0] if self.envelope.rcpt_tos else ""
        fault = self.event_handler._faults.get(recipient, "")
        if fault == "drop:data":
            self.transport.abort()
            return
        if fault.startswith("data:"):
            await self.push(fault.removeprefix("data:"))
            return
        await super().smtp_DATA(arg)


def _drop(server: Any) -> str:
    server.transport.abort()
    return "250 never read"


class _Controller(Controller):
    peer: Peer
    options: dict[str, Any]

    def factory(self) -> SMTP:
        server = _Server(self.handler, hostname="smtpx.localhost", **self.options)
        server.peer = self.peer
        return server


@contextmanager
def running(port: int = 0, **options: Any) -> Iterator[Peer]:
    """`options` go to aiosmtpd's SMTP: authentication, TLS."""
    peer = Peer()
    controller = _Controller(_Handler(peer), hostname="127.0.0.1", port=port or _free_port())
    controller.peer, controller.options = peer, options
    controller.start()
    peer.port = controller.port
    try:
        yield peer
    finally:
        controller.stop()


def _free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
