"""`orderClose`, `orderOpen`, `orderUpdate`."""

from __future__ import annotations

import re
from typing import Any

from stores.rehearsal.announce import announce
from stores.rehearsal.clock import iso
from stores.rehearsal.data.people import COUNTRIES
from stores.rehearsal.mutations.base import WRITE_ORDERS, Mutation, Outcome, Refused, keep, order_to_change
from stores.rehearsal.ops import archive
from stores.rehearsal.ops.document import Doc, Impossible, mint, touch
from stores.rehearsal.ops.tags import tidy
from stores.rehearsal.request import Info, Request

_EMAIL = re.compile(r"^[^@\s]+@[^@\s]+\.[^@\s]+$")
_PHONE = re.compile(r"^\+?[0-9 ().-]{6,20}$")
_PLAIN = ("email", "phone", "note", "poNumber", "tags", "customAttributes")
_ADDRESS = ("firstName", "lastName", "company", "address1", "address2", "city", "zip", "phone", "provinceCode")
_WITH_PROVINCES = {"US": "State", "CA": "Province", "AU": "State"}
_WITHOUT_ZIP = frozenset({"KW", "AE", "HK", "IE"})
_COUNTRY_NAMES = {"US": "United States", "CA": "Canada", **{code: country.name for code, country in COUNTRIES.items()}}
_PROVINCES = {
    "US": {
        "CA": "California",
        "NY": "New York",
        "TX": "Texas",
        "MN": "Minnesota",
        "WA": "Washington",
        "TN": "Tennessee",
    },
    "CA": {"ON": "Ontario", "QC": "Quebec", "BC": "British Columbia", "AB": "Alberta"},
    "AU": {"NSW": "New South Wales", "VIC": "Victoria", "QLD": "Queensland"},
}


def close(context: Request, info: Info, arguments: dict[str, Any]) -> Outcome:
    """Archiving what is archived is a success that changes nothing."""
    doc = order_to_change(context, arguments["input"]["id"], field=["id"])
    effect = archive.close(doc, context.at)
    if effect:
        context.shop.store.log_event(
            action="closed", subject=doc["id"], message="This order was archived.", at=context.at
        )
        keep(context, doc, "ORDERS_UPDATED")
    return Outcome({"order": doc}, [doc["id"]], effect)


def reopen(context: Request, info: Info, arguments: dict[str, Any]) -> Outcome:
    doc = order_to_change(context, arguments["input"]["id"], field=["id"])
    effect = archive.reopen(doc, context.at)
    if effect:
        context.shop.store.log_event(
            action="re_opened", subject=doc["id"], message="This order was unarchived.", at=context.at
        )
        keep(context, doc, "ORDERS_UPDATED")
    return Outcome({"order": doc}, [doc["id"]], effect)


def update(context: Request, info: Info, arguments: dict[str, Any]) -> Outcome:
    """Lists (tags, attributes) replace the whole list; on errors nothing is changed and the order is still answered."""
    given = arguments["input"]
    doc = order_to_change(context, given["id"], field=["id"])
    if set(given) == {"id"}:
        raise Refused([Impossible("No valid update parameters have been provided")], payload={"order": doc})
    problems = [*_contact_problems(given), *_address_problems(given.get("shippingAddress") or {})]
    if problems:
        raise Refused(problems, payload={"order": doc})
    changes: dict[str, Any] = {name: given[name] for name in _PLAIN if name in given}
    if "tags" in changes:
        changes["tags"] = tidy(changes["tags"] or [])
    if "customAttributes" in changes:
        changes["customAttributes"] = [dict(item) for item in changes["customAttributes"] or []]
    if given.get("shippingAddress"):
        changes["shippingAddress"] = _address(doc, given["shippingAddress"])
    for field in given.get("metafields") or ():
        _set_metafield(doc, field, context.at)
    effect = bool(given.get("metafields")) or any(doc.get(name) != value for name, value in changes.items())
    doc.update(changes)
    if effect:
        touch(doc, context.at)
        keep(context, doc, "ORDERS_UPDATED")
    return Outcome({"order": doc}, [doc["id"]], effect)


