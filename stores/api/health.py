"""The health of a store over the API: every line with its colour and what to do, and the figures behind them."""

from __future__ import annotations

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from backoffice.core.api.documentation import answers
from backoffice.core.api.views import ApiView
from stores.choices import Counted, CredentialKind, Purpose, RunKind, SubscriptionState
from stores.features import FeatureLevel as Tone
from stores.services.diagnostics import diagnostics_of
from stores.services.health_report import HealthReport, health_of

from .finding import find_store
from .stores import MirrorSerializer, mirror_shown

_TONES = [tone.value for tone in Tone]


class HealthLineSerializer(serializers.Serializer[Any]):
    key = serializers.CharField(help_text="For programs: connection, token, stream.orders, webhooks, proof ...")
    label = serializers.CharField()  # type: ignore[assignment]  # DRF takes fields out of the class
    tone = serializers.ChoiceField(_TONES, help_text="good, info, warning or bad.")
    says = serializers.CharField(allow_blank=True, help_text="What is so.")
    todo = serializers.CharField(allow_blank=True, help_text="What to do; empty where nothing needs to be done.")


class AccessTokenSerializer(serializers.Serializer[Any]):
    """How we speak to the shop. The token itself is shown nowhere."""

    kind = serializers.ChoiceField(CredentialKind.choices)
    expires_at = serializers.DateTimeField(allow_null=True, help_text="Null for a token that does not expire.")
    minted_at = serializers.DateTimeField(allow_null=True)
    error_at = serializers.DateTimeField(allow_null=True, help_text="When minting failed last, unless it went on.")
    error_code = serializers.CharField(allow_blank=True)
    error_message = serializers.CharField(allow_blank=True)


class FeatureSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # DRF takes fields out of the class
    is_on = serializers.BooleanField()
    tone = serializers.ChoiceField(_TONES)
    missing = serializers.ListField(child=serializers.CharField(), help_text="Scopes that are not granted.")
    sentence = serializers.CharField(allow_blank=True, help_text="What is missing, and what to do.")


class ScopesSerializer(serializers.Serializer[Any]):
    granted = serializers.ListField(child=serializers.CharField())
    missing = serializers.ListField(child=serializers.CharField(), help_text="Wanted and not granted.")
    refused = serializers.ListField(child=serializers.CharField(), help_text="Granted and refused all the same.")


class VersionSerializer(serializers.Serializer[Any]):
    asked = serializers.CharField()
    served = serializers.CharField(help_text="The one that answered last.")
    ends_at = serializers.DateTimeField(allow_null=True)
    days_left = serializers.IntegerField(allow_null=True)
    fell_forward = serializers.BooleanField()


class TopicSerializer(serializers.Serializer[Any]):
    topic = serializers.CharField()
    state = serializers.ChoiceField(SubscriptionState.choices)
    refusal = serializers.CharField(allow_blank=True, help_text="Shopify's sentence.")
    since = serializers.DateTimeField()
    lost_at = serializers.DateTimeField(allow_null=True, help_text="When the shop was last found to have dropped it.")
    last_delivery_at = serializers.DateTimeField(allow_null=True)


class WebhooksSerializer(serializers.Serializer[Any]):
    wanted = serializers.IntegerField()
    present = serializers.IntegerField()
    refused = serializers.IntegerField()
    last_delivery_at = serializers.DateTimeField(allow_null=True)
    checked_at = serializers.DateTimeField(allow_null=True, help_text="When a look at the subscriptions succeeded.")
    tried_at = serializers.DateTimeField(allow_null=True)
    error_code = serializers.CharField(allow_blank=True)
    error_message = serializers.CharField(allow_blank=True)
    topics = TopicSerializer(many=True)


class InboxSerializer(serializers.Serializer[Any]):
    waiting = serializers.IntegerField()
    oldest_waiting_at = serializers.DateTimeField(allow_null=True)
    failed = serializers.IntegerField(help_text="Given up after eight tries.")


class BudgetSerializer(serializers.Serializer[Any]):
    available = serializers.FloatField(help_text="Points, reckoned for now.")
    maximum = serializers.FloatField()
    restore_rate = serializers.FloatField(help_text="Points a second.")


class SpentSerializer(serializers.Serializer[Any]):
    purpose = serializers.ChoiceField(Purpose.choices)
    hour = serializers.IntegerField(help_text="Points in this hour.")
    day = serializers.IntegerField(help_text="Points in this hour and the 23 before.")


class CountedSerializer(serializers.Serializer[Any]):
    name = serializers.ChoiceField(Counted.choices)
    hour = serializers.IntegerField()
    day = serializers.IntegerField(help_text="In this hour and the 23 before.")


