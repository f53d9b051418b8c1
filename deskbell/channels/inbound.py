"""The one door for what comes from outside: from a raw row of the ledger to a decision with its reason.

Parsing and the writing of files happen outside the transaction; then one transaction holds the item, the
person, the ticket, the message and the decision. A second run of a decided item does nothing.
"""

from __future__ import annotations

import logging
import traceback
from contextlib import suppress
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, InterfaceError, OperationalError, connection, transaction
from django.db.models import F
from django.db.models.functions import Left
from django.utils import timezone

from deskbell.channels import events, verdicts
from deskbell.channels.actions import note_received
from deskbell.channels.case import Case, Verdict
from deskbell.channels.email.parse import ParsedMail, parse
from deskbell.channels.media import NotFetched, fetch
from deskbell.channels.models import Channel, InboundItem
from deskbell.channels.models.inbound import SENDER_INDEXED
from deskbell.channels.webform import intake
from deskbell.channels.webform.sent import FormSent
from deskbell.channels.whatsapp import incoming
from deskbell.channels.whatsapp import intake as whatsapp
from deskbell.channels.whatsapp.reading import Chat
from deskbell.channels.whatsapp.turns import wait_for_turn
from deskbell.channels.whatsapp_web import incoming as linked_incoming
from deskbell.channels.whatsapp_web import intake as linked
from deskbell.events.actor import SYSTEM
from deskbell.events.publish import publish
from deskbell.files.actions import store
from deskbell.people.queries import company
from deskbell.tickets.content import NewFile
from deskbell.tickets.models import Ticket

log = logging.getLogger(__name__)

#: tries after which even an error that usually passes sends an item to quarantine
MAX_ATTEMPTS = 20
WAITING_TOO_LONG = timedelta(seconds=60)
AT_ONCE = 1000
#: what a decision writes on its item
DECIDED = (
    "external_id",
    "digest",
    "answerable",
    "state",
    "reason",
    "reason_text",
    "ticket_id",
    "message_id",
    "duplicate_of",
    "decided_at",
)
#: errors of the house, not of the mail: try again
PASSING = (OperationalError, InterfaceError, OSError)


def receive(item_id: int) -> dict[str, Any]:
    """As `decide`; returns what `outcome` tells."""
    decide(item_id)
    return outcome(item_id)


def decide(item_id: int) -> None:
    """Decide what becomes of an inbound item, once.

    Whatever a mail does to us ends in quarantine with a reason. Raises InboundItem.DoesNotExist, and
    OperationalError, InterfaceError or OSError while database or disk are away: then try again.
    """
    item = _begin(item_id)
    if item.state == InboundItem.State.RECEIVED:
        try:
            _understand(item)
        except PASSING as error:
            if item.attempts < MAX_ATTEMPTS:
                raise
            _quarantine(item, error)
        except Exception as error:
            _quarantine(item, error)
        note_received(item.channel_id)


def outcome(item_id: int) -> dict[str, Any]:
    """The decision as a JSON line: `{"inbound": id, "state": …, "reason": …, "ticket": number | None,
    "message": id | None}`.
    """
    item = InboundItem.objects.defer("raw").get(pk=item_id)
    number = None
    if item.ticket_id is not None:
        number = Ticket.objects.filter(pk=item.ticket_id).values_list("number", flat=True).first()
    return {
        "inbound": item.pk,
        "state": item.state,
        "reason": item.reason,
        "ticket": number,
        "message": item.message_id,
    }


def waiting_too_long() -> list[int]:
    """Items whose job was lost."""
    waiting = InboundItem.objects.filter(
        state=InboundItem.State.RECEIVED, received_at__lt=timezone.now() - WAITING_TOO_LONG
    )
    return list(waiting.order_by("received_at").values_list("pk", flat=True)[:AT_ONCE])


def _begin(item_id: int) -> InboundItem:
    """Count the try, so that a mail that takes its worker down with it is not tried for ever."""
    InboundItem.objects.filter(pk=item_id, state=InboundItem.State.RECEIVED).update(
        attempts=F("attempts") + 1
    )
    return InboundItem.objects.select_related(
        "channel__queue__team", "channel__whatsapp", "channel__device"
    ).get(pk=item_id)


def _understand(item: InboundItem) -> None:
    if item.attempts > MAX_ATTEMPTS:
        _settle(item.pk, Verdict.quarantined("gave_up", f"{item.attempts} tries ended without a decision"))
        return
    if item.channel.kind == Channel.Kind.WEBFORM:
        _decide_form(item.pk, FormSent.parse(bytes(item.raw)))
        return
    if item.channel.kind in (Channel.Kind.WHATSAPP_CLOUD, Channel.Kind.WHATSAPP_WEB):
        _understand_chat(item)
        return
    mail = parse(bytes(item.raw))
    files = [
        NewFile(store(file.content), file.filename, inline=file.inline, content_id=file.content_id)
        for file in mail.attachments
    ]
    files = [file for file in files if not _our_logo(file)]
    try:
        _decide(item, mail, files)
    except IntegrityError:
        # the same mail was decided on at the same moment: its claim is seen now
        _decide(item, mail, files)


