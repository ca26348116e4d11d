"""Templates: written, changed and removed by staff; read before they are kept."""

from __future__ import annotations

from babel import Locale, UnknownLocaleError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from backoffice.core import audit
from backoffice.core.actor import Actor, Right
from backoffice.core.errors import Invalid, NotAllowed
from backoffice.core.text import clean
from notifications.models import Template
from stores.models import Store

from .wording import worded


def save_template(
    template: Template | None,
    *,
    name: str,
    subject: str,
    body: str,
    store: Store | None = None,
    only_to_fulfil: bool = True,
    language: str | None = None,
    actor: Actor,
) -> Template:
    """Keeps a new template or the next version of one; batches under way keep the text with which they began.
    `language` as on Template; None leaves it as it is.

    Raises `Invalid` with the field and the line of a mistake, `NotAllowed` for a template of a store without
    MANAGE_STORE there, and for a shared one to all but administrators."""
    name, subject, body = clean(name), clean(subject), clean(body)
    if not name:
        raise Invalid("name_missing", _("Give the template a name."), field="name")
    if template is not None:
        _may_change(template.store_id, actor)
    _may_change(store.pk if store else None, actor)
    wording = worded(subject=subject, body=body)
    row = template or Template()
    row.name, row.subject, row.body = name[:100], wording.subject, wording.body
    row.store, row.only_to_fulfil = store, only_to_fulfil
    row.language = row.language if language is None else _known(language)
    if template is not None:
        row.version += 1
    try:
        with transaction.atomic():
            row.save()
            action = "template.changed" if template else "template.created"
            audit.record(action, actor=actor, store_id=row.store_id, subject=row.name, version=row.version)
    except IntegrityError as error:
        raise Invalid("name_taken", _("There is a template of this name already."), field="name") from error
    return row


def delete_template(template: Template, *, actor: Actor) -> None:
    """Batches that were made from it keep their text."""
    _may_change(template.store_id, actor)
    with transaction.atomic():
        audit.record("template.deleted", actor=actor, store_id=template.store_id, subject=template.name)
        template.delete()


def _may_change(store_id: int | None, actor: Actor) -> None:
    allowed = actor.sees_every_store if store_id is None else actor.may(Right.MANAGE_STORE, store_id)
    if not allowed:
        raise NotAllowed(
            "template_not_allowed",
            _("A template for all stores is changed by administrators, a store's own by its managers."),
        )


def _known(language: str) -> str:
    wanted = language.strip()
    try:
        if wanted:
            Locale.parse(wanted.replace("-", "_"))
    except (UnknownLocaleError, ValueError) as error:
        raise Invalid(
            "language_unknown", _("There is no such language. Write it as en, nl or pt-BR."), field="language"
        ) from error
    return wanted
