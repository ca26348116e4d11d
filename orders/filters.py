"""The filter vocabulary: which orders, by name and value. One table, from which the
filter set is made that the API's lists, its acts on all orders that match and the admin's list select by.

All that is given is understood or the request is refused: an unknown name never widens a selection in silence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

from django.core.exceptions import ValidationError
from django.db.models import BooleanField, Exists, F, Func, OuterRef, Q, Value
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.core.actor import Actor
from backoffice.core.filtersets import Condition, ConditionFilter, StrictFilterSet
from backoffice.core.parameters import StrictField
from backoffice.core.strict_fields import Choices, Flag, Moment, Text, Whole, Words
from backoffice.core.text import fold
from stores.models import Store

from .choices import LIVE_STAGES, Stage
from .labels import AXES
from .models import Order, OrderTag
from .querysets import OrderQuerySet

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

HOLD_REASONS = (
    "AWAITING_PAYMENT",
    "AWAITING_RETURN_ITEMS",
    "HIGH_RISK_OF_FRAUD",
    "INCORRECT_ADDRESS",
    "INVENTORY_OUT_OF_STOCK",
    "ONLINE_STORE_POST_PURCHASE_CROSS_SELL",
    "OTHER",
    "UNKNOWN_DELIVERY_DATE",
)
"""FulfillmentHoldReason of Admin GraphQL 2026-10."""
_SHORTEST_INDEXED, _MOST_WORDS = 3, 8


@dataclass(frozen=True, slots=True)
class Field:
    """One name of the vocabulary. `where` turns the value that `kind` read into a condition on orders."""

    name: str
    kind: StrictField
    help: StrOrPromise
    where: Condition
    made: type[ConditionFilter] = ConditionFilter

    def filter(self) -> ConditionFilter:
        return self.made(self.kind, self.where, label=self.name, help_text=self.help)


def select(orders: OrderQuerySet, given: Mapping[str, Sequence[str]], *, actor: Actor) -> OrderQuerySet:
    """The orders that match all of what is given, each name with its texts; live ones unless `stage` says otherwise.

    Raises `InvalidFields` that names each wrong field with its remedy, also for a store that the actor does not reach.
    """
    chosen: OrderQuerySet = OrderFilterSet(given, orders, actor=actor).qs
    return chosen


class Stores(Words):
    """Stores by id or domain, as their ids. A foreign one is as missing as one that never was."""

    actor: Actor

    def read(self, given: Sequence[str]) -> Any:
        values = super().read(given)
        visible = list(Store.objects.visible_to(self.actor).values_list("pk", "domain"))
        by_word = {str(pk): pk for pk, _domain in visible} | {domain: pk for pk, domain in visible}
        if missing := [value for value in values if value.casefold() not in by_word]:
            sentence = _("There is no store “%(value)s” that you reach; give its id or its .myshopify.com domain.")
            raise ValidationError(sentence % {"value": missing[0]}, code="store_unknown")
        return [by_word[value.casefold()] for value in values]


class StoreFilter(ConditionFilter):
    @property
    def field(self) -> StrictField:
        """For the actor of the filter set: a copy of its own, which no other request shares."""
        field = deepcopy(self.kind)
        assert isinstance(field, Stores)
        field.actor = self.parent.actor
        return field


def _stage(values: list[str]) -> Q:
    if "all" in values:
        return Q()
    stages = {stage for value in values for stage in (LIVE_STAGES if value == "live" else (Stage(value),))}
    return Q(stage__in=sorted(stages))


def _tagged(names: Sequence[str]) -> Exists:
    return Exists(OrderTag.objects.filter(order=OuterRef("pk"), folded__in=[fold(name) for name in names]))


def _tagged_all(names: Sequence[str]) -> Q:
    condition = Q()
    for name in names:
        condition &= Q(_tagged([name]))
    return condition


def _named(names: Sequence[str]) -> Q:
    return Q(name__in=[each for name in names for each in (name, f"#{name}")])


def _of_address(addresses: Sequence[str]) -> Q:
    condition = Q()
    for address in addresses:
        condition |= Q(email__iexact=address)
    return condition


def _of_customer(words: Sequence[str]) -> Q:
    ids = [int(word) for word in words if word.isdigit()]
    gids = [word for word in words if not word.isdigit()]
    return Q(customer_id__in=ids) | Q(customer__gid__in=gids) if gids else Q(customer_id__in=ids)


def _found_by(text: str) -> Q:
    """Every word somewhere in number, address or name. Trigram indexes need a word of three letters; a text of shorter
    words alone is taken as an order's number."""
    words = text.split()[:_MOST_WORDS]
    if all(len(word) < _SHORTEST_INDEXED for word in words):
        return _named(words)
    condition = Q()
    for word in words:
        condition &= Q(_holds("name", word)) | Q(_holds("email", word)) | Q(_holds("customer_name", word))
    return condition


def _holds(column: str, word: str) -> Func:
    # Django's icontains compares upper case, for which the trigram indexes on the plain columns are of no use.
    escaped = word.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
    pattern = Value(f"%{escaped}%")
    return Func(F(column), pattern, template="%(expressions)s", arg_joiner=" ILIKE ", output_field=BooleanField())


def _range(column: str, words: StrOrPromise) -> tuple[Field, Field]:
    return (
        Field(f"{column}_from", Moment(), words, lambda value: Q(**{f"{column}_at__gte": value})),
        Field(f"{column}_before", Moment(), words, lambda value: Q(**{f"{column}_at__lt": value})),
    )


