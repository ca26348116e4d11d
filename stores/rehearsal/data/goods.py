"""What the rehearsal shops sell, and the words that staff and buyers write on orders."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Product:
    title: str
    variants: tuple[str, ...]
    sku: str
    vendor: str
    price_cents: int
    """In euro cents; converted to the shop's currency."""
    grams: int
    ships: bool = True
    gift_card: bool = False


PRODUCTS = (
    Product("Linen apron", ("Sand", "Indigo", "Moss"), "APR-LIN", "Noordwol", 4_495, 420),
    Product("Beeswax candle, set of 4", ("",), "CND-BW4", "Imkerij De Linde", 1_850, 610),
    Product("Merino scarf", ("Oat", "Rust", "Night"), "SCF-MER", "Noordwol", 6_900, 260),
    Product("Stoneware mug", ("Small", "Large"), "MUG-STN", "Klei & Co", 2_250, 380),
    Product("Oak bread board", ("35 cm", "50 cm"), "BRD-OAK", "Houtzaak", 5_500, 1_900),
    Product("Darning kit", ("",), "KIT-DRN", "Noordwol", 1_499, 120),
    Product("Tin of loose tea 🍃", ("Earl Grey", "Sencha", "Rooibos"), "TEA-TIN", "Theehuis Zuid", 1_275, 150),
    Product("Wool rug “Terschelling”", ("90×60", "160×230"), "RUG-TER", "Noordwol", 34_900, 5_400),
    Product("Enamel pan – 24 cm", ("Cream", "Black"), "PAN-ENA", "Smederij Oost", 7_995, 1_650),
    Product("Notebook A5 & pencil", ("Dotted", "Blank"), "NBK-A5", "Papierwaren", 1_195, 240),
    Product("Postcard “Groetjes”", ("",), "CRD-GRT", "Papierwaren", 195, 8),
    Product("Knitting pattern (PDF)", ("",), "PDF-KNT", "Noordwol", 650, 0, ships=False),
    Product("Gift card", ("25", "50"), "GFT-CRD", "Shop", 2_500, 0, ships=False, gift_card=True),
)

DIGITAL = tuple(i for i, product in enumerate(PRODUCTS) if not product.ships)
PHYSICAL = tuple(i for i, product in enumerate(PRODUCTS) if product.ships)

NOTES = (
    "Please leave it with the neighbours at number 14.",
    "Cadeautje! Geen factuur in de doos alstublieft. 🎁",
    "Bitte erst nach dem 1. liefern – wir sind im Urlaub.",
    "נא להתקשר לפני המשלוח, הקוד בכניסה הוא 1948#",
    "الرجاء الاتصال قبل التسليم",
    'He said "call first" & <then> ring; the bell doesn\'t work.',
    "wrap seperately\nline two\n\tline three, with a tab",
)
_SENTENCE = "{}. Measured again on site; the buyer confirmed dimension {} by telephone and asks for a written answer."
LONG_NOTE = " ".join(_SENTENCE.format(i, i) for i in range(1, 46))

TAGS = (
    "VIP",
    "wholesale",
    "gift",
    "B2B",
    "Pre-order",
    "fragile",
    "klacht",
    "Sale",
    "repeat buyer",
    "NL-Noord",
    "café",
    "check address",
)
DISCOUNTS = (("WELKOM10", 10), ("SUMMER15", 15), ("VRIENDEN20", 20))
GATEWAYS = ("shopify_payments", "shopify_payments", "shopify_payments", "paypal", "ideal", "manual")
CARRIERS = (
    ("PostNL", "https://tracking.example.com/postnl/{}"),
    ("DHL", "https://tracking.example.com/dhl/{}"),
    ("UPS", "https://tracking.example.com/ups/{}"),
)
ATTRIBUTES = (
    ("Gift message", "Van harte! 🎉"),
    ("Delivery day", "Tuesday"),
    ("ref", "newsletter-46"),
    ("engraving", ""),
)
