"""The mail catcher: what it accepts it keeps, shows harmlessly, and still has after a kill."""

from __future__ import annotations

import json
import smtplib
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path

import pytest
import requests

from .conftest import ROOT


@dataclass(frozen=True)
class Catcher:
    process: subprocess.Popen[str]
    smtp_port: int
    url: str


@contextmanager
def catcher(directory: Path) -> Iterator[Catcher]:
    command = [sys.executable, "-m", "backoffice.mailcatcher", "--smtp-port", "0", "--http-port", "0"]
    process = subprocess.Popen([*command, "--directory", str(directory)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        ports = json.loads(process.stdout.readline())
        yield Catcher(process, ports["smtp_port"], f"http://127.0.0.1:{ports['http_port']}")
    finally:
        process.kill()
        process.communicate()


def send(running: Catcher, subject: str) -> None:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "shop@example.com", "anna@example.org", subject
    message["Message-ID"] = "<1@example.com>"
    message.set_content("Beste Anna, uw bestelling is onderweg. €5")
    message.add_alternative("<p>Beste <b>Anna</b></p><script>alert(1)</script>", subtype="html")
    with smtplib.SMTP("127.0.0.1", running.smtp_port, timeout=5) as smtp:
        smtp.send_message(message)


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Catcher]:
    with catcher(tmp_path / "mails") as started:
        yield started


def test_a_mail_is_listed_with_its_envelope_and_texts(running: Catcher) -> None:
    send(running, "Onderweg <b>")

    listed = requests.get(f"{running.url}/api/messages", timeout=5).json()

    assert [
        (mail["id"], mail["sender"], mail["recipients"], mail["subject"], mail["message_id"]) for mail in listed
    ] == [(1, "shop@example.com", ["anna@example.org"], "Onderweg <b>", "<1@example.com>")]
    one = requests.get(f"{running.url}/api/messages/1", timeout=5).json()
    assert one["text"].strip() == "Beste Anna, uw bestelling is onderweg. €5"
    assert "<b>Anna</b>" in one["html"]


def test_a_mail_is_shown_without_its_script_running(running: Catcher) -> None:
    send(running, "Onderweg <b>")

    page = requests.get(f"{running.url}/messages/1", timeout=5)
    inside = requests.get(f"{running.url}/messages/1/html", timeout=5)

    assert "Onderweg &lt;b&gt;" in page.text
    assert '<iframe sandbox title="The mail as HTML" src="/messages/1/html">' in page.text
    assert "<script>" not in page.text
    assert inside.headers["Content-Security-Policy"].endswith("sandbox")
    assert requests.get(f"{running.url}/messages/1/source", timeout=5).headers["Content-Type"].startswith("text/plain")
    assert "Onderweg" in requests.get(running.url, timeout=5).text
    assert requests.get(f"{running.url}/messages/2", timeout=5).status_code == 404


def test_mails_outlive_a_kill_and_numbers_go_on(tmp_path: Path) -> None:
    with catcher(tmp_path) as first:
        send(first, "one")
        first.process.kill()
    with catcher(tmp_path) as second:
        send(second, "two")
        listed = requests.get(f"{second.url}/api/messages", timeout=5).json()

    assert [(mail["id"], mail["subject"]) for mail in listed] == [(1, "one"), (2, "two")]


def test_sigterm_ends_it(running: Catcher) -> None:
    running.process.terminate()

    assert running.process.wait(5) == 0
