"""Signed-in browsers of the standing people, and pages as text."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from html import unescape

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.test import Client

SignedIn = Callable[[User], Client]


@pytest.fixture(autouse=True)
def _fresh_numbers() -> Iterator[None]:
    """The numbers beside tabs are kept for some seconds; no test sees those of another."""
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def signed_in() -> SignedIn:
    def client(user: User) -> Client:
        browser = Client(raise_request_exception=False)
        browser.force_login(user)
        return browser

    return client


@pytest.fixture
def agents_browser(agent: User, signed_in: SignedIn) -> Client:
    return signed_in(agent)


@pytest.fixture
def admins_browser(administrator: User, signed_in: SignedIn) -> Client:
    return signed_in(administrator)


def text_of(response: object) -> str:
    return unescape(response.content.decode())  # type: ignore[attr-defined]
