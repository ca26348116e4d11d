"""The templates that come with the product: a delay notice in English and in Dutch. Put in once, by a migration; what
staff change or remove afterwards stays so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

_BODY = """\
<p>{greeting}</p>

<p>{opening}</p>

{{% for order in orders %}}
<h3 style="margin:24px 0 8px">{order} {{{{ order.name }}}}</h3>
<p style="margin:0 0 8px;color:#52525b">{placed} {{{{ order.created_at | date: "%-d %B %Y" }}}}</p>
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0">
{{% for line in order.unfulfilled_line_items %}}
<tr>
<td style="padding:6px 0;border-bottom:1px solid #e4e4e7">{{{{ line.title }}}}</td>
<td style="padding:6px 0;border-bottom:1px solid #e4e4e7" align="right">{{{{ line.quantity }}}} ×</td>
</tr>
{{% endfor %}}
</table>
{{% if order.order_status_url != blank %}}
<p style="margin:8px 0 0"><a href="{{{{ order.order_status_url }}}}">{follow}</a></p>
{{% endif %}}
{{% endfor %}}

<p style="margin-top:24px">{closing}</p>

<p>{regards}<br>{{{{ shop.name }}}}</p>
"""


@dataclass(frozen=True, slots=True)
class Shipped:
    name: str
    language: str
    subject: str
    body: str


DELAY_NOTICE = Shipped(
    name="Delay notice",
    language="en",
    subject="{% if orders.size > 1 %}Your orders {{ order_names }} are{% else %}Your order {{ order_names }} is"
    "{% endif %} taking longer than planned",
    body=_BODY.format(
        greeting="Hello{% if customer.first_name != blank %} {{ customer.first_name }}{% endif %},",
        opening="We are sorry: what you ordered is taking longer than we had planned. Nothing is lost, and you need "
        "to do nothing. This is what we still have to send you:",
        order="Order",
        placed="Placed on",
        follow="Follow this order",
        closing="Would you rather not wait, or do you have a question? Answer this mail and we will help you.",
        regards="With kind regards,",
    ),
)
DELAY_NOTICE_DUTCH = Shipped(
    name="Delay notice (Dutch)",
    language="nl",
    subject="{% if orders.size > 1 %}Uw bestellingen {{ order_names }} duren{% else %}Uw bestelling {{ order_names }}"
    " duurt{% endif %} langer dan gepland",
    body=_BODY.format(
        greeting="Hallo{% if customer.first_name != blank %} {{ customer.first_name }}{% endif %},",
        opening="Het spijt ons: uw bestelling duurt langer dan we hadden gepland. Er is niets kwijtgeraakt en u hoeft "
        "niets te doen. Dit moeten we u nog sturen:",
        order="Bestelling",
        placed="Geplaatst op",
        follow="Volg deze bestelling",
        closing="Wilt u liever niet wachten, of hebt u een vraag? Beantwoord deze mail, dan helpen we u.",
        regards="Met vriendelijke groet,",
    ),
)
SHIPPED = (DELAY_NOTICE, DELAY_NOTICE_DUTCH)


def ensure_templates(templates: Any) -> int:
    """Puts in those whose name is not taken, for all stores; returns how many. `templates` is the manager of Template,
    in a migration the historical one."""
    made = 0
    for shipped in SHIPPED:
        _, is_new = templates.get_or_create(
            name=shipped.name,
            store=None,
            defaults={"subject": shipped.subject, "body": shipped.body, "language": shipped.language},
        )
        made += is_new
    return made
