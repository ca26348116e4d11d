"""Bodies of requests: read strictly, written nowhere. Answers are plain functions; their serializers only describe."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers

from backoffice.core.parameters import unknown


class StrictSerializer(serializers.Serializer[Any]):
    """Refuses names that it does not know: a mistyped one would otherwise be silently without effect."""

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if isinstance(data, Mapping):
            wrong = {
                error.field: [serializers.ErrorDetail(error.message, code=error.code)]
                for error in unknown((str(name) for name in data), known=set(self.fields))
            }
            if wrong:
                raise serializers.ValidationError(wrong)
        value: dict[str, Any] = super().to_internal_value(data)
        return value


class ExactCharField(serializers.CharField):
    """Text only: DRF's own field turns numbers into text."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        value: str = super().to_internal_value(data)
        return value
