"""Keys by which addresses are compared."""

from __future__ import annotations

import re

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


#: mail providers that give an address to anybody
PUBLIC_MAIL = """
    126.com 163.com aol.com fastmail.com gmail.com gmx.at gmx.ch gmx.com gmx.de gmx.net googlemail.com hey.com
    icloud.com libero.it live.com mac.com mail.com mail.ru mailbox.org me.com msn.com naver.com orange.fr
    outlook.com pm.me posteo.de proton.me protonmail.com qq.com rediffmail.com rocketmail.com seznam.cz
    t-online.de tutanota.com web.de wp.pl yandex.com yandex.ru ymail.com zoho.com
"""
PUBLIC_MAIL_DOMAINS = frozenset(PUBLIC_MAIL.split())
#: those with a domain in many countries
PUBLIC_MAIL_BRANDS = frozenset({"hotmail", "live", "outlook", "yahoo"})


def is_public_mail_domain(domain: str) -> bool:
    """Whether anybody can have an address there, so that it says nothing about a person's company."""
    key = domain_key(domain)
    brand, _dot, country = key.partition(".")
    national = brand in PUBLIC_MAIL_BRANDS and (len(country) == 2 or country[:3] in {"co.", "com"})
    return key in PUBLIC_MAIL_DOMAINS or national


def is_domain(given: str) -> bool:
    """Whether mail could be sent there: a name with a dot, as strict as a form should be."""
    return "." in given and is_email(f"somebody@{given}")


def is_email(given: str) -> bool:
    """Whether a person could receive mail there, as strict as a form should be."""
    try:
        validate_email(email_key(given))
    except (BadAddress, ValidationError):
        return False
    return True


def region_of(number: str) -> str | None:
    """The country of a number that is written with its code, `GB`; none for what is not one."""
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return None
    return phonenumbers.region_code_for_country_code(parsed.country_code or 0)


def chat_number_key(given: str, region: str | None = None) -> str:
    """The digits of a number typed by whoever has it, in any of the usual ways, with its country code.

    Chats have numbers that are dialled otherwise: what only looks possible is taken. Raises BadAddress.
    """
    text = re.sub(r"^\s*00", "+", given)
    try:
        return phone_key(text, region).removeprefix("+")
    except BadAddress:
        digits = re.sub(r"[\s().+/-]", "", text)
        if digits.isascii() and digits.isdigit() and 8 <= len(digits) <= 15 and not digits.startswith("0"):
            return digits
        raise


def phone_key(given: str, region: str | None = None) -> str:
    """E.164 of a number typed by a person. Raises BadAddress."""
    try:
        number = phonenumbers.parse(given, region)
    except phonenumbers.NumberParseException as error:
        raise BadAddress(f"{given!r} is not a phone number with its country code") from error
    if not phonenumbers.is_possible_number(number):
        raise BadAddress(f"{given!r} is not a possible phone number")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
