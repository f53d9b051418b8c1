"""What is said about a ticket, by staff and by customers."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from deskbell.events.actor import SYSTEM, Actor
from deskbell.events.publish import publish
from deskbell.people.models import User
from deskbell.tickets import events, rules
from deskbell.tickets.actions.attachments import attach
from deskbell.tickets.actions.errors import ChatClosed, EmptyMessage, Overtaken, TooLate
from deskbell.tickets.actions.lock import lock, lock_final, lock_unmerged
from deskbell.tickets.actions.properties import wake, within_reopening, write
from deskbell.tickets.actions.watching import put_copy
from deskbell.tickets.content import Content
from deskbell.tickets.models import Category, Conversation, Draft, Message, Status, Ticket

NOTE_EDITABLE_FOR = timedelta(minutes=15)
#: theirs tells whole seconds, and none is exact
CLOCKS_DIFFER = timedelta(seconds=5)


@transaction.atomic
def reply(
    ticket: Ticket,
    content: Content,
    *,
    by: User,
    status: Status | None = None,
    copy: list[User] | None = None,
    after: int | None = None,
) -> Message:
    """Answer the customer. `status` is set along with it, `copy` are people to copy in from now on.

    `after` is the newest message the writer had on his screen: raises Overtaken when somebody else has
    written since. Raises NotAllowed, EmptyMessage, ChatClosed, UploadGone, TicketGone, TicketMerged:
    nothing is written.
    """
    ticket = lock_unmerged(ticket)
    rules.require(by, "reply", ticket)
    if status is not None:
        rules.require(by, "status", ticket)
    _not_empty(content)
    can_leave(ticket, content)
    not_overtaken(ticket, by, after)
    message = write_reply(ticket, content, by=by, status=status, copy=copy or [])
    Draft.objects.filter(user=by, ticket=ticket, kind=Draft.Kind.REPLY).delete()
    return message


def write_reply(
    ticket: Ticket,
    content: Content,
    *,
    by: User,
    status: Status | None,
    copy: list[User],
    written_at: datetime | None = None,
    waited: bool = False,
) -> Message:
    """As `reply`, for a caller that holds the lock and has checked.

    `written_at` is when it was sent if it leaves only now: the first answer counts from there, and a
    customer who has written since still waits, in the state that gave the ticket. One that `waited` for the
    customer counts from when it left.
    """
    for person in copy:
        put_copy(ticket, person, by=by)
    crossed = written_at is not None and (
        Message.objects.filter(
            ticket=ticket, direction="in", visibility="public", created_at__gt=written_at
        ).exists()
    )
    channel = "email" if content.way == "email" else None
    if content.other_chat is not None:
        said = {**content.details.get("whatsapp", {}), "chat": content.other_chat}
        content = replace(content, details={**content.details, "whatsapp": said})
    message = add(ticket, content, author=by, direction="out", visibility="public", by=by, channel=channel)
    if ticket.first_responded_at is None:
        ticket.first_responded_at = (None if waited else written_at) or message.created_at
    if not crossed:
        ticket.waiting_since = None
    touch(ticket, message)
    if crossed:
        status = None
    if status is None and ticket.category == Category.NEW:
        status = Status.objects.get(category=Category.OPEN, default=True)
    if status is not None:
        write(ticket, {"status": status}, by=by, tell=False)
    return message


@transaction.atomic
def note(ticket: Ticket, content: Content, *, by: Actor | User, status: Status | None = None) -> Message:
    """An internal note: staff see it, the customer never does. Raises as `reply`."""
    ticket = lock_unmerged(ticket)
    rules.require(by, "note", ticket)
    if status is not None:
        rules.require(by, "status", ticket)
    _not_empty(content)
    author = by if isinstance(by, User) else None
    message = add(ticket, content, author=author, direction="out", visibility="internal", by=by)
    touch(ticket, message)
    if status is not None:
        write(ticket, {"status": status}, by=by)
    if author:
        Draft.objects.filter(user=author, ticket=ticket, kind=Draft.Kind.NOTE).delete()
    return message


@transaction.atomic
def customer_reply(ticket: Ticket, content: Content, *, by: User, channel: str = "web") -> Message:
    """The customer (or somebody copied in) says more. The message may land in a new, linked ticket.

    It restores a trashed ticket, wakes one that waited, reopens one resolved within the channel's days and
    opens a follow-up after them; in a spam ticket it is only stored. Of a merged one it lands in that of
    which it is part. Raises NotAllowed, EmptyMessage, UploadGone, TicketGone.
    """
    ticket = lock_final(ticket)
    rules.require(by, "customer_reply", ticket)
    _not_empty(content)
    if not ticket.spam and not within_reopening(ticket, channel):
        return _follow_up(ticket, content, by=by, channel=channel)
    if ticket.trashed:
        ticket.trashed_at = None
        ticket.save(update_fields=["trashed_at"])
        publish(events.Restored(), about=ticket, by=SYSTEM)
    message = add(ticket, content, author=by, direction="in", visibility="public", by=by, channel=channel)
    if not ticket.spam:
        if ticket.waiting_since is None:
            ticket.waiting_since = message.created_at
        wake(ticket)
    touch(ticket, message)
    return message


def _follow_up(ticket: Ticket, content: Content, *, by: User, channel: str) -> Message:
    from deskbell.tickets.actions.opening import open_ticket  # the two call each other

    opened = open_ticket(
        requester=by,
        subject=ticket.subject,
        content=content,
        by=by,
        source={"email": "mail", "whatsapp": "whatsapp"}.get(channel, "web"),
        channel=channel,
        conversation=ticket.conversation if channel == ticket.channel else None,
        queue=ticket.queue,
        follow_up_of=ticket,
    )
    return opened.messages.get()


@transaction.atomic
def note_sent_elsewhere(ticket: Ticket, content: Content, *, channel: str, at: datetime) -> Message:
    """The customer was answered outside the desk (`at`): it counts as an answer, and nothing is sent.

    A customer who has written since then still waits.
    """
    ticket = lock_final(ticket)
    crossed = Message.objects.filter(
        ticket=ticket, direction="in", visibility="public", created_at__gt=at + CLOCKS_DIFFER
    ).exists()
    message = add(
        ticket, content, author=None, direction="out", visibility="public", by=SYSTEM, channel=channel
    )
    if ticket.first_responded_at is None:
        ticket.first_responded_at = at
    if not crossed:
        ticket.waiting_since = None
    touch(ticket, message)
    if ticket.category == Category.NEW:
        write(ticket, {"status": Status.objects.get(category=Category.OPEN, default=True)}, by=SYSTEM)
    return message


@transaction.atomic
def add_message(
    ticket: Ticket,
    content: Content,
    *,
    author: User | None,
    direction: str,
    visibility: str,
    channel: str,
    by: Actor | User = SYSTEM,
) -> Message:
    """Store a message that changes nothing else: an automatic answer, a bounce, a system line."""
    ticket = lock_final(ticket)
    if not isinstance(by, Actor):
        raise TypeError("only the system adds messages that way")
    return add(
        ticket, content, author=author, direction=direction, visibility=visibility, channel=channel, by=by
    )


def add(
    ticket: Ticket,
    content: Content,
    *,
    author: User | None,
    direction: str,
    visibility: str,
    by: Actor | User,
    channel: str | None = None,
    first: bool = False,
) -> Message:
    """Write the row and its files and publish it. The caller holds the lock and saves the ticket."""
    message = store(
        ticket, content, author=author, direction=direction, visibility=visibility, by=by, channel=channel
    )
    publish(
        events.MessageAdded(
            message_id=message.pk,
            visibility=visibility,
            direction=direction,
            message_kind=content.kind,
            first=first,
        ),
        about=ticket,
        by=by,
    )
    return message


def store(
    ticket: Ticket | None,
    content: Content,
    *,
    author: User | None,
    direction: str,
    visibility: str,
    by: Actor | User,
    channel: str | None = None,
) -> Message:
    """Write the row and its files; the caller publishes what it is. Without a ticket it is parked."""
    message = Message.objects.create(
        ticket=ticket,
        direction=direction,
        visibility=visibility,
        channel=channel or (ticket.channel if ticket else ""),
        kind=content.kind,
        author=author,
        subject=content.subject[:255],
        markup=content.markup,
        text=content.text,
        new_text=content.new_text or content.text,
        html=content.html,
        remote_images=content.remote_images,
        details=content.details,
        external_id=content.external_id[:300],
        in_reply_to=content.in_reply_to[:300],
        to=content.to,
        cc=content.cc,
        bcc=content.bcc,
        inbound_id=content.inbound_id,
        created_at=timezone.now(),
        sent_at=content.sent_at,
    )
    attach(message, content, by_id=by.pk if isinstance(by, User) else None)
    return message


#: what `touch` notes of a message
NEWEST = (
    *("updated_at", "public_at", "last_message_at", "last_message_id", "last_author", "last_direction"),
    "last_note",
)


def touch(ticket: Ticket, message: Message, *, new: bool = False) -> None:
    """Note the newest message on the ticket, and save it. A supplier's leaves it as it was between desk and
    customer. Of a `new` ticket nothing else has changed since it was stored.
    """
    ticket.updated_at = ticket.last_message_at = message.created_at
    ticket.last_message_id = message.pk
    ticket.last_author = message.author
    ticket.last_note = message.kind if message.internal else ""
    if message.kind != Message.Kind.SUPPLIER:
        ticket.last_direction = message.direction
    if not message.internal:
        ticket.public_at = message.created_at
    ticket.save(update_fields=NEWEST if new else None)


def _not_empty(content: Content) -> None:
    if content.empty:
        raise EmptyMessage


def can_leave(ticket: Ticket, content: Content) -> None:
    """Raises ChatClosed for a reply that its way would not take."""
    chat = None if content.way else ticket.conversation
    if content.other_chat is not None:
        chat = Conversation.objects.get(pk=content.other_chat)
    if chat is not None and not chat.is_open:
        raise ChatClosed(chat.open_days)


def not_overtaken(ticket: Ticket, by: User, after: int | None) -> None:
    """Raises Overtaken when somebody else has written since the message `after`."""
    if after is None:
        return
    newer = Message.objects.filter(ticket=ticket, pk__gt=after, visibility="public").exclude(author=by)
    if newest := newer.order_by("-pk").values_list("pk", flat=True).first():
        raise Overtaken(newest)


@transaction.atomic
def edit_note(message: Message, text: str, *, by: User) -> Message:
    """Mend one's own note within fifteen minutes; the text before is kept in the history.

    Raises NotAllowed, TooLate, EmptyMessage.
    """
    if message.ticket is None or not message.internal or message.author_id != by.pk:
        raise rules.NotAllowed("edit_note")
    ticket = lock(message.ticket)
    rules.require(by, "note", ticket)
    locked = Message.objects.select_for_update(no_key=True).get(pk=message.pk)
    if locked.created_at < timezone.now() - NOTE_EDITABLE_FOR:
        raise TooLate
    content = Content.markdown(text)
    _not_empty(content)
    if content.text == locked.text:
        return locked
    before, locked.text, locked.new_text = locked.text, content.text, content.text
    locked.html, locked.edited_at = content.html, timezone.now()
    locked.save(update_fields=["text", "new_text", "html", "edited_at"])
    publish(events.NoteEdited(message_id=locked.pk, before=before), about=ticket, by=by)
    return locked
