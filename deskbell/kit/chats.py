"""How the address of a chat reads."""

from __future__ import annotations

#: what WhatsApp Web writes behind the digits of a phone number; behind a hidden id stands something else
PHONE = "@s.whatsapp.net"


def shown(address: str) -> str:
    """As people write it: a number in digits gets its plus, whatever is no number stays as it is."""
    digits = address.removesuffix(PHONE)
    return f"+{digits}" if digits.isascii() and digits.isdigit() else address


def phone_of(address: str) -> str:
    """The digits of the phone number that an address is; empty for a hidden id."""
    digits = address.removesuffix(PHONE)
    return digits if digits.isascii() and digits.isdigit() else ""
