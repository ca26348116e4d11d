"""Handing a mail to the server, with the knowledge of where it failed: surely not sent, refused, sent, or uncertain.

Django's backend sends the whole in one call and hides that. Only between the end of the data and the server's answer is
the outcome unknown (RFC 5321, 4.1.1.4: without the final dot a server must not deliver); everything before is safe."""

from __future__ import annotations

import contextlib
import re
import smtplib
import socket
import ssl
import time
from dataclasses import dataclass
from ipaddress import ip_address
from typing import NoReturn
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext as _

from .replies import OutcomeKind, about_content, about_recipient, about_sender

MESSAGE_SECONDS = 30.0
"""The most that one mail takes from MAIL to the server's answer; what is slower counts as lost."""
_LEADING_DOT = re.compile(rb"(?m)^\.")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one mail. `code` is the server's (0: it gave none), `reply` its words."""

    kind: OutcomeKind
    code: int = 0
    reply: str = ""


class ServerTrouble(Exception):
    """No mail can be sent now, whatever its recipient; nothing was sent. `may_pass`: trying later can help; otherwise a
    person must change something."""

    def __init__(self, code: str, message: str, *, may_pass: bool) -> None:
        super().__init__(message)
        self.code, self.message, self.may_pass = code, message, may_pass


@dataclass(frozen=True, slots=True)
class SmtpConfig:
    host: str
    port: int
    user: str
    password: str
    starttls: bool
    tls: bool
    timeout_seconds: float
    certificate: str | None = None
    key: str | None = None

    @classmethod
    def from_settings(cls) -> SmtpConfig:
        return cls(
            host=settings.EMAIL_HOST,
            port=int(settings.EMAIL_PORT),
            user=settings.EMAIL_HOST_USER,
            password=settings.EMAIL_HOST_PASSWORD,
            starttls=settings.EMAIL_USE_TLS,
            tls=settings.EMAIL_USE_SSL,
            timeout_seconds=float(settings.EMAIL_TIMEOUT or 15),
            certificate=settings.EMAIL_SSL_CERTFILE,
            key=settings.EMAIL_SSL_KEYFILE,
        )


