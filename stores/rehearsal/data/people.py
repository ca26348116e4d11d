"""One pool of invented people for every rehearsal shop, so that shops share customers. Independent of the seed."""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import lru_cache

POOL = 6000
"""How many people there are. Small numbers buy most (see `plan.py`)."""


@dataclass(frozen=True, slots=True)
class Country:
    code: str
    name: str
    currency: str
    locale: str
    tax_rate: float
    prices_with_tax: bool
    prefix: str
    cities: tuple[tuple[str, str, str, str], ...]
    """City, postal code pattern (`#` a digit, `@` a letter), province, province code."""


COUNTRIES: dict[str, Country] = {
    country.code: country
    for country in (
        Country(
            "NL",
            "Netherlands",
            "EUR",
            "nl",
            0.21,
            True,
            "+316",
            (
                ("Utrecht", "35## @@", "Utrecht", "UT"),
                ("Groningen", "97## @@", "Groningen", "GR"),
                ("Middelburg", "433# @@", "Zeeland", "ZE"),
                ("'s-Hertogenbosch", "52## @@", "Noord-Brabant", "NB"),
            ),
        ),
        Country(
            "BE",
            "Belgium",
            "EUR",
            "nl",
            0.21,
            True,
            "+3247",
            (("Gent", "9000", "Oost-Vlaanderen", ""), ("Liège", "4000", "Liège", "")),
        ),
        Country(
            "DE",
            "Germany",
            "EUR",
            "de",
            0.19,
            True,
            "+4915",
            (("Münster", "481##", "", ""), ("Görlitz", "028##", "", ""), ("Freiburg im Breisgau", "791##", "", "")),
        ),
        Country(
            "FR",
            "France",
            "EUR",
            "fr",
            0.20,
            True,
            "+336",
            (("Besançon", "250##", "", ""), ("Saint-Étienne", "420##", "", "")),
        ),
        Country(
            "GB",
            "United Kingdom",
            "GBP",
            "en",
            0.20,
            True,
            "+447",
            (("Bristol", "BS# #@@", "England", "ENG"), ("Aberystwyth", "SY23 #@@", "Wales", "WLS")),
        ),
        Country(
            "US",
            "United States",
            "USD",
            "en",
            0.0825,
            False,
            "+1512",
            (
                ("Austin", "787##", "Texas", "TX"),
                ("Duluth", "558##", "Minnesota", "MN"),
                ("Walla Walla", "993##", "Washington", "WA"),
            ),
        ),
        Country(
            "JP",
            "Japan",
            "JPY",
            "ja",
            0.10,
            True,
            "+8190",
            (("金沢市", "920-####", "Ishikawa", "JP-17"), ("札幌市", "060-####", "Hokkaidō", "JP-01")),
        ),
        Country(
            "KW",
            "Kuwait",
            "KWD",
            "ar",
            0.0,
            False,
            "+9655",
            (("السالمية", "2####", "Al Aḩmadi", "KW-AH"), ("Hawalli", "3####", "Hawalli", "KW-HA")),
        ),
        Country(
            "IL",
            "Israel",
            "USD",
            "he",
            0.17,
            False,
            "+97250",
            (("חיפה", "31#####", "", ""), ("רחובות", "76#####", "", "")),
        ),
    )
}

