"""What a refusal means: only what is surely about the address makes it a bad one."""

from __future__ import annotations

import pytest

from notifications.transports.replies import OutcomeKind, about_content, about_recipient, about_sender

pytestmark = pytest.mark.row("REL-E04")


@pytest.mark.parametrize(
    ("code", "reply"),
    [
        (550, "5.1.1 <anna@example.com>: Recipient address rejected: User unknown in virtual mailbox table"),
        (550, "5.1.10 RESOLVER.ADR.RecipientNotFound; not found"),
        (553, "5.1.2 we do not know that domain"),
        (501, "5.1.3 Bad recipient address syntax"),
        (556, "5.1.10 Recipient address has null MX"),
        (550, "No such user here"),
        (550, "<relay@example.com>: user unknown"),
        (550, "mx.relay.example.com said: 550 unknown user"),
        (551, "Mailbox does not exist"),
        (553, "sorry, no mailbox here by that name"),
        (550, "5.1.0 <anna@example.com> invalid recipient"),
        (550, "The account sender@example.com could not be found"),
    ],
)
def test_an_unknown_mailbox_is_a_bad_address(code: int, reply: str) -> None:
    assert about_recipient(code, reply) is OutcomeKind.BAD_ADDRESS


@pytest.mark.parametrize(
    ("code", "reply"),
    [
        (550, "relay not permitted"),
        (554, "5.7.1 <anna@example.com>: Relay access denied"),
        (550, "5.1.1 unable to relay for anna@example.com"),
        (553, "5.7.1 <shop@example.com>: Sender address rejected: not owned by user shop"),
        (550, "5.1.0 <shop@example.com>: Sender address rejected: User unknown in local recipient table"),
        (550, "Verification failed for <shop@example.com> No Such User Here Sender verify failed"),
        (550, "5.1.8 domain of the address does not exist"),
        (500, "command not recognised"),
        (501, "syntax error"),
        (502, "not implemented"),
        (503, "bad sequence of commands: AUTH first"),
        (504, "5.5.2 need fully-qualified address"),
        (530, "5.7.0 Authentication required"),
        (535, "authentication failed: user unknown"),
    ],
)
def test_what_the_server_would_say_to_everybody_is_about_us(code: int, reply: str) -> None:
    assert about_recipient(code, reply) is OutcomeKind.SERVER_REFUSES


@pytest.mark.parametrize(
    ("code", "reply"),
    [
        (550, "rejected"),
        (550, "Requested action not taken: mailbox unavailable"),
        (550, "blocked: your host was not found in DNS, address unknown"),
        (550, "5.7.1 policy: no such user"),
        (550, "5.1.0 rejected"),
        (554, "no such user"),
        (571, "no such user"),
    ],
)
def test_what_may_mean_anything_is_a_refusal(code: int, reply: str) -> None:
    assert about_recipient(code, reply) is OutcomeKind.REFUSED


@pytest.mark.parametrize(
    ("code", "reply"), [(552, "quota exceeded"), (552, "5.2.2 full"), (550, "5.2.2 user is over quota")]
)
def test_a_full_mailbox_is_one(code: int, reply: str) -> None:
    assert about_recipient(code, reply) is OutcomeKind.MAILBOX_FULL


@pytest.mark.parametrize("about", [about_sender, about_recipient, about_content])
def test_what_begins_with_a_four_is_tried_again(about) -> None:
    assert about(450, "4.1.8 Sender address rejected: no such user") is OutcomeKind.TRY_AGAIN


@pytest.mark.parametrize(
    ("code", "reply", "kind"),
    [
        (550, "5.7.1 not your address", OutcomeKind.SENDER_REFUSED),
        (501, "5.1.7 bad address syntax", OutcomeKind.SENDER_REFUSED),
        (530, "authentication required", OutcomeKind.SERVER_REFUSES),
        (503, "AUTH first", OutcomeKind.SERVER_REFUSES),
    ],
)
def test_an_answer_to_the_senders_address(code: int, reply: str, kind: OutcomeKind) -> None:
    assert about_sender(code, reply) is kind


@pytest.mark.parametrize(
    ("code", "reply", "kind"),
    [
        (550, "5.1.1 no such user", OutcomeKind.BAD_ADDRESS),
        (550, "no such user", OutcomeKind.REFUSED),
        (554, "5.7.1 spam", OutcomeKind.REFUSED),
        (552, "message too big", OutcomeKind.REFUSED),
        (552, "5.2.2 full", OutcomeKind.MAILBOX_FULL),
        (503, "need RCPT", OutcomeKind.SERVER_REFUSES),
    ],
)
def test_an_answer_to_the_content(code: int, reply: str, kind: OutcomeKind) -> None:
    assert about_content(code, reply) is kind
