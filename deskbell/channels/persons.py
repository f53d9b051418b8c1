"""What the outside world means for two people who become one, and two again."""

from __future__ import annotations

import re

from django.utils.translation import gettext_lazy as _

from deskbell.channels.email.parse import parse
from deskbell.channels.models import Channel, ChatConsent, ChatReference, InboundItem, LinkedDevice
from deskbell.people.addresses import BadAddress, email_key
from deskbell.people.models import PersonMerge
from deskbell.people.references import returns, stays, withdrawn
from deskbell.people.traces import Trace
from deskbell.tickets.persons import chats_moved_on, give_back_messages, written_since

withdrawn(ChatReference, "person", _("Links by which the person’s chat was to be known"))
stays(ChatConsent, "by")
stays(LinkedDevice, "accepted_by")

_HEAD = re.compile(rb"\r?\n\r?\n")


@returns
def give_back_received(merge: PersonMerge) -> None:
    """What came in since by an address that is the source's again."""
    chats_moved_on(merge)
    his = Trace.of(merge.source)
    came = InboundItem.objects.select_related("channel").filter(
        message_id__in=written_since(merge).values("pk")
    )
    give_back_messages(merge, [item.message_id for item in came if item.message_id and _sent_by(item, his)])


def _sent_by(item: InboundItem, his: Trace) -> bool:
    """By the From of a mail, as it was when the mail came in; else by who sent it."""
    if item.channel.kind != Channel.Kind.EMAIL:
        return his.is_his(item.envelope_from)
    raw = bytes(item.raw)
    end = _HEAD.search(raw)
    try:
        return his.is_his(email_key(parse(raw[: end.end()] if end else raw).sender[1]))
    except BadAddress:
        return False
