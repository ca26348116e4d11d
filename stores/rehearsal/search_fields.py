"""The search fields of orders, fulfilment orders and events, each as an SQL condition."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

from stores.rehearsal import money
from stores.rehearsal.clock import parse
from stores.rehearsal.search import BadValue, Condition, Handler, Term

_DAY = 86_400
_FINANCIAL = "paid pending authorized partially_paid partially_refunded refunded voided expired"
_RETURNS = "return_requested in_progress inspection_complete returned return_failed no_return"
_FULFILLMENT = {
    "unshipped": ("UNFULFILLED", "ON_HOLD", "SCHEDULED", "IN_PROGRESS"),
    "unfulfilled": ("UNFULFILLED",),
    "shipped": ("FULFILLED",),
    "fulfilled": ("FULFILLED",),
    "partial": ("PARTIALLY_FULFILLED",),
    "scheduled": ("SCHEDULED",),
    "on_hold": ("ON_HOLD",),
    "request_declined": ("REQUEST_DECLINED",),
}
_STATUS = {
    "open": "(closed = 0 AND cancelled = 0)",
    "closed": "closed = 1",
    "cancelled": "cancelled = 1",
    "not_closed": "closed = 0",
    "any": "1",
}


def time_field(column: str) -> Handler:
    """`>` means `>=` and `<` means `<=`, to the second; a bare day means the whole day (UTC)."""

    def handler(term: Term) -> Condition:
        text = term.value if term.quoted or "T" not in term.value else term.value.split("T")[0]
        at = parse(text)
        if at is None:
            raise BadValue
        whole_day = len(text.strip()) == 10
        if term.op in (">", ">="):
            return f"{column} >= ?", [at]
        if term.op in ("<", "<="):
            return f"{column} <= ?", [at]
        return f"{column} BETWEEN ? AND ?", [at, at + _DAY - 1 if whole_day else at]

    return handler


def id_field(column: str) -> Handler:
    """Takes the number, not the gid."""

    def handler(term: Term) -> Condition:
        if not term.value.isdigit():
            raise BadValue
        op = term.op if term.op in ("=", ">", ">=", "<", "<=") else "="
        return f"{column} {op} ?", [int(term.value)]

    return handler


def text_field(column: str, *, strip: str = "") -> Handler:
    def handler(term: Term) -> Condition:
        if term.prefix is not None:
            start = strip + _escaped(term.prefix.removeprefix(strip))
            return f"{column} LIKE ? ESCAPE '\\'", [start + "%"]
        if term.value == "*" and not term.quoted:
            return f"{column} IS NOT NULL AND {column} <> ''", []
        if strip:
            return f"({column} = ? OR {column} = ?)", [term.value, strip + term.value.lstrip(strip)]
        return f"{column} = ?", [term.value]

    return handler


def packed_field(column: str, *, negate: bool = False) -> Handler:
    """A column that holds a list as `|a|b|`."""

    def handler(term: Term) -> Condition:
        if term.prefix is not None:
            sql, value = f"{column} LIKE ? ESCAPE '\\'", "%|" + _escaped(term.prefix.casefold()) + "%"
        else:
            sql, value = f"instr({column}, ?) > 0", "|" + term.value.casefold() + "|"
        return (f"NOT ({sql})" if negate else sql), [value]

    return handler


def choice_field(column: str, choices: Mapping[str, tuple[str, ...]]) -> Handler:
    """One or several (comma separated) of the words that Shopify knows."""

    def handler(term: Term) -> Condition:
        words = [word.strip().lower() for word in term.value.split(",")]
        if term.value != "any" and any(word not in choices for word in words):
            raise BadValue
        wanted = [state for word in words for state in choices.get(word, ())]
        if not wanted:
            return "1", []
        return f"{column} IN ({','.join('?' * len(wanted))})", wanted

    return handler


def _upper(words: str) -> dict[str, tuple[str, ...]]:
    return {word: (word.upper(),) for word in words.split()}


def _status(term: Term) -> Condition:
    if term.value.lower() not in _STATUS:
        raise BadValue
    return _STATUS[term.value.lower()], []


def _flag(column: str) -> Handler:
    def handler(term: Term) -> Condition:
        if term.value.lower() not in ("true", "false"):
            raise BadValue
        return f"{column} = ?", [int(term.value.lower() == "true")]

    return handler


def _price(column: str, currency: str) -> Handler:
    def handler(term: Term) -> Condition:
        try:
            amount = Decimal(term.value)
        except InvalidOperation as error:
            raise BadValue from error
        return f"{column} {term.op} ?", [money.minor(amount, currency)]

    return handler


def _anything(term: Term) -> Condition:
    """A word without a field: the name, the e-mail, the buyer, the tags, the purchase order."""
    word = term.prefix if term.prefix is not None else term.value
    if not word or word == "*":
        return "1", []
    start = _escaped(word.casefold())
    sql = (
        "(name LIKE ? ESCAPE '\\' OR name LIKE ? ESCAPE '\\' OR email LIKE ? ESCAPE '\\' OR person LIKE ? ESCAPE '\\' "
        "OR tags LIKE ? ESCAPE '\\' OR po LIKE ? ESCAPE '\\' OR skus LIKE ? ESCAPE '\\')"
    )
    tail = "%" if term.prefix is not None else ""
    return sql, [
        start + tail,
        "#" + start + tail,
        start + "%",
        "%" + start + "%",
        f"%|{start}%",
        start + tail,
        f"%|{start}%",
    ]


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def order_fields(currency: str) -> dict[str, Handler]:
    """The fields of `orders(query:)` that a rehearsal answers; any other is ignored with a warning."""
    name = text_field("name", strip="#")
    return {
        "": _anything,
        "default": _anything,
        "id": id_field("id"),
        "name": name,
        "email": text_field("email"),
        "customer_id": id_field("customer"),
        "tag": packed_field("tags"),
        "tag_not": packed_field("tags", negate=True),
        "sku": packed_field("skus"),
        "gateway": packed_field("gateways"),
        "discount_code": packed_field("codes"),
        "status": _status,
        "financial_status": choice_field("financial", _upper(_FINANCIAL)),
        "fulfillment_status": choice_field("fulfillment", _FULFILLMENT),
        "return_status": choice_field("returns", _upper(_RETURNS)),
        "risk_level": choice_field("risk", _upper("high medium low none pending")),
        "created_at": time_field("created_at"),
        "updated_at": time_field("updated_at"),
        "processed_at": time_field("processed_at"),
        "test": _flag("test"),
        "po_number": text_field("po"),
        "confirmation_number": text_field("confirmation"),
        "source_name": text_field("source"),
        "current_total_price": _price("current_total", currency),
    }


FULFILLMENT_ORDER_FIELDS: dict[str, Handler] = {
    "id": id_field("id"),
    "updated_at": time_field("updated_at"),
    "assigned_location_id": id_field("location"),
    "status": choice_field("status", _upper("open in_progress closed cancelled incomplete on_hold scheduled")),
}
EVENT_FIELDS: dict[str, Handler] = {
    "id": id_field("id"),
    "created_at": time_field("at"),
    "action": text_field("action"),
    "subject_type": text_field("subject_type"),
}
