"""Orders as staff see them: status badges, amounts in both currencies, tags."""

from __future__ import annotations

import zlib
from decimal import Decimal
from typing import TYPE_CHECKING

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import pgettext, pgettext_lazy

from backoffice.core.templatetags.shown import money
from orders.choices import ChangeState, Verb
from orders.labels import Axis, Label, Tone, label
from orders.models import Order, RemoteChange
from orders.part_labels import delivery_method, restock_type

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

register = template.Library()

_COLOURS = 8


@register.simple_tag
def badge(axis: Axis, value: str) -> SafeString:
    """A state in words, coloured by its tone, explained on hover and to screen readers."""
    return badge_of(label(axis, value))


@register.filter
def badge_of(shown: Label) -> SafeString:
    if not shown.explanation:
        return format_html('<span class="bo-badge bo-{}">{}</span>', shown.tone, shown.text)
    return format_html('<span class="bo-badge bo-{}" title="{}">{}</span>', shown.tone, shown.explanation, shown.text)


@register.filter
def delivery_words(value: str) -> str:
    return delivery_method(value)


@register.filter
def restock_words(value: str) -> str:
    return restock_type(value)


@register.filter
def explanation(value: str, axis: Axis) -> str:
    return label(axis, value).explanation


@register.simple_tag
def both(order: Order, presentment: Decimal, shop: Decimal) -> SafeString:
    """An amount as the buyer saw it; the shop's own beside it when that is another currency."""
    first = money(presentment, order.presentment_currency)
    if order.presentment_currency == order.shop_currency:
        return format_html('<span class="bo-amount">{}</span>', first)
    return format_html(
        '<span class="bo-amount">{}</span> <span class="bo-amount-beside" title="{}">{}</span>',
        first,
        pgettext("amount", "In the shop's currency"),
        money(shop, order.shop_currency),
    )


@register.filter
def tag_colour(tag: str) -> int:
    """One of a handful of colours, always the same for a tag however it is written."""
    return zlib.crc32(tag.casefold().encode()) % _COLOURS


_PENDING: dict[str, StrOrPromise] = {
    Verb.ARCHIVE: pgettext_lazy("under way", "archiving…"),
    Verb.UNARCHIVE: pgettext_lazy("under way", "unarchiving…"),
    Verb.ADD_TAGS: pgettext_lazy("under way", "adding tags…"),
    Verb.REMOVE_TAGS: pgettext_lazy("under way", "removing tags…"),
}


@register.simple_tag
def pending_badge(order: Order) -> SafeString:
    """What is under way in the shop, over the state that the mirror still shows."""
    words = ", ".join(str(_PENDING.get(verb, f"{verb}…")) for verb in order.pending_verbs)
    shown = label("order", order.stage)
    return format_html('<span class="bo-badge bo-info" title="{}">{}</span>', shown.text, words)


_CHANGE_TONES: dict[str, Tone] = {
    ChangeState.CONFIRMED: "good",
    ChangeState.REFUSED: "bad",
    ChangeState.UNCERTAIN: "warning",
}


@register.simple_tag
def change_badge(change: RemoteChange) -> SafeString:
    return badge_of(Label(change.get_state_display(), _CHANGE_TONES.get(change.state, "neutral")))
