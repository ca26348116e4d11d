"""The shapes of the API's answers about orders, for the OpenAPI document. A test holds real answers against them."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import inline_serializer
from rest_framework import serializers

from orders.choices import ChangeState, Level, Stage
from stores.api.truth import TruthShape

Fields = serializers.Serializer[Any]


class Money(Fields):
    amount = serializers.RegexField(r"^-?\d+(\.\d+)?$", help_text="Exactly the digits of the currency.")
    currency = serializers.RegexField(r"^[A-Z]{3}$")


class BothMoney(Fields):
    """The same amount in the shop's currency and in the customer's."""

    shop = Money()
    presentment = Money()


class State(Fields):
    code = serializers.CharField(allow_blank=True, help_text="Shopify's value; for `order` our stage.")
    label = serializers.CharField()  # type: ignore[assignment]  # DRF takes fields out of the class


class StageState(State):
    code = serializers.ChoiceField(Stage.choices)  # type: ignore[assignment]  # DRF takes fields out of the class


class StoreName(Fields):
    id = serializers.IntegerField()
    name = serializers.CharField()
    domain = serializers.CharField()


class OrderCustomer(Fields):
    id = serializers.IntegerField(allow_null=True)
    name = serializers.CharField(allow_blank=True)
    email = serializers.CharField(allow_blank=True)


class OrderRow(Fields):
    """One order in a list."""

    id = serializers.IntegerField(help_text="Our id; the paths of this API take it.")
    gid = serializers.CharField(help_text="Shopify's id.")
    legacy_id = serializers.IntegerField()
    name = serializers.CharField(help_text="The order's number as people see it, such as #1001.")
    number = serializers.IntegerField()
    store = StoreName()
    created_at = serializers.DateTimeField()
    processed_at = serializers.DateTimeField(help_text="When the customer placed it; the list's order.")
    updated_at = serializers.DateTimeField()
    closed_at = serializers.DateTimeField(allow_null=True)
    cancelled_at = serializers.DateTimeField(allow_null=True)
    test = serializers.BooleanField()
    level = serializers.ChoiceField(
        Level.choices,
        help_text="`summary`: came with a first load, still without the lines of shipments and refunds and their part "
        "of the timeline. Reading the order has them fetched; live orders become `full` by themselves.",
    )
    states = inline_serializer(
        "OrderStates", {"order": StageState(), "payment": State(), "fulfilment": State(), "return": State()}
    )
    customer = OrderCustomer()
    country_code = serializers.CharField(allow_blank=True)
    tags = serializers.ListField(child=serializers.CharField())
    total = BothMoney(help_text="What the order is worth now.")
    outstanding = BothMoney()
    line_count = serializers.IntegerField()
    unfulfilled_quantity = serializers.IntegerField()
    on_hold = serializers.BooleanField()
    hold_reasons = serializers.ListField(child=serializers.CharField())
    fulfill_at = serializers.DateTimeField(allow_null=True)
    fulfill_by = serializers.DateTimeField(allow_null=True)
    comment_count = serializers.IntegerField()
    pending_changes = serializers.ListField(
        child=serializers.CharField(), help_text="Verbs on their way to the shop; the rest shows what the shop has."
    )
    last_mailed_at = serializers.DateTimeField(allow_null=True)


class PostalAddress(Fields):
    first_name = serializers.CharField(allow_blank=True)
    last_name = serializers.CharField(allow_blank=True)
    company = serializers.CharField(allow_blank=True)
    address1 = serializers.CharField(allow_blank=True)
    address2 = serializers.CharField(allow_blank=True)
    zip = serializers.CharField(allow_blank=True)
    city = serializers.CharField(allow_blank=True)
    province = serializers.CharField(allow_blank=True)
    province_code = serializers.CharField(allow_blank=True)
    country = serializers.CharField(allow_blank=True)
    country_code = serializers.CharField(allow_blank=True)
    phone = serializers.CharField(allow_blank=True)


class Line(Fields):
    gid = serializers.CharField()
    title = serializers.CharField(allow_blank=True)
    variant_title = serializers.CharField(allow_blank=True)
    sku = serializers.CharField(allow_blank=True)
    vendor = serializers.CharField(allow_blank=True)
    quantity = serializers.IntegerField(help_text="Ordered.")
    current_quantity = serializers.IntegerField(help_text="After edits and removals.")
    unfulfilled_quantity = serializers.IntegerField(help_text="Still to fulfil.")
    refundable_quantity = serializers.IntegerField()
    requires_shipping = serializers.BooleanField()
    unit_price = BothMoney()
    total = BothMoney()
    image_url = serializers.CharField(allow_blank=True)


class Hold(Fields):
    gid = serializers.CharField()
    reason = serializers.CharField()
    notes = serializers.CharField(allow_blank=True)
    ours = serializers.BooleanField()


class FulfillmentOrderLine(Fields):
    line_item_gid = serializers.CharField()
    total = serializers.IntegerField()
    remaining = serializers.IntegerField()


class FulfillmentOrderPart(Fields):
    gid = serializers.CharField()
    status = serializers.CharField()
    request_status = serializers.CharField(allow_blank=True)
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()
    fulfill_at = serializers.DateTimeField(allow_null=True)
    fulfill_by = serializers.DateTimeField(allow_null=True)
    location_name = serializers.CharField(allow_blank=True)
    delivery_method = serializers.CharField(allow_blank=True)
    supported_actions = serializers.ListField(child=serializers.CharField())
    holds = Hold(many=True)
    lines = FulfillmentOrderLine(many=True)


class Tracking(Fields):
    company = serializers.CharField(allow_blank=True)
    number = serializers.CharField(allow_blank=True)
    url = serializers.CharField(allow_blank=True)


class FulfillmentLine(Fields):
    line_item_gid = serializers.CharField()
    quantity = serializers.IntegerField()


class FulfillmentPart(Fields):
    gid = serializers.CharField()
    name = serializers.CharField(allow_blank=True)
    status = serializers.CharField()
    display_status = serializers.CharField(allow_blank=True)
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()
    delivered_at = serializers.DateTimeField(allow_null=True)
    estimated_delivery_at = serializers.DateTimeField(allow_null=True)
    tracking = Tracking(many=True)
    lines = FulfillmentLine(many=True)


class TransactionPart(Fields):
    gid = serializers.CharField()
    kind = serializers.CharField()
    status = serializers.CharField()
    gateway = serializers.CharField(allow_blank=True)
    error_code = serializers.CharField(allow_blank=True)
    created_at = serializers.DateTimeField()
    processed_at = serializers.DateTimeField(allow_null=True)
    parent_gid = serializers.CharField(allow_blank=True)
    test = serializers.BooleanField()
    amount = BothMoney()


class RefundLine(Fields):
    line_item_gid = serializers.CharField()
    quantity = serializers.IntegerField()
    restock_type = serializers.CharField(allow_blank=True)
    subtotal = BothMoney()


class RefundPart(Fields):
    gid = serializers.CharField()
    created_at = serializers.DateTimeField(allow_null=True)
    note = serializers.CharField(allow_blank=True)
    total = BothMoney()
    lines = RefundLine(many=True)


class ReturnLine(Fields):
    gid = serializers.CharField()
    line_item_gid = serializers.CharField(allow_blank=True, help_text="Empty where the shop names no line.")
    quantity = serializers.IntegerField()
    processed = serializers.IntegerField(help_text="Received and dealt with.")
    refundable = serializers.IntegerField()
    refunded = serializers.IntegerField()
    reason = serializers.CharField(allow_blank=True, help_text="Shopify's word, in the shop's language.")
    reason_note = serializers.CharField(allow_blank=True)
    customer_note = serializers.CharField(allow_blank=True)
    total = BothMoney(allow_null=True)


class ReturnPart(Fields):
    gid = serializers.CharField()
    name = serializers.CharField(allow_blank=True)
    status = serializers.CharField(help_text="REQUESTED, OPEN, CLOSED, DECLINED or CANCELED.")
    created_at = serializers.DateTimeField()
    approved_at = serializers.DateTimeField(allow_null=True)
    closed_at = serializers.DateTimeField(allow_null=True)
    decline_reason = serializers.CharField(allow_blank=True)
    decline_note = serializers.CharField(allow_blank=True)
    quantity = serializers.IntegerField()
    refund_gids = serializers.ListField(child=serializers.CharField())
    lines = ReturnLine(many=True)


class RiskFact(Fields):
    description = serializers.CharField(allow_blank=True)
    sentiment = serializers.CharField(help_text="POSITIVE, NEUTRAL or NEGATIVE.")


class Risk(Fields):
    """Shopify's assessment; all empty while the shop gives none."""

    level = serializers.CharField(allow_blank=True, help_text="HIGH, MEDIUM, LOW, PENDING or NONE: the gravest.")
    recommendation = serializers.CharField(allow_blank=True)
    facts = RiskFact(many=True)


