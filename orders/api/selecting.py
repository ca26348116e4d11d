"""How a request names many orders: by ids or by filter. Shared by acts here and by mail above."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers

from backoffice.core.api.serializers import StrictSerializer
from backoffice.core.errors import Invalid
from orders.reading import MOST_PICKED, Picked
from orders.services.selection import Refusal


class Selection(StrictSerializer):
    """Which orders: `ids`, or all that match `filter` (names and values of the list's parameters)."""

    ids = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=2**63 - 1),
        min_length=1,
        max_length=MOST_PICKED,
        required=False,
    )
    filter = serializers.DictField(required=False, help_text='For instance {"stage": "to_archive", "store": [3]}.')
    dry_run = serializers.BooleanField(default=False, help_text="Only say what would happen; nothing does.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("ids" in attrs) == ("filter" in attrs):
            raise serializers.ValidationError(_("Give either `ids` or `filter`."), code="ids_or_filter")
        return attrs


def texts_of(given: Mapping[str, Any] | None) -> dict[str, list[str]]:
    """A filter's JSON values as the list's parameters have them. Raises `Invalid` for nested ones."""
    found = {}
    for name, value in (given or {}).items():
        values = value if isinstance(value, list) else [value]
        if not all(isinstance(each, str | int) for each in values):
            raise Invalid("value_invalid", _("Give texts, numbers, true or false."), field=f"filter.{name}"[:100])
        found[str(name)] = [str(each).lower() if isinstance(each, bool) else str(each) for each in values]
    return found


def unseen_of(picked: Picked) -> list[Refusal]:
    return [Refusal(pk, "", "not_found", _("There is no such order.")) for pk in picked.missing]


def refused_row(refusal: Refusal) -> dict[str, Any]:
    return {
        "order_id": refusal.order_id,
        "order_name": refusal.order_name,
        "code": refusal.code,
        "detail": refusal.message,
    }
