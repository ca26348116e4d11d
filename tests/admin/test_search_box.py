"""The search text above the list: told in words, pointed at where it is wrong, mended with one click."""

from __future__ import annotations

import pytest

from orders.choices import Stage
from tests.admin.conftest import text_of
from tests.builders.orders import make_order

pytestmark = pytest.mark.django_db
URL = "/admin/orders/order/"


def rows_of(response) -> list[int]:
    return [order.pk for order in response.context["orders"]]


def test_conditions_are_told_and_mere_words_are_not(agents_browser, store):
    make_order(store, tags=["vip"])
    page = text_of(agents_browser.get(URL, {"q": "tag:vip age>3d"}))
    assert "Shown: tag is “vip” and age is more than 3 days." in page
    assert "Shown:" not in text_of(agents_browser.get(URL, {"q": "vries"}))


def test_a_search_that_names_a_stage_is_not_narrowed_by_a_tab(agents_browser, store):
    make_order(store)
    done = make_order(store, stage=Stage.ARCHIVED)
    response = agents_browser.get(URL, {"q": "is:archived"})
    assert rows_of(response) == [done.pk]
    assert not any(tab.is_current for tab in response.context["tabs"])
    assert any(tab.is_current for tab in agents_browser.get(URL, {"q": "no:tag"}).context["tabs"])


@pytest.mark.parametrize(
    ("text", "wrong", "mended"),
    [
        ("abc paymnet:paid", "paymnet:paid", "abc payment:paid"),
        ("payment:payd -on_hold", "payd", "payment:paid -on_hold"),
        ("tag:a (b", "(", ""),
        ("tag:", "tag:", ""),
    ],
)
def test_a_mistake_is_shown_where_it_is(agents_browser, store, text: str, wrong: str, mended: str):
    make_order(store)
    response = agents_browser.get(URL, {"q": text})
    assert response.status_code == 400
    assert rows_of(response) == []
    assert f"<mark>{wrong}</mark>" in text_of(response)
    mistake = response.context["mistake"]
    assert bool(mistake.mended) == bool(mended)
    if mended:
        assert mistake.before + mistake.suggestion + mistake.after == mended
        assert agents_browser.get(URL + mistake.mended).status_code == 200


def test_what_was_typed_is_never_markup(agents_browser, store):
    page = agents_browser.get(URL, {"q": '<script>alert(1)</script>:x"'}).content.decode()
    assert "<script>alert(1)" not in page
