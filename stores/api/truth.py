"""What every answer about mirrored things says of itself: as of when it is true, what the last proof says, from which
day on, and how far a first load has come."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from stores.services.proof_status import Level
from stores.services.truth import StoreTruth, Truth


class ProofWord(serializers.Serializer[Any]):
    """What the last proofs of the stores say, with everything that makes the answer less than true now."""

    level = serializers.ChoiceField(
        [level.value for level in Level], help_text="good, warning or bad: that of the store that is worst off."
    )
    sentence = serializers.CharField(allow_blank=True, help_text="For people.")
    checked_at = serializers.DateTimeField(
        allow_null=True, help_text="The oldest of the last proofs; null where a store was never proven."
    )


class TruthShape(serializers.Serializer[Any]):
    """How true an answer is. Of several stores each value is that of the one that is worst off."""

    as_of = serializers.DateTimeField(
        allow_null=True, help_text="Everything that the shops had then is in the answer; null during a first load."
    )
    proof = ProofWord()
    history_from = serializers.DateField(
        allow_null=True, help_text="Orders of earlier days may be missing; null where none are."
    )
    loading = serializers.FloatField(
        allow_null=True, help_text="0 to 1: how far the first load is; null when there is none."
    )


def truth_shown(truth: Truth | StoreTruth) -> dict[str, Any]:
    """The fields of `TruthShape`."""
    if isinstance(truth, StoreTruth):
        checked_at = truth.proof.last.finished_at if truth.proof.last else None
    else:
        checked_at = truth.checked_at
    return {
        "as_of": truth.as_of,
        "proof": {"level": truth.level.value, "sentence": truth.sentence, "checked_at": checked_at},
        "history_from": truth.history_from,
        "loading": truth.loading,
    }


def truth_fields() -> dict[str, Any]:
    """`TruthShape` for the description of a page: see `page_schema`."""
    return dict(TruthShape().get_fields())
