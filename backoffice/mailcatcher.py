"""The demo's mail server: takes every mail, delivers none, shows them in the browser. Plain Python, no Django.

`python -m backoffice.mailcatcher --smtp-port 2525 --http-port 8025 --directory var/mails`. Only on 127.0.0.1. A mail
that was accepted is on disk before the sender hears so. `GET /api/messages` lists them for tests; `GET /api/messages/3`
has one with its texts; `/messages/3` shows it, `/messages/3/html` and `/messages/3/source` are its parts."""

from __future__ import annotations

import argparse
import asyncio
import email
import email.policy
import html
import json
import os
import re
import signal
import threading
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP

HOST = "127.0.0.1"
_LARGEST_MAIL_BYTES = 33_554_432
_LISTED = 500
_PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'"
# The mail's own HTML: no script, no form, no request to anywhere.
_MAIL_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox"
_STYLE = """
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif }
body { margin: 2rem auto; max-width: 62rem; padding: 0 1rem }
table { border-collapse: collapse; width: 100% } td, th { text-align: left; padding: .35rem .6rem }
tr { border-bottom: 1px solid #8884 } pre { white-space: pre-wrap; background: #8881; padding: 1rem }
iframe { width: 100%; height: 36rem; border: 1px solid #8886; background: #fff }
"""


@dataclass(frozen=True)
class Caught:
    """One accepted mail. `sender` and `recipients` are the envelope's; times are ISO 8601 in UTC."""

    id: int
    received_at: str
    sender: str
    recipients: list[str]
    subject: str
    message_id: str


class Mailbox:
    """The caught mails in a directory: `000001.eml` with its envelope in `000001.json`. Safe from several threads."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._directory = directory
        self._lock = threading.Lock()
        self._caught = [Caught(**json.loads(path.read_text())) for path in sorted(directory.glob("*.json"))]

    def add(self, sender: str, recipients: list[str], content: bytes) -> Caught:
        message = parse(content)
        with self._lock:
            number = self._caught[-1].id + 1 if self._caught else 1
            caught = Caught(
                id=number,
                received_at=datetime.now(UTC).isoformat(),
                sender=sender,
                recipients=recipients,
                subject=str(message.get("Subject", "")),
                message_id=str(message.get("Message-ID", "")),
            )
            _write(self._directory / f"{number:06}.eml", content)
            # The envelope last and by renaming: what is listed is complete, whenever we are killed.
            draft = self._directory / f"{number:06}.draft"
            _write(draft, json.dumps(asdict(caught)).encode())
            draft.rename(self._directory / f"{number:06}.json")
            self._caught.append(caught)
        return caught

    def all(self) -> list[Caught]:
        with self._lock:
            return list(self._caught)

    def get(self, number: int) -> tuple[Caught, bytes] | None:
        found = next((caught for caught in self.all() if caught.id == number), None)
        return None if found is None else (found, (self._directory / f"{number:06}.eml").read_bytes())


def parse(content: bytes) -> EmailMessage:
    return email.message_from_bytes(content, policy=email.policy.default)


def body(message: EmailMessage, kind: str) -> str:
    """The text of the part of that kind, `plain` or `html`; empty when there is none."""
    part = message.get_body(preferencelist=(kind,))
    return "" if part is None else str(part.get_content())


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


class _Receiver:
    """aiosmtpd's handler: every address is fine, every mail is kept."""

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        caught = self._mailbox.add(envelope.mail_from, list(envelope.rcpt_tos), envelope.content)
        return f"250 Kept as {caught.id}"


