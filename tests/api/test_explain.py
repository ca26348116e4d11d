"""A search text told in words, and the guide to it held against what is understood."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from django_scopes import scopes_disabled

from backoffice.core.actor import Actor
from orders.fields import FIELDS
from orders.filters import select
from orders.reading import list_orders
from stores.models import Store

pytestmark = pytest.mark.django_db
GUIDE = (Path(settings.BASE_DIR) / "docs" / "search.md").read_text()
WRITTEN = re.findall(r"`([^`]+)`", "\n".join(re.findall(r"^\| (`.*?) \|", GUIDE, re.MULTILINE)))


def test_a_text_is_told_in_words(api: Client, store: Store):
    answer = api.get("/api/v1/orders/explain/", {"q": "NOT tag:vip  AND (age>3d)"})
    assert answer.status_code == 200
    assert answer.json() == {"q": "-tag:vip age>3d", "sentence": "not (tag is “vip”) and age is more than 3 days"}


def test_it_is_told_in_the_readers_language(api: Client, store: Store):
    english = api.get("/api/v1/orders/explain/", {"q": "no:tag"}, headers={"accept-language": "en"}).json()
    dutch = api.get("/api/v1/orders/explain/", {"q": "no:tag"}, headers={"accept-language": "nl"}).json()
    assert english["q"] == dutch["q"]
    assert english["sentence"] != dutch["sentence"]


def test_a_refusal_points_at_the_place(api: Client, store: Store):
    answer = api.get("/api/v1/orders/explain/", {"q": "vip paymnet:paid"})
    assert answer.status_code == 400
    assert answer.json()["errors"] == [
        {
            "field": "q",
            "code": "field_unknown",
            "detail": "There is no field “paymnet”; did you mean “payment”?",
            "at": [4, 16],
            "suggestion": "payment",
        }
    ]
    listed = api.get("/api/v1/orders/", {"q": "vip paymnet:paid"})
    assert (listed.status_code, listed.json()["errors"]) == (400, answer.json()["errors"])
    assert api.get("/api/v1/orders/explain/").status_code == 400


def test_every_field_is_listed_with_an_example_that_works(api: Client, store: Store):
    fields = api.get("/api/v1/orders/fields/").json()
    assert [field["name"] for field in fields] == list(FIELDS)
    for field in fields:
        if field["name"] != "store":
            assert api.get("/api/v1/orders/", {"q": field["example"]}).status_code == 200, field


@pytest.mark.parametrize("text", WRITTEN)
def test_every_line_of_the_guide_is_understood(agent_actor: Actor, store: Store, text: str):
    with scopes_disabled():
        list(select(list_orders(agent_actor), {"q": [text]}, actor=agent_actor))


def test_the_guide_names_every_field_and_alias():
    listed = set(re.findall(r"`([a-z_]+)`", GUIDE.partition("## Fields")[2]))
    assert {name for field in FIELDS.values() for name in (field.name, *field.aliases)} <= listed
    assert len(WRITTEN) > 25
