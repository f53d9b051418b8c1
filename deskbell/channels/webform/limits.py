"""How much may come in by the web form within an hour, counted for all processes together."""

from __future__ import annotations

import ipaddress

from deskbell.channels import tallies

#: forms
PER_ADDRESS = 5
PER_NETWORK = 20
#: answers by one link that needs no sign-in
PER_LINK = 20
#: of one network
FILES = 60
BYTES = 300_000_000
#: with one form
FILES_AT_ONCE = 10


class TooMuch(Exception):
    """The hour's measure is full; `what` is address, network or files."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


def count_form(email: str, ip: str) -> None:
    """Count one form of this sender. Raises TooMuch; the caller's transaction must end then."""
    _count("address", email.casefold(), 1, PER_ADDRESS)
    _count("network", network_of(ip), 1, PER_NETWORK)


def count_answer(link: int, ip: str) -> None:
    """Count one answer by a link without a sign-in. Raises TooMuch, which must end the transaction."""
    _count("link", str(link), 1, PER_LINK)
    _count("answers", network_of(ip), 1, 3 * PER_LINK)


def count_file(ip: str, size: int) -> None:
    """Count a file of `size` bytes. Raises TooMuch."""
    network = network_of(ip)
    _count("files", network, 1, FILES)
    _count("files", f"{network} bytes", size, BYTES)


def network_of(ip: str) -> str:
    """Who shares a limit: one IPv4 address, or the IPv6 network that a provider gives to one customer."""
    address = ipaddress.ip_address(ip)
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)


def _count(what: str, who: str, amount: int, most: int) -> None:
    if not tallies.count(tallies.key_of("channels.webform", what, who), most=most, amount=amount):
        raise TooMuch(what)