def _days_ago(days: int) -> Any:
    return timezone.now() - timedelta(days=days)


_TABLE = (
    Field(
        "store",
        Stores(like="3, shop.myshopify.com", longest=255, pattern=r"[0-9]{1,18}|[A-Za-z0-9.-]+"),
        gettext_lazy("Id or .myshopify.com domain of the store."),
        lambda ids: Q(store_id__in=ids),
        made=StoreFilter,
    ),
    Field(
        "stage",
        Choices(("live", "all", *Stage.values)),
        gettext_lazy("What is left to do. `live` is to_fulfil, to_settle and to_archive together, and the default."),
        _stage,
    ),
    Field(
        "payment",
        Choices(tuple(AXES["payment"])),
        gettext_lazy("Payment status, in Shopify's words."),
        lambda codes: Q(financial_status__in=codes),
    ),
    Field(
        "fulfilment",
        Choices(tuple(AXES["fulfilment"])),
        gettext_lazy("Fulfilment status, in Shopify's words."),
        lambda codes: Q(fulfillment_status__in=codes),
    ),
    Field(
        "return",
        Choices(tuple(AXES["return"])),
        gettext_lazy("Return status, in Shopify's words."),
        lambda codes: Q(return_status__in=codes),
    ),
    Field(
        "risk",
        Choices(tuple(AXES["risk"])),
        gettext_lazy("The gravest assessment of the risk of fraud, in Shopify's words."),
        lambda codes: Q(risk_level__in=[*codes, ""] if "NONE" in codes else codes),
    ),
    Field(
        "dispute",
        Choices(tuple(AXES["dispute"])),
        gettext_lazy("Its most pressing dispute is in one of these states, in Shopify's words."),
        lambda codes: Q(dispute_status__in=codes),
    ),
    Field("tag", Words(), gettext_lazy("Has one of these tags, whatever their case."), lambda tags: Q(_tagged(tags))),
    Field("tag_all", Words(), gettext_lazy("Has all of these tags."), _tagged_all),
    Field("tag_none", Words(), gettext_lazy("Has none of these tags."), lambda tags: ~Q(_tagged(tags))),
    Field(
        "untagged",
        Flag(),
        gettext_lazy("Has no tag at all."),
        lambda yes: Q(tags=[]) if yes else ~Q(tags=[]),
    ),
    Field("name", Words(longest=100), gettext_lazy("The order's number, with or without #."), _named),
    Field("email", Words(longest=320), gettext_lazy("The order's whole e-mail address."), _of_address),
    Field(
        "customer",
        Words(longest=100, pattern=r"[0-9]{1,18}|gid://shopify/Customer/[0-9]+", like="17, gid://shopify/Customer/17"),
        gettext_lazy("The customer by our id or Shopify's."),
        _of_customer,
    ),
    Field("q", Text(), gettext_lazy("Words that stand in number, e-mail address or customer's name."), _found_by),
    *_range("created", gettext_lazy("Created in the shop; from is included, before is not.")),
    *_range("processed", gettext_lazy("Placed by the customer; from is included, before is not.")),
    *_range("updated", gettext_lazy("Changed in the shop; from is included, before is not.")),
    Field(
        "older_than_days",
        Whole(0, 36_500),
        gettext_lazy("Placed longer ago than so many days of 24 hours."),
        lambda days: Q(processed_at__lt=_days_ago(days)),
    ),
    Field(
        "newer_than_days",
        Whole(0, 36_500),
        gettext_lazy("Placed no longer ago than so many days of 24 hours."),
        lambda days: Q(processed_at__gte=_days_ago(days)),
    ),
    Field("on_hold", Flag(), gettext_lazy("Somebody or an app holds it back."), lambda yes: Q(on_hold=yes)),
    Field(
        "hold_reason",
        Choices(HOLD_REASONS),
        gettext_lazy("Held back for one of these reasons."),
        lambda reasons: Q(hold_reasons__overlap=reasons),
    ),
    Field(
        "country",
        Words(longest=2, pattern=r"[A-Z]{2}", like="NL", upper=True),
        gettext_lazy("Country of the shipping address."),
        lambda codes: Q(country_code__in=codes),
    ),
    Field(
        "currency",
        Words(longest=3, pattern=r"[A-Z]{3}", like="EUR", upper=True),
        gettext_lazy("The currency in which the customer bought."),
        lambda codes: Q(presentment_currency__in=codes),
    ),
    Field(
        "has_comment",
        Flag(),
        gettext_lazy("Staff commented on it."),
        lambda yes: Q(comment_count__gt=0) if yes else Q(comment_count=0),
    ),
    Field(
        "pending",
        Flag(),
        gettext_lazy("A change of ours is on its way to the shop."),
        lambda yes: ~Q(pending_verbs=[]) if yes else Q(pending_verbs=[]),
    ),
)

FIELDS: Mapping[str, Field] = MappingProxyType({field.name: field for field in _TABLE})
"""The vocabulary by name."""


class OrderFilterSet(StrictFilterSet):
    """The vocabulary as a filter set, made of the table: what the two know can never differ."""

    defaults: ClassVar[Mapping[str, Sequence[str]]] = {"stage": ["live"]}

    class Meta(StrictFilterSet.Meta):
        model = Order
        fields = ()

    @classmethod
    def get_filters(cls) -> dict[str, ConditionFilter]:
        return {name: field.filter() for name, field in FIELDS.items()}
