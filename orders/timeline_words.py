"""The timeline in words: one sentence for each kind, in the reader's language. Pure, but for that language.

A kind that is not listed is shown as it is: Shopify and other applications may bring new ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from django.utils.translation import get_language, gettext, ngettext, pgettext

from backoffice.core import money

from .choices import Source, Verb
from .labels import label
from .part_labels import cancel_reason, hold_reason

if TYPE_CHECKING:
    from .models import TimelineEntry

Data = Mapping[str, Any]


def describe(entry: TimelineEntry) -> str:
    """What happened, as one sentence without markup. Who did it and when stand beside it (`happened_by`)."""
    words = _WORDS.get(entry.kind)
    return words(entry.data) if words else entry.kind


def happened_by(entry: TimelineEntry) -> str:
    """Who did it: a person's or a token's name, else where the news came from."""
    source = Source(entry.source).label if entry.source in Source.values else entry.source
    if not entry.actor_label or entry.source == Source.SYSTEM:
        return str(source)
    if entry.source == Source.API:
        return gettext("%(name)s (API)") % {"name": entry.actor_label}
    return entry.actor_label


def _created(data: Data) -> str:
    source = data.get("source")
    return gettext("Order placed (%(source)s).") % {"source": source} if source else gettext("Order placed.")


def _updated(data: Data) -> str:
    sentences = {
        "note": gettext("Note changed."),
        "email": gettext("E-mail address changed."),
        "shipping_address": gettext("Shipping address changed."),
    }
    name = str(data.get("field", ""))
    return sentences.get(name) or gettext("Changed: %(field)s.") % {"field": name}


def _cancelled(data: Data) -> str:
    reason = data.get("reason")
    if not reason:
        return gettext("Order cancelled.")
    return gettext("Order cancelled (reason: %(reason)s).") % {"reason": _in_words(cancel_reason, reason).lower()}


def _tags_added(data: Data) -> str:
    return ngettext("Tag added: %(tags)s.", "Tags added: %(tags)s.", len(_tags(data))) % {"tags": _listed(_tags(data))}


def _tags_removed(data: Data) -> str:
    tags = _tags(data)
    return ngettext("Tag removed: %(tags)s.", "Tags removed: %(tags)s.", len(tags)) % {"tags": _listed(tags)}


def _payment(kind: str) -> Callable[[Data], str]:
    def words(data: Data) -> str:
        status = str(data.get("status", "")).upper()
        outcome = {"ERROR": "FAILURE", "AWAITING_RESPONSE": "PENDING"}.get(status, status)
        amount = _amount(data)
        facts = {"amount": amount, "gateway": data.get("gateway") or "?", "status": status}
        sentence = _payment_sentence(kind, outcome)
        code = data.get("error_code")
        return sentence % facts + (f" ({_plain_word(code)})" if code else "")

    return words


def _payment_sentence(kind: str, outcome: str) -> str:
    sentences: dict[tuple[str, str], str] = {
        ("authorization", "SUCCESS"): gettext("%(amount)s authorized by %(gateway)s."),
        ("authorization", "PENDING"): gettext("Authorization of %(amount)s by %(gateway)s is pending."),
        ("authorization", "FAILURE"): gettext("Authorization of %(amount)s by %(gateway)s failed."),
        ("capture", "SUCCESS"): gettext("%(amount)s captured by %(gateway)s."),
        ("capture", "PENDING"): gettext("Capture of %(amount)s by %(gateway)s is pending."),
        ("capture", "FAILURE"): gettext("Capture of %(amount)s by %(gateway)s failed."),
        ("sale", "SUCCESS"): gettext("%(amount)s paid by %(gateway)s."),
        ("sale", "PENDING"): gettext("Payment of %(amount)s by %(gateway)s is pending."),
        ("sale", "FAILURE"): gettext("Payment of %(amount)s by %(gateway)s failed."),
        ("refund", "SUCCESS"): gettext("%(amount)s paid back by %(gateway)s."),
        ("refund", "PENDING"): gettext("Paying back %(amount)s by %(gateway)s is pending."),
        ("refund", "FAILURE"): gettext("Paying back %(amount)s by %(gateway)s failed."),
        ("void", "SUCCESS"): gettext("Authorization of %(amount)s by %(gateway)s released."),
        ("void", "PENDING"): gettext("Release of the authorization of %(amount)s by %(gateway)s is pending."),
        ("void", "FAILURE"): gettext("Release of the authorization of %(amount)s by %(gateway)s failed."),
    }
    return sentences.get((kind, outcome)) or kind.capitalize() + ": %(amount)s, %(gateway)s (%(status)s)."


def _shipped(data: Data) -> str:
    return _with_lines(gettext("Shipped: %(lines)s."), gettext("Shipped."), data) + _tracking(data)


def _shipment_updated(data: Data) -> str:
    return gettext("Shipment %(name)s updated.") % {"name": data.get("name", "")} + _tracking(data)


def _shipment_cancelled(data: Data) -> str:
    return gettext("Shipment %(name)s cancelled.") % {"name": data.get("name", "")}


def _delivered(data: Data) -> str:
    return gettext("Shipment %(name)s delivered.") % {"name": data.get("name", "")} + _tracking(data)


def _held(data: Data) -> str:
    reason = _in_words(hold_reason, data.get("reason", "")) or data.get("display", "")
    sentence = gettext("Put on hold: %(reason)s.") % {"reason": reason}
    return f"{sentence} {data['notes']}" if data.get("notes") else sentence


def _released(data: Data) -> str:
    reason = _in_words(hold_reason, data.get("reason", "")) or data.get("display", "")
    return gettext("Hold released: %(reason)s.") % {"reason": reason} if reason else gettext("Hold released.")


def _refunded(data: Data) -> str:
    amount = {"amount": _amount(data)}
    return _with_lines(
        gettext("Refund of %(amount)s: %(lines)s.") % {**amount, "lines": "%(lines)s"},
        gettext("Refund of %(amount)s.") % amount,
        data,
    )


def _return_changed(data: Data) -> str:
    return label("return", str(data.get("status", ""))).text + "."


def _risk_changed(data: Data) -> str:
    words = {"risk": label("risk", str(data.get("level", ""))).text}
    return gettext("Assessment of the risk: %(risk)s.") % words


def _dispute_changed(data: Data) -> str:
    return label("dispute", str(data.get("status", ""))).text + "."


def _shop_comment(data: Data) -> str:
    if data.get("deleted"):
        return gettext("A comment was deleted in Shopify.")
    names = ", ".join(str(name) for name in data.get("attachments") or ())
    files = gettext("Attached: %(files)s.") % {"files": names} if names else ""
    text = str(data.get("text", ""))
    return "\n".join(part for part in (text, files) if part) or gettext("A comment in Shopify.")


def _shop_event(data: Data) -> str:
    return str(data.get("text") or "") or gettext("Something happened in Shopify.")


def _pinned(data: Data) -> str:
    return gettext("Comment pinned.") if data.get("pinned", True) else gettext("Comment no longer pinned.")


def _change(sentence: Callable[[], str]) -> Callable[[Data], str]:
    def words(data: Data) -> str:
        verb = data.get("verb", "")
        label = str(Verb(verb).label) if verb in Verb.values else str(verb)
        if tags := _tags(data):
            label = f"{label} ({_listed(tags)})"
        told = sentence() % {"change": label}
        return f"{told} {data['message']}" if data.get("message") else told

    return words


def _mailed(sentence: Callable[[], str]) -> Callable[[Data], str]:
    def words(data: Data) -> str:
        told = sentence() % {"subject": data.get("subject", ""), "address": data.get("address", "")}
        return f"{told} {data['reason']}" if data.get("reason") else told

    return words


def _tags(data: Data) -> list[str]:
    return [str(tag) for tag in data.get("tags") or ()]


def _listed(words: list[str]) -> str:
    return ", ".join(words)


def _in_words(known: Callable[[str], str], value: object) -> str:
    """Our words for a value of Shopify's where we have them: they come in the reader's language."""
    text = known(str(value))
    return text if text != str(value) else _plain_word(value)


def _plain_word(value: object) -> str:
    """Shopify's enum values as words: `INCORRECT_ADDRESS` becomes `incorrect address`."""
    return str(value).replace("_", " ").lower()


