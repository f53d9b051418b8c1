"""What tickets do when two people become one, and two again."""

from __future__ import annotations

from typing import Any

from django.db import connection
from django.db.models import Count, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from deskbell.people import own_references  # noqa: F401  stands below in the list
from deskbell.people.carrying import taken
from deskbell.people.models import Identity, PersonMerge, User
from deskbell.people.references import caution, moves, returns, settles, stays
from deskbell.tickets.models import (
    Attachment,
    BulkChange,
    Conversation,
    Draft,
    HeldReply,
    Message,
    ReadMark,
    SavedReply,
    Ticket,
    TicketPass,
    Watcher,
)

_HIS = "moving.id in (select ticket_id from tickets_message where author_id = %(person)s)"

moves(Ticket, "requester", _("Tickets"), seen=lambda reader: Ticket.objects.visible_to(reader, trashed=True))
# no index leads from a person to these: before the messages that show where they are
moves(Ticket, "last_author", within=_HIS)
moves(Ticket, "assignee")
moves(Message, "author", _("Messages"), seen=lambda reader: Message.objects.visible_to(reader))
moves(Attachment, "uploader")
moves(Conversation, "person", _("Chats"))
moves(Watcher, "user", _("Tickets in copy or followed"), once=("ticket_id", "kind"))
moves(ReadMark, "user", once=("ticket_id",))
moves(Draft, "user", _("Drafts"), once=("ticket_id", "kind"))
moves(TicketPass, "user", once=("ticket_id", "revoked_at"))
moves(HeldReply, "author")
moves(SavedReply, "owner")
stays(BulkChange, "user")

_OWN_COPIES = """
    delete from tickets_watcher copied using tickets_ticket asked
    where copied.user_id in (%(source)s, %(target)s) and copied.kind = 'cc'
    and asked.id = copied.ticket_id and asked.requester_id in (%(source)s, %(target)s)
    returning to_jsonb(copied)
"""


@settles
def drop_own_copies(source: User, target: User) -> list[list[Any]]:
    """Nobody is copied in on a ticket he asked himself."""
    return taken(Watcher._meta.db_table, _OWN_COPIES, {"source": source.pk, "target": target.pk})


# --- what whoever merges should know ------------------------------------------------------------------


@caution
def both_write_in_one(source: User, target: User, reader: User) -> str | None:
    seen = Ticket.objects.visible_to(reader, trashed=True)
    of_one = _wrote_in(seen, source) & _wrote_in(seen, target)
    if not (count := of_one.count()):
        return None
    return ngettext(
        "Both write in %(num)s ticket: it will look as if one person had talked to himself.",
        "Both write in %(num)s tickets: it will look as if one person had talked to himself.",
        count,
    ) % {"num": count}


def _wrote_in(seen: QuerySet[Ticket], person: User) -> QuerySet[Ticket]:
    return seen.filter(pk__in=Message.objects.filter(author=person, ticket__isnull=False).values("ticket"))


@caution
def both_follow_one(source: User, target: User, reader: User) -> str | None:
    seen = Ticket.objects.visible_to(reader, trashed=True).values("pk")
    twice = Watcher.objects.filter(user__in=[source.pk, target.pk], ticket__in=seen).values("ticket", "kind")
    count = twice.annotate(people=Count("user")).filter(people__gt=1).count()
    if not count:
        return None
    return ngettext(
        "Both are in copy of %(num)s ticket or follow it: once is enough then.",
        "Both are in copy of %(num)s tickets or follow them: once is enough then.",
        count,
    ) % {"num": count}


@caution
def both_have_a_chat(source: User, target: User, reader: User) -> str | None:
    """With the same number of ours, and open now."""
    open_now = Conversation.objects.filter(open_until__gt=timezone.now())
    here = open_now.filter(person=source).values("channel_id")
    if not open_now.filter(person=target, channel_id__in=here).exists():
        return None
    return str(_("Both have an open chat with the same number of ours. They stay two chats of one person."))


# --- what came since, when it is undone -----------------------------------------------------------------


def chats_moved_on(merge: PersonMerge) -> None:
    """A chat that went back to the source takes the number along that it goes on under by now."""
    addresses = Conversation.objects.filter(person=merge.source_id).values_list("address", flat=True)
    Identity.objects.filter(
        user=merge.target_id,
        kind__in=(Identity.Kind.WA_ID, Identity.Kind.WA_BSUID, Identity.Kind.WA_LID),
        key__in=list(addresses),
        created_at__gt=merge.at,
    ).update(user=merge.source_id, primary=False)


def written_since(merge: PersonMerge) -> QuerySet[Message]:
    """Messages of the person who remains that came after the merge."""
    return Message.objects.filter(author=merge.target_id, created_at__gt=merge.at)


def give_back_messages(merge: PersonMerge, ids: list[int]) -> None:
    """These came by an address of the source."""
    written_since(merge).filter(pk__in=ids).update(author=merge.source_id)
    files = Attachment.objects.filter(message__in=ids, uploader=merge.target_id)
    files.update(uploader=merge.source_id)


_OPENED_BY = """
    update tickets_ticket asked set requester_id = %(source)s
    where asked.requester_id = %(target)s and asked.created_at > %(at)s and %(source)s = (
        select said.author_id from tickets_message said
        where said.ticket_id = asked.id and said.visibility = 'public' order by said.id limit 1
    )
"""
_NEWEST_BY = """
    update tickets_ticket ticket set last_author_id = said.author_id
    from tickets_message said
    where said.id = ticket.last_message_id and said.created_at > %(at)s
    and ticket.last_author_id in (%(source)s, %(target)s) and said.author_id in (%(source)s, %(target)s)
    and ticket.last_author_id <> said.author_id
    and ticket.id in (select ticket_id from tickets_message
                      where author_id in (%(source)s, %(target)s) and created_at > %(at)s)
"""


@returns
def give_back_tickets(merge: PersonMerge) -> None:
    """What was written into a chat of the source is his, and so are tickets that such words opened."""
    in_his_chats = written_since(merge).filter(
        ticket__conversation__person=merge.source_id, channel="whatsapp", direction="in"
    )
    give_back_messages(merge, list(in_his_chats.values_list("pk", flat=True)))
    given: dict[str, Any] = {"source": merge.source_id, "target": merge.target_id, "at": merge.at}
    with connection.cursor() as cursor:
        cursor.execute(_OPENED_BY, given)
        cursor.execute(_NEWEST_BY, given)