class Dispute(Fields):
    gid = serializers.CharField()
    status = serializers.CharField()
    type = serializers.CharField(help_text="CHARGEBACK or INQUIRY.")


class PaymentSchedule(Fields):
    gid = serializers.CharField()
    issued_at = serializers.DateTimeField(allow_null=True)
    due_at = serializers.DateTimeField(allow_null=True)
    completed_at = serializers.DateTimeField(allow_null=True, help_text="When it was paid.")
    balance = serializers.CharField(help_text="What of the total is owed.")
    total = serializers.CharField()
    currency = serializers.CharField()


class PaymentTerms(Fields):
    name = serializers.CharField()
    type = serializers.CharField()
    due_in_days = serializers.IntegerField(allow_null=True)
    schedules = PaymentSchedule(many=True)


class PendingChange(Fields):
    verb = serializers.CharField()
    state = serializers.ChoiceField(ChangeState.choices)
    actor = serializers.CharField()
    run_id = serializers.UUIDField()
    created_at = serializers.DateTimeField()


class Attribute(Fields):
    key = serializers.CharField()
    value = serializers.CharField(allow_blank=True)


class Amounts(Fields):
    original_total = BothMoney()
    subtotal = BothMoney()
    discounts = BothMoney()
    shipping = BothMoney()
    tax = BothMoney()
    received = BothMoney()
    refunded = BothMoney()
    net_payment = BothMoney()