class RunSerializer(serializers.Serializer[Any]):
    resource = serializers.CharField()
    kind = serializers.ChoiceField(RunKind.choices, help_text="quiet: an hour of passes that found nothing.")
    started_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)
    passes = serializers.IntegerField()
    pages = serializers.IntegerField()
    rows = serializers.IntegerField()
    created = serializers.IntegerField()
    changed = serializers.IntegerField()
    unchanged = serializers.IntegerField()
    refetched = serializers.IntegerField(help_text="Read again by id.")
    deleted = serializers.IntegerField()
    rejected = serializers.IntegerField(help_text="Set aside.")
    unannounced = serializers.IntegerField(help_text="Changed without a webhook having told by then.")
    points = serializers.IntegerField()
    errors = serializers.IntegerField()  # type: ignore[assignment]  # as above
    error_code = serializers.CharField(allow_blank=True, help_text="Of the last error, also when it went on.")
    error_message = serializers.CharField(allow_blank=True)


class HealthSerializer(serializers.Serializer[Any]):
    at = serializers.DateTimeField()
    tone = serializers.ChoiceField(_TONES, help_text="That of the worst line.")
    reason = serializers.CharField(allow_blank=True, help_text="The worst line; empty when all is well.")
    lines = HealthLineSerializer(many=True)
    token = AccessTokenSerializer(allow_null=True)
    scopes = ScopesSerializer()
    features = FeatureSerializer(many=True)
    hidden_fields = serializers.ListField(child=serializers.CharField(), help_text="What Shopify keeps from the app.")
    history_from = serializers.DateField(allow_null=True, help_text="Orders of earlier days may be missing.")
    api_version = VersionSerializer()
    mirror = MirrorSerializer()
    webhooks = WebhooksSerializer()
    inbox = InboxSerializer()
    budget = BudgetSerializer(allow_null=True)
    spent = SpentSerializer(many=True)
    counted = CountedSerializer(many=True)
    runs = RunSerializer(many=True, help_text="The latest twenty.")


class DiagnosticsSerializer(serializers.Serializer[Any]):
    text = serializers.CharField(help_text="Ids, codes, times and counts: no secret, nobody's data.")


class HealthView(ApiView):
    scopes: ClassVar = {"get": "stores:read"}

    @extend_schema(
        operation_id="stores_health",
        summary="How well a store is",
        responses=answers({200: HealthSerializer}, 404),
        tags=["stores"],
    )
    def get(self, request: Request, store_id: int) -> Response:
        return Response(_shown(health_of(find_store(self.actor, store_id))))


class DiagnosticsView(ApiView):
    scopes: ClassVar = {"get": "stores:read"}

    @extend_schema(
        operation_id="stores_diagnostics",
        summary="A store's health as a text for whoever helps",
        responses=answers({200: DiagnosticsSerializer}, 404),
        tags=["stores"],
    )
    def get(self, request: Request, store_id: int) -> Response:
        return Response({"text": diagnostics_of(health_of(find_store(self.actor, store_id)))})


def _shown(report: HealthReport) -> dict[str, Any]:
    facts, check = report.facts, report.facts.check
    return {
        "at": report.at,
        "tone": report.colour.tone.value,
        "reason": report.colour.reason,
        "lines": [_values(HealthLineSerializer, line) for line in report.lines],
        "token": _values(AccessTokenSerializer, facts.token) if facts.token else None,
        "scopes": {
            "granted": report.granted,
            "missing": report.missing,
            "refused": sorted(facts.store.refused_scopes),
        },
        "features": [
            {
                **_values(FeatureSerializer, one, "name", "label", "tone"),
                "name": one.feature.name,
                "label": one.feature.label,
                "tone": one.level.value,
            }
            for one in facts.features
        ],
        "hidden_fields": sorted(facts.store.hidden_fields),
        "history_from": facts.store.history_from,
        "api_version": _values(VersionSerializer, report.version),
        "mirror": mirror_shown(report.mirror),
        "webhooks": {
            "wanted": len(facts.topics),
            "present": len(facts.topics) - len(facts.refused_topics),
            "refused": len(facts.refused_topics),
            "last_delivery_at": facts.store.last_webhook_at,
            "checked_at": check.checked_at if check else None,
            "tried_at": check.tried_at if check else None,
            "error_code": check.error_code if check else "",
            "error_message": check.error_message if check else "",
            "topics": [_values(TopicSerializer, topic) for topic in facts.topics],
        },
        "inbox": {"waiting": facts.waiting, "oldest_waiting_at": facts.oldest_waiting, "failed": facts.failed},
        "budget": _values(BudgetSerializer, report.budget) if report.budget else None,
        "spent": [_values(SpentSerializer, one) for one in report.spent],
        "counted": [{"name": one.counted.value, "hour": one.hour, "day": one.day} for one in report.counted],
        "runs": [_values(RunSerializer, run) for run in report.runs],
    }


def _values(shape: type[serializers.Serializer[Any]], thing: object, *without: str) -> dict[str, Any]:
    """The fields of the shape, taken from attributes of the same names."""
    return {name: getattr(thing, name) for name in shape().get_fields() if name not in without}
