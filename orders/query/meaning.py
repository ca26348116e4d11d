"""What a search text means: its tree and the table of fields make a condition on orders, and a sentence."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeGuard

from django.db.models import Q
from django.utils.translation import gettext as _

from backoffice.core.parameters import nearest

from .given import Given
from .kinds import Condition, Kind
from .syntax import QueryError
from .tree import All, Any, Node, Not, Term, Words

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


@dataclass(frozen=True, slots=True)
class Field:
    """One name of the vocabulary. `title` names it in a sentence, `help` is for the API's documentation. `aliases` are
    other names for it in a search text, such as Shopify's."""

    name: str
    kind: Kind
    title: StrOrPromise
    help: StrOrPromise
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The fields, and what texts without a name mean together. `shortcuts` are single words that stand for a term."""

    fields: tuple[Field, ...]
    anywhere: Callable[[Sequence[str]], Condition]
    shortcuts: Mapping[str, Term]

    def field(self, term: Term) -> Field:
        """Raises `QueryError` for a name that there is not, with the nearest one."""
        names = {name: each for each in self.fields for name in (each.name, *each.aliases)}
        found = names.get(term.name.casefold())
        if found is not None:
            return found
        guess = nearest(term.name.casefold(), names) or ""
        if guess:
            message = _("There is no field “%(name)s”; did you mean “%(guess)s”?")
        else:
            message = _("There is no field “%(name)s”. Put quotes around the whole to search for it as a text.")
        raise QueryError(
            "field_unknown", message % {"name": term.name[:50], "guess": guess}, term.span, suggestion=guess
        )

    def condition(self, node: Node, given: Given) -> Q:
        """Raises `QueryError` for the first term that is not understood."""
        match node:
            case All(items):
                # What is looked for as well as something else may be short: "jan de" is one thing to find.
                texts = [item.text for item in items if self._is_text(item)]
                found = Q(self.anywhere(texts)) if texts else Q()
                for item in items:
                    if not self._is_text(item):
                        found &= self.condition(item, given)
                return found
            case Any(items):
                found = self.condition(items[0], given)
                for item in items[1:]:
                    found |= self.condition(item, given)
                return found
            case Not(item):
                return ~self.condition(item, given)
            case Words(text):
                short = self.shortcuts.get(text.casefold())
                return self.condition(short, given) if short else Q(self.anywhere([text]))
            case Term():
                return Q(self.field(node).kind.condition(node, given))

    def _is_text(self, node: Node) -> TypeGuard[Words]:
        return isinstance(node, Words) and node.text.casefold() not in self.shortcuts

    def explain(self, node: Node | None) -> str:
        """What a tree that `condition` understands selects, as a sentence without its full stop."""
        return _("every order") if node is None else self._said(node, inside=False)

    def _said(self, node: Node, *, inside: bool) -> str:
        match node:
            case All(items):
                return self._joined(items, _(" and "), inside=inside)
            case Any(items):
                return self._joined(items, _(" or "), inside=inside)
            case Not(item):
                return _("not (%(condition)s)") % {"condition": self._said(item, inside=False)}
            case Words(text):
                short = self.shortcuts.get(text.casefold())
                return self._said(short, inside=inside) if short else _("“%(text)s” is found in it") % {"text": text}
            case Term():
                field = self.field(node)
                return field.kind.words(node, str(field.title))

    def _joined(self, items: tuple[Node, ...], word: str, *, inside: bool) -> str:
        text = word.join(self._said(item, inside=True) for item in items)
        return f"({text})" if inside else text
