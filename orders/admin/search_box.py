"""The search text above the list: what it selects in words, or where it is wrong and what may have been meant."""

from __future__ import annotations

from dataclasses import dataclass

from backoffice.core.actor import Actor
from backoffice.core.errors import BackofficeError, InvalidFields
from orders.filters import SEARCH, explain
from orders.query.syntax import QueryError, parse
from orders.query.tree import Term, terms

from .question import Question


@dataclass(frozen=True, slots=True)
class Mistake:
    """The text in three parts, of which the middle one is wrong. `mended` is the address of the list with what may
    have been meant, and `suggestion` that one's text; both empty where nothing is near."""

    before: str
    wrong: str
    after: str
    message: str
    suggestion: str = ""
    mended: str = ""


def sentence_of(text: str, *, actor: Actor) -> str:
    """What a text with conditions selects; empty for mere words, which say so themselves, and for a wrong one."""
    try:
        if not any(isinstance(leaf, Term) for leaf in terms(parse(text))):
            return ""
        return explain(text, actor=actor)
    except QueryError:
        return ""


def mistake_in(question: Question, error: BackofficeError | None) -> Mistake | None:
    """Where the search text is wrong, when that is what the list was refused for."""
    if not isinstance(error, InvalidFields):
        return None
    found = next((each for each in error.errors if each.field == SEARCH and each.at), None)
    if found is None or found.at is None:
        return None
    text = question.search.strip()
    before, wrong, after = text[: found.at[0]], text[found.at[0] : found.at[1]], text[found.at[1] :]
    if not found.suggestion:
        return Mistake(before, wrong, after, found.message)
    suggestion = _mended(wrong, found.code, found.suggestion)
    other = question.query.copy()
    other.pop("cursor", None)
    other[SEARCH] = before + suggestion + after
    return Mistake(before, wrong, after, found.message, suggestion, f"?{other.urlencode()}")


def _mended(wrong: str, code: str, suggestion: str) -> str:
    """A wrong name stands before the rest of its term; a wrong value stands alone."""
    if code != "field_unknown":
        return suggestion
    name = wrong[: next((at for at, letter in enumerate(wrong) if letter in ":<>= "), len(wrong))]
    return suggestion + wrong[len(name) :]
