"""Documents change in the transaction that changes what they stand for."""

from __future__ import annotations

from deskbell.events import subscribe
from deskbell.events.models import Event
from deskbell.people import events as people_events
from deskbell.search import actions
from deskbell.tickets import events


@subscribe.now(events.Opened, order=50)
def index_opened(event: Event) -> None:
    actions.put_many([event.about_id])


@subscribe.now(events.SubjectChanged, order=50)
def index_ticket(event: Event) -> None:
    actions.put_ticket(event.about_id)


@subscribe.now(
    events.MessageAdded,
    events.Forwarded,
    events.SupplierAnswered,
    events.FileArrived,
    events.NoteEdited,
    events.Redacted,
    order=50,
)
def index_message(event: Event) -> None:
    if not event.data.get("first"):  # that one is indexed with its ticket
        actions.put_message(event.data["message_id"])


@subscribe.now(events.MessagesCame, order=50)
def carry_messages(event: Event) -> None:
    actions.carry_messages(event.data["messages"], event.about_id)


@subscribe.now(events.Deleted, order=50)
def forget_ticket(event: Event) -> None:
    actions.forget_ticket(event.about_id)


@subscribe.later(
    people_events.PersonChanged,
    people_events.IdentityAdded,
    people_events.TookOver,
    people_events.Unmerged,
    people_events.GaveBack,
)
def index_person(event: Event) -> None:
    actions.put_tickets_of(event.about_id)


@subscribe.now(people_events.Anonymised, order=50)
def index_nobody(event: Event) -> None:
    actions.put_tickets_of(event.about_id)
