"""Tags: adds them to orders in the shop and removes them there (`tagsAdd`, `tagsRemove`).

Called by admin, API, rules and bulk. Shopify compares without case when it adds and exactly when it removes, and cuts a
tag at commas; here tags are the same when they differ only in case, and the shop is asked in its own spelling."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from backoffice.core.actor import Actor
from backoffice.core.errors import Invalid
from backoffice.core.text import clean, fold
from orders.choices import Source, Verb
from orders.models import Order, RemoteChange

from . import outbox
from .selection import Asked, Orders, Refusal, refusal

LONGEST_TAG = 40
"""Captured for draft orders ("Title Tag exceeds the maximum length of 40 characters"); taken as true of orders."""
MOST_TAGS = 250
"""Shopify's limit of items in one input list."""


def cleaned(tags: Sequence[str]) -> tuple[str, ...]:
    """The tags as they are sent: trimmed, without control characters, each once whatever its case.

    Raises `Invalid` naming the field `tags`: `tags_missing`, `tag_too_long`, `tag_with_comma`, `too_many_tags`.
    """
    once: dict[str, str] = {}
    for tag in map(clean, tags):
        if not tag:
            continue
        if "," in tag:
            raise Invalid("tag_with_comma", _("A tag cannot contain a comma; give each tag by itself."), field="tags")
        if len(tag) > LONGEST_TAG:
            raise Invalid(
                "tag_too_long",
                _("“%(tag)s” is too long: a tag has at most %(most)d characters.") % {"tag": tag, "most": LONGEST_TAG},
                field="tags",
            )
        once.setdefault(fold(tag), tag)
    if not once:
        raise Invalid("tags_missing", _("Give at least one tag."), field="tags")
    if len(once) > MOST_TAGS:
        raise Invalid("too_many_tags", _("Give at most %(most)d tags at a time.") % {"most": MOST_TAGS}, field="tags")
    return tuple(once.values())


@dataclass(frozen=True, slots=True)
class _Tagging:
    """Add tags or, with `present` false, remove them."""

    tags: tuple[str, ...]
    present: bool

    @property
    def verb(self) -> Verb:
        return Verb.ADD_TAGS if self.present else Verb.REMOVE_TAGS

    def refuses(self, order: Order, pending: Sequence[RemoteChange]) -> Refusal | None:
        opposite = Verb.REMOVE_TAGS if self.present else Verb.ADD_TAGS
        if _folded(self.tags) & _under_way(pending, opposite):
            return refusal(
                order,
                "change_under_way",
                _("The opposite change of order %(order)s is under way. Wait until it is done."),
            )
        return None

    def is_so(self, order: Order, pending: Sequence[RemoteChange]) -> bool:
        wanted = _folded(self.tags) - _under_way(pending, self.verb)
        there = _folded(order.tags)
        return wanted <= there if self.present else not wanted & there

    def payload(self, order: Order) -> dict[str, Any]:
        if self.present:
            return {"tags": list(self.tags)}
        # A spelling that the shop has taken on meanwhile is removed as well, if it is the one that was asked for.
        spelled = [tag for tag in order.tags if fold(tag) in _folded(self.tags)]
        return {"tags": [*spelled, *(tag for tag in self.tags if tag not in spelled)]}

    def before(self, order: Order) -> dict[str, Any]:
        return {"tags": list(order.tags), "updated_at": order.updated_at.isoformat()}


def add_tags(orders: Orders, tags: Sequence[str], *, actor: Actor, source: Source) -> Asked:
    """Asks the shops to add these tags. An order that has them all, in whatever case, counts as `already`.

    Refused per order as in archiving, and while one of these tags is being removed. Raises `Invalid` (see `cleaned`).
    """
    return outbox.ask(orders, _Tagging(cleaned(tags), present=True), actor=actor, source=source)


def remove_tags(orders: Orders, tags: Sequence[str], *, actor: Actor, source: Source) -> Asked:
    """Asks the shops to remove these tags, in every spelling that differs in case only. An order without any of them
    counts as `already`. Refused and raises as `add_tags`."""
    return outbox.ask(orders, _Tagging(cleaned(tags), present=False), actor=actor, source=source)


def check_add_tags(orders: Orders, tags: Sequence[str], *, actor: Actor) -> dict[int, Refusal]:
    """The reason for each order that `add_tags` would refuse now, by order id. Raises `Invalid` (see `cleaned`)."""
    return dict(outbox.check(orders, _Tagging(cleaned(tags), present=True), actor=actor).refused)


def check_remove_tags(orders: Orders, tags: Sequence[str], *, actor: Actor) -> dict[int, Refusal]:
    """The reason for each order that `remove_tags` would refuse now, by order id. Raises `Invalid` (see `cleaned`)."""
    return dict(outbox.check(orders, _Tagging(cleaned(tags), present=False), actor=actor).refused)


def _folded(tags: Sequence[str]) -> set[str]:
    return {fold(tag) for tag in tags}


def _under_way(pending: Sequence[RemoteChange], verb: Verb) -> set[str]:
    return {fold(tag) for change in pending if change.verb == verb for tag in change.payload.get("tags", ())}