def _contact_problems(given: dict[str, Any]) -> list[Impossible]:
    problems = []
    if given.get("email") and not _EMAIL.match(given["email"]):
        problems.append(Impossible("Email is invalid", field=["email"]))
    if given.get("phone") and not _PHONE.match(given["phone"]):
        problems.append(Impossible("Phone is invalid", field=["phone"]))
    return problems


def _address_problems(address: dict[str, Any]) -> list[Impossible]:
    """Several at once, per country."""
    if not address:
        return []
    country = address.get("countryCode")
    required = [("lastName", "Enter a last name"), ("address1", "Enter an address"), ("city", "Enter a city")]
    if country and country not in _WITHOUT_ZIP:
        required.append(("zip", "Enter a ZIP code" if country == "US" else "Enter a postal code"))
    problems = [
        Impossible(text, field=["shippingAddress", name])
        for name, text in required
        if name in address and not address[name]
    ]
    known = _PROVINCES.get(country or "")
    province = address.get("provinceCode")
    if known and province and province not in known:
        label, name = _WITH_PROVINCES[country or ""], _COUNTRY_NAMES[country or ""]
        problems.append(
            Impossible(f"{label} is not a valid {label.lower()} in {name}", field=["shippingAddress", "province"])
        )
    return problems


def _address(doc: Doc, given: dict[str, Any]) -> Doc:
    address: Doc = dict(doc.get("shippingAddress") or {"id": mint(doc, "MailingAddress")})
    address.update({name: given[name] for name in _ADDRESS if name in given})
    address.update({name: given[name] for name in ("country", "province") if name in given})
    if "countryCode" in given:
        code = given["countryCode"]
        address["countryCodeV2"] = code
        address["country"] = _COUNTRY_NAMES.get(code, code)
    country = address.get("countryCodeV2") or ""
    if "provinceCode" in given:
        address["province"] = _PROVINCES.get(country, {}).get(given["provinceCode"] or "")
    address.pop("name", None)
    return address


def _set_metafield(doc: Doc, given: dict[str, Any], at: int) -> None:
    fields: list[Doc] = doc.setdefault("metafields", [])
    key = (given.get("namespace") or "custom", given.get("key"))
    kept = next((f for f in fields if (f["namespace"], f["key"]) == key), None)
    if kept is None:
        kept = {
            "id": mint(doc, "Metafield"),
            "namespace": key[0],
            "key": key[1],
            "type": given.get("type") or "single_line_text_field",
        }
        fields.append(kept)
    kept.update({"value": given.get("value"), "updatedAt": iso(at)})
    if given.get("type"):
        kept["type"] = given["type"]


def delete(context: Request, info: Info, arguments: dict[str, Any]) -> Outcome:
    """Gone for good, whatever state it was in; only `orders/delete` and the shop's events tell."""
    doc = order_to_change(context, arguments["orderId"], field=["orderId"], code="NOT_FOUND")
    n = context.shop.store.order_number(context.gid(doc["id"]))
    context.shop.store.delete(n)
    context.shop.store.log_event(action="destroy", subject=doc["id"], message="Order deleted.", at=context.at)
    context.keep(n, None)
    announce(context.shop, doc, ["ORDERS_DELETE"], details={})
    return Outcome({"deletedId": doc["id"]}, [doc["id"]], True)


MUTATIONS = {
    "orderClose": Mutation(close, WRITE_ORDERS),
    "orderOpen": Mutation(reopen, WRITE_ORDERS),
    "orderDelete": Mutation(delete, WRITE_ORDERS, field=["orderId"]),
    "orderUpdate": Mutation(update, WRITE_ORDERS),
}
