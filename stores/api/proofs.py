"""The proof of a store's mirror over the API: what the last one found, and asking for one now."""

from __future__ import annotations

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from backoffice.core.api.documentation import IDEMPOTENCY_KEY, answers, write_answers
from backoffice.core.api.views import ApiView
from stores.choices import ProofState
from stores.models import Proof, Store
from stores.services.comparison import Kind
from stores.services.proof import request_proof
from stores.services.proof_status import Level, proof_status

from .finding import find_store


class DifferenceSerializer(serializers.Serializer[Any]):
    gid = serializers.CharField()
    kind = serializers.ChoiceField([kind.value for kind in Kind])
    repaired = serializers.BooleanField()


class DaysSerializer(serializers.Serializer[Any]):
    first = serializers.DateField(allow_null=True, help_text="Null for the beginning of the shop.")
    last = serializers.DateField()
    there = serializers.IntegerField()
    here = serializers.IntegerField()


class ProofSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    state = serializers.ChoiceField(ProofState.choices)
    requested_by = serializers.CharField()
    requested_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)
    live_there = serializers.IntegerField(help_text="Live orders in the shop.")
    live_here = serializers.IntegerField(help_text="Live orders in the mirror.")
    missing = serializers.IntegerField(help_text="Live there and not here.")
    extra = serializers.IntegerField(help_text="Live here and not there.")
    differing = serializers.IntegerField(help_text="On both sides and not the same.")
    moved = serializers.IntegerField(help_text="Changed while the proof ran: no difference.")
    repaired = serializers.IntegerField()
    remaining = serializers.IntegerField(help_text="Still different after having been read again.")
    details = DifferenceSerializer(many=True, help_text="The first 300 differences.")
    days_compared = serializers.IntegerField(help_text="Windows of days whose counts were compared.")
    days_differing = DaysSerializer(many=True, help_text="Days (UTC) whose counts differ after the repair.")
    error_code = serializers.CharField(allow_blank=True)
    error_message = serializers.CharField(allow_blank=True)


class ProofStatusSerializer(serializers.Serializer[Any]):
    level = serializers.ChoiceField(
        [level.value for level in Level],
        help_text="bad: differs after the repair. warning: no result for 26 hours, or the last attempt failed.",
    )
    sentence = serializers.CharField(help_text="Such as “412 = 412, checked 04:10, 3 repaired”.")
    is_overdue = serializers.BooleanField()
    last = ProofSerializer(allow_null=True, help_text="The latest that ended with a result.")
    failed = ProofSerializer(allow_null=True, help_text="The latest attempt, when it failed.")
    running = ProofSerializer(allow_null=True, help_text="The one that waits or is under way.")


class ProofView(ApiView):
    # A token that was made for reading starts no work: a proof takes the shop's budget and repairs orders here.
    scopes: ClassVar = {"get": "stores:read", "post": "orders:write"}

    @extend_schema(
        operation_id="stores_proof",
        summary="Whether the mirror equals the shop",
        responses=answers({200: ProofStatusSerializer}, 404),
        tags=["stores"],
    )
    def get(self, request: Request, store_id: int) -> Response:
        return Response(_shown(find_store(self.actor, store_id)))

    @extend_schema(
        operation_id="stores_proof_request",
        summary="Have the mirror proven now",
        description="Managers of the store. While a proof is under way, that one is answered.",
        parameters=[IDEMPOTENCY_KEY],
        request=None,
        responses=write_answers({202: ProofStatusSerializer}, 404),
        tags=["stores"],
    )
    def post(self, request: Request, store_id: int) -> Response:
        store = find_store(self.actor, store_id)
        request_proof(store, actor=self.actor)
        return Response(_shown(store), status=202)


def _shown(store: Store) -> dict[str, Any]:
    status = proof_status(store)
    return {
        "level": status.level.value,
        "sentence": status.sentence,
        "is_overdue": status.is_overdue,
        "last": _proof(status.last),
        "failed": _proof(status.failed),
        "running": _proof(status.running),
    }


def _proof(proof: Proof | None) -> dict[str, Any] | None:
    if proof is None:
        return None
    return {name: getattr(proof, name) for name in ProofSerializer().get_fields()}
