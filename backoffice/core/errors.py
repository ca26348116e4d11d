"""Errors that a service raises on purpose. Doors translate them: one place to a status, one to an admin message.

Every error has a `code` for machines, a sentence for people that says what to do, and facts for logs (never personal
data, never secrets)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


class BackofficeError(Exception):
    """Base. `field` names the input that is wrong, where one is."""

    def __init__(self, code: str, message: str, *, field: str = "", **facts: Any) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.field = field
        self.facts = facts

    def __str__(self) -> str:
        return self.message


class Refused(BackofficeError):
    """The request was understood and will not be carried out: a rule of the product or of the shop says no."""


class Invalid(BackofficeError):
    """The input cannot be right; `field` names it and the message the remedy."""


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong with one of several inputs. `at`: from which character of it to which, where that is known;
    `suggestion`: what may stand there instead."""

    field: str
    code: str
    message: str
    at: tuple[int, int] | None = None
    suggestion: str = ""


class InvalidFields(Invalid):
    """Several inputs cannot be right: each is named, so that all can be mended at once."""

    def __init__(self, errors: Sequence[FieldError]) -> None:
        first = errors[0]
        super().__init__(first.code, " ".join(error.message for error in errors), field=first.field)
        self.errors = tuple(errors)


class NotAllowed(BackofficeError):
    """The actor may see the thing but lacks the right to do this."""


class NotFound(BackofficeError):
    """No such thing, or none that the actor may see: the two are never told apart."""


class Busy(BackofficeError):
    """Somebody else holds it; the same request may succeed in a moment."""


class Unreachable(BackofficeError):
    """A service outside did not answer usefully; nothing was changed here."""
