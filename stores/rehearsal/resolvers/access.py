"""Which scopes a field needs (any one of those named). Without it the field is refused; lists that Shopify shortens
instead (fulfilment orders, old orders) are handled where they are read."""

from __future__ import annotations

FULFILLMENT_ORDERS = (
    "read_merchant_managed_fulfillment_orders",
    "read_third_party_fulfillment_orders",
    "read_assigned_fulfillment_orders",
    "read_marketplace_fulfillment_orders",
)
_ORDERS = ("read_orders",)

PERSONAL: dict[tuple[str, str], int] = {
    ("QueryRoot", "customer"): 1,
    ("Order", "customer"): 1,
    **{("Order", name): 2 for name in ("email", "phone")},
    **{
        ("Customer", name): 2
        for name in ("firstName", "lastName", "displayName", "defaultEmailAddress", "defaultPhoneNumber")
    },
    **{
        ("MailingAddress", name): 2
        for name in ("firstName", "lastName", "name", "address1", "address2", "zip", "phone", "latitude", "longitude")
    },
}
"""From which level of approval on a field shows protected data. Below, an object of the first level is an error beside
a null; what the second level adds is just null."""

ACCESS: dict[tuple[str, str], tuple[str, ...]] = {
    **{
        ("QueryRoot", name): _ORDERS
        for name in (
            "order",
            "orders",
            "ordersCount",
            "orderByIdentifier",
            "pendingOrdersCount",
            "refund",
            "fulfillment",
        )
    },
    ("QueryRoot", "fulfillmentOrder"): FULFILLMENT_ORDERS,
    ("QueryRoot", "fulfillmentOrders"): FULFILLMENT_ORDERS,
    ("QueryRoot", "manualHoldsFulfillmentOrders"): FULFILLMENT_ORDERS,
    ("QueryRoot", "customer"): ("read_customers",),
    ("QueryRoot", "location"): ("read_locations",),
    ("QueryRoot", "locations"): ("read_locations",),
    ("QueryRoot", "products"): ("read_products",),
    ("QueryRoot", "return"): ("read_returns",),
    ("Order", "customer"): ("read_customers",),
    ("Order", "returns"): ("read_returns",),
    ("Order", "paymentTerms"): ("read_payment_terms",),
    ("LineItem", "product"): ("read_products",),
    ("LineItem", "variant"): ("read_products",),
    ("Fulfillment", "location"): ("read_locations",),
    ("FulfillmentOrderAssignedLocation", "location"): ("read_locations",),
    ("FulfillmentHold", "heldByApp"): ("read_apps",),
    ("CommentEvent", "author"): ("read_users",),
}
