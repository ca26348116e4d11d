"""Every answer that shows a customer's data leaves one row in the access log, every other answer none: asked of each
address, as each kind of person who may, about both stores."""

from __future__ import annotations

from copy import deepcopy

import pytest
from django.db import transaction

from backoffice.core.actor import Actor
from backoffice.core.choices import Seen
from backoffice.core.models import AccessEntry
from orders import chosen
from orders.models import Order

from .asking import ask, text_of
from .expectations import DOORS, Door, batch, fixed, selection, template
from .world import CANARY, ROLES, Side, World, make_world


def both_orders(side: Side, actor: Actor) -> dict[str, str]:
    """A choice of more than one, of which nothing is done yet: a parameter is missing."""
    ids = Order._base_manager.filter(store=side.store).values_list("pk", flat=True)
    return {"selection": chosen.dumps(list(ids), actor=actor), "tags": ""}


# What the doors of the matrix are not asked: the jump box with a find, a mail before it is sent, a part of a page.
MORE = (
    Door("admin:search", query="s=mrs"),
    Door("admin:notifications_batch_compose", "post", body=selection(subject="S", body="<p>{{ customer.name }}</p>")),
    Door(
        "admin:notifications_template_change",
        "post",
        key=template,
        body=fixed(name="N", subject="S", body="<p>{{ customer.name }}</p>", do="preview"),
    ),
    Door("admin:orders_order_act", "post", key=fixed(verb="add_tags"), body=both_orders),
    Door("admin:orders_order_changelist", query="stage=all&part=counts"),
    Door("admin:orders_order_changelist", query="name=none"),
    Door("admin:orders_order_change", key=lambda side, actor: {"order_id": side.order.pk}, query="part=truth"),
    Door("admin:notifications_batch_change", key=batch, query="part=1"),
    Door("admin:notifications_batch_change", key=batch, query="state=failed"),
    Door("api:orders", query="name=none"),
)
EXPECTED = {
    ("admin", Seen.ORDER_LIST),
    ("admin", Seen.ORDER_PAGE),
    ("admin", Seen.ORDER_SEARCH),
    ("admin", Seen.ORDER_ACT),
    ("admin", Seen.MAIL_LIST),
    ("admin", Seen.MAIL_PAGE),
    ("admin", Seen.MAIL_PREVIEW),
    ("admin", Seen.QUARANTINE),
    ("admin", Seen.EXPORT),
    ("api", Seen.ORDER_LIST),
    ("api", Seen.ORDER_PAGE),
    ("api", Seen.TIMELINE),
    ("api", Seen.COMMENTS),
    ("api", Seen.MAIL_LIST),
    ("api", Seen.QUARANTINE),
    ("api", Seen.EXPORT),
}


@pytest.fixture
def world(db: None) -> World:
    made = make_world()
    for side, word in ((made.north, "north"), (made.south, CANARY)):
        Order._base_manager.filter(pk=side.order.pk).update(customer_name=f"Mrs {word}")
    return made


def about_a_person(word: str) -> list[str]:
    """What stands in the side's rows of its customer, in small letters."""
    told = ("mrs {}", "{}@example.com", "{}town", "note {}", "{} comment", "raw {}", "{}-tag")
    return [text.format(word) for text in told]


@pytest.mark.row("REL-G07", "DP16")
def test_every_answer_about_a_customer_leaves_one_row_and_every_other_none(world: World):
    findings, seen, asked = [], set(), 0
    values = about_a_person("north") + about_a_person(CANARY)
    signed_in = {role: deepcopy(client.cookies) for role, client in world.clients.items()}
    for door in (*DOORS, *MORE):
        for side in ("north", "south"):
            for role in ROLES:
                world.clients[role].cookies = deepcopy(signed_in[role])  # one of the doors signs out
                with transaction.atomic():
                    text = text_of(ask(door, world, role, side)).casefold()
                    rows = list(AccessEntry.objects.all())
                    transaction.set_rollback(True)
                asked += 1
                shown = [one for one in values if one in text]
                where = f"{role} {door.method} {door.name}?{door.query} on {side}"
                if len(rows) != bool(shown):
                    findings.append(f"{where}: {len(rows)} rows for {shown}")
                if door.name.startswith("api:") and any(row.door != "api" for row in rows):
                    findings.append(f"{where}: by the wrong door")
                kept = str([vars(row) for row in rows]).casefold()
                findings += [f"{where}: the row holds {one}" for one in values if one in kept]
                seen |= {(row.door, Seen(row.what)) for row in rows}
    assert findings == [], "\n".join(findings)
    assert asked == len((*DOORS, *MORE)) * 2 * len(ROLES)
    assert seen == EXPECTED
