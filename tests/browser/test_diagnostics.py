"""The diagnostics of a store are copied with one button, by mouse or keyboard, and readable without scripts."""

from __future__ import annotations

import pytest

from tests.browser.test_work import expect

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("granted", [True, False], ids=["with the clipboard", "without its leave"])
def test_the_text_is_copied_by_keyboard_and_that_is_said(open_as, store, administrator, granted):
    page = open_as(administrator)
    if granted:
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    else:
        page.add_init_script("navigator.clipboard.writeText = () => Promise.reject(new Error('no'))")
    page.goto(f"/admin/stores/store/{store.pk}/")
    button = page.locator("button:has-text('Copy diagnostics')")
    button.focus()
    page.keyboard.press("Enter")

    expect(page.locator("[role=status][data-copied]")).to_have_text("Copied.")
    if granted:
        copied = page.evaluate("navigator.clipboard.readText()")
    else:
        copied = page.evaluate("window.getSelection().toString() || document.activeElement.value")
    assert copied.startswith(f"store {store.pk} {store.domain}")


def test_without_scripts_the_text_is_there_to_be_marked(open_as, store, administrator):
    page = open_as(administrator, scripts=False)
    page.goto(f"/admin/stores/store/{store.pk}/")
    assert not page.locator("button:has-text('Copy diagnostics')").is_visible()
    page.click("summary:has-text('Show the text')")
    assert page.locator("#diagnostics-text").input_value().startswith(f"store {store.pk} ")
