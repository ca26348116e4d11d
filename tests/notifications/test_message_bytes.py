"""INV-C20: whatever is typed, the mail has exactly our headers, one recipient, and the subject that was meant."""

from __future__ import annotations

import email
import email.policy
from datetime import UTC, datetime
from email.header import decode_header, make_header
from email.utils import parseaddr

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backoffice.core.errors import Invalid
from notifications.transports.addresses import address_key, deliverable
from notifications.transports.email import Mailbox, OutgoingMail, built, one_line

AT = datetime(2026, 11, 20, 14, 5, tzinfo=UTC)
HEADERS = ["From", "To", "Reply-To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type"]
MESSAGE_ID = "<0f0e8a34-9e2f-4e3c-8d9f-0d8a3b6b9f10@north.myshopify.com>"


def mail(**changes: object) -> OutgoingMail:
    values = {
        "message_id": MESSAGE_ID,
        "sender": Mailbox("North", "shop@north.example"),
        "reply_to": Mailbox("North", "help@north.example"),
        "recipient": Mailbox("Anna de Vries", "anna@example.com"),
        "subject": "Your order",
        "text": "Hello\n",
        "html": "<p>Hello</p>\n",
    }
    return OutgoingMail(**(values | changes))


def parsed(content: bytes) -> email.message.EmailMessage:
    message = email.message_from_bytes(content, policy=email.policy.default)
    assert isinstance(message, email.message.EmailMessage)
    return message


def name_in(content: bytes) -> str:
    """The recipient's name by RFC 2047. The newer parser of the standard library puts spaces between encoded words."""
    raw = email.message_from_bytes(content, policy=email.policy.compat32)["To"]
    name, _ = parseaddr(raw)
    return str(make_header(decode_header(name)))


def folded(text: str) -> str:
    return " ".join(text.split())


_nasty = st.one_of(
    st.text(max_size=300),
    st.text(alphabet="\r\n :;,<>@\"'=?()[]\\abcBcutf-8qé\u2028\u2029\u202e\x00\x0b\x85😀", max_size=80),
    st.sampled_from(
        [
            "x\r\nBcc: everybody@example.com",
            "=?utf-8?q?Bcc=3A_x=40y.example?=",
            "x\nContent-Type: text/html\n\n<script>",
            "a, b <c@d.example>",
            '"',
            "\\",
            "é" * 200,
            "a" * 500,
        ]
    ),
)


@pytest.mark.row("INV-C20", "REL-E10", "FEAT-A26")
@settings(max_examples=400, deadline=None)
@given(subject=_nasty, sender=_nasty, recipient=_nasty, text=_nasty)
def test_no_text_adds_a_header_or_a_recipient(subject: str, sender: str, recipient: str, text: str):
    content = built(
        mail(
            subject=one_line(subject),
            sender=Mailbox(sender, "shop@north.example"),
            recipient=Mailbox(recipient, "anna@example.com"),
            text=text,
            html=text,
        ),
        at=AT,
    )
    message = parsed(content)
    assert sorted(message.keys()) == sorted(HEADERS)
    assert [address.addr_spec for address in message["To"].addresses] == ["anna@example.com"]
    assert [address.addr_spec for address in message["From"].addresses] == ["shop@north.example"]
    assert folded(message["Subject"]) == folded(one_line(subject))
    assert folded(name_in(content)) == folded(one_line(recipient)[:100])
    assert message["Message-ID"] == MESSAGE_ID
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    assert all(len(line) <= 998 for line in content.split(b"\r\n"))
    assert b"\n" not in content.replace(b"\r\n", b"")
    content.decode("ascii")


@pytest.mark.parametrize("line_end", ["\r", "\n", "\r\n"])
def test_a_subject_of_two_lines_is_refused(line_end: str):
    with pytest.raises(Invalid) as refused:
        built(mail(subject=f"x{line_end}Bcc: y@z.example"), at=AT)
    assert refused.value.field == "subject"


@pytest.mark.row("REL-E11")
@pytest.mark.parametrize(
    "address",
    [
        "a@example.com, b@example.com",
        "a@example.com\r\nRCPT TO:<b@example.com>",
        "a@example.com>\r\n",
        "Anna <a@example.com>",
        "anna",
        "@example.com",
        "a@",
        "a@localhost",
        "a@b@example.com",
        f"{'a' * 300}@example.com",
        "jürgen@example.com",
        "a@exam\u2028ple.com",
        "",
    ],
)
def test_an_address_that_is_none_or_more_than_one_is_refused(address: str):
    assert deliverable(address) is None
    with pytest.raises(Invalid) as refused:
        built(mail(recipient=Mailbox("x", address)), at=AT)
    assert refused.value.field == "address"


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.emails(), _nasty))
def test_what_is_deliverable_is_one_plain_address(address: str):
    found = deliverable(address)
    if found is not None:
        assert found.isascii()
        assert found.count("@") == 1
        assert not set(found) & set(" \r\n\t,;<>")
        built(mail(recipient=Mailbox("", found)), at=AT)


def test_a_domain_in_another_script_goes_out_in_ascii():
    assert deliverable("info@bücher.example") == "info@xn--bcher-kva.example"
    assert address_key(deliverable("Info@BÜCHER.example") or "") == "info@xn--bcher-kva.example"


@pytest.mark.parametrize("message_id", ["x", "<a@b>\r\nBcc: x", "<a b@c>"])
def test_a_message_id_that_is_none_is_refused(message_id: str):
    with pytest.raises(Invalid):
        built(mail(message_id=message_id), at=AT)


def test_what_is_sent_is_what_was_written():
    message = parsed(built(mail(text="Grüße\n.\n😀", html="<p>Grüße\n.\n😀</p>"), at=AT))
    plain, html = message.iter_parts()
    assert plain.get_content().replace("\r\n", "\n") == "Grüße\n.\n😀\n"
    assert html.get_content().replace("\r\n", "\n") == "<p>Grüße\n.\n😀</p>\n"
    assert message["Auto-Submitted"] is None
    assert message["Date"] == "Fri, 20 Nov 2026 14:05:00 +0000"