def handler(mailbox: Mailbox) -> type[BaseHTTPRequestHandler]:
    class Pages(BaseHTTPRequestHandler):
        server_version = "mailcatcher"

        def do_GET(self) -> None:
            path = self.path.split("?", 1)[0]
            if path == "/":
                return self._page("Caught mails", _list(mailbox.all()))
            if path == "/api/messages":
                return self._json([asdict(caught) for caught in mailbox.all()])
            match = re.fullmatch(r"(/api)?/messages/(\d{1,9})(?:/(html|source))?", path)
            found = mailbox.get(int(match[2])) if match else None
            if match is None or found is None:
                return self._answer(404, "text/plain; charset=utf-8", b"No such mail.\n")
            caught, content = found
            message = parse(content)
            if match[1]:
                return self._json({**asdict(caught), "text": body(message, "plain"), "html": body(message, "html")})
            if match[3] == "html":
                return self._answer(
                    200, "text/html; charset=utf-8", body(message, "html").encode(), policy=_MAIL_POLICY
                )
            if match[3] == "source":
                return self._answer(200, "text/plain; charset=utf-8", content)
            return self._page(caught.subject, _show(caught, message))

        def _page(self, title: str, inside: str) -> None:
            text = (
                f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{html.escape(title)}</title>'
                f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style>'
                f"<h1>{html.escape(title)}</h1>{inside}</html>"
            )
            self._answer(200, "text/html; charset=utf-8", text.encode(), policy=_PAGE_POLICY)

        def _json(self, value: object) -> None:
            self._answer(200, "application/json", json.dumps(value, indent=1).encode())

        def _answer(self, status: int, kind: str, content: bytes, *, policy: str = "default-src 'none'") -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.send_header("Content-Security-Policy", policy)
            self.send_header("X-Content-Type-Options", "nosniff")
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:
            """The demo's terminal is for its status line."""

    return Pages


def _list(mails: list[Caught]) -> str:
    if not mails:
        return "<p>None yet.</p>"
    rows = "".join(
        f"<tr><td>{mail.received_at[:19]}</td><td>{html.escape(', '.join(mail.recipients))}</td>"
        f'<td><a href="/messages/{mail.id}">{html.escape(mail.subject) or "(no subject)"}</a></td></tr>'
        for mail in reversed(mails[-_LISTED:])
    )
    shown = f"<p>The last {_LISTED} of {len(mails)}.</p>" if len(mails) > _LISTED else f"<p>{len(mails)} in all.</p>"
    return f"{shown}<table><tr><th>Received (UTC)</th><th>To</th><th>Subject</th></tr>{rows}</table>"


def _show(mail: Caught, message: EmailMessage) -> str:
    headers = "".join(
        f"<tr><th>{name}</th><td>{html.escape(str(message[name]))}</td></tr>"
        for name in ("From", "To", "Reply-To", "Date", "Message-ID")
        if message[name]
    )
    framed = (
        f'<h2>HTML</h2><iframe sandbox title="The mail as HTML" src="/messages/{mail.id}/html"></iframe>'
        if body(message, "html")
        else ""
    )
    plain = f"<h2>Plain text</h2><pre>{html.escape(body(message, 'plain'))}</pre>"
    links = f'<p><a href="/messages/{mail.id}/source">Source</a> <a href="/">All</a></p>'
    return f"<table>{headers}</table>{framed}{plain}{links}"


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m backoffice.mailcatcher", description=__doc__)
    parser.add_argument("--smtp-port", type=int, default=2525)
    parser.add_argument("--http-port", type=int, default=8025)
    parser.add_argument("--directory", type=Path, default=Path("var/mails"))
    options = parser.parse_args(arguments)
    asyncio.run(serve(Mailbox(options.directory), smtp_port=options.smtp_port, http_port=options.http_port))


async def serve(mailbox: Mailbox, *, smtp_port: int, http_port: int) -> None:
    """Runs until SIGTERM or Ctrl-C. Prints the ports as one line of JSON once both answer; 0 takes free ones."""
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)

    def session() -> SMTP:
        # Without a name of its own aiosmtpd asks the resolver for ours.
        return SMTP(
            _Receiver(mailbox), hostname="mailcatcher.localhost", data_size_limit=_LARGEST_MAIL_BYTES, loop=loop
        )

    smtp = await loop.create_server(session, HOST, smtp_port)
    pages = ThreadingHTTPServer((HOST, http_port), handler(mailbox))
    pages.daemon_threads = True
    threading.Thread(target=pages.serve_forever, daemon=True).start()
    ports = {"smtp_port": smtp.sockets[0].getsockname()[1], "http_port": pages.server_address[1]}
    print(json.dumps(ports), flush=True)
    await ended.wait()
    smtp.close()
    pages.shutdown()


if __name__ == "__main__":
    main()
