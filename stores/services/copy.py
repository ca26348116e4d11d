"""Copying a store's configuration to another: what each application calls configuration, never secrets or data."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _

from backoffice.core import audit
from backoffice.core.actor import Actor, Right
from backoffice.core.errors import Invalid, NotAllowed
from stores.copying import Change, Part, all_parts
from stores.models import Store


@dataclass(frozen=True, slots=True)
class Planned:
    """A part with what would change in the target, or did."""

    part: Part
    changes: tuple[Change, ...]


def parts_for(actor: Actor) -> list[Part]:
    """What the actor may copy."""
    return [part for part in all_parts() if actor.sees_every_store or not part.for_administrators]


def preview(target: Store, source: Store, *, actor: Actor) -> list[Planned]:
    """What copying every part would change. Raises as `copy_configuration` does."""
    _check(target, source, actor)
    return [Planned(part, tuple(part.preview(source, target))) for part in parts_for(actor)]


def copy_configuration(
    target: Store, source: Store, *, parts: Collection[str] | None = None, actor: Actor
) -> list[Planned]:
    """Makes the target's configuration equal to the source's, in these parts or all that the actor may copy, in one
    transaction; what the source has not stays. Returns what was changed: nothing when it is done a second time.

    Raises `NotAllowed` for who does not manage both stores, or names a part that only administrators copy, and
    `Invalid` with field source or parts.
    """
    _check(target, source, actor)
    chosen = _chosen(parts, actor)
    with transaction.atomic():
        # In the order of their keys; under the locks both are as the parts will find them.
        rows = {row.pk: row for row in _locked(source, target)}
        source, target = rows[source.pk], rows[target.pk]
        done = []
        for part in chosen:
            changes = tuple(part.preview(source, target))
            if changes:
                part.apply(source, target, actor)
            done.append(Planned(part, changes))
        counts = {each.part.name: len(each.changes) for each in done if each.changes}
        if counts:
            audit.record(
                "store.configuration_copied", actor=actor, store_id=target.pk, subject=source.domain, parts=counts
            )
    return done


def check_manages(store: Store, actor: Actor) -> None:
    """Raises `NotAllowed` for who can copy neither from nor to this store."""
    if not actor.may(Right.MANAGE_STORE, store.pk):
        raise NotAllowed("manager_needed", _("Only a manager of both stores copies from one to the other."))


def _check(target: Store, source: Store, actor: Actor) -> None:
    for store in (target, source):
        check_manages(store, actor)
    if source.pk == target.pk:
        raise Invalid("same_store", _("Choose another store to copy from."), field="source")


def _chosen(names: Collection[str] | None, actor: Actor) -> Sequence[Part]:
    allowed = {part.name: part for part in parts_for(actor)}
    if names is None:
        return list(allowed.values())
    known = {part.name for part in all_parts()}
    if unknown := sorted(set(names) - known):
        sentence = _("There is no part “%(name)s”; there are: %(known)s.")
        told = sentence % {"name": unknown[0][:40], "known": ", ".join(sorted(known))}
        raise Invalid("part_unknown", told, field="parts")
    if forbidden := sorted(set(names) - set(allowed)):
        raise NotAllowed("administrator_needed", _("Only administrators copy this part."), parts=forbidden)
    return [part for name, part in allowed.items() if name in names]


def _locked(*stores: Store) -> Sequence[Store]:
    rows = Store.objects.filter(pk__in=[store.pk for store in stores]).order_by("pk")
    return list(rows.select_for_update(of=("self",)).select_related("merchant"))
