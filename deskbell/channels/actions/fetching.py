"""Every write of a fetcher: what it took from a server, and how the server is."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from deskbell.channels import events
from deskbell.channels.actions.access import require_setup
from deskbell.channels.actions.ledger import think_about
from deskbell.channels.models import Channel, FetchedMail, InboundItem, IncomingServer
from deskbell.events.actor import Actor
from deskbell.events.publish import publish
from deskbell.people.models import User

Outcome = FetchedMail.Outcome

#: times a server is asked for one mail before it counts as unreadable: a line may break in the middle of one
TRIES = 5
#: a mailbox counts as down when its server has failed for so long
DOWN_AFTER = timedelta(minutes=15)


class Superseded(Exception):
    """The settings were changed, or the mailbox switched off: the fetcher has to begin anew."""


@transaction.atomic
def store(server: IncomingServer, uid: str, raw: bytes, *, size: int, left: bool = False) -> None:
    """Take one mail into the ledger with its job, and remember its UID, in one transaction.

    Another fetcher may have been quicker: then nothing happens. Raises Superseded.
    """
    _require_current(server)
    known = FetchedMail.objects.filter(**_place(server), uid=uid).first()
    if known and known.outcome in (Outcome.STORED, Outcome.LEFT):
        return
    channel = server.channel
    item = InboundItem.objects.create(channel=channel, raw=raw, envelope_from="", envelope_to=channel.address)
    think_about(item)
    mail = known or FetchedMail(**_place(server), uid=uid)
    mail.outcome, mail.item, mail.size, mail.error = (
        (Outcome.LEFT if left else Outcome.STORED),
        item,
        size,
        "",
    )
    # what is too big stays where it is, untouched
    mail.settled = left
    mail.at = timezone.now()
    mail.save()


@transaction.atomic
def note_gone(server: IncomingServer, uids: list[str]) -> None:
    """These were there when they were listed, and were not when they were asked for."""
    _require_current(server)
    for uid in uids:
        FetchedMail.objects.update_or_create(
            **_place(server), uid=uid, defaults={"outcome": Outcome.GONE, "settled": True, "error": ""}
        )


@transaction.atomic
def note_unreadable(server: IncomingServer, uid: str, *, size: int, error: str) -> None:
    """The server could not hand out one mail. The others go on; after TRIES runs somebody has to look."""
    _require_current(server)
    mail, made = FetchedMail.objects.get_or_create(
        **_place(server),
        uid=uid,
        defaults={"outcome": Outcome.FAILING, "settled": True, "size": size, "error": error[:500]},
    )
    if not made:
        mail.tries += 1
        mail.error = error[:500]
        mail.outcome = Outcome.FAILING if mail.tries < TRIES else Outcome.UNREADABLE
        mail.save(update_fields=["tries", "error", "outcome"])


@transaction.atomic
def fetch_again(mail: FetchedMail, *, by: Actor | User) -> None:
    """Ask the server once more for a mail that it could not hand out."""
    require_setup(by)
    again = FetchedMail.objects.filter(pk=mail.pk, outcome=Outcome.UNREADABLE)
    if again.update(outcome=Outcome.FAILING, tries=0):
        channel = mail.server.channel
        publish(events.FetchedAgain(name=channel.name), about=channel, by=by)


def note_settled(server: IncomingServer, uids: list[str]) -> None:
    """The server has marked, moved or deleted these."""
    FetchedMail.objects.filter(**_place(server), uid__in=uids).update(settled=True)


def note_unsettled(server: IncomingServer, uids: list[str], error: str) -> None:
    """The server would not do it: they stay as they are there, and somebody may want to know why."""
    FetchedMail.objects.filter(**_place(server), uid__in=uids).update(settled=True, error=error[:500])


@transaction.atomic
def move_on(server: IncomingServer, last_uid: int) -> None:
    """Everything up to this UID was dealt with. Raises Superseded."""
    _require_current(server)
    if last_uid > server.last_uid:
        server.last_uid = last_uid
        IncomingServer.objects.filter(pk=server.pk, last_uid__lt=last_uid).update(last_uid=last_uid)


@transaction.atomic
def begin_folder(server: IncomingServer, uidvalidity: int, *, highest: int, there: Iterable[str]) -> None:
    """The folder's UIDs have this validity (RFC 9051 section 2.3.1.1); with another, all of them are new.

    A folder that was fetched from before under it goes on where it stood. Where only what comes from now on
    is wanted, everything up to `highest` (IMAP) or what is `there` (POP3) is passed over at the first visit.
    Raises Superseded.
    """
    _require_current(server)
    if server.uidvalidity == uidvalidity:
        return
    first = server.uidvalidity is None
    server.uidvalidity = uidvalidity
    mails = FetchedMail.objects.filter(**_place(server))
    if server.protocol == IncomingServer.Protocol.IMAP:
        server.last_uid = max((int(uid) for uid in mails.values_list("uid", flat=True)), default=0)
    if first and server.days_back == 0 and not mails.exists():
        server.last_uid = highest
        FetchedMail.objects.bulk_create(
            FetchedMail(**_place(server), uid=uid, outcome=Outcome.PASSED, settled=True) for uid in there
        )
    IncomingServer.objects.filter(pk=server.pk).update(
        uidvalidity=server.uidvalidity, last_uid=server.last_uid
    )


def note_checked(server: IncomingServer) -> None:
    """The server was looked at, and all is well."""
    server.checked_at, server.error, server.failing_since = timezone.now(), "", None
    IncomingServer.objects.filter(pk=server.pk, version=server.version).update(
        checked_at=server.checked_at, error="", failing_since=None
    )
    down = Channel.objects.filter(pk=server.channel_id, state=Channel.State.DOWN)
    # its answers may wait for somebody to sign in
    down.exclude(sign_in__needed_since__isnull=False).update(state=Channel.State.OK)


@transaction.atomic
def note_failed(server: IncomingServer, error: str) -> None:
    """The server could not be fetched from. After DOWN_AFTER its channel counts as down."""
    now = timezone.now()
    stored = IncomingServer.objects.select_for_update(no_key=True).filter(
        pk=server.pk, version=server.version
    )
    if not (current := stored.first()):
        return
    current.error, current.failing_since = error[:500], current.failing_since or now
    current.save(update_fields=["error", "failing_since"])
    if now - current.failing_since >= DOWN_AFTER:
        Channel.objects.filter(pk=server.channel_id, state=Channel.State.OK).update(
            state=Channel.State.DOWN, last_error=error[:500]
        )


def _place(server: IncomingServer) -> dict[str, Any]:
    return {"server_id": server.pk, "folder": server.folder, "uidvalidity": server.uidvalidity or 0}


def _require_current(server: IncomingServer) -> None:
    """Hold the settings still until the transaction ends."""
    current = IncomingServer.objects.select_for_update(no_key=True).filter(
        pk=server.pk, version=server.version
    )
    if not current.exclude(channel__state=Channel.State.OFF).exists():
        raise Superseded
