"""Two tickets of one matter become one, and two again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from deskbell.events.actor import SYSTEM
from deskbell.events.models import Event
from deskbell.events.publish import publish
from deskbell.people.models import User
from deskbell.tickets import events, rules
from deskbell.tickets.actions.carrying import carry, unanswered_since, waits
from deskbell.tickets.actions.errors import NotMergeable, TooLateToUndo
from deskbell.tickets.actions.lock import lock_both
from deskbell.tickets.actions.properties import (
    default_status,
    restore_status,
    times_of,
    write,
)
from deskbell.tickets.actions.waiting import return_waiting
from deskbell.tickets.models import (
    ACTIVE_CATEGORIES,
    Category,
    Draft,
    HeldReply,
    Message,
    Status,
    Ticket,
    Watcher,
)
from deskbell.tickets.pointers import final

UNDO_FOR = timedelta(days=7)


@transaction.atomic
def merge(ticket: Ticket, into: Ticket, *, by: User, share: bool = False) -> Ticket:
    """All that was said in `ticket` stands in `into` from now on; returns that one, which keeps its number.

    `ticket` is closed and points there, whoever could read it can read that one, and what comes to it goes
    there. Of two customers each sees what the other wrote: only with `share`. A ticket that was merged
    itself stands for the one it is part of; merging twice does nothing. Raises NotAllowed, NotMergeable.
    """
    into = final(into)
    if ticket.pk == into.pk:
        raise NotMergeable("same")
    ticket, into = lock_both(ticket, into)
    for each in (ticket, into):
        rules.require(by, "merge", each)
    if ticket.merged_into_id == into.pk:
        return into
    _mergeable(ticket, into, share)
    happened = publish(preview(ticket, into), about=ticket, by=by)
    return_waiting(ticket, why="merged", by=by, cause=happened)
    data = happened.data
    _join(ticket, into, data, by, happened)
    since, ticket.merged_into = ticket.waiting_since, into
    carry(data["messages"], ticket, into, how="merge", by=by, cause=happened)
    if into.first_responded_at is None and (ticket.first_responded_at or into.created_at) > into.created_at:
        into.first_responded_at = ticket.first_responded_at
        into.save(update_fields=["first_responded_at"])
    waits(into, since, cause=happened)
    write(ticket, {"status": _duplicate()}, by=by, cause=happened, tell=False)
    return into


def _mergeable(ticket: Ticket, into: Ticket, share: bool) -> None:
    if into.merged_into_id == ticket.pk:
        raise NotMergeable("same")
    if ticket.merged_into_id is not None or into.merged_into_id is not None:
        raise NotMergeable("merged")
    if any(each.trashed or each.spam for each in (ticket, into)):
        raise NotMergeable("removed")
    if HeldReply.objects.filter(ticket=ticket, leaves_at__isnull=False).exists():
        raise NotMergeable("held")
    if ticket.requester_id != into.requester_id and not share:
        raise NotMergeable("customer")


def preview(ticket: Ticket, into: Ticket) -> events.Merged:
    """What merging does, before it is done."""
    watchers = list(Watcher.objects.filter(ticket=ticket).order_by("user_id"))
    there = set(Watcher.objects.filter(ticket=into).values_list("user_id", "kind"))
    copied = {each.user_id for each in watchers if each.kind == Watcher.Kind.CC} | {ticket.requester_id}
    known = {user for user, kind in there if kind == Watcher.Kind.CC} | {into.requester_id}
    follow = Watcher.Kind.FOLLOW
    tags = set(ticket.tags.values_list("name", flat=True)) - set(into.tags.values_list("name", flat=True))
    return events.Merged(
        target_id=into.pk,
        messages=list(Message.objects.filter(ticket=ticket).order_by("pk").values_list("pk", flat=True)),
        copied=sorted(copied - known),
        followers=[
            each.user_id for each in watchers if each.kind == follow and (each.user_id, follow) not in there
        ],
        tags=sorted(tags),
        status=ticket.status.slug,
        times=times_of(ticket),
        chat=_goes_on_in_chat(ticket, into),
    )


def _goes_on_in_chat(ticket: Ticket, into: Ticket) -> bool:
    """A customer is answered by the way he wrote last: by the chat of `ticket`, if it was there."""
    if ticket.conversation_id is None or into.conversation_id is not None:
        return False
    wrote = Message.objects.filter(direction="in", visibility="public").order_by("-pk")
    newest = wrote.filter(ticket__in=[ticket, into]).values_list("ticket_id", flat=True).first()
    return ticket.requester_id == into.requester_id and newest == ticket.pk


def _join(ticket: Ticket, into: Ticket, data: dict[str, Any], by: User, cause: Event) -> None:
    """People, tags, the chat and what somebody has begun to write come along. Nobody is written to."""
    for name, kind in (("copied", Watcher.Kind.CC), ("followers", Watcher.Kind.FOLLOW)):
        for pk in data[name]:
            Watcher.objects.create(ticket=into, user_id=pk, kind=kind)
            said = events.CopyAdded if kind == Watcher.Kind.CC else events.Watched
            publish(said(user_id=pk), about=into, by=SYSTEM, cause=cause)
    if data["tags"]:
        present = into.tags.values_list("name", flat=True)
        write(into, {"tags": {*present, *data["tags"]}}, by=by, cause=cause)
    if data["chat"]:
        into.conversation, into.channel = ticket.conversation, ticket.channel
        into.save(update_fields=["conversation", "channel"])
    begun = set(Draft.objects.filter(ticket=into).values_list("user_id", "kind"))
    for draft in Draft.objects.filter(ticket=ticket):
        if (draft.user_id, draft.kind) not in begun:
            draft.ticket = into
            draft.save(update_fields=["ticket"])


def _duplicate() -> Status:
    """The status of every new desk for it; the default closed one where it was switched off or removed."""
    found = Status.objects.filter(slug="duplicate", category=Category.CLOSED, active=True).first()
    return found or default_status(Category.CLOSED)


# --- back again ---------------------------------------------------------------------------------


def merge_of(ticket: Ticket) -> Event | None:
    """How `ticket` came to be part of another; None when it is not."""
    if ticket.merged_into_id is None:
        return None
    happened = Event.objects.filter(about_kind="ticket", about_id=ticket.pk, kind=events.Merged.kind)
    return happened.order_by("-id").first()


def can_be_undone(merged: Event | None) -> bool:
    return merged is not None and timezone.now() < merged.at + UNDO_FOR


@transaction.atomic
def unmerge(ticket: Ticket, *, by: User) -> Ticket:
    """`ticket` is as it was before it was merged; what was said in the other since stays there.

    Raises NotAllowed, NotMergeable, TooLateToUndo.
    """
    into = Ticket.objects.filter(merged=ticket.pk).first()
    if into is None:
        raise NotMergeable("not_merged")
    ticket, into = lock_both(ticket, into)
    for each in (ticket, into):
        rules.require(by, "merge", each)
    merged = merge_of(ticket)
    if merged is None or ticket.merged_into_id != into.pk:
        raise NotMergeable("not_merged")
    if into.merged_into_id is not None:
        raise NotMergeable("target_merged")
    if ticket.trashed or into.trashed:
        raise NotMergeable("removed")
    if not can_be_undone(merged):
        raise TooLateToUndo
    data = merged.data
    still = Message.objects.filter(pk__in=data["messages"], ticket=into).order_by("pk")
    ticket.merged_into = None
    carry(list(still.values_list("pk", flat=True)), into, ticket, how="undo", by=by, cause=merged)
    status = Status.objects.filter(slug=data["status"]).first() or default_status(Category.OPEN)
    restore_status(ticket, status, data["times"], by=by, cause=merged)
    _part(into, data, by, merged)
    into.waiting_since = unanswered_since(into) if into.category in ACTIVE_CATEGORIES else None
    into.save(update_fields=["waiting_since"])
    return ticket


def _part(into: Ticket, data: dict[str, Any], by: User, cause: Event) -> None:
    """Take from the other what only the merge had brought."""
    for name, kind in (("copied", Watcher.Kind.CC), ("followers", Watcher.Kind.FOLLOW)):
        for pk in data[name]:
            if Watcher.objects.filter(ticket=into, user_id=pk, kind=kind).delete()[0]:
                said = events.CopyRemoved if kind == Watcher.Kind.CC else events.Unwatched
                publish(said(user_id=pk), about=into, by=SYSTEM, cause=cause)
    if data["tags"]:
        present = set(into.tags.values_list("name", flat=True))
        write(into, {"tags": present - set(data["tags"])}, by=by, cause=cause)
    if data["chat"]:
        channel = Message.objects.filter(ticket=into, visibility="public").order_by("pk").first()
        into.conversation, into.channel = None, channel.channel if channel else "web"
        into.save(update_fields=["conversation", "channel"])