def _amount(data: Data) -> str:
    try:
        return money.shown(Decimal(data["amount"]), str(data["currency"]), locale=get_language() or "en")
    except (KeyError, TypeError, InvalidOperation):
        return "?"


def _with_lines(full: str, short: str, data: Data) -> str:
    pieces = [
        pgettext("quantity and product", "%(quantity)s × %(title)s")
        % {"quantity": line.get("quantity", ""), "title": line.get("title") or "?"}
        for line in data.get("lines") or ()
    ]
    return full % {"lines": _listed(pieces)} if pieces else short


def _tracking(data: Data) -> str:
    found = [f"{one.get('company', '')} {one.get('number', '')}".strip() for one in data.get("tracking") or ()]
    named = [one for one in found if one]
    return " " + gettext("Tracking: %(numbers)s.") % {"numbers": _listed(named)} if named else ""


def _always(sentence: Callable[[], str]) -> Callable[[Data], str]:
    return lambda data: sentence()


_WORDS: Mapping[str, Callable[[Data], str]] = MappingProxyType(
    {
        # {source}
        "order.created": _created,
        # {field: note | email | shipping_address | ..., was}
        "order.updated": _updated,
        "order.archived": _always(lambda: gettext("Archived.")),
        "order.unarchived": _always(lambda: gettext("Taken out of the archive.")),
        # {reason}
        "order.cancelled": _cancelled,
        "order.deleted": _always(lambda: gettext("Deleted in the shop.")),
        "order.restored": _always(lambda: gettext("Back in the shop.")),
        # {tags}
        "tags.added": _tags_added,
        "tags.removed": _tags_removed,
        # {status, amount, currency, gateway, error_code}
        **{f"payment.{kind}": _payment(kind) for kind in ("authorization", "capture", "sale", "refund", "void")},
        # {name, lines: [{title, quantity}], tracking: [{company, number, url}]}
        "fulfilment.created": _shipped,
        "fulfilment.updated": _shipment_updated,
        "fulfilment.cancelled": _shipment_cancelled,
        "fulfilment.delivered": _delivered,
        # {reason, display, notes}
        "hold.added": _held,
        "hold.released": _released,
        # {amount, currency, lines, note}
        "refund.created": _refunded,
        # {status}
        "return.changed": _return_changed,
        # {text, edited, attachments: [name]} or {deleted}; what staff wrote in Shopify
        "shop.comment": _shop_comment,
        # {action, text}; Shopify's own sentence, in the shop's language
        "shop.event": _shop_event,
        # {level, recommendation}
        "risk.changed": _risk_changed,
        # {status, type, was}
        "dispute.changed": _dispute_changed,
        # {comment: id}; what it says is in the comment alone, so that it can be erased
        "comment.added": _always(lambda: gettext("Comment added.")),
        "comment.edited": _always(lambda: gettext("Comment edited.")),
        "comment.deleted": _always(lambda: gettext("Comment deleted.")),
        "comment.pinned": _pinned,
        # {verb, tags, code, message}
        "change.requested": _change(lambda: gettext("Asked of the shop: %(change)s.")),
        "change.refused": _change(lambda: gettext("Not done: %(change)s.")),
        "change.skipped": _change(lambda: gettext("Skipped: %(change)s.")),
        "change.uncertain": _change(
            lambda: gettext("The shop did not answer to: %(change)s. We look whether it was done.")
        ),
        # {subject, address, message, reason}
        "mail.sent": _mailed(lambda: gettext("Mail “%(subject)s” sent to %(address)s.")),
        "mail.failed": _mailed(lambda: gettext("Mail “%(subject)s” to %(address)s could not be sent.")),
        "mail.skipped": _mailed(lambda: gettext("Mail “%(subject)s” to %(address)s was left out.")),
        "mail.uncertain": _mailed(lambda: gettext("It is not known whether mail “%(subject)s” reached %(address)s.")),
    }
)
KINDS = frozenset(_WORDS)
"""Every kind that has a sentence of its own."""