_FIRST = {
    "nl": "Anouk Bram Daan Eefje Fleur Gijs Hanneke Ilse Jasper Koen Lotte Maartje Niels Onno Pleun Roos Sjoerd Wouter",
    "de": "Anneliese Björn Christa Dörte Emil Frieda Götz Heike Ingo Jürgen Käthe Lothar Mareike Norbert Swantje Uwe",
    "fr": "Aurélie Benoît Chloé Désirée Étienne Florence Gaël Hélène Jérôme Loïc Maëlle Noémie Océane Raphaël Thaïs",
    "en": "Alice Barnaby Cora Dexter Edith Finlay Gwen Harvey Iris Jonah Keziah Lowell Mabel Nate Opal Percy Quinn",
    "ja": "健太 美咲 大翔 結衣 蓮 さくら 陽菜 直樹",
    "ar": "فاطمة أحمد نورة خالد مريم يوسف ليلى عبد‌الله",
    "he": "נועה איתי תמר יונתן שירה אורי מאיה עומר",
}
_LAST = {
    "nl": "van den Berg|de Wit|Bakker|Hoekstra|ter Horst|Kuipers|in 't Veld|Zijlstra|de Graaf-Mulder|Postma|Vink",
    "de": "Müller-Lüdenscheidt|Weiß|Schröder|Köhler|von der Heide|Jäger|Groß|Böttcher|Lindemann|Obermaier",
    "fr": "Lefèvre|de la Fontaine|Beaulieu|Gauthier|L'Hôpital|Moreau|Chastain|Dupré|Vasseur",
    "en": "O'Connell|Ashworth|Fairweather|Mac Giolla|Pemberton|St. John|Hargreaves|Nakamura-Jones|Okafor|Delacroix",
    "ja": "佐藤|鈴木|高橋|渡辺|小林",
    "ar": "الصباح|العنزي|الرشيدي|المطيري",
    "he": "כהן|לוי|מזרחי|פרידמן",
}
_STREETS = {
    "nl": "Lange Nieuwstraat|Burgemeester Röellplein|Korte Jansstraat|Zonnebloempad|'t Zand",
    "de": "Am Alten Mühlbach|Königsstraße|Birkenweg|Gänsemarkt",
    "fr": "rue de l'Église|impasse des Tilleuls|avenue du Général-Inventé",
    "en": "Orchard Row|Old Foundry Lane|Maple Crescent|St. Swithin's Close",
    "ja": "中央町|桜丘|本町",
    "ar": "شارع الخليج|شارع سالم المبارك",
    "he": "רחוב הרצל|שדרות הנשיא",
}
_HOSTS = ("example.com", "example.org", "example.net")
_EXTRA_LETTERS = "abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who buys. `email` is unique in the pool and always below a reserved example domain."""

    number: int
    first_name: str
    last_name: str
    email: str
    phone: str
    country: Country
    company: str
    address1: str
    address2: str
    city: str
    zip: str
    province: str
    province_code: str


def _pattern(rng: random.Random, pattern: str) -> str:
    return "".join(
        str(rng.randrange(1, 10)) if c == "#" else rng.choice(_EXTRA_LETTERS).upper() if c == "@" else c
        for c in pattern
    )


@lru_cache(maxsize=POOL)
def person(number: int, country_code: str) -> Person:
    """Person `number` of the pool, living in `country_code`; a pair names one person, whatever the shop."""
    rng = random.Random(number * 7919 + sum(map(ord, country_code)))
    country = COUNTRIES[country_code]
    language = country.locale
    first = rng.choice(_FIRST[language].split(" "))
    last = rng.choice(_LAST[language].split("|"))
    if number % 211 == 0:
        first += " 🌻"
    city, pattern, province, code = rng.choice(country.cities)
    ascii_name = "".join(
        c for c in f"{first}.{last}".lower().replace(" ", "") if c.isascii() and (c.isalnum() or c == ".")
    )
    local = f"{ascii_name.strip('.') or 'buyer'}.{country_code.lower()}{number}"
    return Person(
        number=number,
        first_name=first,
        last_name=last,
        email=f"{local}@{_HOSTS[number % 3]}",
        phone=f"{country.prefix}{rng.randrange(1_000_000, 9_999_999)}" if rng.random() < 0.7 else "",
        country=country,
        company=rng.choice(("Atelier Maan B.V.", "Weiß & Söhne", "Fairweather Ltd.")) if rng.random() < 0.08 else "",
        address1=f"{rng.choice(_STREETS[language].split('|'))} {rng.randrange(1, 240)}",
        address2=rng.choice(("2e etage", "Apt. 4B", "c/o Hausmeister")) if rng.random() < 0.15 else "",
        city=city,
        zip=_pattern(rng, pattern),
        province=province,
        province_code=code,
    )


@lru_cache(maxsize=16)
def home_countries(shop_currency: str) -> tuple[str, ...]:
    """Where a shop's buyers live: about seven in ten pay in the shop's own currency."""
    home = [code for code, c in COUNTRIES.items() if c.currency == shop_currency] or ["US"]
    away = [code for code in COUNTRIES if code not in home]
    weights = {code: 70 // len(home) + (20 if code == home[0] else 0) for code in home}
    weights |= {code: 30 // len(away) + 1 for code in away}
    return tuple(code for code, weight in weights.items() for _ in range(weight))


def home_of(number: int, shop_currency: str) -> str:
    """A person lives in one country; shops of another currency see the same people, fewer of them at home."""
    options = home_countries("EUR" if number % 4 else shop_currency)
    return options[number * 31 % len(options)]
