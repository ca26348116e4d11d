"""Every address, every kind of person, things of both stores: who gets what, who changes nothing, and no word across.

The addresses come from the resolver: a new one without a row in expectations.py fails by its name."""

from __future__ import annotations

import re

import pytest
from django.db import connection, transaction
from django.http import HttpResponse
from django.test.utils import CaptureQueriesContext

from .asking import addresses, ask, text_of, url_of
from .expectations import DOORS, Door
from .world import CANARY, ROLES, World, make_world

# Rows that a refused request may write: who came when, and how often.
_BOOKKEEPING = re.compile(
    r'"(django_session|core_requestwindow|stores_apitoken" SET "last_used_at|auth_user" SET "last_login)'
)
_WRITE = re.compile(r"^\s*(INSERT|UPDATE|DELETE|WITH .* (INSERT|UPDATE|DELETE))\b", re.IGNORECASE | re.DOTALL)


@pytest.fixture
def world(db: None) -> World:
    return make_world()


@pytest.mark.row("REL-T01")
def test_every_address_has_its_row_and_every_row_its_address():
    named, listed = set(addresses()), {door.name for door in DOORS}
    assert sorted(named - listed) == [], "addresses without a row in tests/matrix/expectations.py"
    assert sorted(listed - named) == [], "rows without an address"


@pytest.mark.row("REL-T01", "REL-T03", "REL-T04")
@pytest.mark.parametrize("door", DOORS, ids=lambda door: f"{door.method} {door.name}")
def test_each_gets_what_is_his_and_no_more(door: Door, world: World):
    findings = []
    for side in ("north", "south"):
        for role in ROLES:
            with transaction.atomic():
                with CaptureQueriesContext(connection) as captured:
                    answer = ask(door, world, role, side)
                transaction.set_rollback(True)
            cell = f"{role} on {side}"
            expected = door.status(role, side)
            if answer.status_code not in expected:
                findings.append(f"{cell}: {answer.status_code}, not {expected}: {_beginning(answer)}")
            if answer.status_code not in door.ok or role not in door.may or expected == door.foreign:
                written = [query["sql"] for query in captured if _writes(query["sql"])]
                findings += [f"{cell}: refused, yet wrote {sql[:200]}" for sql in written]
            if role != "administrator" and CANARY in text_of(answer).casefold():
                findings.append(f"{cell}: shows {_around(text_of(answer))}")
    assert findings == []


LISTS = [door for door in DOORS if door.method == "get" and door.key is None and not door.query.startswith("{")]
HOSTILE = (
    "store={store}&stage=all",
    "customer={customer}&stage=all",
    "store__name__startswith=South",
    "store__credential__token__startswith=shpat",
    "customer__email__contains=example",
    "user__password__startswith=md5",
    "q=mrs&stage=all",
    "o=-1&e=1&all=1&_facets=1&_popup=1&_to_field=id",
    "cursor=x&limit=500&page=2",
    "group_by=store&format=json&lang=nl&version=1",
    "state=sent&template={template}&batch={batch}&order={order}",
    "s=%23&model={store}",
)


@pytest.mark.row("REL-T02", "REL-T03", "REL-T10")
@pytest.mark.parametrize("role", ["outsider", pytest.param("viewer", marks=pytest.mark.long), "manager", "token"])
def test_no_parameter_brings_a_foreign_row_into_a_list(role: str, world: World):
    south = world.south
    ids = {
        "store": south.store.pk,
        "customer": south.order.customer_id,
        "order": south.order.pk,
        "template": south.template.pk,
        "batch": south.batch.pk,
    }
    findings = []
    for door in LISTS:
        for query in HOSTILE:
            with transaction.atomic():
                answer = world.clients[role].get(f"{url_of(door, {})}?{query.format(**ids)}")
                transaction.set_rollback(True)
            if answer.status_code == 500:
                findings.append(f"{door.name}?{query}: {answer.status_code}")
            if CANARY in text_of(answer).casefold():
                findings.append(f"{door.name}?{query}: shows {_around(text_of(answer))}")
    assert findings == []


def test_the_canary_is_there_to_be_found(world: World):
    """The administrator sees it where others must not: else its absence would prove nothing."""
    for name in ("api:orders", "api:stores", "api:mail_templates", "admin:orders_order_changelist"):
        assert CANARY in text_of(ask(Door(name), world, "administrator", "south")).casefold(), name


def _writes(sql: str) -> bool:
    return bool(_WRITE.match(sql)) and not _BOOKKEEPING.search(sql) and "core_requestwindow" not in sql


def _beginning(answer: HttpResponse) -> str:
    return answer.headers.get("Location", "") or answer.content[:200].decode(errors="replace")


def _around(text: str) -> str:
    at = text.casefold().index(CANARY)
    return text[max(at - 80, 0) : at + 40].replace("\n", " ")
