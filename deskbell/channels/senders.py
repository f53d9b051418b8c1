"""Whose mails and forms are taken: what an administrator said of an address or of its whole domain."""

from __future__ import annotations

from deskbell.channels.models import SenderRule
from deskbell.people.addresses import BadAddress, email_key

Kind = SenderRule.Kind


def kind_of(address: str) -> str:
    """`block`, `allow` or nothing; what is said of the address itself counts before what is of its domain."""
    try:
        key = email_key(address)
    except BadAddress:
        return ""
    found = dict(SenderRule.objects.filter(sender__in=(key, domain_of(key))).values_list("sender", "kind"))
    return found.get(key) or found.get(domain_of(key)) or ""


def domain_of(key: str) -> str:
    return key.rpartition("@")[2]
