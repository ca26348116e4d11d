"""The filters above the list: fields for the part of the vocabulary that people use most. Names are the vocabulary's
own, so that an address can be passed on, to a colleague or to the API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from backoffice.core.actor import Actor
from orders.labels import known
from stores.models import Store


@dataclass(frozen=True, slots=True)
class Choice:
    value: str
    text: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Field:
    """A select when it has choices, else an input of `kind`."""

    name: str
    title: str
    value: str
    kind: str = "text"
    choices: tuple[Choice, ...] = ()
    placeholder: str = ""

    @property
    def is_unlisted(self) -> bool:
        """Several values at once, as an address may hold: kept when the form is sent again."""
        return bool(self.value and self.choices) and not any(choice.is_chosen for choice in self.choices)


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter that is on; `url` is the list without it."""

    text: str
    url: str


@dataclass(frozen=True, slots=True)
class ListForm:
    search: str
    fields: tuple[Field, ...]
    stage: str
    chips: tuple[Chip, ...]

    @property
    def is_empty(self) -> bool:
        return not self.search and not self.chips


def form_of(asked: Mapping[str, Sequence[str]], *, actor: Actor) -> ListForm:
    """One query, for the stores that the actor may choose from."""
    values = {name: ",".join(texts) for name, texts in asked.items()}
    fields = _fields(values, actor=actor)
    titles = {field.name: field.title for field in fields}
    shown = {field.name: _shown(field) for field in fields}
    chips = tuple(
        Chip(f"{titles.get(name, name)}: {shown.get(name) or value}", _without(asked, name))
        for name, value in values.items()
        if name not in {"stage", "q"}
    )
    return ListForm(search=values.get("q", ""), fields=fields, stage=values.get("stage", ""), chips=chips)


def _fields(values: Mapping[str, str], *, actor: Actor) -> tuple[Field, ...]:
    stores = Store.objects.visible_to(actor).order_by("name", "pk").values_list("pk", "name")
    yes_no = [("true", _("Yes")), ("false", _("No"))]

    def select(name: str, title: str, choices: Sequence[tuple[str, str]]) -> Field:
        value = values.get(name, "")
        return Field(name, title, value, choices=tuple(Choice(each, text, each == value) for each, text in choices))

    def text(name: str, title: str, placeholder: str = "", kind: str = "text") -> Field:
        return Field(name, title, values.get(name, ""), kind=kind, placeholder=placeholder)

    return (
        select("store", pgettext("filter", "Store"), [(str(pk), name) for pk, name in stores]),
        select("payment", pgettext("filter", "Payment"), [(value, each.text) for value, each in known("payment")]),
        select(
            "fulfilment", pgettext("filter", "Fulfilment"), [(value, each.text) for value, each in known("fulfilment")]
        ),
        select("return", pgettext("filter", "Return"), [(value, each.text) for value, each in known("return")]),
        text("tag", pgettext("filter", "Tag")),
        text("tag_none", pgettext("filter", "Without tag")),
        select("on_hold", pgettext("filter", "On hold"), yes_no),
        text("currency", pgettext("filter", "Currency"), "EUR"),
        text("country", pgettext("filter", "Country"), "NL"),
        text("processed_from", pgettext("filter", "Placed from"), kind="date"),
        text("processed_before", pgettext("filter", "Placed before"), kind="date"),
        select("has_comment", pgettext("filter", "Has comments"), yes_no),
    )


def _shown(field: Field) -> str:
    return next((choice.text for choice in field.choices if choice.is_chosen), "")


def _without(asked: Mapping[str, Sequence[str]], name: str) -> str:
    return f"?{urlencode([(each, text) for each, texts in asked.items() if each != name for text in texts])}"
