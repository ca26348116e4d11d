"""A real browser before a real server: the system's Chromium, driven by Playwright."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.core.cache import cache

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
CHROMIUM = next(filter(None, map(shutil.which, NAMES)), None)
SCREENSHOTS = settings.BASE_DIR / "var" / "screenshots"
MISSING = f"Chromium is missing (none of {', '.join(NAMES)}): the browser tests are SKIPPED"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    mine = [item for item in items if here in item.path.parents]
    for item in mine:
        item.add_marker(pytest.mark.browser)
        if CHROMIUM is None:
            item.add_marker(pytest.mark.skip(reason=MISSING))
    if mine and CHROMIUM is None:
        sys.stderr.write(f"\n*** {MISSING} ***\n")


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


class Trouble(list[str]):
    """What the pages complained of: errors in scripts, answers of the server that are none."""

    def watch(self, page: Any) -> None:
        page.on("pageerror", lambda error: self.append(f"script: {error}"))
        page.on("response", lambda answer: self._judge(answer))

    def _judge(self, answer: Any) -> None:
        if answer.status >= 400:
            self.append(f"{answer.status} {answer.url}")


Open = Callable[..., Any]


@pytest.fixture
def trouble() -> Iterator[Trouble]:
    """Fails the test at its end if a page complained of anything."""
    found = Trouble()
    yield found
    assert found == []


@pytest.fixture
def open_as(live_server: Any, chromium: Any, trouble: Trouble) -> Iterator[Open]:
    """`open_as(user, width=, dark=, scripts=)`: a page of that person's browser, signed in by the form."""
    cache.clear()
    contexts = []

    def open_page(user: User, *, width: int = 1440, dark: bool = False, scripts: bool = True) -> Any:
        context = chromium.new_context(
            base_url=live_server.url,
            viewport={"width": width, "height": 900},
            color_scheme="dark" if dark else "light",
            java_script_enabled=scripts,
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        trouble.watch(page)
        page.goto("/admin/")
        page.fill("[name=username]", user.username)
        page.fill("[name=password]", user.username)
        page.click("button[type=submit]")
        page.wait_for_url("**/admin/")
        return page

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture
def keep() -> Callable[[Any, str], None]:
    """`keep(page, name)`: a picture of the whole page, for people to look at."""

    def keep_picture(page: Any, name: str) -> None:
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)

    return keep_picture