class SmtpConnection:
    """One connection, kept for many mails. Use as a context manager; not for several threads."""

    def __init__(self, config: SmtpConfig | None = None) -> None:
        self._config = config or SmtpConfig.from_settings()
        self._smtp: smtplib.SMTP | None = None
        self._used = False

    def __enter__(self) -> SmtpConnection:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def open(self) -> None:
        """Connects and logs in unless that is done. Raises `ServerTrouble`. TLS and login are never left out when the
        settings ask for them."""
        if self._smtp is not None:
            return
        try:
            self._smtp = self._connected()
            self._used = False
        except (ssl.SSLCertVerificationError, smtplib.SMTPNotSupportedError) as error:
            message = _("The mail server's encryption or certificate cannot be trusted: %(why)s")
            raise ServerTrouble("tls_failed", message % {"why": error}, may_pass=False) from error
        except smtplib.SMTPAuthenticationError as error:
            if 400 <= error.smtp_code < 500:
                _down(error)
            message = _("The mail server refuses user name or password. Correct EMAIL_URL, then resume.")
            raise ServerTrouble("login_refused", message, may_pass=False) from error
        except smtplib.SMTPResponseException as error:
            if error.smtp_code < 500:
                _down(error)
            message = _("The mail server refuses us: %(why)s")
            why = f"{error.smtp_code} {_words(error.smtp_error)}"
            raise ServerTrouble("server_refuses", message % {"why": why}, may_pass=False) from error
        except (OSError, smtplib.SMTPException) as error:
            _down(error)

    def deliver(self, *, sender: str, recipient: str, content: bytes) -> Outcome:
        """One mail to one recipient. Raises `ServerTrouble` when nothing was sent because of the server alone."""
        reused = self._used
        try:
            return self._delivered(sender, recipient, content)
        except _LostBeforeAnything:
            self.close()
            if not reused:
                return Outcome(OutcomeKind.TRY_AGAIN, reply="connection lost")
        # The server may close a connection that was idle: once more on a new one.
        try:
            return self._delivered(sender, recipient, content)
        except _LostBeforeAnything:
            self.close()
            return Outcome(OutcomeKind.TRY_AGAIN, reply="connection lost")

    def close(self) -> None:
        smtp, self._smtp = self._smtp, None
        if smtp is not None:
            with contextlib.suppress(OSError, smtplib.SMTPException):
                if smtp.sock is not None:
                    smtp.sock.settimeout(1)
                smtp.docmd("QUIT")
            smtp.close()

    def _abandon(self) -> None:
        """Closes without a word: what the server would make of a QUIT in the middle is not known."""
        smtp, self._smtp = self._smtp, None
        if smtp is not None:
            smtp.close()

    def _connected(self) -> smtplib.SMTP:
        config = self._config
        name = _own_name()
        context = self._tls_context() if config.tls or config.starttls else None
        smtp: smtplib.SMTP
        if config.tls:
            smtp = smtplib.SMTP_SSL(
                config.host, config.port, local_hostname=name, timeout=config.timeout_seconds, context=context
            )
        else:
            smtp = smtplib.SMTP(config.host, config.port, local_hostname=name, timeout=config.timeout_seconds)
        try:
            if smtp.sock is not None:
                # The final dot goes by itself: without this it would wait 40 ms for the receipt of the data.
                smtp.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            smtp.ehlo_or_helo_if_needed()
            if config.starttls:
                smtp.starttls(context=context)
                smtp.ehlo_or_helo_if_needed()
            if config.user:
                smtp.login(config.user, config.password)
        except BaseException:
            smtp.close()
            raise
        return smtp

    def _tls_context(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        if self._config.certificate:
            context.load_cert_chain(self._config.certificate, self._config.key)
        return context

    def _delivered(self, sender: str, recipient: str, content: bytes) -> Outcome:
        self.open()
        smtp = self._smtp
        assert smtp is not None
        deadline = time.monotonic() + MESSAGE_SECONDS
        try:
            self._used = True
            code, reply = self._said(smtp, f"MAIL FROM:<{sender}>", deadline)
            if code != 250:
                return self._ended(smtp, about_sender(code, reply), code, reply)
        except (smtplib.SMTPException, OSError) as error:
            raise _LostBeforeAnything from error
        try:
            code, reply = self._said(smtp, f"RCPT TO:<{recipient}>", deadline)
            if code not in (250, 251):
                return self._ended(smtp, about_recipient(code, reply), code, reply)
            code, reply = self._said(smtp, "DATA", deadline)
            if code != 354:
                return self._ended(smtp, about_content(code, reply), code, reply)
            smtp.send(_LEADING_DOT.sub(b"..", content))
        except (smtplib.SMTPException, OSError) as error:
            self._abandon()
            return Outcome(OutcomeKind.TRY_AGAIN, reply=str(error))
        try:
            code, reply = self._said(smtp, ".", deadline)
        except (smtplib.SMTPException, OSError) as error:
            self._abandon()
            return Outcome(OutcomeKind.UNCERTAIN, reply=str(error))
        if 200 <= code < 300:
            return Outcome(OutcomeKind.SENT, code, reply)
        return self._ended(smtp, about_content(code, reply), code, reply)

    def _said(self, smtp: smtplib.SMTP, command: str, deadline: float) -> tuple[int, str]:
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("the mail server is too slow")
        if smtp.sock is not None:
            smtp.sock.settimeout(min(self._config.timeout_seconds, left))
        code, reply = smtp.docmd(command)
        if code == -1:
            raise smtplib.SMTPServerDisconnected("the mail server gave no code")
        return code, _words(reply)

    def _ended(self, smtp: smtplib.SMTP, kind: OutcomeKind, code: int, reply: str) -> Outcome:
        """The mail is not going to be sent: the connection is made ready for the next one."""
        if code == 421:
            self._abandon()
        else:
            try:
                smtp.docmd("RSET")
            except (smtplib.SMTPException, OSError):
                self._abandon()
        return Outcome(kind, code, reply)


class _LostBeforeAnything(Exception):
    pass


def _words(reply: bytes | str) -> str:
    text = reply.decode("utf-8", "replace") if isinstance(reply, bytes) else str(reply)
    return " ".join(text.split())[:300]


def _own_name() -> str:
    """Our name in EHLO: the public host name. Asking the resolver for the machine's own can take seconds."""
    host = urlsplit(settings.PUBLIC_URL).hostname or "localhost"
    try:
        return f"[{ip_address(host)}]"
    except ValueError:
        return host


def _down(error: Exception) -> NoReturn:
    message = _("The mail server does not answer (%(why)s). Sending goes on by itself when it does.")
    raise ServerTrouble("server_down", message % {"why": _words(str(error))[:150]}, may_pass=True) from error
