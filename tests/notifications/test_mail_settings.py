"""A mail setting that would be passed by in silence stops the start."""

from __future__ import annotations

from typing import Any

import pytest

from notifications.transports.checks import mail_settings
from notifications.transports.smtp import SmtpConfig


@pytest.mark.parametrize("backend", ["console", "filebased", "dummy"])
def test_a_backend_that_mails_to_customers_do_not_use_is_an_error(settings: Any, backend: str):
    settings.EMAIL_BACKEND = f"django.core.mail.backends.{backend}.EmailBackend"
    (found,) = mail_settings(None)
    assert (found.id, found.is_serious()) == ("notifications.E001", True)


def test_smtp_is_fine(settings: Any):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    assert mail_settings(None) == []


def test_what_the_settings_ask_for_is_what_the_connection_does(settings: Any):
    settings.EMAIL_HOST, settings.EMAIL_PORT = "mail.example.com", 587
    settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = "shop", "secret"
    settings.EMAIL_USE_TLS, settings.EMAIL_USE_SSL, settings.EMAIL_TIMEOUT = True, False, 7
    config = SmtpConfig.from_settings()
    assert (config.host, config.port, config.user, config.password) == ("mail.example.com", 587, "shop", "secret")
    assert (config.starttls, config.tls, config.timeout_seconds) == (True, False, 7.0)
