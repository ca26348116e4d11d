"""GraphQL-shaped data for answers: one order with everything, and what a shop wraps around it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from graphql import GraphQLSchema, graphql_sync

from stores.shopify import documents

ORDER = "gid://shopify/Order/1001"
SWITCHES = {"withCustomer": True, "withFulfillmentOrders": True}
SIZES = {"lines": 20, "fulfillmentOrders": 4, "parts": 10}


def bag(shop: str, presentment: str | None = None, *, currencies: tuple[str, str] = ("EUR", "JPY")) -> dict[str, Any]:
    return {
        "shopMoney": {"amount": shop, "currencyCode": currencies[0]},
        "presentmentMoney": {"amount": presentment or shop, "currencyCode": currencies[1]},
    }


def connection(*nodes: object, cursor: str | None = None) -> dict[str, Any]:
    return {"nodes": list(nodes), "pageInfo": {"hasNextPage": cursor is not None, "endCursor": cursor}}


def line(number: int = 1, **changes: Any) -> dict[str, Any]:
    return {
        "id": f"gid://shopify/LineItem/{number}",
        "title": "Cup",
        "variantTitle": None,
        "name": "Cup",
        "sku": None,
        "vendor": "Pottery",
        "quantity": 3,
        "currentQuantity": 2,
        "unfulfilledQuantity": 1,
        "refundableQuantity": 2,
        "requiresShipping": True,
        "originalUnitPriceSet": bag("12.5", "2000"),
        "discountedTotalSet": bag("37.5", "6000"),
        "image": {"url": "https://cdn.example.com/cup.png"},
    } | changes


def fulfillment_order(number: int = 1, **changes: Any) -> dict[str, Any]:
    return {
        "id": f"gid://shopify/FulfillmentOrder/{number}",
        "status": "ON_HOLD",
        "requestStatus": "UNSUBMITTED",
        "createdAt": "2026-10-01T09:00:00Z",
        "updatedAt": "2026-10-02T09:00:00Z",
        "fulfillAt": None,
        "fulfillBy": None,
        "assignedLocation": {"name": "Shed"},
        "deliveryMethod": {"methodType": "SHIPPING"},
        "supportedActions": [{"action": "RELEASE_HOLD"}],
        "fulfillmentHolds": [
            {
                "id": "gid://shopify/FulfillmentHold/1",
                "reason": "OTHER",
                "reasonNotes": "Wait for the twin",
                "displayReason": "Other",
                "handle": None,
                "heldByRequestingApp": False,
            }
        ],
        "lineItems": connection(fulfillment_order_line()),
    } | changes


def fulfillment_order_line(number: int = 1) -> dict[str, Any]:
    return {
        "id": f"gid://shopify/FulfillmentOrderLineItem/{number}",
        "totalQuantity": 3,
        "remainingQuantity": 1,
        "lineItem": {"id": "gid://shopify/LineItem/1"},
    }


def shipped_line(number: int = 1) -> dict[str, Any]:
    return {
        "id": f"gid://shopify/FulfillmentLineItem/{number}",
        "quantity": 2,
        "lineItem": {"id": "gid://shopify/LineItem/1"},
    }


def refunded_line(number: int = 1) -> dict[str, Any]:
    return {
        "quantity": 1,
        "restockType": "RETURN",
        "lineItem": {"id": f"gid://shopify/LineItem/{number}"},
        "subtotalSet": bag("12.5", "2000"),
    }


def fulfillment(number: int = 1, **changes: Any) -> dict[str, Any]:
    return {
        "id": f"gid://shopify/Fulfillment/{number}",
        "name": "#1001-F1",
        "status": "SUCCESS",
        "displayStatus": "DELIVERED",
        "createdAt": "2026-10-02T08:00:00Z",
        "updatedAt": "2026-10-03T08:00:00Z",
        "deliveredAt": "2026-10-03T07:59:00Z",
        "estimatedDeliveryAt": None,
        "trackingInfo": [{"company": "PostNL", "number": "3S1", "url": None}],
        "fulfillmentLineItems": connection(shipped_line()),
    } | changes


def refund(number: int = 1, **changes: Any) -> dict[str, Any]:
    return {
        "id": f"gid://shopify/Refund/{number}",
        "createdAt": "2026-10-04T08:00:00Z",
        "note": None,
        "totalRefundedSet": bag("12.5", "2000"),
        "refundLineItems": connection(refunded_line()),
    } | changes


def transaction(number: int = 1, **changes: Any) -> dict[str, Any]:
    return {
        "id": f"gid://shopify/OrderTransaction/{number}",
        "kind": "SALE",
        "status": "SUCCESS",
        "gateway": "bogus",
        "errorCode": None,
        "createdAt": "2026-10-01T09:00:01Z",
        "processedAt": "2026-10-01T09:00:01Z",
        "test": False,
        "parentTransaction": None,
        "amountSet": bag("42.50", "6800"),
    } | changes


def order(number: int = 1001, **changes: Any) -> dict[str, Any]:
    """An order with one of everything."""
    money = ("totalPriceSet", "currentTotalPriceSet", "currentSubtotalPriceSet", "totalOutstandingSet")
    money += ("totalReceivedSet", "totalRefundedSet", "netPaymentSet", "totalDiscountsSet", "totalShippingPriceSet")
    address = {
        "firstName": "Ada",
        "lastName": "de Vries",
        "company": None,
        "address1": "Dam 1",
        "address2": None,
        "city": "Amsterdam",
        "province": None,
        "provinceCode": None,
        "zip": "1012 JS",
        "country": "Netherlands",
        "countryCodeV2": "NL",
        "phone": None,
    }
    return {
        "__typename": "Order",
        "id": f"gid://shopify/Order/{number}",
        "legacyResourceId": str(number),
        "name": f"#{number}",
        "number": number,
        "confirmationNumber": "X1Y2",
        "poNumber": None,
        "createdAt": "2026-10-01T09:00:00Z",
        "processedAt": "2026-10-01T09:00:00Z",
        "updatedAt": "2026-10-04T10:00:00+02:00",
        "closed": False,
        "closedAt": None,
        "cancelledAt": None,
        "cancelReason": None,
        "test": False,
        "confirmed": True,
        "edited": False,
        "displayFinancialStatus": "PARTIALLY_REFUNDED",
        "displayFulfillmentStatus": "PARTIALLY_FULFILLED",
        "returnStatus": "NO_RETURN",
        "fullyPaid": True,
        "unpaid": False,
        "requiresShipping": True,
        "email": "ada@example.com",
        "phone": None,
        "customerLocale": "nl",
        "note": "Ring twice 🔔",
        "tags": ["gift", "VIP"],
        "sourceName": "web",
        "paymentGatewayNames": ["bogus"],
        "discountCodes": [],
        "customAttributes": [{"key": "wrap", "value": None}],
        "shippingLine": {"title": "Standard"},
        "statusPageUrl": "https://my-shop.example.com/orders/1",
        "currencyCode": "EUR",
        "presentmentCurrencyCode": "JPY",
        "totalTaxSet": None,
        "customer": {
            "id": "gid://shopify/Customer/7",
            "displayName": "Ada de Vries",
            "firstName": "Ada",
            "lastName": "de Vries",
            "locale": "nl",
            "numberOfOrders": "12",
            "tags": [],
            "defaultEmailAddress": {"emailAddress": "ada@example.com"},
            "defaultPhoneNumber": None,
        },
        "shippingAddress": address,
        "billingAddress": None,
        "lineItems": connection(line()),
        "fulfillmentOrders": connection(fulfillment_order()),
        "fulfillments": [fulfillment()],
        "transactions": [transaction()],
        "refunds": [refund()],
        "disputes": [{"id": "gid://shopify/OrderDisputeSummary/1", "status": "WON", "initiatedAs": "INQUIRY"}],
        "risk": {"recommendation": "INVESTIGATE", "assessments": [{"riskLevel": "LOW"}, {"riskLevel": "MEDIUM"}]},
        **{name: bag("42.50", "6800") for name in money},
    } | changes


def page(*orders: Mapping[str, Any], cursor: str | None = None, **more: Any) -> dict[str, Any]:
    """The whole answer of `orders_page`."""
    return {"data": {"orders": connection(*orders, cursor=cursor)}, **more}


def extensions(requested: int = 10, available: float = 1900, **more: Any) -> dict[str, Any]:
    status = {"maximumAvailable": 2000.0, "currentlyAvailable": available, "restoreRate": 100.0}
    cost = {"requestedQueryCost": requested, "actualQueryCost": requested, "throttleStatus": status}
    return {"cost": cost, **more}


def throttled(requested: int = 548, available: float = 48) -> dict[str, Any]:
    error = {"message": "Throttled", "extensions": {"code": "THROTTLED"}}
    return {"errors": [error], "extensions": extensions(requested, available)}


def failed(code: str | None, message: str = "no", path: list[Any] | None = None, data: Any = None) -> dict[str, Any]:
    """An answer with one GraphQL error."""
    error: dict[str, Any] = {"message": message}
    if code:
        error["extensions"] = {"code": code}
    if path:
        error["path"] = path
    return {"data": data, "errors": [error]}


def as_shopify_answers(schema: GraphQLSchema, name: str, variables: Mapping[str, Any], root: Any) -> dict[str, Any]:
    """What the document `name` selects from `root` by the schema's own rules."""
    result = graphql_sync(schema, documents.load(name), root, variable_values=dict(variables))
    assert result.errors is None
    assert result.data is not None
    return result.data
