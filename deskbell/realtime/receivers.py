"""Live notices of what happens to tickets and to rights: ids only, each to those who may know of it."""

from __future__ import annotations

from typing import Any

from django.db import connection

from deskbell.channels import events as channel_events
from deskbell.events import subscribe
from deskbell.events.models import Event
from deskbell.outbox import events as outbox_events
from deskbell.people import events as people_events
from deskbell.realtime import ended, hub, topics
from deskbell.tickets import events
from deskbell.tickets.models import Message, Queue, Ticket, Watcher

TICKET_EVENTS = (
    events.Opened,
    events.MessageAdded,
    events.Forwarded,
    events.SupplierAnswered,
    events.ReplyHeld,
    events.ReplyTakenBack,
    events.ReplyReturned,
    events.StatusChanged,
    events.Assigned,
    events.PriorityChanged,
    events.QueueChanged,
    events.TeamChanged,
    events.TypeChanged,
    events.DueChanged,
    events.SubjectChanged,
    events.TagsChanged,
    events.Watched,
    events.Unwatched,
    events.CopyAdded,
    events.CopyRemoved,
    events.Trashed,
    events.Restored,
    events.MarkedSpam,
    events.UnmarkedSpam,
    events.Deleted,
    events.FileArrived,
    events.MessageParked,
    events.Reacted,
    events.MessageRevised,
    events.MessagePlaced,
    events.NoteEdited,
    events.Redacted,
    events.Linked,
    events.Merged,
    events.MessagesLeft,
    events.MessagesCame,
)
#: of tickets whose requester was merged into another person, or is one again
REQUESTER_CHANGED = "ticket.requester_changed"
NEWEST = 50
COPIES = {events.CopyAdded.kind, events.CopyRemoved.kind}


@subscribe.now(
    *TICKET_EVENTS, outbox_events.Delivered, outbox_events.Retried, outbox_events.Withdrawn, order=90
)
def notify_ticket(event: Event) -> None:
    """A ticket, or what left the house for it, changed: tell staff who reach it and, of what is public, its
    customers.
    """
    if event.data.get("first"):  # the notice that its ticket was opened tells of it
        return
    about_ticket = event.about_kind == "ticket"
    ticket = _facts(event.about_id if about_ticket else event.data["ticket_id"])
    if ticket is None:
        return
    hearers = _staff(ticket, event)
    if _customers_may_know(event) and ticket["trashed_at"] is None:
        hearers |= _customers(ticket, event)
    notice = {"kind": event.kind, "ticket": ticket["number"], "event": event.pk}
    if _incoming(ticket, event):
        notice["incoming"] = True
    hub.publish(hearers, notice)


@subscribe.now(
    people_events.RightsChanged,
    people_events.Deactivated,
    people_events.PersonChanged,
    people_events.SecondFactorReset,
    people_events.Recovered,
    people_events.RoleChanged,
    people_events.RoleRemoved,
    people_events.Merged,
    people_events.Unmerged,
    people_events.TookOver,
    people_events.GaveBack,
    order=90,
)
def notify_rights(event: Event) -> None:
    """Somebody, or all who have a role, may hear more or less than their streams were opened for: these end
    and ask for a new token. One notice, however many have the role.
    """
    if topic := ended.topic_of(event.kind, event.about_id, event.data):
        hub.publish([topic], {"kind": hub.RIGHTS_CHANGED, "event": event.pk})


@subscribe.now(people_events.TookOver, people_events.Unmerged, order=90)
def notify_requester(event: Event) -> None:
    """Tickets are somebody else's now: told of the newest of them, and of all together."""
    his = Ticket.objects.filter(requester=event.about_id).order_by("-updated_at", "-pk")
    for pk, number in his.values_list("pk", "number")[:NEWEST]:
        if ticket := _facts(pk):
            hearers = _staff(ticket, event)
            if ticket["trashed_at"] is None:
                hearers |= _customers(ticket, event)
            hub.publish(hearers, {"kind": REQUESTER_CHANGED, "ticket": number, "event": event.pk})
    hub.publish([topics.EVERYTHING], {"kind": REQUESTER_CHANGED, "event": event.pk})


@subscribe.now(
    channel_events.ChannelSwitched,
    channel_events.ChannelRemoved,
    channel_events.LinkChanged,
    channel_events.SendingPaused,
    channel_events.SendingRestricted,
    order=90,
)
def notify_desk(event: Event) -> None:
    """One of our numbers can be written by, or no more: who writes an answer sees it at once."""
    hub.publish([topics.DESK], {"kind": event.kind, "event": event.pk})


@subscribe.now(people_events.SignedOut, people_events.DeviceRevoked, order=90)
def notify_device(event: Event) -> None:
    """A device is signed out: its streams end, and its tokens open no other."""
    hub.publish([topics.device(event.data["device_id"])], {"kind": hub.DEVICE_ENDED, "event": event.pk})


def _incoming(ticket: dict[str, Any], event: Event) -> bool:
    """Whether a customer or a supplier wrote: what somebody at the desk types for a caller is no news to the
    desk.
    """
    if event.kind == events.SupplierAnswered.kind:
        return True
    if event.kind == events.Opened.kind:
        direction = ticket["last_direction"]
    elif event.kind == events.MessageAdded.kind:
        direction = event.data["direction"]
    else:
        return False
    if direction != "in":
        return False
    customers = {ticket["requester_id"], *ticket["copied"]}
    return event.actor_kind != "user" or event.actor_id in customers


def _customers_may_know(event: Event) -> bool:
    """What is public; and that words they can see were redacted, though not by whom and why."""
    if event.kind == events.Redacted.kind:
        return Message.objects.filter(
            pk=event.data["message_id"], visibility=Message.Visibility.PUBLIC
        ).exists()
    return event.audience == Event.Audience.PUBLIC


_FACTS = """
    select t.number, t.trashed_at, t.team_id, t.assignee_id, t.requester_id, t.organization_id,
           t.last_direction, q.team_id as queue_team_id,
           array(select w.user_id from tickets_watcher w where w.ticket_id = t.id and w.kind = %s) as copied
    from tickets_ticket t join tickets_queue q on q.id = t.queue_id
    where t.id = %s
"""


def _facts(ticket_id: int | None) -> dict[str, Any] | None:
    """Who may know of it; in SQL, because every event asks."""
    with connection.cursor() as cursor:
        cursor.execute(_FACTS, [Watcher.Kind.CC, ticket_id])
        row = cursor.fetchone()
        return dict(zip((column.name for column in cursor.description), row, strict=True)) if row else None


def _staff(ticket: dict[str, Any], event: Event) -> set[str]:
    """As the ticket stands and, since the row may be older or newer than the event, as it was and will be."""
    teams, assignees, queue_teams = {ticket["team_id"]}, {ticket["assignee_id"]}, {ticket["queue_team_id"]}
    ends = {event.data.get("before"), event.data.get("after")} - {None}
    if event.kind == events.TeamChanged.kind:
        teams |= ends
    elif event.kind == events.Assigned.kind:
        assignees |= ends
    elif event.kind == events.QueueChanged.kind:
        queue_teams |= set(Queue.objects.filter(pk__in=ends).values_list("team_id", flat=True))
    return topics.staff_of(teams, assignees, queue_teams)


def _customers(ticket: dict[str, Any], event: Event) -> set[str]:
    people = {ticket["requester_id"], *ticket["copied"]}
    if event.kind in COPIES:
        people.add(event.data["user_id"])
    hearers = {topics.customer(pk) for pk in people}
    if ticket["organization_id"]:
        hearers.add(topics.organization(ticket["organization_id"]))
    return hearers