class OrderDetail(TruthShape, OrderRow):
    """One order with all its parts."""

    hidden_fields = serializers.ListField(
        child=serializers.CharField(), help_text="Personal fields that Shopify hides from the store's app."
    )

    pending_changes = PendingChange(many=True)  # type: ignore[assignment]  # the detail says more than the list's verbs
    confirmation_number = serializers.CharField(allow_blank=True)
    po_number = serializers.CharField(allow_blank=True)
    cancel_reason = serializers.CharField(allow_blank=True)
    confirmed = serializers.BooleanField()
    edited = serializers.BooleanField()
    phone = serializers.CharField(allow_blank=True)
    locale = serializers.CharField(allow_blank=True)
    note = serializers.CharField(allow_blank=True, help_text="Shopify's note; comments of staff are elsewhere.")
    source_name = serializers.CharField(allow_blank=True)
    payment_gateways = serializers.ListField(child=serializers.CharField())
    discount_codes = serializers.ListField(child=serializers.CharField())
    shipping_title = serializers.CharField(allow_blank=True)
    status_page_url = serializers.CharField(allow_blank=True)
    requires_shipping = serializers.BooleanField()
    dispute_status = serializers.CharField(allow_blank=True, help_text="Of the most pressing dispute.")
    payment_due_at = serializers.DateTimeField(
        allow_null=True, help_text="The nearest day of the terms of payment that was not met yet."
    )
    deleted_at = serializers.DateTimeField(allow_null=True)
    first_seen_at = serializers.DateTimeField()
    mirrored_at = serializers.DateTimeField(help_text="When the mirror was last written.")
    admin_url = serializers.URLField(help_text="The order at Shopify.")
    amounts = Amounts()
    custom_attributes = Attribute(many=True)
    shipping_address = PostalAddress(allow_null=True)
    billing_address = PostalAddress(allow_null=True)
    lines = Line(many=True)
    fulfillment_orders = FulfillmentOrderPart(many=True)
    fulfillments = FulfillmentPart(many=True)
    transactions = TransactionPart(many=True)
    refunds = RefundPart(many=True)
    returns = ReturnPart(many=True)
    risk = Risk()
    disputes = Dispute(many=True)
    payment_terms = PaymentTerms(allow_null=True)
    looked_at = serializers.DateTimeField(
        allow_null=True,
        help_text="When returns, facts of the risk, terms of payment and Shopify's timeline were last looked at.",
    )
