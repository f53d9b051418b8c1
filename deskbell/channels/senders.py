"""Whose mails and forms are taken: what an administrator said of an address or of its whole domain."""

from __future__ import annotations

from deskbell.channels.models import SenderRule
from deskbell.people.addresses import BadAddress, email_key
from deskbell.people.whatsapp import aliases

Kind = SenderRule.Kind


def kind_of(address: str) -> str:
    """`block`, `allow` or nothing; what is said of the address itself counts before what is of its domain."""
    try:
        key = email_key(address)
    except BadAddress:
        return ""
    found = dict(SenderRule.objects.filter(sender__in=(key, domain_of(key))).values_list("sender", "kind"))
    return found.get(key) or found.get(domain_of(key)) or ""


def kind_of_number(wa_id: str) -> str:
    """`block`, `allow` or nothing, of a WhatsApp number in digits, however it is written."""
    if not wa_id:
        return ""
    keys = [f"+{number}" for number in (wa_id, *aliases(wa_id))]
    rows = SenderRule.objects.filter(sender__in=keys).order_by("pk").values_list("kind", flat=True)
    return rows.first() or ""


def domain_of(key: str) -> str:
    return key.rpartition("@")[2]