def _understand_chat(item: InboundItem) -> None:
    """What one person writes is decided in its order: first what he wrote before and nobody has decided yet.

    A file is fetched at once where it comes at once; a message does not wait for one that does not.
    """
    for before in _earlier(item):
        decide(before)
    is_linked = item.channel.kind == Channel.Kind.WHATSAPP_WEB
    message = (linked_incoming if is_linked else incoming).parse(bytes(item.raw))
    file = None
    if message.media is not None:
        with suppress(NotFetched):
            file = fetch(item.channel, message.media)
    _decide_chat(item, message, file)


def _earlier(item: InboundItem) -> list[int]:
    """What the same sender sent before `item` by the same channel and nobody has decided."""
    if not item.envelope_from:
        return []
    waiting = InboundItem.objects.alias(begin=Left("envelope_from", SENDER_INDEXED)).filter(
        channel_id=item.channel_id,
        begin=item.envelope_from[:SENDER_INDEXED],
        envelope_from=item.envelope_from,
        state=InboundItem.State.RECEIVED,
        pk__lt=item.pk,
    )
    return list(waiting.order_by("pk").values_list("pk", flat=True))


@transaction.atomic
def _decide_chat(begun: InboundItem, message: incoming.Incoming, file: NewFile | None) -> None:
    item = _locked(begun.pk)
    if item is not None:
        item.channel = begun.channel
        lock_person(message)
        rules = linked if item.channel.kind == Channel.Kind.WHATSAPP_WEB else whatsapp
        _write(item, rules.decide(Chat(item, message, file)))


def lock_person(message: incoming.Incoming) -> None:
    """One person who writes to two of our numbers at once is one person."""
    wait_for_turn(message.wa_id or message.sender)


def _our_logo(file: NewFile) -> bool:
    """An answer brings the logo of our own mail back with the text it quotes."""
    return file.inline and file.blob.pk == company().logo_id


@transaction.atomic
def _decide(begun: InboundItem, mail: ParsedMail, files: list[NewFile]) -> None:
    item = _locked(begun.pk)
    if item is None:
        return
    item.channel = begun.channel
    _one_at_a_time(item, mail.sender[1])
    item.answerable = mail.answerable
    verdict = verdicts.claim(item, mail) or verdicts.decide(Case(item, mail, files))
    _write(item, verdict.noting(mail.problems))


@transaction.atomic
def _decide_form(item_id: int, form: FormSent) -> None:
    item = _locked(item_id)
    if item is not None:
        _one_at_a_time(item, form.email)
        _write(item, intake.decide(item, form))


def _one_at_a_time(item: InboundItem, sender: str) -> None:
    """What one sender sent by one channel is decided one after another: two first ones make one person."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select pg_advisory_xact_lock(hashtextextended(%s, 0))",
            [f"inbound:{item.channel_id}:{sender.casefold()}"],
        )


def _locked(item_id: int) -> InboundItem | None:
    """The item, held until the transaction ends; None when it was decided meanwhile."""
    item = InboundItem.objects.select_for_update(no_key=True).defer("raw").get(pk=item_id)
    return item if item.state == InboundItem.State.RECEIVED else None


@transaction.atomic
def _settle(item_id: int, verdict: Verdict) -> None:
    if item := _locked(item_id):
        _write(item, verdict)


def _write(item: InboundItem, verdict: Verdict) -> None:
    item.state, item.reason, item.reason_text = verdict.state, verdict.reason, verdict.text[:500]
    item.ticket_id, item.message_id = verdict.ticket_id, verdict.message_id
    item.duplicate_of, item.decided_at = verdict.duplicate_of, timezone.now()
    item.save(update_fields=DECIDED)
    publish(
        events.Decided(state=item.state, reason=item.reason, ticket_id=item.ticket_id), about=item, by=SYSTEM
    )


def _quarantine(item: InboundItem, error: Exception) -> None:
    """Set aside what failed. Names the error's class and place, never its words: they may quote the mail."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    ours = [f for f in traceback.extract_tb(error.__traceback__) if "/deskbell/" in f.filename]
    place = ours[-1] if ours else frame
    where = f"{place.filename.rpartition('/deskbell/')[2]}:{place.lineno}"
    log.error(
        "a received item was set aside",
        extra={"inbound": item.pk, "error": type(error).__name__, "where": where},
    )
    _settle(item.pk, Verdict.quarantined("failed", f"{type(error).__name__} at {where}"))
