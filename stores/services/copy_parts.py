"""What the store floor has to copy: the sender of mails, the calendar, the merchant and the team."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from backoffice.core.actor import Actor
from stores.copying import Change, Part
from stores.models import Membership, Store, StoreCalendar

_SENDER = (("sender_name", gettext_lazy("Sender's name")), ("sender_email", gettext_lazy("Sender's address")))
_CALENDAR = (
    ("working_days", gettext_lazy("Working days")),
    ("country", gettext_lazy("Public holidays of")),
    ("region", gettext_lazy("Region")),
    ("closed_days", gettext_lazy("Closed days")),
    ("cut_off", gettext_lazy("Cut-off")),
    ("fulfil_days", gettext_lazy("Days to fulfil")),
    ("settle_days", gettext_lazy("Days to settle")),
    ("idle_days", gettext_lazy("Days without an event")),
)


def _sender(source: Store, target: Store) -> list[Change]:
    return [
        Change(str(label), getattr(target, name), getattr(source, name))
        for name, label in _SENDER
        if getattr(source, name) not in ("", getattr(target, name))
    ]


def _copy_sender(source: Store, target: Store, actor: Actor) -> None:
    taken = {name: getattr(source, name) for name, _label in _SENDER if getattr(source, name)}
    Store.objects.filter(pk=target.pk).update(**taken)


def _merchant(source: Store, target: Store) -> list[Change]:
    if source.merchant is None or source.merchant_id == target.merchant_id:
        return []
    return [Change(_("Merchant"), str(target.merchant or ""), str(source.merchant))]


def _copy_merchant(source: Store, target: Store, actor: Actor) -> None:
    Store.objects.filter(pk=target.pk).update(merchant_id=source.merchant_id)


def _calendar(source: Store, target: Store) -> list[Change]:
    rows = {row.store_id: row for row in StoreCalendar.objects.filter(store__in=[source, target])}
    if source.pk not in rows:
        return []
    theirs, ours = rows[source.pk], rows.get(target.pk, StoreCalendar(store=target))
    named = [(str(label), getattr(ours, name), getattr(theirs, name)) for name, label in _CALENDAR]
    return [Change(label, _shown(before), _shown(after)) for label, before, after in named if before != after]


def _copy_calendar(source: Store, target: Store, actor: Actor) -> None:
    row = StoreCalendar.objects.get(store=source)
    values = {name: getattr(row, name) for name, _label in _CALENDAR}
    StoreCalendar.objects.update_or_create(store=target, defaults=values)


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(str(one) for one in value)
    return "" if value is None else str(value)


def _team(source: Store, target: Store) -> list[Change]:
    return [
        Change(theirs.user.get_username(), ours.get_role_display() if ours else "", theirs.get_role_display())
        for theirs, ours in _memberships(source, target)
    ]


def _copy_team(source: Store, target: Store, actor: Actor) -> None:
    for theirs, _ours in _memberships(source, target):
        Membership.objects.update_or_create(user=theirs.user, store=target, defaults={"role": theirs.role})


def _memberships(source: Store, target: Store) -> Iterator[tuple[Membership, Membership | None]]:
    """Those of the source that the target has not, or with another role. Who is in the target alone stays."""
    ours = {row.user_id: row for row in Membership.objects.filter(store=target)}
    for row in Membership.objects.filter(store=source).select_related("user").order_by("user__username"):
        known = ours.get(row.user_id)
        if known is None or known.role != row.role:
            yield row, known


PARTS: Sequence[Part] = (
    Part("sender", gettext_lazy("Sender of mails"), _sender, _copy_sender, position=10),
    Part("calendar", gettext_lazy("Calendar and targets"), _calendar, _copy_calendar, position=20),
    Part(
        "merchant",
        pgettext_lazy("part that is copied", "Merchant"),
        _merchant,
        _copy_merchant,
        for_administrators=True,
        position=80,
    ),
    Part("team", gettext_lazy("People and their roles"), _team, _copy_team, for_administrators=True, position=90),
)
