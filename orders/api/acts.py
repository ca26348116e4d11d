"""Acting on orders over the API: one order or many, by the same table of verbs that the admin uses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, cast

from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from backoffice.core.actor import Right
from backoffice.core.api.documentation import IDEMPOTENCY_KEY, write_answers
from backoffice.core.api.serializers import ExactCharField, StrictSerializer
from backoffice.core.api.views import ApiView
from backoffice.core.errors import Invalid, NotAllowed, NotFound, Refused
from backoffice.core.strict_fields import Words
from orders.choices import Source
from orders.models import Order
from orders.reading import MOST_PICKED, get_order, pick_orders
from orders.services.selection import Asked, Refusal
from orders.verbs import VERBS, ParameterKind, VerbDefinition

from .schemas_acts import AskedSerializer, PreviewSerializer
from .selecting import Selection, refused_row, texts_of, unseen_of


class Nothing(StrictSerializer):
    """An empty body, or {}."""


class Tags(StrictSerializer):
    tags = serializers.ListField(child=ExactCharField(), min_length=1)


class Act(Selection):
    """`tags` and `body` belong to the verbs that need them."""

    tags = serializers.ListField(child=ExactCharField(), min_length=1, required=False)
    body = ExactCharField(required=False)


class OneOrderView(ApiView):
    """One verb on one order. A refusal is a problem here, because it is all that became of the request."""

    scopes: ClassVar = {"post": "orders:write", "delete": "orders:write"}

    def ask(self, request: Request, order_id: int, verb: VerbDefinition, **parameters: Any) -> Response:
        order = get_order(self.actor, order_id)
        if not self.actor.may(verb.right, order.store_id):
            raise _lacks(verb.right)
        asked: Asked = verb.ask([order], actor=self.actor, source=Source.API, **parameters)
        for refusal in asked.refused:
            raise Refused(refusal.code, refusal.message, field=refusal.field, order=order.pk)
        return _answer(asked, request, in_the_shop=verb.in_the_shop)


class ArchiveView(OneOrderView):
    @extend_schema(
        operation_id="orders_archive",
        summary="Archive an order in its shop",
        parameters=[IDEMPOTENCY_KEY],
        request=Nothing,
        responses=write_answers({202: AskedSerializer, 200: AskedSerializer}, 404),
        tags=["acts"],
    )
    def post(self, request: Request, order_id: int) -> Response:
        _read(Nothing, request)
        return self.ask(request, order_id, VERBS["archive"])


class UnarchiveView(OneOrderView):
    @extend_schema(
        operation_id="orders_unarchive",
        summary="Open an archived order again",
        parameters=[IDEMPOTENCY_KEY],
        request=Nothing,
        responses=write_answers({202: AskedSerializer, 200: AskedSerializer}, 404),
        tags=["acts"],
    )
    def post(self, request: Request, order_id: int) -> Response:
        _read(Nothing, request)
        return self.ask(request, order_id, VERBS["unarchive"])


class TagsView(OneOrderView):
    write_query = frozenset({"tag"})

    @extend_schema(
        operation_id="orders_add_tags",
        summary="Add tags to an order; its others stay",
        parameters=[IDEMPOTENCY_KEY],
        request=Tags,
        responses=write_answers({202: AskedSerializer, 200: AskedSerializer}, 404),
        tags=["acts"],
    )
    def post(self, request: Request, order_id: int) -> Response:
        return self.ask(request, order_id, VERBS["add_tags"], tags=_read(Tags, request)["tags"])

    @extend_schema(
        operation_id="orders_remove_tags",
        summary="Remove tags from an order; its others stay",
        parameters=[
            OpenApiParameter("tag", Words().schema(), required=True, explode=True, description="Tags to remove."),
            IDEMPOTENCY_KEY,
        ],
        request=None,
        responses=write_answers({202: AskedSerializer, 200: AskedSerializer}, 404),
        tags=["acts"],
    )
    def delete(self, request: Request, order_id: int) -> Response:
        tags = [tag for text in request.query_params.getlist("tag") for tag in text.split(",")]
        return self.ask(request, order_id, VERBS["remove_tags"], tags=tags)


class ActionView(ApiView):
    """One verb on many orders. Refused orders are rows of the answer: the others go on."""

    scopes: ClassVar = {"post": "orders:write"}

    @extend_schema(
        operation_id="orders_act",
        summary="One verb on many orders",
        description=f"At most {MOST_PICKED} orders at a time. With `dry_run` the answer is a preview, given with 200.",
        parameters=[
            OpenApiParameter("verb", str, OpenApiParameter.PATH, enum=sorted(VERBS)),
            IDEMPOTENCY_KEY,
        ],
        request=Act,
        responses=write_answers({202: AskedSerializer, 200: PreviewSerializer}, 404),
        tags=["acts"],
    )
    def post(self, request: Request, verb: str) -> Response:
        definition = VERBS.get(verb)
        if definition is None:
            raise NotFound("not_found", _("There is no such verb."))
        if not self.actor.may_somewhere(definition.right):
            raise _lacks(definition.right)
        wanted = _read(Act, request)
        picked = pick_orders(self.actor, ids=wanted.get("ids"), given=texts_of(wanted.get("filter")))
        orders, unseen = picked.orders, unseen_of(picked)
        parameters = _parameters(definition, wanted)
        if wanted["dry_run"]:
            return Response(self._preview(definition, orders, unseen, parameters))
        asked: Asked = definition.ask(orders, actor=self.actor, source=Source.API, **parameters)
        return _answer(asked, request, in_the_shop=definition.in_the_shop, unseen=unseen)

    def _preview(
        self,
        verb: VerbDefinition,
        orders: Sequence[Order],
        unseen: Sequence[Refusal],
        parameters: Mapping[str, Any],
    ) -> dict[str, Any]:
        refused = [*verb.check(orders, actor=self.actor, **parameters).values(), *unseen]
        warnings = verb.warnings(orders, actor=self.actor) if verb.warnings else {}
        total = len(orders) + len(unseen)
        return {
            "orders": total,
            "accepted": total - len(refused),
            "refused": [refused_row(each) for each in refused],
            "warned": [{"order_id": pk, "warnings": sentences} for pk, sentences in warnings.items()],
        }


def _read(serializer: type[StrictSerializer], request: Request) -> dict[str, Any]:
    body = serializer(data=request.data)
    body.is_valid(raise_exception=True)
    return cast(dict[str, Any], body.validated_data)


def _parameters(verb: VerbDefinition, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """What the verb must be told, and nothing else."""
    names = {parameter.name for parameter in verb.parameters}
    for name in ("tags", "body"):
        if name in wanted and name not in names:
            raise Invalid(
                "parameter_unused", _("The verb %(verb)s takes no such input.") % {"verb": verb.name}, field=name
            )
    found = {}
    for parameter in verb.parameters:
        if parameter.name not in wanted:
            kind = _("a list of texts") if parameter.kind is ParameterKind.WORDS else _("a text")
            raise Invalid("required", _("The verb needs this: %(kind)s.") % {"kind": kind}, field=parameter.name)
        found[parameter.name] = wanted[parameter.name]
    return found


def _answer(asked: Asked, request: Request, *, in_the_shop: bool, unseen: Sequence[Refusal] = ()) -> Response:
    under_way = in_the_shop and asked.asked > 0
    run = reverse("api:run", args=[asked.run_id], request=request) if under_way else None
    data = {
        "run_id": asked.run_id if under_way else None,
        "run": run,
        "asked": asked.asked,
        "already": asked.already,
        "refused": [refused_row(each) for each in (*asked.refused, *unseen)],
    }
    return Response(data, status=202 if under_way else 200, headers={"Location": run} if run else None)


def _lacks(right: Right) -> NotAllowed:
    return NotAllowed(
        "not_allowed", _("You may look at these orders, but not do this. Ask for the agent's role."), right=str(right)
    )
