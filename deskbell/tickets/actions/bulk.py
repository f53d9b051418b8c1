"""One change for several tickets: stored whole, worked off ticket by ticket, taken back as far as it can be.

Each ticket goes through the action that changes it alone, so its rights, events and notices are the same.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import Any, cast

from django.db import OperationalError, transaction
from django.utils import timezone

from deskbell.events.models import Event
from deskbell.events.publish import publish
from deskbell.people import permissions
from deskbell.people.models import Team, User
from deskbell.people.rights import rights_of
from deskbell.tickets import events, rules
from deskbell.tickets.actions import properties, removal
from deskbell.tickets.actions.errors import BadMove, NotStaff, TicketGone, TooLateToUndo
from deskbell.tickets.actions.lock import lock
from deskbell.tickets.models import BulkChange, BulkItem, Status, Ticket

log = logging.getLogger(__name__)

Verb, State, Reason = BulkChange.Verb, BulkItem.State, BulkItem.Reason

#: verb → one of these must be among one's permissions to begin; each ticket asks for itself again
NEEDED = {
    Verb.ASSIGN: (permissions.TICKET_ASSIGN, permissions.TICKET_EDIT),
    Verb.STATUS: (permissions.TICKET_STATUS,),
    Verb.PRIORITY: (permissions.TICKET_CLASSIFY,),
    Verb.TAG: (permissions.TICKET_CLASSIFY,),
    Verb.SPAM: (permissions.TICKET_TRASH,),
    Verb.NO_SPAM: (permissions.TICKET_TRASH,),
    Verb.TRASH: (permissions.TICKET_TRASH,),
    Verb.RESTORE: (permissions.TICKET_TRASH,),
    Verb.HAND_OVER: (permissions.TICKET_ASSIGN,),
}
REASONS: dict[type[Exception], str] = {
    rules.NotAllowed: Reason.NOT_ALLOWED,
    BadMove: Reason.BAD_MOVE,
    NotStaff: Reason.NOT_STAFF,
}


def may_begin(user: User, verb: str) -> bool:
    """Whether there may be tickets at which `user` may do `verb`. KeyError for a verb that does not exist."""
    return any(rights_of(user).has(permission) for permission in NEEDED[Verb(verb)])


@transaction.atomic
def start_bulk(tickets: Iterable[Ticket], verb: str, value: Any = None, *, by: User) -> BulkChange:
    """Change every one of `tickets`, soon, in a job. `value` as in BulkChange. Raises NotAllowed."""
    if not may_begin(by, verb):
        raise rules.NotAllowed(verb)
    ids = sorted({ticket.pk for ticket in tickets})
    bulk = BulkChange.objects.create(user=by, verb=verb, value=value, event_id=0)
    cause = publish(events.BulkStarted(verb=verb, tickets=len(ids)), about=bulk, by=by)
    bulk.event_id = cause.pk
    bulk.save(update_fields=["event_id"])
    BulkItem.objects.bulk_create(BulkItem(bulk=bulk, ticket_id=pk) for pk in ids)
    _work_off_later(bulk)
    return bulk


@transaction.atomic
def undo_bulk(bulk: BulkChange, *, by: User) -> BulkChange:
    """Take back what it changed, soon, in a job; asked twice, it happens once.

    Raises NotAllowed: only whoever began it. Raises TooLateToUndo.
    """
    bulk = BulkChange.objects.select_for_update(no_key=True).get(pk=bulk.pk)
    if bulk.user_id != by.pk:
        raise rules.NotAllowed("undo")
    if bulk.state in {BulkChange.State.UNDOING, BulkChange.State.UNDONE}:
        return bulk
    if not bulk.can_be_undone(timezone.now()):
        raise TooLateToUndo
    changed = bulk.items.filter(state=State.CHANGED).count()
    bulk.undo_event_id = publish(events.BulkUndone(verb=bulk.verb, tickets=changed), about=bulk, by=by).pk
    bulk.state = BulkChange.State.UNDOING
    bulk.save(update_fields=["undo_event_id", "state"])
    _work_off_later(bulk)
    return bulk


def _work_off_later(bulk: BulkChange) -> None:
    from deskbell.tickets.jobs import work_off_bulk  # app-ready: the job application exists only after set-up

    work_off_bulk.configure(lock=f"bulk:{bulk.pk}").defer(bulk_id=bulk.pk)


def work_off(bulk_id: int) -> None:
    """Do what is left of a bulk change or of its undoing. Each ticket commits with its own result, so a
    worker that was killed is followed by one that goes on where it ended.
    """
    bulk = BulkChange.objects.select_related("user").filter(pk=bulk_id).first()
    if bulk is None or not bulk.working:
        return
    undoing = bulk.state == BulkChange.State.UNDOING
    cause = Event.objects.get(pk=cast(int, bulk.undo_event_id if undoing else bulk.event_id))
    act, left = (_undo, State.CHANGED) if undoing else (_change, State.WAITING)
    for item in bulk.items.filter(state=left).select_related("ticket").order_by("ticket_id"):
        _one(item, bulk, left, lambda item, ticket: act(item, ticket, bulk, cause))
    bulk.state = BulkChange.State.UNDONE if undoing else BulkChange.State.DONE
    bulk.finished_at = timezone.now()
    bulk.save(update_fields=["state", "finished_at"])


def _one(item: BulkItem, bulk: BulkChange, left: str, act: Callable[[BulkItem, Ticket], None]) -> None:
    """One ticket in a transaction of its own, unless another worker did it. One failure stops no other."""
    failed_as = State.KEPT if left == State.CHANGED else State.REFUSED
    try:
        with transaction.atomic():
            ticket = lock(item.ticket)
            fresh = BulkItem.objects.filter(pk=item.pk, state=left).first()
            if fresh is None:
                return
            bulk.user = User.objects.get(pk=bulk.user_id)  # with the rights he has by now
            try:
                with transaction.atomic():
                    act(fresh, ticket)
            except tuple(REASONS) as error:
                fresh.state, fresh.reason = failed_as, REASONS[type(error)]
            fresh.save()
    except TicketGone:
        return  # deleted for ever, and its item with it
    except OperationalError:
        raise  # the database is away: the job is tried again
    except Exception:
        log.exception("a ticket of a bulk change failed", extra={"bulk": bulk.pk, "ticket": item.ticket_id})
        BulkItem.objects.filter(pk=item.pk).update(state=failed_as, reason=Reason.FAILED)


# --- there --------------------------------------------------------------------------------------


def _change(item: BulkItem, ticket: Ticket, bulk: BulkChange, cause: Event) -> None:
    before, was = _values(ticket, bulk.verb), _mark(ticket)
    ticket = _CHANGES[Verb(bulk.verb)](ticket, bulk.value, bulk.user, cause)
    if _mark(ticket) == was:
        item.state = State.SAME
        return
    item.state, item.before = State.CHANGED, before
    item.version, item.flags = _mark(ticket)


def _mark(ticket: Ticket) -> tuple[int, str]:
    """Differs after every change of a property, and when the ticket went to spam or trash or came back."""
    flags = [name for name, set_ in (("spam", ticket.spam), ("trash", ticket.trashed)) if set_]
    return ticket.version, " ".join(flags)


def _values(ticket: Ticket, verb: str) -> dict[str, Any]:
    """What undoing needs to know of the ticket as it is now."""
    if verb == Verb.ASSIGN:
        return {"assignee": ticket.assignee_id}
    if verb == Verb.HAND_OVER:
        return {"assignee": ticket.assignee_id, "team": ticket.team_id}
    if verb == Verb.PRIORITY:
        return {"priority": ticket.priority}
    if verb == Verb.STATUS:
        return {"status": ticket.status_id, **properties.times_of(ticket)}
    if verb in {Verb.SPAM, Verb.RESTORE}:
        name = "waiting_since" if verb == Verb.SPAM else "trashed_at"
        return {name: properties.times_of(ticket)[name]}
    return {}


def _assign(ticket: Ticket, value: Any, by: User, cause: Event) -> Ticket:
    person = User.objects.get(pk=value) if value else None
    return properties.change(ticket, by=by, cause=cause, assignee=person)


def _hand_over(ticket: Ticket, value: Any, by: User, cause: Event) -> Ticket:
    return properties.change(ticket, by=by, cause=cause, assignee=None, team=Team.objects.get(pk=value))


def _take_back(ticket: Ticket, before: dict[str, Any], bulk: BulkChange, cause: Event) -> None:
    person = User.objects.filter(pk=before["assignee"]).first()
    team = Team.objects.filter(pk=before["team"]).first()
    properties.change(ticket, by=bulk.user, cause=cause, assignee=person, team=team)


def _set_status(ticket: Ticket, value: Any, by: User, cause: Event) -> Ticket:
    return properties.change(ticket, by=by, cause=cause, status=Status.objects.get(pk=value))


_CHANGES: dict[BulkChange.Verb, Callable[[Ticket, Any, User, Event], Ticket]] = {
    Verb.ASSIGN: _assign,
    Verb.STATUS: _set_status,
    Verb.PRIORITY: lambda ticket, value, by, cause: properties.change(
        ticket, by=by, cause=cause, priority=value
    ),
    Verb.TAG: lambda ticket, value, by, cause: properties.tag(ticket, value, by=by, cause=cause),
    Verb.SPAM: lambda ticket, value, by, cause: removal.mark_spam(ticket, by=by, cause=cause),
    Verb.NO_SPAM: lambda ticket, value, by, cause: removal.unmark_spam(ticket, by=by, cause=cause),
    Verb.TRASH: lambda ticket, value, by, cause: removal.trash(ticket, by=by, cause=cause),
    Verb.RESTORE: lambda ticket, value, by, cause: removal.restore(ticket, by=by, cause=cause),
    Verb.HAND_OVER: _hand_over,
}


# --- and back -----------------------------------------------------------------------------------


def _undo(item: BulkItem, ticket: Ticket, bulk: BulkChange, cause: Event) -> None:
    if _mark(ticket) != (item.version, item.flags):
        item.state, item.reason = State.KEPT, Reason.CHANGED_SINCE
        return
    _UNDOINGS[Verb(bulk.verb)](ticket, item.before, bulk, cause)
    item.state = State.UNDONE


def _unmark_spam(ticket: Ticket, before: dict[str, Any], bulk: BulkChange, cause: Event) -> None:
    ticket = removal.unmark_spam(ticket, by=bulk.user, cause=cause)
    properties.put_back_times(ticket, before)


def _trash(ticket: Ticket, before: dict[str, Any], bulk: BulkChange, cause: Event) -> None:
    ticket = removal.trash(ticket, by=bulk.user, cause=cause)
    properties.put_back_times(ticket, before)


_UNDOINGS: dict[BulkChange.Verb, Callable[[Ticket, dict[str, Any], BulkChange, Event], Any]] = {
    Verb.ASSIGN: lambda ticket, before, bulk, cause: _assign(ticket, before["assignee"], bulk.user, cause),
    Verb.STATUS: lambda ticket, before, bulk, cause: properties.put_back_status(
        ticket, Status.objects.get(pk=before["status"]), before, by=bulk.user, cause=cause
    ),
    Verb.PRIORITY: lambda ticket, before, bulk, cause: properties.change(
        ticket, by=bulk.user, cause=cause, priority=before["priority"]
    ),
    Verb.TAG: lambda ticket, before, bulk, cause: properties.untag(
        ticket, str(bulk.value), by=bulk.user, cause=cause
    ),
    Verb.SPAM: _unmark_spam,
    Verb.NO_SPAM: lambda ticket, before, bulk, cause: removal.mark_spam(ticket, by=bulk.user, cause=cause),
    Verb.TRASH: lambda ticket, before, bulk, cause: removal.restore(ticket, by=bulk.user, cause=cause),
    Verb.RESTORE: _trash,
    Verb.HAND_OVER: _take_back,
}
