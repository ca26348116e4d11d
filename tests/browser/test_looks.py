"""Every page, light and dark, wide and narrow: it fits, nothing complains, and a picture is kept for people."""

from __future__ import annotations

import pytest
from django_scopes import scopes_disabled

from notifications.models import Template
from orders.choices import Source, Stage
from orders.models import Order, TimelineEntry
from stores.models import Quarantined, Store
from tests.builders.orders import PLACED, make_customer, make_fulfillment_order, make_order

pytestmark = pytest.mark.django_db(transaction=True)

NAMES = ("Anna de Vries", "Björn Müller-Lüdenscheidt", "ليلى الصباح", "יונתן מזרחי", "Zoë Ōkubo", "Jérôme Gauthier")
PAGES = {
    "home": "/admin/",
    "orders": "/admin/orders/order/",
    "orders-filtered": "/admin/orders/order/?stage=all&payment=PENDING&q=a",
    "order": "/admin/orders/order/{order}/",
    "stores": "/admin/stores/store/",
    "store": "/admin/stores/store/{store}/",
    "quarantine": "/admin/stores/store/{store}/quarantine/",
    "copy": "/admin/stores/store/{store}/copy/",
    "connect": "/admin/stores/store/connect/",
    "tokens": "/admin/stores/apitoken/",
    "people": "/admin/auth/user/",
    "batches": "/admin/notifications/batch/",
    "template": "/admin/notifications/template/{template}/",
}


@pytest.fixture
def places(store: Store) -> dict[str, int]:
    """A store with some of everything; what to fill into the addresses."""
    stages = list(Stage)
    orders: list[Order] = []
    for number in range(24):
        customer = make_customer(store, name=NAMES[number % len(NAMES)])
        fields = {"presentment_currency": "USD"} if number % 3 else {}
        if number % 5 == 0:
            fields["financial_status"] = "PENDING"
        tags = ["vip", "check address", "a rather long tag with many words"][: number % 4]
        orders.append(
            make_order(
                store, customer=customer, stage=stages[number % 3 if number < 18 else number % 7], tags=tags, **fields
            )
        )
    shown = orders[0]
    make_fulfillment_order(shown, holds=["INCORRECT_ADDRESS"])
    with scopes_disabled():
        Quarantined.objects.create(
            store=store, resource="orders", gid=f"gid://shopify/Order/{10**13}", reason="odd at totalPriceSet.shopMoney"
        )
        TimelineEntry.objects.create(
            store=store, order=shown, kind="order.created", source=Source.SHOPIFY, occurred_at=PLACED
        )
    template = Template.objects.create(name="Late", subject="Late", body="<p>{{ order_names }}</p>")
    return {"order": shown.pk, "store": store.pk, "template": template.pk}


@pytest.mark.parametrize(
    ("width", "dark"),
    [
        pytest.param(1440, False, id="1440-light"),
        pytest.param(390, True, id="390-dark"),
        pytest.param(1440, True, id="1440-dark", marks=pytest.mark.long),
        pytest.param(390, False, id="390-light", marks=pytest.mark.long),
    ],
)
def test_every_page_fits_and_complains_of_nothing(open_as, keep, administrator, places, width, dark):
    page = open_as(administrator, width=width, dark=dark)
    too_wide = []
    for name, address in PAGES.items():
        page.goto(address.format(**places))
        page.wait_for_load_state("networkidle")
        if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
            too_wide.append(name)
        assert page.evaluate("document.documentElement.classList.contains('dark')") is dark
        keep(page, f"{name}-{width}-{'dark' if dark else 'light'}")
    assert too_wide == []


def test_every_field_and_button_of_our_pages_has_a_name_for_screen_readers(open_as, administrator, places):
    page = open_as(administrator)
    unnamed = []
    for name, address in PAGES.items():
        if name == "people":  # the framework's own
            continue
        page.goto(address.format(**places))
        unnamed += [
            f"{name}: {html}"
            for html in page.evaluate(
                """() => [...document.querySelectorAll(".bo-page, .bo-order")].flatMap((part) =>
                    [...part.querySelectorAll("input:not([type=hidden]), select, textarea, button, a")])
                    .filter((element) => !(element.labels && element.labels.length)
                        && !element.getAttribute("aria-label") && !element.textContent.trim()
                        && !element.hidden)
                    .map((element) => element.outerHTML.slice(0, 120))"""
            )
        ]
    assert unnamed == []
