"""What the vocabulary's values select: small conditions on orders, each able to use an index."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from django.db.models import BooleanField, Exists, F, Func, Model, OuterRef, Q, Value

from backoffice.core.text import fold

from .choices import LIVE_STAGES, Stage
from .models import Fulfillment, FulfillmentOrder, LineItem, OrderTag, Transaction
from .query.kinds import any_of

_SHORTEST_INDEXED = 3
FAILED_PAYMENTS = ("FAILURE", "ERROR")


def is_in(column: str) -> Callable[[Sequence[str]], Q]:
    return lambda values: Q(**{f"{column}__in": values})


def is_any_case(column: str) -> Callable[[Sequence[str]], Q]:
    return lambda values: either([Q(**{f"{column}__iexact": value}) for value in values])


def is_filled(column: str) -> Callable[[bool], Q]:
    """A text that is there."""
    return lambda yes: ~Q(**{column: ""}) if yes else Q(**{column: ""})


def is_known(column: str) -> Callable[[bool], Q]:
    """A value that is not null."""
    return lambda yes: Q(**{f"{column}__isnull": not yes})


def stage(values: Sequence[str]) -> Q:
    if "all" in values:
        return Q()
    stages = {stage for value in values for stage in (LIVE_STAGES if value == "live" else (Stage(value),))}
    return Q(stage__in=sorted(stages))


def shops_status(values: Sequence[str]) -> Q:
    """Shopify's own `status:`. Open is neither closed nor cancelled; not closed may be cancelled."""
    closed, cancelled = Q(closed=True), Q(cancelled_at__isnull=False)
    meanings = {
        "open": ~closed & ~cancelled,
        "closed": closed,
        "cancelled": cancelled,
        "not_closed": ~closed,
        "any": Q(pk__isnull=False),
    }
    return either([meanings[value] for value in values])


def tagged(names: Sequence[str]) -> Exists:
    return Exists(OrderTag.objects.filter(order=OuterRef("pk"), folded__in=[fold(name) for name in names]))


def tagged_all(names: Sequence[str]) -> Q:
    return all_of([tagged([name]) for name in names])


def tag_begins(text: str) -> Exists | Q:
    if not text:
        return ~Q(tags=[])
    return Exists(OrderTag.objects.filter(order=OuterRef("pk"), folded__startswith=fold(text)))


def named(names: Sequence[str]) -> Q:
    return Q(name__in=[each for name in names for each in (name, f"#{name}")])


def name_begins(text: str) -> Q:
    return Q(name__startswith=text) | Q(name__startswith=f"#{text}")


def of_customer(words: Sequence[str]) -> Q:
    ids = [int(word) for word in words if word.isdigit()]
    gids = [word for word in words if not word.isdigit()]
    return Q(customer_id__in=ids) | Q(customer__gid__in=gids) if gids else Q(customer_id__in=ids)


def of_shops_customer(words: Sequence[str]) -> Q:
    return Q(customer__gid__in=[f"gid://shopify/Customer/{word.rpartition('/')[2]}" for word in words])


def with_id(words: Sequence[str]) -> Q:
    """The number in Shopify's id, alone or as the whole id."""
    return Q(legacy_id__in=[int(word.rpartition("/")[2]) for word in words])


def _part(model: type[Model], condition: Q) -> Exists:
    return Exists(model._default_manager.filter(condition, order=OuterRef("pk")))


def with_sku(skus: Sequence[str]) -> Exists:
    return _part(LineItem, Q(sku__in=skus))


def sku_begins(text: str) -> Exists:
    return _part(LineItem, Q(sku__startswith=text) & ~Q(sku=""))


def with_product(texts: Sequence[str]) -> Q:
    return either([_part(LineItem, Q(title__icontains=text) | Q(variant_title__icontains=text)) for text in texts])


def at_location(names: Sequence[str]) -> Exists:
    open_ones = ~Q(status__in=("CLOSED", "CANCELLED"))
    return _part(FulfillmentOrder, is_any_case("location_name")(names) & open_ones)


def delivered_by(methods: Sequence[str]) -> Exists:
    return _part(FulfillmentOrder, Q(delivery_method__in=methods))


def payment_failed(yes: bool) -> Q:
    """The last attempt to pay failed, or a payment is still owed after one did."""
    failed = Q(_part(Transaction, Q(status__in=FAILED_PAYMENTS))) & Q(
        financial_status__in=("PENDING", "EXPIRED", "PARTIALLY_PAID", "AUTHORIZED", "VOIDED")
    )
    return failed if yes else ~failed


def in_array(column: str) -> Callable[[Sequence[str]], Q]:
    return lambda values: Q(**{f"{column}__overlap": list(values)})


def found_by(texts: Sequence[str]) -> Q:
    """Every text somewhere in number, address or name. Trigram indexes need three letters; texts that are all shorter
    are taken as an order's number."""
    if all(len(text) < _SHORTEST_INDEXED for text in texts):
        return named(texts)
    condition = Q()
    for text in texts:
        condition &= Q(_holds("name", text)) | Q(_holds("email", text)) | Q(_holds("customer_name", text))
    return condition


def _holds(column: str, word: str) -> Func:
    # Django's icontains compares upper case, for which the trigram indexes on the plain columns are of no use.
    escaped = word.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
    pattern = Value(f"%{escaped}%")
    return Func(F(column), pattern, template="%(expressions)s", arg_joiner=" ILIKE ", output_field=BooleanField())


def tracked() -> Exists:
    return _part(Fulfillment, ~Q(tracking=[]))


def tracked_as(numbers: Sequence[str]) -> Q:
    return either([_part(Fulfillment, Q(tracking__contains=[{"number": number}])) for number in numbers])


def either(parts: Sequence[Q | Exists]) -> Q:
    return Q(any_of(parts))


def all_of(parts: Sequence[Q | Exists]) -> Q:
    condition = Q()
    for part in parts:
        condition &= Q(part)
    return condition
