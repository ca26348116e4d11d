"""From template and orders to subject, HTML and text. Called by previews, by the check of a template, and right before
a mail is sent."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from backoffice.core.errors import Invalid
from stores.models import Store

from .sandbox import TooCostly, sandbox
from .words import WORDS, Words

_RIGHT_TO_LEFT = frozenset({"ar", "dv", "fa", "he", "ku", "ps", "ur", "yi"})
_ABOUT_ALL = re.compile(r"\{[{%][^}]*\border(?:s|_names)\b")
_LONGEST_SUBJECT = 300
TOO_COSTLY = "template_too_costly"


@dataclass(frozen=True, slots=True)
class Rendered:
    """One mail's content. `html` is a whole document, `text` the same in words."""

    subject: str
    html: str
    text: str


def check_source(*, subject: str, body: str) -> None:
    """Raises `Invalid` when the template cannot be read; `field` is `subject` or `body`, `line` a fact of it. A word
    below a known one (`customer.nmae`) shows only when something is rendered."""
    _asked({"subject": subject, "body": body, "known": sorted(WORDS)})


def render_mail(*, subject: str, body: str, words: Words, store: Store) -> Rendered:
    """Renders in the child: at most 2 s and 256 MiB, whatever the template does. Raises `Invalid` with a sentence that
    names the word and the line; never leaves a placeholder or an empty hole."""
    reply = _asked({"subject": subject, "body": body, "words": words})
    title = reply["subject"][:_LONGEST_SUBJECT]
    if not title:
        raise Invalid("subject_empty", _("The subject is empty for this recipient."), field="subject")
    if not reply["text"]:
        raise Invalid("body_empty", _("The mail is empty for this recipient."), field="body")
    language = str(words["locale"]).replace("_", "-") or "en"
    html = render_to_string(
        "notifications/mail.html",
        {
            "subject": title,
            "body": reply["html"],
            "store": store,
            "language": language,
            "direction": "rtl" if language.partition("-")[0].lower() in _RIGHT_TO_LEFT else "ltr",
        },
    )
    return Rendered(subject=title, html=html, text=f"{reply['text']}\n\n-- \n{store.name}\n")


def speaks_of_all_orders(body: str) -> bool:
    """Whether the text uses `orders` or `order_names`; one that does not tells of the first order alone."""
    return _ABOUT_ALL.search(body) is not None


def _asked(request: dict[str, Any]) -> dict[str, str]:
    try:
        reply = sandbox.ask(request)
    except TooCostly as error:
        raise Invalid(
            TOO_COSTLY,
            _("The template takes too long or needs too much memory. Make its loops shorter."),
            field="body",
        ) from error
    if "error" not in reply:
        return reply
    mistake = reply["error"]
    raise Invalid(
        f"template_{mistake['kind']}",
        _sentence(mistake["kind"], mistake["message"], mistake["line"]),
        field=mistake["field"],
        line=mistake["line"],
    )


def _sentence(kind: str, message: str, line: int | None) -> str:
    sentence = {
        "unknown": _("There is no such word: %(message)s. The list of words is in the guide to mails."),
        "absent": _("%(message)s. Write what to say instead with the filter default, or leave the word out with if."),
        "size": _("The template is longer than 64 KB."),
        "cost": _("The template does too much: %(message)s."),
        "filter": _("A filter cannot work with this: %(message)s."),
    }.get(kind, _("The template cannot be read: %(message)s.")) % {"message": message}
    return sentence if line is None else _("Line %(line)d: %(sentence)s") % {"line": line, "sentence": sentence}
