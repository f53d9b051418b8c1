"""One round of fetching: what is new in a folder goes into the ledger, then the server may forget it.

A mail is stored, with its UID and its job, in one transaction of its own, and only after that is the server
told. So nothing is lost whenever this ends, and the UID keeps anything from coming in twice. Mails are
found by their UIDs, never by a mark that a person's phone could set.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import date, timedelta

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override

from deskbell.channels.actions import fetching as actions
from deskbell.channels.email.boxes import Box, BoxError, Listed, MailUnreadable
from deskbell.channels.email.headers import MAX_HEADERS
from deskbell.channels.models import FetchedMail, IncomingServer
from deskbell.kit.jinja import file_size
from deskbell.people.queries import company

log = logging.getLogger(__name__)

Outcome = FetchedMail.Outcome

#: bytes of a mail that is still fetched
BIGGEST = 50 * 1024 * 1024
#: after a folder got new UIDs, how far back mails are looked through again
LOOK_BACK = 14
SETTLED_AT_ONCE = 200


def fetch(server: IncomingServer, box: Box, *, stopped: Callable[[], bool] = lambda: False) -> int:
    """Take in what is new and settle what is stored; returns how many mails were taken in.

    Raises BoxError when the server fails, actions.Superseded when the settings changed meanwhile.
    """
    changed = server.uidvalidity not in (None, box.uidvalidity)
    actions.begin_folder(server, box.uidvalidity, highest=box.highest, there=box.there)
    taken = 0
    highest = box.highest
    for portion in box.new(after=server.last_uid, since=_since(server, changed), known=_known(server, box)):
        for mail in portion:
            if stopped():
                return taken
            taken += _take(server, box, mail)
            if server.protocol == IncomingServer.Protocol.IMAP:
                highest = max(highest, int(mail.uid))
        _settle(server, box)
    actions.move_on(server, highest)
    for mail in _asked_again(server):  # last: the server may hang up over each of them
        taken += _take(server, box, mail)
    _settle(server, box)
    return taken


def _since(server: IncomingServer, changed: bool) -> date | None:
    """The day before which mails are left alone, as long as the folder was never gone through."""
    if server.last_uid:
        return None
    days = LOOK_BACK if changed else server.days_back
    return None if not days else timezone.now().date() - timedelta(days=days)


def _mails_of(server: IncomingServer) -> QuerySet[FetchedMail]:
    return FetchedMail.objects.filter(
        server_id=server.pk, folder=server.folder, uidvalidity=server.uidvalidity or 0
    )


def _known(server: IncomingServer, box: Box) -> set[str]:
    """UIDs that were dealt with. Those up to the cursor are not listed at all, where there is a cursor."""
    mails = _mails_of(server)
    if server.protocol == IncomingServer.Protocol.IMAP:
        return {uid for uid in mails.values_list("uid", flat=True) if int(uid) > server.last_uid}
    return set(mails.values_list("uid", flat=True))


def _asked_again(server: IncomingServer) -> list[Listed]:
    failing = _mails_of(server).filter(outcome=Outcome.FAILING)
    return [Listed(mail.uid, mail.size) for mail in failing.order_by("pk")]


def _take(server: IncomingServer, box: Box, mail: Listed) -> int:
    big = mail.size > BIGGEST
    try:
        raw = box.head(mail.uid) if big else box.raw(mail.uid)
    except MailUnreadable as error:
        log.warning("a mail could not be fetched", extra={"server": server.pk, "uid": mail.uid})
        actions.note_unreadable(server, mail.uid, size=mail.size, error=str(error))
        return 0
    except BoxError as error:
        # some servers hang up over a mail they cannot read: it must not hold up those after it for ever
        actions.note_unreadable(server, mail.uid, size=mail.size, error=str(error))
        raise
    if raw is None:
        actions.note_gone(server, [mail.uid])
        return 0
    if big:
        raw = left_on_server(raw, mail.size, server.folder)
    actions.store(server, mail.uid, raw, size=mail.size, left=big)
    return 1


def left_on_server(head: bytes, size: int, folder: str) -> bytes:
    """A small mail that says of a big one who sent it and where it lies."""
    kept: list[bytes] = []
    keep = True
    for line in head[:MAX_HEADERS].splitlines():
        if line[:1] not in (b" ", b"\t"):
            keep = b":" in line and not line.lower().startswith((b"content-", b"mime-version"))
        if keep:
            kept.append(line)
    with override(company().language or None):
        text = _(
            "This mail of %(size)s is too big to be taken in. It was left in the folder “%(folder)s” "
            "of the mailbox, where you can read it."
        ) % {"size": file_size(size), "folder": folder}
    kept += [
        b"MIME-Version: 1.0",
        b"Content-Type: text/plain; charset=utf-8",
        b"Content-Transfer-Encoding: 8bit",
    ]
    return b"\r\n".join(kept) + b"\r\n\r\n" + text.encode() + b"\r\n"


def _settle(server: IncomingServer, box: Box) -> None:
    """What is stored is marked, moved or deleted on its server. What the server says to that changes nothing:
    the mail is here.
    """
    waiting = _mails_of(server).filter(settled=False).order_by("pk")
    while uids := list(waiting.values_list("uid", flat=True)[:SETTLED_AT_ONCE]):
        try:
            box.settle(uids, after=server.after, moved_to=server.moved_to)
        except BoxError as error:
            log.warning("the server did not settle fetched mails", extra={"server": server.pk})
            actions.note_unsettled(server, uids, str(error))
        else:
            actions.note_settled(server, uids)
