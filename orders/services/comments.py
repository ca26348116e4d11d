"""Comments: what staff tell each other about an order. Kept here alone; no shop and no customer ever sees them.

Called by admin, API and rules. Nothing is silently gone: an edited or deleted text stays as a version."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from backoffice.core.actor import Actor, Right
from backoffice.core.errors import Invalid, NotAllowed, NotFound, Refused
from backoffice.core.text import clean
from orders.choices import Source
from orders.models import Comment, CommentVersion, Order
from orders.timeline import NewEntry, write

from . import selection
from .selection import Asked, Orders, Refusal, refusal

LONGEST_COMMENT = 10_000


def add_comment(order: Order, body: str, *, actor: Actor, source: Source) -> Comment:
    """Writes a comment on an order, also on an archived, cancelled or deleted one.

    Raises `NotFound` for an order that the actor does not see, `NotAllowed` without the right to comment, `Invalid`
    (field `body`) for a text that is empty or longer than `LONGEST_COMMENT`.
    """
    text = cleaned(body)
    with transaction.atomic():
        found = selection.visible([order.pk], actor=actor).select_for_update(of=("self",)).first()
        if found is None:
            raise NotFound("not_found", _("There is no such order."))
        reason = _not_allowed(found, actor=actor)
        if reason is not None:
            raise NotAllowed(reason.code, reason.message)
        (comment,) = _insert([found], text, actor=actor, source=source, run_id=None)
    return comment


def comment_on(orders: Orders, body: str, *, actor: Actor, source: Source) -> Asked:
    """The same comment on many orders; `asked` counts the comments written. Saying it twice writes it twice.

    Refused per order: not visible, no right to comment. Raises `Invalid` as `add_comment` does.
    """
    text = cleaned(body)
    run_id = uuid.uuid4()
    written = 0
    refused: list[Refusal] = []
    for ids in selection.chunks_of(orders):
        with transaction.atomic():
            found = list(selection.visible(ids, actor=actor).select_for_update(of=("self",)))
            reasons = selection.unseen(ids, found) | _reasons(found, actor=actor)
            ready = [order for order in found if order.pk not in reasons]
            written += len(_insert(ready, text, actor=actor, source=source, run_id=run_id))
        refused += reasons.values()
    return Asked(run_id, written, 0, tuple(refused))


def check_comment(orders: Orders, body: str, *, actor: Actor) -> dict[int, Refusal]:
    """The reason for each order that `comment_on` would refuse now, by order id."""
    cleaned(body)
    refused: dict[int, Refusal] = {}
    for ids in selection.chunks_of(orders):
        found = list(selection.visible(ids, actor=actor))
        refused |= selection.unseen(ids, found) | _reasons(found, actor=actor)
    return refused


def edit_comment(comment: Comment, body: str, *, actor: Actor, source: Source) -> Comment:
    """Replaces the text of one's own comment and keeps the old one as a version. The same text changes nothing.

    Raises `NotAllowed` for somebody else's comment, `Refused` for a deleted one, else as `add_comment`.
    """
    text = cleaned(body)
    with transaction.atomic():
        held = _hold(comment, actor=actor)
        if held.author_id is None or held.author_id != actor.user_id:
            raise NotAllowed("comment_of_another", _("Only its author edits a comment."))
        if held.body == text:
            return held
        _keep_version(held, actor=actor)
        held.body, held.edited_at = text, timezone.now()
        held.save(update_fields=["body", "edited_at"])
        write([_entry(held, "comment.edited", actor=actor, source=source)])
    return held


def delete_comment(comment: Comment, *, actor: Actor, source: Source) -> None:
    """Takes a comment away from the order, for its author and for managers; a version keeps the text. Deleting twice
    changes nothing. Raises `NotFound` and `NotAllowed`."""
    with transaction.atomic():
        held = _hold(comment, actor=actor, deleted_too=True)
        own = held.author_id is not None and held.author_id == actor.user_id
        if not own and not actor.may(Right.MANAGE_STORE, held.store_id):
            raise NotAllowed("comment_of_another", _("Only its author or a manager deletes a comment."))
        if held.deleted_at is not None:
            return
        _keep_version(held, actor=actor)
        held.body, held.pinned, held.deleted_at = "", False, timezone.now()
        held.save(update_fields=["body", "pinned", "deleted_at"])
        Order.objects.filter(pk=held.order_id, comment_count__gt=0).update(comment_count=F("comment_count") - 1)
        write([_entry(held, "comment.deleted", actor=actor, source=source)])


def pin_comment(comment: Comment, pinned: bool, *, actor: Actor, source: Source) -> Comment:
    """Keeps a comment on top of the order's page, or no longer. Pinning twice changes nothing. Raises as
    `edit_comment`, but anybody who may comment may pin."""
    with transaction.atomic():
        held = _hold(comment, actor=actor)
        if held.pinned != pinned:
            held.pinned = pinned
            held.save(update_fields=["pinned"])
            write([_entry(held, "comment.pinned", actor=actor, source=source, facts={"pinned": pinned})])
    return held


def cleaned(body: str) -> str:
    """The text as it is kept. Raises `Invalid` with the field `body`."""
    text = clean(body.replace("\r\n", "\n"))
    if not text:
        raise Invalid("comment_empty", _("Write something first."), field="body")
    if len(text) > LONGEST_COMMENT:
        raise Invalid(
            "comment_too_long",
            _("A comment has at most %(most)d characters; this one has %(count)d.")
            % {"most": LONGEST_COMMENT, "count": len(text)},
            field="body",
        )
    return text


def _not_allowed(order: Order, *, actor: Actor) -> Refusal | None:
    if actor.may(Right.COMMENT, order.store_id):
        return None
    return refusal(
        order, "not_allowed", _("You may read orders of %(store)s, but not comment. Ask for the agent's role.")
    )


def _reasons(orders: Sequence[Order], *, actor: Actor) -> dict[int, Refusal]:
    found = ((order.pk, _not_allowed(order, actor=actor)) for order in orders)
    return {pk: reason for pk, reason in found if reason is not None}


def _hold(comment: Comment, *, actor: Actor, deleted_too: bool = False) -> Comment:
    """The comment under its lock, as the actor sees it."""
    held: Comment | None = Comment.objects.visible_to(actor).select_for_update().filter(pk=comment.pk).first()
    if held is None:
        raise NotFound("not_found", _("There is no such comment."))
    if not actor.may(Right.COMMENT, held.store_id):
        raise NotAllowed("not_allowed", _("You may read comments here, but not change them."))
    if held.deleted_at is not None and not deleted_too:
        raise Refused("comment_deleted", _("This comment was deleted."))
    return held


def _insert(
    orders: Sequence[Order], text: str, *, actor: Actor, source: Source, run_id: uuid.UUID | None
) -> list[Comment]:
    """Called under the orders' locks: a row that points at an order locks it as well, and two writers that both did so
    first would wait for each other."""
    comments: list[Comment] = Comment.objects.bulk_create(
        Comment(
            store_id=order.store_id, order=order, author_id=actor.user_id, author_label=actor.label[:200], body=text
        )
        for order in orders
    )
    Order.objects.filter(pk__in=[order.pk for order in orders]).update(comment_count=F("comment_count") + 1)
    write(_entry(comment, "comment.added", actor=actor, source=source, run_id=run_id) for comment in comments)
    return comments


def _keep_version(comment: Comment, *, actor: Actor) -> None:
    CommentVersion.objects.create(
        store_id=comment.store_id, comment=comment, body=comment.body, replaced_by=actor.label[:200]
    )


def _entry(
    comment: Comment,
    kind: str,
    *,
    actor: Actor,
    source: Source,
    run_id: uuid.UUID | None = None,
    facts: Mapping[str, object] = MappingProxyType({}),
) -> NewEntry:
    return NewEntry(
        store_id=comment.store_id,
        order_id=comment.order_id,
        kind=kind,
        source=source,
        occurred_at=timezone.now(),
        data={"comment": comment.pk, **facts},
        actor_label=actor.label[:200],
        user_id=actor.user_id,
        run_id=run_id,
    )
