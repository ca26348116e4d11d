"""The shapes of the API's answers about counts, timeline, comments and acts, for the OpenAPI document."""

from __future__ import annotations

from rest_framework import serializers

from orders.choices import ChangeState, Source
from stores.api.truth import TruthShape

from .schemas import Fields, StoreName


class StageNumbers(Fields):
    """`live` is to_fulfil + to_settle + to_archive; `to_fulfil_archiving` counts those of to_fulfil that are on their
    way to the archive."""

    live = serializers.IntegerField()
    to_fulfil = serializers.IntegerField()
    to_settle = serializers.IntegerField()
    to_archive = serializers.IntegerField()
    on_hold = serializers.IntegerField()
    to_fulfil_archiving = serializers.IntegerField()


class StoreNumbers(TruthShape, StageNumbers):
    store = StoreName()


class OrderCounts(TruthShape):
    total = StageNumbers()
    stores = StoreNumbers(many=True, required=False, help_text="With group_by=store.")


class EntryComment(Fields):
    id = serializers.IntegerField()
    body = serializers.CharField()


class Entry(Fields):
    """One entry of the timeline. `sentence` is for people, `kind` and `data` for programs."""

    id = serializers.IntegerField()
    kind = serializers.CharField()
    source = serializers.ChoiceField(Source.choices)  # type: ignore[assignment]  # DRF takes fields out of the class
    occurred_at = serializers.DateTimeField()
    recorded_at = serializers.DateTimeField()
    by = serializers.CharField(help_text="Who did it: a person, a token, the shop.")
    sentence = serializers.CharField()
    data = serializers.DictField()  # type: ignore[assignment]  # DRF takes fields out of the class
    comment = EntryComment(allow_null=True)
    run_id = serializers.UUIDField(allow_null=True)


class CommentSerializer(Fields):
    id = serializers.IntegerField()
    order_id = serializers.IntegerField()
    author = serializers.CharField()
    is_own = serializers.BooleanField(help_text="Whether the caller wrote it.")
    body = serializers.CharField()
    pinned = serializers.BooleanField()
    created_at = serializers.DateTimeField()
    edited_at = serializers.DateTimeField(allow_null=True)


class RefusedOrder(Fields):
    order_id = serializers.IntegerField()
    order_name = serializers.CharField(allow_blank=True)
    code = serializers.CharField()
    detail = serializers.CharField()


class AskedSerializer(Fields):
    """What became of a request: `asked` changes are on their way, `already` orders needed none. The three add up."""

    run_id = serializers.UUIDField(allow_null=True, help_text="Null when nothing is on its way.")
    run = serializers.URLField(allow_null=True, help_text="Ask here what became of each order.")
    asked = serializers.IntegerField()
    already = serializers.IntegerField()
    refused = RefusedOrder(many=True)


class Warned(Fields):
    order_id = serializers.IntegerField()
    warnings = serializers.ListField(child=serializers.CharField())


class PreviewSerializer(Fields):
    """With `dry_run`: nothing was asked of anybody."""

    orders = serializers.IntegerField()
    accepted = serializers.IntegerField()
    refused = RefusedOrder(many=True)
    warned = Warned(many=True)


class RunNumbers(Fields):
    """Every change is in one of these; they add up to `total`."""

    total = serializers.IntegerField()
    waiting = serializers.IntegerField()
    confirmed = serializers.IntegerField()
    refused = serializers.IntegerField()
    skipped = serializers.IntegerField()
    uncertain = serializers.IntegerField()


class RunRow(Fields):
    order_id = serializers.IntegerField()
    order_name = serializers.CharField()
    store_id = serializers.IntegerField()
    verb = serializers.CharField()
    state = serializers.ChoiceField(ChangeState.choices)
    code = serializers.CharField(allow_blank=True)
    detail = serializers.CharField(allow_blank=True, help_text="The shop's own sentence where it refused.")
    created_at = serializers.DateTimeField()
    settled_at = serializers.DateTimeField(allow_null=True)
