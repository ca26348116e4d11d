"""A mail as bytes: exactly one recipient, a Message-ID that is known beforehand, and no header that anybody chose.

Headers are written here, not by the standard library's folding: it reads `=?utf-8?...?=` in a subject as an instruction
and would let a customer's name decide what another reader sees."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from email.header import Header
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from backoffice.core.errors import Invalid

from .addresses import deliverable

_LINE = 76
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9 #&'*+./-]{0,50}")
_ATOMS = re.compile(r"[A-Za-z0-9]+(?: [A-Za-z0-9]+)*")
_MESSAGE_ID = re.compile(r"<[A-Za-z0-9.-]+@[A-Za-z0-9.-]+>")
# Control characters, format characters that turn the direction of text, line and paragraph separators, surrogates.
_HIDDEN = frozenset({"Cc", "Cf", "Zl", "Zp", "Cs", "Co", "Cn"})
_JOINERS = frozenset("\u200c\u200d")


@dataclass(frozen=True, slots=True)
class Mailbox:
    """A name and an address, such as `Anna de Vries <anna@example.com>`."""

    name: str
    address: str


@dataclass(frozen=True, slots=True)
class OutgoingMail:
    message_id: str
    sender: Mailbox
    recipient: Mailbox
    subject: str
    text: str
    html: str
    reply_to: Mailbox | None = None


def one_line(text: str) -> str:
    """Text that is safe in a header and honest to its reader: no line ends, no characters that hide or turn others."""
    spaced = " ".join(text.split())
    return "".join(char for char in spaced if char in _JOINERS or unicodedata.category(char) not in _HIDDEN).strip()


def built(mail: OutgoingMail, *, at: datetime) -> bytes:
    """The mail with CRLF line ends, ASCII throughout (quoted-printable), ready for DATA.

    Raises `Invalid` for an address that cannot work or holds more than one, for a line end in the subject and for a
    Message-ID that is none."""
    if "\r" in mail.subject or "\n" in mail.subject:
        raise Invalid("subject_lines", "The subject has more than one line.", field="subject")
    if not _MESSAGE_ID.fullmatch(mail.message_id):
        raise Invalid("message_id", "The Message-ID is not one.", field="message_id")
    headers = [
        _header("From", _mailbox(mail.sender, "From")),
        _header("To", _mailbox(mail.recipient, "To")),
        *([_header("Reply-To", _mailbox(mail.reply_to, "Reply-To"))] if mail.reply_to else []),
        _header("Subject", _words(one_line(mail.subject), "Subject", plain=_PLAIN)),
        _header("Date", format_datetime(at)),
        _header("Message-ID", mail.message_id),
    ]
    body = EmailMessage(policy=SMTP)
    body.set_content(mail.text, cte="quoted-printable")
    body.add_alternative(mail.html, subtype="html", cte="quoted-printable")
    return "".join(headers).encode("ascii") + body.as_bytes()


def _header(name: str, value: str) -> str:
    return f"{name}: {value}\r\n"


def _mailbox(mailbox: Mailbox, header: str) -> str:
    address = deliverable(mailbox.address)
    if address is None or address.casefold() != mailbox.address.strip().casefold():
        raise Invalid("address_impossible", "The address cannot be written to.", field="address")
    name = one_line(mailbox.name)[:100].strip()
    if not name:
        return address
    return f"{_words(name, header, plain=_ATOMS)}\r\n <{address}>"


def _words(text: str, header: str, *, plain: re.Pattern[str]) -> str:
    """As it is when nothing in it could be read as more than letters, otherwise as encoded words (RFC 2047)."""
    if len(text) + len(header) + 2 <= _LINE and plain.fullmatch(text):
        return text
    return Header(text, "utf-8", maxlinelen=_LINE, header_name=header).encode(linesep="\r\n")
