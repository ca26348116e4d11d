"""The text of a batch: from a template, or written for this once. Read before it is used."""

from __future__ import annotations

from dataclasses import dataclass, replace

from django.utils.translation import gettext as _

from backoffice.core.errors import Invalid
from notifications.models import Template
from notifications.rendering.mail import check_source

LONGEST_SUBJECT = 300


@dataclass(frozen=True, slots=True)
class Wording:
    """The text of a batch, frozen: from a template, or written for this once."""

    name: str
    subject: str
    body: str
    only_to_fulfil: bool
    language: str = ""
    template: Template | None = None

    def language_for(self, recipients_own: str) -> str:
        """In which language amounts, dates and lists of names are written."""
        return (self.language or recipients_own)[:20]

    @property
    def only_store_id(self) -> int | None:
        return self.template.store_id if self.template else None


def worded(
    *, template: Template | None = None, subject: str = "", body: str = "", only_to_fulfil: bool | None = None
) -> Wording:
    """The text that is meant. Raises `Invalid` when there is none, or when it cannot be read."""
    if template is not None:
        wording = Wording(
            template.name, template.subject, template.body, template.only_to_fulfil, template.language, template
        )
    else:
        wording = Wording(subject.strip()[:100], subject.strip(), body.strip(), True)
    if only_to_fulfil is not None and only_to_fulfil != wording.only_to_fulfil:
        wording = replace(wording, only_to_fulfil=only_to_fulfil)
    if not wording.subject:
        raise Invalid("subject_missing", _("Write a subject."), field="subject")
    if len(wording.subject) > LONGEST_SUBJECT:
        raise Invalid("subject_too_long", _("The subject is longer than 300 characters."), field="subject")
    if not wording.body:
        raise Invalid("body_missing", _("Write the text of the mail."), field="body")
    check_source(subject=wording.subject, body=wording.body)
    return wording
