"""Codes for signing in that go by WhatsApp: who may have one, by which of our numbers, and in which words."""

from __future__ import annotations

import logging
import secrets
import time

from django.conf import settings
from django.db import transaction
from django.db.models import Case, Exists, F, OuterRef, Q, QuerySet, Value, When
from django.db.models.functions import Concat
from django.utils import timezone

from deskbell.channels.models import Channel, MessageTemplate
from deskbell.channels.whatsapp import outgoing, templates
from deskbell.channels.whatsapp.drafts import CODE
from deskbell.kit.chats import PHONE
from deskbell.outbox import actions as outbox
from deskbell.people.addresses import region_of
from deskbell.people.companies import company
from deskbell.people.models import Identity
from deskbell.people.whatsapp import SILENT, aliases
from deskbell.tickets.models import Conversation

log = logging.getLogger(__name__)
WHATSAPP = (Identity.Kind.WA_ID, Identity.Kind.WA_BSUID, Identity.Kind.WA_LID)
#: kinds of messages with a code: to sign in, and to show that a number is one's own
SIGN_IN, PROOF = "account.login_code", "account.number_code"


def are_offered() -> bool:
    """Whether somebody could be sent one: a number that works has a template for it, and they are wanted."""
    return company().whatsapp_codes and _best(_approved()) is not None


def region() -> str | None:
    """The country whose numbers people may write without its code: that of our own number."""
    template = _best(_approved())
    return region_of(template.channel.whatsapp.display_number) if template else None


def number_of(digits: str) -> Identity | None:
    """The number by which somebody may sign in who says that `digits` are his; none if there is no such.

    It was proven, and it was heard from within SILENT, so that it has no new owner. One by which he came
    counts only as long as nobody told us of another address of his. One query for every answer.
    """
    since = timezone.now() - SILENT
    # as the API writes it, or a linked device
    address = Q(address=OuterRef("key")) | Q(address=Concat(OuterRef("key"), Value(PHONE)))
    heard = Conversation.objects.filter(address, person=OuterRef("user"), last_in_at__gt=since)
    proven = Q(kind__in=WHATSAPP, proven_at__isnull=False)
    itself = Q(kind=Identity.Kind.PHONE, key=Concat(Value("+"), OuterRef("key")))
    told = Identity.objects.filter(user=OuterRef("user")).exclude(proven).exclude(itself)
    rows = Identity.objects.select_related("user").filter(
        kind=Identity.Kind.WA_ID,
        scope="",
        key__in=[digits, *aliases(digits)],
        proven_at__isnull=False,
        user__is_active=True,
    )
    rows = rows.filter(Q(proven_at__gt=since) | Exists(heard))
    rows = rows.exclude(Q(proven_how=Identity.Proof.CAME) & Exists(told))
    return rows.order_by(Case(When(key=digits, then=0), default=1), "pk").first()


def as_known(digits: str) -> str:
    """The number as WhatsApp writes it, where somebody has it here."""
    rows = Identity.objects.filter(kind=Identity.Kind.WA_ID, scope="", key__in=[digits, *aliases(digits)])
    exact = Case(When(key=digits, then=0), default=1)
    return rows.order_by(exact, "pk").values_list("key", flat=True).first() or digits


def put_code(address: str, code: str, *, language: str, kind: str = SIGN_IN) -> None:
    """Put `code` for the WhatsApp number `address`, digits as WhatsApp writes them.

    It belongs to no chat and no ticket, and does not leave when it is no longer good.
    """
    template = _best(_all(), address=address, language=language)
    if template is None:
        log.warning("no number can send codes by WhatsApp any more")
        return
    with transaction.atomic():
        outbox.put(
            outgoing.DRIVER,
            recipient=address,
            kind=kind,
            cause=("account_request", secrets.randbits(62)),
            payload={
                "template": templates.with_code(template, code),
                "until": time.time() + settings.ACCOUNT_LOGIN_BY_CODE_TIMEOUT,
            },
            channel_id=template.channel_id,
        )


def _all() -> QuerySet[MessageTemplate]:
    """Of the official API alone: a linked device sends no templates."""
    rows = MessageTemplate.objects.select_related("channel__whatsapp").filter(
        category=templates.AUTHENTICATION
    )
    return rows.filter(channel__kind=Channel.Kind.WHATSAPP_CLOUD).order_by("pk")


def _approved() -> QuerySet[MessageTemplate]:
    return _all().filter(status=templates.APPROVED, channel__state=Channel.State.OK)


def _best(
    rows: QuerySet[MessageTemplate], *, address: str = "", language: str = ""
) -> MessageTemplate | None:
    """One that works before one that may work again, the number he chats with before another, his language
    before another, ours before one that somebody made.
    """
    found = [row for row in rows if templates.takes_code(row)]
    chats = Conversation.objects.filter(address=address) if address else Conversation.objects.none()
    talked = (
        chats.order_by(F("last_in_at").desc(nulls_last=True)).values_list("channel_id", flat=True).first()
    )

    def fit(row: MessageTemplate) -> tuple[bool, ...]:
        works = row.status == templates.APPROVED and row.channel.state == Channel.State.OK
        spoken = bool(language) and row.language[:2] == language[:2]
        return works, row.channel_id == talked, spoken, row.language[:2] == "en", row.name == CODE

    return max(found, key=fit, default=None)
