"""What the mail floor has to copy from store to store: a store's own templates, by their names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.core.actor import Actor
from notifications.models import Template
from stores.copying import Change, Part
from stores.models import Store

from .templates import save_template

_TAKEN = ("subject", "body", "only_to_fulfil", "language")


def _preview(source: Store, target: Store) -> Sequence[Change]:
    return [
        Change(
            theirs.name,
            _("version %(number)d: %(subject)s") % {"number": ours.version, "subject": ours.subject} if ours else "",
            theirs.subject,
        )
        for theirs, ours in _pairs(source, target)
    ]


def _apply(source: Store, target: Store, actor: Actor) -> None:
    for theirs, ours in _pairs(source, target):
        values = {name: getattr(theirs, name) for name in _TAKEN}
        save_template(ours, name=theirs.name, store=target, actor=actor, **values)


def _pairs(source: Store, target: Store) -> Iterator[tuple[Template, Template | None]]:
    """The source's templates that the target has not, or otherwise. Its other ones stay."""
    ours = {template.name: template for template in Template.objects.filter(store=target)}
    for theirs in Template.objects.filter(store=source).order_by("name"):
        known = ours.get(theirs.name)
        if known is None or any(getattr(known, name) != getattr(theirs, name) for name in _TAKEN):
            yield theirs, known


PART = Part("templates", gettext_lazy("Mail templates of the store"), _preview, _apply, position=30)
