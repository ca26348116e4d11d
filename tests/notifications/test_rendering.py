"""Templates: what they may say, what they may reach, and that no word leaves a hole."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django_scopes import scopes_disabled

from backoffice.core.errors import Invalid
from notifications.rendering.mail import Rendered, check_source, render_mail, speaks_of_all_orders
from notifications.rendering.words import WORDS, words_of
from orders.models import Comment, Fulfillment, Order
from stores.models import Store
from tests.builders.orders import make_customer, make_order

NOW = datetime(2026, 11, 20, 14, 5, tzinfo=UTC)


@scopes_disabled()
def rendered(body: str, *orders: Order, subject: str = "About {{ order_names }}", locale: str = "en", **given: Any):
    store = orders[0].store
    words = words_of(
        orders,
        store=store,
        address="anna@example.com",
        recipient_name=given.get("recipient_name", "Anna de Vries"),
        locale=locale,
        now=NOW,
    )
    return render_mail(subject=subject, body=body, words=words, store=store)


@pytest.fixture
def order(store: Store) -> Order:
    at = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
    return make_order(
        store,
        name="#1001",
        created_at=at,
        processed_at=at,
        customer=make_customer(store, name="Anna de Vries"),
        total="1234.50",
        status_page_url="https://north.example/orders/1",
        shipping_address={"first_name": "Anna", "last_name": "de Vries", "city": "Delft", "zip": "2611 AB"},
    )


def test_shopify_words_are_filled_in(order: Order):
    mail = rendered(
        "<p>Hi {{ customer.first_name }}, {{ shop.name }} {{ name }} {{ order.name }} {{ order_number }} "
        "{% for line in line_items %}{{ line.quantity }} x {{ line.title }}{% endfor %} {{ total_price | money }} "
        "{{ shipping_address.city }} {{ fulfillment_status }} {{ order_status_url }}</p>",
        order,
    )
    assert mail.text == (
        f"Hi Anna, North #1001 #1001 {order.number} 2 x Blue mug €1,234.50 Delft unfulfilled "
        "https://north.example/orders/1\n\n-- \nNorth\n"
    )
    assert mail.subject == "About #1001"
    assert mail.html.startswith('<!DOCTYPE html>\n<html lang="en" dir="ltr">')


def test_amounts_and_dates_follow_the_recipients_language(order: Order):
    body = "{{ total_price | money }}|{{ created_at | date: '%-d %B %Y' }}|{{ 'now' | date: '%H:%M' }}"
    assert rendered(body, order, locale="nl-NL").text.startswith("€ 1.234,50|2 november 2026|15:05")
    assert rendered(body, order, locale="xx").text.startswith("€1,234.50|2 November 2026|15:05")


def test_each_order_of_a_mail_keeps_its_own_currency(store: Store):
    yen = make_order(store, total="1200", presentment_currency="JPY")
    dinar = make_order(store, total="12.345", presentment_currency="KWD")
    mail = rendered("{% for order in orders %}{{ order.total_price | money }};{% endfor %}", yen, dinar)
    assert mail.text.startswith("¥1,200;KWD12.345;")


def test_right_to_left_mails_say_so(order: Order):
    assert '<html lang="ar" dir="rtl">' in rendered("x", order, locale="ar").html


def test_customers_data_is_escaped_in_html_and_plain_in_text(store: Store):
    order = make_order(store, customer=make_customer(store, name="<script>alert(1)</script> X"))
    mail = rendered("<p>{{ customer.first_name }}</p>", order)
    assert "<script" not in mail.html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in mail.html
    assert mail.text.startswith("<script>alert(1)</script>")


def test_active_content_of_a_template_is_removed(order: Order):
    mail = rendered(
        "<style>p { color: red; position: fixed }</style><p onclick='x()'>Hi <a href='javascript:x()'>there</a></p>"
        "<script>x()</script><iframe src='https://x.example'></iframe>",
        order,
    )
    assert '<p style="color:red">Hi <a rel="noopener noreferrer">there</a></p>' in mail.html
    assert "x()" not in mail.html


@pytest.mark.parametrize("body", ["{{ customer.nmae }}", "{{ nmae }}", "{% if nmae %}x{% endif %}"])
def test_an_unknown_word_is_an_error_that_names_it(order: Order, body: str):
    with pytest.raises(Invalid) as refused:
        rendered(f"first line\n{body}", order)
    assert (refused.value.code, refused.value.field, refused.value.facts["line"]) == ("template_unknown", "body", 2)
    assert "nmae" in refused.value.message


@pytest.mark.row("REL-E17")
def test_an_empty_name_is_never_a_hole(store: Store):
    order = make_order(store, customer=make_customer(store, name=""))
    with pytest.raises(Invalid) as refused:
        rendered("Hi {{ customer.first_name }},", order)
    assert refused.value.code == "template_absent"
    assert "customer.first_name" in refused.value.message
    assert rendered("Hi {{ customer.first_name | default: 'there' }},", order).text.startswith("Hi there,")
    guarded = "{% if customer.first_name != blank %}{{ customer.first_name }}{% else %}nobody{% endif %}"
    assert rendered(guarded, order).text.startswith("nobody")


def test_an_empty_detail_is_blank_as_in_shopify(order: Order):
    body = "[{% for line in line_items %}{{ line.variant_title }}{% if line.variant_title %}x{% endif %}"
    assert rendered(f"{body}{{% endfor %}}]{{{{ billing_address.city }}}}", order).text.startswith("[]")


@pytest.mark.parametrize(
    ("body", "line"), [("{% if %}", 1), ("a\n\n{{ 'x' | nope }}", 3), ("a\n{% include 'x' %}", 2), ("{{ x", 1)]
)
def test_a_template_that_cannot_be_read_is_refused_with_its_line(db: None, body: str, line: int):
    with pytest.raises(Invalid) as refused:
        check_source(subject="x", body=body)
    assert (refused.value.field, refused.value.facts["line"]) == ("body", line)


@pytest.mark.parametrize("body", ["{% if false %}{{ nmae }}{% endif %}", "{% for o in ordres %}{% endfor %}"])
def test_an_unknown_word_is_found_where_no_sample_would_show_it(db: None, body: str):
    with pytest.raises(Invalid) as refused:
        check_source(subject="x", body=f"\n{body}")
    assert (refused.value.code, refused.value.facts["line"]) == ("template_unknown", 2)


def test_the_table_of_words_is_what_templates_get(order: Order):
    with scopes_disabled():
        words = words_of([order], store=order.store, address="a@x.nl", recipient_name="", locale="en", now=NOW)
    assert set(words) == WORDS


def test_a_mistake_in_the_subject_names_the_subject(db: None):
    with pytest.raises(Invalid) as refused:
        check_source(subject="{{ ", body="x")
    assert refused.value.field == "subject"


def test_a_subject_is_one_plain_line(store: Store):
    order = make_order(store, name="#1 <b>\r\nBcc: everybody@example.com")
    assert rendered("x", order, subject="Order\n{{ name }}").subject == "Order #1 <b> Bcc: everybody@example.com"


def test_an_empty_mail_is_refused(order: Order):
    for subject, body, field in (("{% if false %}x{% endif %}", "x", "subject"), ("x", "<p> </p>", "body")):
        with pytest.raises(Invalid) as refused:
            rendered(body, order, subject=subject)
        assert refused.value.field == field


@pytest.mark.row("FEAT-A7")
def test_notes_tags_and_comments_reach_no_mail(store: Store):
    """Prints every word that there is, and finds none of the canaries."""
    canary = "CANARY-7c1f"
    order = make_order(
        store,
        customer=make_customer(store, tags=[f"{canary}-customer-tag"]),
        note=f"{canary}-note",
        tags=[f"{canary}-tag"],
        custom_attributes=[{"key": "gift", "value": f"{canary}-attribute"}],
        hold_reasons=[f"{canary}-hold"],
        status_page_url="https://north.example/orders/1",
    )
    with scopes_disabled():
        Comment.objects.create(store=store, order=order, author_label="x", body=f"{canary}-comment")
        words = words_of([order], store=store, address="a@example.com", recipient_name="A", locale="en", now=NOW)
    assert canary not in repr(words)
    for word in ("note", "order.note", "tags", "order.tags", "comments", "order.comments", "customer.tags"):
        with pytest.raises(Invalid) as refused:
            rendered(f"{{{{ {word} }}}}", order)
        assert refused.value.code == "template_unknown"


def test_shipments_show_what_was_sent_and_how_to_follow_it(order: Order):
    with scopes_disabled():
        line = order.lines.get()
        Fulfillment.objects.create(
            store=order.store,
            order=order,
            gid="gid://shopify/Fulfillment/1",
            status="SUCCESS",
            created_at=NOW,
            updated_at=NOW,
            tracking=[{"company": "PostNL", "number": "3S1", "url": "https://track.example/3S1"}],
            lines=[{"line_item_gid": line.gid, "quantity": 1}],
        )
    mail = rendered(
        "{% for shipment in fulfillments %}{{ shipment.tracking_company }} {{ shipment.tracking_number }} "
        "{% for part in shipment.fulfillment_line_items %}{{ part.quantity }} {{ part.line_item.title }}{% endfor %}"
        "{% endfor %}",
        order,
    )
    assert mail.text.startswith("PostNL 3S1 1 Blue mug")


def test_a_template_tells_whether_it_speaks_of_all_orders():
    assert speaks_of_all_orders("{% for order in orders %}{% endfor %}")
    assert speaks_of_all_orders("{{ order_names }}")
    assert not speaks_of_all_orders("your orders: {{ order.name }}")


def test_the_document_is_whole(order: Order):
    mail = rendered("<p>x</p>", order)
    assert isinstance(mail, Rendered)
    assert "<title>About #1001</title>" in mail.html
    assert mail.html.rstrip().endswith("</html>")
