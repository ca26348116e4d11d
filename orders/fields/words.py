"""The names with texts for values: stores, tags, numbers, people, goods, places."""

from __future__ import annotations

from django.db.models import Q
from django.utils.translation import gettext_lazy, pgettext_lazy

from orders import conditions as where
from orders.query.kinds import Texts
from orders.query.meaning import Field
from orders.query.stores import Stores

WORDS = (
    Field(
        "store", Stores(), pgettext_lazy("filter", "store"), gettext_lazy("Id or .myshopify.com domain of the store.")
    ),
    Field(
        "tag",
        Texts(where.tagged, where.tag_begins),
        pgettext_lazy("filter", "tag"),
        gettext_lazy("Has one of these tags, whatever their case."),
    ),
    Field(
        "tag_all", Texts(where.tagged_all), pgettext_lazy("filter", "every tag"), gettext_lazy("Has all of these tags.")
    ),
    Field(
        "tag_none",
        Texts(lambda tags: ~Q(where.tagged(tags))),
        pgettext_lazy("filter", "no tag"),
        gettext_lazy("Has none of these tags."),
        aliases=("tag_not",),
    ),
    Field(
        "name",
        Texts(where.named, where.name_begins, longest=100, like_term="1001"),
        pgettext_lazy("filter", "number"),
        gettext_lazy("The order's number, with or without #."),
        aliases=("order", "number"),
    ),
    Field(
        "id",
        Texts(where.with_id, longest=60, pattern=r"[0-9]{1,18}|gid://shopify/Order/[0-9]{1,18}", like_term="17"),
        pgettext_lazy("filter", "Shopify's id"),
        gettext_lazy("Shopify's id, as a number or whole."),
    ),
    Field(
        "email",
        Texts(where.is_any_case("email"), longest=320, like_term="anna@example.org"),
        pgettext_lazy("filter", "e-mail address"),
        gettext_lazy("The order's whole e-mail address."),
    ),
    Field(
        "customer",
        Texts(
            where.of_customer,
            longest=100,
            pattern=r"[0-9]{1,18}|gid://shopify/Customer/[0-9]+",
            like="17, gid://shopify/Customer/17",
            like_term="17",
        ),
        pgettext_lazy("filter", "customer"),
        gettext_lazy("The customer by our id or Shopify's."),
    ),
    Field(
        "customer_id",
        Texts(
            where.of_shops_customer, longest=60, pattern=r"[0-9]{1,18}|gid://shopify/Customer/[0-9]+", like_term="17"
        ),
        pgettext_lazy("filter", "customer at Shopify"),
        gettext_lazy("Shopify's id of the customer, as a number or whole."),
    ),
    Field(
        "sku",
        Texts(where.with_sku, where.sku_begins),
        pgettext_lazy("filter", "SKU"),
        gettext_lazy("One of its lines has one of these SKUs."),
    ),
    Field(
        "product",
        Texts(where.with_product),
        pgettext_lazy("filter", "product"),
        gettext_lazy("The title of one of its lines holds one of these texts."),
    ),
    Field(
        "tracking",
        Texts(where.tracked_as),
        pgettext_lazy("filter", "tracking number"),
        gettext_lazy("A shipment has one of these tracking numbers."),
    ),
    Field(
        "location",
        Texts(where.at_location),
        pgettext_lazy("filter", "location"),
        gettext_lazy("An open fulfilment order is to leave from one of these places."),
    ),
    Field(
        "country",
        Texts(where.is_in("country_code"), longest=2, pattern=r"[A-Z]{2}", like="NL", upper=True, like_term="nl"),
        pgettext_lazy("filter", "country"),
        gettext_lazy("Country of the shipping address."),
    ),
    Field(
        "currency",
        Texts(
            where.is_in("presentment_currency"), longest=3, pattern=r"[A-Z]{3}", like="EUR", upper=True, like_term="eur"
        ),
        pgettext_lazy("filter", "currency"),
        gettext_lazy("The currency in which the customer bought."),
    ),
    Field(
        "gateway",
        Texts(where.in_array("payment_gateways")),
        pgettext_lazy("filter", "payment gateway"),
        gettext_lazy("Paid through one of these, as Shopify names them."),
    ),
    Field(
        "discount_code",
        Texts(where.in_array("discount_codes")),
        pgettext_lazy("filter", "discount code"),
        gettext_lazy("One of these discount codes was used."),
    ),
    Field(
        "source_name",
        Texts(where.is_any_case("source_name"), longest=100),
        pgettext_lazy("filter", "source"),
        gettext_lazy("Where it was placed: web, pos, an app's number."),
    ),
    Field(
        "po_number",
        Texts(where.is_any_case("po_number")),
        pgettext_lazy("filter", "purchase order"),
        gettext_lazy("The customer's own purchase order number."),
    ),
    Field(
        "confirmation_number",
        Texts(where.is_any_case("confirmation_number"), longest=100),
        pgettext_lazy("filter", "confirmation number"),
        gettext_lazy("The confirmation number that the customer was shown."),
    ),
)
