"""A number that stays in the WhatsApp Business app of a phone: its earlier chats, and its link to us."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils.translation import gettext_noop as N_

from deskbell.channels import events
from deskbell.channels.models import Channel, PastMessage
from deskbell.channels.whatsapp import errors, incoming
from deskbell.events.actor import SYSTEM
from deskbell.events.publish import publish
from deskbell.kit.stored import sentence
from deskbell.outbox.actions import try_now
from deskbell.people.models import Identity
from deskbell.people.whatsapp import aliases

NO_HISTORY = sentence(N_("The phone's earlier chats were not handed over: %(reason)s"))
#: what WhatsApp tells of an account → what is wrong with its numbers; empty when all is well again
ACCOUNT = {
    "PARTNER_REMOVED": errors.PARTNER_REMOVED,
    "ACCOUNT_OFFBOARDED": errors.OFFBOARDED,
    "ACCOUNT_DELETED": errors.OFFBOARDED,
    "DISABLED_UPDATE": errors.RESTRICTED,
    "ACCOUNT_RECONNECTED": "",
    "PARTNER_ADDED": "",
}


@transaction.atomic
def account_changed(channel: Channel, event: str) -> None:
    """WhatsApp cut the account off, or joined it again: it holds for every number of it. What else it tells
    of an account changes nothing here.
    """
    if event not in ACCOUNT:
        return
    said = ACCOUNT[event]
    rows = Channel.objects.filter(whatsapp__waba_id=channel.whatsapp.waba_id).exclude(state=Channel.State.OFF)
    for each in rows.select_for_update(no_key=True, of=("self",)).order_by("pk"):
        before = each.state, each.last_error
        if said:
            each.state, each.last_error = Channel.State.DOWN, said
        elif each.last_error in ACCOUNT.values():
            each.state, each.last_error = Channel.State.OK, ""
        if (each.state, each.last_error) != before:
            each.save(update_fields=["state", "last_error"])
            told = events.ChannelTold(name=each.name, said=said or errors.RECONNECTED)
            publish(told, about=each, by=SYSTEM)
            if not said:
                try_now(each.pk)


def take_history(channel: Channel, value: dict[str, Any]) -> str:
    """Keep the phone's earlier chats with people we know, to be read; they open no ticket. What is wrong."""
    problem = ""
    for chunk in _list(value.get("history")):
        for error in _list(chunk.get("errors")):
            problem = NO_HISTORY % {"reason": str(error.get("title") or error.get("message") or "?")[:200]}
        for thread in _list(chunk.get("threads")):
            _keep_thread(channel, str(thread.get("id", "")).removeprefix("+"), _list(thread.get("messages")))
    return problem


def _keep_thread(channel: Channel, address: str, messages: list[dict[str, Any]]) -> None:
    if not is_known(address):
        return
    PastMessage.objects.bulk_create(
        [
            PastMessage(
                channel=channel,
                external_id=parsed.external_id[:300],
                address=address,
                ours=str(message.get("from", "")).removeprefix("+") != address,
                text=parsed.text or incoming.placeholder(parsed) or f"({parsed.type})",
                written_at=parsed.at,
            )
            for message in messages
            if (parsed := incoming.parse(incoming.raw(message, []))).external_id and parsed.at
        ],
        ignore_conflicts=True,
    )


def is_known(address: str) -> bool:
    if not address.isascii() or not address.isdigit():
        return False
    numbers = [address, *aliases(address)]
    known = Identity.objects.filter(kind=Identity.Kind.WA_ID, key__in=numbers)
    return (
        known.exists()
        or Identity.objects.filter(
            kind=Identity.Kind.PHONE, key__in=[f"+{number}" for number in numbers], verified_at__isnull=False
        ).exists()
    )


def _list(value: Any) -> list[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
