"""One's own API tokens. Only a signed-in person makes, sees and ends them: a token cannot widen its own reach."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar, cast

from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from backoffice.core.actor import Role
from backoffice.core.api.documentation import IDEMPOTENCY_KEY, PAGE, answers, page_schema, write_answers
from backoffice.core.api.pagination import PARAMETERS, page_of
from backoffice.core.api.serializers import ExactCharField, StrictSerializer
from backoffice.core.api.views import PEOPLE_ONLY, ApiView
from backoffice.core.errors import Invalid, NotFound
from stores.models import ApiToken, Store
from stores.services.access import TOKEN_SCOPES, create_token, revoke_token

ROLES = {role.name.lower(): role for role in Role}


class TokenWish(StrictSerializer):
    name = ExactCharField(max_length=100, help_text="What uses it.")
    role = serializers.ChoiceField(list(ROLES), default="viewer", help_text="The most it may do in any store.")
    scopes = serializers.ListField(child=serializers.ChoiceField(TOKEN_SCOPES), min_length=1)
    stores = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=2**63 - 1),
        default=list,
        max_length=500,
        help_text="Ids of the only stores that it reaches; empty for all of yours.",
    )
    expires_at = serializers.DateTimeField(allow_null=True, default=None)

    def validate_expires_at(self, value: datetime | None) -> datetime | None:
        if value is not None and value <= timezone.now():
            raise serializers.ValidationError(_("Give a time to come."), code="in_the_past")
        return value


class TokenSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    name = serializers.CharField()
    prefix = serializers.CharField(help_text="How the token begins after bo_; enough to tell it from others.")
    role = serializers.ChoiceField(list(ROLES))
    scopes = serializers.ListField(child=serializers.CharField())
    stores = serializers.ListField(child=serializers.IntegerField())
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField(allow_null=True)
    last_used_at = serializers.DateTimeField(allow_null=True)


class NewTokenSerializer(TokenSerializer):
    secret = serializers.CharField(allow_null=True, help_text="Shown this once; null when an answer is given again.")


class TokenListView(ApiView):
    scopes: ClassVar = {"get": PEOPLE_ONLY, "post": PEOPLE_ONLY}
    query = PARAMETERS
    hidden_when_kept = frozenset({"secret"})

    @extend_schema(
        operation_id="tokens_list",
        summary="Your tokens that hold, newest first",
        parameters=PAGE,
        responses=answers({200: page_schema(TokenSerializer, "TokenPage")}),
        tags=["tokens"],
    )
    def get(self, request: Request) -> Response:
        tokens, pages = page_of(_own(request).order_by("-created_at", "-pk"), request)
        return pages.get_paginated_response([_shown(token) for token in tokens])

    @extend_schema(
        operation_id="tokens_create",
        summary="Make a token",
        description="It never does more than you may yourself at the time of a request.",
        parameters=[IDEMPOTENCY_KEY],
        request=TokenWish,
        responses=write_answers({201: NewTokenSerializer}),
        tags=["tokens"],
    )
    def post(self, request: Request) -> Response:
        body = TokenWish(data=request.data)
        body.is_valid(raise_exception=True)
        wish = body.validated_data
        new = create_token(
            cast(User, request.user),
            name=wish["name"],
            role=ROLES[wish["role"]],
            scopes=wish["scopes"],
            stores=self._stores(wish["stores"]),
            expires_at=wish["expires_at"],
            actor=self.actor,
        )
        return Response({**_shown(new.token), "secret": new.secret}, status=201)

    def _stores(self, ids: list[int]) -> list[Store]:
        stores = list(Store.objects.visible_to(self.actor).filter(pk__in=ids))
        if len(stores) != len(set(ids)):
            raise Invalid("store_unknown", _("Choose stores that you reach yourself."), field="stores")
        return stores


class TokenView(ApiView):
    scopes: ClassVar = {"delete": PEOPLE_ONLY}

    @extend_schema(
        operation_id="tokens_revoke",
        summary="End a token at its next request",
        parameters=[IDEMPOTENCY_KEY],
        request=None,
        responses=write_answers({204: None}, 404),
        tags=["tokens"],
    )
    def delete(self, request: Request, token_id: int) -> Response:
        token = _own(request).filter(pk=token_id).first()
        if token is None:
            raise NotFound("not_found", _("You have no such token."))
        revoke_token(token, actor=self.actor)
        return Response(status=204)


def _own(request: Request) -> QuerySet[ApiToken]:
    return ApiToken.objects.filter(user=cast(User, request.user), revoked_at=None).prefetch_related("stores")


def _shown(token: ApiToken) -> dict[str, Any]:
    return {
        "id": token.pk,
        "name": token.name,
        "prefix": token.prefix,
        "role": Role(token.role).name.lower(),
        "scopes": token.scopes,
        "stores": sorted(store.pk for store in token.stores.all()),
        "created_at": token.created_at,
        "expires_at": token.expires_at,
        "last_used_at": token.last_used_at,
    }
