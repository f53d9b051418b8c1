"""Keys by which addresses are compared."""

from __future__ import annotations

import phonenumbers
from django.core.exceptions import ValidationError
from django.core.validators import validate_email


class BadAddress(ValueError):
    """Not an address; the message is for people."""


def email_key(given: str) -> str:
    """Casefolded local part and IDNA A-label domain. Raises BadAddress."""
    local, at, domain = given.strip().rpartition("@")
    if not (at and local and domain) or any(c.isspace() or ord(c) < 32 for c in given.strip()):
        raise BadAddress(f"{given!r} is not an e-mail address")
    return f"{local.casefold()}@{domain_key(domain)}"


def domain_key(domain: str) -> str:
    """The A-label form of a mail domain. Raises BadAddress."""
    try:
        return domain.strip().rstrip(".").lower().encode("idna").decode()
    except UnicodeError as error:
        raise BadAddress(f"{domain!r} is not a domain") from error


def is_email(given: str) -> bool:
    """Whether a person could receive mail there, as strict as a form should be."""
    try:
        validate_email(email_key(given))
    except (BadAddress, ValidationError):
        return False
    return True


def phone_key(given: str, region: str | None = None) -> str:
    """E.164 of a number typed by a person. Raises BadAddress."""
    try:
        number = phonenumbers.parse(given, region)
    except phonenumbers.NumberParseException as error:
        raise BadAddress(f"{given!r} is not a phone number with its country code") from error
    if not phonenumbers.is_possible_number(number):
        raise BadAddress(f"{given!r} is not a possible phone number")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
