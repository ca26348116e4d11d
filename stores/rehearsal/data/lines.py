"""Lines, addresses, shipping: what was ordered, for whom, for how much."""

from __future__ import annotations

import random

from stores.rehearsal import money
from stores.rehearsal.data import goods
from stores.rehearsal.data.people import Person
from stores.rehearsal.money import Bag
from stores.rehearsal.ops.document import Doc, mint

_MANY_LINES = 40
_POSTAGE = (("Standard", 495), ("Standard", 495), ("Express", 1_250), ("Pick-up point", 295), ("Free shipping", 0))


def priced(euro_cents: int, doc: Doc) -> Bag:
    """A price in the shop's currency and, converted from that, in the buyer's."""
    shop, buyer = doc["currencyCode"], doc["presentmentCurrencyCode"]
    minor = money.convert(euro_cents, "EUR", shop)
    return (minor, shop, money.convert(minor, shop, buyer), buyer)


def percentage(bag: Bag, rate: float) -> Bag:
    """`rate` of a bag, half up, in each currency by itself."""
    return (int(bag[0] * rate + 0.5), bag[1], int(bag[2] * rate + 0.5), bag[3])


def draw_lines(doc: Doc, rng: random.Random, buyer: Person, *, digital: bool, percent: int) -> None:
    """One to six lines, rarely very many; a code's `percent` is taken off each."""
    if digital:
        picks = [rng.choice(goods.DIGITAL)]
    elif rng.random() < 0.004:
        picks = [rng.choice(goods.PHYSICAL) for _ in range(_MANY_LINES)]
    else:
        picks = [rng.choice(goods.PHYSICAL) for _ in range(rng.choices((1, 2, 3, 4, 6), (48, 28, 14, 7, 3))[0])]
        if rng.random() < 0.03:
            picks.append(rng.choice(goods.DIGITAL))
    for index in picks:
        doc["lineItems"].append(_line(doc, rng, buyer, index, percent))


def _line(doc: Doc, rng: random.Random, buyer: Person, index: int, percent: int) -> Doc:
    product = goods.PRODUCTS[index]
    variant_number = rng.randrange(len(product.variants))
    variant = product.variants[variant_number]
    quantity = 1 if product.gift_card else rng.choices((1, 2, 3, 6, 12), (70, 18, 7, 4, 1))[0]
    unit = priced(product.price_cents, doc)
    whole = money.times(unit, quantity)
    discount = percentage(whole, percent / 100) if percent and not product.gift_card else money.zero(unit)
    net = money.less(whole, discount)
    rate = 0.0 if product.gift_card else buyer.country.tax_rate
    tax = percentage(net, rate / (1 + rate) if doc["taxesIncluded"] else rate)
    ships = product.ships
    return {
        "id": mint(doc, "LineItem"),
        "title": product.title,
        "variantTitle": variant or None,
        "name": f"{product.title} - {variant}" if variant else product.title,
        "sku": f"{product.sku}-{variant_number + 1}",
        "vendor": product.vendor,
        "quantity": quantity,
        "currentQuantity": quantity,
        "refundableQuantity": quantity,
        "unfulfilledQuantity": quantity if ships else 0,
        "nonFulfillableQuantity": 0 if ships else quantity,
        "requiresShipping": ships,
        "taxable": rate > 0,
        "isGiftCard": product.gift_card,
        "restockable": ships,
        "merchantEditable": True,
        "customAttributes": [{"key": "initials", "value": "A. & Ö."}] if rng.random() < 0.02 else [],
        "originalUnitPriceSet": unit,
        "_discount": discount,
        "_tax": tax,
        "_rate": rate,
        "_grams": product.grams,
        "product": f"gid://shopify/Product/{7000 + index}",
        "variant": f"gid://shopify/ProductVariant/{70_000 + index * 10 + variant_number}",
    }


def address(doc: Doc, buyer: Person) -> Doc:
    return {
        "id": mint(doc, "MailingAddress"),
        "firstName": buyer.first_name,
        "lastName": buyer.last_name,
        "company": buyer.company or None,
        "address1": buyer.address1,
        "address2": buyer.address2 or None,
        "city": buyer.city,
        "province": buyer.province or None,
        "provinceCode": buyer.province_code or None,
        "zip": buyer.zip,
        "country": buyer.country.name,
        "countryCodeV2": buyer.country.code,
        "phone": buyer.phone or None,
        "latitude": None,
        "longitude": None,
    }


def shipping_line(doc: Doc, rng: random.Random) -> Doc:
    title, cents = rng.choice(_POSTAGE)
    price = priced(cents, doc)
    return {
        "id": mint(doc, "ShippingLine"),
        "title": title,
        "code": title.lower().replace(" ", "_"),
        "source": "shopify",
        "custom": False,
        "isRemoved": False,
        "carrierIdentifier": None,
        "deliveryCategory": None,
        "phone": None,
        "originalPriceSet": price,
        "discountedPriceSet": price,
        "currentDiscountedPriceSet": price,
        "taxLines": [],
    }
