"""The templates that come with the product can be sent as they are, to anybody."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django_scopes import scopes_disabled

from backoffice.core.actor import SYSTEM
from notifications.models import Template
from notifications.services.preview import preview
from notifications.services.shipped import SHIPPED, ensure_templates
from stores.models import Store
from tests.builders.orders import make_customer, make_order

AT = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
PLACED = {"created_at": AT, "processed_at": AT}


@pytest.fixture
def templates(db: None) -> dict[str, Template]:
    ensure_templates(Template.objects)
    return {template.name: template for template in Template.objects.all()}


def test_a_new_database_has_them_and_a_second_time_adds_none(templates: dict[str, Template]):
    assert sorted(templates) == sorted(shipped.name for shipped in SHIPPED)
    assert all(template.store_id is None and template.only_to_fulfil for template in templates.values())
    assert ensure_templates(Template.objects) == 0


def test_what_staff_changed_stays(templates: dict[str, Template]):
    Template.objects.filter(name="Delay notice").update(subject="Ours")
    assert ensure_templates(Template.objects) == 0
    assert Template.objects.get(name="Delay notice").subject == "Ours"


@pytest.mark.row("FEAT-A23")
def test_the_delay_notice_tells_what_is_still_to_come(templates: dict[str, Template], store: Store):
    customer = make_customer(store, name="Anna de Vries")
    lines = [
        {"title": "Blue mug", "quantity": 5, "unfulfilled_quantity": 3},
        {"title": "Shipped", "unfulfilled_quantity": 0},
    ]
    orders = [
        make_order(store, name="#1001", customer=customer, lines=lines, locale="nl", **PLACED),
        make_order(store, name="#1002", customer=customer, status_page_url="https://north.example/orders/2", **PLACED),
    ]
    with scopes_disabled():
        mail = preview(orders, template=templates["Delay notice"], actor=SYSTEM).rendered
    assert mail.subject == "Your orders #1001 and #1002 are taking longer than planned"
    assert mail.text.startswith("Hello Anna,\n")
    assert "Blue mug  3 ×" in mail.text
    assert "Shipped" not in mail.text
    assert "Placed on 2 November 2026" in mail.text
    assert "[Follow this order](https://north.example/orders/2)" in mail.text


def test_in_dutch_it_is_dutch(templates: dict[str, Template], store: Store):
    order = make_order(store, name="#1001", email="x@example.com", locale="en", **PLACED)
    with scopes_disabled():
        mail = preview([order], template=templates["Delay notice (Dutch)"], actor=SYSTEM).rendered
    assert mail.subject == "Uw bestelling #1001 duurt langer dan gepland"
    assert mail.text.startswith("Hallo,\n")
    assert "Geplaatst op 2 november 2026" in mail.text
