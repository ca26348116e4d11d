"""What the cells of the list look like, by the key of their column. Plain functions on a row, because a page has many
hundreds of cells."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType

from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from backoffice.core.templatetags.shown import age, moment, money
from orders.models import Order
from orders.part_labels import hold_reason
from orders.templatetags.orders_shown import badge, pending_badge, tag_colour

Cell = Callable[[Order], SafeString]
_TAGS_SHOWN = 4
_NOTE_SHOWN = 60
NOTHING = mark_safe("")


def cells_of(order: Order, keys: list[str]) -> list[tuple[str, SafeString]]:
    """The cells of a row: key and content."""
    return [(key, CELLS[key](order)) for key in keys]


def _when(value: datetime | None, order: Order, *, with_age: bool = False) -> SafeString:
    if value is None:
        return NOTHING
    shown = moment(value, order.store.timezone)
    return format_html('{} <span class="bo-age">{}</span>', shown, age(value)) if with_age else SafeString(shown)


def _customer(order: Order) -> SafeString:
    name = order.customer_name or order.email
    if not name:
        return format_html('<span class="bo-dim">{}</span>', _("No customer"))
    return format_html("<bdi>{}</bdi>", name)


def _customer_with_tags(order: Order) -> SafeString:
    return format_html("{}{}", _customer(order), _tags(order, most=2))


def _tags(order: Order, *, most: int = _TAGS_SHOWN) -> SafeString:
    if not order.tags:
        return NOTHING
    shown = format_html_join(
        "",
        '<li class="bo-tag bo-hue-{}"><span dir="auto">{}</span></li>',
        ((tag_colour(tag), tag) for tag in order.tags[:most]),
    )
    rest = len(order.tags) - most
    if rest <= 0:
        return format_html('<ul class="bo-tags">{}</ul>', shown)
    more = format_html('<li class="bo-dim bo-small" title="{}">+{}</li>', ", ".join(order.tags), rest)
    return format_html('<ul class="bo-tags">{}{}</ul>', shown, more)


def _amount(name: str) -> Cell:
    def cell(order: Order) -> SafeString:
        shop, presentment = getattr(order, f"{name}_shop"), getattr(order, f"{name}_presentment")
        if not shop and not presentment and name != "current_total":
            return NOTHING
        first = format_html('<span class="bo-amount">{}</span>', money(shop, order.shop_currency))
        if order.presentment_currency == order.shop_currency:
            return first
        beside = money(presentment, order.presentment_currency)
        return format_html('{} <span class="bo-amount-beside bo-line">{}</span>', first, beside)

    return cell


def _stage(order: Order) -> SafeString:
    return pending_badge(order) if order.pending_verbs else badge("order", order.stage)


def _fulfilment(order: Order) -> SafeString:
    shown = badge("fulfilment", order.fulfillment_status)
    if order.on_hold and order.fulfillment_status != "ON_HOLD":
        return format_html('{} <span class="bo-badge bo-bad">{}</span>', shown, _("On hold"))
    return shown


def _return(order: Order) -> SafeString:
    if order.return_status in ("", "NO_RETURN"):
        words = _("No return")
        dash = '<span class="bo-dim" title="{}"><span aria-hidden="true">–</span><span class="sr-only">{}</span></span>'
        return format_html(dash, words, words)
    return badge("return", order.return_status)


def _items(order: Order) -> SafeString:
    number = order.unfulfilled_quantity
    if not number:
        return NOTHING
    words = ngettext("%(number)d item to fulfil", "%(number)d items to fulfil", number) % {"number": number}
    return format_html('<span title="{}">{}</span>', words, number)


def _hold(order: Order) -> SafeString:
    return format_html_join(", ", "{}", ((hold_reason(reason),) for reason in order.hold_reasons))


def _assignee(order: Order) -> SafeString:
    person = order.assignee
    return format_html("<bdi>{}</bdi>", person.get_full_name() or person.get_username()) if person else NOTHING


def _note(order: Order) -> SafeString:
    if not order.note:
        return NOTHING
    return format_html('<span title="{}" dir="auto">{}</span>', order.note, Truncator(order.note).chars(_NOTE_SHOWN))


def _text(name: str) -> Cell:
    return lambda order: conditional_escape(getattr(order, name))


def _number(name: str) -> Cell:
    return lambda order: conditional_escape(getattr(order, name) or "")


def _listed(name: str) -> Cell:
    return lambda order: conditional_escape(", ".join(getattr(order, name)))


CELLS: Mapping[str, Cell] = MappingProxyType(
    {
        "placed": lambda order: _when(order.processed_at, order, with_age=True),
        "customer": _customer_with_tags,
        "total": _amount("current_total"),
        "stage": _stage,
        "payment": lambda order: badge("payment", order.financial_status),
        "fulfilment": _fulfilment,
        "return": _return,
        "items": _items,
        "age": lambda order: conditional_escape(age(order.processed_at)),
        "hold": _hold,
        "scheduled": lambda order: _when(order.fulfill_at, order),
        "fulfil_by": lambda order: _when(order.fulfill_by, order),
        "outstanding": _amount("outstanding"),
        "refunded": _amount("refunded"),
        "mailed": lambda order: _when(order.last_mailed_at, order, with_age=True),
        "comments": _number("comment_count"),
        "tags": _tags,
        "assignee": _assignee,
        "store": lambda order: conditional_escape(order.store.name),
        "merchant": lambda order: conditional_escape(str(order.store.merchant or "")),
        "email": _text("email"),
        "phone": _text("phone"),
        "country": _text("country_code"),
        "city": lambda order: conditional_escape((order.shipping_address or {}).get("city", "")),
        "shipping": _text("shipping_title"),
        "lines": _number("line_count"),
        "risk": lambda order: badge("risk", order.risk_level) if order.risk_level else NOTHING,
        "dispute": lambda order: badge("dispute", order.dispute_status) if order.dispute_status else NOTHING,
        "note": _note,
        "discounts": _listed("discount_codes"),
        "gateways": _listed("payment_gateways"),
        "source": _text("source_name"),
        "po_number": _text("po_number"),
        "created": lambda order: _when(order.created_at, order),
        "updated": lambda order: _when(order.updated_at, order),
        "archived": lambda order: _when(order.closed_at, order),
    }
)
