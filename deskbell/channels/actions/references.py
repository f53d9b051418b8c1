"""Signs by which a signed-in customer binds his WhatsApp chat to himself."""

from __future__ import annotations

import hashlib
import re
import secrets
from datetime import timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from deskbell.channels import events
from deskbell.channels.models import Channel, ChatReference
from deskbell.events.publish import publish
from deskbell.people.models import User

#: how long one is good for
GOOD_FOR = timedelta(hours=24)
#: without signs that are easily taken for others; 12 of them cannot be guessed
SIGNS, LENGTH = "23456789ABCDEFGHJKMNPQRSTUVWXYZ", 12
#: as it stands in a message
FORM = re.compile(r"\[?\bref:([0-9A-Za-z]{12})\b\]?")


@transaction.atomic
def make_reference(person: User) -> str:
    """A new one; those that he had asked for before are good no more."""
    sign = "".join(secrets.choice(SIGNS) for _place in range(LENGTH))
    ChatReference.objects.filter(person=person, used_at=None).delete()
    ChatReference.objects.create(digest=_digest(sign), person=person, expires_at=timezone.now() + GOOD_FOR)
    publish(events.ChatLinkMade(), about=person, by=person)
    return sign


@transaction.atomic
def redeem(sign: str) -> User | None:
    """Whose it is; it is used up by that. None for a wrong, used or late one."""
    now = timezone.now()
    rows = ChatReference.objects.select_for_update(of=("self",)).select_related("person")
    row = rows.filter(digest=_digest(sign), used_at=None, expires_at__gt=now).first()
    if row is None:
        return None
    row.used_at = now
    row.save(update_fields=["used_at"])
    return row.person


def forget_old() -> None:
    """What can do nothing any more."""
    ChatReference.objects.filter(expires_at__lt=timezone.now() - GOOD_FOR).delete()


def numbers_to_chat_with() -> list[Channel]:
    """Those that work and of which the other side has told us how they are dialled."""
    return list(_dialled().select_related("whatsapp").order_by("name", "pk"))


def may_chat() -> bool:
    return _dialled().exists()


def _dialled() -> QuerySet[Channel]:
    rows = Channel.objects.filter(kind=Channel.Kind.WHATSAPP_CLOUD, state=Channel.State.OK)
    return rows.exclude(whatsapp__display_number="")


def _digest(sign: str) -> str:
    return hashlib.sha256(sign.upper().encode()).hexdigest()
