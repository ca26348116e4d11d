"""Addresses: which can be written to, and which are the same person's. Pure; no look-up in the DNS."""

from __future__ import annotations

from email_validator import EmailNotValidError, validate_email

from backoffice.core.text import fold


def deliverable(address: str) -> str | None:
    """The address as it goes on the wire, its domain in ASCII (IDNA), or None for one that cannot work: no domain,
    several addresses in one, a local part that needs SMTPUTF8, a domain that is reserved for tests."""
    if len(address) > 320:
        return None
    try:
        return validate_email(address.strip(), check_deliverability=False, allow_smtputf8=False).ascii_email
    except EmailNotValidError:
        return None


def address_key(address: str) -> str:
    """One person, one mail: the same for every spelling in upper and lower case. Give it what `deliverable` gave."""
    return fold(address)
