"""Acting on orders over the API: one order or many, by the same table of verbs that the admin uses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
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
from backoffice.core.parameters import Words
from orders.choices import Source
from orders.filters import select
from orders.models import Order
from orders.querysets import OrderQuerySet
from orders.reading import get_order, list_orders
from orders.services.selection import Asked, Refusal
from orders.verbs import VERBS, ParameterKind, VerbDefinition

from .schemas_acts import AskedShape, PreviewShape

MOST_ORDERS = 1000


class Nothing(StrictSerializer):
    """An empty body, or {}."""


class Tags(StrictSerializer):
    tags = serializers.ListField(child=ExactCharField(), min_length=1)


class Chosen(StrictSerializer):
    """Which orders: `ids`, or all that match `filter` (names and values of the list's parameters). `tags` and `body`
    belong to the verbs that need them."""

    ids = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=2**63 - 1),
        min_length=1,
        max_length=MOST_ORDERS,
        required=False,
    )
    filter = serializers.DictField(required=False, help_text='For instance {"stage": "to_archive", "store": [3]}.')
    dry_run = serializers.BooleanField(default=False, help_text="Only say what would be refused, and why.")
    tags = serializers.ListField(child=ExactCharField(), min_length=1, required=False)
    body = ExactCharField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("ids" in attrs) == ("filter" in attrs):
            raise serializers.ValidationError("Give either `ids` or `filter`.", code="ids_or_filter")
        return attrs


class OneOrderView(ApiView):
    """One verb on one order. A refusal is a problem here, because it is all that became of the request."""

    scopes: ClassVar = {"post": "orders:write", "delete": "orders:write"}

    def ask(self, request: Request, order_id: int, verb: VerbDefinition, **parameters: Any) -> Response:
        order = get_order(self.actor, order_id)
        if not self.actor.may(verb.right, order.store_id):
            raise _lacks(verb.right)
        asked: Asked = verb.ask([order], actor=self.actor, source=Source.API, **parameters)
        for refusal in asked.refused:
            raise Refused(refusal.code, refusal.message, order=order.pk)
        return _answer(asked, request, in_the_shop=verb.in_the_shop)


class ArchiveView(OneOrderView):
    @extend_schema(
        operation_id="orders_archive",
        summary="Archive an order in its shop",
        parameters=[IDEMPOTENCY_KEY],
        request=Nothing,
        responses=write_answers({202: AskedShape, 200: AskedShape}, 404),
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
        responses=write_answers({202: AskedShape, 200: AskedShape}, 404),
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
        responses=write_answers({202: AskedShape, 200: AskedShape}, 404),
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
        responses=write_answers({202: AskedShape, 200: AskedShape}, 404),
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
        description=f"At most {MOST_ORDERS} orders at a time. With `dry_run` the answer is a preview, given with 200.",
        parameters=[
            OpenApiParameter("verb", str, OpenApiParameter.PATH, enum=sorted(VERBS)),
            IDEMPOTENCY_KEY,
        ],
        request=Chosen,
        responses=write_answers({202: AskedShape, 200: PreviewShape}, 404),
        tags=["acts"],
    )
    def post(self, request: Request, verb: str) -> Response:
        definition = VERBS.get(verb)
        if definition is None:
            raise NotFound("not_found", _("There is no such verb."))
        if not self.actor.may_somewhere(definition.right):
            raise _lacks(definition.right)
        wanted = _read(Chosen, request)
        orders, unseen = self._chosen(wanted)
        parameters = _parameters(definition, wanted)
        if wanted["dry_run"]:
            return Response(self._preview(definition, orders, unseen, parameters))
        asked: Asked = definition.ask(orders, actor=self.actor, source=Source.API, **parameters)
        return _answer(asked, request, in_the_shop=definition.in_the_shop, unseen=unseen)

    def _chosen(self, wanted: Mapping[str, Any]) -> tuple[Sequence[Order], list[Refusal]]:
        everything = list_orders(self.actor)
        if "ids" in wanted:
            ids = list(dict.fromkeys(wanted["ids"]))
            orders = list(everything.filter(pk__in=ids))
            seen = {order.pk for order in orders}
            missing = [Refusal(pk, "", "not_found", _("There is no such order.")) for pk in ids if pk not in seen]
            return orders, missing
        return self._matching(everything, wanted["filter"]), []

    def _matching(self, everything: OrderQuerySet, given: Mapping[str, Any]) -> Sequence[Order]:
        orders = list(select(everything, _texts(given), actor=self.actor)[: MOST_ORDERS + 1])
        if len(orders) > MOST_ORDERS:
            raise Invalid(
                "too_many_orders",
                _("More than %(most)d orders match; narrow the filter.") % {"most": MOST_ORDERS},
                field="filter",
            )
        return orders

    def _preview(
        self,
        verb: VerbDefinition,
        orders: Sequence[Order],
        unseen: Iterable[Refusal],
        parameters: Mapping[str, Any],
    ) -> dict[str, Any]:
        refused = [*verb.check(orders, actor=self.actor, **parameters).values(), *unseen]
        warnings = verb.warnings(orders, actor=self.actor) if verb.warnings else {}
        return {
            "orders": len(orders) + len(list(unseen)),
            "accepted": len(orders) + len(list(unseen)) - len(refused),
            "refused": [_refused(each) for each in refused],
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


def _texts(given: Mapping[str, Any]) -> dict[str, list[str]]:
    """JSON values as the list's parameters have them. Raises `Invalid` for nested ones."""
    found = {}
    for name, value in given.items():
        values = value if isinstance(value, list) else [value]
        if not all(isinstance(each, str | int) for each in values):
            raise Invalid("value_invalid", _("Give texts, numbers, true or false."), field=f"filter.{name}"[:100])
        found[str(name)] = [str(each).lower() if isinstance(each, bool) else str(each) for each in values]
    return found


def _answer(asked: Asked, request: Request, *, in_the_shop: bool, unseen: Sequence[Refusal] = ()) -> Response:
    under_way = in_the_shop and asked.asked > 0
    run = reverse("api:run", args=[asked.run_id], request=request) if under_way else None
    data = {
        "run_id": asked.run_id if under_way else None,
        "run": run,
        "asked": asked.asked,
        "already": asked.already,
        "refused": [_refused(each) for each in (*asked.refused, *unseen)],
    }
    return Response(data, status=202 if under_way else 200, headers={"Location": run} if run else None)


def _refused(refusal: Refusal) -> dict[str, Any]:
    return {
        "order_id": refusal.order_id,
        "order_name": refusal.order_name,
        "code": refusal.code,
        "detail": refusal.message,
    }


def _lacks(right: Right) -> NotAllowed:
    return NotAllowed(
        "not_allowed", _("You may look at these orders, but not do this. Ask for the agent's role."), right=str(right)
    )
