"""Mistakes of deployment in the mail settings that are caught at start."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, register

_SMTP = "django.core.mail.backends.smtp.EmailBackend"
# Django's test runner puts this one in.
_TESTS = "django.core.mail.backends.locmem.EmailBackend"


def connect() -> None:
    register("mail")(mail_settings)


def mail_settings(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Mails to customers go over SMTP alone: another backend would be passed by in silence."""
    if settings.EMAIL_BACKEND in {_SMTP, _TESTS}:
        return []
    return [
        Error(
            f"EMAIL_URL names {settings.EMAIL_BACKEND}, which mails to customers do not use.",
            hint="Use smtp://, smtp+tls:// or smtp+ssl://, such as smtp+tls://user:password@mail.example.com:587.",
            id="notifications.E001",
        )
    ]
