"""What a mail server's refusal means. Pure: a code and its words in, a kind out.

Only what is surely about the recipient's address counts as a bad one, because such an address is not written to again.
A server that does not know us yet says no to everybody, often with a bare 550."""

from __future__ import annotations

import re
from enum import StrEnum


class OutcomeKind(StrEnum):
    """`SERVER_REFUSES`: the server would say the same of every recipient, or does not follow us at all."""

    SENT = "sent"
    TRY_AGAIN = "try_again"
    BAD_ADDRESS = "bad_address"
    MAILBOX_FULL = "mailbox_full"
    REFUSED = "refused"
    SENDER_REFUSED = "sender_refused"
    SERVER_REFUSES = "server_refuses"
    UNCERTAIN = "uncertain"


_ENHANCED = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")
# RFC 3463, 3.2, and RFC 7505: mailbox, system and syntax of the destination, mailbox moved, null MX. Not 5.1.0 (other),
# 5.1.7 and 5.1.8 (the sender's address).
_DESTINATION = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10"})
_SENDER = frozenset({"5.1.7", "5.1.8"})
# RFC 5321, 4.2.2, and RFC 4954, 6: commands out of order or not understood, login missing, wrong, too weak or failed.
_PROTOCOL = frozenset({500, 501, 502, 503, 504, 530, 534, 535, 538})
_MAYBE_UNKNOWN = frozenset({550, 551, 553})
_MAILBOX = r"(?:mailbox|user|recipient|address(?:ee)?|account|inbox|person)"
_UNKNOWN = re.compile(
    rf"\b(?:no such|unknown|invalid|non-?existent) (?:\w+ )?{_MAILBOX}\b|\bno mailbox here\b"
    rf"|\b{_MAILBOX}\b[^.;:]{{0,80}}\b"
    r"(?:unknown|invalid|not (?:be )?(?:found|known|exist)|(?:does not|doesn.?t|no longer) exist|no longer valid)\b",
    re.IGNORECASE,
)
# Not the relay of a host's name.
_ABOUT_US = re.compile(r"(?<![.\w-])relay(?:ing|ed)?(?![\w-]|\.\w)|\bsender\b", re.IGNORECASE)
# A server that looked up the sender, the client or a list says "not found" of those.
_ABOUT_OTHERS = re.compile(
    r"\b(?:polic\w+|spam\w*|block\w*|black\w*|listed|reputation|client|host\w*|helo|dns\w*|ptr|authenticat\w*)\b",
    re.IGNORECASE,
)
_ADDRESS = re.compile(r"<[^<>]*>|\S+@\S+")


def about_sender(code: int, reply: str) -> OutcomeKind:
    """An answer to MAIL that is not 250."""
    if code < 500:
        return OutcomeKind.TRY_AGAIN
    if code in _PROTOCOL and not enhanced(reply).startswith("5.1."):
        return OutcomeKind.SERVER_REFUSES
    return OutcomeKind.SENDER_REFUSED


def about_recipient(code: int, reply: str) -> OutcomeKind:
    """An answer to RCPT that is not 250 or 251. Many servers say here as well what they hold against the sender."""
    kind = about_content(code, reply)
    words = _ADDRESS.sub(" ", reply)
    if code < 500 or kind in (OutcomeKind.BAD_ADDRESS, OutcomeKind.SERVER_REFUSES):
        return kind
    if _ABOUT_US.search(words):
        return OutcomeKind.SERVER_REFUSES
    status = enhanced(reply)
    if code == 552 and not status:
        return OutcomeKind.MAILBOX_FULL
    unclear = status in ("", "5.1.0") and code in _MAYBE_UNKNOWN
    if unclear and _UNKNOWN.search(words) and not _ABOUT_OTHERS.search(words):
        return OutcomeKind.BAD_ADDRESS
    return kind


def about_content(code: int, reply: str) -> OutcomeKind:
    """An answer to DATA, or to the end of the data."""
    if code < 500:
        return OutcomeKind.TRY_AGAIN
    status = enhanced(reply)
    if status in _DESTINATION:
        # "550 5.1.1 <shop@example.com>: Sender address rejected" exists.
        about_us = _ABOUT_US.search(_ADDRESS.sub(" ", reply))
        return OutcomeKind.SERVER_REFUSES if about_us else OutcomeKind.BAD_ADDRESS
    if status in _SENDER or (code in _PROTOCOL and not status.startswith("5.1.")):
        return OutcomeKind.SERVER_REFUSES
    return OutcomeKind.MAILBOX_FULL if status == "5.2.2" else OutcomeKind.REFUSED


def enhanced(reply: str) -> str:
    """The enhanced status code of RFC 3463, empty when the server gives none."""
    found = _ENHANCED.search(reply[:40])
    return found[1] if found else ""
